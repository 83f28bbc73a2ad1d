"""Probabilities that zero-mean Gaussian fields are all positive, as functions of their correlations.

Two and three fields have closed forms (W. F. Sheppard 1899; F. N. David, Biometrika 40 (1953) 458). The
probability of four has one-dimensional integrals along a path of correlations (R. L. Plackett, Biometrika 41
(1954) 351): scaling the correlations of one field with the others by s from 0 to 1,

    dP / dr_14 = 1 / (2 pi sqrt(1 - r_14^2)) P(x_2 > 0, x_3 > 0 | x_1 = x_4 = 0).
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import rounded
from teacherstudent.kernels.compile.vectors import fma, select
from teacherstudent.kernels.maths.special import asin, at_least, inverse_root, within_one

# Variances below this, in units of those without conditions, are taken as 0; `inverse_root` has its square.
TINY = 1e-18
INVERSE_2_PI = 0.5 / math.pi
COUNT = 20  # nodes of a path
PADDED = 24  # the same with nodes of weight 0, so that a loop consists of whole vectors


def _nodes(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return f and weights df of Gauss-Legendre sums over x from 0 to 1, with f = 1 - (1 - x)^4.

    For singular covariances the integrand has an inverse square root at f = 1, which x removes.
    """
    x, weight = np.polynomial.legendre.leggauss(n)
    rest, padding = 0.5 * (1.0 - x), (0, PADDED - n)
    return np.pad(1.0 - rest**4, padding), np.pad(2.0 * rest**3 * weight, padding)


NODES, WEIGHTS = _nodes(COUNT)


@rounded
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
    return fma(INVERSE_2_PI, asin_12, 0.25)


@rounded
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
    return fma(0.5 * INVERSE_2_PI, asin_12 + asin_13 + asin_23, 0.125)


@rounded
def orthant4(r, angle, i, j, k, m, work):
    """Return the probability that four different fields are positive, with an error below 2e-9.

    P = 1/16 + 1/(8 pi) sum asin r + 1/(4 pi^2) (path_i + path_j + path_k), where the correlations of field m
    with the others are scaled.

    Parameters
    ----------
    r, angle : (D, D) array
        Correlations, and their arcsines.
    i, j, k, m : int
        The fields.
    work : (20 or 24,) array
        Work space for the nodes of a path; without vectors of runs a loop over 24 of them is faster.

    Returns
    -------
    float
    """
    angles = angle[i, j] + angle[i, k] + angle[i, m] + angle[j, k] + angle[j, m] + angle[k, m]
    paths = _path(r[i, m], r[i, j], r[i, k], r[j, k], r[j, m], r[k, m], work)
    paths += _path(r[j, m], r[i, j], r[j, k], r[i, k], r[i, m], r[k, m], work)
    paths += _path(r[k, m], r[i, k], r[j, k], r[i, j], r[i, m], r[j, m], work)
    return fma(INVERSE_2_PI * INVERSE_2_PI, paths, fma(0.25 * INVERSE_2_PI, angles, 0.0625))


@rounded
def _path(im, ij, ik, jk, jm, km, work):
    """Return the integral of asin q over alpha from 0 to asin im, q the correlation of j and k given i and m.

    s = sin(alpha) / im scales the correlations of m; apart from a factor, the covariance of j and k given i
    and m is linear in s^2. The variable is tan(alpha / 2) = top f, f from 0 to 1.
    """
    first, second, both = 1.0 - ij * ij, 1.0 - ik * ik, jk - ij * ik
    j, k, square = jm - ij * im, km - ik * im, im * im
    slope_j, slope_k, slope = fma(square, first, j * j), fma(square, second, k * k), fma(square, both, j * k)
    ratio = 1.0 / (1.0 + math.sqrt(at_least(0.0, 1.0 - square)))  # top / im
    top = im * ratio
    for x in range(len(work)):
        tangent = top * NODES[x]
        rate = 2.0 / fma(tangent, tangent, 1.0)  # of alpha with the tangent
        s = rate * ratio * NODES[x]
        s = -s * s
        q = correlation(fma(s, slope_j, first), fma(s, slope_k, second), fma(s, slope, both))
        work[x] = WEIGHTS[x] * rate * asin(q)
    # Four partial sums: each addition waits for the one before.
    a, b, c, d = work[0], work[1], work[2], work[3]
    for x in range(4, COUNT, 4):
        a, b, c, d = a + work[x], b + work[x + 1], c + work[x + 2], d + work[x + 3]
    return top * ((a + b) + (c + d))


@rounded
def correlation(a, b, c):
    """Return a correlation from variances and the covariance.

    Parameters
    ----------
    a, b : float
        Variances, in units of those without conditions; those below 1e-18 are taken as 0.
    c : float
        Covariance.

    Returns
    -------
    float
        c / sqrt(a b) within [-1, 1], or 0 where a variance is 0.
    """
    q = within_one(c * inverse_root(at_least(TINY, a) * at_least(TINY, b)))
    q = select(a < TINY, 0.0, q)
    return select(b < TINY, 0.0, q)
