"""Sums over nodes for means over Gaussian fields: the trapezoidal rule on grids of half-integers.

Fields are x = L zeta with independent standard normal zeta and the Cholesky factor L of their covariance. For
integrands that are smooth the sum converges like exp(-2 pi^2 sigma^2 / h^2) in the spacing h, with sigma the
width of the integrand along an axis: L. N. Trefethen & J. A. C. Weideman, SIAM Rev. 56 (2014) 385.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner

# Pivots below this variance belong to fields that are functions of the fields before them.
SMALLEST_PIVOT = 1e-24


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
def set_spacings(L, M, sharpness, tolerance, h):
    """Compute the spacing of nodes along each axis for a student of several layers and a teacher.

    h_j = sqrt 2 pi / sqrt(ln(1 / tolerance)) / sqrt(1 + 2 s max_k L_kj^2 + 2 max_m L_mj^2), k units of the
    student, m units of the teacher.

    Parameters
    ----------
    L : array (d, d)
        Factor of the covariance of the fields: M units of the teacher, then those of the student.
    M : int
        Number of units of the teacher.
    sharpness : float
        s >= 1, by which inner layers make the functions of a field of the student steeper.
    tolerance : float
        Tolerance of means, between 0 and 1.
    h : array (d,)
        Receives the spacings.
    """
    for j in range(len(h)):
        student = teacher = 0.0
        for i in range(M):
            teacher = max(teacher, L[i, j] * L[i, j])
        for i in range(M, len(L)):
            student = max(student, L[i, j] * L[i, j])
        width = 1.0 + 2.0 * sharpness * student + 2.0 * teacher
        h[j] = math.sqrt(2.0) * math.pi / math.sqrt(-math.log(tolerance) * width)


@inner
def sharpness(U):
    """Return s = max(1, max_l |U_l|), with |U| the largest sum of absolute values in a row, for U (L - 1, K, K)."""
    largest = 1.0
    for layer in range(len(U)):
        for k in range(U.shape[1]):
            total = 0.0
            for j in range(U.shape[2]):
                total += abs(U[layer, k, j])
            largest = max(largest, total)
    return largest


@entry
def fill_nodes(h, reach, halved, Z, w):
    """Write the nodes of a grid in a ball and their weights, or count them.

    Nodes are the half-integers times the spacings with a length below the reach; the weights
    exp(-|z|^2 / 2) are normalised to a sum of 1.

    Parameters
    ----------
    h : array (d,)
        Spacing along each axis.
    reach : float
        Radius of the ball.
    halved : bool
        Whether one of each pair of nodes z and -z is enough, since the integrand is even.
    Z : array (d, n)
        Receives the nodes; with n = 0 they are only counted.
    w : array (n,)
        Receives the weights.

    Returns
    -------
    int
        Number of nodes of the grid.
    """
    d, found, total = len(h), 0, 0.0
    last, at = np.empty(d, np.int64), np.empty(d, np.int64)
    for j in range(d):
        last[j] = int(math.ceil(reach / h[j]))
        at[j] = -last[j]
    at[0] = 0 if halved else at[0]
    while True:
        square = 0.0
        for j in range(d):
            square += ((at[j] + 0.5) * h[j]) ** 2
        if square < reach * reach:
            if found < len(w):
                for j in range(d):
                    Z[j, found] = (at[j] + 0.5) * h[j]
                w[found] = math.exp(-0.5 * square)
                total += w[found]
            found += 1
        j = d - 1
        while j >= 0:
            at[j] += 1
            if at[j] < last[j]:
                break
            at[j] = 0 if halved and j == 0 else -last[j]
            j -= 1
        if j < 0:
            break
    for e in range(len(w)):
        w[e] /= total
    return found


def nodes(h: np.ndarray, tolerance: float, halved: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes and weights of a sum with some tolerance.

    Parameters
    ----------
    h : array (d,)
        Spacing along each axis.
    tolerance : float
        Tolerance of means: nodes with a smaller weight, relative to the largest one, are left out.
    halved : bool
        As for `fill_nodes`.

    Returns
    -------
    Z, w : arrays (d, n), (n,)
    """
    reach = math.sqrt(-2.0 * math.log(tolerance))
    count = fill_nodes(h, reach, halved, np.empty((len(h), 0)), np.empty(0))
    Z, w = np.empty((len(h), count)), np.empty(count)
    fill_nodes(h, reach, halved, Z, w)
    return Z, w


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
    L, h = np.empty_like(C), np.empty(len(C))
    factor(C, L)
    set_spacings(L, M, sharpness(U), tolerance, h)
    return L, h
