"""Specs of students with several hidden layers, and reference trajectories of an independent program."""

import json
from pathlib import Path

import numpy as np

REFERENCES = json.loads((Path(__file__).parent / "data" / "deep" / "students.json").read_text())
INNER = [[0.8, 0.2], [-0.1, 0.7]], [[0.9, -0.3], [0.4, 1.1]]


def overlaps(layers, start=None):
    """Initial order parameters of two teachers of one unit and a student of two units in each layer."""
    start = start or REFERENCES["erf"]["start"]
    R, T = np.array(start["R"]), np.array(start["T"])
    return {
        "student": start["Q"],
        "student_teacher": R.T[:, :, None].tolist(),
        "teacher": T[:, :, None, None].tolist(),
        "student_readouts": start["h"],
        "teacher_readouts": start["v"],
        "student_inner": INNER[: layers - 1],
    }


def document(layers=2, activation="erf", **changes):
    """Two teachers, a switch at t = 2 and the end at t = 4; blocks given are merged with these."""
    found = {
        "inputs": {"dimension": 100},
        "teachers": {"count": 2, "hidden": 1, "activation": "linear" if activation == "linear" else "erf"},
        "student": {"hidden": 2, "layers": layers, "activation": activation},
        "training": {"learning_rate": 0.5},
        "curriculum": {"switch_times": [2.0]},
        "duration": 4.0,
        "record": {"times": [0.0, 1.0, 2.0, 3.0, 4.0]},
        "initial_overlaps": overlaps(layers),
    }
    for key, block in changes.items():
        found[key] = {**found.get(key, {}), **block} if isinstance(block, dict) else block
    return found


def reference(activation, dimension=1000):
    """The spec of a reference trajectory: a switch at t = 20."""
    record = {"times": [0.0, *REFERENCES[activation]["times"]]}
    more = {"curriculum": {"switch_times": [20.0]}, "duration": 40.0, "record": record}
    return document(2, activation, inputs={"dimension": dimension}, **more)


def numbers(run, activation):
    """The numbers of a reference at its times, from recorded arrays (..., time, ...) of runs."""
    found = []
    for name in REFERENCES[activation]["names"]:
        kind, i, j = name.split("_")[0], *map(int, name.split("_")[1:])
        of = {
            "Q": lambda i, j: run.student_overlaps[..., 1:, i, j],
            "R": lambda i, j: run.student_teacher_overlaps[..., 1:, j, i, 0],
            "U2": lambda i, j: run.student_inner[..., 1:, 0, i, j],
            "h": lambda i, j: run.student_readouts[..., 1:, i, j],
        }
        found.append(of[kind](i, j))
    return np.stack(found, axis=-1)
