"""Recorded quantities of chains: the states at recorded steps, and their overlaps and errors.

States are saved while chains train, and measured later. All loops are over columns, so that the bits of a
record depend neither on the other columns nor on the other records.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.columns import copy, inverse_root, sum_products
from teacherstudent.kernels.compile.flags import by_column, column_loop, entry
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.maths.generalisation import generalisation_errors
from teacherstudent.kernels.maths.special import asin, fma


class History(NamedTuple):
    """States at n recorded steps of a piece of training."""

    steps: np.ndarray  # (n,) int64, numbers of the next step, increasing
    head: np.ndarray  # (C,) int64, number of the head that is trained
    S: np.ndarray  # (n, K, p + r + q, C) students, as in `arrays.State`
    h: np.ndarray  # (n, H, K, C) all heads; those that are not trained are there before


class Measures(NamedTuple):
    """Quantities of T recorded steps, and work space of one of these."""

    Q: np.ndarray  # (C, T, K, K) overlaps w_i w_k / N of student units
    R: np.ndarray  # (C, T, K, P M) overlaps of student units with units of all teachers, / N
    errors: np.ndarray  # (C, T, P) generalisation errors against all teachers; (C, T, 0) for none
    row: np.ndarray  # (K + P M, C) overlaps of one student unit
    inverse: np.ndarray  # (K + P M, C) 1 / sqrt(1 + length^2) of students and teachers
    v: np.ndarray  # (P M, C) readouts of the teachers
    constant: np.ndarray  # (P, C) parts of the errors that depend on teachers only
    total: np.ndarray  # (P + 1, C) errors, and an angle


@by_column
def save(history, index, state):
    """Save the state of all chains as a record of a history.

    Parameters
    ----------
    history : History
        Receives the state.
    index : int
        Number of the record in the history.
    state : State
        The students.
    """
    for k in range(len(state.h)):
        for i in range(state.S.shape[1]):
            copy(history.S[index, k, i], state.S[k, i])
        for c in range(len(history.head)):
            history.h[index, history.head[c], k, c] = state.h[k, c]


@entry
def measure(shape, teachers, S, h, measures, start, first, last):
    """Compute overlaps, and the errors of erf units, of some rows of n records.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all columns.
    teachers : Teachers
        All teachers, the same in all records.
    S : array (n, K, p + r + q, C)
        Coordinates of the students, / sqrt N.
    h : array (n, H, K, C)
        Readouts of all heads.
    measures : Measures
        Receives the quantities.
    start : int
        Index of the first of the n records among all.
    first, last : int
        The rows first, ..., last - 1 of this piece: row k of record j has the number K j + k.
    """
    K, n, has_errors = S.shape[1], shape.p + shape.r, measures.errors.shape[2] > 0
    is_erf = has_errors and shape.student == ERF and shape.teacher == ERF
    if first == 0 and is_erf:
        _prepare(teachers, measures)
    for number in range(first, last):
        j, i = number // K, number % K
        for k in range(i + 1):
            sum_products(measures.row[k], S[j, i, :n], S[j, k, :n])
        for m in range(len(teachers.B)):
            sum_products(measures.row[K + m], teachers.B[m], S[j, i, shape.p : n])
        _store_row(measures, start + j, i)
        if is_erf:
            _add_row(h[j], measures, i)
            if i == K - 1:
                _store_errors(measures, start + j)


@entry
def fill_errors_of_erf(teachers, h, measures, start):
    """Compute the errors of erf units from overlaps, with the bits of `measure`.

    Parameters
    ----------
    teachers : Teachers
        All teachers, the same in all records.
    h : array (n, H, K, C)
        Readouts of all heads.
    measures : Measures
        Has the overlaps, and receives the errors.
    start : int
        Index of the first of the n records among all.
    """
    _prepare(teachers, measures)
    Q, R, row = measures.Q, measures.R, measures.row
    for j in range(len(h)):
        for i in range(Q.shape[2]):
            for c in range(len(Q)):
                for k in range(i + 1):
                    row[k, c] = Q[c, start + j, i, k]
                for m in range(R.shape[3]):
                    row[R.shape[2] + m, c] = R[c, start + j, i, m]
            _add_row(h[j], measures, i)
        _store_errors(measures, start + j)


@entry
def fill_errors(shape, teachers, h, measures, start, first, last):
    """Compute the errors of units of any kind from overlaps.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all columns.
    teachers : Teachers
        All teachers, the same in all records.
    h : array (n, H, K, C)
        Readouts of all heads.
    measures : Measures
        Has the overlaps, and receives the errors.
    start : int
        Index of the first of the n records among all.
    first, last : int
        The columns of this piece: column c of record j has the number C j + c.
    """
    C = len(measures.Q)
    for number in range(first, last):
        j, c = number // C, number % C
        heads = np.ascontiguousarray(h[j, :, :, c])
        measures.errors[c, start + j] = generalisation_errors(
            shape.student,
            shape.teacher,
            measures.Q[c, start + j],
            measures.R[c, start + j],
            teachers.T[c],
            heads,
            teachers.v[c],
        )


@by_column
def _store_row(measures, t, i):
    """Store the overlaps of unit i in record t."""
    Q, R, row = measures.Q, measures.R, measures.row
    for c in range(len(Q)):
        for k in range(i + 1):
            Q[c, t, i, k] = Q[c, t, k, i] = row[k, c]
        for m in range(R.shape[3]):
            R[c, t, i, m] = row[R.shape[2] + m, c]


@by_column
def _prepare(teachers, measures):
    """Compute what errors need of the teachers: 1/2 sum_mn v_m v_n I2, see `maths.generalisation`."""
    (C, P, M), K = teachers.v.shape, measures.Q.shape[2]
    inverse, v, row, angle = measures.inverse[K:], measures.v, measures.row[0], measures.total[P]
    for m in range(P * M):
        for c in range(C):
            row[c], v[m, c] = teachers.T[c, m, m], teachers.v[c, m // M, m % M]
        _inverse_length(inverse[m], row)
    for p in range(P):
        for c in range(C):
            measures.constant[p, c] = 0.0
        for m in range(p * M, (p + 1) * M):
            for n in range(p * M, m + 1):
                for c in range(C):
                    row[c] = teachers.T[c, m, n]
                _angle(angle, row, inverse[m], inverse[n])
                _add(measures.constant[p], (1.0 if m == n else 2.0) / math.pi, v[m], v[n], angle)


@by_column
def _add_row(h, measures, i):
    """Add the part of unit i, and of its pairs with units before it, to the errors of a record."""
    (K, PM), P, inverse, row = measures.R.shape[2:], len(measures.constant), measures.inverse, measures.row
    total, angle, M = measures.total, measures.total[P], PM // P
    for p in range(P if i == 0 else 0):
        copy(total[p], measures.constant[p])
    _inverse_length(inverse[i], row[i])
    for k in range(i + 1):
        _angle(angle, row[k], inverse[i], inverse[k])
        for p in range(P):
            head = h[p if len(h) > 1 else 0]
            _add(total[p], (1.0 if i == k else 2.0) / math.pi, head[i], head[k], angle)
    for m in range(PM):
        p = m // M
        _angle(angle, row[K + m], inverse[i], inverse[K + m])
        _add(total[p], -2.0 / math.pi, h[p if len(h) > 1 else 0, i], measures.v[m], angle)


@by_column
def _store_errors(measures, t):
    """Store the errors of record t; a negative one, which is rounding, becomes 0."""
    for c in range(len(measures.errors)):
        for p in range(len(measures.constant)):
            error = measures.total[p, c]
            measures.errors[c, t, p] = 0.0 if error < 0.0 else error


@column_loop
def _inverse_length(out, square):
    """Compute 1 / sqrt(1 + square), both (C,)."""
    for c in range(len(out)):
        out[c] = inverse_root(1.0 + square[c])


@column_loop
def _angle(out, overlap, inverse, other):
    """Compute the arcsines of correlations, overlap times two inverse lengths, all (C,)."""
    for c in range(len(out)):
        sine = overlap[c] * inverse[c] * other[c]
        sine = 1.0 if sine > 1.0 else sine
        out[c] = asin(-1.0 if sine < -1.0 else sine)


@column_loop
def _add(out, factor, a, b, angle):
    """Compute out += factor a b angle, all (C,) but the factor."""
    for c in range(len(out)):
        out[c] = fma(factor * a[c] * b[c], angle[c], out[c])
