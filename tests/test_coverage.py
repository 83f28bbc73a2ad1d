"""The README's table of options: each engine runs what it says, and refuses the rest."""

import re
from pathlib import Path

import numpy as np
import pytest

from samples import document
from teacherstudent import load_start, write_run
from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import SpecError
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.axes import with_values
from teacherstudent.spec.parse import parse_spec

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
NONE = [{}]
DATASET = {"distribution": "dataset", "dataset": {"file": "images.npz", "test_samples": 3}}
PAIRS = {
    "distribution": "dataset",
    "samples": 4,
    "dataset": {"file": "images.npz", "test_samples": 2, "targets": "labels"}
    | {"labels": "pairs", "pairs": [[0, 1], [1, 0]], "mixing": 0.5},
}
OVERLAPS = {
    "student": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    "student_teacher": [[[0.1, 0.0], [0.0, 0.1], [0.0, 0.0]]] * 2,
    "teacher": [[[[1.0, 0.0], [0.0, 1.0]]] * 2] * 2,
    "student_readouts": [[1.0, 1.0, 1.0]] * 2,
    "teacher_readouts": [[1.0, 1.0]] * 2,
}


def each(key, *values):
    return [{key: value} for value in values]


def correlated(**covariance):
    return {"inputs": {"distribution": "correlated", "dimension": 20, "covariance": covariance}}


def manifold(dimension=20, **keys):
    block = {"latent_dimension": 6} | keys
    return {"inputs": {"distribution": "hidden_manifold", "dimension": dimension, "manifold": block}}


def generator(**keys):
    return {"inputs": {"distribution": "generator", "dimension": 20, "generator": keys}}


def classes(loss, **others):
    sizes = {"teachers.hidden": 1, "student.hidden": 2}
    return {"teachers.labels": "sign", "training.loss": loss} | sizes | others


# Few enough units for sums over their fields.
FEW = {"student.hidden": 2, "teachers.hidden": 2}
CLUSTERS = {"inputs.distribution": "mixture"}


def rewarded(reward, **schedule):
    episode = {"length": 3, "reward": reward} | ({"schedule": schedule} if schedule else {})
    return {
        "teachers": {"count": 2, "hidden": 1},
        "student": {"hidden": 1, "activation": "linear", "initial": {"weights_std": 1.0}},
        "training": {"learning_rate": 1.0, "rule": "reward", "train": ["features"], "episode": episode},
    }


# The beginning of a row -> settings by dotted key, each of which stands for it.
ROWS = {
    "erf or linear students": each("student.activation", "erf", "linear"),
    "ReLU students": each("student.activation", "relu"),
    "tanh, sigmoid or quadratic": [
        FEW | settings
        for settings in (
            *each("student.activation", "tanh", "sigmoid", "quadratic"),
            *each("teachers.activation", "tanh", "sigmoid", "quadratic"),
            {"student.activation": "custom", "student.activation_file": "identity.py"},
        )
    ],
    "such units": [
        {"student.activation": "tanh"},
        FEW | {"student.activation": "relu", "teachers.activation": "tanh"},
        FEW | {"student.activation": "tanh", "curriculum.replay": {"fraction": 0.1}},
        FEW | {"student.activation": "tanh", "teachers.drift": 0.1},
    ],
    "erf, ReLU or linear teachers": each("teachers.activation", "erf", "relu", "linear"),
    "initial weights": [
        *each("student.initial.scheme", "gaussian", "large", "small", "mixed"),
        {"student.initial": {"scheme": "symmetric", "asymmetry": 0.1}},
    ],
    "students that begin": [
        *each("student.initial.scheme", "informed", "denoising"),
        {"student.initial.scheme": "one_direction", "student.activation": "linear"},
    ],
    "students from a file": each("student.initial", {"scheme": "file", "file": "student.npz"}),
    "given order": each("initial_overlaps", OVERLAPS),
    "a stored run": NONE,
    "teachers: independent": [
        *each("teachers.features.units", "independent", "orthogonal", "graded"),
        {"teachers.features.units": "whitened", "inputs.dimension": 2},
    ],
    "teachers' readouts": each(
        "teachers.readouts",
        {"norm": None},
        {"norm": 2.0},
        {"relation": "rotated", "similarity": 0.5},
        {"relation": "uniform", "value": 1.0},
        {"relation": "ones"},
    ),
    "several teachers": each(
        "teachers.features",
        {"relation": "rotated", "similarity": 0.5},
        {"relation": "interpolated", "similarity": 0.5},
        {"relation": "identical"},
        {"relation": "shared_nodes", "similarity": 0.5, "shared": 1},
    ),
    "teachers from a file": each("teachers", {"file": "teachers.npz"}),
    "normalised outputs": [
        {f"{who}.output_scale": scale} for who in ("student", "teachers") for scale in ("mean", "mean_field")
    ],
    "the first layer": each("training.train", ["features"], ["readouts"], ["features", "readouts"]),
    "weight decay": each("training.weight_decay", 0.1) + each("training.readout_weight_decay", 0.1),
    "noise on labels": each("teachers.output_noise", 0.1) + each("teachers.input_noise", 0.1),
    "mini-batches": each("training.batch_size", 3),
    "frozen units": [
        *each("training.frozen_units", [[0], [1, 2]]),
        *each("student.heads", "shared", "per_task"),
        *each("student.copy_head_at_switch", "first", "every"),
    ],
    "switches at times": each("curriculum", {"switch_times": [2.0]}, {"period": 1.0}, {"thresholds": [0.01]}),
    "replay of earlier tasks": [
        *each(
            "curriculum.replay",
            {"fraction": 0.3},
            {"fraction": 0.0, "of": "all"},
            {"interleave": {"new": 2, "old": 1}},
            {"interleave": {"new": 20, "old": 10}},
            {"fraction": 0.3, "fidelity": 0.5},
        ),
        {"curriculum": {"period": 0.7, "replay": {"fraction": 0.3, "of": "all"}}},
    ],
    "replay of stored": each("curriculum.replay", {"fraction": 0.3, "buffer": 5}),
    "mixtures of tasks": each(
        "curriculum",
        {"mixture": [{"probabilities": [0.5, 0.5]}]},
        {"mixture": [{"until": 1.0, "probabilities": [0.8, 0.2]}, {"probabilities": [0.1, 0.9]}]},
    ),
    "consolidation with importances of units": [
        *each(
            "training.consolidation",
            *({"kind": kind, "strength": 0.1} for kind in ("quadratic", "node", "ewc", "path_integral")),
            {"kind": "ewc", "strength": 0.0},
            {"kind": "ewc", "strength": 0.1, "anchors": "latest", "step": "proximal"},
        ),
        {
            "training.consolidation": {"kind": "node", "strength": 0.1, "anchors": "sum"},
            "curriculum": {"switch_times": [0.5, 1.0, 2.0]},
        },
    ],
    "consolidation with importances of weights": each(
        "training.consolidation",
        *(
            {"kind": kind, "strength": 0.1, "importances": "weights"}
            for kind in ("ewc", "path_integral", "path_integral_normalised")
        ),
    ),
    "L1 regularisation": each("training.l1", 0.1),
    "learning rates": each(
        "training.learning_rate",
        [0.5, 1.0],
        [{"until": 1.0, "value": 1.0}, {"value": [0.1, 0.2]}],
    ),
    "deficits in windows": each(
        "training.deficits",
        *(
            [{"start": 0.5, "until": 1.5} | change]
            for change in ({"input_noise": 1}, {"output_noise": 1}, {"frozen_units": [0]}, {"teacher": 1})
        ),
    ),
    "teachers that drift": [
        *each("teachers.drift", 0.0, 0.1, [0.0, 0.2]),
        *each(
            "teachers.rotation",
            {"teacher": 0, "towards": 1, "rate": 0.1},
            {"teacher": 1, "towards": 0, "rate": 0.1, "start": 0.5, "until": 1.0},
        ),
        {
            "teachers.features": {"relation": "rotated", "similarity": 0.5},
            "teachers.rotation": {"teacher": 0, "towards": 1, "rate": 1.0, "until": "reached"},
        },
    ],
    "given or unequal": each(
        "student.initial", {"readouts": [[1.0, 0.1, 0.1], None]}, {"readouts_imbalance": 10.0}
    ),
    "several hidden layers of equal": [
        {"student.layers": 2, "student.activation": "linear"},
        {"student.layers": 2, "student.hidden": 1, "teachers.hidden": 1},
    ],
    "several hidden layers of ReLU": [
        {"student.layers": 2, "student.activation": "relu"},
        {"student.layers": 2, "teachers.drift": 0.1},
        {"student.layers": 3, "curriculum.replay": {"fraction": 0.2}},
    ],
    "overlaps with the weights": each("record.movement", True),
    "finite training sets": [
        {"inputs.samples": 30, "training.batch_size": 3, "training.sampling": sampling}
        for sampling in ("with_replacement", "without_replacement", "epochs")
    ],
    "data sets": each("inputs", DATASET, PAIRS),
    "Gaussian inputs with a few": [correlated(spectrum="levels", values=[1.5, 0.5], fractions=[0.5, 0.5])],
    "Gaussian inputs with variances": [
        correlated(spectrum="power_law", exponent=0.5),
        correlated(spectrum="file", file="moments.npz"),
    ],
    "hidden manifold": [
        *(manifold(folding=folding) for folding in ("sign", "erf", "linear", "relu")),
        manifold(projection="orthogonal"),
        manifold(labels_from="inputs"),
        {"inputs": manifold()["inputs"] | {"manifold": {"projection": "file", "file": "projections.npz"}}},
    ],
    "Gaussian inputs of a hidden": [
        manifold(projection="orthogonal", folding="linear"),
        manifold(dimension=32, projection="orthogonal", equivalent=True),
    ],
    "several tasks with different manifolds": [
        manifold(tasks="interpolated", similarity=0.5),
        manifold(tasks="interpolated", similarity=0.5, projection="orthogonal"),
        manifold(tasks="subspaces", similarity=0.5),
    ],
    "the limit of infinitely": [manifold() | {"numerics.latents": "infinite"}],
    "inputs from random generators": [
        generator(layers=[6, 10, 20]),
        generator(file="moments.npz"),
    ],
    "inputs of Gaussian clusters": [
        CLUSTERS | {"inputs.clusters": {"means": means, "labels": [1, -1, 1, -1]}}
        for means in ("orthogonal", "xor")
    ]
    + [CLUSTERS | {"inputs.clusters": {"means": "opposite"}}],
    "rewards of decisions": [
        rewarded({"condition": "all", "penalty": 0.1}),
        rewarded({"condition": "at_least", "count": 2}, learning_rate="optimal"),
        rewarded({"condition": "first", "count": 2, "bonus": 0.2}),
        rewarded({"condition": "per_step", "bonus": 0.2}),
        rewarded({"condition": "all"}, learning_rate="optimal", length="optimal"),
    ],
    "labels that are signs": [
        classes("squared"),
        classes("logistic", **{"teachers.label_flips": [0.1, 0.2]}),
        classes("hinge", **{"training.margin": 0.0, "student.hidden": 1, "student.activation": "linear"}),
        classes("squared_hinge", **{"training.margin": 0.5}),
        classes("hebbian", **{"curriculum": {"thresholds": [0.4]}}),
    ],
    "such labels": [
        classes("logistic", **{"student.activation": "relu"}),
        classes("hinge", **{"training.margin": 0.5, "student.hidden": 5}),
    ],
    "on data sets": [
        {"inputs": DATASET, "student.biases": ["features", "readouts"]},
        {"inputs": DATASET, "student.initial": {"scheme": "uniform"}},
    ],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the files that the settings name."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "identity.py").write_text(
        "def activation(x):\n    return x\n\n\ndef derivative(x):\n    return 1.0\n"
    )
    np.savez("student.npz", weights=rng.normal(size=(3, 20)), readouts=rng.normal(size=(2, 3)))
    np.savez("teachers.npz", weights=rng.normal(size=(2, 2, 20)), readouts=rng.normal(size=(2, 2)))
    np.savez("projections.npz", projections=rng.normal(size=(20, 6)))
    moments = {"covariance": np.eye(20), "cross_covariance": np.eye(20)[:, :6], "mean": np.zeros(20)}
    np.savez("moments.npz", **moments)
    np.savez("images.npz", images=rng.normal(size=(30, 4, 5)), labels=np.arange(30) % 2)
    return tmp_path


def table():
    """Rows of the table as option -> {engine: yes or no}."""
    head, *rows = re.search(r"\n(\| option \|.*?)\n\n", README, flags=re.DOTALL)[1].split("\n")
    names = [cell.strip(" `") for cell in head.strip("|").split("|")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]
    return {row[0]: dict(zip(names[2:], row[2:], strict=True)) for row in cells}


def test_every_row_is_tried():
    for option in table():
        assert sum(option.startswith(name) for name in ROWS) == 1, option
    assert len(ROWS) == len(table())
    assert set(next(iter(table().values()))) == set(ENGINES)


def works(settings, engine, stored):
    """Whether an engine runs a spec with these settings."""
    changed = dict(document(duration=3.0))
    if "teachers" in settings:
        changed["teachers"] = {}
    spec = parse_spec(with_values(changed, settings))
    start = {"start": load_start("run.h5")[0]} if stored else {}
    try:
        return len(simulate(spec, engine, **start).time) > 1
    except SpecError as error:
        assert engine in str(error)
        return False


@pytest.mark.parametrize("option", table())
def test_engines_do_what_the_table_says(folder, option):
    (settings,) = [found for name, found in ROWS.items() if option.startswith(name)]
    if settings is NONE:
        spec = parse_spec(document(duration=1.0, record={"count": 2}, curriculum={}))
        write_run("run.h5", spec, "chain", 0, simulate(spec, "chain"))
    for engine, expected in table()[option].items():
        found = {works(one, engine, settings is NONE) for one in settings}
        assert found == {expected == "yes"}, engine
