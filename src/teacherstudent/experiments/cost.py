"""Estimated CPU seconds of grid points, by which grids are divided into jobs.

The numbers were measured on a shared virtual server and are accurate up to a factor of two. A change of them
changes which cells of a grid share a file, so that files of several cells are computed again.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.observables import row_sizes
from teacherstudent.engines.trajectory import record_times
from teacherstudent.spec.model import Spec

STORED_POINT = 0.018  # seconds for the attributes of a group and for creating its datasets
STORED_ROW, STORED_NUMBER = 1.5e-6, 2.2e-7  # seconds, mostly for compression


@dataclass(frozen=True)
class Cost:
    """Seconds of the points of a grid: terms of the first point, and their factors for each value of an axis.

    Each term is a product of functions of single axes: the cost of each value with the first values on the
    other axes determines the cost of all points. The terms of the first point depend on how many points share
    some of its work (`Engine.shared`).
    """

    # Seconds (terms,) by the numbers of points that share work.
    first: Callable[[tuple[float, ...]], np.ndarray]
    factors: dict[str, dict[Any, np.ndarray]]  # by axis and value: (terms,)
    shared: dict[str, dict[Any, tuple[Hashable, ...]]]  # by axis and value: the keys of shared work

    def of(self, axes: Mapping[str, list]) -> float:
        """Return the seconds of all points of a part of the grid: values for each axis."""
        terms = self.first(self._sharing(axes))
        for key, values in axes.items():
            terms = terms * sum(self.factors[key][value] for value in values)
        return float(np.sum(terms))

    def _sharing(self, axes: Mapping[str, list]) -> tuple[float, ...]:
        """Return how many points share each kind of work, on average."""
        along = [_sharing_on(axis, self.shared[key]) for key, axis in axes.items()]
        return tuple(math.prod(numbers) for numbers in zip(*along, strict=True))


def _sharing_on(values: list, shared: Mapping[Any, tuple[Hashable, ...]]) -> list[float]:
    """Return how many values of an axis share each kind of work, on average; None is never shared."""
    kinds = zip(*(shared[value] for value in values), strict=True)
    return [len(keys) / (len(set(keys) - {None}) + keys.count(None)) for keys in kinds]


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

    @cache
    def of_first(sharing: tuple[float, ...]) -> np.ndarray:
        found = point_terms(first, engine, runs, sharing)
        return found if comparable else found.sum(keepdims=True)

    terms = point_terms(first, engine, runs)
    along = {
        key: {value: point_terms(spec, engine, runs) for value, spec in specs.items()}
        for key, specs in others.items()
    }
    comparable = all(_is_comparable(terms, other) for found in along.values() for other in found.values())
    if not comparable:
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
    keys = engine_named(engine).shared
    shared = {key: {value: keys(spec) for value, spec in specs.items()} for key, specs in others.items()}
    return Cost(of_first, factors, shared)


def point_terms(spec: Spec, engine: str, runs: int, sharing: tuple[float, ...] = ()) -> np.ndarray:
    """Estimate the CPU seconds of all runs of a spec and of storing them.

    Parameters
    ----------
    spec : Spec
        The spec of the runs.
    engine : str
        The name of the engine.
    runs : int
        The number of runs.
    sharing : tuple of float
        How many points of a grid share each kind of work (`Engine.cost`).

    Returns
    -------
    ndarray, shape (terms,)
        Seconds, not negative. Each term is a product of factors that depend on one axis each.
    """
    rows, numbers = runs * len(record_times(spec)), sum(row_sizes(spec).values())
    storing = STORED_POINT, STORED_ROW * rows, STORED_NUMBER * rows * numbers
    dynamics = engine_named(engine).cost(spec, runs, sharing)
    return np.array([*storing, *dynamics])
