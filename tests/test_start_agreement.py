"""A run that starts from another has its networks and its data: what the spec says of them must agree."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import yaml

from depth import crossed
from samples import assert_same
from teacherstudent.command.main import main
from teacherstudent.engines.start import MAY_CHANGE
from teacherstudent.errors import SpecError
from teacherstudent.simulation.runs import prepare, simulate, simulate_runs
from teacherstudent.spec.axes import with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.schema import package_schema
from teacherstudent.store.runs import read_run, write_runs
from teacherstudent.store.starts import load_start

ENGINES = ["network", "chain", "ode"]
PAIRS = [(source, engine) for source in ENGINES for engine in ENGINES]
END, RUNS, SEED = 1.0, 2, 3
DOCUMENT = {
    "inputs": {"dimension": 40},
    "teachers": {
        "count": 2,
        "hidden": 2,
        "features": {"relation": "rotated", "similarity": 0.5},
        "readouts": {"norm": 1.0},
    },
    "student": {"hidden": 3, "initial": {"weights_std": 0.1, "readouts_std": 0.3}},
    "training": {"learning_rate": 1.0},
    "curriculum": {"period": 0.6},
    "duration": END,
    "record": {"count": 3, "state": True},
}
LONGER = {"duration": 2.0, "record.count": 5}
SHARED = {"relation": "shared_nodes", "similarity": 0.5, "shared": 1}

# What is set in the spec of the second run: the key that is refused, and what the run to start from has.
REFUSED = [
    ({"inputs.samples": 20}, "inputs.samples: 20", "has null"),
    ({"teachers.count": 3}, "teachers.count: 3", "has 2"),
    ({"teachers.hidden": 1}, "teachers.hidden: 1", "has 2"),
    ({"teachers.activation": "linear"}, "teachers.activation: linear", "has erf"),
    ({"teachers.features.units": "orthogonal"}, "teachers.features.units: orthogonal", "has independent"),
    ({"teachers.features.relation": "interpolated"}, "relation: interpolated", "has rotated"),
    ({"teachers.features.similarity": 0.9}, "teachers.features.similarity: 0.9", "has 0.5"),
    ({"teachers.features": SHARED}, "teachers.features.relation: shared_nodes", "has rotated"),
    ({"teachers.features.norm": 2.0}, "teachers.features.norm: 2.0", "has 1.0"),
    ({"teachers.readouts.relation": "identical"}, "readouts.relation: identical", "has independent"),
    ({"teachers.readouts.norm": None}, "teachers.readouts.norm: null", "has 1.0"),
    (
        {"teachers.readouts": {"relation": "rotated", "norm": 1.0, "similarity": 0.3}},
        "teachers.readouts.relation: rotated",
        "has independent",
    ),
    (
        {"teachers.readouts": {"relation": "uniform", "value": 1.0}},
        "teachers.readouts.relation: uniform",
        "has independent",
    ),
    ({"teachers.output_scale": "mean"}, "teachers.output_scale: mean", "has none"),
    ({"student.hidden": 4}, "student.hidden: 4", "has 3"),
    ({"student.heads": "shared"}, "student.heads: shared", "has 2 of them"),
    ({"student.activation": "linear"}, "student.activation: linear", "has erf"),
    ({"student.output_scale": "mean_field"}, "student.output_scale: mean_field", "has none"),
    ({"student.initial": {"scheme": "large"}}, "student.initial.scheme: large", "has gaussian"),
    ({"student.initial.weights_std": 0.2}, "student.initial.weights_std: 0.2", "has 0.1"),
    ({"student.initial.readouts_std": 0.2}, "student.initial.readouts_std: 0.2", "has 0.3"),
    (
        {"student.initial": {"weights_std": 0.1, "readouts_value": 1.0}},
        "student.initial.readouts_value: 1.0",
        "has null",
    ),
    (
        {"student.initial": {"readouts": [[1.0, 2.0, 3.0], None], "readouts_std": 0.3, "weights_std": 0.1}},
        "student.initial.readouts: [[1.0, 2.0, 3.0], null]",
        "has null",
    ),
    ({"student.initial.readouts_imbalance": 9.0}, "student.initial.readouts_imbalance: 9.0", "has null"),
    (
        {"student.initial": {"scheme": "symmetric", "asymmetry": 0.1}},
        "student.initial.scheme: symmetric",
        "has gaussian",
    ),
]
ALLOWED = [
    {},
    {"teachers.output_noise": 0.2},
    {"teachers.input_noise": 0.3},
    {"student.copy_head_at_switch": True},
    {"training.learning_rate": 0.3},
    {"training.readout_learning_rate": 0.1},
    {"training.train": ["readouts"]},
    {"training.frozen_units": [[0], [1]]},
    {"training.weight_decay": 0.1},
    {"training.readout_weight_decay": 0.1},
    {"training.batch_size": 2},
    {"curriculum.order": [1, 0]},
    {"curriculum": {"switch_times": [1.4]}},
    {"curriculum": {"thresholds": [0.1]}, "curriculum.look_every": 0.1},
    {"curriculum": {"period": 0.7}},
    {"curriculum": {"period": 0.6, "replay": {"fraction": 0.1, "of": "all", "fidelity": 0.5}}},
    {"curriculum": {"period": 0.6, "replay": {"interleave": {"new": 2, "old": 1}}}},
    {"curriculum": {"mixture": [{"probabilities": [0.3, 0.7]}]}},
    {"training.consolidation": {"kind": "node", "strength": 0.1, "anchors": "latest", "step": "proximal"}},
    {"training.deficits": [{"start": 1.2, "output_noise": 1.0}]},
    {"duration": 3.0},
    {"record": {"spacing": "log", "count": 6, "first": 0.2}},
    {"record": {"times": [1.0, 1.5, 2.0]}},
    {"record.state": False},
    {"record.movement": True},
    {"numerics.relative_tolerance": 1e-8},
]
# Changes with which results are stored in less detail, so that they are not compared.
LESS_DETAIL = [{"record.quantities": "errors"}, {"numerics.precision": "float32"}]
# Teachers then move, so that they are compared in `test_resumed_interventions.py`.
MOVING = [
    {"teachers.drift": 0.1},
    {"teachers.rotation": {"teacher": 0, "towards": 1, "rate": 0.1, "start": 1.2, "until": 1.8}},
]
# Keys that are tried elsewhere, or that only runs of one engine have.
ELSEWHERE = {
    "inputs.distribution",
    "inputs.dimension",
    "teachers.file",
    "teachers.sha256",
    "student.initial.file",
    "student.initial.sha256",
    "training.sampling",
    "record.weights",
    "student.biases",
    "curriculum.replay.buffer",
    "training.consolidation.fisher_samples",
    "training.consolidation.importances",
    "training.consolidation.normaliser",
    "training.l1",
    # structured inputs, in `test_structured_modes.py` and others
    *(
        f"inputs.covariance.{key}"
        for key in ("spectrum", "values", "fractions", "exponent", "file", "sha256")
    ),
    *(f"inputs.manifold.{key}" for key in ("latent_dimension", "latent_fraction", "folding", "projection")),
    *(
        f"inputs.manifold.{key}"
        for key in ("tasks", "similarity", "labels_from", "equivalent", "file", "sha256")
    ),
    *(f"inputs.generator.{key}" for key in ("layers", "activation", "equivalent", "latent_dimension")),
    *(f"inputs.generator.{key}" for key in ("file", "sha256")),
    *(f"numerics.{key}" for key in ("latents", "nodes", "covariance")),
    # labels, rules, layers and clusters, in the tests of each of them
    *(
        f"inputs.clusters.{key}"
        for key in ("means", "norm", "std", "probabilities", "labels", "file", "sha256")
    ),
    *(f"teachers.{key}" for key in ("labels", "label_flips")),
    *(f"training.{key}" for key in ("loss", "margin", "rule", "inner_learning_rate")),
    *(f"training.episode.{key}" for key in ("length", "schedule.learning_rate", "schedule.length")),
    *(f"training.episode.reward.{key}" for key in ("condition", "count", "value", "penalty", "bonus")),
    *(f"student.initial.inner.{key}" for key in ("scheme", "std", "gain")),
    "student.layers",
    *(f"{block}.activation_{key}" for block in ("teachers", "student") for key in ("file", "sha256")),
    *(f"numerics.{key}" for key in ("cubature_tolerance", "most_nodes")),
}


def spec_of(changes=(), document=DOCUMENT):
    return parse_spec(with_values(document, LONGER | dict(changes)))


def stored(path, engine, document=DOCUMENT, runs=RUNS):
    """Store runs that end early; return what starts from them."""
    spec = parse_spec(document)
    trajectories = list(simulate_runs(spec, engine, SEED, runs))
    write_runs(path, [("/", spec, engine, SEED, trajectories)], run_axis=runs > 1)
    return load_start(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A stored run of each engine."""
    folder = tmp_path_factory.mktemp("runs")
    for engine in ENGINES:
        stored(folder / f"{engine}.h5", engine)
    return folder


@pytest.fixture(scope="module")
def starts(files):
    """What each stored run gives to others, at its end and before."""
    return [load_start(files / f"{source}.h5", at)[0] for source in ENGINES for at in (None, 0.5)]


@pytest.mark.parametrize(("changes", "words", "has"), REFUSED)
def test_what_the_start_has_cannot_be_changed(starts, changes, words, has):
    spec = spec_of(changes)
    for start in starts:
        for engine in ENGINES:
            with pytest.raises(SpecError) as error:
                simulate(spec, engine, SEED, start=start)
            assert f"{words} differs from the run to start from, which {has}" in str(error.value)


@pytest.mark.parametrize("changes", ALLOWED + LESS_DETAIL + MOVING)
def test_what_is_still_to_come_can_be_changed(starts, changes):
    for start in starts:
        for engine in ENGINES:
            prepare(spec_of(changes), engine, start)


@pytest.mark.parametrize(("source", "engine", "at"), crossed(ENGINES, ENGINES, [None, 0.5]))
def test_an_accepted_start_has_the_teachers_of_its_file_and_the_stored_spec_repeats_it(
    files, tmp_path, source, engine, at
):
    """Some changes at a time, drawn at random; those that a spec cannot have together are left out."""
    path, rng, tried = files / f"{source}.h5", np.random.default_rng(4), 0
    before = read_run(path).trajectories
    for _ in range(6):
        chosen = [ALLOWED[number] for number in rng.choice(len(ALLOWED), 3, replace=False)]
        try:
            spec = spec_of({key: value for changes in chosen for key, value in changes.items()})
        except SpecError:
            continue
        starts, tried = load_start(path, at), tried + 1
        found = list(simulate_runs(spec, engine, SEED, RUNS, starts=starts))
        for one, other in zip(before, found, strict=True):
            for name in ("teacher_overlaps", "teacher_readouts"):
                expected = getattr(one, name)
                np.testing.assert_allclose(getattr(other, name), expected, rtol=0, atol=1e-13)
        write_runs(tmp_path / "again.h5", [("/", spec, engine, SEED, found)], run_axis=True)
        again = read_run(tmp_path / "again.h5")
        repeated = simulate_runs(again.spec, again.engine, again.seed, RUNS, starts=load_start(path, at))
        for one, other in zip(found, repeated, strict=True):
            assert_same(one, other)
    assert tried > 2


@pytest.mark.parametrize(("source", "engine"), PAIRS)
def test_other_inputs_are_allowed_for_order_parameters_and_equations(files, source, engine):
    larger = spec_of({"inputs.dimension": 50})
    prepare(larger, engine, load_start(files / f"{source}.h5", at=END)[0])
    (start, _) = load_start(files / f"{source}.h5")
    if source == engine != "ode":
        with pytest.raises(SpecError, match=r"inputs.dimension: 50 .* has 40; .* --at TIME"):
            prepare(larger, engine, start)
    else:
        prepare(larger, engine, start)


def test_one_head_is_one_head(tmp_path):
    one = with_values(DOCUMENT, {"teachers.count": 1, "teachers.features": {}, "curriculum": {}})
    (start,) = stored(tmp_path / "a.h5", "ode", one, runs=1)
    prepare(spec_of({"student.heads": "shared"}, one), "ode", start)


def test_every_key_of_a_spec_is_tried():
    """A new key is refused or allowed on purpose."""

    def leaves(schema, before=""):
        for key, entry in schema["properties"].items():
            if key not in ("dataset", "initial_overlaps"):
                yield from leaves(entry, f"{before}{key}.") if "properties" in entry else [f"{before}{key}"]

    def keys(document, before=""):
        for key, value in document.items():
            yield from keys(value, f"{before}{key}.") if isinstance(value, dict) else [f"{before}{key}"]

    tried = {key for changes, _, _ in REFUSED for key in keys(changes)} | ELSEWHERE
    tried |= {key for changes in ALLOWED + LESS_DETAIL + MOVING for key in keys(changes)}
    assert set(leaves(package_schema("spec"))) == tried
    assert {key.split(".")[0] for key in MAY_CHANGE} <= set(package_schema("spec")["properties"])


@pytest.mark.parametrize(("source", "engine"), PAIRS)
def test_given_overlaps_stay_given(tmp_path, source, engine):
    overlaps = {
        "student": [[0.1, 0.0], [0.0, 0.2]],
        "student_teacher": [[[0.1], [0.0]]],
        "teacher": [[[[1.0]]]],
        "student_readouts": [[0.1, 0.2]],
        "teacher_readouts": [[1.0]],
    }
    base = {"inputs": {"dimension": 40}, "training": {"learning_rate": 1.0}, "duration": END}
    given = base | {"record": {"count": 3, "state": True}, "initial_overlaps": overlaps}
    sampled = given | {"teachers": {"count": 1, "hidden": 1}, "student": {"hidden": 2}}
    del sampled["initial_overlaps"]
    changed = deepcopy(given)
    changed["initial_overlaps"]["teacher"] = [[[[2.0]]]]
    for first, second, words in (
        (given, changed, ["initial_overlaps.teacher: [[[[2.0]]]]", "has [[[[1.0]]]]"]),
        (given, sampled, ["initial_overlaps.student: null", "has [[0.1, 0.0], [0.0, 0.2]]"]),
        (sampled, given, ["initial_overlaps.student: [[0.1, 0.0], [0.0, 0.2]]", "has null"]),
    ):
        (start,) = stored(tmp_path / "a.h5", source, first, runs=1)
        with pytest.raises(SpecError) as error:
            prepare(spec_of({}, second), engine, start)
        assert all(word in str(error.value) for word in words)
        own_spec, _ = prepare(spec_of({}, first), engine, start)
        assert own_spec.teachers == start.spec.teachers


# Networks and data from files


def networks(path, seed=0):
    rng = np.random.default_rng(seed)
    np.savez(path, weights=rng.normal(size=(2, 2, 40)), readouts=rng.normal(size=(2, 2)))


def student(path, seed=0):
    rng = np.random.default_rng(seed)
    np.savez(path, weights=rng.normal(size=(3, 40)), readouts=rng.normal(size=(2, 3)))


@pytest.mark.parametrize(
    ("key", "write", "removed"),
    [("teachers.file", networks, ("features", "readouts")), ("student.initial.file", student, ())],
)
def test_of_networks_in_files_the_content_counts(tmp_path, monkeypatch, key, write, removed):
    monkeypatch.chdir(tmp_path)
    write("a.npz")
    write("moved.npz")
    write("other.npz", seed=1)
    document = deepcopy(DOCUMENT)
    for block in removed:
        del document["teachers"][block]
    if key == "student.initial.file":
        document["student"]["initial"] = {"scheme": "file"}
    named = with_values(document, {key: "a.npz"})
    for source in ENGINES:
        (start,) = stored(tmp_path / "a.h5", source, named, runs=1)
        for engine in ENGINES:
            prepare(spec_of({key: "moved.npz"}, document), engine, start)
            with pytest.raises(SpecError) as error:
                prepare(spec_of({key: "other.npz"}, document), engine, start)
            assert f"{key}: other.npz differs from the run to start from, which has a.npz" in str(error.value)
            with pytest.raises(SpecError, match=f"{key}: null differs .* has a.npz"):
                prepare(spec_of(), engine, start)


def test_a_training_set_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    arrays = {"images": rng.normal(size=(30, 40)), "targets": rng.integers(0, 4, 30)}
    np.savez("data.npz", **arrays)
    np.savez("moved.npz", **arrays)
    np.savez("other.npz", images=2.0 * arrays["images"] + 1.0, targets=arrays["targets"])
    block = {"file": "data.npz", "test_samples": 5, "labels": "one_versus_rest", "classes": [0, 1]}
    document = DOCUMENT | {"inputs": {"distribution": "dataset", "dataset": block}}
    (start,) = stored(tmp_path / "a.h5", "network", document, runs=1)
    inside = "inputs.dataset"
    for changes in ({}, {f"{inside}.file": "moved.npz"}, {"training.sampling": "without_replacement"}):
        prepare(spec_of(changes, document), "network", start)
    for changes, words in (
        ({f"{inside}.file": "other.npz"}, [f"{inside}.file: other.npz", "has data.npz with the SHA-256"]),
        ({f"{inside}.test_samples": 6}, ["inputs.samples: 24", "has 25"]),
        ({"inputs.samples": 10}, ["inputs.samples: 10", "has 25"]),
        ({f"{inside}.classes": [0, 2]}, [f"{inside}.classes: [0, 2]", "has [0, 1]"]),
        ({f"{inside}.shuffle_labels": True}, [f"{inside}.shuffle_labels: true", "has false"]),
        ({"inputs": {"dimension": 40}}, [f"{inside}.file: null", "has data.npz"]),
    ):
        with pytest.raises(SpecError) as error:
            prepare(spec_of(changes, document), "network", start)
        assert all(word in str(error.value) for word in words), error.value


# The command


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a spec and a stored run of it."""
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(yaml.safe_dump(DOCUMENT), encoding="utf-8")
    command = ["run", "spec.yaml", "--engine", "network", "--seed", "5", "--output", "first.h5"]
    assert main(command) == 0
    return tmp_path


def go_on(*arguments, spec="spec.yaml", engine="network", output="out.h5"):
    command = ["run", spec, "--engine", engine, "--from", "first.h5", "--output", output]
    return main([*command, *arguments])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("given", ["set", "file"])
def test_another_spec_is_one_line_and_leaves_nothing(folder, capsys, engine, given):
    arguments = ["--set", "duration=2.0"]
    if given == "set":
        arguments += ["--set", "teachers.features.similarity=0.9"]
    else:
        other = with_values(DOCUMENT, {"teachers.features.similarity": 0.9})
        Path("spec.yaml").write_text(yaml.safe_dump(other), encoding="utf-8")
    assert go_on(*arguments, engine=engine) == 2
    line = "teachers.features.similarity: 0.9 differs from the run to start from, which has 0.5"
    assert capsys.readouterr().err == f"error: {line}\n"
    assert not Path("out.h5").exists()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_spec_in_the_result_repeats_it(folder, engine):
    longer = ["--set", "duration=2.0", "--set", "training.learning_rate=0.7"]
    assert go_on(*longer, engine=engine) == 0
    run = read_run("out.h5")
    Path("stored.yaml").write_text(yaml.safe_dump(run.spec.to_dict()), encoding="utf-8")
    assert go_on(spec="stored.yaml", engine=engine, output="again.h5") == 0
    assert Path("again.h5").read_bytes() == Path("out.h5").read_bytes()
    first = read_run("first.h5")
    expected = first.arrays["teacher_overlaps"]
    np.testing.assert_allclose(run.arrays["teacher_overlaps"], expected, rtol=0, atol=1e-13)
