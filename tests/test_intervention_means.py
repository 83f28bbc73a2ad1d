"""Means over runs of engine `network` with interventions, against equations solved by another program.

The references (`data/interventions.json`) are solutions for N -> infinity by an independent program.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import depth
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec

REFERENCES = json.loads((Path(__file__).parent / "data" / "interventions.json").read_text(encoding="utf-8"))
SEED, RUNS = 1, 8
# Means may differ from the limit by this number over N besides their statistical error.
FINITE_SIZE = 5.0


def consolidated(kind, strength, **keys):
    return {"training": {"consolidation": {"kind": kind, "strength": strength, **keys}}}


def replayed(time, **keys):
    return {"curriculum": {"switch_times": [time], "replay": keys}}


FEATURES = {"learning_rate": 0.5, "train": ["features"]}
PIECES = [
    {"until": 30.0, "probabilities": [1, 0, 0]},
    {"until": 60.0, "probabilities": [0.3, 0.7, 0]},
    {"probabilities": [0.2, 0.2, 0.6]},
]
NOISE = {"deficits": [{"start": 10.0, "until": 60.0, "input_noise": 1.0}]}
TURN = {"teacher": 0, "towards": 1, "rate": 0.05, "start": 40.0}
SPECS = {
    "mix_three_tasks_K3M1": {"curriculum": {"mixture": PIECES}},
    "replay_r0.1_K2M1": replayed(40.0, fraction=0.1),
    "replay_imperfect_K2M1": replayed(40.0, fraction=0.2, fidelity=0.8),
    "ewc_perunit_K2M1": consolidated("ewc", 2e4) | {"curriculum": {"switch_times": [10.0]}},
    "quadratic_three_tasks_K3M1": consolidated("quadratic", 0.02)
    | {"curriculum": {"switch_times": [60.0, 120.0]}},
    "si_K2M1": consolidated("path_integral", 1.0) | {"curriculum": {"switch_times": [40.0]}},
    "drift_scm_K2M2": {"teachers": {"drift": 0.01}, "training": FEATURES},
    "rotation_K2M1": {"teachers": {"rotation": TURN}, "curriculum": {"order": [0]}},
    "deficit_input_noise_K3M2": {"training": {"learning_rate": 0.5} | NOISE},
}
QUANTITIES = ("generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")


def spec_of(name, N):
    reference, blocks = REFERENCES[name], SPECS[name]
    times = [row["time"] for row in reference["rows"]]
    return parse_spec(
        {
            "inputs": {"dimension": N},
            "initial_overlaps": reference["initial_overlaps"],
            "duration": times[-1],
            "record": {"times": times},
            "training": {"learning_rate": 1.0} | blocks.get("training", {}),
        }
        | {key: block for key, block in blocks.items() if key != "training"}
    )


@pytest.mark.parametrize("name", SPECS)
def test_means_over_runs_are_near_the_limit_of_many_inputs(name):
    N = 2000 if depth.everything else 500
    runs = list(simulate_runs(spec_of(name, N), "network", SEED, RUNS))
    for quantity in QUANTITIES:
        expected = np.array([row[quantity] for row in REFERENCES[name]["rows"]])
        found = np.stack([getattr(run, quantity) for run in runs])
        if name == "rotation_K2M1" and quantity in QUANTITIES[::2]:
            expected, found = expected[:, 0], found[:, :, 0]  # there, the other teacher turns as well
        error = found.std(axis=0, ddof=1) / np.sqrt(RUNS)
        far = np.abs(found.mean(axis=0) - expected) / (3.0 * error + FINITE_SIZE / N)
        assert far.max() < 1.0, quantity
    if "importances" in REFERENCES[name]:
        found = np.stack([run.importances for run in runs])
        assert_near(found, np.array(REFERENCES[name]["importances"]), 1.0 / N)


def assert_near(found, expected, relative):
    """Means over runs, which are the first axis, differ by statistical errors and a small fraction."""
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - expected) < 3.0 * error + FINITE_SIZE * relative * expected).all()
