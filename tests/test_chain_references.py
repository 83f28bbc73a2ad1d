"""The mean of chains with interventions against independent solutions of the equations of the limit.

The numbers of `data/continual_limit.csv` are from a program that shares nothing with the package: an
integrator of order 5 with a relative tolerance of 1e-10, checked against networks of 1000 inputs. The mean of
chains differs from the limit by its standard error and by a term of order 1 / N.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec

N, RUNS = 1000, 64
# Largest deviation in standard errors and in 1 / N.
ERRORS, FINITE = 3.0, 5.0
DATA = Path(__file__).parent / "data" / "continual_limit.csv"
REPLAY = {"of": "previous"}
CASES = {
    "mixture": {"curriculum": {"mixture": [{"probabilities": [0.7, 0.3]}]}},
    "mixture_of_three": {
        "curriculum": {
            "mixture": [
                {"until": 30.0, "probabilities": [1.0, 0.0, 0.0]},
                {"until": 60.0, "probabilities": [0.3, 0.7, 0.0]},
                {"probabilities": [0.2, 0.2, 0.6]},
            ]
        }
    },
    "replay": {"curriculum": {"switch_times": [40.0], "replay": {"fraction": 0.1}}},
    "imperfect_replay": {
        "curriculum": {"switch_times": [40.0], "replay": {"fraction": 0.2, "fidelity": 0.8}}
    },
    "quadratic": {
        "curriculum": {"switch_times": [60.0, 120.0]},
        "training": {"consolidation": {"kind": "quadratic", "strength": 0.02}},
    },
    "ewc": {
        "curriculum": {"switch_times": [10.0]},
        "training": {"consolidation": {"kind": "ewc", "strength": 20000.0}},
    },
    "path_integral": {
        "curriculum": {"switch_times": [40.0]},
        "training": {"consolidation": {"kind": "path_integral", "strength": 1.0}},
    },
    "deficit": {
        "training": {"learning_rate": 0.5, "deficits": [{"start": 10.0, "until": 60.0, "input_noise": 1.0}]}
    },
    "drift": {
        "teachers": {"drift": 0.01},
        "training": {"learning_rate": 0.5, "train": ["features"]},
    },
    "rotation": {"teachers": {"rotation": {"teacher": 0, "towards": 1, "rate": 0.05, "start": 40.0}}},
}


def rows(case):
    """The numbers of a case by time and quantity."""
    found = {}
    with DATA.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["case"] == case:
                found.setdefault(float(row["t"]), {})[row["quantity"]] = float(row["value"])
    return found


def start(numbers):
    """The block `initial_overlaps` of the numbers at time 0, and the numbers P, M, K of units."""
    P, M = (1 + max(int(name.split("_")[axis]) for name in numbers if name[0] == "v") for axis in (1, 2))
    K, H = (1 + max(int(name.split("_")[axis]) for name in numbers if name[0] == "h") for axis in (2, 1))

    def pair(name, i, k):
        return numbers[f"{name}_{max(i, k)}_{min(i, k)}"]

    R = [[[numbers[f"R_{p}_{i}_{m}"] for m in range(M)] for i in range(K)] for p in range(P)]
    T = [
        [[[pair("T", p * M + m, q * M + n) for n in range(M)] for m in range(M)] for q in range(P)]
        for p in range(P)
    ]
    overlaps = {
        "student": [[pair("Q", i, k) for k in range(K)] for i in range(K)],
        "student_teacher": R,
        "teacher": T,
        "student_readouts": [[numbers[f"h_{a}_{k}"] for k in range(K)] for a in range(H)],
        "teacher_readouts": [[numbers[f"v_{p}_{m}"] for m in range(M)] for p in range(P)],
    }
    return overlaps, (P, M, K)


def value(run, row, name):
    """A quantity of a run in a row of its records."""
    kind, *index = (name[0], name[1:]) if name[0] == "e" else name.split("_")
    arrays = {
        "e": run.generalisation_error,
        "Q": run.student_overlaps,
        "R": run.student_teacher_overlaps,
        "h": run.student_readouts,
    }
    if kind == "T":
        return run.teacher_overlaps_in_time[row, 0, 0, int(index[0]), int(index[1])]
    return arrays[kind][(row, *map(int, index))]


@pytest.mark.parametrize("case", CASES)
def test_mean_of_chains(case):
    expected = rows(case)
    overlaps, (P, M, K) = start(expected.pop(0.0))
    blocks = CASES[case]
    spec = parse_spec(
        {
            "inputs": {"dimension": N},
            "teachers": {"count": P, "hidden": M} | blocks.get("teachers", {}),
            "student": {"hidden": K},
            "training": {"learning_rate": 1.0} | blocks.get("training", {}),
            "curriculum": blocks.get("curriculum", {}),
            "initial_overlaps": overlaps,
            "duration": max(expected),
            "record": {"times": [0.0, *expected]},
        }
    )
    runs = list(simulate_runs(spec, "chain", seed=1, runs=RUNS))
    for row, numbers in enumerate(expected.values(), start=1):
        for name, limit in numbers.items():
            found = [value(run, row, name) for run in runs]
            error = np.std(found) / np.sqrt(RUNS)
            assert abs(np.mean(found) - limit) < ERRORS * error + FINITE / N, (row, name)
