"""Sizes of the steps of DOP853, from their estimated errors; Hairer et al., sec. II.4 and II.10."""

import math

from teacherstudent.kernels.compile.flags import rounded
from teacherstudent.kernels.compile.vectors import fma, select
from teacherstudent.kernels.ode.stages import STAGES

SAFETY = 0.9  # factor of the step size whose estimated error equals the tolerance
MIN_FACTOR = 0.2  # smallest factor by which the step size changes
MAX_FACTOR = 10.0  # largest factor
EXPONENT = -1.0 / 8.0  # the error estimate is of order seven


@rounded
def norm(x, y, n, rtol, atol):
    """Return the root mean square of the first n of x / (atol + rtol |y|); Hairer et al., eq. (4.11).

    Parameters
    ----------
    x, y : (n or more,) arrays
        Numbers, and those that determine their scale.
    n : int
        How many numbers count.
    rtol, atol : float
        Relative and absolute tolerance.

    Returns
    -------
    float
    """
    total = 0.0
    for i in range(n):
        scaled = x[i] / fma(rtol, abs(y[i]), atol)
        total += scaled * scaled
    return math.sqrt(total / n)


@rounded
def guessed_step(d0, d1):
    """Return a first guess of the size of the first step from the norms of y and y'."""
    return 1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1


@rounded
def norm_of_change(k, y, n, rtol, atol):
    """Return the norm of k[1] - k[0], which replaces k[1].

    Parameters
    ----------
    k : (2 or more, n) array
        Derivatives at the start and after the guessed step.
    y : (n,) array
        State.
    n : int
        How many numbers count.
    rtol, atol : float
        Relative and absolute tolerance.

    Returns
    -------
    float
    """
    for i in range(len(y)):
        k[1, i] -= k[0, i]
    return norm(k[1], y, n, rtol, atol)


@rounded
def first_step(h0, d1, d2):
    """Return the size of the first step from a guess and the norms of y' and y''.

    Parameters
    ----------
    h0 : float
        The guess.
    d1, d2 : float
        Norms of y' and y''.

    Returns
    -------
    float
    """
    largest = max(d1, d2)
    h1 = max(1e-6, h0 * 1e-3) if largest <= 1e-15 else (0.01 / largest) ** 0.125
    return min(100.0 * h0, h1)


@rounded
def is_last(t, step, end):
    """Return whether a step is shortened, or made longer by rounding, to reach the end.

    Parameters
    ----------
    t, step, end : float
        Time, size of the step, and end of the integration.

    Returns
    -------
    bool
    """
    return t + step >= end * (1.0 - 1e-15)


@rounded
def error_norm(tableau, step, y, work, rtol, atol):
    """Return the estimated error of a step in units of the tolerance, from estimates of order 5 and 3.

    err = err5^2 / sqrt(err5^2 + 0.01 err3^2), each the root mean square of errors / (atol + rtol max |y|);
    Hairer et al., eqs. (4.10), (4.11) and (10.17).

    Parameters
    ----------
    tableau : Tableau
        Coefficients of the method.
    step : float
        Size of the step.
    y : (n,) array
        State at its start.
    work : Buffers
        With the derivatives at all stages, and the state at the end.
    rtol, atol : float
        Relative and absolute tolerance.

    Returns
    -------
    float
        Below 1 for a step that is accepted; NaN where a derivative is NaN.
    """
    five, three = 0.0 * rtol, 0.0 * rtol  # of the type of rtol
    for order in range(tableau.E.shape[0]):
        for i in range(len(y)):
            work.errors[order, i] = 0.0
        for j in range(tableau.E.shape[1]):  # zero weights too: NaN at any stage must reach the error
            for i in range(len(y)):
                work.errors[order, i] = fma(work.k[j, i], tableau.E[order, j], work.errors[order, i])
    for i in range(work.controlled):
        old, new = abs(y[i]), abs(work.states[STAGES, i])
        scale = fma(rtol, select(old > new, old, new), atol)
        e5, e3 = work.errors[0, i] / scale, work.errors[1, i] / scale
        five += e5 * e5
        three += e3 * e3
    total = five + 0.01 * three
    # Without any error the quotient is undefined; a total that is NaN must be the result.
    return select(total > 0.0, abs(step) * five / math.sqrt(total * work.controlled), total)


@rounded
def smaller_step(cut, error):
    """Return the size with which a rejected step is repeated."""
    return cut * (max(MIN_FACTOR, SAFETY * error**EXPONENT) if error < math.inf else MIN_FACTOR)


@rounded
def next_step(cut, error, growth):
    """Return the size of the step after an accepted one; Hairer et al., eq. (4.13).

    Parameters
    ----------
    cut : float
        Size of the accepted step.
    error : float
        Its error in units of the tolerance.
    growth : float
        Largest factor of the size.

    Returns
    -------
    float
    """
    return cut * (min(growth, SAFETY * error**EXPONENT) if error > 0.0 else growth)
