"""The reference page of the datasets in a file of runs, made from the table of recorded quantities."""

from collections.abc import Iterator

from markup import plain

from teacherstudent.engines.observables import DIMENSIONS, OBSERVABLES

PAGE = "reference/datasets.md"
# When a quantity is recorded that not all runs have.
OVERLAPS = "`record.quantities: all`"
WHEN = {
    "student_overlaps": OVERLAPS,
    "task_student_overlaps": "`record.quantities: all`, tasks with different inputs",
    "student_weight_overlaps": "`record.quantities: all`, structured inputs",
    "student_teacher_overlaps": OVERLAPS,
    "student_readouts": "`record.quantities: all` or `readouts`",
    "student_biases": "`student.biases` with features",
    "readout_biases": "`student.biases` with readouts",
    "teacher_overlaps": OVERLAPS,
    "student_inner": "`student.layers`",
    "student_cluster_overlaps": "`inputs.distribution: mixture`",
    "cluster_overlaps": "`inputs.distribution: mixture`",
    "reward_rate": "`training.rule: reward`",
    "teacher_readouts": "all inputs but `mixture`",
    "task_probabilities": "`curriculum.replay` or `curriculum.mixture`",
    "teacher_overlaps_in_time": "`teachers.drift` or `teachers.rotation`",
    "anchor_overlaps": "`training.consolidation` or `record.movement`",
    "anchor_norms": "`training.consolidation` or `record.movement`",
    "importances": "`training.consolidation`",
    "student_weights": "`record.weights`",
    "training_error": "`inputs.samples`",
    "test_error": "structured inputs (`inputs.distribution`), engine `network`",
    "activation_variances": "`inputs.dataset.labels: pairs`",
    "classification_error": "`inputs.distribution: dataset` or `mixture`, or `teachers.labels: sign`",
}


def files() -> dict[str, str]:
    """Return the page by its path."""
    return {PAGE: "\n".join(_page())}


def _page() -> Iterator[str]:
    yield from ("# The datasets of a run", "")
    yield "A file of `teacherstudent run` is HDF5; `xarray.open_dataset` opens it with named dimensions."
    yield "Files with several runs have a leading dimension `run` of all datasets except `time`. After the"
    yield "divergence of a run, and for switches that did not take place, values are NaN (−1 for integers)."
    yield from ("", "| dataset | dimensions | symbol | meaning | recorded with |", "|---|---|---|---|---|")
    for name, entry in OBSERVABLES.items():
        dimensions = ", ".join(f"`{dimension}`" for dimension in entry.dimensions)
        cells = (
            f"`{name}`",
            dimensions,
            plain(entry.symbol),
            plain(entry.description),
            WHEN.get(name, "always"),
        )
        yield f"| {' | '.join(cells)} |"
    yield from ("", "| dimension | index | meaning |", "|---|---|---|")
    for name, entry in DIMENSIONS.items():
        yield f"| `{name}` | {plain(entry.symbol)} | {plain(entry.description)} |"
