"""The equations of `equations` where one of several tasks with structured inputs is trained in a step.

The derivative is the sum over the tasks of their derivatives, times their probabilities. The covariance model
is that of the main task, which gives the models of all others.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, rounded
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.variants import declared
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.ode.forms import form
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.interventions import TASK
from teacherstudent.kernels.ode.means import error_of_task, fill_means
from teacherstudent.kernels.ode.models import Means, Rates, covariances, means_for, motion, record
from teacherstudent.kernels.ode.pauses import ADDS_PER_UNIT, CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER
from teacherstudent.kernels.ode.side_by_side import integrate_queue
from teacherstudent.kernels.ode.units import Units


@form(
    numbers=(
        "probability",
        "eta",
        "eta_h",
        "noise",
        "output_variance",
        "flip",
        "v",
        "moving",
        "decay",
        "decay_h",
    ),
    zeros=("decay",),
)
class Lessons(NamedTuple):
    """How each of A tasks is trained; rates are those of `models.Rates`."""

    probability: np.ndarray  # (A,) of the task in a step
    task: np.ndarray  # (A,) int64: number of the task
    head: np.ndarray  # (A,) int64: row of h that is trained
    eta: np.ndarray  # (A,) learning rates of the first layer
    eta_h: np.ndarray  # (A,) learning rates of the readouts
    noise: np.ndarray  # (A,) variances of the noise on the student's inputs
    output_variance: np.ndarray  # (A,) of the noise on the outputs of the teachers
    flip: np.ndarray  # (A,) probabilities that labels, which are signs, are turned
    v: np.ndarray  # (A, M) readouts of the teachers
    moving: np.ndarray  # (A, K) 1, or 0 for a frozen unit
    decay: float  # weight decay of the first layer
    decay_h: float  # weight decay of the head of the trained task
    batch: int  # samples of a step, all of one task


@form(numbers=("threshold",), work=("change",))
class Several(NamedTuple):
    """What is constant in a stage with several tasks, and work space."""

    law: Units  # or any other law of units and labels, with work space
    threshold: float  # the integration ends when the error falls below; 0 for never
    model: NamedTuple  # covariance model of the main task
    lessons: Lessons
    means: Means
    change: np.ndarray  # (n,) derivative of the state in steps on one task
    progress: np.ndarray  # (3,) int64: rows of the means that are done, work left before a pause, and TASK


@declared
def for_task(model, task, head, noise, v):
    """Return the covariance model of another task, with the same work space.

    Parameters
    ----------
    model : NamedTuple
        Covariance model; its type chooses the variant.
    task : int
        Number of the task.
    head : int
        Row of h that is trained on it.
    noise : float
        Variance of the noise on the student's inputs.
    v : (M,) array
        Readouts of the teacher.

    Returns
    -------
    NamedTuple
        Of the same type.
    """


def several(law, threshold: float, model, lessons: Lessons, size: int) -> Several:
    """Return the constants of the equations of a stage with new work space.

    Parameters
    ----------
    law : NamedTuple
        Law of units and labels (`means`).
    threshold : float
        Error of the main task (`means.error_of_task`) below which the integration ends; 0 for never.
    model : NamedTuple
        Covariance model of the main task.
    lessons : Lessons
        How the tasks are trained.
    size : int
        Length of the state.

    Returns
    -------
    Several
    """
    means = means_for(lessons.moving.shape[1], len(model.c))
    return Several(law, threshold, model, lessons, means, np.zeros(size), np.array([0, NO_PAUSE, 0]))


@rounded
def derivative(y, reference, dy):
    """Write the time derivative of a state.

    Parameters
    ----------
    y : (n,) array
        State, in the layout of the covariance model.
    reference : reference to Several
        Everything else that the equations depend on.
    dy : (n,) array
        Written: dy/dt, t = steps / N. During a pause it has the sum over the tasks that are done.

    Returns
    -------
    bool
        False where no work is left before a pause; the next call resumes.
    """
    p = reference[0]
    if p.progress[LEFT] < 0:
        return False
    tasks = len(p.lessons.task)
    p.progress[LEFT] -= tasks * (CALL + len(p.model.c) * len(y) // ADDS_PER_UNIT) + UNITS_PER_NUMBER * len(y)
    if p.progress[TASK] == 0:
        for e in range(len(y)):
            dy[e] = 0.0
    for a in range(p.progress[TASK], tasks):
        p.progress[TASK] = a
        if not _add_task(y, reference, a, dy):
            return False
    p.progress[TASK] = 0
    return True


@rounded
def _add_task(y, reference, a, dy):
    """Add the derivative in steps on one task; return False at a pause."""
    p = reference[0]
    lessons = p.lessons
    model = for_task(p.model, lessons.task[a], lessons.head[a], lessons.noise[a], lessons.v[a])
    rates = Rates(
        lessons.moving[a],
        lessons.eta[a],
        lessons.eta_h[a],
        lessons.decay,
        lessons.decay_h,
        lessons.batch,
        lessons.head[a],
    )
    covariances(model, y, False)
    if not fill_means(p.law, model, lessons.output_variance[a], lessons.flip[a], p.means, p.progress):
        return False
    motion(model, y, rates, p.means, p.change)
    for e in range(len(y)):
        dy[e] = fma(lessons.probability[a], p.change[e], dy[e])
    return True


@rounded
def error_above_threshold(y, reference):
    """Event function: the main task's error minus the threshold, which is above 0."""
    p = reference[0]
    covariances(p.model, y, True)
    return error_of_task(p.law, p.model) - p.threshold


@rounded
def above_threshold(y, reference):
    """Event function: the main task's error minus the threshold; 1 where there is none."""
    p = reference[0]
    if p.threshold <= 0.0:
        return 1.0
    return error_above_threshold(y, reference)


@rounded
def record_of(y, reference, row):
    """Write what the covariance model records of a state to a row.

    Parameters
    ----------
    y : (n,) array
        State.
    reference : reference to Several
        With the covariance model.
    row : (m,) array
        Written.
    """
    record(reference[0].model, y, row)


@entry
def integrate_tasks(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations of a stage with several tasks.

    Parameters
    ----------
    p : Several
        Everything that the right-hand side takes as given.
    y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work
        As in `integrator.integrate`.

    Returns
    -------
    tuple
        Status, time and number of rows written, as `integrator.integrate` returns them.
    """
    return integrate(
        derivative,
        above_threshold,
        record_of,
        reference_to(p),
        y,
        start,
        end,
        times,
        rows,
        tableau,
        rtol,
        atol,
        restart,
        max_tries,
        work,
    )


@entry
def integrate_lessons(p, lanes, queue, tableau, has_event, max_tries, max_steps):
    """Integrate the runs of a queue side by side.

    Parameters
    ----------
    p : Several
        Everything that the right-hand side takes as given, with arrays (..., 8) in place of all numbers.
    lanes, queue, tableau, has_event, max_tries, max_steps
        As in `side_by_side.integrate_queue`.

    Returns
    -------
    bool
        Whether all integrations are finished.
    """
    return integrate_queue(
        derivative, error_above_threshold, p, lanes, queue, tableau, has_event, max_tries, max_steps
    )


@entry
def rate_of_change(p, y):
    """Return the time derivative of a state as a new array.

    Parameters
    ----------
    p : Several
        Everything that the right-hand side takes as given.
    y : (n,) array
        State, in the layout of the covariance model.

    Returns
    -------
    (n,) array
        dy/dt, t = steps / N.
    """
    dy = np.empty_like(y)
    p.progress[LEFT] = NO_PAUSE
    derivative(y, reference_to(p), dy)
    return dy
