"""Shared parts of the figures of Lee et al. 2022: the increase of the error of task 1, against similarity.

Unlike in Lee et al. 2021, forgetting is a difference of errors, not of their logarithms.
"""

from collections.abc import Iterable, Mapping

import _figures
import numpy as np
from _lee2021 import levels
from matplotlib.axes import Axes

from teacherstudent.store.curves import Curves

SWITCH, AFTER = 100.0, 100.0  # time of the switch, and from it to the measurement
V = "similarity $V$"
FINITE = "lee2022_finite"  # the experiment of networks of finite size
RECOMPUTED = "recomputed from the equations with another program"
STATISTICAL = 0.03  # relative difference of values that hardly depend on the seed
FAMILY_MAP = "viridis"  # of lines from no intervention to the strongest one


def error(curves: Curves, task: int, after: float = AFTER) -> np.ndarray:
    """Return the error of a task at a recorded time after the switch, (axes..., run)."""
    return 10.0 ** levels(curves, task, SWITCH + after)


def forgetting(curves: Curves, after: float = AFTER) -> np.ndarray:
    """Return the increase of the error of task 1 from the switch to a time after it, (axes..., run)."""
    return error(curves, 0, after) - error(curves, 0, 0.0)


def mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over runs, the last axis, without those that diverged."""
    return np.nanmean(values, axis=-1)


def mean_log10(values: np.ndarray) -> np.ndarray:
    """Return the mean of log10 over runs, the last axis."""
    return np.nanmean(np.log10(values), axis=-1)


def at(similarity: np.ndarray, values: np.ndarray, *where: float) -> np.ndarray:
    """Return the values at some similarities of the grid; KeyError if one is not there."""
    found = [np.flatnonzero(np.isclose(similarity, one)) for one in where]
    if any(len(index) != 1 for index in found):
        raise KeyError(f"{where} are not all among the similarities {similarity}")
    return values[np.concatenate(found)]


def networks(curves: _figures.Experiments, **values: float) -> Curves:
    """Return the simulated networks at a strength of the penalty, a fraction of replay, or both."""
    return curves[FINITE]["network"].select(**values)


def reuse_law(similarity: np.ndarray) -> np.ndarray:
    """Return the error of task 1 of a student whose used unit is the unit of teacher 2 with the same readout.

    It is half the mean square of g(B_1.x / sqrt N) - g(B_2.x / sqrt N) for units of length sqrt N.
    """
    return 1.0 / 3.0 - 2.0 / np.pi * np.arcsin(np.asarray(similarity) / 2.0)


def plot_forgetting(ax: Axes, curves: Curves, series: str, **style) -> None:
    """Draw the mean over runs of forgetting against similarity as a line."""
    _figures.plot_theory(ax, curves.axis("similarity"), mean(forgetting(curves)), series, **style)


def similarity_axes(ax: Axes, ylabel: str, **labels) -> None:
    """Set up a panel of values against similarity."""
    ax.set(xlabel=V, ylabel=ylabel, xlim=(-0.02, 1.02), **labels)


def second(curves: Curves) -> np.ndarray:
    """Return the error of task 2 AFTER the switch, (axes..., run)."""
    return error(curves, 1)


MEASURES = (forgetting, second)  # of the panels of a family of lines


def plot_family(
    axes: Iterable[Axes],
    theory: Curves,
    key: str,
    labels: Mapping[float, str],
    simulation: Curves | None = None,
) -> None:
    """Draw forgetting and the error of task 2 in two panels, a line for each value of an axis.

    Parameters
    ----------
    axes : iterable of Axes
        The panels of forgetting and of the error of task 2, which gets a logarithmic scale.
    theory : Curves
        Equations along the axes `key` and `similarity`.
    key : str
        Name of the axis.
    labels : mapping of float to str
        Names of the lines by the values of the axis, ascending; those that the curves lack are not drawn.
    simulation : Curves, optional
        Networks along the same axes, for some of the values.
    """
    axes, drawn = tuple(axes), [] if simulation is None else simulation.axis(key)
    colors = _figures.colors_along(range(len(labels)), FAMILY_MAP)
    for (value, label), color in zip(labels.items(), colors, strict=True):
        if np.isclose(theory.axis(key), value).any():
            plot_measures(axes, theory.select(**{key: value}), label, color)
        if np.isclose(drawn, value).any():
            points = simulation.select(**{key: value})
            for ax, measure in zip(axes, MEASURES, strict=True):
                style = {"label": None, "color": color}
                _figures.plot_runs(ax, points.axis("similarity"), measure(points), label, **style)
    family_axes(axes)


def plot_measures(axes: Iterable[Axes], line: Curves, label: str, color) -> None:
    """Draw forgetting and the error of task 2 against similarity in two panels, as lines."""
    for ax, measure in zip(axes, MEASURES, strict=True):
        _figures.plot_theory(ax, line.axis("similarity"), mean(measure(line)), label, color=color)


def family_axes(axes: Iterable[Axes]) -> None:
    """Set up a panel of forgetting and a logarithmic one of the error of task 2."""
    first, last = axes
    similarity_axes(first, "forgetting")
    first.set_ylim(bottom=0.0)
    _figures.log_axes(last)
    similarity_axes(last, r"error of task 2, $\epsilon_2$")
