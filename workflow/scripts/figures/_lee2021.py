"""Shared parts of the figures of Lee et al. 2021: errors coloured by similarity, and averages over runs.

Figures with a single run show run 0 of a seed; all runs together show the effect of the initial weights.
"""

import _figures
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize

from teacherstudent import measures
from teacherstudent.store.curves import Curves

PLOTTED = 0  # the run in figures of a single run
SIMILARITY_MAPS = ("viridis", "plasma")  # of the errors of task 1 and task 2, as published


def errors(curves: Curves, task: int) -> np.ndarray:
    """Return the generalisation error against one teacher, (axes..., run, time)."""
    return curves.values("generalisation_error")[..., task]


def inputs(curves: Curves) -> int:
    """Return the number of inputs N."""
    return curves.spec.inputs.dimension


def levels(curves: Curves, task: int, when) -> np.ndarray:
    """Return log10 of the error of a task at a recorded time, (axes..., run); KeyError at other times."""
    if np.isclose(curves.time, when).sum() != 1:
        raise KeyError(f"t = {when} is not among the recorded times")
    return measures.log10_error_at(curves.time, errors(curves, task), when)


def peak(x, y) -> float:
    """Return the x of the maximum of y, by a parabola through the three points around it, or an end.

    x and y have the shape (n,). The result is NaN if y is not finite.
    """
    if not np.all(np.isfinite(y)):
        return np.nan
    top = int(np.argmax(y))
    if top in (0, len(y) - 1):
        return float(x[top])
    curvature, slope, _ = np.polyfit(np.asarray(x[top - 1 : top + 2]) - x[top], y[top - 1 : top + 2], 2)
    return float(x[top] - slope / (2 * curvature)) if curvature < 0 else float(x[top])


def inverted_u(values: np.ndarray) -> np.ndarray:
    """Return the largest value along the first axis minus the larger of its ends, (n, ...) to (...)."""
    return values.max(axis=0) - np.maximum(values[0], values[-1])


def median(values) -> dict:
    """Return the median over runs, shape (run,), and its standard error for a normal distribution.

    The keys are those of a claim: `value` and `uncertainty`.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    error = np.sqrt(np.pi / 2) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else None
    return {"value": float(np.median(values)) if len(values) else np.nan, "uncertainty": error}


def plot_errors(ax: Axes, curves: Curves, task: int, every: int = 1, start: float = 0.0) -> None:
    """Draw the error of a task against time since `start` in the plotted run, one line per similarity.

    Parameters
    ----------
    ax : Axes
    curves : Curves
        Runs along an axis `similarity`.
    task : int
        Counted from 0.
    every : int
        Step between the plotted values of the axis.
    start : float
        Origin of time.
    """
    similarities, lines = curves.axis("similarity")[::every], errors(curves, task)[::every, PLOTTED]
    colors = similarity_scale(task).to_rgba(similarities)
    for similarity, line, color in zip(similarities, lines, colors, strict=True):
        name = f"V = {similarity:.4g}"
        _figures.plot_theory(ax, curves.time - start, line, name, label=None, color=color, linewidth=0.8)


def error_axes(ax: Axes, task: int, low: float, high: float, **labels) -> None:
    """Set up a panel of errors against time with a colour bar of similarities.

    Parameters
    ----------
    ax : Axes
    task : int
        Counted from 0.
    low, high : float
        log10 of the ends of the vertical axis.
    labels
        Further properties of the axes.
    """
    _figures.log_axes(ax)
    ax.set(ylim=(10.0**low, 10.0**high), ylabel=rf"error of task {task + 1}, $\epsilon_{task + 1}$", **labels)
    bar = ax.figure.colorbar(similarity_scale(task), ax=ax, label="similarity $V$", pad=0.02)
    bar.outline.set_linewidth(0.6)


def similarity_scale(task: int) -> ScalarMappable:
    """Return the colours of similarities between 0 and 1."""
    colors = _figures.colors_along(np.linspace(0.0, 1.0, 256), SIMILARITY_MAPS[task])
    return ScalarMappable(Normalize(0.0, 1.0), ListedColormap(colors))
