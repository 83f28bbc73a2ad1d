"""Engine `ode` for tasks whose projections differ: blocks, modes of the active task, and all moments."""

from pathlib import Path

import numpy as np
import pytest

from naive import moments_of_tasks as naive
from structured_cases import structured
from teacherstudent.engines.ode import engine
from teacherstudent.engines.ode.blocks import Aligned
from teacherstudent.engines.ode.frames import Joint, Position
from teacherstudent.engines.ode.structured import Structured
from teacherstudent.engines.start import BEGINNING
from teacherstudent.inputs.structured.projections import projections_of
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.kernels.ode.moments import JointLaws
from teacherstudent.spec.parse import parse_spec

FOLDER = Path(__file__).parent / "data" / "structured"
QUANTITIES = (
    "generalisation_error",
    "task_student_overlaps",
    "student_teacher_overlaps",
    "student_readouts",
    "student_weight_overlaps",
)


def run(document, seed=3):
    """Return the trajectory of a document."""
    (found,) = engine.simulate([parse_spec(document)], seed, [0], lambda _: None, [BEGINNING])
    return found


def assert_same(one, other, tolerance, names=QUANTITIES):
    """All quantities of two trajectories agree, and change in time."""
    for name in names:
        a, b = getattr(one, name), getattr(other, name)
        assert np.ptp(a, axis=0).max() > 0.01, name
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance, err_msg=name)


def forced(monkeypatch, formulation):
    """Use a formulation for all runs, whatever the spec is."""
    monkeypatch.setattr(engine, "formulation_of", lambda _: formulation)


# References: trajectories of an independent implementation, to 1e-6


def reference(case, **changes):
    """Return the arrays of a case, and a document of its run."""
    with np.load(FOLDER / f"{case}.npz") as data:
        arrays = dict(data)
    document = structured("orthogonal_tasks", **changes)
    document["teachers"] |= {"features": {"relation": "independent"}}
    document |= {"record": {"times": arrays["t"].tolist()}, "numerics": {"relative_tolerance": 1e-9}}
    return arrays, document


def assert_agrees(found, arrays, tolerance=1e-6):
    for name, expected in zip(QUANTITIES, ("eps", "Q", "R", "readouts", "W"), strict=True):
        np.testing.assert_allclose(getattr(found, name), arrays[expected], rtol=0, atol=tolerance)


def test_reference_of_aligned_orthogonal_projections(monkeypatch):
    """Two switches, there and back, with decay and with noise on labels and inputs."""
    arrays, document = reference(
        "tasks_orthogonal0.6_sign_N1000_D100",
        inputs={"dimension": 1000},
        teachers={"output_noise": [0.1, 0.2], "input_noise": [0.0, 0.2]},
        training={"learning_rate": 0.2, "weight_decay": 0.003},
        curriculum={"switch_times": [40.0, 80.0]},
        duration=120.0,
    )
    document["inputs"]["manifold"] |= {"latent_dimension": 100}
    y = np.concatenate([arrays[name].ravel() for name in ("q", "r", "rest", "h")])

    class Given(Aligned):
        @classmethod
        def at_start(cls, origin, switches):
            return cls(origin.spec, y.copy(), arrays["T"], arrays["v"])

        def constants(self, stage, phase):  # weight decay of the first layer alone
            return super().constants(stage._replace(readout_decay=0.0), phase)

    forced(monkeypatch, Given)
    assert_agrees(run(document), arrays)


def test_reference_of_gaussian_projections(monkeypatch):
    """The joint space of two projections, in coordinates that make one of them diagonal."""
    arrays, document = reference(
        "tasks_interpolated0.6_sign_N600_D60",
        inputs={"dimension": 600},
        curriculum={"switch_times": [40.0]},
        duration=80.0,
    )
    document["inputs"]["manifold"] |= {"latent_dimension": 60, "projection": "gaussian"}
    first = np.concatenate([np.diag(arrays["lengths"]), np.zeros((60, 60))])
    second = np.concatenate([arrays["across"], np.diag(arrays["remaining"])])
    inside = first, second
    g = np.concatenate([np.sqrt(10.0) * B @ L.T for B, L in zip(arrays["B"], inside, strict=True)])
    covariance = np.stack(
        [L @ L.T + rest * np.eye(120) for L, rest in zip(inside, arrays["rest"], strict=True)]
    )
    T = np.zeros((4, 4))
    T[:2, :2], T[2:, 2:] = arrays["T"]
    laws = JointLaws(covariance, arrays["rest"], g, T, 600)
    position = Position(arrays["w"], np.zeros((3, 0, 0)), arrays["outside"])

    class Given(Joint):
        @classmethod
        def at_start(cls, origin, switches):
            return cls.of_weights(origin.spec, laws, position, arrays["h"], arrays["v"])

    forced(monkeypatch, Given)
    assert_agrees(run(document), arrays)


# Formulations with each other

SIMILARITIES = [[1.0, 0.6, 0.2], [0.6, 1.0, 0.5], [0.2, 0.5, 1.0]]
TERMS = {
    "training": {
        "learning_rate": 0.3,
        "readout_learning_rate": 0.2,
        "weight_decay": 0.02,
        "batch_size": 2,
        "frozen_units": [[], [0], []],
    },
    "noises": {"output_noise": [0.1, 0.2, 0.0], "input_noise": [0.0, 0.3, 0.1]},
}


def three_tasks(kind, folding="sign", **changes):
    """A document with three related tasks, several switches, and all terms of the equations."""
    document = structured(
        kind,
        inputs={"dimension": 90},
        teachers={"count": 3} | TERMS["noises"],
        training=TERMS["training"],
        curriculum={"switch_times": [3.0, 5.0, 8.0, 10.0], "order": [0, 1, 2]},
        duration=12.0,
        record={"count": 13},
        numerics={"relative_tolerance": 1e-10},
    )
    document = {
        name: block | changes.pop(name, {}) if isinstance(block, dict) else block
        for name, block in document.items()
    }
    document |= changes
    document["inputs"]["manifold"] |= {"folding": folding, "latent_dimension": 12}
    if kind != "subspaces":
        document["inputs"]["manifold"] |= {"similarity": SIMILARITIES}
    else:
        document["inputs"]["manifold"] |= {"similarity": [0.6, 0.3]}
    return document


def from_file(document, folder, seed=3):
    """The same document with its projections in a file, which are of any kind for the library."""
    spec = parse_spec(document)
    np.savez(folder / "projections.npz", projections=projections_of(spec, seed, 0))
    block = {"projection": "file", "file": str(folder / "projections.npz"), "tasks": "interpolated"}
    manifold = {key: value for key, value in document["inputs"]["manifold"].items() if key != "similarity"}
    return document | {"inputs": document["inputs"] | {"manifold": manifold | block}}


CURRICULA = {
    "switches": {},
    "replay": {"curriculum": {"switch_times": [3.0, 7.0], "replay": {"fraction": 0.25, "of": "all"}}},
    "threshold": {"curriculum": {"order": [0, 1, 2], "thresholds": [0.22, 0.2]}},
}


@pytest.mark.parametrize("name", CURRICULA)
def test_blocks_agree_with_modes_at_equal_matrices(name, tmp_path):
    """A linear folding has the same loadings in both: rows of other lengths change nothing."""
    document = three_tasks("orthogonal_tasks", "linear", **CURRICULA[name])
    one, other = run(document), run(from_file(document, tmp_path))
    assert len(one.switch_times) == (4 if name == "switches" else 2)
    np.testing.assert_allclose(one.switch_times, other.switch_times, rtol=0, atol=1e-8)
    assert_same(one, other, 3e-9)


def test_blocks_agree_with_modes_for_rows_of_one_length(tmp_path):
    """Disjoint columns of a Hadamard matrix: sign has the same loadings in both."""
    document = three_tasks("orthogonal_tasks", "sign")
    document["inputs"] |= {"dimension": 128}
    document["inputs"]["manifold"] |= {"similarity": 0.0}
    assert_same(run(document), run(from_file(document, tmp_path)), 3e-9)


@pytest.mark.parametrize("folding", ["sign", "erf"])
def test_modes_of_the_active_task_agree_with_common_modes(folding, monkeypatch):
    document = three_tasks("subspaces", folding)
    expected = run(document)
    forced(monkeypatch, Joint)
    assert_same(run(document), expected, 4e-9)


def test_modes_of_the_active_task_agree_with_one_law(monkeypatch):
    document = three_tasks("manifold")
    del document["inputs"]["manifold"]["similarity"]
    expected = run(document)
    forced(monkeypatch, Joint)
    names = [name for name in QUANTITIES if name != "task_student_overlaps"]
    assert_same(run(document), expected, 3e-9, names)


def test_blocks_of_one_projection_agree_with_one_law():
    document = three_tasks("orthogonal_tasks", "linear")
    document["inputs"]["manifold"] |= {"similarity": 1.0}
    found = run(document)
    document["inputs"]["manifold"] |= {"tasks": "shared"}
    del document["inputs"]["manifold"]["similarity"]
    names = [name for name in QUANTITIES if name != "task_student_overlaps"]
    assert_same(found, run(document), 3e-9, names)


# Second moments of all weights


def lessons_of(document, v):
    """Return the lessons of the naive twin, with probability 1 each."""
    training, teachers = document["training"], document["teachers"]
    return [
        naive.Lesson(
            1.0,
            p,
            v[p],
            p,
            training["learning_rate"],
            training["readout_learning_rate"],
            teachers["output_noise"][p],
            teachers["input_noise"][p],
            tuple(training["frozen_units"][p]),
        )
        for p in range(3)
    ]


def by_moments(document, phases, seed=3):
    """Return Q of all tasks, R, W and readouts at the end of phases: (end, {task: probability})."""
    spec = parse_spec(document)
    setting = setting_of(spec, seed, 0)
    unit = np.eye(spec.inputs.dimension)
    laws = [
        naive.Law(law.loadings @ law.loadings.T + law.rest * unit, law.fields, law.T) for law in setting.laws
    ]
    listed, began = lessons_of(document, setting.networks.v), 0.0
    moments = naive.start(setting.networks.W, setting.networks.h)
    decay, batch = document["training"]["weight_decay"], document["training"]["batch_size"]
    for end, shares in phases:
        lessons = [listed[task]._replace(probability=share) for task, share in shares.items()]
        moments = naive.solved(lessons, laws, moments, end - began, decay=(decay, decay), batch=batch)
        began = end
    found = [naive.overlaps(law, moments) for law in laws]
    white = naive.Law(unit, laws[0].g, laws[0].T)
    return {
        "task_student_overlaps": np.stack([Q for Q, _ in found]),
        "student_teacher_overlaps": np.stack([R for _, R in found]),
        "student_weight_overlaps": naive.overlaps(white, moments)[0],
        "student_readouts": moments.h,
    }


SMALL = {"inputs": {"dimension": 24}, "duration": 5.0}
THERE_AND_BACK = [(1.5, {0: 1.0}), (3.0, {1: 1.0}), (4.0, {0: 1.0}), (5.0, {2: 1.0})]


def small(kind="interpolated", **changes):
    document = three_tasks(kind, **SMALL, **changes)
    document["inputs"]["manifold"] |= {"latent_dimension": 5}
    return document


def assert_ends(found, expected, tolerance=2e-9):
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(found, name)[-1], value, rtol=0, atol=tolerance, err_msg=name)


def test_switches_there_and_back_agree_with_all_moments():
    document = small(curriculum={"switch_times": [1.5, 3.0, 4.0], "order": [0, 1, 0, 2]})
    assert_ends(run(document), by_moments(document, THERE_AND_BACK))


def test_more_latents_than_inputs_agree_with_all_moments():
    """The joint space is that of all inputs."""
    document = small(curriculum={"switch_times": [1.5, 3.0, 4.0], "order": [0, 1, 0, 2]})
    document["inputs"]["manifold"] |= {"latent_dimension": 15, "folding": "erf"}
    assert_ends(run(document), by_moments(document, THERE_AND_BACK))


def test_mixed_tasks_agree_with_all_moments():
    """Mixed after a phase with one task, and one task after that, with its own modes."""
    pieces = [
        {"until": 1.5, "probabilities": [1.0, 0.0, 0.0]},
        {"until": 3.0, "probabilities": [0.5, 0.2, 0.3]},
        {"until": 4.0, "probabilities": [0.0, 0.0, 1.0]},
        {"until": 5.0, "probabilities": [0.0, 0.9, 0.1]},
    ]
    document = small(curriculum={"mixture": pieces})
    del document["curriculum"]["switch_times"], document["curriculum"]["order"]
    phases = [
        (piece["until"], {p: share for p, share in enumerate(piece["probabilities"]) if share})
        for piece in pieces
    ]
    assert_ends(run(document), by_moments(document, phases))
