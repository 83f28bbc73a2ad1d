"""The N -> infinity limit of online SGD: ordinary differential equations of the order parameters.

Fields: the K student units and the F = P M teacher units. Error units: the D = K + M units of the student and
the active teacher, with signed readouts c = (h, -v), so that the error is d = sum_a c_a g(x_a) - label noise.
The right-hand side is the same for all kinds of inputs: the covariance model (`models`) gives c and the
covariance C of the error units, `means` takes the means over the fields from them, and the model moves the
state by these means. Saad & Solla 1995; Goldt et al. 2019; Lee et al. 2021, for any number of teachers, with
label noise, noise on the student's inputs, weight decay, batches and frozen units.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, rounded
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.ode.forms import form
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.isotropic import Isotropic
from teacherstudent.kernels.ode.means import error_of_task, fill_means
from teacherstudent.kernels.ode.models import Means, Rates, covariances, means_for, motion, record
from teacherstudent.kernels.ode.pauses import ADDS_PER_UNIT, CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER
from teacherstudent.kernels.ode.side_by_side import integrate_queue
from teacherstudent.kernels.ode.units import Units


@form(numbers=("output_variance", "flip", "threshold"))
class Constants(NamedTuple):
    """What is constant while one teacher is active, and work space."""

    law: Units  # or any other law of units and labels, with work space
    output_variance: float  # of the noise on the output of the teacher
    flip: float  # probability that a label, a sign, is turned
    threshold: float  # the integration ends when the error falls below; 0 for never
    rates: Rates
    model: Isotropic  # or any other covariance model
    means: Means
    progress: np.ndarray  # (2,) int64: rows of the means that are done, and the work left before a pause


def constants_of(
    law, output_variance: float, flip: float, threshold: float, rates: Rates, model
) -> Constants:
    """Return the constants of the equations with new work space.

    Parameters
    ----------
    law : NamedTuple
        Law of units and labels (`means`).
    output_variance : float
        Variance of the noise on the output of the teacher, >= 0.
    flip : float
        Probability from 0 to 1/2 that a label, a sign, is turned.
    threshold : float
        Error of the active task (`means.error_of_task`) below which the integration ends; 0 for never.
    rates : Rates
        How the student learns.
    model : NamedTuple
        Covariance model.

    Returns
    -------
    Constants
    """
    means, progress = means_for(len(rates.moving), len(model.c)), np.array([0, NO_PAUSE])
    return Constants(law, output_variance, flip, threshold, rates, model, means, progress)


@rounded
def derivative(y, reference, dy):
    """Write the time derivative of a state.

    Parameters
    ----------
    y : (n,) array
        State, in the layout of the covariance model.
    reference : reference to Constants
        Everything else that the equations depend on.
    dy : (n,) array
        Written: dy/dt, t = steps / N.

    Returns
    -------
    bool
        False where no work is left before a pause; the next call resumes.
    """
    p = reference[0]
    if p.progress[LEFT] < 0:
        return False
    p.progress[LEFT] -= CALL + len(p.model.c) * len(y) // ADDS_PER_UNIT + UNITS_PER_NUMBER * len(y)
    covariances(p.model, y, False)
    if not fill_means(p.law, p.model, p.output_variance, p.flip, p.means, p.progress):
        return False
    motion(p.model, y, p.rates, p.means, dy)
    return True


@rounded
def error_above_threshold(y, reference):
    """Event function: the active task's error on clean inputs minus the threshold, which is above 0."""
    p = reference[0]
    covariances(p.model, y, True)
    return error_of_task(p.law, p.model) - p.threshold


@rounded
def above_threshold(y, reference):
    """Event function: the active task's error on clean inputs minus the threshold; 1 where there is none."""
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
        State, in the layout of the covariance model.
    reference : reference to Constants
        With the covariance model.
    row : (m,) array
        Written: the order parameters (Q, R, h) in the layout of `state`.
    """
    record(reference[0].model, y, row)


@entry
def integrate_phase(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations while one teacher is active.

    Parameters
    ----------
    p : Constants
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
def integrate_phases(p, lanes, queue, tableau, has_event, max_tries, max_steps):
    """Integrate the runs of a queue side by side.

    Parameters
    ----------
    p : Constants
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
def record_all(model, states, rows):
    """Write what a covariance model records of several states to rows.

    Parameters
    ----------
    model : NamedTuple
        Covariance model.
    states : (T, n) array
        States, in the layout of the model.
    rows : (T, m) array
        Written.
    """
    for i in range(len(states)):
        record(model, states[i], rows[i])


@entry
def rate_of_change(p, y):
    """Return the time derivative of a state as a new array.

    Parameters
    ----------
    p : Constants
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
