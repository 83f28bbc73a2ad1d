"""The N -> infinity limit of online SGD: ordinary differential equations of the order parameters.

Fields: the K student units and the P M teacher units. Error units: the D = K + M units of the student and the
active teacher, with signed readouts c = (h, -v), so that the error is d = sum_a c_a g(x_a) - label noise.
Saad & Solla 1995; Goldt et al. 2019; Lee et al. 2021, for any number of teachers, with output noise, noise on
the student's inputs, weight decay, batches and frozen units.

For erf units a factor g'(x_i) in a mean only tilts the Gaussian. With C the covariance of the error units,
g'(x_i) g'(x_k) gives the norm J2(i, k) and leaves the covariance S_ab = C_ab - u_a u_b - v_a v_b,

    u_a = C_ai / sqrt(1 + C_ii),   v_a = (C_ak - u_a u_k) / sqrt(1 + C_kk - u_k^2),

so that I4 = J2(i, k) (2/pi) asin(S_ab / sqrt((1 + S_aa)(1 + S_bb))). All pairs i <= k are done at once: each
is a lane, a column of arrays whose rows are error units a or pairs a, b. Loops along lanes are vectorised.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.activations import ERF
from teacherstudent.kernels.compilation import entry, inlined, inner
from teacherstudent.kernels.integrals import I2, J2, pair_tilt, tilt, tilted
from teacherstudent.kernels.integrator import integrate
from teacherstudent.kernels.special import asin

# The number of lanes is a multiple of this, so that loops along them are made of whole vectors.
VECTOR = 8

TWO_OVER_PI = 2.0 / math.pi


class Lanes(NamedTuple):
    """Work space for pairs of erf units of the student; lane 0 and those that fill up have no tilt."""

    i: np.ndarray  # (lanes,) unsigned: an index that might be negative costs a comparison
    k: np.ndarray
    u_i: np.ndarray  # (D, K + 1) u for every i; the last column stays 0
    g_i: np.ndarray  # (D, K + 1) 1 / sqrt(1 + C_aa - u_a^2)
    pair: np.ndarray  # (2, lanes) u_k and 1 / sqrt(1 + C_kk - u_k^2)
    u: np.ndarray  # (D, lanes)
    v: np.ndarray  # (D, lanes)
    g: np.ndarray  # (D, lanes) 1 / sqrt(1 + S_aa)
    angle: np.ndarray  # (D (D + 1) / 2, lanes) asin for all a <= b, those of the least b - a first
    square: np.ndarray  # (lanes,) < d^2 > under the tilt, without label noise


class Work(NamedTuple):
    """Work space. What the active teacher alone decides is constant: the last M of c, of C and of B."""

    c: np.ndarray  # (D,) signed readouts
    C: np.ndarray  # (D, D) covariance of the error units as seen in training
    B: np.ndarray  # (D, K + P M) covariance of the error units with the inputs' projections on all weights
    output: np.ndarray  # (K,) < d g(x_i) >
    weights: np.ndarray  # (K, D) < d g'(x_i) z > = sum_a weights[i, a] < x_a z > for any projection z
    drift: np.ndarray  # (K, K + P M) < d g'(x_i) z > for all of B
    power: np.ndarray  # (K, K) < d^2 g'(x_i) g'(x_k) > for i <= k
    lanes: Lanes


class Phase(NamedTuple):
    """What is constant while one teacher is active, and work space."""

    student: int  # activation codes
    teacher: int
    first: int  # column in R of the active teacher
    head: int  # row of h that is trained
    moving: np.ndarray  # (K,) 1, or 0 for a frozen unit
    eta: float  # learning rates; 0 where a layer is not trained
    eta_h: float
    decay: float  # weight decay of the first layer and of the readouts
    decay_h: float
    output_variance: float
    input_power: float  # 1 + variance of the noise on the student's inputs
    batch: int
    threshold: float  # the phase ends when the error falls below; 0 for never
    work: Work


def work_space(K: int, T: np.ndarray, v: np.ndarray, first: int) -> Work:
    """Allocate the work space for K student units and the teacher with readouts v (M,), `first` in T."""
    M, columns = len(v), len(T)
    D, own = K + M, slice(first, first + M)
    c, C, B = np.zeros(D), np.zeros((D, D)), np.zeros((D, K + columns))
    c[K:], C[K:, K:], B[K:, K:] = -v, T[own, own], T[own]
    means = np.zeros(K), np.zeros((K, D)), np.zeros((K, K + columns)), np.zeros((K, K))
    return Work(c, C, B, *means, lanes_for(K, D))


def lanes_for(K: int, D: int) -> Lanes:
    """Allocate the lanes for K student units among D error units."""
    pairs = np.triu_indices(K)
    used = slice(1, 1 + len(pairs[0]))
    n = -(-used.stop // VECTOR) * VECTOR
    i, k = np.full(n, K, np.uint64), np.zeros(n, np.uint64)
    i[used], k[used] = pairs
    u_i, g_i = np.zeros((D, K + 1)), np.ones((D, K + 1))
    return Lanes(
        i, k, u_i, g_i, np.zeros((2, n)), *np.zeros((3, D, n)), np.zeros((D * (D + 1) // 2, n)), np.zeros(n)
    )


@inner
def derivative(y, p, dy):
    """Write the time derivative of the state y = (Q, R, h), flat, t = steps / N.

    dR_ib = -eta h_i <d g'_i x_b>,
    dQ_ik = -eta (h_i <d g'_i x_k> + i <-> k) + (eta^2 / batch) h_i h_k <d^2 g'_i g'_k>,
    dh_i = -eta_h <d g_i>, d the error (student - noisy teacher); decay adds -w R, -2 w Q and -w h.
    """
    w = p.work
    gather(y, len(p.moving), p.first, p.head, p.input_power, w.c, w.C, w.B)
    if p.student == ERF and p.teacher == ERF:
        means_of_erf(w.c, w.C, p.output_variance, w.lanes, w.output, w.weights, w.power)
    else:
        means(p.student, p.teacher, w.c, w.C, p.output_variance, w.output, w.weights, w.power)
    fill_drift(w.weights, w.B, w.drift)
    move_features(y, p, w.c, w.drift, w.power, dy)
    move_readouts(y, p, w.drift.size, w.output, dy)


@inner
def gather(y, K, first, head, input_power, c, C, B):
    """Fill c, C and B from the state. Noise on the inputs multiplies what the student sees of itself."""
    D, columns = len(c), B.shape[1] - K
    R, h = K * K, K * K + K * columns + K * head
    for i in range(K):
        c[i] = y[h + i]
        for k in range(K):
            C[i, k] = input_power * y[K * i + k]
            B[i, k] = C[i, k]
        for b in range(columns):
            B[i, K + b] = input_power * y[R + columns * i + b]
        for m in range(D - K):
            R_im = y[R + columns * i + first + m]
            C[i, K + m], C[K + m, i], B[K + m, i] = R_im, R_im, R_im


@inlined
def means_of_erf(c, C, output_variance, w, output, weights, power):
    """Fill output, weights and power for erf units, by way of the lanes w."""
    tilt_by_one(C, w.u_i, w.g_i)
    tilt_by_two(C, w.u_i, w.g_i, w.i, w.k, w.pair, w.u, w.v, w.g)
    fill_angles(C, w.u, w.v, w.g, w.angle)
    fill_squares(c, w.angle, w.square, output)
    fill_weights(c, C, w.g_i, weights)
    fill_power(C, output_variance, w.g_i, w.square, power)


@inlined
def tilt_by_one(C, u_i, g_i):
    """Fill u and 1 / sqrt(1 + C_aa - u_a^2) for every i."""
    for i in range(u_i.shape[1] - 1):
        scale = 1.0 / math.sqrt(1.0 + C[i, i])
        for a in range(len(C)):
            u_i[a, i] = scale * C[i, a]
            g_i[a, i] = 1.0 + C[a, a] - u_i[a, i] * u_i[a, i]
    inverse_roots(g_i.reshape(-1))


@inlined
def tilt_by_two(C, u_i, g_i, i, k, pair, u, v, g):
    """Fill u, v and 1 / sqrt(1 + S_aa) for every pair."""
    q = 1
    for first in range(u_i.shape[1] - 1):
        for second in range(first, u_i.shape[1] - 1):
            pair[0, q], pair[1, q] = u_i[second, first], g_i[second, first]
            q += 1
    for a in range(len(C)):
        variance = 1.0 + C[a, a]
        for q in range(len(i)):
            u_a = u_i[a, i[q]]
            v_a = (C[a, k[q]] - u_a * pair[0, q]) * pair[1, q]
            u[a, q], v[a, q], g[a, q] = u_a, v_a, variance - u_a * u_a - v_a * v_a
    inverse_roots(g.reshape(-1))


@inner
def inverse_roots(x):
    """Replace every x >= 1 of a vector by y = 1 / sqrt x, within a fraction 3e-16.

    Two Newton steps y (3 - x y^2) / 2 from single precision take a third of the time of root and division.
    """
    for e in range(len(x)):
        y = np.float64(np.float32(1.0) / np.float32(math.sqrt(np.float32(x[e]))))
        half = 0.5 * x[e]
        y *= 1.5 - half * y * y
        x[e] = y * (1.5 - half * y * y)


@inlined
def fill_angles(C, u, v, g, angle):
    """angle_ab = asin(S_ab / sqrt((1 + S_aa)(1 + S_bb)))."""
    D, row = len(C), 0
    for distance in range(D):
        for a in range(D - distance):
            C_ab = C[a, a + distance]
            for q in range(angle.shape[1]):
                angle[row, q] = C_ab
            row += 1
    correlate(
        np.uint64(D), np.uint64(u.shape[1]), u.reshape(-1), v.reshape(-1), g.reshape(-1), angle.reshape(-1)
    )
    for row in range(angle.shape[0]):
        for q in range(angle.shape[1]):
            angle[row, q] = asin(angle[row, q])


@inlined
def correlate(D, n, u, v, g, angle):
    """Turn the C_ab in angle into correlations. All arrays are flat, so that all a of one b - a are one loop.

    Indices are unsigned: those that might be negative would keep it from being vectorised.
    """
    start = np.uint64(0)
    for distance in range(D):
        shift = distance * n
        size = D * n - shift
        for e in range(size):
            f = e + shift
            angle[start + e] = (angle[start + e] - u[e] * u[f] - v[e] * v[f]) * g[e] * g[f]
        start += size


@inlined
def fill_squares(c, angle, square, output):
    """square = (2/pi) sum_ab c_a c_b angle_ab, and output_i = (2/pi) sum_a c_a angle_ia without tilt."""
    D, K, row = len(c), len(output), 0
    for i in range(K):
        output[i] = 0.0
    for q in range(len(square)):
        square[q] = 0.0
    for distance in range(D):
        for a in range(D - distance):
            b = a + distance
            c_a, c_b = TWO_OVER_PI * c[a], TWO_OVER_PI * c[b]
            weight = c_a * c[b] if a == b else 2.0 * c_a * c[b]
            for q in range(len(square)):
                square[q] += weight * angle[row, q]
            if a < K:
                output[a] += c_b * angle[row, 0]
            if a < b < K:
                output[b] += c_a * angle[row, 0]
            row += 1


@inlined
def fill_weights(c, C, g_i, weights):
    """weights[i, a] = c_a J2(i, a), less for a = i: I3(i, z, a) = J2(i, a) (C_az - C_iz C_ia / (1+C_ii))."""
    for i in range(weights.shape[0]):
        norm, pull = TWO_OVER_PI / math.sqrt(1.0 + C[i, i]), 0.0
        for a in range(weights.shape[1]):
            weights[i, a] = norm * c[a] * g_i[a, i]
            pull += weights[i, a] * C[i, a]
        weights[i, i] -= pull / (1.0 + C[i, i])


@inlined
def fill_power(C, output_variance, g_i, square, power):
    """power[i, k] = J2(i, k) (square + sigma^2)."""
    q = 1
    for i in range(len(power)):
        norm = TWO_OVER_PI / math.sqrt(1.0 + C[i, i])
        for k in range(i, len(power)):
            power[i, k] = norm * g_i[k, i] * (square[q] + output_variance)
            q += 1


@inlined
def means(student, teacher, c, C, output_variance, output, weights, power):
    """Fill output, weights and power for any activations: sums over I2, I3 and I4."""
    K, D = weights.shape
    for i in range(K):
        output[i] = output_of(i, K, student, teacher, c, C)
        pull = 0.0
        for a in range(D):
            weights[i, a] = c[a] * J2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
            pull += weights[i, a] * C[i, a]
        weights[i, i] -= tilt(student, C[i, i], pull)
        for k in range(i, K):
            norm = J2(student, student, C[i, i], C[i, k], C[k, k])
            power[i, k] = norm * (square_of_error(i, k, K, student, teacher, c, C) + output_variance)


@inner
def output_of(i, K, student, teacher, c, C):
    """< d g(x_i) > = sum_a c_a I2(i, a)."""
    total = 0.0
    for a in range(len(c)):
        total += c[a] * I2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
    return total


@inner
def square_of_error(i, k, K, student, teacher, c, C):
    """sum_ab c_a c_b E[g_a g_b] under the tilt of student units i and k."""
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


@inlined
def fill_drift(weights, B, drift):
    """drift = weights B."""
    for i in range(drift.shape[0]):
        for b in range(drift.shape[1]):
            drift[i, b] = 0.0
        for a in range(len(B)):
            weight = weights[i, a]
            for b in range(drift.shape[1]):
                drift[i, b] += weight * B[a, b]


@inlined
def move_features(y, p, h, drift, power, dy):
    """Write the derivatives of Q and R."""
    K, projections = drift.shape
    R, columns, noise = K * K, projections - K, p.input_power / p.batch
    for i in range(K):
        eta_i, decay_i = p.eta * p.moving[i] * h[i], p.decay * p.moving[i]
        for b in range(columns):
            ib = R + columns * i + b
            dy[ib] = -eta_i * drift[i, K + b] - decay_i * y[ib]
        for k in range(i, K):
            eta_k, decay_k = p.eta * p.moving[k] * h[k], p.decay * p.moving[k]
            gradient = eta_i * drift[i, k] + eta_k * drift[k, i]
            change = noise * eta_i * eta_k * power[i, k] - gradient - (decay_i + decay_k) * y[K * i + k]
            dy[K * i + k], dy[K * k + i] = change, change


@inlined
def move_readouts(y, p, start, output, dy):
    """Write the derivatives of h, which begins at `start`: other heads than the active one rest."""
    for e in range(start, len(y)):
        dy[e] = 0.0
    for i in range(len(output)):
        e = start + len(output) * p.head + i
        dy[e] = -p.eta_h * output[i] - p.decay_h * y[e]


@inner
def above_threshold(y, p):
    """Event function: the active task's generalisation error minus the threshold; 1 where there is none."""
    if p.threshold <= 0.0:
        return 1.0
    c, C, K, square = p.work.c, p.work.C, len(p.moving), 0.0
    gather(y, K, p.first, p.head, 1.0, c, C, p.work.B)
    for a in range(len(c)):
        for b in range(len(c)):
            first, second = p.student if a < K else p.teacher, p.student if b < K else p.teacher
            square += c[a] * c[b] * I2(first, second, C[a, a], C[a, b], C[b, b])
    return 0.5 * square - p.threshold


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
