"""The stages of a step of DOP853: coefficients, work space, and states and derivatives at the stages."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.ode import dop853

STAGES = 12
DENSE_STAGES = 3

IN_STEP, ROW, TRIES, STAGES_DONE = 0, 1, 2, 3  # indices in `Buffers.progress`: 1 within a step, and counters


class Tableau(NamedTuple):
    """Coefficients of the method, as an argument: numba does not cache code with global arrays."""

    A: np.ndarray  # (16, 16) weights of the stages: 12 of a step, its end, 3 more for dense output
    E: np.ndarray  # (2, 13) error estimates of order five and three
    D: np.ndarray  # (4, 16) upper coefficients of the interpolant


def _tableau() -> Tableau:
    """Return the coefficients of `dop853`, padded with zeros."""
    A = np.zeros((16, 16))
    for stage, weights in enumerate(dop853.A, start=1):
        A[stage, : len(weights)] = weights
    return Tableau(A, np.array(dop853.E), np.array(dop853.D))


TABLEAU = _tableau()


class Buffers(NamedTuple):
    """Work space for a state of n numbers, and the point from which a paused integration resumes."""

    states: np.ndarray  # (16, n) states at the stages; number 12 is the one after the step
    k: np.ndarray  # (16, n) derivatives at the stages
    errors: np.ndarray  # (2, n) error estimates of order five and three
    dense: np.ndarray  # (7, n) coefficients of the interpolant
    progress: np.ndarray  # (4,) int64: IN_STEP, ROW, TRIES and STAGES_DONE
    numbers: np.ndarray  # (3,) as in `integrator.RestartPoint`, at the start of the step
    controlled: int  # the errors of the first numbers of the state, as many as this, determine the step size


def buffers_for(n: int, controlled: int | None = None) -> Buffers:
    """Allocate the work space of one integration.

    Parameters
    ----------
    n : int
        Length of the state.
    controlled : int, optional
        Number of its first entries whose errors determine the step size; by default n. The further ones have
        no influence on these, and steps are the same with and without them.

    Returns
    -------
    Buffers
    """
    rows = (np.empty((count, n)) for count in (16, 16, 2, 7))
    return Buffers(*rows, np.zeros(4, np.int64), np.zeros(3), n if controlled is None else controlled)


@rounded
def copy(out, x):
    """Copy a vector; the shape check of an assignment to a slice would take seconds to compile."""
    for i in range(len(out)):
        out[i] = x[i]


@rounded
def add_weighted(out, step, weights, row, k):
    """Add step sum_j weights[row, j] k[j]; rows of k with zero weight are skipped.

    Parameters
    ----------
    out : (n,) array
        Changed.
    step : float
        Size of the step.
    weights : (rows, J) array
        Weights of derivatives.
    row : int
        Which of them.
    k : (J or more, n) array
        Derivatives.
    """
    for j in range(weights.shape[1]):
        if weights[row, j] != 0.0:
            weight = step * weights[row, j]
            for i in range(len(out)):
                out[i] = fma(weight, k[j, i], out[i])


@rounded
def _state_at(s, y, step, tableau, work):
    """Compute the state at stage s from the derivatives at the earlier ones."""
    copy(work.states[s], y)
    add_weighted(work.states[s], step, tableau.A, s, work.k)


@inlined
def stages_between(f, params, y, step, tableau, work, first, last):
    """Compute the states and derivatives at those of the stages first, ..., last - 1 that are not done yet.

    Returns False where f pauses.

    Parameters
    ----------
    f, params : function and NamedTuple
        As in `integrator.integrate`.
    y : (n,) array
        State at the start of the step.
    step : float
        Size of the step.
    tableau : Tableau
        Coefficients of the method.
    work : Buffers
        Receives states and derivatives.
    first, last : int
        Range of the stages, from 0 to 16.

    Returns
    -------
    bool
    """
    for s in range(max(first, work.progress[STAGES_DONE]), last):
        _state_at(s, y, step, tableau, work)
        if not f(work.states[s], params, work.k[s]):
            return False
        work.progress[STAGES_DONE] = s + 1
    return True
