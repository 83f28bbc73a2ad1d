"""The law of labels that are the sign of one field, with the squared loss.

y = sign(s + xi), s = sum_m v_m rho_m: linear teachers, whose noise xi has a variance, and teachers with one
unit. y is turned with probability p. Only two moments of y enter the means: it is (1 - 2p) times a sign unit,
plus noise of variance 4p(1 - p), and y^2 = 1. The K student units and the sign unit are the error units of
another law, which has the means. With g(x) = < sign(x + xi) >, xi of variance 1, an erf unit differs from a
sign unit by noise of its own: all integrals of erf units hold with C_aa in place of 1 + C_aa for the sign
unit.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import ROUNDED_PART, inlined
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import select
from teacherstudent.kernels.maths.activations import ERF, RELU, SQRT_2_OVER_PI
from teacherstudent.kernels.maths.special import acos, within_one
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.erf import (
    Lanes,
    fill_output,
    fill_power,
    fill_squares,
    fill_weights,
    lanes_for,
    tilt_by_one,
    tilt_by_two,
)
from teacherstudent.kernels.ode.models import Means
from teacherstudent.kernels.ode.pauses import DONE
from teacherstudent.kernels.ode.rectified import SIGN, rectified


class Reduced(NamedTuple):
    """Error units of the student and the sign unit."""

    c: np.ndarray  # (K + 1,) signed readouts
    C: np.ndarray  # (K + 1, K + 1) covariance


class Odd(NamedTuple):
    """Student with erf or linear units, and one sign unit, with work space."""

    student: int  # activation code
    shift: np.ndarray  # (1,) constant that is added to the error, where the readout of the sign unit is 0
    C: np.ndarray  # (K + 1, K + 1) covariance, less 1 for the sign unit
    lanes: Lanes


class Signs(NamedTuple):
    """Labels that are the sign of one field, with work space."""

    student: int  # activation codes
    teacher: int
    units: Odd  # or Rectified: the law of the student and the sign unit
    reduced: Reduced
    weights: np.ndarray  # (K, K + 1) as in `models.Means`


def signs(student: int, teacher: int, K: int) -> Signs:
    """Return the law with new work space.

    Parameters
    ----------
    student, teacher : int
        Activation codes, as in `kernels.maths.activations`.
    K : int
        Number of student units.

    Returns
    -------
    Signs
    """
    C = np.zeros((K + 1, K + 1))
    odd = Odd(student, np.zeros(1), C.copy(), lanes_for(K, K + 1))
    units = rectified(SIGN, K, K + 1) if student == RELU else odd
    return Signs(student, teacher, units, Reduced(np.zeros(K + 1), C), np.zeros((K, K + 1)))


@means.for_lanes.register
def _(law: Signs, K, D):
    """Return the law with that of the student and the sign unit for vectors of runs."""
    return law._replace(units=means.for_lanes(law.units, K, K + 1))


@means.for_lanes.register
def _(law: Odd, K, D):
    """Return the law without padding of its lanes."""
    return law._replace(lanes=lanes_for(K, D, padded=False))


@variant(means.fill_means, Signs, ROUNDED_PART)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    K, c = len(means.output), law.reduced.c
    mean = 1.0 - 2.0 * flip
    _reduce(law, model.c, model.C, output_variance, K)
    for k in range(K):
        c[k] = model.c[k]
    law.units.shift[0] = select(c[K] < 0.0, 0.0, mean)
    c[K] *= mean
    own = Means(means.output, law.weights, means.power)
    if not _fill_own(law.units, law.reduced, 1.0 - mean * mean, 0.0, own, progress):
        return False
    for i in range(K):
        for k in range(K):
            means.weights[i, k] = law.weights[i, k]
        for m in range(K, len(model.c)):
            means.weights[i, m] = -law.weights[i, K] * model.c[m]
    return True


_fill_own = means.fill_means


@inlined
def _reduce(law, c, C, variance, K):
    """Fill the covariance with s, and the readout of the sign: -1, or 0 where all labels are -1."""
    own = law.reduced.C
    own[K, K] = variance
    for k in range(K):
        own[K, k] = 0.0
        for i in range(K):
            own[k, i] = C[k, i]
        for m in range(K, len(c)):
            own[K, k] -= c[m] * C[m, k]
        own[k, K] = own[K, k]
    for m in range(K, len(c)):
        for n in range(K, len(c)):
            own[K, K] += c[m] * c[n] * C[m, n]
    readout = select(own[K, K] <= 0.0, 0.0, -1.0)
    if law.teacher == RELU:  # without a positive readout the output is never positive
        readout = select(c[K] < 0.0, readout, 0.0)
    law.reduced.c[K] = readout
    own[K, K] = select(readout < 0.0, own[K, K], 1.0)
    for k in range(K):
        own[K, k] = own[k, K] = select(readout < 0.0, own[K, k], 0.0)


@variant(means.error_of_task, Signs, ROUNDED_PART)
def _error_of_task(law, model):
    """Return the classification error of a student whose output has the sign of one field.

    The angle between this field and s, divided by pi; a student with relu units has one of them.
    """
    K = law.weights.shape[0]
    _reduce(law, model.c, model.C, 0.0, K)
    C, h = law.reduced.C, model.c
    variance, both = 0.0 * C[K, K], 0.0
    for i in range(K):
        both += h[i] * C[i, K]
        for k in range(K):
            variance += h[i] * h[k] * C[i, k]
    wrong = acos(within_one(both / math.sqrt(variance * C[K, K]))) / math.pi
    # Outputs are never positive: without variance, and with a negative readout of a relu unit.
    positive = select(variance <= 0.0, 0.0, 1.0)
    if law.student == RELU:
        positive = select(h[0] < 0.0, 0.0, positive)
    wrong = select(positive > 0.0, wrong, 0.5)
    return select(law.reduced.c[K] < 0.0, wrong, 0.5 * positive)


@variant(means.fill_means, Odd, ROUNDED_PART)
def _fill_means_of_odd(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`; a constant error has no other effect than < D^2 >."""
    c, K = model.c, len(means.output)
    variance = output_variance + c[K] * c[K] + law.shift[0] * law.shift[0]
    if law.student == ERF:
        return _erf(law, c, model.C, variance, means, progress)
    _linear(c, model.C, variance, means)
    return True


@inlined
def _erf(law, c, C, variance, means, progress):
    """Compute the means of erf units; `variance` is the part of < D^2 > that only labels give."""
    K, w = len(means.output), law.lanes
    if progress[DONE] == 0:
        for a in range(K + 1):
            for b in range(K + 1):
                law.C[a, b] = C[a, b]
        law.C[K, K] -= 1.0
        tilt_by_one(law.C, w.root, w.root_i, w.pair)
        tilt_by_two(law.C, w.i, w.k, w.pair, w.tilted)
    if not fill_squares(K, c, law.C, w.tilted, w.square, w.angle, progress):
        return False
    fill_output(c, w.angle, means.output)
    fill_weights(c, law.C, w.root, w.root_i, means.weights)
    fill_power(w.root, w.root_i, w.square, variance, means.power)
    return True


@inlined
def _linear(c, C, variance, means):
    """Compute the means of linear units, whose output is one Gaussian field."""
    K = len(means.output)
    slope = SQRT_2_OVER_PI / math.sqrt(C[K, K])
    square = variance
    for i in range(K):
        means.output[i] = c[K] * slope * C[i, K]
        means.weights[i, K] = c[K] * slope
        for k in range(K):
            means.weights[i, k] = c[k]
            means.output[i] += c[k] * C[i, k]
            square += c[i] * c[k] * C[i, k]
        square += 2.0 * c[i] * c[K] * slope * C[i, K]
    for i in range(K):
        for k in range(i, K):
            means.power[i, k] = square
