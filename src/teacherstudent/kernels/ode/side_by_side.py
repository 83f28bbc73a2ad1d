"""Integrations side by side: eight runs at a time, one in each lane of the vectors of `compile.vectors`.

Every lane is a separate integration, with its own size of steps, records, event and end, and has the bits of
`integrator.integrate`: all arithmetic is done by the functions that it calls, compiled for vectors. A
lane that has finished takes the next integration of the queue.
"""

from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.vectors import WIDTH, as_vectors
from teacherstudent.kernels.ode.dense_output import fill_dense, locate_event
from teacherstudent.kernels.ode.integrator import EVENT, GROWTH, REACHED_END, STEP, TIME
from teacherstudent.kernels.ode.lanes import (
    CUT,
    ERROR,
    FIRED,
    FRACTION,
    IDLE,
    NEW,
    WAITING,
    any_fired,
    cut,
    decide,
    is_idle,
    needs_dense,
    put,
    take,
)
from teacherstudent.kernels.ode.pauses import LEFT, NO_PAUSE
from teacherstudent.kernels.ode.stages import DENSE_STAGES, STAGES, STAGES_DONE, stages_between
from teacherstudent.kernels.ode.step_size import (
    MAX_FACTOR,
    error_norm,
    first_step,
    guessed_step,
    norm,
    norm_of_change,
)


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
            put(lanes, lane, queue, job)
            lane += 1
        job += 1
    return job


@inlined
def _begin_all(f, event, p, lanes, queue, tableau, has_event):
    """Begin all new integrations of a queue."""
    job = 0
    while job < len(queue.status):
        job = _take_new(lanes, queue, job)
        if not is_idle(lanes):
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
            take(lanes, lane, queue)
    y, work, step = as_vectors(lanes.y), as_vectors(lanes.work), as_vectors(lanes.step)
    tolerances, left = as_vectors(lanes.tolerances), max_steps
    while left > 0 and not is_idle(lanes):
        params, changed = reference_to(as_vectors(p)), False  # numbers of the equations, once for each change
        while left > 0 and not changed:
            left -= 1
            cut(lanes, queue)
            work.progress[STAGES_DONE] = 1
            stages_between(f, params, y, step[CUT], tableau, work, 1, STAGES + 1)
            step[ERROR] = error_norm(tableau, step[CUT], y, work, tolerances[0], tolerances[1])
            if has_event:
                step[FIRED] = event(work.states[STAGES], params)
            if needs_dense(lanes, queue):
                stages_between(f, params, y, step[CUT], tableau, work, STAGES + 1, STAGES + 1 + DENSE_STAGES)
                fill_dense(y, step[CUT], tableau, work)
            if any_fired(lanes):
                step[FRACTION] = locate_event(event, params, y, work)
            changed = decide(lanes, queue, max_tries)
    return is_idle(lanes)
