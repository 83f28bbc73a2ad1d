"""Specs of labels that are signs, and order parameters integrated by a separate program."""

from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data" / "classification"
# Two students, two teachers with two units, and two tasks whose teachers overlap by a half.
TWO_UNITS = {
    "student": [[0.25, 0.05], [0.05, 0.16]],
    "student_teacher": [[[0.1, 0.02], [-0.03, 0.08]], [[0.05, 0.0], [0.02, -0.04]]],
    "teacher": [
        [np.eye(2).tolist(), (0.5 * np.eye(2)).tolist()],
        [(0.5 * np.eye(2)).tolist(), np.eye(2).tolist()],
    ],
    "student_readouts": [[0.4, -0.3], [0.2, 0.5]],
    "teacher_readouts": [[1.0, 0.7], [-0.8, 0.9]],
}
ONE_UNIT_EACH = TWO_UNITS | {
    "student_teacher": [[[0.1], [-0.03]], [[0.02], [0.08]]],
    "teacher": [[[[1.0]], [[0.5]]], [[[0.5]], [[1.0]]]],
    "teacher_readouts": [[1.0], [1.0]],
}
SINGLE = {
    "student": [[0.25]],
    "student_teacher": [[[0.1]]],
    "teacher": [[[[1.0]]]],
    "student_readouts": [[0.4]],
    "teacher_readouts": [[1.0]],
}
# Loss, margin, learning rate, flips and overlaps of the cases in DATA, with their accuracy relative to
# max(1, |value|).
CASES = {
    "one_unit_logistic": ("logistic", None, 1.0, 0.0, SINGLE),
    "squared": ("squared", None, 0.5, 0.1, ONE_UNIT_EACH),
    "logistic": ("logistic", None, 2.0, 0.1, TWO_UNITS),
    "hinge": ("hinge", 0.5, 1.0, 0.05, TWO_UNITS),
}
ACCURACY = 4e-7


def document(loss="logistic", margin=None, rate=1.0, flips=0.0, overlaps=TWO_UNITS, **blocks):
    """A run from given overlaps, with a switch at t = 20 where there are two tasks."""
    tasks = len(overlaps["teacher"])
    training = {"learning_rate": rate, "loss": loss} | ({} if margin is None else {"margin": margin})
    return {
        "inputs": {"dimension": 10**9},
        "teachers": {
            "count": tasks,
            "hidden": len(overlaps["teacher_readouts"][0]),
            "labels": "sign",
            "label_flips": flips,
        },
        "student": {"hidden": len(overlaps["student"]), "heads": "per_task"},
        "training": training,
        "curriculum": {"switch_times": [20.0]} if tasks > 1 else {},
        "duration": 40.0,
        "record": {"count": 5},
        "initial_overlaps": overlaps,
    } | blocks


def reference(name):
    """The rows of a case, an array with named columns."""
    return np.genfromtxt(DATA / f"{name}.csv", delimiter=",", names=True)


def quantities(run, rows):
    """Pairs of a recorded quantity and its reference (T,), for Q, R and h."""
    M = run.teacher_readouts.shape[1]
    for name in rows.dtype.names:
        kind, *indices = name.split("_")
        if kind not in ("Q", "R", "h"):
            continue
        i, k = map(int, indices)
        if kind == "R":
            yield run.student_teacher_overlaps[:, k // M, i, k % M], rows[name]
        else:
            yield (run.student_overlaps if kind == "Q" else run.student_readouts)[:, i, k], rows[name]
