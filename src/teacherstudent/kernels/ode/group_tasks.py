"""The equations of structured inputs with several tasks in a stage: the derivative is their weighted sum."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.ode.equations import error_of_units
from teacherstudent.kernels.ode.erf import Lanes, lanes_for
from teacherstudent.kernels.ode.groups import Groups, add_motion
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.means import fill_means
from teacherstudent.kernels.ode.models import Means, Rates, covariances, record
from teacherstudent.kernels.ode.pauses import ADDS_PER_UNIT, CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER

TASK = 2  # index in `GroupTasks.progress`: the task whose means are computed
# Columns of `GroupTasks.numbers`.
PROBABILITY, ETA, ETA_H, OUTPUT_VARIANCE = 0, 1, 2, 3


class GroupTasks(NamedTuple):
    """What is constant in a stage with A tasks, and work space."""

    student: int  # activation codes
    teacher: int
    threshold: float  # the integration ends when the error falls below; 0 for never
    model: Groups  # with A + 1 tasks, of which the last one is the main task
    numbers: np.ndarray  # (A, 4) of each task: PROBABILITY to OUTPUT_VARIANCE
    moving: np.ndarray  # (A, K)
    decay: float  # weight decay of the first layer, and of the head of the trained task
    decay_h: float
    batch: int  # samples of a step, all of one task
    means: Means
    lanes: Lanes
    progress: np.ndarray  # (3,) int64: rows of the means that are done, work left before a pause, and TASK


def group_tasks(
    student: int,
    teacher: int,
    threshold: float,
    model: Groups,
    rates: list[Rates],
    probabilities: list[float],
    output_variances: list[float],
) -> GroupTasks:
    """Return the constants of the equations of a stage with new work space.

    Parameters
    ----------
    student, teacher : int
        Activation codes of the units, as in `kernels.maths.activations`.
    threshold : float
        Generalisation error of the main task below which the integration ends; 0 for never.
    model : Groups
        Model with the A tasks, and the main task as the last one.
    rates : list of Rates
        How the student learns in steps on each of the A tasks; decays and batches are the same for all.
    probabilities : list of float
        Probabilities of the tasks; their sum is 1.
    output_variances : list of float
        Variances of the noise on the labels of each task.

    Returns
    -------
    GroupTasks
    """
    K, D = len(rates[0].moving), len(model.c)
    numbers = [
        [share, rate.eta, rate.eta_h, variance]
        for share, rate, variance in zip(probabilities, rates, output_variances, strict=True)
    ]
    return GroupTasks(
        student,
        teacher,
        threshold,
        model,
        numbers=np.array(numbers),
        moving=np.array([rate.moving for rate in rates]),
        decay=rates[0].decay,
        decay_h=rates[0].decay_h,
        batch=rates[0].batch,
        means=Means(np.zeros(K), np.zeros((K, D)), np.zeros((K, K))),
        lanes=lanes_for(K, D),
        progress=np.array([0, NO_PAUSE, 0]),
    )


@inner
def _add_task(y, reference, a, dy):
    """Add the motion in steps on a task; return False where no work is left before a pause."""
    p = reference[0]
    model, numbers = p.model, p.numbers[a]
    model.current[0] = a
    covariances(model, y, False)
    variance = numbers[OUTPUT_VARIANCE]
    if not fill_means(p.student, p.teacher, model.c, model.C, variance, p.lanes, p.means, p.progress):
        return False
    learned = numbers[ETA], numbers[ETA_H], p.decay, p.decay_h, p.batch, model.head[a]
    add_motion(model, y, Rates(p.moving[a], *learned), p.means, numbers[PROBABILITY], dy)
    return True


@inner
def derivative(y, reference, dy):
    """Write the time derivative of a state.

    Parameters
    ----------
    y : (n,) array
        State, in the layout of `groups`.
    reference : reference to GroupTasks
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
    tasks = len(p.numbers)
    of_task = CALL + len(p.model.c) * len(y) // ADDS_PER_UNIT
    p.progress[LEFT] -= tasks * of_task + UNITS_PER_NUMBER * len(y)
    if p.progress[TASK] == 0:
        for e in range(len(y)):
            dy[e] = 0.0
    for a in range(p.progress[TASK], tasks):
        p.progress[TASK] = a
        if not _add_task(y, reference, a, dy):
            return False
    p.progress[TASK] = 0
    return True


@inner
def above_threshold(y, reference):
    """Event function: the main task's generalisation error minus the threshold; 1 where there is none."""
    p = reference[0]
    if p.threshold <= 0.0:
        return 1.0
    p.model.current[0] = len(p.numbers)
    covariances(p.model, y, True)
    return error_of_units(p, p.model.c, p.model.C, p.moving.shape[1]) - p.threshold


@inner
def record_of(y, reference, row):
    """Write what the groups record of a state to a row.

    Parameters
    ----------
    y : (n,) array
        State.
    reference : reference to GroupTasks
        With the groups.
    row : (m,) array
        Written.
    """
    record(reference[0].model, y, row)


@entry
def integrate_tasks(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations of a stage with several tasks.

    Parameters
    ----------
    p : GroupTasks
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
def rate_of_change(p, y):
    """Return the time derivative of a state as a new array.

    Parameters
    ----------
    p : GroupTasks
        Everything that the right-hand side takes as given.
    y : (n,) array
        State, in the layout of `groups`.

    Returns
    -------
    (n,) array
        dy/dt, t = steps / N.
    """
    dy = np.empty_like(y)
    p.progress[LEFT] = NO_PAUSE
    derivative(y, reference_to(p), dy)
    return dy
