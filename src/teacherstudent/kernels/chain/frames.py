"""Networks by their coordinates in an orthonormal frame, many at a time.

With 1 / sqrt N included, the student is S = [G A], with G (K, p) lower triangular and A (K, r) along the axes
of the teachers, and these are [0 B]: Q = S S^T, R = A B^T, T = B B^T. All arrays have the networks as their
last axis, of C columns.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.columns import rotate, rotation
from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.generalisation import generalisation_errors
from teacherstudent.kernels.maths.special import fma


class Shape(NamedTuple):
    """What all columns have in common."""

    N: int
    p: int  # axes of G: K, or 0 where the frame has all N axes
    r: int  # axes of A and B
    batch: int
    student: int  # activation codes
    teacher: int


class Teachers(NamedTuple):
    """All teachers."""

    B: np.ndarray  # (P M, r, C)
    T: np.ndarray  # (C, P M, P M)
    v: np.ndarray  # (C, P, M)


def axes(N: int, K: int, PM: int, batch: int) -> tuple[int, int, int]:
    """Return p and r and the number q of further axes that the inputs of a batch add, beyond the networks."""
    return (K, PM, batch) if K + PM + batch <= N else (0, N, 0)


@entry
def triangularise(rows, first, last):
    """Rotate the axes of rows (F, n, C) until each row up to `last` - 1 ends on the diagonal.

    Those before `first` do so already; there are min(F, n) of them in the end.
    """
    F, n, C = rows.shape
    cosine, sine = np.empty(C), np.empty(C)
    for j in range(first, last):
        for i in range(j + 1, n):
            rotation(rows[j, j], rows[j, i], cosine, sine)
            rows[j, i] = 0.0
            for k in range(j + 1, F):
                rotate(rows[k, j], rows[k, i], cosine, sine)


@entry
def fill_gram(T, B, first, last):
    """Fill the rows `first`, ..., `last` - 1 of T = B B^T of each column, (C, P M, P M)."""
    for c in range(len(T)):
        for i in range(first, last):
            for k in range(len(B)):
                T[c, i, k] = inner_product(B[i], B[k], c)


@entry
def measure(shape, teachers, S, h, Q, R, errors, first, last):
    """Fill in order parameters and errors of the columns `first`, ..., `last` - 1 for heads h (H, K, C).

    Q (C, K, K), R (C, K, P M), errors (C, P).
    """
    for c in range(first, last):
        overlaps(shape, S, teachers.B, c, Q[c], R[c])
        heads = np.ascontiguousarray(h[:, :, c])
        errors[c] = generalisation_errors(
            shape.student, shape.teacher, Q[c], R[c], teachers.T[c], heads, teachers.v[c]
        )


@by_column
def overlaps(shape, S, B, c, Q, R):
    """Q = S S^T (K, K) and R = A B^T (K, P M) of column c; S may have further axes."""
    n = shape.p + shape.r
    for i in range(len(S)):
        for k in range(i + 1):
            Q[i, k] = inner_product(S[i, :n], S[k, :n], c)
            Q[k, i] = Q[i, k]
        for m in range(len(B)):
            R[i, m] = inner_product(S[i, shape.p : n], B[m], c)


@by_column
def inner_product(a, b, c):
    """sum_i a_i b_i of column c."""
    total = 0.0
    for i in range(len(a)):
        total = fma(a[i, c], b[i, c], total)
    return total
