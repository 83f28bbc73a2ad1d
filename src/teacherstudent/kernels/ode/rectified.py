"""The law of relu students with the squared loss, and teachers of relu, linear, erf or sign units.

g(x) = x theta(x) and g' = theta, the step function. The fields are divided by their standard deviations,
which leaves theta as it is: with z_a = x_a / sigma_a, readouts u_a = c_a sigma_a of relu and linear units,
and correlations r. An erf or sign unit is the mean of the sign 2 theta(x + xi) - 1 with noise xi of its own,
of variance 1 or 0, which adds to the variance of its field. By Stein's identity all means are sums of
probabilities of orthants of at most four fields (`maths.orthants`), since theta' is a delta function. Fields
that coincide need fewer, since theta^2 = theta. s_ab = sqrt(1 - r_ab^2) in the formulas. `rectified_sets` has
the terms with four different relu fields.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import ROUNDED_PART, inlined, rounded
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import fma, select
from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.kernels.maths.orthants import (
    COUNT,
    INVERSE_2_PI,
    PADDED,
    correlation,
    orthant2,
    orthant4,
)
from teacherstudent.kernels.maths.special import asin, at_least, within_one
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.pair_means import square_of_pairs
from teacherstudent.kernels.ode.pauses import DONE, PAIR, row_done
from teacherstudent.kernels.ode.rectified_sets import (
    FOUR_FIELDS,
    ROUNDING,
    add_sets,
    of_two,
    relu_linear,
    relu_relu,
)

SIGN = -1  # code of teacher units whose output is the sign of the field
INVERSE_ROOT_2_PI = math.sqrt(INVERSE_2_PI)


class Rectified(NamedTuple):
    """Student with relu units, and work space."""

    teacher: int  # activation code, or SIGN
    students: int  # number K of student units
    shift: np.ndarray  # (1,) constant that is added to the error, where the readouts of the teacher are 0
    deviation: np.ndarray  # (D,) standard deviations of the fields
    inverse: np.ndarray  # (D,) 1 / deviation, or 0 for a field that is 0
    u: np.ndarray  # (D,) readouts, times the deviation for relu and linear units
    r: np.ndarray  # (D, D) correlations; of an erf unit with a second one of the same field on the diagonal
    s: np.ndarray  # (D, D) sqrt(1 - r^2)
    angle: np.ndarray  # (D, D) asin r
    given: (
        np.ndarray
    )  # (D, D, D) for signs: arcsine of the correlation of two fields given that the first is 0
    of_set: np.ndarray  # (3, 4, 4) r, s and asin r of four fields
    terms: np.ndarray  # (6,) means with four relu fields, for each pair of these as theta_i theta_k
    path: np.ndarray  # (24,) or, for runs side by side, (20,): nodes of an integral


def rectified(teacher: int, K: int, D: int) -> Rectified:
    """Return the law with new work space.

    Parameters
    ----------
    teacher : int
        Activation code of the teachers, or SIGN.
    K, D : int
        Numbers of student units, and of error units, which include them.

    Returns
    -------
    Rectified
    """
    given = (D, D, D) if teacher in (ERF, SIGN) else (0, 0, 0)
    work = *np.zeros((3, D)), *np.zeros((3, D, D)), np.zeros(given), np.zeros((3, 4, 4)), np.zeros(6)
    return Rectified(teacher, K, np.zeros(1), *work, aligned_zeros((PADDED,)))


@means.for_lanes.register
def _(law: Rectified, K, D):
    """Return the law without padding of its nodes."""
    return law._replace(path=np.zeros(COUNT))


@variant(means.error_of_task, Rectified, ROUNDED_PART)
def _error_of_task(law, model):
    """Return 1/2 < d^2 >."""
    D = len(model.c)
    return 0.5 * square_of_pairs(0, D, RELU, law.teacher, law.students, model.c, model.C)


@variant(means.fill_means, Rectified, ROUNDED_PART)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    K = len(means.output)
    fields = len(model.c) if law.teacher == RELU else K
    if progress[DONE] == 0:
        _standardise(law, model.c, model.C, K)
        if law.teacher == ERF or law.teacher == SIGN:
            _fill_given(law, K)
        for i in range(K):
            _fill_output_and_weights(law, model.c, i, means)
            for k in range(i, K):
                noise = output_variance * orthant2(law.angle[i, k])
                means.power[i, k] = noise + _of_three_fields(law, i, k, K)
    for i in range(progress[DONE], K):
        sets = add_sets(law, i, K, fields, means.power)
        if row_done(progress, i, K, FOUR_FIELDS * sets + PAIR * K * len(model.c)):
            return False
    for i in range(K):
        for k in range(i, K):  # g' = 0 of fields that are 0
            power = select(law.deviation[k] > 0.0, means.power[i, k], 0.0)
            means.power[i, k] = select(law.deviation[i] > 0.0, power, 0.0)
    return True


@inlined
def _standardise(law, c, C, K):
    """Compute deviations, readouts and correlations of the fields."""
    noise = 1.0 if law.teacher == ERF else 0.0
    signs = law.teacher == ERF or law.teacher == SIGN
    for a in range(len(c)):
        own = noise if a >= K else 0.0
        law.deviation[a] = math.sqrt(at_least(0.0, C[a, a]) + own)
        law.inverse[a] = select(law.deviation[a] > 0.0, 1.0 / law.deviation[a], 0.0)
        law.u[a] = c[a] if a >= K and signs else c[a] * law.deviation[a]
        for b in range(a + 1):
            r = within_one(C[a, b] * law.inverse[a] * law.inverse[b])
            if a == b and own == 0.0:
                r = 1.0 + 0.0 * r
            law.r[a, b] = law.r[b, a] = r
            law.s[a, b] = law.s[b, a] = math.sqrt((1.0 - r) * (1.0 + r))
            law.angle[a, b] = law.angle[b, a] = asin(r)


@inlined
def _fill_given(law, K):
    """Compute the arcsines of the correlations of two fields given a third; at most one is of a teacher."""
    D = len(law.u)
    for f in range(D):
        for g in range(K):
            for h in range(g, D if f < K else K):
                law.given[f, g, h] = law.given[f, h, g] = _angle_given(law, f, g, h)


@inlined
def _fill_output_and_weights(law, c, i, means):
    """Compute < D g(x_i) > and the weights of < D g'(x_i) z > = sum_a < d(D g'_i)/dx_a > < x_a z >."""
    K, u, r, s, angle = len(means.output), law.u, law.r, law.s, law.angle
    output, slope = INVERSE_ROOT_2_PI * law.shift[0], INVERSE_ROOT_2_PI * law.shift[0]
    for a in range(len(c)):
        if a < K or law.teacher == RELU:
            output += INVERSE_2_PI * u[a] * fma(r[i, a], 0.5 * math.pi + angle[i, a], s[i, a])
            slope += INVERSE_2_PI * u[a] * s[i, a]
            means.weights[i, a] = c[a] * orthant2(angle[i, a])
        elif law.teacher == LINEAR:
            output += 0.5 * u[a] * r[i, a]
            means.weights[i, a] = 0.5 * c[a]
        else:
            output += INVERSE_ROOT_2_PI * u[a] * r[i, a]
            means.weights[i, a] = INVERSE_ROOT_2_PI * c[a] * law.inverse[a]
    means.output[i] = law.deviation[i] * output
    means.weights[i, i] += slope * law.inverse[i]
    for a in range(len(c)):
        means.weights[i, a] = select(law.deviation[i] > 0.0, means.weights[i, a], 0.0)  # g' = 0


@inlined
def _of_three_fields(law, i, k, K):
    """Return < D^2 theta_i theta_k > without the terms that have four different relu fields."""
    u, D, n = law.u, len(law.u), len(law.u) if law.teacher == RELU else K
    total = law.shift[0] * law.shift[0] * orthant2(law.angle[i, k])
    for a in range(n):
        if law.teacher == SIGN:
            total += 2.0 * law.shift[0] * u[a] * _relu(law, i, k, a)
        if i == k or a in (i, k):
            other = i + k - a if i != k else i
            for b in range(n):
                weight = 1.0 if i == k or b in (i, k) else 2.0
                total += weight * u[a] * u[b] * relu_relu(law, a, b, other)
        else:
            total += u[a] * u[a] * relu_linear(law, i, k, a, a)
        for m in range(n, D):
            mean = relu_linear(law, i, k, a, m) if law.teacher == LINEAR else _relu_sign(law, i, k, a, m)
            total += 2.0 * u[a] * u[m] * mean
    for m in range(n, D):
        for o in range(n, m + 1):
            mean = _linear_linear(law, i, k, m, o) if law.teacher == LINEAR else _sign_sign(law, i, k, m, o)
            total += (1.0 if m == o else 2.0) * u[m] * u[o] * mean
    return total


@inlined
def _relu(law, i, k, a):
    """Return < theta_i theta_k z_a theta_a >."""
    r, given = law.r, law.given
    total = orthant2(given[a, i, k])
    total += r[a, i] * orthant2(given[i, k, a]) + r[a, k] * orthant2(given[k, i, a])
    return INVERSE_ROOT_2_PI * total


@inlined
def _linear_linear(law, i, k, a, b):
    """Return < theta_i theta_k z_a z_b >."""
    return law.r[a, b] * orthant2(law.angle[i, k]) + INVERSE_2_PI * of_two(law.r, law.s, i, k, a, b)


@inlined
def _relu_sign(law, i, k, a, b):
    """Return < theta_i theta_k z_a theta_a sign(z_b) >, also for coinciding i, k, a."""
    r, given = law.r, law.given
    total = r[a, i] * (given[i, k, b] + given[i, a, b])
    total += r[a, k] * (given[k, i, b] + given[k, a, b])
    total += given[a, i, b] + given[a, k, b]
    three = given[b, i, k] + given[b, i, a] + given[b, k, a]
    return INVERSE_2_PI * INVERSE_ROOT_2_PI * fma(r[a, b], 0.5 * math.pi + three, total)


@rounded
def _angle_given(law, f, g, h):
    """Return the arcsine of the correlation of fields g and h given z_f = 0."""
    r, zero = law.r, 0.0 * law.r[g, h]
    if g == f and h == f:
        return zero + math.pi / 6.0  # the limit of equal correlations
    if g == f or h == f:
        return zero
    if g == h:
        return zero + 0.5 * math.pi
    given_g, given_h = law.s[f, g] * law.s[f, g], law.s[f, h] * law.s[f, h]
    angle = asin(correlation(given_g, given_h, fma(-r[f, g], r[f, h], r[g, h])))
    # Three fields that are equal to rounding errors have the same limit.
    limit = select(r[g, h] < 0.0, -math.pi / 6.0, math.pi / 6.0)
    equal = select(given_g < ROUNDING, limit, angle)
    return select(given_h < ROUNDING, equal, angle)


@rounded
def _sign_sign(law, i, k, a, b):
    """Return < theta_i theta_k sign(z_a) sign(z_b) >; for a = b two fields with noise of their own."""
    angle = law.angle
    if a == b and law.teacher == SIGN:
        return orthant2(angle[i, k])
    if i == k:
        return 2.0 * INVERSE_2_PI * angle[a, b]
    angles = angle[i, k] + angle[i, a] + angle[k, a] + angle[i, b] + angle[k, b]
    return 4.0 * orthant4(law.r, angle, i, k, a, b, law.path) - 0.25 - INVERSE_2_PI * angles
