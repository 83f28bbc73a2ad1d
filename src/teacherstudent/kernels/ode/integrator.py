"""Adaptive Runge-Kutta integration of y' = f(y), compiled: DOP853 with dense output and one event.

E. Hairer, S. P. Norsett & G. Wanner, Solving Ordinary Differential Equations I, 2nd edition, Springer 1993:
sec. II.4 for the step size, II.6 for dense output, II.10 for the method and its error estimate. `integrate`
is generic: functions with the right-hand side as an argument are inlined into their callers, since numba does
not cache code that passes functions as values.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.compile.vectors import fma, select
from teacherstudent.kernels.ode import dop853

STAGES = 12
DENSE_STAGES = 3

SAFETY = 0.9  # factor of the step size whose estimated error equals the tolerance
MIN_FACTOR = 0.2  # smallest factor by which the step size changes
MAX_FACTOR = 10.0  # largest factor
EXPONENT = -1.0 / 8.0  # the error estimate is of order seven
MIN_STEP = 1e-14  # relative to the time; if a smaller step is necessary, the solution diverges
EVENT_HALVINGS = 60  # halvings of the step that contains the event

REACHED_END, EVENT, DIVERGED, STUCK, PAUSED = 0, 1, 2, 3, 4
EMPTY, SAVED, RESUME = 0, 1, 2  # values of `RestartPoint.mark`
TIME, STEP, GROWTH = 0, 1, 2  # indices in `RestartPoint.numbers`
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
    numbers: np.ndarray  # (3,) as in `RestartPoint`, at the start of the step
    controlled: int  # the errors of the first numbers of the state, as many as this, determine the step size


class RestartPoint(NamedTuple):
    """The integrator after its last step that does not depend on the end of the integration.

    The next step was shortened to reach the end. An integration that resumes at this point gives the same
    bits as one without that end.
    """

    mark: np.ndarray  # (1,) int64: EMPTY; SAVED, set by an integration; or RESUME, set to resume
    numbers: np.ndarray  # (3,) time, size of the next step, and the largest factor of the size after it
    y: np.ndarray  # (n,) state
    k: np.ndarray  # (n,) its derivative


def empty_restart_point(n: int) -> RestartPoint:
    """Return an empty restart point for a state of n numbers."""
    return RestartPoint(np.full(1, EMPTY), np.zeros(3), np.zeros(n), np.zeros(n))


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
def _copy(out, x):
    """Copy a vector; the shape check of an assignment to a slice would take seconds to compile."""
    for i in range(len(out)):
        out[i] = x[i]


@rounded
def _add_weighted(out, step, weights, row, k):
    """Add step sum_j weights[row, j] k[j]; rows of k with zero weight are skipped."""
    for j in range(weights.shape[1]):
        if weights[row, j] != 0.0:
            weight = step * weights[row, j]
            for i in range(len(out)):
                out[i] = fma(weight, k[j, i], out[i])


@rounded
def _state_at(s, y, step, tableau, work):
    """Compute the state at stage s from the derivatives at the earlier ones."""
    _copy(work.states[s], y)
    _add_weighted(work.states[s], step, tableau.A, s, work.k)


@inlined
def stages_between(f, params, y, step, tableau, work, first, last):
    """Compute the states and derivatives at those of the stages first, ..., last - 1 that are not done yet.

    Returns False where f pauses.

    Parameters
    ----------
    f, params : function and NamedTuple
        As in `integrate`.
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


@inlined
def _initial_step(f, params, y, tableau, work, rtol, atol):
    """Return the size of the first step, over which y and y' change little.

    Hairer et al., sec. II.4, "Starting Step Size". It does not depend on the end: a longer
    integration starts with the same step. Returns -1 where f pauses.
    """
    # a) A first guess from the norms of y and y'.
    if not stages_between(f, params, y, 0.0, tableau, work, 0, 1):
        return -1.0
    n = work.controlled
    d0, d1 = norm(y, y, n, rtol, atol), norm(work.k[0], y, n, rtol, atol)
    h0 = guessed_step(d0, d1)
    # b) An Euler step of this size, from which the norm of y'' is estimated.
    if not stages_between(f, params, y, h0 / tableau.A[1, 0], tableau, work, 1, 2):
        return -1.0
    # c) The size with max(d1, d2) h^8 = 0.01, but at most 100 times the guess.
    return first_step(h0, d1, norm_of_change(work.k, y, n, rtol, atol) / h0)


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


@rounded
def fill_dense(y, step, tableau, work):
    """Compute the coefficients of the interpolant of a step from the derivatives at all stages, sec. II.6.

    Parameters
    ----------
    y : (n,) array
        State at the start of the step.
    step : float
        Size of the step.
    tableau : Tableau
        Coefficients of the method.
    work : Buffers
        With the derivatives at all stages; receives the coefficients.
    """
    for i in range(len(y)):
        change = work.states[STAGES, i] - y[i]
        old, new = step * work.k[0, i], step * work.k[STAGES, i]
        work.dense[0, i] = change
        work.dense[1, i] = old - change
        work.dense[2, i] = 2.0 * change - new - old
        for row in range(3, 7):
            work.dense[row, i] = 0.0
    for row in range(4):
        _add_weighted(work.dense[3 + row], step, tableau.D, row, work.k)


@rounded
def interpolate(y, x, dense, out):
    """Write the state at the fraction x of a step, 0 <= x <= 1, to `out`.

    Parameters
    ----------
    y : (n,) array
        State at the start of the step.
    x : float
        Fraction of the step, from 0 to 1.
    dense : (7, n) array
        From `fill_dense`.
    out : (n,) array
        Written.
    """
    for i in range(len(y)):
        value = 0.0
        for row in range(7):
            value = (value + dense[6 - row, i]) * (x if row % 2 == 0 else 1.0 - x)
        out[i] = y[i] + value


@inlined
def locate_event(event, params, y, work):
    """Return the fraction of a step at which the event function becomes negative, by bisection.

    Parameters
    ----------
    event, params : function and NamedTuple
        As in `integrate`; the event function is positive at the start of the step and negative at its end.
    y : (n,) array
        State at the start of the step.
    work : Buffers
        With the interpolant.

    Returns
    -------
    float
    """
    low, high = 0.0, 1.0
    for _ in range(EVENT_HALVINGS):
        middle = 0.5 * (low + high)
        interpolate(y, middle, work.dense, work.states[0])
        fired = event(work.states[0], params) < 0.0
        low, high = select(fired, low, middle), select(fired, middle, high)
    return high


@rounded
def _save_restart_point(restart, t, step, growth, y, k):
    """Save time, size of the next step, its largest growth, state and derivative."""
    restart.mark[0] = SAVED
    restart.numbers[TIME], restart.numbers[STEP], restart.numbers[GROWTH] = t, step, growth
    _copy(restart.y, y)
    _copy(restart.k, k)


@rounded
def _save_progress(work, t, step, growth, row, tries):
    """Save the counters of a step in which the right-hand side pauses."""
    work.progress[IN_STEP], work.progress[ROW], work.progress[TRIES] = 1, row, tries
    work.numbers[TIME], work.numbers[STEP], work.numbers[GROWTH] = t, step, growth


@inlined
def integrate(
    f, event, record, params, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work
):
    """Integrate y' = f(y) from `start` to `end`, or until event(y, params) < 0.

    DOP853, an explicit Runge-Kutta method of order 8 with step size control and dense output of order 7:
    Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, sec. II.10 (method and error
    estimate), II.4 (step size), II.6 (dense output).

    Parameters
    ----------
    f : function
        f(y, params, dy) writes the derivative to dy (n,) and returns True. It may return False to pause; the
        next call with the same y resumes it.
    event : function
        event(y, params) returns a number; the integration ends where it becomes negative.
    record : function
        record(y, params, row) writes the recorded values of a state y (n,) to a row (m,).
    params : NamedTuple
        Passed to the three functions; one of many arrays as a reference to it (`compile.references`), since
        each call copies it.
    y : (n,) array
        State at `start`, changed in place to the one at the returned time.
    start, end : float
        Interval of integration; start <= end.
    times : (T,) array
        Times to record, increasing, from `start` on.
    rows : (T, m) array
        Receives the records at `times`, up to the time that is reached.
    tableau : Tableau
        Coefficients of the method.
    rtol, atol : float
        Relative and absolute tolerance of a step, in the root mean square over the state.
    restart : RestartPoint
        If its mark is RESUME, its time and state replace `start` and y. If it is EMPTY, the integrator is
        saved in it before the step that is shortened to reach the end.
    max_tries : int
        Largest number of accepted and rejected steps.
    work : Buffers
        Work space from `buffers_for`: new for every integration, the same for all calls after its pauses.

    Returns
    -------
    status : int
        REACHED_END, EVENT, DIVERGED, STUCK after `max_tries` steps (the equations are stiff), or PAUSED where
        f pauses: then the same call resumes the integration and gives the same bits as without a pause.
    time : float
        Time of the state y.
    row : int
        Number of rows written.
    """
    t, row, tries = start, 0, 0
    # Start within a step after a pause, at a restart point, or at the start of the integration.
    if work.progress[IN_STEP]:
        row, tries = work.progress[ROW], work.progress[TRIES]
        t, step, growth = work.numbers[TIME], work.numbers[STEP], work.numbers[GROWTH]
    elif restart.mark[0] == RESUME:
        t, step, growth = restart.numbers[TIME], restart.numbers[STEP], restart.numbers[GROWTH]
        _copy(y, restart.y)
        _copy(work.k[0], restart.k)
        restart.mark[0], work.progress[STAGES_DONE] = EMPTY, 1
    else:
        while row < len(times) and times[row] <= start:
            record(y, params, rows[row])
            row += 1
        if event(y, params) < 0.0:
            return EVENT, t, row
        step, growth = _initial_step(f, params, y, tableau, work, rtol, atol), MAX_FACTOR
        if step < 0.0:
            return PAUSED, t, row
        work.progress[STAGES_DONE] = 1
    while t < end:
        if tries == max_tries:
            return STUCK, t, row
        # 1. The last step is shortened to reach the end; the integrator is saved before it.
        last = is_last(t, step, end)
        if last and restart.mark[0] == EMPTY:
            _save_restart_point(restart, t, step, growth, y, work.k[0])
        cut = end - t if last else step
        # 2. Derivatives at all stages, the last one at the end of the step.
        if not stages_between(f, params, y, cut, tableau, work, 1, STAGES + 1):
            _save_progress(work, t, step, growth, row, tries)
            return PAUSED, t, row
        # 3. A step with a too large error is rejected and repeated with a smaller size.
        error = error_norm(tableau, cut, y, work, rtol, atol)
        if not error < 1.0:
            if not cut >= MIN_STEP * max(abs(t), 1.0):  # also where it is NaN
                return DIVERGED, t, row
            step = smaller_step(cut, error)
            growth, tries, work.progress[STAGES_DONE] = 1.0, tries + 1, 1
            continue
        # 4. The interpolant, if the step contains the event or recorded times.
        fired = event(work.states[STAGES], params) < 0.0
        fraction = 1.0
        reached = end if last else t + cut  # t + (end - t) may be rounded to before the end
        if fired or (row < len(times) and times[row] <= reached):
            if not stages_between(f, params, y, cut, tableau, work, STAGES + 1, STAGES + 1 + DENSE_STAGES):
                _save_progress(work, t, step, growth, row, tries)
                return PAUSED, t, row
            fill_dense(y, cut, tableau, work)
        if fired:
            fraction = locate_event(event, params, y, work)
            reached = t + fraction * cut
        # 5. Records up to the event or the end of the step; states[0] is free once the step is accepted.
        while row < len(times) and times[row] <= reached:
            interpolate(y, (times[row] - t) / cut, work.dense, work.states[0])
            record(work.states[0], params, rows[row])
            row += 1
        # 6. The state moves to the event or the end of the step.
        if fired:
            interpolate(y, fraction, work.dense, work.states[STAGES])
        _copy(y, work.states[STAGES])
        t = reached
        if fired:
            return EVENT, t, row
        _copy(work.k[0], work.k[STAGES])
        # 7. The size of the next step.
        step = next_step(cut, error, growth)
        growth, tries, work.progress[STAGES_DONE] = MAX_FACTOR, tries + 1, 1
    return REACHED_END, t, row
