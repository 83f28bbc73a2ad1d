"""Gaussian integrals of pairs of units and their derivatives with respect to the covariances.

By Price's theorem (R. Price, IRE Trans. Inf. Theory 4 (1958) 69) the derivatives are integrals again: that of
E[f(x1) g(x2)] with respect to c12 is E[f'(x1) g'(x2)], that with respect to c11 is 1/2 E[f''(x1) g(x2)]. For
erf units g''(x) = -x g'(x).
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, fast
from teacherstudent.kernels.maths.activations import ERF, RELU
from teacherstudent.kernels.maths.integrals import I2, I3, J2, pair_tilt, tilt, tilted


class Tables(NamedTuple):
    """Integrals for K student units i, k and D error units a, b; the first axis of slopes has 3 entries."""

    I2: np.ndarray  # (K, D) of i and a
    I2_slopes: np.ndarray  # (3, K, D) its derivatives with respect to c_ii, c_ia and c_aa
    J2: np.ndarray  # (K, D) of i and a
    precision: np.ndarray  # (3, K, D) entries ii, ia and aa of p in dJ2 = -1/2 J2 tr(p dC)
    tilt: np.ndarray  # (K,) 1 / (1 + c_ii) for an erf unit, 0 for a linear one
    tilted_I2: np.ndarray  # (K, K, D, D) of a and b under the tilt of i and k
    tilted_slopes: np.ndarray  # (3, K, K, D, D) its derivatives with respect to s_aa, s_ab and s_bb


@entry
def tables(student, teacher, K, C):
    """Compute the integrals of all pairs of units, and their slopes, for a covariance of the fields.

    Parameters
    ----------
    student, teacher : int
        Activation codes, see `activations`; that of the student is erf or linear.
    K : int
        Number of student units.
    C : (D, D) array
        Covariance of the error units: the K student units, then those of the active teacher.

    Returns
    -------
    Tables
        New arrays.
    """
    D = len(C)
    one, three = (K, D), (3, K, D)
    t = Tables(
        np.empty(one),
        np.empty(three),
        np.empty(one),
        np.empty(three),
        np.empty(K),
        np.empty((K, K, D, D)),
        np.empty((3, K, K, D, D)),
    )
    for i in range(K):
        t.tilt[i] = tilt(student, C[i, i], 1.0)
        for a in range(D):
            b, c = student if a < K else teacher, (C[i, i], C[i, a], C[a, a])
            t.I2[i, a], t.J2[i, a] = I2(student, b, *c), J2(student, b, *c)
            _write(I2_slopes(student, b, *c), t.I2_slopes[:, i, a])
            _write(precision(student, b, *c), t.precision[:, i, a])
        for k in range(K):
            _fill_tilted(i, k, K, student, teacher, C, t.tilted_I2[i, k], t.tilted_slopes[:, i, k])
    return t


@fast
def _fill_tilted(i, k, K, student, teacher, C, values, slopes):
    """Fill I2 of all a and b, and its slopes, under the tilt of student units i and k."""
    p = pair_tilt(student, C[i, i], C[i, k], C[k, k])
    for a in range(len(C)):
        for b in range(len(C)):
            first, second = student if a < K else teacher, student if b < K else teacher
            saa = tilted(p, C[a, i], C[a, k], C[a, a], C[a, i], C[a, k])
            sab = tilted(p, C[a, i], C[a, k], C[a, b], C[b, i], C[b, k])
            sbb = tilted(p, C[b, i], C[b, k], C[b, b], C[b, i], C[b, k])
            values[a, b] = I2(first, second, saa, sab, sbb)
            _write(I2_slopes(first, second, saa, sab, sbb), slopes[:, a, b])


@fast
def _write(numbers, out):
    """Write three numbers to a vector."""
    out[0], out[1], out[2] = numbers


@fast
def I2_slopes(a, b, c11, c12, c22):
    """Return the derivatives of I2 with respect to c11, c12 and c22, by Price's theorem.

    Parameters
    ----------
    a, b : int
        Activation codes of x1 and x2.
    c11, c12, c22 : float
        Covariances of x1 and x2.

    Returns
    -------
    tuple of float
        1/2 E[g_a''(x1) g_b(x2)], E[g_a'(x1) g_b'(x2)] and 1/2 E[g_a(x1) g_b''(x2)].
    """
    if a == RELU and b == RELU:
        s = math.sqrt(max(c11 * c22 - c12 * c12, 0.0))
        slope = (math.pi - math.atan2(s, c12)) / (2.0 * math.pi)
        return s / (4.0 * math.pi * c11), slope, s / (4.0 * math.pi * c22)
    slope = J2(b, a, c22, c12, c11) if a == RELU else J2(a, b, c11, c12, c22)
    return _half_curvature(a, b, c11, c12, c22), slope, _half_curvature(b, a, c22, c12, c11)


@fast
def _half_curvature(a, b, c11, c12, c22):
    """Return 1/2 E[g_a''(x1) g_b(x2)], not both relu: -1/2 E[g_a'(x1) x1 g_b(x2)] for a erf, else 0."""
    return -0.5 * I3(a, b, c11, c11, c12, c11, c12, c22) if a == ERF else 0.0


@fast
def precision(a, b, c11, c12, c22):
    """Return the derivative of J2 as a matrix p: dJ2 = -1/2 J2 tr(p dC).

    For two erf units p is the inverse of 1 + C, as in `integrals.pair_tilt`; for one erf unit only its own
    entry is not 0.

    Parameters
    ----------
    a, b : int
        Activation codes of x1 and x2; a is erf or linear.
    c11, c12, c22 : float
        Covariances of x1 and x2.

    Returns
    -------
    tuple of float
        p11, p12 and p22.
    """
    if a == ERF and b == ERF:
        return pair_tilt(ERF, c11, c12, c22)
    return tilt(a, c11, 1.0), 0.0, tilt(b, c22, 1.0)
