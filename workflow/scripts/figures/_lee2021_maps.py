"""Shared parts of the figures of wide networks: measures of forgetting and transfer over both similarities.

Times after the switch are counted in rows of 100 steps as in the paper. A smaller student learns faster in
proportion to its units; therefore its rows in the small form are shorter by the same factor.
"""

import dataclasses

import _figures
import numpy as np
from _lee2021 import errors, inputs
from _lee2021_trends import slopes

from teacherstudent import measures
from teacherstudent.store.curves import Curves, mean_over, sem_over

FEATURES, READOUTS = "features.similarity", "readouts.similarity"
ROW, UNITS = 100, 1000  # steps in a row, units of the published student
SPREAD = 0.4  # of forgetting of single published runs about their mean, in decades
MOST_LABELS = 6  # at the columns of a map; with more columns every other one has a label
COLORS = ("viridis", "plasma")  # of forgetting and of transfer, as published
MEASURES = (
    "rate of forgetting",
    "long-time forgetting",
    "maximal forgetting",
    "rate of transfer",
    "long-time transfer",
    "maximal transfer",
)


def as_published(curves: Curves) -> bool:
    """Return whether students have the published size; others are not compared with published numbers."""
    return curves.spec.student.hidden == UNITS


def switch(curves: Curves) -> np.ndarray:
    """Return the time of the switch, (axes..., run)."""
    return curves.switch_times[..., 0]


def row(curves: Curves) -> float:
    """Return the duration of a row in units of time."""
    return ROW / inputs(curves) * curves.spec.student.hidden / UNITS


def similarities(curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    """Return the similarities of features and of readouts."""
    return curves.axis(FEATURES), curves.axis(READOUTS)


def joined(first: Curves, *others: Curves) -> Curves:
    """Return curves with the runs of several experiments, which have the same axes and recorded times."""
    parts, axis = (first, *others), len(first.axes)

    def stacked(arrays):
        return np.concatenate(list(arrays), axis=axis)

    return dataclasses.replace(
        first,
        runs=sum(part.runs for part in parts),
        quantities={
            name: stacked(part.quantities[name] for part in parts) for name in ("generalisation_error",)
        },
        diverged=stacked(part.diverged for part in parts),
        switch_times=stacked(part.switch_times for part in parts),
    )


def draw(axes, curves: Curves, maps: dict[str, np.ndarray]) -> None:
    """Draw maps of means over runs, one row of panels for forgetting and one for transfer.

    The title of a panel has the smallest and the largest standard error of its cells.

    Parameters
    ----------
    axes : ndarray of Axes, shape (2, columns)
    curves : Curves
        Runs along the similarities of features and of readouts.
    maps : dict of str to ndarray
        Values by name, shape (feature similarity, readout similarity, run).
    """
    features, readouts = similarities(curves)
    rows, labels = np.repeat(COLORS, len(maps) // len(COLORS)), 1 if len(readouts) <= MOST_LABELS else 2
    for ax, color, (name, values) in zip(np.ravel(axes), rows, maps.items(), strict=True):
        cells = mean_over(values, 2)
        _figures.plot_heatmap(ax, readouts, features, cells, name, "simulation", color, xticklabels=labels)
        ax.set(xlabel="readout similarity", ylabel="feature similarity")
        ax.set_title(errors_of_cells(values), loc="right", fontsize="x-small")


def plot_trends(axes, curves: Curves, maps: dict[str, np.ndarray]) -> None:
    """Draw the slopes of maps along both similarities, means over runs with standard errors.

    Parameters
    ----------
    axes : ndarray of Axes, shape (2,)
        Of the measures of forgetting and of those of transfer.
    curves, maps
        As in `draw`.
    """
    names = np.split(np.array(list(maps)), len(COLORS))
    for ax, group in zip(axes, names, strict=True):
        found = [slopes(maps[name], *similarities(curves)) for name in group]
        for number, similarity in enumerate(("feature", "readout")):
            values, x = np.array([each[similarity] for each in found]), np.arange(len(group))
            style = {"color": f"C{number}", "linestyle": "none"}
            _figures.plot_runs(ax, x + 0.2 * (number - 0.5), values, f"{similarity} similarity", **style)
        ax.axhline(0.0, color="0.6", linewidth=0.6, zorder=0)
        ax.set_xticks(range(len(group)), [name.replace(" ", "\n", 1) for name in group])
        ax.set(xlabel="", ylabel="slope (decades)", xlim=(-0.5, len(group) - 0.5))
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncol=2)


def errors_of_cells(values: np.ndarray) -> str:
    """Return a text with the range of the standard errors of the cells of a map; values are (..., run)."""
    errors = sem_over(values, values.ndim - 1)
    if not np.isfinite(errors).any():
        return "one run"
    low, high = (f"{end:.2g}" for end in (np.nanmin(errors), np.nanmax(errors)))
    return f"s.e.m. {low} to {high}"


def forgetting(curves: Curves, rows: int) -> np.ndarray:
    """Return forgetting some rows after the switch, (feature similarity, readout similarity, run)."""
    return measures.forgetting(curves.time, errors(curves, 0), switch(curves), rows * row(curves))


def measured(curves: Curves) -> dict[str, np.ndarray]:
    """Return each of MEASURES, (feature similarity, readout similarity, run); rates are per row."""
    moment, (first, second) = switch(curves), (errors(curves, task) for task in (0, 1))
    start = measures.transfer(curves.time, second, moment, 10 * row(curves))
    values = (
        forgetting(curves, 10) / 10,
        measures.adjusted_forgetting(curves.time, first, second, moment),
        measures.maximal_forgetting(curves.time, first, moment),
        start / 10,
        measures.transfer(curves.time, second, moment),
        measures.maximal_transfer(curves.time, second, moment),
    )
    return dict(zip(MEASURES, values, strict=True))
