"""The engine `chain` with interventions has the law of SGD: Kolmogorov-Smirnov tests against networks."""

import numpy as np
import pytest

from chain_cases import ONE, STUDENT, TWO, document, given
from depth import thorough_from
from laws import assert_other_law, assert_same_law
from naive import changing
from teacherstudent.engines.chain import axes
from teacherstudent.errors import RunError
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec

REPLICAS = {8: 1000, 20: 1000, 100: 500}
SWITCHED = {"switch_times": [0.5]}
TASKS = {
    "mixture": {
        "curriculum": {
            "mixture": [
                {"until": 0.5, "probabilities": [0.8, 0.2]},
                {"probabilities": [0.3, 0.7]},
            ]
        }
    },
    "replay": {
        "curriculum": {"switch_times": [0.5], "replay": {"fraction": 0.4, "of": "previous", "fidelity": 1.0}}
    },
    "imperfect_replay": {
        "curriculum": {"switch_times": [0.5], "replay": {"fraction": 0.5, "of": "previous", "fidelity": 0.3}},
        "teachers": {"input_noise": [0.6, 0.0], "output_noise": [0.0, 0.5]},
    },
    "in_turn": {
        "curriculum": {
            "switch_times": [0.5],
            "replay": {"interleave": {"new": 2, "old": 3}, "of": "previous", "fidelity": 1.0},
        },
    },
    "rates_of_tasks": {
        "curriculum": {"mixture": [{"probabilities": [0.5, 0.5]}]},
        "training": {"learning_rate": [3.0, 0.5], "readout_learning_rate": [0.2, 2.0], "weight_decay": 0.4},
    },
    "schedule_and_deficits": {
        "curriculum": SWITCHED,
        "training": {
            "learning_rate": [{"until": 0.25, "value": 3.0}, {"value": [1.0, 2.0]}],
            "deficits": [
                {"start": 0.0, "until": 0.5, "input_noise": 1.0, "frozen_units": [1]},
                {"start": 0.75, "until": 1.5, "output_noise": 1.0, "teacher": 0},
            ],
        },
    },
    "all_of_it_in_batches": {
        "curriculum": {"switch_times": [0.5], "replay": {"fraction": 0.3, "of": "all", "fidelity": 0.8}},
        "teachers": {"hidden": 2, "input_noise": [0.3, 0.5], "output_noise": [0.2, 0.5]},
        "student": {"hidden": 3, "heads": "shared"},
        "training": {
            "batch_size": 2,
            "weight_decay": 0.5,
            "learning_rate": [3.0, 1.0],
            "deficits": [{"start": 0.25, "until": 1.0, "frozen_units": [0]}],
        },
    },
}


def engine_samples(described, runs, seed=0):
    """Runs of the engine in the shapes of the slow simulation."""
    found = list(simulate_runs(parse_spec(described), "chain", seed=seed, runs=runs))
    assert all(one.diverged_at is None for one in found)
    return {name: np.stack([one.arrays[name] for one in found]) for name in found[0].arrays}


def assert_law_of_sgd(described, replicas, seed):
    slow = changing.simulate(described, replicas, seed)
    samples = engine_samples(described, replicas, seed)
    assert slow.keys() <= samples.keys()
    assert_same_law(slow, samples)


@pytest.mark.parametrize("dimension", thorough_from(1, REPLICAS))
@pytest.mark.parametrize("case", TASKS)
def test_law_of_several_tasks(case, dimension):
    described = document(dimension, **TASKS[case])
    assert_law_of_sgd(described, REPLICAS[dimension], seed=list(TASKS).index(case))


# Anchors


def consolidated(kind, strength, **keys):
    """Training with this consolidation."""
    return {"training": {"consolidation": {"kind": kind, "strength": strength, **keys}}}


TWO_SWITCHES = {"curriculum": {"switch_times": [0.5, 1.0]}}
ANCHORS = {
    "quadratic": TWO_SWITCHES | consolidated("quadratic", [0.5, 1.0]),
    "latest": TWO_SWITCHES | consolidated("quadratic", 1.0, anchors="latest", step="proximal"),
    "node": TWO_SWITCHES | consolidated("node", 1.0),
    "ewc": TWO_SWITCHES | consolidated("ewc", 2.0, step="proximal"),
    "path_integral": TWO_SWITCHES | consolidated("path_integral", 0.5),
    "path_integral_in_batches": TWO_SWITCHES
    | {
        "teachers": {"input_noise": [0.5, 0.0], "output_noise": [0.3, 0.0]},
        "training": {
            "batch_size": 2,
            "learning_rate": [3.0, 1.0],
            "weight_decay": 0.3,
            "frozen_units": [[], [1]],
            "consolidation": {"kind": "path_integral", "strength": 1.0, "step": "proximal"},
        },
    },
    "movement": {"curriculum": {"switch_times": [0.5, 1.0]}},
    "mixture_and_anchors": {
        "curriculum": {
            "mixture": [{"until": 0.5, "probabilities": [0.7, 0.3]}, {"probabilities": [0.2, 0.8]}]
        },
        "training": {
            "learning_rate": [2.0, 3.0],
            "consolidation": {"kind": "path_integral", "strength": 0.5},
        },
    },
}


def with_anchors(dimension, case):
    described = document(dimension, **ANCHORS[case])
    if case == "movement":
        described["record"]["movement"] = True
    return described


@pytest.mark.parametrize("dimension", thorough_from(1, [8, 6, 20, 100]))
@pytest.mark.parametrize("case", ANCHORS)
def test_law_with_anchors(case, dimension):
    """With 6 inputs the frame has all axes."""
    described = with_anchors(dimension, case)
    assert_law_of_sgd(described, REPLICAS.get(dimension, 1000), seed=list(ANCHORS).index(case))


@pytest.mark.parametrize(
    "wrong, case", [("square_of_mean", "path_integral"), ("one_task_for_all", "mixture_and_anchors")]
)
def test_wrong_laws_are_rejected(wrong, case):
    described = with_anchors(20, case)
    assert_other_law(changing.simulate(described, 500, 1, wrong), engine_samples(described, 500))


def test_penalties_show():
    described = with_anchors(20, "quadratic")
    slow = changing.simulate(described, 500, 1)
    described["training"]["consolidation"]["strength"] = 0.0
    assert_other_law(slow, engine_samples(described, 500))


def test_no_penalty_has_the_law_without_anchors_and_the_bits_of_movement():
    described = with_anchors(20, "movement")
    moved = engine_samples(described, 500)
    described["training"]["consolidation"] = {"kind": "ewc", "strength": 0.0}
    weak = engine_samples(described, 500)
    for name, values in moved.items():
        np.testing.assert_array_equal(values, weak[name])
    plain = engine_samples(document(20, **TWO_SWITCHES), 500, seed=1)
    assert_same_law(moved, plain)


# Moving teachers

DRIFT = {"drift": [0.0, 0.6]}
ROTATION = {"rotation": {"teacher": 0, "towards": 1, "rate": 1.0, "start": 0.25, "until": 1.25}}
MOTION = {
    "drift": {"teachers": DRIFT, "curriculum": {"switch_times": [0.25]}},
    "drift_of_all": {
        "teachers": {"drift": [0.4, 0.8]},
        "curriculum": {"switch_times": [0.5]},
        "training": {"batch_size": 2, "weight_decay": 0.3},
    },
    "rotation": {"teachers": ROTATION, "curriculum": {"switch_times": [1.0]}},
    "drift_and_anchors": {"teachers": DRIFT} | TWO_SWITCHES | consolidated("path_integral", 0.5),
    "everything": {
        "teachers": {
            "count": 3,
            "drift": [0.0, 0.0, 0.7],
            "output_noise": [0.2] * 3,
            "input_noise": [0.0, 0.4, 0.0],
        }
        | ROTATION,
        "student": {"heads": "shared"},
        "curriculum": {
            "mixture": [{"until": 0.5, "probabilities": [0.5, 0.1, 0.4]}, {"probabilities": [0.1, 0.3, 0.6]}]
        },
        "training": {
            "weight_decay": 0.2,
            "learning_rate": [2.0, 1.0, 3.0],
            "frozen_units": [[], [0], []],
            "deficits": [{"start": 0.25, "until": 1.0, "output_noise": 1.0}],
            "consolidation": {"kind": "ewc", "strength": 1.0, "step": "proximal"},
        },
    },
}
THREE = {
    "initial_overlaps": given(STUDENT[:2], [ONE[:1], TWO[:1], ONE[1:]], [[0.6, -0.9]])
    | {"teacher_readouts": [[1.0], [0.9], [-0.8]]}
}


def with_motion(dimension, case):
    described = document(dimension, **MOTION[case] | (THREE if case == "everything" else {}))
    return described


@pytest.mark.parametrize("dimension", thorough_from(1, [8, 5, 6, 20, 100]))
@pytest.mark.parametrize("case", MOTION)
def test_law_with_moving_teachers(case, dimension):
    described = with_motion(dimension, case)
    assert_law_of_sgd(described, REPLICAS.get(dimension, 1000), seed=list(MOTION).index(case))


@pytest.mark.parametrize(
    "wrong, dimension, runs", [("drift_rate", 8, 4000), ("drift_in_the_frame", 20, 2000)]
)
def test_wrong_drifts_are_rejected(wrong, dimension, runs):
    """The rate is wrong by a third, or the noise has no remainder outside the span of the networks."""
    described = with_motion(dimension, "drift")
    described |= {"record": {"times": [0.0, 1.0]}, "duration": 1.0}
    assert_other_law(changing.simulate(described, runs, 1, wrong), engine_samples(described, runs))


@pytest.mark.parametrize("capped", [True, False])
def test_without_an_axis_for_each_drift_the_law_is_another_one(capped, monkeypatch):
    """Three teachers drift; six inputs have one axis beyond those of the networks."""
    teachers = {"count": 3, "drift": [1.5, 1.5, 1.5], "output_noise": [0.0] * 3, "input_noise": [0.0] * 3}
    blocks = {"teachers": teachers, "student": {"heads": "shared"}, "training": {"frozen_units": [[]] * 3}}
    described = document(6, **blocks, **THREE, curriculum={})
    described |= {"record": {"times": [0.0, 1.0]}, "duration": 1.0}
    if not capped:
        monkeypatch.setattr(axes, "frame_axes", lambda N, K, fixed, batch, drifting: (K, fixed, batch))
    compare = assert_same_law if capped else assert_other_law
    compare(changing.simulate(described, 8000, 1), engine_samples(described, 8000))


def test_penalties_that_overflow_are_too_strong_in_one_line():
    consolidation = {"kind": "node", "importances": "units", "strength": [1.5, 0.9, 0.1]}
    training = {"loss": "hinge", "margin": 0.5, "learning_rate": 1e50, "consolidation": consolidation}
    blocks = {
        "inputs": {"dimension": 20},
        "teachers": {"count": 3, "hidden": 2, "labels": "sign"},
        "student": {"hidden": 2, "activation": "linear"},
        "training": training,
        "curriculum": {"switch_times": [0.2, 0.3, 1.0]},
        "duration": 2.0,
        "record": {"count": 4},
    }
    with pytest.raises(RunError, match=r"training\.consolidation\.strength"):
        simulate(parse_spec(blocks), "chain", 1)
