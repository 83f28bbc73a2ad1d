"""Probabilities that zero-mean Gaussian fields are all positive, as functions of their correlations.

Two and three fields have closed forms (W. F. Sheppard 1899; F. N. David, Biometrika 40 (1953) 458). The
probability of four has one-dimensional integrals along a path of correlations (R. L. Plackett, Biometrika 41
(1954) 351): scaling the correlations of one field with the others by s from 0 to 1,

    dP / dr_14 = 1 / (2 pi sqrt(1 - r_14^2)) P(x_2 > 0, x_3 > 0 | x_1 = x_4 = 0).
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import inner, long_sum
from teacherstudent.kernels.maths.special import asin

# Variances below this, in units of those without conditions, are taken as 0.
TINY = 1e-20


def _nodes(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return f and weights df of Gauss-Legendre sums over x from 0 to 1, with f = 1 - (1 - x)^4.

    For singular covariances the integrand has an inverse square root at f = 1, which x removes.
    """
    x, weight = np.polynomial.legendre.leggauss(n)
    rest = 0.5 * (1.0 - x)
    return 1.0 - rest**4, 2.0 * rest**3 * weight


NODES, WEIGHTS = _nodes(20)


@inner
def orthant2(asin_12):
    """Return the probability that two fields are positive.

    Parameters
    ----------
    asin_12 : float
        Arcsine of their correlation.

    Returns
    -------
    float
    """
    return 0.25 + asin_12 / (2.0 * math.pi)


@inner
def orthant3(asin_12, asin_13, asin_23):
    """Return the probability that three fields are positive.

    Parameters
    ----------
    asin_12, asin_13, asin_23 : float
        Arcsines of their correlations.

    Returns
    -------
    float
    """
    return 0.125 + (asin_12 + asin_13 + asin_23) / (4.0 * math.pi)


@inner
def orthant4(r, angle, i, j, k, m):
    """Return the probability that four different fields are positive, with an error below 2e-9.

    P = 1/16 + 1/(8 pi) sum asin r + 1/(4 pi^2) (path_i + path_j + path_k), where the correlations of field m
    with the others are scaled.

    Parameters
    ----------
    r, angle : (D, D) array
        Correlations, and their arcsines.
    i, j, k, m : int
        The fields.

    Returns
    -------
    float
    """
    angles = angle[i, j] + angle[i, k] + angle[i, m] + angle[j, k] + angle[j, m] + angle[k, m]
    paths = _path(r[i, m], r[i, j], r[i, k], r[j, k], r[j, m], r[k, m])
    paths += _path(r[j, m], r[i, j], r[j, k], r[i, k], r[i, m], r[k, m])
    paths += _path(r[k, m], r[i, k], r[j, k], r[i, j], r[i, m], r[j, m])
    return 0.0625 + angles / (8.0 * math.pi) + paths / (4.0 * math.pi * math.pi)


@long_sum
def _path(im, ij, ik, jk, jm, km):
    """Return the integral of asin q over alpha from 0 to asin im, q the correlation of j and k given i and m.

    s = sin(alpha) / im scales the correlations of m; apart from a factor, the covariance of j and k given i
    and m is linear in s^2. The variable is tan(alpha / 2) = top f, f from 0 to 1.
    """
    first, second, both = 1.0 - ij * ij, 1.0 - ik * ik, jk - ij * ik
    j, k, square = jm - ij * im, km - ik * im, im * im
    slope_j, slope_k, slope = square * first + j * j, square * second + k * k, square * both + j * k
    ratio = 1.0 / (1.0 + math.sqrt(max(1.0 - square, 0.0)))  # top / im
    top, total = im * ratio, 0.0
    for x in range(len(NODES)):
        tangent = top * NODES[x]
        rate = 2.0 / (1.0 + tangent * tangent)  # of alpha with the tangent
        s = rate * ratio * NODES[x]
        s *= s
        q = correlation(first - s * slope_j, second - s * slope_k, both - s * slope)
        total += WEIGHTS[x] * rate * asin(q)
    return top * total


@inner
def correlation(a, b, c):
    """Return a correlation from variances and the covariance.

    Parameters
    ----------
    a, b : float
        Variances, in units of those without conditions; those below 1e-20 are taken as 0.
    c : float
        Covariance.

    Returns
    -------
    float
        c / sqrt(a b) within [-1, 1], or 0 where a variance is 0.
    """
    q = c / math.sqrt(max(a, TINY) * max(b, TINY))
    q = 0.0 if min(a, b) < TINY else q
    return min(1.0, max(-1.0, q))
