"""Steps of sums over the fields of students with several hidden layers, whose nodes are those of `nodes`.

Fields are x = L zeta with independent standard normal zeta and the Cholesky factor L of their covariance.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner

# Pivots below this variance belong to fields that are functions of the fields before them.
SMALLEST_PIVOT = 1e-24
STEPS = 64  # distances y that are compared
LARGE = 8.0  # imaginary parts from which on spacings do not change any more
GROWTH = 0.3  # exponent of their square; errors of random networks are up to ten times the tolerance


@inner
def factor(C, L):
    """Compute the Cholesky factor of a covariance, with columns of zeros for pivots without variance.

    Parameters
    ----------
    C : array (d, d)
        Covariance of fields.
    L : array (d, d)
        Receives the lower triangular factor, L L^T = C.
    """
    for j in range(len(C)):
        pivot = C[j, j]
        for i in range(j):
            pivot -= L[j, i] * L[j, i]
            L[i, j] = 0.0
        root = math.sqrt(pivot) if pivot > SMALLEST_PIVOT else 0.0
        for k in range(j, len(C)):
            total = C[k, j]
            for i in range(j):
                total -= L[k, i] * L[j, i]
            L[k, j] = total / root if root > 0.0 else 0.0


@inner
def set_spacings(L, M, slopes, tolerance, h):
    """Compute the spacing of nodes along each axis for a student of several layers and a teacher.

    The error of a sum is exp(-2 pi y / h) times the size of the integrand at the distance y from the real
    axis: exp(y^2 (1 + 2 l^2) / 2) with l the largest L_kj (those of teachers are added), and exp(g c^2) with
    g = GROWTH for each layer after the first. Its fields have imaginary parts up to c = |U| erfi(c' / sqrt 2)
    with c' of the layer before, l y in the first one. h_j is the largest spacing with an error of the
    tolerance.

    Parameters
    ----------
    L : array (d, d)
        Factor of the covariance of the fields: M units of the teacher, then those of the student.
    M : int
        Number of units of the teacher.
    slopes : array (layers - 1,)
        Largest sum of absolute values |U| in a row of each inner matrix.
    tolerance : float
        Tolerance of means, between 0 and 1.
    h : array (d,)
        Receives the spacings.
    """
    for j in range(len(h)):
        student = teacher = 0.0
        for i in range(M):
            teacher = max(teacher, abs(L[i, j]))
        for i in range(M, len(L)):
            student = max(student, abs(L[i, j]))
        h[j] = _spacing(student, teacher, slopes, -math.log(tolerance))


@inner
def _spacing(student, teacher, slopes, digits):
    """Return the largest spacing, max_y 2 pi y / (ln(1 / tolerance) + ln(size of the integrand at y))."""
    width = 1.0 + 2.0 * student * student + 2.0 * teacher * teacher
    farthest, best = math.sqrt(2.0 * digits / width), 0.0  # the best y without inner layers
    for step in range(1, STEPS + 1):
        y = farthest * step / STEPS
        size, imaginary = 0.5 * width * y * y, student * y
        for slope in slopes:
            imaginary = slope * _erfi(min(imaginary, LARGE) / math.sqrt(2.0))
            size += GROWTH * imaginary * imaginary
        best = max(best, 2.0 * math.pi * y / (digits + size))
    return best


@inner
def _erfi(x):
    """Return the imaginary error function, 2 / sqrt(pi) times the integral of exp(t^2), by its series."""
    term = total = x
    n = 0
    while term > 1e-3 * total and n < 200:
        n += 1
        term *= x * x / n
        total += term / (2 * n + 1)
    return 2.0 / math.sqrt(math.pi) * total


@inner
def set_slopes(U, slopes):
    """Compute the largest sum of absolute values in a row of each matrix of U (layers - 1, K, K)."""
    for layer in range(len(U)):
        slopes[layer] = 0.0
        for k in range(U.shape[1]):
            total = 0.0
            for j in range(U.shape[2]):
                total += abs(U[layer, k, j])
            slopes[layer] = max(slopes[layer], total)


@entry
def frame(C, M, U, tolerance):
    """Return the factor of a covariance and the spacings of a sum for means over its fields.

    Parameters
    ----------
    C : array (d, d)
        Covariance of the fields: M units of the teacher, then those of the student.
    M : int
        Number of units of the teacher.
    U : array (L - 1, K, K)
        Inner weights of the student.
    tolerance : float
        Tolerance of means.

    Returns
    -------
    L, h : arrays (d, d), (d,)
    """
    L, h, slopes = np.empty_like(C), np.empty(len(C)), np.empty(len(U))
    factor(C, L)
    set_slopes(U, slopes)
    set_spacings(L, M, slopes, tolerance, h)
    return L, h
