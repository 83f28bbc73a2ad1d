"""Generalisation errors as functions of the order parameters.

Closed forms by the Gaussian integral I2 of `integrals`: Saad & Solla, Phys. Rev. E 52 (1995) 4225; with
readouts Goldt et al., NeurIPS 2019; with several teachers and heads Lee et al., ICML 2021. Sums over nodes
(`pair_sums`) for activations without such forms.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import entry, exact, fast
from teacherstudent.kernels.maths.activations import ERF, RELU
from teacherstudent.kernels.maths.integrals import I2
from teacherstudent.kernels.maths.pair_sums import pair_mean
from teacherstudent.kernels.maths.special import asin


@entry
def generalisation_error(student, teacher, Q, R, T, h, v):
    """Return the generalisation error against one teacher, on fresh inputs and labels without noise.

    eps = 1/2 < (sum_k h_k g(lambda_k) - sum_m v_m g(rho_m))^2 >
        = 1/2 sum_ij h_i h_j I2(Q_ii, Q_ij, Q_jj) + 1/2 sum_mn v_m v_n I2(T_mm, T_mn, T_nn)
          - sum_im h_i v_m I2(Q_ii, R_im, T_mm);

    Goldt et al. 2019, eq. (7), for any pair of activations.

    Parameters
    ----------
    student, teacher : int
        Activation codes, see `activations`.
    Q : (K, K) array
        Overlaps w_i w_k / N of the student units.
    R : (K, M) array
        Overlaps of student units with the units of the teacher, divided by N.
    T : (M, M) array
        Overlaps of the teacher units, divided by N.
    h : (K,) array
        Readouts of the student.
    v : (M,) array
        Readouts of the teacher.

    Returns
    -------
    float
        At least 0: a negative result of rounding is replaced by 0.
    """
    eps = 0.5 * (_second_moment(student, Q, h) + _second_moment(teacher, T, v))
    for i in range(len(h)):
        eps -= h[i] * _second_moments(student, teacher, Q[i, i], R, i, T, v, 0)
    return max(eps, 0.0)


@exact
def _second_moment(code, C, weights):
    """Return < (sum_i w_i g(x_i))^2 > for fields with covariances C; every pair is computed once."""
    total = 0.0
    for i in range(len(weights)):
        own = weights[i] * _own_moment(code, C[i, i])
        others = _second_moments(code, code, C[i, i], C, i, C, weights, i + 1)
        total += weights[i] * (own + 2.0 * others)
    return total


@exact
def _own_moment(code, c):
    """Return < g(x)^2 > for a field of variance c."""
    return pair_mean(code, code, c, c, c) if code > RELU else I2(code, code, c, c, c)


@fast
def _second_moments(a, b, c11, C, i, D, weights, first):
    """Return < g_a(x) sum_k w_k g_b(y_k) >, k >= first.

    The variance of x is c11, its covariances with y_k are C_ik, and the variances of y_k are D_kk.
    """
    total = 0.0
    if a == ERF and b == ERF:  # with constant codes the compiler vectorises the loop
        for k in range(first, len(weights)):
            total += weights[k] * I2(ERF, ERF, c11, C[i, k], D[k, k])
    elif a > RELU or b > RELU:
        for k in range(first, len(weights)):
            total += weights[k] * pair_mean(a, b, c11, C[i, k], D[k, k])
    else:
        for k in range(first, len(weights)):
            total += weights[k] * I2(a, b, c11, C[i, k], D[k, k])
    return total


@entry
def generalisation_errors(student, teacher, Q, R, T, h, v):
    """Return the generalisation errors against every teacher.

    Parameters
    ----------
    student, teacher : int
        Activation codes.
    Q : (K, K) array
        Overlaps w_i w_k / N of the student units.
    R : (K, P M) array
        Overlaps of student units with the units of all teachers, divided by N, teacher by teacher.
    T : (P M, P M) array
        Overlaps of the units of all teachers, divided by N.
    h : (H, K) array
        Readouts of the student, one row per teacher or a single shared one.
    v : (P, M) array
        Readouts of the teachers.

    Returns
    -------
    (P,) array
        As `generalisation_error`.
    """
    P, M = v.shape
    errors = np.empty(P)
    for p in range(P):
        own = slice(p * M, (p + 1) * M)
        head = h[p] if len(h) > 1 else h[0]
        errors[p] = generalisation_error(student, teacher, Q, R[:, own], T[own, own], head, v[p])
    return errors


@entry
def generalisation_errors_of_records(student, teacher, Q, R, T, h, v):
    """Return the generalisation errors against every teacher, at every record.

    Parameters
    ----------
    student, teacher : int
        Activation codes.
    Q : (records, K, K) array
        Overlaps w_i w_k / N of the student units.
    R : (records, K, P M) array
        Overlaps of student units with the units of all teachers, divided by N, teacher by teacher.
    T : (P M, P M) array
        Overlaps of the units of all teachers, divided by N, the same at all records.
    h : (records, H, K) array
        Readouts of the student, one row per teacher or a single shared one.
    v : (P, M) array
        Readouts of the teachers, the same at all records.

    Returns
    -------
    (records, P) array
        As `generalisation_errors`.
    """
    errors = np.empty((len(Q), len(v)))
    if student == ERF and teacher == ERF:
        _fill_errors_of_erf(Q, R, T, h, v, errors)
        return errors
    for record in range(len(Q)):
        own = generalisation_errors(student, teacher, Q[record], R[record], T, h[record], v)
        for p in range(len(v)):
            errors[record, p] = own[p]
    return errors


@exact
def _fill_errors_of_erf(Q, R, T, h, v, errors):
    """Compute the errors of erf units pair by pair, all records together: these loops are vectorised."""
    (records, K), (P, M) = Q.shape[:2], v.shape
    squares = np.empty(records)
    for p in range(P):
        head, first = p if h.shape[1] > 1 else 0, p * M
        for r in range(records):
            squares[r] = 0.0
        for m in range(first, first + M):
            for n in range(first, first + M):
                constant = v[p, m - first] * v[p, n - first] * I2(ERF, ERF, T[m, m], T[m, n], T[n, n])
                for r in range(records):
                    squares[r] += constant
        for i in range(K):
            for k in range(i, K):
                factor = 2.0 / math.pi * (1.0 if i == k else 2.0)
                for r in range(records):
                    cosine = Q[r, i, k] / math.sqrt((1.0 + Q[r, i, i]) * (1.0 + Q[r, k, k]))
                    squares[r] += factor * h[r, head, i] * h[r, head, k] * asin(cosine)
            for m in range(first, first + M):
                factor, variance = -4.0 / math.pi * v[p, m - first], 1.0 + T[m, m]
                for r in range(records):
                    cosine = R[r, i, m] / math.sqrt((1.0 + Q[r, i, i]) * variance)
                    squares[r] += factor * h[r, head, i] * asin(cosine)
        for r in range(records):
            errors[r, p] = max(0.5 * squares[r], 0.0)
