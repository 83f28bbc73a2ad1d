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

from teacherstudent.kernels.compile.flags import entry, inlined, inner
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.maths.integrals import I2
from teacherstudent.kernels.ode.erf import Lanes, lanes_for
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.isotropic import Isotropic
from teacherstudent.kernels.ode.means import fill_means
from teacherstudent.kernels.ode.models import Means, Rates, covariances, motion, record
from teacherstudent.kernels.ode.pauses import ADDS_PER_UNIT, CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER


class Constants(NamedTuple):
    """What is constant while one teacher is active, and work space."""

    student: int  # activation codes
    teacher: int
    output_variance: float  # of the noise on the labels
    threshold: float  # the integration ends when the error falls below; 0 for never
    rates: Rates
    model: Isotropic  # or any other covariance model
    means: Means
    lanes: Lanes
    progress: np.ndarray  # (2,) int64: rows of the means that are done, and the work left before a pause


def constants_of(
    student: int, teacher: int, output_variance: float, threshold: float, rates: Rates, model
) -> Constants:
    """Return the constants of the equations with new work space.

    Parameters
    ----------
    student, teacher : int
        Activation codes of the units, as in `kernels.maths.activations`.
    output_variance : float
        Variance of the noise on the labels, >= 0.
    threshold : float
        Generalisation error of the active teacher below which the integration ends; 0 for never.
    rates : Rates
        How the student learns.
    model : NamedTuple
        Covariance model.

    Returns
    -------
    Constants
    """
    K, D = len(rates.moving), len(model.c)
    means, progress = Means(np.zeros(K), np.zeros((K, D)), np.zeros((K, K))), np.array([0, NO_PAUSE])
    work = means, lanes_for(K, D), progress
    return Constants(student, teacher, output_variance, threshold, rates, model, *work)


@inner
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
    c, C, variance = p.model.c, p.model.C, p.output_variance
    if not fill_means(p.student, p.teacher, c, C, variance, p.lanes, p.means, p.progress):
        return False
    motion(p.model, y, p.rates, p.means, dy)
    return True


@inner
def above_threshold(y, reference):
    """Event function: the active task's generalisation error minus the threshold; 1 where there is none.

    On clean inputs; Goldt et al. 2019, eq. (7).
    """
    p = reference[0]
    if p.threshold <= 0.0:
        return 1.0
    covariances(p.model, y, True)
    return error_of_units(p, p.model.c, p.model.C, len(p.rates.moving)) - p.threshold


@inlined
def error_of_units(p, c, C, K):
    """Return 1/2 < d^2 > = 1/2 sum_ab c_a c_b I2(a, b).

    Parameters
    ----------
    p : Constants or Intervened
        With the activation codes.
    c : (D,) array
        Signed readouts of the error units, those of the K student units first.
    C : (D, D) array
        Covariance of the error units.
    K : int
        Number of student units.

    Returns
    -------
    float
    """
    square = 0.0
    for a in range(len(c)):
        for b in range(len(c)):
            first, second = p.student if a < K else p.teacher, p.student if b < K else p.teacher
            square += c[a] * c[b] * I2(first, second, C[a, a], C[a, b], C[b, b])
    return 0.5 * square


@inner
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
