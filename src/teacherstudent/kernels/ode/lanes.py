"""The lanes of integrations side by side, and what is decided for one lane at a time.

A lane takes an integration from a queue, accepts or rejects its steps, records it, and returns it to the
queue at its end, at its event, or where it diverges. `side_by_side` has the loop.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import rounded
from teacherstudent.kernels.compile.vectors import WIDTH
from teacherstudent.kernels.ode.dense_output import interpolate
from teacherstudent.kernels.ode.integrator import (
    DIVERGED,
    EMPTY,
    EVENT,
    GROWTH,
    MIN_STEP,
    REACHED_END,
    SAVED,
    STEP,
    STUCK,
    TIME,
)
from teacherstudent.kernels.ode.stages import STAGES, Buffers
from teacherstudent.kernels.ode.step_size import MAX_FACTOR, is_last, next_step, smaller_step

# Values of `Queue.status` before the end; NEW is without k and a first step.
NEW, WAITING, RUNNING = -3, -2, -1
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
    rows: np.ndarray  # (all times, n) states at these times
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
def put(lanes, lane, queue, job):
    """Put the state and the constants of an integration into a lane.

    Parameters
    ----------
    lanes : Lanes
        The lanes.
    lane : int
        Number of the lane.
    queue : Queue
        The integrations.
    job : int
        Index of the integration in the queue.
    """
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
def take(lanes, lane, queue):
    """Let the next integration take a lane; without one the lane repeats what it has.

    Parameters
    ----------
    lanes : Lanes
        The lanes.
    lane : int
        Number of the lane.
    queue : Queue
        The integrations.
    """
    job = _next_waiting(queue)
    if job == IDLE:
        lanes.job[lane] = IDLE
        return
    put(lanes, lane, queue, job)
    queue.status[job] = RUNNING


@rounded
def _finish(lanes, lane, queue, status):
    """Return the state of a lane to the queue, and take the next integration."""
    job = lanes.job[lane]
    queue.status[job] = status
    queue.numbers[job, TIME] = lanes.now[TIME, lane]
    for i in range(len(lanes.y)):
        queue.y[job, i] = lanes.y[i, lane]
    take(lanes, lane, queue)


@rounded
def cut(lanes, queue):
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
def needs_dense(lanes, queue):
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
def any_fired(lanes):
    """Return whether any accepted step contains an event."""
    found = False
    for lane in range(WIDTH):
        found = found or (_accepted(lanes, lane) and lanes.step[FIRED, lane] < 0.0)
    return found


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
def decide(lanes, queue, max_tries):
    """Accept or reject the step of each lane; return whether a lane has another integration now.

    Parameters
    ----------
    lanes : Lanes
        The lanes, after a step with its error and event function.
    queue : Queue
        The integrations.
    max_tries : int
        Largest number of accepted and rejected steps of an integration.

    Returns
    -------
    bool
    """
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
def is_idle(lanes):
    """Return whether no lane has an integration."""
    idle = True
    for lane in range(WIDTH):
        idle = idle and lanes.job[lane] == IDLE
    return idle
