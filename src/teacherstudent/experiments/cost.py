"""Estimated CPU seconds of grid points; grids are divided into jobs by them.

The numbers are those of a shared virtual server; expect a factor of two either way. A change here changes
which cells of a grid share a file, so that files of several cells are made again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from teacherstudent.engines.observables import row_sizes
from teacherstudent.engines.trajectory import record_times
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
    """Estimate the CPU seconds of the points of a grid.

    Parameters
    ----------
    engine : str
        The name of the engine.
    runs : int
        The number of runs at each point.
    first : Spec
        The spec at the first value of every axis.
    others : mapping
        For each axis the specs by value, with the first value on the other axes.

    Returns
    -------
    Cost
        An estimate of which the cost of any part of the grid follows.
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
    spec : Spec
        The spec.
    engine : str
        The name of the engine.
    runs : int
        The number of runs.

    Returns
    -------
    ndarray of shape (terms,)
        Positive seconds. Each term is a product of factors that depend on one axis each.
    """
    rows, numbers = runs * len(record_times(spec)), sum(row_sizes(spec).values())
    storing = STORED_POINT, STORED_ROW * rows, STORED_NUMBER * rows * numbers
    dynamics = {"network": _network, "chain": _chain, "ode": _ode}[engine](spec, runs)
    return np.array([*storing, *dynamics]) + np.finfo(float).tiny  # no term is nothing: factors are ratios


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
