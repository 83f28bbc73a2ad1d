"""Means of products with two relu units for relu students, and the sets of four different relu fields.

See `rectified`, whose law has the correlations r, s_ab = sqrt(1 - r_ab^2) and the arcsines of r. Fields of a
set that coincide need fewer fields: both are computed where some runs side by side need one and some the
other, and each run has its own.
"""

import math

from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.compile.vectors import fma, is_any, is_used, select
from teacherstudent.kernels.maths.orthants import INVERSE_2_PI, correlation, orthant2, orthant3, orthant4
from teacherstudent.kernels.maths.special import asin

FOUR_FIELDS = 400  # units of work of a set of four fields
# Variances below this are rounding errors of 0, in units of those without conditions.
ROUNDING = 1e-13
# Four fields are in a plane if all determinants of three of them are below this: their relative errors are
# rounding errors divided by it, and the means change by about this number where correlations become smaller.
PLANE = 1e-9
SMALL = 1e-7  # the same for standard deviations
EQUAL = 1e-6  # the same for two of four fields, which are then one: an error of EQUAL or its square
# Pairs of four fields, in the order of `Rectified.terms`.
PAIRS = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


@inlined
def relu_relu(law, a, b, i):
    """Return < theta_i z_a theta_a z_b theta_b >, also for coinciding fields.

    Parameters
    ----------
    law : Rectified
        With the correlations of the fields.
    a, b, i : int
        The fields.

    Returns
    -------
    float
    """
    r, s, angle = law.r, law.s, law.angle
    three = r[a, b] * orthant3(angle[a, b], angle[a, i], angle[b, i])
    return fma(0.5 * INVERSE_2_PI, fma(r[b, i], s[a, i], fma(r[a, i], s[b, i], s[a, b])), three)


@inlined
def relu_linear(law, i, k, a, b):
    """Return < theta_i theta_k z_a theta_a z_b >, also for coinciding fields.

    Parameters
    ----------
    law : Rectified
        With the correlations of the fields.
    i, k, a, b : int
        The fields.

    Returns
    -------
    float
    """
    r, s, angle = law.r, law.s, law.angle
    inverse = select(s[i, k] > SMALL, 1.0 / s[i, k], 0.0)
    first = fma(inverse, r[a, k] - r[a, i] * r[i, k], s[a, i])
    second = fma(inverse, r[a, i] - r[a, k] * r[i, k], s[a, k])
    three = r[a, b] * orthant3(angle[i, k], angle[i, a], angle[k, a])
    return fma(0.5 * INVERSE_2_PI, fma(r[b, i], first, r[b, k] * second), three)


@inlined
def of_two(r, s, i, k, a, b):
    """Return (r_ai (r_bk - r_bi r_ik) + r_ak (r_bi - r_bk r_ik)) / s_ik, which is 0 for equal fields i, k.

    Parameters
    ----------
    r, s : (D, D) arrays
        As in the law.
    i, k, a, b : int
        The fields.

    Returns
    -------
    float
    """
    first, second = r[b, k] - r[b, i] * r[i, k], r[b, i] - r[b, k] * r[i, k]
    return select(s[i, k] < SMALL, 0.0, fma(r[a, i], first, r[a, k] * second) / s[i, k])


@inlined
def add_sets(law, i, K, n, power):
    """Add the terms with four different relu fields, of which i is the first; return the number of sets.

    Parameters
    ----------
    law : Rectified
        With the correlations of the fields.
    i : int
        The first field.
    K, n : int
        Numbers of relu fields of the student, and of all relu fields.
    power : (K, K) array
        The means < D^2 theta_i theta_k > for i <= k, to which the terms are added.

    Returns
    -------
    int
    """
    sets = 0
    for k in range(i + 1, K):
        for a in range(k + 1, n):
            for b in range(a + 1, n):
                sets += 1
                smallest = _smallest(law.s, i, k, a, b)
                if is_any(smallest >= EQUAL):
                    _fill_set(law.of_set, law.r, law.s, law.angle, i, k, a, b)
                    _fill_terms(law.of_set, law.terms, law.path, a < K, b < K)
                if is_any(smallest < EQUAL):
                    _replace_terms(law, smallest, i, k, a, b)
                _add_terms(law.u, law.terms, i, k, a, b, K, power)
    return sets


@rounded
def _smaller(a, b):
    """Return the smaller one of two numbers, or b where one is not a number."""
    return select(a < b, a, b)


@rounded
def _smallest(s, i, k, a, b):
    """Return the smallest s of two of four fields."""
    first, second = _smaller(s[i, k], s[i, a]), _smaller(s[i, b], s[k, a])
    return _smaller(_smaller(first, second), _smaller(s[k, b], s[a, b]))


@rounded
def _add_terms(u, terms, i, k, a, b, K, power):
    """Add the terms of four fields, with every pair of student units as theta_i theta_k."""
    power[i, k] += 2.0 * u[a] * u[b] * terms[0]
    if a < K:
        power[i, a] += 2.0 * u[k] * u[b] * terms[1]
        power[k, a] += 2.0 * u[i] * u[b] * terms[2]
    if b < K:
        power[i, b] += 2.0 * u[k] * u[a] * terms[3]
        power[k, b] += 2.0 * u[i] * u[a] * terms[4]
        power[a, b] += 2.0 * u[i] * u[k] * terms[5]


@rounded
def _replace_terms(law, smallest, i, k, a, b):
    """Replace the terms of four fields of which two are equal or opposite."""
    fields = (i, k, a, b)
    for pair in range(6):
        x, y = PAIRS[pair]
        z, w = PAIRS[5 - pair]
        equal = _equal(law, fields[x], fields[y], fields[z], fields[w])
        law.terms[pair] = select(smallest < EQUAL, equal, law.terms[pair])


@rounded
def _equal(law, i, k, a, b):
    """Return < theta_i theta_k z_a theta_a z_b theta_b >, where two of the fields are equal or opposite."""
    r, s = law.r, law.s
    with_i = _smaller(s[a, i], s[b, i]) < EQUAL
    with_k = _smaller(s[i, k], _smaller(s[a, k], s[b, k])) < EQUAL
    value = select(with_i, relu_relu(law, a, b, k), relu_linear(law, i, k, a, a))
    value = select(with_k, relu_relu(law, a, b, i), value)
    for x, y in ((i, k), (a, k), (b, k), (a, i), (b, i), (a, b)):
        value = select(s[x, y] < EQUAL, select(r[x, y] < 0.0, 0.0, value), value)
    return value


@rounded
def _fill_set(of_set, r, s, angle, i, k, a, b):
    """Copy the correlations of four fields.

    Where all of them are in a plane, those given two others are 0 / 0. The means are continuous, but each
    term has a limit that depends on the direction: then all correlations are made a little smaller. The
    error is about 1e-8, and up to 1e-5 where fields nearly coincide.
    """
    own, fields = of_set[0], (i, k, a, b)
    for x in range(4):
        for y in range(4):
            own[x, y] = r[fields[x], fields[y]]
            of_set[1, x, y] = s[fields[x], fields[y]]
            of_set[2, x, y] = angle[fields[x], fields[y]]
    first, second = _volume(own, 0, 1, 2), _volume(own, 0, 1, 3)
    largest = -_smaller(_smaller(-first, -second), _smaller(-_volume(own, 0, 2, 3), -_volume(own, 1, 2, 3)))
    if is_any(largest < PLANE):
        for x in range(4):
            for y in range(x):
                less = select(largest < PLANE, (1.0 - 3.0 * PLANE) * own[x, y], own[x, y])
                own[x, y] = own[y, x] = less
                of_set[1, x, y] = of_set[1, y, x] = math.sqrt((1.0 - less) * (1.0 + less))
                of_set[2, x, y] = of_set[2, y, x] = asin(less)


@rounded
def _volume(r, f, g, h):
    """Return the determinant of the correlations of three fields."""
    fg, fh, gh = r[f, g], r[f, h], r[g, h]
    return (1.0 - fg * fg) - (fh * fh + gh * gh - 2.0 * fg * fh * gh)


@rounded
def _fill_terms(of_set, terms, path, three, four):
    """Compute the terms of four different fields, of which three or all four are of the student's units."""
    r, s, p = of_set[0], of_set[1], 0.0 * of_set[0, 2, 3]
    if three or is_used(r[2, 3]):  # only a factor of r_ab
        p = orthant4(r, of_set[2], 0, 1, 2, 3, path)
    ik, ab = _given_two(r, 0, 1, 2, 3), _given_two(r, 2, 3, 0, 1)
    ai, bk = _given_two(r, 0, 2, 1, 3), _given_two(r, 1, 3, 0, 2)
    ak, bi = _given_two(r, 1, 2, 0, 3), _given_two(r, 0, 3, 1, 2)
    terms[0] = _four(r, s, 0, 1, 2, 3, p, ik, ai, ak, bi, bk, ab)
    if three:
        terms[1] = _four(r, s, 0, 2, 1, 3, p, ai, ik, ak, bi, ab, bk)
        terms[2] = _four(r, s, 1, 2, 0, 3, p, ak, ik, ai, bk, ab, bi)
    if four:
        terms[3] = _four(r, s, 0, 3, 1, 2, p, bi, ik, bk, ai, ab, ak)
        terms[4] = _four(r, s, 1, 3, 0, 2, p, bk, ik, bi, ak, ab, ai)
        terms[5] = _four(r, s, 2, 3, 0, 1, p, ab, ai, bi, ak, bk, ik)


@rounded
def _four(r, s, i, k, a, b, p, ik, ai, ak, bi, bk, ab):
    """Return < theta_i theta_k z_a theta_a z_b theta_b > for four different fields.

    r_ab P + s_ab L_ab + r_bi s_ai L_ai + r_bk s_ak L_ak + r_ai s_bi L_bi + r_ak s_bk L_bk
    + (r_ai (r_bk - r_bi r_ik) + r_ak (r_bi - r_bk r_ik)) / s_ik L_ik, where P is the probability that all
    four are positive, and L_fg is that of the other two for z_f = z_g = 0, divided by 2 pi.
    """
    total = fma(r[a, b], p, fma(s[a, b], ab, of_two(r, s, i, k, a, b) * ik))
    total = fma(r[b, i] * s[a, i], ai, fma(r[b, k] * s[a, k], ak, total))
    return fma(r[a, i] * s[b, i], bi, fma(r[a, k] * s[b, k], bk, total))


@rounded
def _given_two(r, f, g, h, m):
    """Return the probability that fields h and m are positive given that f and g are 0, divided by 2 pi."""
    fg, hf, hg, mf, mg = r[f, g], r[h, f], r[h, g], r[m, f], r[m, g]
    both = (1.0 - fg * fg) * r[h, m] - (hf * mf + hg * mg - fg * (hf * mg + hg * mf))
    q = correlation(_volume(r, f, g, h), _volume(r, f, g, m), both)
    return INVERSE_2_PI * orthant2(asin(q))
