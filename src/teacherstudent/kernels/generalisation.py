"""Generalisation errors from order parameters."""

import numpy as np

from teacherstudent.kernels.compilation import entry
from teacherstudent.kernels.integrals import I2


@entry
def generalisation_error(student, teacher, Q, R, T, h, v):
    """eps = 1/2 < (sum_k h_k g(lambda_k) - sum_m v_m g(rho_m))^2 > on fresh clean inputs.

    Q (K, K), R (K, M), T (M, M) are the overlaps of the student with itself and with one teacher, h (K,) and
    v (M,) the readouts, `student` and `teacher` activation codes. Goldt et al. 2019, eq. (7) in general form;
    rounding below zero is cut off.
    """
    K, M = R.shape
    eps = 0.0
    for i in range(K):
        for k in range(K):
            eps += 0.5 * h[i] * h[k] * I2(student, student, Q[i, i], Q[i, k], Q[k, k])
        for m in range(M):
            eps -= h[i] * v[m] * I2(student, teacher, Q[i, i], R[i, m], T[m, m])
    for m in range(M):
        for n in range(M):
            eps += 0.5 * v[m] * v[n] * I2(teacher, teacher, T[m, m], T[m, n], T[n, n])
    return max(eps, 0.0)


@entry
def generalisation_errors(student, teacher, Q, R, T, h, v):
    """Errors against every teacher, shape (P,): h (H, K) has one row per teacher or a single shared one, v is
    (P, M).
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
    """Errors (records, P): those of every record, the first index of Q, R and h; T and v stay the same."""
    errors = np.empty((len(Q), len(v)))
    for record in range(len(Q)):
        own = generalisation_errors(student, teacher, Q[record], R[record], T, h[record], v)
        for p in range(len(v)):
            errors[record, p] = own[p]
    return errors
