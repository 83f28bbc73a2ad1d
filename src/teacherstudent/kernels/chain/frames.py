"""Networks by their coordinates in an orthonormal frame, many at a time.

With the factor 1 / sqrt N included, the student is S = [G A] with G (K, p) lower triangular and A (K, r)
along the axes of the teachers, and the teachers are [0 B]: Q = S S^T, R = A B^T, T = B B^T. The last axis of
all arrays counts C columns, one for each student with its teachers.
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
    """The fixed networks of all columns, P teachers of M units."""

    B: np.ndarray  # (P M, r, C) coordinates, / sqrt N
    T: np.ndarray  # (C, P M, P M) overlaps
    v: np.ndarray  # (C, P, M) readouts


def axes(N: int, K: int, PM: int, batch: int) -> tuple[int, int, int]:
    """Return the numbers of axes of a frame.

    Parameters
    ----------
    N : int
        Number of inputs.
    K, PM : int
        Numbers of units of the student and of all teachers.
    batch : int
        Samples of a step.

    Returns
    -------
    p, r, q : int
        Axes of G, axes of A and B, and further axes for the inputs of a batch: K, PM and `batch`, or 0, N and
        0 where N is smaller than their sum.
    """
    return (K, PM, batch) if K + PM + batch <= N else (0, N, 0)


@entry
def triangularise(rows, first, last):
    """Rotate the axes until rows are lower triangular, in pieces.

    Parameters
    ----------
    rows : array (F, n, C)
        Coordinates, changed in place. Rows before `first` are triangular already, those before `last` are in
        the end.
    first, last : int
        The rows of this piece; the last piece ends at min(F, n).
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
    """Fill rows of T = B B^T.

    Parameters
    ----------
    T : array (C, P M, P M)
        Receives the overlaps of all teachers.
    B : array (P M, r, C)
        Coordinates of all teachers.
    first, last : int
        The rows of this piece, without `last`.
    """
    for c in range(len(T)):
        for i in range(first, last):
            for k in range(len(B)):
                T[c, i, k] = _inner_product(B[i], B[k], c)


@entry
def measure(shape, teachers, S, h, Q, R, errors, first, last):
    """Measure order parameters and generalisation errors of some columns.

    Parameters
    ----------
    shape : Shape
        What all columns have in common.
    teachers : Teachers
        All teachers.
    S : array (K, p + r + q, C)
        The students.
    h : array (H, K, C)
        All heads.
    Q, R, errors : arrays (C, K, K), (C, K, P M), (C, P)
        Receive the results.
    first, last : int
        The columns of this piece, without `last`.
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
            Q[i, k] = _inner_product(S[i, :n], S[k, :n], c)
            Q[k, i] = Q[i, k]
        for m in range(len(B)):
            R[i, m] = _inner_product(S[i, shape.p : n], B[m], c)


@by_column
def _inner_product(a, b, c):
    """sum_i a_i b_i of column c."""
    total = 0.0
    for i in range(len(a)):
        total = fma(a[i, c], b[i, c], total)
    return total
