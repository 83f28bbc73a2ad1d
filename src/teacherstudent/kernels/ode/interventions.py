"""The equations of `equations` with interventions: several tasks, anchors, and teachers that move."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inlined, rounded
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.ode.forms import form
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.means import error_of_task, fill_means
from teacherstudent.kernels.ode.mixture import (
    FLIP,
    OUTPUT_VARIANCE,
    Mixture,
    add_motion,
    add_pulls,
    add_turns,
    fill_covariances,
)
from teacherstudent.kernels.ode.models import Means, means_for
from teacherstudent.kernels.ode.pauses import ADDS_PER_UNIT, CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER
from teacherstudent.kernels.ode.side_by_side import integrate_queue
from teacherstudent.kernels.ode.units import Units

TASK = 2  # index in `Intervened.progress`: the task whose means are computed


@form(numbers=("threshold",))
class Intervened(NamedTuple):
    """What is constant in a stage with interventions, and work space."""

    law: Units  # or any other law of units and labels, with work space
    threshold: float  # the integration ends when the error falls below; 0 for never
    model: Mixture
    means: Means
    progress: np.ndarray  # (3,) int64: rows of the means that are done, work left before a pause, and TASK


def intervened(law, threshold: float, model: Mixture) -> Intervened:
    """Return the constants of the equations of a stage with new work space.

    Parameters
    ----------
    law : NamedTuple
        Law of units and labels (`means`).
    threshold : float
        Error of the main task (`means.error_of_task`) below which the integration ends; 0 for never.
    model : Mixture
        Tasks, anchors and moving columns.

    Returns
    -------
    Intervened
    """
    return Intervened(
        law, threshold, model, means_for(len(model.R), len(model.c)), np.array([0, NO_PAUSE, 0])
    )


@rounded
def _add_task(y, reference, a, dy):
    """Add the motion in steps on a task; return False where no work is left before a pause."""
    p = reference[0]
    model, numbers = p.model, p.model.numbers[a]
    fill_covariances(model, y, a)
    if not fill_means(p.law, model, numbers[OUTPUT_VARIANCE], numbers[FLIP], p.means, p.progress):
        return False
    add_motion(model, y, p.means, a, dy)
    return True


@rounded
def derivative(y, reference, dy):
    """Write the time derivative of a state.

    Parameters
    ----------
    y : (n,) array
        State, in the layout of `columns`.
    reference : reference to Intervened
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
    model, tasks = p.model, len(p.model.numbers)
    p.progress[LEFT] -= tasks * (CALL + len(model.c) * len(y) // ADDS_PER_UNIT) + UNITS_PER_NUMBER * len(y)
    if p.progress[TASK] == 0:
        for e in range(len(y)):
            dy[e] = 0.0
    for a in range(p.progress[TASK], tasks):
        p.progress[TASK] = a
        if not _add_task(y, reference, a, dy):
            return False
    p.progress[TASK] = 0
    add_pulls(model, y, dy)
    add_turns(model, y, dy)
    return True


@rounded
def error_above_threshold(y, reference):
    """Event function: the main task's error minus the threshold, which is above 0."""
    p = reference[0]
    fill_covariances(p.model, y, len(p.model.numbers))
    return error_of_task(p.law, p.model) - p.threshold


@rounded
def above_threshold(y, reference):
    """Event function: the main task's error minus the threshold; 1 where there is none."""
    p = reference[0]
    if p.threshold <= 0.0:
        return 1.0
    return error_above_threshold(y, reference)


@inlined
def record_of(y, reference, row):
    """Write a state to a row as it is.

    Parameters
    ----------
    y : (n,) array
        State.
    reference : reference to Intervened
        Not used.
    row : (n,) array
        Written.
    """
    for e in range(len(row)):
        row[e] = y[e]


@entry
def integrate_stage(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations of a stage with interventions.

    Parameters
    ----------
    p : Intervened
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
def integrate_stages(p, lanes, queue, tableau, has_event, max_tries, max_steps):
    """Integrate the runs of a queue side by side.

    Parameters
    ----------
    p : Intervened
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
    p : Intervened
        Everything that the right-hand side takes as given.
    y : (n,) array
        State, in the layout of `columns`.

    Returns
    -------
    (n,) array
        dy/dt, t = steps / N.
    """
    dy = np.empty_like(y)
    p.progress[LEFT] = NO_PAUSE
    derivative(y, reference_to(p), dy)
    return dy
