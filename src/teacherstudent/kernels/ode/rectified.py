"""The law of relu students with the squared loss, and teachers of relu, linear, erf or sign units.

g(x) = x theta(x) and g' = theta, the step function. The fields are divided by their standard deviations,
which leaves theta as it is: with z_a = x_a / sigma_a, readouts u_a = c_a sigma_a of relu and linear units,
and correlations r. An erf or sign unit is the mean of the sign 2 theta(x + xi) - 1 with noise xi of its own,
of variance 1 or 0, which adds to the variance of its field. By Stein's identity all means are sums of
probabilities of orthants of at most four fields (`maths.orthants`), since theta' is a delta function. Fields
that coincide need fewer, since theta^2 = theta. s_ab = sqrt(1 - r_ab^2) in the formulas.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.kernels.maths.orthants import correlation, orthant2, orthant3, orthant4
from teacherstudent.kernels.maths.special import asin
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.pauses import DONE, PAIR, row_done
from teacherstudent.kernels.ode.units import error_of_units

SIGN = -1  # code of teacher units whose output is the sign of the field
FOUR_FIELDS = 400  # units of work of a set of four fields
# Variances below this are rounding errors of 0, in units of those without conditions.
ROUNDING = 1e-13
SMALL = 1e-7  # the same for standard deviations
EQUAL = 1e-6  # the same for two of four fields, which are then one: an error of EQUAL or its square
ROOT_2_PI = math.sqrt(2.0 * math.pi)


class Rectified(NamedTuple):
    """Student with relu units, and work space."""

    teacher: int  # activation code, or SIGN
    students: int  # number K of student units
    shift: np.ndarray  # (1,) constant that is added to the error, where the readouts of the teacher are 0
    deviation: np.ndarray  # (D,) standard deviations of the fields
    u: np.ndarray  # (D,) readouts, times the deviation for relu and linear units
    r: np.ndarray  # (D, D) correlations; of an erf unit with a second one of the same field on the diagonal
    s: np.ndarray  # (D, D) sqrt(1 - r^2)
    angle: np.ndarray  # (D, D) asin r
    of_set: np.ndarray  # (3, 4, 4) r, s and asin r of four fields


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
    return Rectified(
        teacher, K, np.zeros(1), np.zeros(D), np.zeros(D), *np.zeros((3, D, D)), np.zeros((3, 4, 4))
    )


@variant(means.error_of_task, Rectified)
def _error_of_task(law, model):
    """Return 1/2 < d^2 >."""
    return error_of_units(RELU, law.teacher, law.students, model.c, model.C)


@variant(means.fill_means, Rectified)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    K = len(means.output)
    if progress[DONE] == 0:
        _standardise(law, model.c, model.C, K)
        for i in range(K):
            _fill_output_and_weights(law, model.c, i, means)
            for k in range(i, K):
                noise = output_variance * orthant2(law.angle[i, k])
                means.power[i, k] = noise + _of_three_fields(law, i, k, K)
    for i in range(progress[DONE], K):
        sets = _add_sets(law, i, K, means.power)
        if row_done(progress, i, K, FOUR_FIELDS * sets + PAIR * K * len(model.c)):
            return False
    for i in range(K):
        for k in range(i, K):
            if law.deviation[i] == 0.0 or law.deviation[k] == 0.0:  # g' = 0
                means.power[i, k] = 0.0
    return True


@inner
def _standardise(law, c, C, K):
    """Compute deviations, readouts and correlations of the fields."""
    noise = 1.0 if law.teacher == ERF else 0.0
    signs = law.teacher == ERF or law.teacher == SIGN
    for a in range(len(c)):
        own = noise if a >= K else 0.0
        law.deviation[a] = math.sqrt(max(C[a, a], 0.0) + own)
        law.u[a] = c[a] if a >= K and signs else c[a] * law.deviation[a]
        for b in range(a + 1):
            unit = law.deviation[a] * law.deviation[b]
            r = min(1.0, max(-1.0, C[a, b] / unit)) if unit > 0.0 else 0.0
            if a == b and own == 0.0:
                r = 1.0
            law.r[a, b] = law.r[b, a] = r
            law.s[a, b] = law.s[b, a] = math.sqrt((1.0 - r) * (1.0 + r))
            law.angle[a, b] = law.angle[b, a] = asin(r)


@inner
def _fill_output_and_weights(law, c, i, means):
    """Compute < D g(x_i) > and the weights of < D g'(x_i) z > = sum_a < d(D g'_i)/dx_a > < x_a z >."""
    K, u, r, s, angle = len(means.output), law.u, law.r, law.s, law.angle
    output, slope = law.shift[0] / ROOT_2_PI, law.shift[0] / ROOT_2_PI
    for a in range(len(c)):
        if a < K or law.teacher == RELU:
            output += u[a] * (s[i, a] + r[i, a] * (0.5 * math.pi + angle[i, a])) / (2.0 * math.pi)
            slope += u[a] * s[i, a] / (2.0 * math.pi)
            means.weights[i, a] = c[a] * orthant2(angle[i, a])
        elif law.teacher == LINEAR:
            output += 0.5 * u[a] * r[i, a]
            means.weights[i, a] = 0.5 * c[a]
        else:
            output += u[a] * r[i, a] / ROOT_2_PI
            means.weights[i, a] = c[a] / (ROOT_2_PI * law.deviation[a])
    means.output[i] = law.deviation[i] * output
    if law.deviation[i] > 0.0:
        means.weights[i, i] += slope / law.deviation[i]
    else:  # g' = 0
        for a in range(len(c)):
            means.weights[i, a] = 0.0


@inner
def _of_three_fields(law, i, k, K):
    """Return < D^2 theta_i theta_k > without the terms that have four different relu fields."""
    u, D, n = law.u, len(law.u), len(law.u) if law.teacher == RELU else K
    total = law.shift[0] * law.shift[0] * orthant2(law.angle[i, k])
    for a in range(n):
        total += 2.0 * law.shift[0] * u[a] * _relu(law, i, k, a)
        if i == k or a in (i, k):
            other = i + k - a if i != k else i
            for b in range(n):
                weight = 1.0 if i == k or b in (i, k) else 2.0
                total += weight * u[a] * u[b] * _relu_relu(law, a, b, other)
        else:
            total += u[a] * u[a] * _relu_linear(law, i, k, a, a)
        for m in range(n, D):
            mean = _relu_linear(law, i, k, a, m) if law.teacher == LINEAR else _relu_sign(law, i, k, a, m)
            total += 2.0 * u[a] * u[m] * mean
    for m in range(n, D):
        for o in range(n, m + 1):
            mean = _linear_linear(law, i, k, m, o) if law.teacher == LINEAR else _sign_sign(law, i, k, m, o)
            total += (1.0 if m == o else 2.0) * u[m] * u[o] * mean
    return total


@inner
def _relu(law, i, k, a):
    """Return < theta_i theta_k z_a theta_a >."""
    r = law.r
    if i == k == a:
        return 1.0 / ROOT_2_PI
    total = orthant2(_angle_given(law, a, i, k))
    total += r[a, i] * orthant2(_angle_given(law, i, k, a)) + r[a, k] * orthant2(_angle_given(law, k, i, a))
    return total / ROOT_2_PI


@inner
def _relu_relu(law, a, b, i):
    """Return < theta_i z_a theta_a z_b theta_b >, also for coinciding fields."""
    r, s, angle = law.r, law.s, law.angle
    three = r[a, b] * orthant3(angle[a, b], angle[a, i], angle[b, i])
    return three + (s[a, b] + r[b, i] * s[a, i] + r[a, i] * s[b, i]) / (4.0 * math.pi)


@inner
def _relu_linear(law, i, k, a, b):
    """Return < theta_i theta_k z_a theta_a z_b >, also for coinciding fields."""
    r, s, angle = law.r, law.s, law.angle
    inverse = 1.0 / s[i, k] if s[i, k] > SMALL else 0.0
    first = s[a, i] + inverse * (r[a, k] - r[a, i] * r[i, k])
    second = s[a, k] + inverse * (r[a, i] - r[a, k] * r[i, k])
    three = r[a, b] * orthant3(angle[i, k], angle[i, a], angle[k, a])
    return three + (r[b, i] * first + r[b, k] * second) / (4.0 * math.pi)


@inner
def _linear_linear(law, i, k, a, b):
    """Return < theta_i theta_k z_a z_b >."""
    return law.r[a, b] * orthant2(law.angle[i, k]) + _of_two(law.r, law.s, i, k, a, b) / (2.0 * math.pi)


@inner
def _of_two(r, s, i, k, a, b):
    """Return (r_ai (r_bk - r_bi r_ik) + r_ak (r_bi - r_bk r_ik)) / s_ik, which is 0 for equal fields i, k."""
    if s[i, k] < SMALL:
        return 0.0
    first = r[a, i] * (r[b, k] - r[b, i] * r[i, k])
    return (first + r[a, k] * (r[b, i] - r[b, k] * r[i, k])) / s[i, k]


@inner
def _relu_sign(law, i, k, a, b):
    """Return < theta_i theta_k z_a theta_a sign(z_b) >, also for coinciding i, k, a."""
    r = law.r
    total = r[a, i] * (_angle_given(law, i, k, b) + _angle_given(law, i, a, b))
    total += r[a, k] * (_angle_given(law, k, i, b) + _angle_given(law, k, a, b))
    total += _angle_given(law, a, i, b) + _angle_given(law, a, k, b)
    three = _angle_given(law, b, i, k) + _angle_given(law, b, i, a) + _angle_given(law, b, k, a)
    return (r[a, b] * (0.5 * math.pi + three) + total) / (2.0 * math.pi * ROOT_2_PI)


@inner
def _angle_given(law, f, g, h):
    """Return the arcsine of the correlation of fields g and h given z_f = 0."""
    if g == f or h == f:
        return 0.0
    if g == h:
        return 0.5 * math.pi
    r = law.r
    rest_g, rest_h = law.s[f, g] * law.s[f, g], law.s[f, h] * law.s[f, h]
    if max(rest_g, rest_h) < ROUNDING:  # three equal fields: the limit of equal correlations
        return math.copysign(math.pi / 6.0, r[g, h])
    return asin(correlation(rest_g, rest_h, r[g, h] - r[f, g] * r[f, h]))


@inner
def _sign_sign(law, i, k, a, b):
    """Return < theta_i theta_k sign(z_a) sign(z_b) >; for a = b two fields with noise of their own."""
    angle = law.angle
    if a == b and law.teacher == SIGN:
        return orthant2(angle[i, k])
    if i == k:
        return angle[a, b] / math.pi
    angles = angle[i, k] + angle[i, a] + angle[k, a] + angle[i, b] + angle[k, b]
    return 4.0 * orthant4(law.r, angle, i, k, a, b) - 0.25 - angles / (2.0 * math.pi)


@inner
def _add_sets(law, i, K, power):
    """Add the terms with four different relu fields, of which i is the first; return the number of sets."""
    n, sets = len(law.u) if law.teacher == RELU else K, 0
    for k in range(i + 1, K):
        for a in range(k + 1, n):
            for b in range(a + 1, n):
                sets += 1
                if _smallest(law.s, i, k, a, b) < EQUAL:
                    _add_equal(law, i, k, a, b, K, power)
                else:
                    _fill_set(law, i, k, a, b)
                    _add_set(law.u, law.of_set, (i, k, a, b), K, power)
    return sets


@inner
def _smallest(s, i, k, a, b):
    """Return the smallest s of two of four fields."""
    return min(s[i, k], s[i, a], s[i, b], s[k, a], s[k, b], s[a, b])


@inner
def _add_equal(law, i, k, a, b, K, power):
    """Add the terms of four fields of which two are equal or opposite."""
    u = law.u
    power[i, k] += 2.0 * u[a] * u[b] * _equal(law, i, k, a, b)
    if a < K:
        power[i, a] += 2.0 * u[k] * u[b] * _equal(law, i, a, k, b)
        power[k, a] += 2.0 * u[i] * u[b] * _equal(law, k, a, i, b)
    if b < K:
        power[i, b] += 2.0 * u[k] * u[a] * _equal(law, i, b, k, a)
        power[k, b] += 2.0 * u[i] * u[a] * _equal(law, k, b, i, a)
        power[a, b] += 2.0 * u[i] * u[k] * _equal(law, a, b, i, k)


@inner
def _equal(law, i, k, a, b):
    """Return < theta_i theta_k z_a theta_a z_b theta_b >, where two of the fields are equal or opposite."""
    r, s = law.r, law.s
    for x, y in ((i, k), (a, k), (b, k), (a, i), (b, i), (a, b)):
        if s[x, y] < EQUAL and r[x, y] < 0.0:
            return 0.0
    if s[i, k] < EQUAL or s[a, k] < EQUAL or s[b, k] < EQUAL:
        return _relu_relu(law, a, b, i)
    if s[a, i] < EQUAL or s[b, i] < EQUAL:
        return _relu_relu(law, a, b, k)
    return _relu_linear(law, i, k, a, a)


@inner
def _fill_set(law, i, k, a, b):
    """Copy the correlations of four fields.

    Where all of them are in a plane, those given two others are 0 / 0. The means are continuous, but each
    term has a limit that depends on the direction: then all correlations are made a little smaller.
    """
    r, fields = law.of_set[0], (i, k, a, b)
    for x in range(4):
        for y in range(4):
            r[x, y] = law.r[fields[x], fields[y]]
            law.of_set[1, x, y] = law.s[fields[x], fields[y]]
            law.of_set[2, x, y] = law.angle[fields[x], fields[y]]
    largest = max(_volume(r, 0, 1, 2), _volume(r, 0, 1, 3), _volume(r, 0, 2, 3), _volume(r, 1, 2, 3))
    if largest < ROUNDING:
        for x in range(4):
            for y in range(x):
                less = (1.0 - 10.0 * ROUNDING) * r[x, y]
                r[x, y] = r[y, x] = less
                law.of_set[1, x, y] = law.of_set[1, y, x] = math.sqrt((1.0 - less) * (1.0 + less))
                law.of_set[2, x, y] = law.of_set[2, y, x] = asin(less)


@inner
def _volume(r, f, g, h):
    """Return the determinant of the correlations of three fields."""
    fg, fh, gh = r[f, g], r[f, h], r[g, h]
    return (1.0 - fg * fg) - (fh * fh + gh * gh - 2.0 * fg * fh * gh)


@inner
def _add_set(u, of_set, fields, K, power):
    """Add the terms of four different fields, with every pair of student units as theta_i theta_k."""
    i, k, a, b = fields
    r, s = of_set[0], of_set[1]
    p = orthant4(r, of_set[2], 0, 1, 2, 3) if a < K or r[2, 3] != 0.0 else 0.0  # only a factor of r_ab
    ik, ab = _given_two(r, 0, 1, 2, 3), _given_two(r, 2, 3, 0, 1)
    ai, bk = _given_two(r, 0, 2, 1, 3), _given_two(r, 1, 3, 0, 2)
    ak, bi = _given_two(r, 1, 2, 0, 3), _given_two(r, 0, 3, 1, 2)
    power[i, k] += 2.0 * u[a] * u[b] * _four(r, s, 0, 1, 2, 3, p, ik, ai, ak, bi, bk, ab)
    if a < K:
        power[i, a] += 2.0 * u[k] * u[b] * _four(r, s, 0, 2, 1, 3, p, ai, ik, ak, bi, ab, bk)
        power[k, a] += 2.0 * u[i] * u[b] * _four(r, s, 1, 2, 0, 3, p, ak, ik, ai, bk, ab, bi)
    if b < K:
        power[i, b] += 2.0 * u[k] * u[a] * _four(r, s, 0, 3, 1, 2, p, bi, ik, bk, ai, ab, ak)
        power[k, b] += 2.0 * u[i] * u[a] * _four(r, s, 1, 3, 0, 2, p, bk, ik, bi, ak, ab, ai)
        power[a, b] += 2.0 * u[i] * u[k] * _four(r, s, 2, 3, 0, 1, p, ab, ai, bi, ak, bk, ik)


@inner
def _four(r, s, i, k, a, b, p, ik, ai, ak, bi, bk, ab):
    """Return < theta_i theta_k z_a theta_a z_b theta_b > for four different fields.

    r_ab P + s_ab L_ab + r_bi s_ai L_ai + r_bk s_ak L_ak + r_ai s_bi L_bi + r_ak s_bk L_bk
    + (r_ai (r_bk - r_bi r_ik) + r_ak (r_bi - r_bk r_ik)) / s_ik L_ik, where P is the probability that all
    four are positive, and L_fg is that of the other two for z_f = z_g = 0, divided by 2 pi.
    """
    total = r[a, b] * p + s[a, b] * ab + _of_two(r, s, i, k, a, b) * ik
    total += r[b, i] * s[a, i] * ai + r[b, k] * s[a, k] * ak
    return total + r[a, i] * s[b, i] * bi + r[a, k] * s[b, k] * bk


@inner
def _given_two(r, f, g, h, m):
    """Return the probability that fields h and m are positive given that f and g are 0, divided by 2 pi."""
    fg, hf, hg, mf, mg = r[f, g], r[h, f], r[h, g], r[m, f], r[m, g]
    both = (1.0 - fg * fg) * r[h, m] - (hf * mf + hg * mg - fg * (hf * mg + hg * mf))
    q = correlation(_volume(r, f, g, h), _volume(r, f, g, m), both)
    return orthant2(asin(q)) / (2.0 * math.pi)
