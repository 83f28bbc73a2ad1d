"""What the figures of wide networks share: measures of forgetting and transfer over both similarities.

Times are parts of a phase of training, which has 15000 rows of 100 steps in the paper; a smaller student
learns faster in proportion to its units, so that the small form has shorter phases.
"""

import numpy as np
from _lee2021 import errors

from teacherstudent import measures
from teacherstudent.curves import Curves

FEATURES, READOUTS = "features.similarity", "readouts.similarity"
ROWS = 15_000  # of 100 steps in a phase
MEASURES = (
    "rate of forgetting",
    "long-time forgetting",
    "maximal forgetting",
    "rate of transfer",
    "long-time transfer",
    "maximal transfer",
)


def switch(curves: Curves) -> float:
    """Return the time of the switch, half-way through the run."""
    return curves.spec["duration"] / 2


def after(curves: Curves, rows: int) -> float:
    """Return the time that rows after the switch take."""
    return rows * switch(curves) / ROWS


def similarities(curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    """Return the similarities of features and of readouts."""
    return curves.axis(FEATURES), curves.axis(READOUTS)


def forgetting(curves: Curves, rows: int) -> np.ndarray:
    """Return forgetting some rows after the switch, (feature similarity, readout similarity, run)."""
    return measures.forgetting(curves.time, errors(curves, 0), switch(curves), after(curves, rows))


def measured(curves: Curves) -> dict[str, np.ndarray]:
    """Return each of MEASURES, (feature similarity, readout similarity, run); rates are per row."""
    moment, (first, second) = switch(curves), (errors(curves, task) for task in (0, 1))
    start = measures.transfer(curves.time, second, moment, after(curves, 10))
    values = (
        forgetting(curves, 10) / 10,
        measures.adjusted_forgetting(curves.time, first, second, moment),
        measures.maximal_forgetting(curves.time, first, moment),
        start / 10,
        measures.transfer(curves.time, second, moment),
        measures.maximal_transfer(curves.time, second, moment),
    )
    return dict(zip(MEASURES, values, strict=True))
