"""Specs of the reward rule, and reference trajectories."""

import csv
from pathlib import Path

import numpy as np

from teacherstudent.spec.parse import parse_spec

# The four conditions; N = 3 decisions are enough for all of them.
CONDITIONS = {
    "all": {"condition": "all", "penalty": 0.3},
    "at_least": {"condition": "at_least", "count": 3, "value": 0.7, "penalty": 0.2},
    "first": {"condition": "first", "count": 2, "bonus": 0.5},
    "per_step": {"condition": "per_step", "value": 0.8, "bonus": 0.2},
}
SCHEDULES = {
    "rate": ({"condition": "all"}, {"learning_rate": "optimal"}),
    "rate_at_least": ({"condition": "at_least", "count": 3, "value": 2.0}, {"learning_rate": "optimal"}),
    "length": ({"condition": "all", "value": 2.0}, {"length": "optimal"}),
    "both": ({"condition": "all"}, {"learning_rate": "optimal", "length": "optimal"}),
}
SIMILARITY = 0.3  # of two teachers


def document(
    reward,
    length=4,
    dimension=400,
    duration=2.0,
    times=None,
    R=(0.0,),
    Q=1.0,
    signs=None,
    schedule=None,
    **blocks,
):
    """A document with given overlaps R with each teacher; blocks replace keys of its blocks."""
    P, training = len(R), {"rule": "reward", "learning_rate": 1.0, "train": ["features"]}
    episode = {"length": length, "reward": reward} | ({"schedule": schedule} if schedule else {})
    times = [0.0, duration] if times is None else times
    found = {
        "inputs": {"dimension": dimension},
        "teachers": {"count": P, "hidden": 1, "activation": "linear"},
        "student": {"hidden": 1, "activation": "linear"},
        "training": training | {"episode": episode},
        "duration": duration,
        "record": {"times": times},
        "initial_overlaps": {
            "student": [[Q]],
            "student_teacher": [[[overlap]] for overlap in R],
            "teacher": [[[[overlap]] for overlap in row] for row in teacher_overlaps(P)],
            "student_readouts": [[1.0]] * P,
            "teacher_readouts": [[sign] for sign in signs or [1.0] * P],
        },
    }
    for name, block in blocks.items():
        found[name] = found.get(name, {}) | block if isinstance(block, dict) else block
    return {name: block for name, block in found.items() if block is not None}


def spec(*arguments, **keys):
    return parse_spec(document(*arguments, **keys))


def teacher_overlaps(P):
    return [[1.0 if p == q else SIMILARITY for q in range(P)] for p in range(P)]


def references():
    """Read the reference trajectories: (condition, length, keys of the reward) -> columns."""
    path = Path(__file__).parent / "data" / "rewards.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = dict.fromkeys(row["case"] for row in rows)
    return {
        name: {
            column: np.array([float(row[column]) for row in rows if row["case"] == name])
            for column in rows[0]
            if column != "case"
        }
        for name in names
    }


# Set-ups of the references: N = 400, R = 0 and Q = 1 at the start, learning rate 1.
REFERENCES = {
    "all": (8, {"condition": "at_least", "count": 8, "penalty": 0.05}),
    "at_least": (12, {"condition": "at_least", "count": 9}),
    "first": (11, {"condition": "first", "count": 5, "bonus": 0.2}),
    "per_step": (11, {"condition": "per_step", "bonus": 0.1}),
}
