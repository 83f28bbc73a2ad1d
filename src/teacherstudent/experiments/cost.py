"""How many seconds of one core the points of a grid take, roughly: what jobs are made of.

The numbers are those of a shared virtual server; expect a factor of two either way. A change here changes
which cells of a grid share a file, so that files of several cells are made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.trajectory import LEFT_OUT, OVERLAPS, record_times
from teacherstudent.spec.model import Spec

STORED_POINT = 0.02  # the attributes of a group, and its datasets as such
STORED_ROW, STORED_NUMBER = 3e-6, 4e-7  # most of it is compression


@dataclass(frozen=True)
class Cost:
    """Seconds of the points of a grid: terms of the first point, and their factors for each value of an axis.

    All terms are products of what the axes say: what each value takes with first values on the other axes
    tells what all points take.
    """

    first: np.ndarray  # (terms,)
    factors: dict[str, dict[Any, np.ndarray]]  # by axis and value: (terms,)

    def of(self, axes: Mapping[str, list]) -> float:
        """Return the seconds of all points of a part of the grid: values for each axis."""
        terms = self.first
        for key, values in axes.items():
            terms = terms * sum(self.factors[key][value] for value in values)
        return float(np.sum(terms))


def grid_cost(engine: str, runs: int, first: Spec, others: Mapping[str, Mapping[Any, Spec]]) -> Cost:
    """Estimate the points of a grid from the specs at its first point and at every value of each axis."""
    terms = point_terms(first, engine, runs)
    factors = {
        key: {value: point_terms(spec, engine, runs) / terms for value, spec in specs.items()}
        for key, specs in others.items()
    }
    return Cost(terms, factors)


def point_terms(spec: Spec, engine: str, runs: int) -> np.ndarray:
    """Estimate the seconds of all runs of a spec and of storing them, as terms that are products."""
    rows = runs * len(record_times(spec))
    storing = STORED_POINT, STORED_ROW * rows, STORED_NUMBER * rows * _numbers(spec)
    dynamics = engine_named(engine).cost(spec, runs)
    return np.array([*storing, *dynamics]) + np.finfo(float).tiny  # no term is nothing: factors are ratios


def _numbers(spec: Spec) -> int:
    """Return how many numbers are recorded at a time."""
    P, M, K = spec.teachers.count, spec.teachers.hidden, spec.student.hidden
    left_out = LEFT_OUT[spec.record.quantities]
    overlaps = 0 if OVERLAPS[0] in left_out else K * (K + P * M)
    readouts = 0 if "student_readouts" in left_out else spec.heads * K
    return P + overlaps + readouts
