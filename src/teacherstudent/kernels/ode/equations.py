"""The N -> infinity limit of online SGD: ordinary differential equations of the order parameters.

Fields: the K student units and the P M teacher units. Error units: the D = K + M units of the student and the
active teacher, with signed readouts c = (h, -v), so that the error is d = sum_a c_a g(x_a) - label noise.
Saad & Solla 1995; Goldt et al. 2019; Lee et al. 2021, for any number of teachers, with output noise, noise on
the student's inputs, weight decay, batches and frozen units.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inlined, inner
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.maths.integrals import I2
from teacherstudent.kernels.ode.erf import Lanes, lanes_for, means_of_erf
from teacherstudent.kernels.ode.fields import Fields, fields_of, gather
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.means import means
from teacherstudent.kernels.ode.pauses import ADDS_PER_UNIT, CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER


class Work(NamedTuple):
    """Work space."""

    fields: Fields
    clean: Fields  # without noise on the inputs
    output: np.ndarray  # (K,) < d g(x_i) >
    weights: np.ndarray  # (K, D) < d g'(x_i) z > = sum_a weights[i, a] < x_a z > for any projection z
    drift: np.ndarray  # (K, K + P M) < d g'(x_i) z > for all of B
    power: np.ndarray  # (K, K) < d^2 g'(x_i) g'(x_k) > for i <= k
    lanes: Lanes
    place: np.ndarray  # (2,) int64: rows of the means that are done, and the work left before a pause


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


def work_space(K: int, T: np.ndarray, v: np.ndarray, first: int, head: int, input_power: float) -> Work:
    """Allocate the work space; see `ode_fields.fields_of` for the arguments."""
    D, projections = K + len(v), K + len(T)
    fields = fields_of(K, T, v, first, head, input_power)
    clean = fields if input_power == 1.0 else fields_of(K, T, v, first, head, 1.0)
    means = np.zeros(K), np.zeros((K, D)), np.zeros((K, projections)), np.zeros((K, K))
    return Work(fields, clean, *means, lanes_for(K, D), np.array([0, NO_PAUSE]))


@inner
def derivative(y, p, dy):
    """Write the time derivative of the state y = (Q, R, h), flat, t = steps / N.

    dR_ib = -eta h_i <d g'_i x_b>,
    dQ_ik = -eta (h_i <d g'_i x_k> + i <-> k) + (eta^2 / batch) h_i h_k <d^2 g'_i g'_k>,
    dh_i = -eta_h <d g_i>, d the error (student - noisy teacher); decay adds -w R, -2 w Q and -w h.
    Returns False where no work is left before a pause; called again it goes on.
    """
    w = p.work
    if w.place[LEFT] < 0:
        return False
    w.place[LEFT] -= CALL + w.drift.size * len(w.fields.C) // ADDS_PER_UNIT + UNITS_PER_NUMBER * len(y)
    c, C, B = w.fields.c, w.fields.C, w.fields.B
    gather(y, w.fields)
    if p.student == ERF and p.teacher == ERF:
        finished = means_of_erf(c, C, p.output_variance, w.lanes, w.output, w.weights, w.power, w.place)
    else:
        finished = means(p.student, p.teacher, c, C, p.output_variance, w.output, w.weights, w.power, w.place)
    if not finished:
        return False
    fill_drift(w.weights, B, w.drift)
    move_features(y, p, c, w.drift, w.power, dy)
    move_readouts(y, p, w.drift.size, w.output, dy)
    return True


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
    c, C, K, square = p.work.clean.c, p.work.clean.C, len(p.moving), 0.0
    gather(y, p.work.clean)
    for a in range(len(c)):
        for b in range(len(c)):
            first, second = p.student if a < K else p.teacher, p.student if b < K else p.teacher
            square += c[a] * c[b] * I2(first, second, C[a, a], C[a, b], C[b, b])
    return 0.5 * square - p.threshold


@entry
def integrate_phase(p, y, start, end, times, out, tableau, rtol, atol, held, most, work):
    """Integrate one phase; see `integrator.integrate` for the arguments and what is returned."""
    return integrate(
        derivative, above_threshold, p, y, start, end, times, out, tableau, rtol, atol, held, most, work
    )


@entry
def rate_of_change(p, y):
    """Time derivative of the state, as a new array."""
    dy = np.empty_like(y)
    p.work.place[LEFT] = NO_PAUSE
    derivative(y, p, dy)
    return dy
