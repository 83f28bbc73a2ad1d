"""The N -> infinity limit of online SGD: ordinary differential equations of the order parameters.

Fields: the K student units and the P M teacher units. Error units: the student and the active teacher with signed readouts
c = (h, -v), so that the error is sum_a c_a g(x_a). Saad & Solla 1995; Goldt et al. 2019; Lee et al. 2021, for any number of
teachers, with output noise, noise on the student's inputs, weight decay, batches and frozen units.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.activations import ERF
from teacherstudent.kernels.compilation import entry, exact, fast
from teacherstudent.kernels.generalisation import generalisation_error
from teacherstudent.kernels.integrals import I2, J2, pair_tilt, tilt, tilted
from teacherstudent.kernels.integrator import integrate
from teacherstudent.kernels.special import asin


# Work arrays are padded to whole vectors of this many numbers.
VECTOR = 8


class Pairs(NamedTuple):
    """Work space for all n pairs q = (i, k), i <= k, of student units at once (n padded to whole vectors)."""

    first: np.ndarray  # (n,) i
    second: np.ndarray  # (n,) k
    tilt: np.ndarray  # (3, n) of each pair
    with_i: np.ndarray  # (D, n) covariance of error unit a with i and with k
    with_k: np.ndarray
    by_i: np.ndarray  # (D, n) the same, tilted
    by_k: np.ndarray
    scale: np.ndarray  # (D, n)
    square: np.ndarray  # (n,) mean squared error under the tilt


class Phase(NamedTuple):
    """What is constant while one teacher is active, and work space."""

    student: int  # activation codes
    teacher: int
    T: np.ndarray  # (P M, P M)
    v: np.ndarray  # (M,) readouts of the active teacher
    first: int  # its first column in R
    head: int  # row of h that is trained
    heads: int
    moving: np.ndarray  # (K,) 1, or 0 for a frozen unit
    eta: float  # learning rates; 0 where a layer is not trained
    eta_h: float
    decay: float  # weight decay of the first layer and of the readouts
    decay_h: float
    output_variance: float
    input_power: float  # 1 + variance of the noise on the student's inputs
    batch: int
    threshold: float  # the phase ends when the error falls below; 0 for never
    C: np.ndarray  # (D, D) covariance of the error units as seen in training, D = K + M
    B: np.ndarray  # (K + P M, D) covariance of the inputs' projections on all weights with the error units
    c: np.ndarray  # (D,) signed readouts
    drift: np.ndarray  # (K, K + P M) < error g'(lambda_i) x_b >
    power: np.ndarray  # (K, K) < error^2 g'(lambda_i) g'(lambda_k) >, label noise included
    pairs: Pairs


def pairs_of(K: int, D: int) -> Pairs:
    """Allocate the work space for K student units among D error units."""
    first, second = np.triu_indices(K)
    n = -(-len(first) // VECTOR) * VECTOR
    first, second = (np.concatenate([index, np.zeros(n - len(index), np.int64)]) for index in (first, second))
    return Pairs(first, second, np.zeros((3, n)), *np.zeros((5, D, n)), np.zeros(n))


@exact
def parts(y, K, columns, heads):
    """Views of the state vector: Q (K, K), R (K, P M), h (heads, K)."""
    a, b = K * K, K * K + K * columns
    return y[:a].reshape(K, K), y[a:b].reshape(K, columns), y[b:].reshape(heads, K)


@exact
def derivative(y, p, dy):
    """Write the time derivative of the state y = (Q, R, h), t = steps / N.

    dR_ib = -eta h_i <d g'_i x_b>, dQ_ik = -eta (h_i <d g'_i x_k> + i <-> k) + (eta^2 / batch) h_i h_k <d^2 g'_i g'_k>,
    dh_i = -eta_h <d g_i>, d the error (student - noisy teacher); decay adds -w R, -2 w Q and -w h.
    """
    K, columns = len(p.moving), len(p.T)
    Q, R, h = parts(y, K, columns, p.heads)
    dQ, dR, dh = parts(dy, K, columns, p.heads)
    gather(Q, R, h[p.head], p.T, p.v, p.first, p.input_power, p.c, p.C, p.B)
    dy[:] = 0.0
    if p.eta > 0.0:
        fill_drift(p.student, p.teacher, p.c, p.C, p.B, p.drift)
        fill_power(p.student, p.teacher, p.c, p.C, p.output_variance, p.pairs, p.power)
        noise = p.input_power / p.batch
        move_features(p.eta * p.moving * h[p.head], noise, p.drift, p.power, dQ, dR)
    if p.decay > 0.0:
        decay_features(p.decay * p.moving, Q, R, dQ, dR)
    for i in range(K):
        dh[p.head, i] = -p.eta_h * error_with_unit(i, K, p.student, p.teacher, p.c, p.C) - p.decay_h * h[p.head, i]


@exact
def gather(Q, R, h, T, v, own, input_power, c, C, B):
    """Fill c, C and B from the state. Noise on the inputs multiplies what the student sees of itself by `input_power`."""
    K, M = len(h), len(v)
    for i in range(K):
        c[i] = h[i]
        for k in range(K):
            B[i, k] = input_power * Q[i, k]
        for m in range(M):
            B[i, K + m] = R[i, own + m]
        for b in range(R.shape[1]):
            B[K + b, i] = input_power * R[i, b]
    for m in range(M):
        c[K + m] = -v[m]
        for b in range(R.shape[1]):
            B[K + b, K + m] = T[b, own + m]
    C[:K] = B[:K]
    for m in range(M):
        for i in range(K):
            C[K + m, i] = R[i, own + m]
        for n in range(M):
            C[K + m, K + n] = T[own + m, own + n]


@fast
def fill_drift(student, teacher, c, C, B, drift):
    """drift[i, b] = sum_a c_a I3(i, b, a): linear in the projection b, one matrix-vector product per student unit."""
    K, D = drift.shape[0], len(c)
    weights = np.empty(D)
    for i in range(K):
        for a in range(K):
            weights[a] = c[a] * J2(student, student, C[i, i], C[i, a], C[a, a])
        for a in range(K, D):
            weights[a] = c[a] * J2(student, teacher, C[i, i], C[i, a], C[a, a])
        pull = 0.0
        for a in range(D):
            pull += weights[a] * C[i, a]
        weights[i] -= tilt(student, C[i, i], pull)
        for b in range(B.shape[0]):
            total = 0.0
            for a in range(D):
                total += weights[a] * B[b, a]
            drift[i, b] = total


@exact
def fill_power(student, teacher, c, C, output_variance, w, power):
    """power[i, k] = sum_ab c_a c_b I4(i, k, a, b) + sigma^2 J2(i, k)."""
    K = len(power)
    both_erf = student == ERF and teacher == ERF
    if both_erf:
        tilt_all_pairs(C, w)
        square_of_error(c, C, w)
    for q in range(K * (K + 1) // 2):
        i, k = w.first[q], w.second[q]
        square = w.square[q] if both_erf else error_square(i, k, K, student, teacher, c, C)
        power[i, k] = J2(student, student, C[i, i], C[i, k], C[k, k]) * (square + output_variance)
        power[k, i] = power[i, k]


@fast
def tilt_all_pairs(C, w):
    """For every pair q = (i, k) and error unit a: covariances with i and k, their tilt, and 1 / sqrt(1 + tilted variance)."""
    n = len(w.first)
    for q in range(n):
        i, k = w.first[q], w.second[q]
        w.tilt[0, q], w.tilt[1, q], w.tilt[2, q] = pair_tilt(ERF, C[i, i], C[i, k], C[k, k])
        for a in range(len(C)):
            w.with_i[a, q], w.with_k[a, q] = C[a, i], C[a, k]
    for a in range(len(C)):
        for q in range(n):
            by_i = w.tilt[0, q] * w.with_i[a, q] + w.tilt[1, q] * w.with_k[a, q]
            by_k = w.tilt[1, q] * w.with_i[a, q] + w.tilt[2, q] * w.with_k[a, q]
            variance = C[a, a] - by_i * w.with_i[a, q] - by_k * w.with_k[a, q]
            scale = 1.0 / math.sqrt(1.0 + variance)
            w.by_i[a, q], w.by_k[a, q], w.scale[a, q] = by_i, by_k, scale


@fast
def square_of_error(c, C, w):
    """square[q] = (2/pi) sum_ab c_a c_b asin(correlation of a and b under the tilt q), vectorised over the pairs q."""
    w.square[:] = 0.0
    for a in range(len(c)):
        for b in range(a, len(c)):
            weight = (1.0 if a == b else 2.0) * 2.0 / math.pi * c[a] * c[b]
            overlap = C[a, b]
            for q in range(len(w.square)):
                covariance = overlap - w.by_i[a, q] * w.with_i[b, q] - w.by_k[a, q] * w.with_k[b, q]
                w.square[q] += weight * asin(covariance * w.scale[a, q] * w.scale[b, q])


@exact
def error_square(i, k, K, student, teacher, c, C):
    """sum_ab c_a c_b E[g_a g_b] under the tilt of student units i and k, for any activations."""
    D, total = len(c), 0.0
    p = pair_tilt(student, C[i, i], C[i, k], C[k, k])
    for a in range(D):
        for b in range(D):
            first, second = student if a < K else teacher, student if b < K else teacher
            saa = tilted(p, C[a, i], C[a, k], C[a, a], C[a, i], C[a, k])
            sab = tilted(p, C[a, i], C[a, k], C[a, b], C[b, i], C[b, k])
            sbb = tilted(p, C[b, i], C[b, k], C[b, b], C[b, i], C[b, k])
            total += c[a] * c[b] * I2(first, second, saa, sab, sbb)
    return total


@exact
def move_features(pull, noise, drift, power, dQ, dR):
    """Add the effect of the gradient to the derivatives of Q and R; pull (K,) is eta h_i, or 0 for a frozen unit."""
    K = len(pull)
    for i in range(K):
        for b in range(dR.shape[1]):
            dR[i, b] -= pull[i] * drift[i, K + b]
        for k in range(K):
            dQ[i, k] -= pull[i] * drift[i, k] + pull[k] * drift[k, i]
            dQ[i, k] += noise * pull[i] * pull[k] * power[i, k]


@exact
def decay_features(rate, Q, R, dQ, dR):
    """Add the effect of weight decay; rate (K,) is 0 for a frozen unit."""
    for i in range(len(Q)):
        for b in range(R.shape[1]):
            dR[i, b] -= rate[i] * R[i, b]
        for k in range(len(Q)):
            dQ[i, k] -= (rate[i] + rate[k]) * Q[i, k]


@exact
def error_with_unit(i, K, student, teacher, c, C):
    """< error g(lambda_i) > = sum_a c_a I2(i, a)."""
    total = 0.0
    for a in range(len(c)):
        total += c[a] * I2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
    return total


@exact
def above_threshold(y, p):
    """Event function: the active task's generalisation error minus the threshold; 1 where there is none."""
    if p.threshold <= 0.0:
        return 1.0
    Q, R, h = parts(y, len(p.moving), len(p.T), p.heads)
    own = slice(p.first, p.first + len(p.v))
    return generalisation_error(p.student, p.teacher, Q, R[:, own], p.T[own, own], h[p.head], p.v) - p.threshold


@entry
def integrate_phase(p, y, start, end, times, out, tableau, rtol, atol):
    """Integrate one phase; see `integrator.integrate` for the arguments and what is returned."""
    return integrate(derivative, above_threshold, p, y, start, end, times, out, tableau, rtol, atol)


@entry
def rate_of_change(p, y):
    """Time derivative of the state, as a new array."""
    dy = np.empty_like(y)
    derivative(y, p, dy)
    return dy
