"""Means over the fields of a student with labels that are signs, by sums over nodes: a measurement.

With (z, u) the fields of the teacher (`teacher_axes`), the fields of the student are lambda = P z + F zeta,
and u = c zeta + s xi, with independent standard normal z, zeta and xi. The label is +1 with the probability
Phi(t), t = (c zeta - b(z)) / s, given z and zeta.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.special import erf_and_derivative
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes

ZERO_PIVOT = 1e-24  # squared pivots below are rounding errors: the field is a sum of earlier ones
SMALLEST_REST = 1e-12  # of s, where the label is a function of the student's fields
NEWTON_STEPS = 60
# Values of the integrand of `smooth_mean`.
PRODUCT, LOGISTIC = 0, 1


class Fields(NamedTuple):
    """How the fields of the student and the one that decides the label depend on z and zeta."""

    P: np.ndarray  # (K, d) of z
    F: np.ndarray  # (K, K) of zeta
    c: np.ndarray  # (K,)
    s: float


def fields_of(teacher: TeacherAxes, Q: np.ndarray, R: np.ndarray) -> Fields:
    """Return the decomposition of the fields, with F lower triangular.

    Parameters
    ----------
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    Q : (K, K) array
        Covariance of the fields of the student.
    R : (K, M) array
        Covariances with the fields of the teacher.

    Returns
    -------
    Fields
    """
    A = R @ teacher.inverse.T
    P = A[:, :-1]
    F, c = triangular(Q - P @ P.T, A[:, -1])
    return Fields(P, F, c, math.sqrt(max(1.0 - c @ c, SMALLEST_REST**2)))


def triangular(S: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the Cholesky factor F of S, with zero columns at zero pivots, and c with F c = a there.

    Parameters
    ----------
    S : (K, K) array
        Covariance matrix, which may be singular.
    a : (K,) array
        Covariances with one more field.

    Returns
    -------
    F, c : (K, K) and (K,) arrays
    """
    K = len(S)
    F, c = np.zeros((K, K)), np.zeros(K)
    for k in range(K):
        pivot = S[k, k] - F[k, :k] @ F[k, :k]
        if pivot > ZERO_PIVOT:
            F[k, k] = math.sqrt(pivot)
            F[k + 1 :, k] = (S[k + 1 :, k] - F[k + 1 :, :k] @ F[k, :k]) / F[k, k]
            c[k] = (a[k] - F[k, :k] @ c[:k]) / F[k, k]
    return F, c


@entry
def smooth_mean(kind, code, h, W, c, b, s, points, weights):
    """Return the mean of a smooth function of the output phi of the student and the label y.

    Parameters
    ----------
    kind : int
        PRODUCT for phi y, LOGISTIC for log(1 + exp(-phi y)).
    code : int
        Activation code of the student.
    h : (K,) array
        Readouts.
    W : (K, d) array
        Fields lambda = W x of points x.
    c, b : (d,) and (n,) arrays
        The label is +1 with the probability Phi((c x - b) / s).
    s : float
        As there.
    points, weights : (d, n) and (n,) arrays
        Nodes.

    Returns
    -------
    float
    """
    K, total = len(h), 0.0
    fields, value, slope = np.empty(K), np.empty(K), np.empty(K)
    for i in range(points.shape[1]):
        for k in range(K):
            fields[k] = 0.0
        t = -b[i]
        for j in range(len(c)):
            t += c[j] * points[j, i]
            for k in range(K):
                fields[k] += W[k, j] * points[j, i]
        activate(code, fields, value, slope)
        phi = 0.0
        for k in range(K):
            phi += h[k] * value[k]
        mean_label, _ = erf_and_derivative(t / s)
        if kind == LOGISTIC:  # log(1 + exp(-phi)) at the label 1, and phi more at the label -1
            part = max(-phi, 0.0) + math.log1p(math.exp(-abs(phi))) + 0.5 * (1.0 - mean_label) * phi
        else:
            part = phi * mean_label
        total += weights[i] * part
    return total


@entry
def crossings(kappa, code, h, W, f, points, reach):
    """Return where phi is kappa on lines, on which the fields are lambda = W x + f tau.

    Parameters
    ----------
    kappa : float
        Value of phi.
    code : int
        Activation code of the student.
    h : (K,) array
        Readouts; no h_k f_k is negative, so that phi grows with tau.
    W, f : (K, d) and (K,) arrays
        Fields on a line.
    points : (d, n) array
        Lines x.
    reach : float
        Largest |tau|.

    Returns
    -------
    (n,) array
        Values of tau; -reach or reach where phi is kappa nowhere between these.
    """
    K, tops = len(h), np.empty(points.shape[1])
    base, fields, value, slope = np.empty(K), np.empty(K), np.empty(K), np.empty(K)
    for i in range(len(tops)):
        for k in range(K):
            base[k] = 0.0
            for j in range(len(points)):
                base[k] += W[k, j] * points[j, i]
        low, high, tau = -reach, reach, -reach
        for step in range(NEWTON_STEPS):
            for k in range(K):
                fields[k] = base[k] + f[k] * tau
            activate(code, fields, value, slope)
            phi, change = -kappa, 0.0
            for k in range(K):
                phi += h[k] * value[k]
                change += h[k] * slope[k] * f[k]
            if (step == 0 and phi >= 0.0) or (step == 1 and phi <= 0.0):  # at -reach and at reach
                break
            if step == 0:
                tau = reach
                continue
            if step > 1:
                low, high = (low, tau) if phi > 0.0 else (tau, high)
            before = tau
            tau = 0.0 if step == 1 else tau - phi / change
            if not low < tau < high:
                tau = 0.5 * (low + high)
            if abs(tau - before) < 1e-14:
                break
        tops[i] = tau
    return tops


@entry
def mean_below(power, kappa, code, h, W, f, points, t0, rate, weights, lows, tops, x, w):
    """Return the mean of (kappa - phi)^power where the label is +1, integrated along pieces of lines.

    Parameters
    ----------
    power : int
        0, 1 or 2.
    kappa, code, h, W, f, points
        As in `crossings`.
    t0 : (n,) array
        The label is +1 with the probability Phi(t0 + rate tau).
    rate : float
        As there.
    weights : (n,) array
        Weights of the lines.
    lows, tops : (n,) arrays
        Ends of the pieces, where phi is at most kappa.
    x, w : (m,) arrays
        Nodes and weights of the Gauss-Legendre rule on (-1, 1).

    Returns
    -------
    float
    """
    K, total = len(h), 0.0
    base, fields, value, slope = np.empty(K), np.empty(K), np.empty(K), np.empty(K)
    for i in range(points.shape[1]):
        for k in range(K):
            base[k] = 0.0
            for j in range(len(points)):
                base[k] += W[k, j] * points[j, i]
        half = 0.5 * (tops[i] - lows[i])
        for q in range(len(x)):
            tau = half * (1.0 + x[q]) + lows[i]
            for k in range(K):
                fields[k] = base[k] + f[k] * tau
            activate(code, fields, value, slope)
            short = kappa
            for k in range(K):
                short -= h[k] * value[k]
            mean_label, _ = erf_and_derivative(t0[i] + rate * tau)
            part = half * w[q] * math.exp(-0.5 * tau * tau) * 0.5 * (1.0 + mean_label)
            for _ in range(power):
                part *= short
            total += weights[i] * part
    return total / math.sqrt(2.0 * math.pi)


@entry
def activities(code, x):
    """Return activations at fields.

    Parameters
    ----------
    code : int
        Activation code.
    x : (n,) array
        Fields.

    Returns
    -------
    (n,) array
    """
    value, slope = np.empty_like(x), np.empty_like(x)
    activate(code, x, value, slope)
    return value
