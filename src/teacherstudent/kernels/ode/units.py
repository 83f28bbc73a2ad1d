"""The law of erf and linear units with the squared loss.

c (D,) and C (D, D) are signed readouts and covariance of the error units, the K student units first. For erf
units all pairs are computed together, in `erf`; for other activations the means are sums of the integrals I2,
I3 and I4 (Saad & Solla, Phys. Rev. E 52 (1995) 4225, appendix; Goldt et al., NeurIPS 2019, supplement):

    output_i = sum_a c_a I2(i, a),   < D g'(x_i) z > = sum_a c_a I3(i, z, a),
    power_ik = sum_ab c_a c_b I4(i, k, a, b) + sigma^2 J2(i, k).
"""

from typing import NamedTuple

from teacherstudent.kernels.compile.flags import ROUNDED_PART, inlined, inner, rounded
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.maths.activations import ERF, LINEAR
from teacherstudent.kernels.maths.integrals import I2, J2, pair_tilt, tilt, tilted
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.erf import Lanes, error_of_erf, lanes_for, means_of_erf
from teacherstudent.kernels.ode.pauses import DONE, PAIR, row_done


class Units(NamedTuple):
    """Student with erf or linear units, teachers with units of any activation."""

    student: int  # activation codes
    teacher: int
    lanes: Lanes


class ErfUnits(NamedTuple):
    """The same for erf units only, which can be compiled for vectors of runs."""

    lanes: Lanes  # without padding


class LinearUnits(NamedTuple):
    """The same for linear units only."""

    student: int  # activation code


def units(student: int, teacher: int, K: int, D: int) -> Units:
    """Return the law with new work space.

    Parameters
    ----------
    student, teacher : int
        Activation codes, as in `kernels.maths.activations`; that of the student is erf or linear.
    K, D : int
        Numbers of student units, and of error units, which include them.

    Returns
    -------
    Units
    """
    return Units(student, teacher, lanes_for(K, D))


@means.for_lanes.register
def _(law: Units, K, D):
    """Return the law of erf units, or that of linear ones."""
    codes = {law.student, law.teacher}
    if codes == {ERF}:
        return ErfUnits(lanes_for(K, D, padded=False))
    if codes == {LINEAR}:
        return LinearUnits(LINEAR)
    raise TypeError("units of different activations are not compiled for vectors of runs")


@variant(means.fill_means, Units, ROUNDED_PART)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    if law.student == ERF and law.teacher == ERF:
        finished = means_of_erf(model.c, model.C, output_variance, law.lanes, means, progress)
    elif law.student == LINEAR and law.teacher == LINEAR:
        finished = _means_of_linear(model.c, model.C, output_variance, means)
    else:
        finished = _means_of_any(law.student, law.teacher, model.c, model.C, output_variance, means, progress)
    return finished


@variant(means.error_of_task, Units)
def _error_of_task(law, model):
    """Return 1/2 < d^2 >."""
    if law.student == ERF and law.teacher == ERF:
        return error_of_erf(model.c, model.C)
    if law.student == LINEAR and law.teacher == LINEAR:
        return 0.5 * square_of_linear(model.c, model.C)
    return error_of_units(law.student, law.teacher, law.lanes.root_i.shape[0], model.c, model.C)


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


@inner
def error_of_units(student, teacher, K, c, C):
    """Return the mean squared error 1/2 < d^2 > = 1/2 sum_ab c_a c_b I2(a, b).

    Parameters
    ----------
    student, teacher : int
        Activation codes.
    K : int
        Number of student units.
    c : (D,) array
        Signed readouts of the error units.
    C : (D, D) array
        Covariance of the error units.

    Returns
    -------
    float
    """
    square = 0.0
    for a in range(len(c)):
        for b in range(len(c)):
            first, second = student if a < K else teacher, student if b < K else teacher
            square += c[a] * c[b] * I2(first, second, C[a, a], C[a, b], C[b, b])
    return 0.5 * square


@inlined
def _means_of_any(student, teacher, c, C, output_variance, means, progress):
    """Compute the means for units of any activation; return False at a pause between two units."""
    output, weights, power = means.output, means.weights, means.power
    K, D = weights.shape
    for i in range(progress[DONE], K):
        output[i] = _output_of(i, K, student, teacher, c, C)
        pull = 0.0
        for a in range(D):
            weights[i, a] = c[a] * J2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
            pull += weights[i, a] * C[i, a]
        weights[i, i] -= tilt(student, C[i, i], pull)
        for k in range(i, K):
            norm = J2(student, student, C[i, i], C[i, k], C[k, k])
            power[i, k] = norm * (_square_of_error(i, k, K, student, teacher, c, C) + output_variance)
        if row_done(progress, i, K, PAIR * (K - i) * D * D):
            return False
    return True


@inner
def _output_of(i, K, student, teacher, c, C):
    """Return < d g(x_i) > = sum_a c_a I2(i, a)."""
    total = 0.0
    for a in range(len(c)):
        total += c[a] * I2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
    return total


@inner
def _square_of_error(i, k, K, student, teacher, c, C):
    """Return sum_ab c_a c_b I2(a, b) under the tilt of student units i and k."""
    D, total = len(c), 0.0
    p = pair_tilt(student, C[i, i], C[i, k], C[k, k])
    for a in range(D):
        for b in range(D):
            first, second = student if a < K else teacher, student if b < K else teacher
            saa = tilted(p, C[a, i], C[a, k], C[a, a], C[a, i], C[a, k])
            sab = tilted(p, C[a, i], C[a, k], C[a, b], C[b, i], C[b, k])
            sbb = tilted(p, C[b, i], C[b, k], C[b, b], C[b, i], C[b, k])
            total += c[a] * c[b] * I2(first, second, saa, sab, sbb)
    return total
