"""Integrations side by side: eight runs at a time, one in each lane of the vectors of `compile.vectors`.

Every lane is an integration of its own, with its own size of steps, records, event and end, which has the bits
of `integrator.integrate`: all arithmetic is done by the functions of that module, compiled for vectors. Only
the decisions, one lane at a time, are here. A lane that has finished takes the next integration of a queue.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.vectors import WIDTH, as_vectors
from teacherstudent.kernels.ode.integrator import (
    DENSE_STAGES,
    DIVERGED,
    EMPTY,
    EVENT,
    GROWTH,
    MAX_FACTOR,
    MIN_STEP,
    REACHED_END,
    SAVED,
    STAGES,
    STAGES_DONE,
    STEP,
    STUCK,
    TIME,
    Buffers,
    error_norm,
    fill_dense,
    first_step,
    guessed_step,
    interpolate,
    is_last,
    locate_event,
    next_step,
    norm,
    norm_of_change,
    smaller_step,
    stages_between,
)
from teacherstudent.kernels.ode.pauses import LEFT, NO_PAUSE

NEW, WAITING, RUNNING = (
    -3,
    -2,
    -1,
)  # values of `Queue.status` before the end; NEW is without k and a first step
IDLE = -1  # value of `Lanes.job`
CUT, ERROR, FIRED, FRACTION = 0, 1, 2, 3  # indices in `Lanes.step`


class Queue(NamedTuple):
    """Integrations of J runs with n numbers in the state and C constants of the equations."""

    y: np.ndarray  # (J, n) state: at the start, then at the time that is reached
    k: np.ndarray  # (J, n) its derivative at the start
    numbers: np.ndarray  # (J, 3) as in `RestartPoint`, at the start; then the time that is reached
    end: np.ndarray  # (J,)
    status: np.ndarray  # (J,) int64: WAITING, RUNNING, then as `integrator.integrate` returns it
    constants: np.ndarray  # (J, C)
    times: np.ndarray  # times to record of all runs, one after the other
    rows: np.ndarray  # (all times, m) records
    first: np.ndarray  # (J,) int64: row of the next record
    last: np.ndarray  # (J,) int64: row after the last record
    mark: np.ndarray  # (J,) int64: as in `RestartPoint`
    saved_numbers: np.ndarray  # (J, 3) the restart point
    saved_y: np.ndarray  # (J, n)
    saved_k: np.ndarray  # (J, n)
    next: np.ndarray  # (1,) int64: the next integration that waits


class Lanes(NamedTuple):
    """Eight integrations, and work space; the last axis of arrays of numbers is that of the lanes."""

    job: np.ndarray  # (8,) int64: index in the queue, or IDLE
    tries: np.ndarray  # (8,) int64: accepted and rejected steps
    constants: np.ndarray  # (C, 8), of which the constants of the equations are views
    tolerances: np.ndarray  # (2, 8) relative and absolute; views of `constants` as well
    y: np.ndarray  # (n, 8)
    now: np.ndarray  # (3, 8) as in `RestartPoint`
    step: np.ndarray  # (4, 8) size of the present step, its error, the event function, and where it is zero
    work: Buffers  # with lanes
    one: Buffers  # of one lane
    start: np.ndarray  # (n,) state of one lane


def lanes_for(n: int, controlled: int, constants: np.ndarray, tolerances: np.ndarray) -> Lanes:
    """Allocate idle lanes.

    Parameters
    ----------
    n, controlled : int
        Length of the state, and the number of entries whose errors determine the step size.
    constants : (C, 8) array
        Receives the constants of the equations of each lane.
    tolerances : (2, 8) array
        View of its part with the tolerances.

    Returns
    -------
    Lanes
    """
    sizes = 16, 16, 2, 7
    work = Buffers(
        *(aligned_zeros((size, n, WIDTH)) for size in sizes),
        np.zeros(4, np.int64),
        aligned_zeros((WIDTH,)),
        controlled,
    )
    one = Buffers(*(np.zeros((size, n)) for size in sizes), np.zeros(4, np.int64), np.zeros(3), controlled)
    y, now, step = (aligned_zeros((size, WIDTH)) for size in (n, 3, 4))
    step[FIRED] = 1.0
    jobs = np.full(WIDTH, IDLE), np.zeros(WIDTH, np.int64)
    return Lanes(*jobs, constants, tolerances, y, now, step, work, one, np.zeros(n))


@rounded
def _put(lanes, lane, queue, job):
    """Put the state and the constants of an integration into a lane."""
    lanes.job[lane], lanes.tries[lane] = job, 0
    for i in range(queue.y.shape[1]):
        lanes.y[i, lane], lanes.work.k[0, i, lane] = queue.y[job, i], queue.k[job, i]
    for i in range(queue.constants.shape[1]):
        lanes.constants[i, lane] = queue.constants[job, i]
    for i in range(3):
        lanes.now[i, lane] = queue.numbers[job, i]


@rounded
def _next_waiting(queue):
    """Return the next integration that waits, or IDLE."""
    while queue.next[0] < len(queue.status):
        job = queue.next[0]
        queue.next[0] += 1
        if queue.status[job] == WAITING:
            return job
    return IDLE


@rounded
def _take(lanes, lane, queue):
    """Let the next integration take a lane; without one the lane repeats what it has."""
    job = _next_waiting(queue)
    if job == IDLE:
        lanes.job[lane] = IDLE
        return
    _put(lanes, lane, queue, job)
    queue.status[job] = RUNNING


@rounded
def _finish(lanes, lane, queue, status):
    """Return the state of a lane to the queue, and take the next integration."""
    job = lanes.job[lane]
    queue.status[job] = status
    queue.numbers[job, TIME] = lanes.now[TIME, lane]
    for i in range(len(lanes.y)):
        queue.y[job, i] = lanes.y[i, lane]
    _take(lanes, lane, queue)


@rounded
def _cut(lanes, queue):
    """Set the size of the step of each lane; the last one of an integration reaches its end."""
    for lane in range(WIDTH):
        t, step, job = lanes.now[TIME, lane], lanes.now[STEP, lane], lanes.job[lane]
        lanes.step[CUT, lane] = step
        if job == IDLE or not is_last(t, step, queue.end[job]):
            continue
        if queue.mark[job] == EMPTY:
            queue.mark[job] = SAVED
            for i in range(3):
                queue.saved_numbers[job, i] = lanes.now[i, lane]
            for i in range(len(lanes.y)):
                queue.saved_y[job, i], queue.saved_k[job, i] = lanes.y[i, lane], lanes.work.k[0, i, lane]
        lanes.step[CUT, lane] = queue.end[job] - t


@rounded
def _reached(lanes, lane, queue):
    """Return the time after the step of a lane."""
    t, end = lanes.now[TIME, lane], queue.end[lanes.job[lane]]
    last = is_last(t, lanes.now[STEP, lane], end)
    return end if last else t + lanes.step[CUT, lane]  # t + (end - t) may be rounded to before the end


@rounded
def _accepted(lanes, lane):
    """Return whether the step of a lane is accepted."""
    return lanes.job[lane] != IDLE and lanes.step[ERROR, lane] < 1.0


@rounded
def _needs_dense(lanes, queue):
    """Return whether any accepted step contains an event or a recorded time."""
    for lane in range(WIDTH):
        if _accepted(lanes, lane):
            row, job = queue.first[lanes.job[lane]], lanes.job[lane]
            if lanes.step[FIRED, lane] < 0.0:
                return True
            if row < queue.last[job] and queue.times[row] <= _reached(lanes, lane, queue):
                return True
    return False


@rounded
def _any_fired(lanes):
    """Return whether any accepted step contains an event."""
    for lane in range(WIDTH):
        if _accepted(lanes, lane) and lanes.step[FIRED, lane] < 0.0:
            return True
    return False


@rounded
def _fill_one(lanes, lane):
    """Copy the state at the start of the step of a lane and its interpolant to arrays of one run."""
    for i in range(len(lanes.y)):
        lanes.start[i] = lanes.y[i, lane]
        for row in range(7):
            lanes.one.dense[row, i] = lanes.work.dense[row, i, lane]


@rounded
def _record(lanes, lane, queue, reached):
    """Record a lane up to a time within its step."""
    job, t = lanes.job[lane], lanes.now[TIME, lane]
    row, state = queue.first[job], lanes.one.states[0]
    if row < queue.last[job] and queue.times[row] <= reached:
        _fill_one(lanes, lane)
    while row < queue.last[job] and queue.times[row] <= reached:
        interpolate(lanes.start, (queue.times[row] - t) / lanes.step[CUT, lane], lanes.one.dense, state)
        for e in range(queue.rows.shape[1]):
            queue.rows[row, e] = state[e]
        row += 1
    queue.first[job] = row


@rounded
def _move(lanes, lane, queue):
    """Move a lane to the end of its accepted step, or to the event in it."""
    job, fired = lanes.job[lane], lanes.step[FIRED, lane] < 0.0
    reached = _reached(lanes, lane, queue)
    if fired:
        reached = lanes.now[TIME, lane] + lanes.step[FRACTION, lane] * lanes.step[CUT, lane]
    _record(lanes, lane, queue, reached)
    if fired:
        _fill_one(lanes, lane)
        interpolate(lanes.start, lanes.step[FRACTION, lane], lanes.one.dense, lanes.one.states[0])
    for i in range(len(lanes.y)):
        lanes.y[i, lane] = lanes.one.states[0, i] if fired else lanes.work.states[STAGES, i, lane]
        lanes.work.k[0, i, lane] = lanes.work.k[STAGES, i, lane]
    lanes.tries[lane] += 1
    lanes.now[TIME, lane] = reached
    lanes.now[STEP, lane] = next_step(lanes.step[CUT, lane], lanes.step[ERROR, lane], lanes.now[GROWTH, lane])
    lanes.now[GROWTH, lane] = MAX_FACTOR
    if fired:
        _finish(lanes, lane, queue, EVENT)
    elif not reached < queue.end[job]:
        _finish(lanes, lane, queue, REACHED_END)


@rounded
def _reject(lanes, lane, queue):
    """Repeat the step of a lane with a smaller size; without one the integration has diverged."""
    cut = lanes.step[CUT, lane]
    if not cut >= MIN_STEP * max(abs(lanes.now[TIME, lane]), 1.0):
        _finish(lanes, lane, queue, DIVERGED)
        return
    lanes.now[STEP, lane], lanes.now[GROWTH, lane] = smaller_step(cut, lanes.step[ERROR, lane]), 1.0
    lanes.tries[lane] += 1


@rounded
def _decide(lanes, queue, max_tries):
    """Accept or reject the step of each lane; return whether a lane has another integration now."""
    changed = False
    for lane in range(WIDTH):
        job = lanes.job[lane]
        if job == IDLE:
            continue
        if _accepted(lanes, lane):
            _move(lanes, lane, queue)
        else:
            _reject(lanes, lane, queue)
        if lanes.job[lane] == job and lanes.tries[lane] == max_tries:
            _finish(lanes, lane, queue, STUCK)
        changed = changed or lanes.job[lane] != job
    return changed


@rounded
def _is_idle(lanes):
    """Return whether no lane has an integration."""
    for lane in range(WIDTH):
        if lanes.job[lane] != IDLE:
            return False
    return True


@rounded
def _begin(lanes, lane, queue):
    """Record the start of an integration; without a step to do it is finished."""
    job, t = lanes.job[lane], lanes.now[TIME, lane]
    row = queue.first[job]
    while row < queue.last[job] and queue.times[row] <= t:
        for e in range(queue.rows.shape[1]):
            queue.rows[row, e] = queue.y[job, e]
        row += 1
    queue.first[job] = row
    queue.status[job] = WAITING
    if lanes.step[FIRED, lane] < 0.0:
        queue.status[job] = EVENT
    elif not t < queue.end[job]:
        queue.status[job] = REACHED_END


@rounded
def _store_first_step(lanes, lane, queue, h0, d1, d2):
    """Store the derivative at the start of an integration, and the size of its first step."""
    job = lanes.job[lane]
    queue.numbers[job, STEP], queue.numbers[job, GROWTH] = first_step(h0, d1, d2), MAX_FACTOR
    for i in range(len(lanes.y)):
        queue.k[job, i] = lanes.work.k[0, i, lane]


@inlined
def _first_steps(f, event, p, lanes, queue, tableau, has_event):
    """Begin the integrations in the lanes: their first records, derivatives and sizes of steps."""
    params, n = reference_to(as_vectors(p)), lanes.work.controlled
    y, work, step, tolerances = (
        as_vectors(lanes.y),
        as_vectors(lanes.work),
        as_vectors(lanes.step),
        as_vectors(lanes.tolerances),
    )
    rtol, atol = tolerances[0], tolerances[1]
    if has_event:
        step[FIRED] = event(y, params)
    work.progress[STAGES_DONE] = 0
    stages_between(f, params, y, 0.0 * rtol, tableau, work, 0, 1)
    # The rows of `step` are used for the norms and the first guess.
    step[ERROR], step[FRACTION] = norm(y, y, n, rtol, atol), norm(work.k[0], y, n, rtol, atol)
    for lane in range(WIDTH):
        lanes.step[CUT, lane] = guessed_step(lanes.step[ERROR, lane], lanes.step[FRACTION, lane])
    stages_between(f, params, y, step[CUT] / tableau.A[1, 0], tableau, work, 1, 2)
    step[ERROR] = norm_of_change(work.k, y, n, rtol, atol) / step[CUT]
    for lane in range(WIDTH):
        if lanes.job[lane] != IDLE:
            _begin(lanes, lane, queue)
            h0, d1, d2 = lanes.step[CUT, lane], lanes.step[FRACTION, lane], lanes.step[ERROR, lane]
            _store_first_step(lanes, lane, queue, h0, d1, d2)
            lanes.job[lane] = IDLE
    for lane in range(WIDTH):
        lanes.step[FIRED, lane] = 1.0


@rounded
def _take_new(lanes, queue, job):
    """Put new integrations from a number on into the lanes; return the number after them."""
    lane = 0
    while lane < WIDTH and job < len(queue.status):
        if queue.status[job] == NEW:
            _put(lanes, lane, queue, job)
            lane += 1
        job += 1
    return job


@inlined
def _begin_all(f, event, p, lanes, queue, tableau, has_event):
    """Begin all new integrations of a queue."""
    job = 0
    while job < len(queue.status):
        job = _take_new(lanes, queue, job)
        if not _is_idle(lanes):
            _first_steps(f, event, p, lanes, queue, tableau, has_event)


@inlined
def integrate_queue(f, event, p, lanes, queue, tableau, has_event, max_tries, max_steps):
    """Integrate the runs of a queue, each until its end or its event.

    Parameters
    ----------
    f, event : functions
        As in `integrator.integrate`; their numbers are vectors.
    p : NamedTuple
        Parameters of both, with arrays (..., 8) in place of numbers and of arrays of numbers.
    lanes : Lanes
        Idle lanes, or those of the call before.
    queue : Queue
        The integrations.
    tableau : Tableau
        Coefficients of the method.
    has_event : bool
        Whether integrations end where the event function becomes negative.
    max_tries : int
        Largest number of accepted and rejected steps of one integration.
    max_steps : int
        Number of steps of all lanes together after which the function returns; the next call resumes.

    Returns
    -------
    bool
        Whether all integrations are finished.
    """
    p.progress[LEFT] = NO_PAUSE
    if queue.next[0] == 0:
        _begin_all(f, event, p, lanes, queue, tableau, has_event)
    for lane in range(WIDTH):
        if lanes.job[lane] == IDLE:
            _take(lanes, lane, queue)
    y, work, step = as_vectors(lanes.y), as_vectors(lanes.work), as_vectors(lanes.step)
    tolerances, left = as_vectors(lanes.tolerances), max_steps
    while left > 0 and not _is_idle(lanes):
        params, changed = reference_to(as_vectors(p)), False  # numbers of the equations, once for each change
        while left > 0 and not changed:
            left -= 1
            _cut(lanes, queue)
            work.progress[STAGES_DONE] = 1
            stages_between(f, params, y, step[CUT], tableau, work, 1, STAGES + 1)
            step[ERROR] = error_norm(tableau, step[CUT], y, work, tolerances[0], tolerances[1])
            if has_event:
                step[FIRED] = event(work.states[STAGES], params)
            if _needs_dense(lanes, queue):
                stages_between(f, params, y, step[CUT], tableau, work, STAGES + 1, STAGES + 1 + DENSE_STAGES)
                fill_dense(y, step[CUT], tableau, work)
            if _any_fired(lanes):
                step[FRACTION] = locate_event(event, params, y, work)
            changed = _decide(lanes, queue, max_tries)
    return _is_idle(lanes)
