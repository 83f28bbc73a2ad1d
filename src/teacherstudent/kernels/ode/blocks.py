"""Covariance model of aligned orthogonal projections: a hidden manifold for each task, F_p^T F_q = N S_pq 1.

F_p = sqrt N sum_x u_p^x E_x with n orthonormal blocks E_x (N, D) and u_p.u_q = S_pq. All latent directions
are equivalent, so that the moments of the blocks w_kx = E_x^T w_k (D,) of the student with each other and
with the latent weights B_a of all teachers are a closed set at any D, as the overlaps of independent inputs
are:

    q[kx, ly] = w_kx.w_ly / N,   r[kx, a] = w_kx.B_a / N,   rest[k, l] = (w_k.w_l outside of all blocks) / N.

With delta = D / N, the coefficients b and c of the folding (`inputs.structured.foldings`) and the standard
deviation s of the noise on the student's inputs, the inputs of task p have the covariances

    omega_p = (c - b^2 + s^2) 1 + (b^2 / delta) u_p u_p^T between blocks, c - b^2 + s^2 outside,
    gamma_p = (b / delta) u_p of block x with teacher p: C_km = sum_x gamma_p[x] r[kx, (p, m)].

The state is y = (q, r, rest, h). Goldt, Mezard, Krzakala & Zdeborova, Phys. Rev. X 10 (2020) 041044 has the
equations of one task.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import ROUNDED_PART, rounded
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.ode import models, tasks
from teacherstudent.kernels.ode.forms import form


@form(numbers=("omega", "rest", "gamma", "tau", "T", "share"))
class Manifolds(NamedTuple):
    """The laws of the inputs of all tasks, without noise, and of the fields of all teachers."""

    omega: np.ndarray  # (P + 1, n, n) covariances between blocks; the last one is 1, as of white inputs
    rest: np.ndarray  # (P + 1,) variances outside of the blocks; the last one is 1
    gamma: np.ndarray  # (P, n) covariances of a block with the teacher of the task
    tau: np.ndarray  # (F, F) B_a.B_b / N
    T: np.ndarray  # (F, F) covariances of the fields of the teachers
    share: float  # delta: directions of a block, divided by N


class BlockLayout(NamedTuple):
    """Sizes, and indices in the state y = (q, r, rest, h)."""

    K: int  # student units
    n: int  # blocks
    F: int  # units of all teachers
    r: int  # index of r[0, 0]
    rest: int  # index of rest[0, 0]
    h: int  # index of h[0, 0]
    size: int  # length of the state


@form(numbers=("v", "noise"), work=("c", "C", "B", "drift"))
class Blocks(NamedTuple):
    """The model while the task with one teacher is active, with work space."""

    c: np.ndarray  # (D,) signed readouts (h, -v)
    C: np.ndarray  # (D, D) covariance of the error units
    B: (
        np.ndarray
    )  # (D, n, K n + F) covariance of the error units and block x of the inputs, along w_ly and B_b
    drift: np.ndarray  # (K, n, K n + F) < d g'(x_i) z > for the same projections z
    layout: BlockLayout
    manifolds: Manifolds
    v: np.ndarray  # (M,) readouts of the teacher
    task: int
    head: int  # row of h that is trained on the task
    noise: float  # variance s^2 of the noise on the student's inputs


def block_layout(K: int, n: int, F: int, H: int) -> BlockLayout:
    """Return the layout of the state.

    Parameters
    ----------
    K, n, F, H : int
        Numbers of student units, of blocks, of units of all teachers, and of heads.

    Returns
    -------
    BlockLayout
        Its `size` is K^2 n^2 + K n F + K^2 + H K.
    """
    r = (K * n) ** 2
    rest = r + K * n * F
    return BlockLayout(K, n, F, r, rest, rest + K * K, rest + K * K + H * K)


def blocks_of(
    layout: BlockLayout, manifolds: Manifolds, v: np.ndarray, task: int, head: int, noise: float
) -> Blocks:
    """Describe the covariances while one task is active.

    Parameters
    ----------
    layout : BlockLayout
        Layout of the state.
    manifolds : Manifolds
        The laws of all tasks.
    v : (M,) array
        Readouts of the teacher of the task.
    task : int
        Number of the task, counted from 0.
    head : int
        Row of h that is trained on it.
    noise : float
        Variance s^2 >= 0 of the noise on the student's inputs.

    Returns
    -------
    Blocks
    """
    K, n, columns, D = layout.K, layout.n, layout.K * layout.n + layout.F, layout.K + len(v)
    work = np.zeros(D), np.zeros((D, D)), np.zeros((D, n, columns)), np.zeros((K, n, columns))
    return Blocks(*work, layout, manifolds, np.ascontiguousarray(v), task, head, noise)


@variant(tasks.for_task, Blocks, ROUNDED_PART)
def _for_task(model, task, head, noise, v):
    """Return the model of another task."""
    return Blocks(model.c, model.C, model.B, model.drift, model.layout, model.manifolds, v, task, head, noise)


@variant(models.covariances, Blocks, ROUNDED_PART)
def _covariances(model, y, clean):
    """Fill c, C and B from the state, with or without the noise on the student's inputs."""
    _fill(model, y, 0.0 if clean else model.noise)


@variant(models.motion, Blocks, ROUNDED_PART)
def _motion(model, y, rates, means, dy):
    """Write the derivative of the state from the means.

    dr[kx, b]  = -eta h_k <d g'_k z_b> - decay r,
    dq[kx, ly] = -eta (h_k <d g'_k z_ly> + kx <-> ly) - 2 decay q
                 + (eta^2 / batch) h_k h_l <d^2 g'_k g'_l> omega[x, y] delta,

    with z the input along block x and w_ly or B_b; rest moves in the same way with the covariance and the
    number of directions outside of the blocks.
    """
    _fill_drift(means.weights, model.B, model.drift)
    _move_r(model, y, rates, dy)
    _move_q(model, y, rates, means.power, dy)
    _move_rest(model, y, rates, means.weights, means.power, dy)
    models.move_readouts(y, model.layout.h, rates, means.output, dy)


@variant(models.record, Blocks, ROUNDED_PART)
def _record(model, y, row):
    """Record Q of the first task, R, h, then Q of all tasks and W, without noise."""
    layout, manifolds = model.layout, model.manifolds
    K, F, P = layout.K, layout.F, len(manifolds.gamma)
    M = F // P
    at_h = K * K + K * F
    at_Q = at_h + layout.size - layout.h
    for e in range(layout.h, layout.size):
        row[at_h + e - layout.h] = y[e]
    for k in range(K):
        for b in range(F):
            row[K * K + F * k + b] = _along(layout, y, manifolds.gamma[b // M], k, b)
        for i in range(K):
            for p in range(P + 1):
                row[at_Q + K * (K * p + k) + i] = _between(
                    layout, y, manifolds.omega[p], manifolds.rest[p], k, i
                )
            row[K * k + i] = row[at_Q + K * k + i]


@rounded
def _between(layout, y, omega, rest, k, i):
    """Return the covariance of the fields of two student units."""
    n = layout.n
    total = rest * y[layout.rest + layout.K * k + i]
    for x in range(n):
        for z in range(n):
            total = fma(omega[x, z], y[(n * k + x) * layout.K * n + n * i + z], total)
    return total


@rounded
def _along(layout, y, gamma, k, b):
    """Return the covariance of the fields of a student unit and a unit of a teacher."""
    total = 0.0
    for x in range(layout.n):
        total = fma(gamma[x], y[layout.r + (layout.n * k + x) * layout.F + b], total)
    return total


@rounded
def _fill(model, y, noise):
    """Fill c, B and C."""
    layout, laws, B, C = model.layout, model.manifolds, model.B, model.C
    K, n, M, first = layout.K, layout.n, len(model.v), model.task * len(model.v)
    omega, gamma = laws.omega[model.task], laws.gamma[model.task]
    rest = laws.rest[model.task] + noise
    for k in range(K):
        model.c[k] = y[layout.h + K * model.head + k]
        for x in range(n):
            for e in range(K * n):
                total = noise * y[(n * k + x) * K * n + e]
                for z in range(n):
                    total = fma(omega[x, z], y[(n * k + z) * K * n + e], total)
                B[k, x, e] = total
            for b in range(layout.F):
                total = noise * y[layout.r + (n * k + x) * layout.F + b]
                for z in range(n):
                    total = fma(omega[x, z], y[layout.r + (n * k + z) * layout.F + b], total)
                B[k, x, K * n + b] = total
    for m in range(M):
        model.c[K + m] = -model.v[m]
        for x in range(n):
            for e in range(K * n):
                B[K + m, x, e] = gamma[x] * y[layout.r + e * layout.F + first + m]
            for b in range(layout.F):
                B[K + m, x, K * n + b] = gamma[x] * laws.tau[first + m, b]
    for k in range(K):
        for i in range(K):
            C[k, i] = rest * y[layout.rest + K * k + i]
            for x in range(n):
                C[k, i] += B[k, x, n * i + x]
        for m in range(M):
            C[K + m, k] = 0.0
            for x in range(n):
                C[K + m, k] += B[K + m, x, n * k + x]
            C[k, K + m] = C[K + m, k]
    for m in range(M):
        for o in range(M):
            C[K + m, K + o] = laws.T[first + m, first + o]


@rounded
def _fill_drift(weights, B, drift):
    """Write drift = weights B for each block."""
    for k in range(drift.shape[0]):
        for x in range(drift.shape[1]):
            for e in range(drift.shape[2]):
                drift[k, x, e] = 0.0
            for a in range(len(B)):
                for e in range(drift.shape[2]):
                    drift[k, x, e] = fma(weights[k, a], B[a, x, e], drift[k, x, e])


@rounded
def _move_r(model, y, rates, dy):
    """Write the derivatives of r."""
    layout, drift = model.layout, model.drift
    K, n = layout.K, layout.n
    for k in range(K):
        eta, decay = rates.eta * rates.moving[k] * model.c[k], rates.decay * rates.moving[k]
        for x in range(n):
            for b in range(layout.F):
                e = layout.r + (n * k + x) * layout.F + b
                dy[e] = fma(-eta, drift[k, x, K * n + b], -decay * y[e])


@rounded
def _move_q(model, y, rates, power, dy):
    """Write the derivatives of q."""
    layout, drift = model.layout, model.drift
    K, n, omega = layout.K, layout.n, model.manifolds.omega[model.task]
    noise = model.manifolds.share / rates.batch
    for k in range(K):
        eta_k, decay_k = rates.eta * rates.moving[k] * model.c[k], rates.decay * rates.moving[k]
        for i in range(k, K):
            eta_i, decay_i = rates.eta * rates.moving[i] * model.c[i], rates.decay * rates.moving[i]
            step = noise * eta_k * eta_i * power[k, i]
            for x in range(n):
                for z in range(n):
                    there, back = (n * k + x) * K * n + n * i + z, (n * i + z) * K * n + n * k + x
                    pull = fma(eta_k, drift[k, x, n * i + z], eta_i * drift[i, z, n * k + x])
                    change = fma(step, omega[x, z] + (model.noise if x == z else 0.0), -pull)
                    dy[there] = fma(-(decay_k + decay_i), y[there], change)
                    dy[back] = dy[there]


@rounded
def _move_rest(model, y, rates, weights, power, dy):
    """Write the derivatives of the overlaps outside of the blocks."""
    layout, laws, at = model.layout, model.manifolds, model.layout.rest
    K, variance = layout.K, laws.rest[model.task] + model.noise
    noise = (1.0 - layout.n * laws.share) * variance / rates.batch
    for k in range(K):
        eta_k, decay_k = rates.eta * rates.moving[k] * model.c[k], rates.decay * rates.moving[k]
        for i in range(k, K):
            eta_i, decay_i = rates.eta * rates.moving[i] * model.c[i], rates.decay * rates.moving[i]
            there, back = 0.0, 0.0
            for j in range(K):
                there = fma(weights[k, j], y[at + K * j + i], there)
                back = fma(weights[i, j], y[at + K * j + k], back)
            pull = variance * fma(eta_k, there, eta_i * back)
            change = fma(noise * eta_k * eta_i, power[k, i], -pull)
            e, mirror = at + K * k + i, at + K * i + k
            dy[e] = fma(-(decay_k + decay_i), y[e], change)
            dy[mirror] = dy[e]
