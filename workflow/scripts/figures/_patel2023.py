"""Shared parts of the figures of the RL perceptron: overlaps, times of learning, and known values."""

from functools import partial

import _figures
import numpy as np

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import Curves, mean_over

REFERENCE = "independent integration of the equations"
OWN = "the equations of this project"
LEARNED = 0.8  # overlap above which a student counts as one that has learned


def claim_of(figure: str, source: str = REFERENCE):
    """Return the function that makes a claim about a figure."""
    return partial(Claim, figure, source=source, certainty="recomputed")


def overlap(curves: Curves) -> np.ndarray:
    """Return the cosine rho between student and teacher, (axes..., run, time)."""
    return np.cos(np.pi * curves.values("classification_error")[..., 0])


def squared_norm(curves: Curves) -> np.ndarray:
    """Return Q, (axes..., run, time)."""
    return curves.values("student_overlaps")[..., 0, 0]


def time_to(time: np.ndarray, rho: np.ndarray, level: float) -> np.ndarray:
    """Return the first time at which rho (..., time) is above a level, by interpolation; NaN for never."""
    flat = rho.reshape(-1, rho.shape[-1])
    found = np.full(len(flat), np.nan)
    for i, values in enumerate(flat):
        (above,) = np.nonzero(values > level)
        if len(above):
            end = max(above[0], 1)
            found[i] = np.interp(level, values[end - 1 : end + 1], time[end - 1 : end + 1])
    return found.reshape(rho.shape[:-1])


def at(curves: Curves, values: np.ndarray, *times: float) -> list[float]:
    """Return values (time,) at some recorded times, NaN after the last one."""
    return np.interp(times, curves.time, values, right=np.nan).tolist()


def distance(found, known: dict) -> float:
    """Return the largest relative distance of values from known ones; values that are NaN do not agree."""
    ratios = np.array([value / known[key] for key, value in found.items()])
    return float(np.abs(ratios - 1.0).max()) if len(ratios) else np.nan


def plot_spread(ax, time, values, series: str, color, label=None, **style):
    """Draw the mean of runs (run, time) as points with their standard deviations."""
    mean = mean_over(values, 0)
    spread = np.sqrt(mean_over((values - mean) ** 2, 0)) if len(values) > 1 else None
    _figures.plot_simulation(ax, time, mean, series, spread, color=color, label=label, **style)


def every(curves: Curves, count: int, first: float = 0.0) -> slice:
    """Return the slice that leaves about `count` recorded times, from a part of the first interval on."""
    step = max(1, len(curves.time) // count)
    return slice(int(first * step), None, step)
