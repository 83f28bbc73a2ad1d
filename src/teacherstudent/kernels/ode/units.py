"""The laws of erf and linear units with the squared loss.

c (D,) and C (D, D) are signed readouts and covariance of the error units, the K student units first. With the
integrals I2, I3, I4 and J2 of Saad & Solla, Phys. Rev. E 52 (1995) 4225, appendix (Goldt et al., NeurIPS
2019, supplement), the means are

    output_i = sum_a c_a I2(i, a),   < D g'(x_i) z > = sum_a c_a I3(i, z, a),
    power_ik = sum_ab c_a c_b I4(i, k, a, b) + sigma^2 J2(i, k).

For erf units all pairs are computed together, in `erf`; `other_teachers` has the laws of teachers with
another activation than the student.
"""

from typing import NamedTuple

from teacherstudent.kernels.compile.flags import ROUNDED_PART, rounded
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.maths.activations import ERF, LINEAR
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.erf import Lanes, error_of_erf, lanes_for, means_of_erf
from teacherstudent.kernels.ode.other_teachers import ErfStudent, LinearStudent


class Units(NamedTuple):
    """Student and teachers with erf units, or both with linear units."""

    student: int  # activation codes
    teacher: int
    lanes: Lanes


class ErfUnits(NamedTuple):
    """The same for erf units only, which can be compiled for vectors of runs."""

    lanes: Lanes  # without padding


class LinearUnits(NamedTuple):
    """The same for linear units only."""

    student: int  # activation code


def units(student: int, teacher: int, K: int, D: int) -> Units | ErfStudent | LinearStudent:
    """Return the law with new work space.

    Parameters
    ----------
    student, teacher : int
        Activation codes, as in `kernels.maths.activations`; that of the student is erf or linear.
    K, D : int
        Numbers of student units, and of error units, which include them.

    Returns
    -------
    Units, or the law of units of two activations
    """
    if student != teacher:
        if student == ERF:
            return ErfStudent(ERF, teacher, lanes_for(K, D))
        return LinearStudent(LINEAR, teacher, K)
    return Units(student, teacher, lanes_for(K, D))


@means.for_lanes.register
def _(law: Units, K, D):
    """Return the law of erf units, or that of linear ones."""
    return ErfUnits(lanes_for(K, D, padded=False)) if law.student == ERF else LinearUnits(LINEAR)


@variant(means.fill_means, Units, ROUNDED_PART)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    if law.student == LINEAR:
        finished = _means_of_linear(model.c, model.C, output_variance, means)
    else:
        finished = means_of_erf(model.c, model.C, output_variance, law.lanes, means, progress)
    return finished


@variant(means.error_of_task, Units)
def _error_of_task(law, model):
    """Return 1/2 < d^2 >."""
    if law.student == LINEAR:
        return 0.5 * square_of_linear(model.c, model.C)
    return error_of_erf(model.c, model.C)


@variant(means.fill_means, ErfUnits, ROUNDED_PART)
def _fill_means_of_erf(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    return means_of_erf(model.c, model.C, output_variance, law.lanes, means, progress)


@variant(means.error_of_task, ErfUnits, ROUNDED_PART)
def _error_of_erf(law, model):
    """Return 1/2 < d^2 >."""
    return error_of_erf(model.c, model.C)


@variant(means.fill_means, LinearUnits, ROUNDED_PART)
def _fill_means_of_linear(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    return _means_of_linear(model.c, model.C, output_variance, means)


@variant(means.error_of_task, LinearUnits, ROUNDED_PART)
def _error_of_linear(law, model):
    """Return 1/2 < d^2 >."""
    return 0.5 * square_of_linear(model.c, model.C)


@rounded
def _means_of_linear(c, C, output_variance, means):
    """Compute the means of linear units; < d^2 > is equal for all pairs."""
    K, D = means.weights.shape
    square = square_of_linear(c, C) + output_variance
    for i in range(K):
        total = 0.0
        for a in range(D):
            means.weights[i, a] = c[a]
            total = fma(c[a], C[i, a], total)
        means.output[i] = total
        for k in range(i, K):
            means.power[i, k] = square
    return True


@rounded
def square_of_linear(c, C):
    """Return < d^2 > = sum_ab c_a c_b C_ab of linear units."""
    square = 0.0
    for a in range(len(c)):
        for b in range(len(c)):
            square = fma(c[a] * c[b], C[a, b], square)
    return square
