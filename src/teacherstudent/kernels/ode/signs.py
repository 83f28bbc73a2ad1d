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

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import ERF, RELU, SQRT_2_OVER_PI
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


@variant(means.fill_means, Signs)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    K, c = len(means.output), law.reduced.c
    mean = 1.0 - 2.0 * flip
    _reduce(law, model.c, model.C, output_variance, K)
    for k in range(K):
        c[k] = model.c[k]
    constant = c[K] == 0.0
    c[K] *= mean
    law.units.shift[0] = mean if constant else 0.0
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


@inner
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
    negative = law.teacher == RELU and c[K] >= 0.0
    law.reduced.c[K] = -1.0
    if negative or own[K, K] <= 0.0:
        law.reduced.c[K] = 0.0
        own[K, K] = 1.0
        for k in range(K):
            own[K, k] = own[k, K] = 0.0


@variant(means.error_of_task, Signs)
def _error_of_task(law, model):
    """Return the classification error of a student whose output has the sign of one field.

    The angle between this field and s, divided by pi; a student with relu units has one of them.
    """
    K = law.weights.shape[0]
    _reduce(law, model.c, model.C, 0.0, K)
    C, h = law.reduced.C, model.c
    variance, both = 0.0, 0.0
    for i in range(K):
        both += h[i] * C[i, K]
        for k in range(K):
            variance += h[i] * h[k] * C[i, k]
    never = variance <= 0.0 or (law.student == RELU and h[0] < 0.0)  # all outputs are 0 or less
    if law.reduced.c[K] == 0.0:
        return 0.0 if never else 0.5
    if never:
        return 0.5
    return math.acos(min(1.0, max(-1.0, both / math.sqrt(variance * C[K, K])))) / math.pi


@variant(means.fill_means, Odd)
def _fill_means_of_odd(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`; a constant error has no other effect than < D^2 >."""
    c, K = model.c, len(means.output)
    variance = output_variance + c[K] * c[K] + law.shift[0] * law.shift[0]
    if law.student == ERF:
        return _erf(law, c, model.C, variance, means, progress)
    _linear(c, model.C, variance, means)
    return True


@inner
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


@inner
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
