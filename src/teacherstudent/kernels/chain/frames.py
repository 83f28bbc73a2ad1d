"""Coordinates of networks in an orthonormal frame, for many networks at a time.

With the factor 1 / sqrt N included, the student is S = [G A] with G (K, p) lower triangular and A (K, r)
along the axes of the teachers, and the teachers are [0 B]: Q = S S^T, R = A B^T, T = B B^T. The axes of A are
those of the teachers, followed by those of the anchors of the student, if there are any. The last axis of all
arrays counts C columns, one for each student with its teachers.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.columns import rotate, rotate_out_of_zero, rotate_rows, rotation
from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.special import fma


class Shape(NamedTuple):
    """Sizes and activations, the same for all columns."""

    N: int  # number of inputs
    p: int  # axes of G: K, or 0 where the frame has all N axes
    r: int  # axes of A
    batch: int  # samples of a step
    student: int  # activation codes, see `maths.activations`
    teacher: int
    further: int = 1  # further axes of each sample: one, or one in each group of inputs (`groups`)


class Teachers(NamedTuple):
    """The fixed networks of all columns, P teachers of M units."""

    B: np.ndarray  # (P M, s, C) coordinates along the first s axes of A, / sqrt N
    T: np.ndarray  # (C, P M, P M) overlaps
    v: np.ndarray  # (C, P, M) readouts


@entry
def triangularise(rows, first, last):
    """Rotate the axes by Givens rotations until the matrix of the rows is lower triangular, in pieces.

    Parameters
    ----------
    rows : array (F, n, C)
        Coordinates, changed in place. On entry the rows before `first` are triangular, on return those before
        `last`.
    first, last : int
        The rows first, ..., last - 1 of this piece; last <= min(F, n).
    """
    cosine, sine = np.empty(rows.shape[2]), np.empty(rows.shape[2])
    rotate_to_triangle(rows, first, last, cosine, sine)


@by_column
def rotate_to_triangle(rows, first, last, cosine, sine):
    """Rotate the axes as `triangularise` does.

    Parameters
    ----------
    rows : array (F, n, C)
        Coordinates, changed in place.
    first, last : int
        The rows first, ..., last - 1 become triangular.
    cosine, sine : array (C,)
        Work space.
    """
    n = rows.shape[1]
    for j in range(first, last):
        for i in range(j + 1, n):
            rotation(rows[j, j], rows[j, i], cosine, sine)
            rows[j, i] = 0.0
            rotate_rows(rows, j + 1, j, i, cosine, sine)


@by_column
def rotate_to_input(S, buffers, b, first, p, y):
    """Rotate the frame until the coordinates w of sample b are zero; later samples are rotated as well.

    Parameters
    ----------
    S : array (K, n, C)
        Coordinates of the students, changed in place.
    buffers : Buffers
        Coordinates of the samples, changed in place.
    b : int
        Number of the sample in the batch.
    first, p : int
        The first axis of G, and the number of its axes.
    y : int
        The further axis, on which the students have no coordinates before.
    """
    u, cosine, sine = buffers.u, buffers.cosine, buffers.sine
    for j in range(p - 1, -1, -1):
        rotation(u[b, y], u[b, first + j], cosine, sine)
        rotate_out_of_zero(S[j, y], S[j, first + j], cosine, sine)
        rotate_rows(S, j + 1, y, first + j, cosine, sine)
        for later in range(b + 1, len(u)):
            rotate(u[later, y], u[later, first + j], cosine, sine)


@by_column
def rotate_back(S, buffers, first, p, y):
    """Rotate the frame until the coordinates Y of the student on a further axis are zero.

    Parameters
    ----------
    S : array (K, n, C)
        Coordinates of the students, changed in place.
    buffers : Buffers
        Work space.
    first, p : int
        The first axis of G, and the number of its axes.
    y : int
        The further axis.
    """
    for j in range(p):
        rotation(S[j, first + j], S[j, y], buffers.cosine, buffers.sine)
        rotate_rows(S, j + 1, first + j, y, buffers.cosine, buffers.sine)


@entry
def fill_gram(T, B, first, last):
    """Compute rows of the overlaps T = B B^T of the teachers.

    Parameters
    ----------
    T : array (C, P M, P M)
        Receives the overlaps of all teachers.
    B : array (P M, s, C)
        Coordinates of all teachers, / sqrt N.
    first, last : int
        The rows first, ..., last - 1 of this piece.
    """
    for c in range(len(T)):
        for i in range(first, last):
            for k in range(len(B)):
                T[c, i, k] = _inner_product(B[i], B[k], c)


@entry
def fill_overlaps(shape, S, B, Q, R, first, last):
    """Compute the overlaps of some columns.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all columns.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N.
    B : array (P M, s, C)
        Coordinates of all teachers, / sqrt N.
    Q : array (C, K, K)
        Receives the overlaps of the student units.
    R : array (C, K, P M)
        Receives the overlaps of student units with the units of all teachers.
    first, last : int
        The columns first, ..., last - 1 of this piece.
    """
    for c in range(first, last):
        overlaps(shape, S, B, c, Q[c], R[c])


@by_column
def overlaps(shape, S, B, c, Q, R):
    """Compute the overlaps Q = S S^T and R = A B^T of one column.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all columns.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N; the first p + r axes are used.
    B : array (P M, s, C)
        Coordinates of all teachers, / sqrt N.
    c : int
        The column.
    Q : array (K, K)
        Receives the overlaps of the student units.
    R : array (K, P M)
        Receives the overlaps of student units with the units of all teachers.
    """
    n = shape.p + shape.r
    for i in range(len(S)):
        for k in range(i + 1):
            Q[i, k] = _inner_product(S[i, :n], S[k, :n], c)
            Q[k, i] = Q[i, k]
        for m in range(len(B)):
            R[i, m] = _inner_product(B[m], S[i, shape.p : n], c)


@by_column
def _inner_product(a, b, c):
    """Return sum_i a_i b_i of column c, for a (n, C) and b with at least n rows."""
    total = 0.0
    for i in range(len(a)):
        total = fma(a[i, c], b[i, c], total)
    return total
