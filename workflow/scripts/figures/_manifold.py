"""Measures of two tasks on different manifolds: names of the experiments, forgetting and transfer."""

import numpy as np
from _lee2021 import errors

from teacherstudent.measures import forgetting, transfer
from teacherstudent.store.curves import Curves

FIGURE = "manifold_continual"
MAP, LINES, INDEPENDENT = "manifold_map", "manifold_projections", "manifold_independent"
FOLDINGS = ("linear", "sign")
AFTER = 0.1  # time since the switch at which transfer is measured, in units of the time of the switch


def switch(entry: Curves) -> float:
    """Return the time of the switch."""
    return entry.spec.curriculum.switch_times[0]


def forgotten(entry: Curves) -> np.ndarray:
    """Return the forgetting of task 1 at the end in decades, (axes..., run)."""
    return forgetting(entry.time, errors(entry, 0), switch(entry))


def transferred(entry: Curves) -> np.ndarray:
    """Return the transfer to task 2 in decades, at the same part of the duration for all inputs."""
    return transfer(entry.time, errors(entry, 1), switch(entry), AFTER * switch(entry))
