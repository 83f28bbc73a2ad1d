"""Estimated CPU seconds of grid points; grids are divided into jobs by them.

The numbers were measured on a shared virtual server and are accurate up to a factor of two. A change here
changes which cells of a grid share a file, so that files of several cells are made again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from teacherstudent.engines.trajectory import LEFT_OUT, OVERLAPS, record_times
from teacherstudent.spec.model import Spec

STORED_POINT = 0.02  # the attributes of a group, and its datasets as such
STORED_ROW, STORED_NUMBER = 3e-6, 4e-7  # most of it is compression
# Engine network: a step, and in it an input drawn, a weight used and a unit asked.
STEP, INPUT, WEIGHT, UNIT = 200e-9, 2.5e-9, 0.25e-9, 2.5e-9
SINGLE = 0.65  # in single precision
# What is recorded: a pair of units in the errors, a weight times a sample of a training or test set.
PAIR, SAMPLE = 4e-9, 0.5e-9
# Engine chain, which is slow to import: chains that go on together, and in a whole vector.
TOGETHER, LANES = 64, 8
# A step of chains that go on together, by the number p of units: A0 + A1 p and, for a chain each,
# B0 + B1 p + B2 p^2.
TOGETHER_COST, CHAIN_COST = (400e-9, 120e-9), (20e-9, 4e-9, 0.45e-9)
# Engine ode: a run, and K^3 of it until t = 1000, from where on steps grow longer.
ODE_RUN, ODE_UNITS = 0.003, 0.00013


@dataclass(frozen=True)
class Cost:
    """Seconds of the points of a grid: terms of the first point, and their factors for each value of an axis.

    Each term is a product of functions of single axes: the cost of each value with the first values on the
    other axes determines the cost of all points.
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
    """Estimate the cost of a grid.

    Parameters
    ----------
    engine
        The name of the engine.
    runs
        The number of runs at each point.
    first
        The spec at the first point.
    others
        By axis and value the spec with this value and the first values on the other axes.

    Returns
    -------
    Cost
        The terms of the first point, and their factors.
    """
    terms = point_terms(first, engine, runs)
    factors = {
        key: {value: point_terms(spec, engine, runs) / terms for value, spec in specs.items()}
        for key, specs in others.items()
    }
    return Cost(terms, factors)


def point_terms(spec: Spec, engine: str, runs: int) -> np.ndarray:
    """Estimate the CPU seconds of all runs of a spec and of storing them.

    Parameters
    ----------
    spec
        The spec of the runs.
    engine
        The name of the engine.
    runs
        The number of runs.

    Returns
    -------
    array
        Terms whose sum is the estimate, each a product of functions of single values of the spec.
    """
    rows = runs * len(record_times(spec))
    storing = STORED_POINT, STORED_ROW * rows, STORED_NUMBER * rows * _numbers(spec)
    dynamics = {"network": _network, "chain": _chain, "ode": _ode}[engine](spec, runs)
    return np.array([*storing, *dynamics]) + np.finfo(float).tiny  # no term is 0: factors are ratios


def _numbers(spec: Spec) -> int:
    """Return how many numbers are recorded at each time."""
    P, M, K = spec.teachers.count, spec.teachers.hidden, spec.student.hidden
    left_out = LEFT_OUT[spec.record.quantities]
    overlaps = 0 if OVERLAPS[0] in left_out else K * (K + P * M)
    readouts = 0 if "student_readouts" in left_out else spec.heads * K
    return P + overlaps + readouts


def _network(spec: Spec, runs: int) -> tuple[float, ...]:
    N, K, M, inputs = spec.inputs.dimension, spec.student.hidden, spec.teachers.hidden, spec.inputs
    steps, rows = runs * spec.duration * N, runs * len(record_times(spec))
    samples = steps * spec.training.batch_size
    single = SINGLE if spec.numerics.precision == "float32" else 1.0
    stored = (inputs.samples or 0) + (inputs.dataset.test_samples if inputs.dataset else 0)
    return (
        STEP * steps,
        INPUT * samples * N * single * (inputs.samples is None),
        WEIGHT * samples * N * (K + M) * single,
        UNIT * samples * (K + M),
        PAIR * rows * (K + spec.teachers.count * M) ** 2,
        SAMPLE * rows * stored * K * N,
    )


def _chain(spec: Spec, runs: int) -> tuple[float, ...]:
    p = spec.student.hidden + spec.teachers.count * spec.teachers.hidden
    steps, chains = spec.duration * spec.inputs.dimension, math.ceil(runs / LANES) * LANES
    together, alone = (np.polynomial.Polynomial(cost)(p) for cost in (TOGETHER_COST, CHAIN_COST))
    batch = spec.training.batch_size
    return together * steps * batch * math.ceil(runs / TOGETHER), alone * steps * batch * chains


def _ode(spec: Spec, runs: int) -> tuple[float, ...]:
    return ODE_RUN * runs, ODE_UNITS * runs * spec.student.hidden**3 * math.sqrt(spec.duration / 1000.0)
