"""Mean squares of the gradient of each unit of a student: importances of units for a task."""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import entry, fast
from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.maths.integrals import I4
from teacherstudent.kernels.maths.special import asin


@entry
def mean_square_pulls(student, teacher, Q, R, T, h, v):
    """Compute the means <d^2 g'(lambda_k)^2> over clean inputs, for the units k of a student.

    d = sum_k h_k g(lambda_k) - sum_m v_m g(rho_m) is the error on labels without noise. For erf and linear
    students the means are sums of the integrals I4. For relu g'(lambda)^2 = (1 + sgn lambda) / 2; as d has an
    even part e, the sum of h |lambda| / 2 and -v |rho| / 2 over relu units, and an odd part o, the mean is
    eps + <sgn(lambda_k) e o> with the generalisation error eps.

    Parameters
    ----------
    student, teacher : int
        Activation codes.
    Q : array (K, K)
        Overlaps of the student units, w_i.w_k / N.
    R : array (K, M)
        Overlaps of student and teacher units, divided by N.
    T : array (M, M)
        Overlaps of the teacher units, divided by N.
    h : array (K,)
        Readouts of the student.
    v : array (M,)
        Readouts of the teacher.

    Returns
    -------
    array (K,)
    """
    K, M = len(h), len(v)
    C, readouts, codes = np.empty((K + M, K + M)), np.empty(K + M), np.empty(K + M, np.int64)
    C[:K, :K], C[:K, K:], C[K:, :K], C[K:, K:] = Q, R, R.T, T
    readouts[:K], readouts[K:] = h, -v
    codes[:K], codes[K:] = student, teacher
    means, error = np.zeros(K), generalisation_error(student, teacher, Q, R, T, h, v)
    for k in range(K):
        if student == LINEAR:
            means[k] = 2.0 * error
        elif student == RELU:
            means[k] = max(error + _odd_mean(codes, C, readouts, k), 0.0)
        else:
            means[k] = _tilted_error(codes, C, readouts, k)
    return means


@fast
def _tilted_error(codes, C, readouts, k):
    """Return <d^2 g'(x_k)^2> for an erf unit k."""
    total = 0.0
    for a in range(len(C)):
        for b in range(len(C)):
            c = C[k, k], C[k, k], C[k, a], C[k, b], C[k, k], C[k, a], C[k, b], C[a, a], C[a, b], C[b, b]
            total += readouts[a] * readouts[b] * I4(codes[k], codes[a], codes[b], *c)
    return max(total, 0.0)


@fast
def _odd_mean(codes, C, readouts, k):
    """Return <sgn(x_k) e o> with the even part e and the odd part o of the error."""
    total = 0.0
    for a in range(len(C)):
        if codes[a] == RELU:
            for b in range(len(C)):
                total += 0.5 * readouts[a] * readouts[b] * sign_mean(codes[b], C, k, a, b)
    return total


@fast
def sign_mean(code, C, k, a, b):
    """Return <sgn(x_k) |x_a| f(x_b)> with the odd part f of an activation: x, x / 2 for relu, or erf.

    By Stein's identity it is a sum of means of products of two signs, which are (2/pi) asin of correlations;
    erf(x / sqrt 2) is the mean of sgn(x - z) over a standard normal z.

    Parameters
    ----------
    code : int
        Activation code of x_b.
    C : array (F, F)
        Covariances of the fields.
    k, a, b : int
        Numbers of the three fields.

    Returns
    -------
    float
    """
    ckk, caa, cka = C[k, k], C[a, a], C[k, a]
    if code != ERF:
        free = math.sqrt(max(ckk * caa - cka * cka, 0.0))
        turned = C[k, b] * free / ckk if ckk > 0.0 else 0.0
        mean = 2.0 / math.pi * (turned + C[a, b] * _sign_asin(cka, ckk, caa))
        return mean if code == LINEAR else 0.5 * mean
    cbb, ckb, cab = 1.0 + C[b, b], C[k, b], C[a, b]
    total = _pinned(cka, ckk, cab, caa, cbb, cka, ckb)
    total += _pinned(caa, caa, ckb, ckk, cbb, cka, cab)
    total += _pinned(cab, cbb, cka, ckk, caa, ckb, cab)
    return (2.0 / math.pi) ** 1.5 * total


@fast
def _pinned(factor, c11, c23, c22, c33, c12, c13):
    """Return factor / sqrt c11 times asin of the correlation of x2 and x3 where x1 is 0."""
    if c11 <= 0.0:
        return 0.0
    free = c23 - c12 * c13 / c11, c22 - c12 * c12 / c11, c33 - c13 * c13 / c11
    return factor / math.sqrt(c11) * _sign_asin(*free)


@fast
def _sign_asin(c12, c11, c22):
    """Return asin(c12 / sqrt(c11 c22)); 0 if a variance is 0 to rounding."""
    product = c11 * c22
    if not (c11 > 0.0 and c22 > 0.0 and product > 0.0):
        return 0.0
    return asin(max(-1.0, min(1.0, c12 / math.sqrt(product))))
