"""Estimated CPU seconds of grid points, by which grids are divided into jobs.

The numbers were measured on a shared virtual server and are accurate up to a factor of two. A change of them
changes which cells of a grid share a file, so that files of several cells are computed again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.observables import row_sizes
from teacherstudent.engines.trajectory import record_times
from teacherstudent.spec.model import Spec

STORED_POINT = 0.02  # seconds for the attributes of a group and for creating its datasets
STORED_ROW, STORED_NUMBER = 3e-6, 4e-7  # seconds, mostly for compression


@dataclass(frozen=True)
class Cost:
    """Seconds of the points of a grid: terms of the first point, and their factors for each value of an axis.

    Each term is a product of functions of single axes: the cost of each value with the first values on the
    other axes determines the cost of all points.
    """

    first: np.ndarray  # (terms,), seconds
    factors: dict[str, dict[Any, np.ndarray]]  # by axis and value: (terms,)

    def of(self, axes: Mapping[str, list]) -> float:
        """Return the seconds of all points of a part of the grid: values for each axis."""
        terms = self.first
        for key, values in axes.items():
            terms = terms * sum(self.factors[key][value] for value in values)
        return float(np.sum(terms))


def _is_comparable(terms: np.ndarray, other: np.ndarray) -> bool:
    """Return whether the terms of a point are multiples of those of another one, term by term."""
    return len(terms) == len(other) and not (other[terms == 0.0] > 0.0).any()


def grid_cost(engine: str, runs: int, first: Spec, others: Mapping[str, Mapping[Any, Spec]]) -> Cost:
    """Estimate the cost of a grid.

    Parameters
    ----------
    engine : str
        The name of the engine.
    runs : int
        The number of runs at each point.
    first : Spec
        The spec at the first point.
    others : mapping of str to mapping of value to Spec
        By axis and value the spec with this value and the first values on the other axes.

    Returns
    -------
    Cost
        The terms of the first point, and their factors.
    """
    terms = point_terms(first, engine, runs)
    along = {
        key: {value: point_terms(spec, engine, runs) for value, spec in specs.items()}
        for key, specs in others.items()
    }
    if not all(_is_comparable(terms, other) for found in along.values() for other in found.values()):
        # The costs have another form at some values: only totals can be compared.
        terms = terms.sum(keepdims=True)
        along = {
            key: {value: other.sum(keepdims=True) for value, other in found.items()}
            for key, found in along.items()
        }
    factors = {
        key: {
            value: np.divide(other, terms, out=np.ones_like(terms), where=terms > 0.0)
            for value, other in found.items()
        }
        for key, found in along.items()
    }
    return Cost(terms, factors)


def point_terms(spec: Spec, engine: str, runs: int) -> np.ndarray:
    """Estimate the CPU seconds of all runs of a spec and of storing them.

    Parameters
    ----------
    spec : Spec
        The spec of the runs.
    engine : str
        The name of the engine.
    runs : int
        The number of runs.

    Returns
    -------
    ndarray, shape (terms,)
        Seconds, not negative. Each term is a product of factors that depend on one axis each.
    """
    rows, numbers = runs * len(record_times(spec)), sum(row_sizes(spec).values())
    storing = STORED_POINT, STORED_ROW * rows, STORED_NUMBER * rows * numbers
    dynamics = engine_named(engine).cost(spec, runs)
    return np.array([*storing, *dynamics])
