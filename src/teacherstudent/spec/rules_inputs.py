"""The block `inputs` of a spec: what files say is filled in, and what contradicts other blocks is refused."""

from teacherstudent.errors import SpecError, refuse
from teacherstudent.files.arrays import images_of, read_content
from teacherstudent.spec.model import Spec


def completed_inputs(inputs: dict, teachers: int) -> dict:
    """Return the block with digests, dimension and samples of a data set filled in from its files.

    Where all are there, no file is touched: a stored run can be read without its data set.
    """
    block = inputs.get("dataset")
    if inputs["distribution"] != "dataset":
        if block is not None:
            refuse("inputs.dataset", "a data set", f"distribution {inputs['distribution']} takes none")
        if "dimension" not in inputs:
            raise SpecError("inputs: missing key dimension in the inputs")
        return inputs
    if block is None:
        raise SpecError("inputs.dataset: missing; distribution dataset needs it")
    return inputs | _from_file(inputs) | {"dataset": _with_classes(_with_labels_digest(block), teachers)}


def _from_file(inputs: dict) -> dict:
    block = inputs["dataset"]
    if "sha256" in block and "dimension" in inputs and inputs["samples"] is not None:
        return {}
    content, block["sha256"] = read_content("file", block["file"], block.get("sha256"))
    count, pixels = images_of(content, block["file"], block["images"]).shape
    if count <= block["test_samples"]:
        total = f"{block['file']} has {count} samples, and at least one must be for training"
        refuse("inputs.dataset.test_samples", block["test_samples"], total)
    known = {"samples": count - block["test_samples"], "dimension": pixels}
    return known | {key: value for key, value in inputs.items() if key in known and value is not None}


def _with_labels_digest(block: dict) -> dict:
    if "labels_file" in block and "labels_sha256" not in block:
        block["labels_sha256"] = read_content("labels_file", block["labels_file"], None)[1]
    return block


def _with_classes(block: dict, teachers: int) -> dict:
    if not isinstance(block.get("classes", []), list):
        block["classes"] = [block["classes"]] * teachers
    return block


def check_inputs(spec: Spec) -> None:
    """Raise SpecError where the inputs contradict each other or other blocks."""
    sampling, batch, samples = spec.training.sampling, spec.training.batch_size, spec.inputs.samples
    if samples is None:
        if sampling != "with_replacement":
            raise SpecError(f"training.sampling: {sampling} needs a finite training set (set inputs.samples)")
        return
    if sampling != "with_replacement" and batch > samples:
        most = f"with sampling {sampling} a step takes at most all {samples} samples"
        refuse("training.batch_size", batch, most)
    if any(spec.teachers.input_noise):
        noise = list(spec.teachers.input_noise)
        refuse("teachers.input_noise", noise, "a finite training set has none")
    if spec.inputs.dataset is not None:
        _check_labels(spec)


def _check_labels(spec: Spec) -> None:
    block, count = spec.inputs.dataset, spec.teachers.count
    if block.labels in ("parity", "given") and count > 1:
        refuse("teachers.count", count, f"labels {block.labels} are one task")
    if block.labels == "teacher" and block.labels_file is not None:
        refuse("inputs.dataset.labels_file", block.labels_file, "labels teacher takes none")
    if block.labels_sha256 is not None and block.labels_file is None:
        refuse("inputs.dataset.labels_sha256", block.labels_sha256, "there is no labels_file")
    if block.labels != "one_versus_rest":
        if block.classes is not None:
            refuse("inputs.dataset.classes", list(block.classes), "only labels one_versus_rest take them")
    elif block.classes is None:
        raise SpecError("inputs.dataset.classes: missing; labels one_versus_rest need a class")
    elif len(block.classes) != count:
        refuse("inputs.dataset.classes", f"a list of {len(block.classes)}", f"there are {count} teachers")


def refuse_finite_sets(spec: Spec, engine: str) -> None:
    """Raise SpecError where a spec does not have fresh Gaussian inputs, which the engine's equations need."""
    if spec.inputs.dataset is not None:
        reason = f"engine {engine} needs Gaussian inputs; only engine network has data sets"
        refuse("inputs.distribution", "dataset", reason)
    if spec.inputs.samples is not None:
        reason = (
            f"engine {engine} needs fresh samples in every step; only engine network has finite training sets"
        )
        refuse("inputs.samples", spec.inputs.samples, reason)
