"""Which unit does a task, in the figures of Lee et al. 2022."""

import numpy as np
from _lee2022 import AFTER, SWITCH

from teacherstudent import measures
from teacherstudent.store.curves import Curves


def snapshot(curves: Curves, quantity: str, after: float) -> np.ndarray:
    """Return a quantity at a recorded time after the switch, (axes..., run, ...); KeyError at other times."""
    found = np.flatnonzero(np.isclose(curves.time, SWITCH + after))
    if len(found) != 1:
        raise KeyError(f"t = {SWITCH + after} is not among the recorded times")
    return np.take(curves.values(quantity), found[0], axis=len(curves.axes) + 1)


def shares(curves: Curves, task: int, after: float) -> np.ndarray:
    """Return the share of each unit in the output of the head of a task, (axes..., run, unit)."""
    readouts = snapshot(curves, "student_readouts", after)[..., task, :]
    return measures.contributions(snapshot(curves, "student_overlaps", after), readouts)


def of_used(curves: Curves, values: np.ndarray, other: bool = False) -> np.ndarray:
    """Return the values (axes..., run, unit) of the unit with the larger share in task 1 at the switch.

    With `other` those of the unit with the smaller share, of two.
    """
    chosen = (np.argmin if other else np.argmax)(shares(curves, 0, 0.0), axis=-1)
    return np.take_along_axis(values, chosen[..., None], axis=-1)[..., 0]


def carried(curves: Curves, after: float = AFTER) -> np.ndarray:
    """Return the share of task 2 that the used unit carries, (axes..., run)."""
    return of_used(curves, shares(curves, 1, after))


def length_of_idle(curves: Curves, after: float) -> np.ndarray:
    """Return the overlap Q of the idle unit with itself, (axes..., run)."""
    overlaps = snapshot(curves, "student_overlaps", after)
    return of_used(curves, np.diagonal(overlaps, axis1=-2, axis2=-1), other=True)


def cosine_of_used(curves: Curves, after: float) -> np.ndarray:
    """Return the cosine of the used unit with its weights at the switch, (axes..., run)."""
    names = ("student_overlaps", "anchor_overlaps", "anchor_norms")
    return of_used(curves, measures.anchor_cosines(*(snapshot(curves, name, after) for name in names)))


def crossing(similarity: np.ndarray, values: np.ndarray, level: float = 0.5) -> float:
    """Return the first similarity at which values (similarity,) reach a level, interpolated, or NaN."""
    above = np.flatnonzero(values >= level)
    if not len(above) or above[0] == 0:
        return np.nan
    pair = slice(above[0] - 1, above[0] + 1)
    return float(np.interp(level, values[pair], similarity[pair]))
