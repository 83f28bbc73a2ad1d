"""Shared parts of the figures of wide networks: measures of forgetting and transfer over both similarities.

Times after the switch are counted in rows of 100 steps as in the paper. A smaller student learns faster in
proportion to its units; therefore its rows in the small form are shorter by the same factor.
"""

import _figures
import numpy as np
from _lee2021 import errors, inputs

from teacherstudent import measures
from teacherstudent.store.curves import Curves, mean_over

FEATURES, READOUTS = "features.similarity", "readouts.similarity"
ROW, UNITS = 100, 1000  # steps in a row, units of the published student
SPREAD = 0.4  # of forgetting of single published runs about their mean, in decades
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


def draw(axes, curves: Curves, maps: dict[str, np.ndarray]) -> None:
    """Draw maps of means over runs, one row of panels for forgetting and one for transfer.

    Parameters
    ----------
    axes : ndarray of Axes, shape (2, columns)
    curves : Curves
        Runs along the similarities of features and of readouts.
    maps : dict of str to ndarray
        Values by name, shape (feature similarity, readout similarity, run).
    """
    features, readouts = similarities(curves)
    rows = np.repeat(COLORS, len(maps) // len(COLORS))
    for ax, color, (name, values) in zip(np.ravel(axes), rows, maps.items(), strict=True):
        _figures.plot_heatmap(ax, readouts, features, mean_over(values, 2), name, "simulation", color)
        ax.set(xlabel="readout similarity", ylabel="feature similarity")
    _figures.letter(axes)


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
