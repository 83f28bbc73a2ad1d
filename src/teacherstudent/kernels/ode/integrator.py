"""Adaptive Runge-Kutta integration of y' = f(y), compiled: DOP853 with dense output and one event.

E. Hairer, S. P. Norsett & G. Wanner, Solving Ordinary Differential Equations I, 2nd edition, Springer 1993:
sec. II.4 for the step size, II.6 for dense output, II.10 for the method and its error estimate. `integrate`
is generic: functions with the right-hand side as an argument are inlined into their callers, since numba does
not cache code that passes functions as values.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.ode.dense_output import fill_dense, interpolate, locate_event
from teacherstudent.kernels.ode.stages import (
    DENSE_STAGES,
    IN_STEP,
    ROW,
    STAGES,
    STAGES_DONE,
    TRIES,
    copy,
    stages_between,
)
from teacherstudent.kernels.ode.step_size import (
    MAX_FACTOR,
    error_norm,
    first_step,
    guessed_step,
    is_last,
    next_step,
    norm,
    norm_of_change,
    smaller_step,
)

MIN_STEP = 1e-14  # relative to the time; if a smaller step is necessary, the solution diverges

REACHED_END, EVENT, DIVERGED, STUCK, PAUSED = 0, 1, 2, 3, 4
EMPTY, SAVED, RESUME = 0, 1, 2  # values of `RestartPoint.mark`
TIME, STEP, GROWTH = 0, 1, 2  # indices in `RestartPoint.numbers`


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
def _save_restart_point(restart, t, step, growth, y, k):
    """Save time, size of the next step, its largest growth, state and derivative."""
    restart.mark[0] = SAVED
    restart.numbers[TIME], restart.numbers[STEP], restart.numbers[GROWTH] = t, step, growth
    copy(restart.y, y)
    copy(restart.k, k)


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
        Work space from `stages.buffers_for`: new for every integration, the same for all calls after its
        pauses.

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
        copy(y, restart.y)
        copy(work.k[0], restart.k)
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
        copy(y, work.states[STAGES])
        t = reached
        if fired:
            return EVENT, t, row
        copy(work.k[0], work.k[STAGES])
        # 7. The size of the next step.
        step = next_step(cut, error, growth)
        growth, tries, work.progress[STAGES_DONE] = MAX_FACTOR, tries + 1, 1
    return REACHED_END, t, row
