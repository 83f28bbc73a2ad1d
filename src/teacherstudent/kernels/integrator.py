"""Adaptive Runge-Kutta integration of y' = f(y), compiled: DOP853 with dense output and one event.

Dormand-Prince 8(5,3) of Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, sec. II.5; coefficients from
SciPy. `integrate` is generic: functions that take the right-hand side as an argument are inlined where they are called, since
numba caches no code that passes functions around.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.integrate import DOP853

from teacherstudent.kernels.compilation import exact, fast, inlined

STAGES = 12
DENSE_STAGES = 3

SAFETY = 0.9  # of the step size that would just pass
MIN_FACTOR = 0.2  # smallest change of the step size
MAX_FACTOR = 10.0  # largest
EXPONENT = -1.0 / 8.0  # the error estimate is of order seven
MIN_STEP = 1e-14  # relative to the time; a smaller step means that the solution diverges
EVENT_HALVINGS = 60  # of the step in which the event lies

REACHED_END, EVENT, DIVERGED = 0, 1, 2


class Tableau(NamedTuple):
    """Coefficients of the method; an argument of kernels, since numba does not cache code with global arrays."""

    A: np.ndarray  # (16, 16) weights of the stages: 12 of a step, its end, 3 more for dense output
    E3: np.ndarray  # (13,) error estimate of order three
    E5: np.ndarray  # (13,) error estimate of order five
    D: np.ndarray  # (4, 16) upper coefficients of the interpolant


def _tableau() -> Tableau:
    A = np.zeros((16, 16))
    A[:STAGES, :STAGES], A[STAGES, :STAGES], A[STAGES + 1 :] = DOP853.A, DOP853.B, DOP853.A_EXTRA
    return Tableau(A, DOP853.E3.copy(), DOP853.E5.copy(), DOP853.D.copy())


TABLEAU = _tableau()


class Scratch(NamedTuple):
    """Work space for a state of n numbers."""

    k: np.ndarray  # (16, n) derivatives at the stages
    new: np.ndarray  # (n,) state after the step
    stage: np.ndarray  # (n,) state at a stage
    dense: np.ndarray  # (7, n) coefficients of the interpolant


@exact
def scratch(n):
    """Allocate the work space for a state of n numbers."""
    return Scratch(np.empty((16, n)), np.empty(n), np.empty(n), np.empty((7, n)))


@fast
def weighted_sum(out, start, step, weights, k, count):
    """out = start + step sum_j weights_j k_j over the first `count` rows of k."""
    out[:] = start
    for j in range(count):
        w = step * weights[j]
        if w != 0.0:
            for i in range(len(out)):
                out[i] += w * k[j, i]


@inlined
def stages(f, params, y, step, tableau, work, first, last):
    """Compute the derivatives at stages first, ..., last - 1; the state of the last one stays in work.stage."""
    for s in range(first, last):
        weighted_sum(work.stage, y, step, tableau.A[s], work.k, s)
        f(work.stage, params, work.k[s])


@exact
def error_norm(tableau, k, step, y, new, rtol, atol):
    """Estimated error of a step in units of the tolerance: root mean square of the 5th order, damped by the 3rd."""
    five, three = 0.0, 0.0
    for i in range(len(y)):
        e5, e3 = 0.0, 0.0
        for j in range(STAGES + 1):
            e5 += tableau.E5[j] * k[j, i]
            e3 += tableau.E3[j] * k[j, i]
        scale = atol + rtol * max(abs(y[i]), abs(new[i]))
        five += (e5 / scale) ** 2
        three += (e3 / scale) ** 2
    if five == 0.0 and three == 0.0:
        return 0.0
    return abs(step) * five / math.sqrt((five + 0.01 * three) * len(y))


@inlined
def initial_step(f, params, y, work, span, rtol, atol):
    """First step size (Hairer et al., sec. II.4): the change of y and of y' over it are small."""
    scale = atol + rtol * np.abs(y)
    d0, d1 = _rms(y / scale), _rms(work.k[0] / scale)
    h0 = min(1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1, span)
    weighted_sum(work.stage, y, h0, np.ones(1), work.k, 1)
    f(work.stage, params, work.k[1])
    d2 = _rms((work.k[1] - work.k[0]) / scale) / h0
    largest = max(d1, d2)
    h1 = max(1e-6, h0 * 1e-3) if largest <= 1e-15 else (0.01 / largest) ** 0.125
    return min(100.0 * h0, h1, span)


@exact
def _rms(x):
    return math.sqrt(np.mean(x * x))


@inlined
def prepare_dense(f, params, y, step, tableau, work):
    """Fill the coefficients of the interpolant of order seven over the step just taken (three more evaluations)."""
    stages(f, params, y, step, tableau, work, STAGES + 1, STAGES + 1 + DENSE_STAGES)
    for i in range(len(y)):
        change = work.new[i] - y[i]
        old, new = step * work.k[0, i], step * work.k[STAGES, i]
        work.dense[0, i] = change
        work.dense[1, i] = old - change
        work.dense[2, i] = 2.0 * change - new - old
    for row in range(4):
        work.stage[:] = 0.0
        weighted_sum(work.dense[3 + row], work.stage, step, tableau.D[row], work.k, 16)


@exact
def interpolate(y, x, work, out):
    """State at fraction x of the step just taken."""
    for i in range(len(y)):
        value = 0.0
        for row in range(7):
            value = (value + work.dense[6 - row, i]) * (x if row % 2 == 0 else 1.0 - x)
        out[i] = y[i] + value


@inlined
def locate_event(event, params, y, work):
    """Fraction of the step at which the event function falls below zero, by bisection on the interpolant."""
    low, high = 0.0, 1.0
    for _ in range(EVENT_HALVINGS):
        middle = 0.5 * (low + high)
        interpolate(y, middle, work, work.stage)
        if event(work.stage, params) < 0.0:
            high = middle
        else:
            low = middle
    return high


@inlined
def integrate(f, event, params, y, start, end, times, out, tableau, rtol, atol):
    """Integrate y' = f(y) from `start` to `end`, or until event(y, params) < 0.

    f(y, params, dy) writes the derivative. The state (n,) is changed in place to the one at the returned time; the states
    at `times` (increasing, from `start` on) are written to the rows of `out` as far as they are reached.
    Returns (status, time, number of rows written), status REACHED_END, EVENT or DIVERGED.
    """
    t, row = start, 0
    while row < len(times) and times[row] <= start:
        out[row] = y
        row += 1
    if event(y, params) < 0.0:
        return EVENT, t, row
    work = scratch(len(y))
    f(y, params, work.k[0])
    step = initial_step(f, params, y, work, end - start, rtol, atol) if end > start else 0.0
    grow = MAX_FACTOR
    while t < end:
        last = t + step >= end * (1.0 - 1e-15)
        if last:
            step = end - t
        stages(f, params, y, step, tableau, work, 1, STAGES + 1)
        work.new[:] = work.stage
        error = error_norm(tableau, work.k, step, y, work.new, rtol, atol)
        if not error < 1.0:
            if not step >= MIN_STEP * max(abs(t), 1.0):  # it may be no number
                return DIVERGED, t, row
            step *= max(MIN_FACTOR, SAFETY * error**EXPONENT) if error < math.inf else MIN_FACTOR
            grow = 1.0
            continue
        fired = event(work.new, params) < 0.0
        fraction = 1.0
        if fired or (row < len(times) and times[row] <= t + step):
            prepare_dense(f, params, y, step, tableau, work)
        if fired:
            fraction = locate_event(event, params, y, work)
        reached = end if last and not fired else t + fraction * step
        while row < len(times) and times[row] <= reached:
            interpolate(y, (times[row] - t) / step, work, out[row])
            row += 1
        if fired:
            interpolate(y, fraction, work, work.new)
        y[:] = work.new
        t = reached
        if fired:
            return EVENT, t, row
        work.k[0] = work.k[STAGES]
        step *= min(grow, SAFETY * error**EXPONENT) if error > 0.0 else grow
        grow = MAX_FACTOR
    return REACHED_END, t, row
