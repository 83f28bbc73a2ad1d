"""The engine `chain` with interventions has the law of SGD: Kolmogorov-Smirnov tests against networks."""

import numpy as np
import pytest

from chain_cases import document
from laws import assert_same_law
from naive import changing
from teacherstudent.simulation.runs import simulate_runs
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


@pytest.mark.parametrize("dimension", REPLICAS)
@pytest.mark.parametrize("case", TASKS)
def test_law_of_several_tasks(case, dimension):
    described = document(dimension, **TASKS[case])
    assert_law_of_sgd(described, REPLICAS[dimension], seed=list(TASKS).index(case))
