"""Covariance model of tasks whose inputs have covariances that do not commute, as Gaussian projections have.

All loadings span a joint space of D' directions; outside of it the inputs of every task are isotropic. While
one task is active, the weights are the sum of means mu and of fluctuations, and move linearly in each mode b
of the covariance of the active task, an eigenvector with the eigenvalue omega_b:

    dmu_kb = sum_j A_kj omega_b mu_jb - eta h_k sum_m weights[k, K+m] g_mb - decay mu_kb,
    dS_kl(b, b') = sum_j (A_kj omega_b S_jl + A_lj omega_b' S_kj) - 2 decay S_kl
                   + delta_bb' (eta^2 / batch) h_k h_l <d^2 g'_k g'_l> omega_b,

with A_kj = -eta h_k weights[k, j]. The fields depend on the diagonal b = b' alone. The rest of S follows at
any time from its value S0 at the start, S_kl(b, b') = sum_ij U_b[k, i] S0_ij(b, b') U_b'[l, j] for b != b',
where the propagators obey dU_b = (A omega_b - decay) U_b, and is computed only for records and switches.

The G modes with loadings of the active task come first. All other directions have the same eigenvalue, that
of the rest: one propagator, and the variance n of the fluctuations that a direction gains from the start on.
The state is y = (mu, S(b, b), U, n, h), modes contiguous.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.ode import models


class Past(NamedTuple):
    """The weights when the task became active, in the modes of the task; what U multiplies."""

    mu: np.ndarray  # (K, D') means
    S: np.ndarray  # (pairs k <= l, D', D') moments of the fluctuations, or (pairs, 0, 0) where all are zero
    outside: np.ndarray  # (K, K) w_k.w_l / N outside of the joint space
    rest: np.ndarray  # (K, K) w_k.w_l / N in all directions without loadings of the task


class Laws(NamedTuple):
    """The laws of the inputs of all tasks, without noise, in the modes of the active task."""

    covariance: np.ndarray  # (P, D', D')
    outside: np.ndarray  # (P,) variance outside of the joint space
    g: np.ndarray  # (F, D') sqrt N times the covariances of the inputs with the fields of all teachers
    T: np.ndarray  # (M, M) covariances of the fields of the active teacher
    omega: np.ndarray  # (G + 1,) eigenvalues of the active task, the last one that of the rest
    N: int  # number of directions in all


class FrameLayout(NamedTuple):
    """Sizes, and indices in the state y = (mu, S(b, b), U, n, h)."""

    K: int  # student units
    G: int  # modes with loadings
    propagators: int  # G + 1, or 1 where the fluctuations start from zero
    S: int  # index of the variances of the first pair of units
    U: int  # index of U[0, 0] of the first mode
    n: int  # index of n[0, 0]
    h: int  # index of h[0, 0]
    size: int  # length of the state


class Frames(NamedTuple):
    """The model while one task is active, with work space."""

    c: np.ndarray  # (D,) signed readouts (h, -v)
    C: np.ndarray  # (D, D) covariance of the error units
    A: np.ndarray  # (K, K) as above
    pull: np.ndarray  # (K, M) -eta h_k weights[k, K+m]
    jump: np.ndarray  # (K, K) (eta^2 / batch) h_k h_l <d^2 g'_k g'_l>
    mean: np.ndarray  # (K, D') mu, for a record
    U: np.ndarray  # (K, K, D') propagators, for a record
    layout: FrameLayout
    past: Past
    laws: Laws
    v: np.ndarray  # (M,) readouts of the teacher
    task: int
    head: int  # row of h that is trained on the task
    noise: float  # variance s^2 of the noise on the student's inputs


def frame_layout(K: int, G: int, H: int, has_past: bool) -> FrameLayout:
    """Return the layout of the state.

    Parameters
    ----------
    K, G, H : int
        Numbers of student units, of modes with loadings of the active task, and of heads.
    has_past : bool
        Whether there are fluctuations from earlier tasks, so that every mode needs its propagator.

    Returns
    -------
    FrameLayout
        Its `size` is G (K + K (K + 1) / 2) + (G + 1 or 1) K^2 + K^2 + H K.
    """
    propagators = G + 1 if has_past else 1
    S = K * G
    U = S + K * (K + 1) // 2 * G
    n = U + K * K * propagators
    return FrameLayout(K, G, propagators, S, U, n, n + K * K, n + K * K + H * K)


def frames_of(
    layout: FrameLayout, past: Past, laws: Laws, v: np.ndarray, task: int, head: int, noise: float
) -> Frames:
    """Describe the covariances while one task is active.

    Parameters
    ----------
    layout : FrameLayout
        Layout of the state.
    past : Past
        The weights when the task became active.
    laws : Laws
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
    Frames
    """
    K, M = layout.K, len(v)
    shapes = (K + M,), (K + M, K + M), (K, K), (K, M), (K, K), past.mu.shape, (K, *past.mu.shape)
    return Frames(*map(np.zeros, shapes), layout, past, laws, np.ascontiguousarray(v), task, head, noise)


@variant(models.covariances, Frames)
def _covariances(model, y, clean):
    """Fill c and C from the state, with or without the noise on the student's inputs."""
    K, G, M, first = model.layout.K, model.layout.G, len(model.v), model.task * len(model.v)
    noise = 0.0 if clean else model.noise
    for k in range(K):
        model.c[k] = y[model.layout.h + K * model.head + k]
        for i in range(k, K):
            model.C[k, i] = _of_students(model, y, noise, k, i)
            model.C[i, k] = model.C[k, i]
        for m in range(M):
            model.C[k, K + m] = _with_teacher(model, y[G * k : G * (k + 1)], first + m)
            model.C[K + m, k] = model.C[k, K + m]
    for m in range(M):
        model.c[K + m] = -model.v[m]
        for o in range(M):
            model.C[K + m, K + o] = model.laws.T[m, o]


@variant(models.motion, Frames)
def _motion(model, y, rates, means, dy):
    """Write the derivative of the state from the means."""
    layout, omega, noise = model.layout, model.laws.omega, model.noise
    K, G = layout.K, layout.G
    for k in range(K):
        eta = rates.eta * rates.moving[k] * model.c[k]
        for j in range(K):
            other = rates.eta * rates.moving[j] * model.c[j]
            model.A[k, j] = -eta * means.weights[k, j]
            model.jump[k, j] = eta * other * means.power[min(k, j), max(k, j)] / rates.batch
        for m in range(model.pull.shape[1]):
            model.pull[k, m] = -eta * means.weights[k, K + m]
    _move_means(model, y, rates, dy)
    _move_variances(model, y, rates, dy)
    for i in range(K):
        first = layout.U + layout.propagators * i
        _move_column(model, y, rates, first, layout.propagators, K, omega, noise, dy)
    _move_rest(model, y, rates, omega[G] + noise, dy)
    models.move_readouts(y, layout.h, rates, means.output, dy)


@variant(models.record, Frames)
def _record(model, y, row):
    """Record Q of the first task, R, h, then Q of all tasks and W, without noise."""
    layout, laws = model.layout, model.laws
    K, F, P = layout.K, len(laws.g), len(laws.outside)
    at_h = K * K + K * F
    at_Q = at_h + layout.size - layout.h
    for e in range(layout.h, layout.size):
        row[at_h + e - layout.h] = y[e]
    _fill_modes(model, y)
    for k in range(K):
        for b in range(F):
            row[K * K + F * k + b] = _with_teacher(model, model.mean[k], b)
    for p in range(P):
        _record_task(model, y, p, row, at_Q + p * K * K)
    for k in range(K):
        for i in range(K):
            row[K * k + i] = row[at_Q + K * k + i]
            row[at_Q + (K * P + k) * K + i] = _overlap(model, y, min(k, i), max(k, i))


@inner
def _pair(K, k, i):
    """Return the index of the pair of units k <= i."""
    return k * K - k * (k - 1) // 2 + i - k


@inner
def _of_students(model, y, noise, k, i):
    """Return the covariance of the fields of units k <= i with the inputs of the active task."""
    layout, omega = model.layout, model.laws.omega
    G, S, total = layout.G, layout.S + layout.G * _pair(layout.K, k, i), 0.0
    for b in range(G):
        total += (omega[b] + noise) * (y[G * k + b] * y[G * i + b] + y[S + b])
    return total / model.laws.N + (omega[G] + noise) * _rest(model, y, k, i)


@inner
def _overlap(model, y, k, i):
    """Return the overlap of the weights of units k <= i."""
    layout, total = model.layout, 0.0
    G, S = layout.G, layout.S + layout.G * _pair(layout.K, k, i)
    for b in range(G):
        total += y[G * k + b] * y[G * i + b] + y[S + b]
    return total / model.laws.N + _rest(model, y, k, i)


@inner
def _rest(model, y, k, i):
    """Return the overlap of the weights in all directions without loadings of the active task."""
    laws, G, K = model.laws, model.layout.G, model.layout.K
    return _moved(model, y, model.past.rest, k, i) + (laws.N - G) / laws.N * y[model.layout.n + K * k + i]


@inner
def _moved(model, y, start, k, i):
    """Return U start U^T of directions without loadings."""
    layout, total = model.layout, 0.0
    for j in range(layout.K):
        for o in range(layout.K):
            total += _U(layout, y, k, j, layout.G) * start[j, o] * _U(layout, y, i, o, layout.G)
    return total


@inner
def _U(layout, y, k, j, b):
    """Return U_b[k, j]; without fluctuations in the past it is known for directions without loadings only."""
    last = layout.propagators - 1
    return y[layout.U + layout.propagators * (layout.K * k + j) + min(b, last)]


@inner
def _mean(model, y, k, b):
    """Return mu_kb, also for directions without loadings."""
    layout = model.layout
    if b < layout.G:
        return y[layout.G * k + b]
    total = 0.0
    for j in range(layout.K):
        total += _U(layout, y, k, j, layout.G) * model.past.mu[j, b]
    return total


@inner
def _with_teacher(model, mean, a):
    """Return the covariance of the fields of a student unit with these means and of a teacher unit a."""
    total = 0.0
    for b in range(len(mean)):
        total += model.laws.g[a, b] * mean[b]
    return total / model.laws.N


@inner
def _move_column(model, y, rates, first, width, stride, omega, noise, dy):
    """Write (A omega_b - decay) z_b for the rows of a matrix, which are stride times width numbers apart."""
    K, shift = model.layout.K, len(omega) - width
    for k in range(K):
        at, decay = first + k * stride * width, rates.decay * rates.moving[k]
        for b in range(width):
            dy[at + b] = -decay * y[at + b]
        for j in range(K):
            A, of = model.A[k, j], first + j * stride * width
            for b in range(width):
                dy[at + b] += A * (omega[b + shift] + noise) * y[of + b]


@inner
def _move_means(model, y, rates, dy):
    """Write the derivatives of the means."""
    K, G, first = model.layout.K, model.layout.G, model.task * len(model.v)
    omega, g, noise = model.laws.omega, model.laws.g, model.noise
    for k in range(K):
        at, decay = G * k, rates.decay * rates.moving[k]
        for b in range(G):
            dy[at + b] = -decay * y[at + b]
        for j in range(K):
            A = model.A[k, j]
            for b in range(G):
                dy[at + b] += A * (omega[b] + noise) * y[G * j + b]
        for m in range(model.pull.shape[1]):
            pull = model.pull[k, m]
            for b in range(G):
                dy[at + b] += pull * g[first + m, b]


@inner
def _move_variances(model, y, rates, dy):
    """Write the derivatives of the diagonal of S."""
    layout, omega, noise = model.layout, model.laws.omega, model.noise
    K, G = layout.K, layout.G
    for k in range(K):
        for i in range(k, K):
            at, jump = layout.S + G * _pair(K, k, i), model.jump[k, i]
            decay = rates.decay * (rates.moving[k] + rates.moving[i])
            for b in range(G):
                dy[at + b] = jump * (omega[b] + noise) - decay * y[at + b]
            for j in range(K):
                there = layout.S + G * _pair(K, min(j, i), max(j, i))
                back = layout.S + G * _pair(K, min(j, k), max(j, k))
                for b in range(G):
                    moved = model.A[k, j] * y[there + b] + model.A[i, j] * y[back + b]
                    dy[at + b] += (omega[b] + noise) * moved


@inner
def _move_rest(model, y, rates, variance, dy):
    """Write the derivative of the variance that a direction without loadings gains."""
    K, n = model.layout.K, model.layout.n
    for k in range(K):
        for i in range(K):
            e = n + K * k + i
            moved = model.jump[k, i]
            for j in range(K):
                moved += model.A[k, j] * y[n + K * j + i] + model.A[i, j] * y[n + K * k + j]
            dy[e] = variance * moved - rates.decay * (rates.moving[k] + rates.moving[i]) * y[e]


@inner
def _fill_modes(model, y):
    """Fill the means and the propagators of all D' modes."""
    layout, mean, U = model.layout, model.mean, model.U
    for k in range(layout.K):
        for b in range(mean.shape[1]):
            mean[k, b] = _mean(model, y, k, b)
        for j in range(layout.K):
            for b in range(U.shape[2]):
                U[k, j, b] = _U(layout, y, k, j, min(b, layout.G))


@inner
def _record_task(model, y, p, row, at):
    """Write the covariances of the fields of student units with the inputs of a task."""
    layout, laws, mean, covariance = model.layout, model.laws, model.mean, model.laws.covariance[p]
    K, G, n = layout.K, layout.G, covariance.shape[0]
    for k in range(K):
        for i in range(k, K):
            gained = y[layout.n + K * k + i]
            outside = _moved(model, y, model.past.outside, k, i) + (1.0 - n / laws.N) * gained
            S, inside = layout.S + G * _pair(K, k, i), 0.0
            for b in range(n):
                along = 0.0
                for d in range(n):
                    along += covariance[b, d] * mean[i, d]
                inside += mean[k, b] * along + covariance[b, b] * (y[S + b] if b < G else gained)
            row[at + K * k + i] = laws.outside[p] * outside + inside / laws.N
            row[at + K * i + k] = row[at + K * k + i]
    if model.past.S.shape[1] > 0:
        for j in range(K):
            for o in range(j, K):
                _add_past(model, covariance, j, o, row, at)


@inner
def _add_past(model, covariance, j, o, row, at):
    """Add the contribution of the fluctuations of a pair of units at the start that S(b, b) does not have."""
    K, G, N, U, S = model.layout.K, model.layout.G, model.laws.N, model.U, model.past.S
    pair, n = _pair(K, j, o), covariance.shape[0]
    for b in range(n):
        for i in range(K):
            along = 0.0
            for d in range(n):
                along += covariance[b, d] * S[pair, b, d] * U[i, o, d]
            if b < G:
                along -= covariance[b, b] * S[pair, b, b] * U[i, o, b]
            for k in range(K):
                added = U[k, j, b] * along / N
                row[at + K * k + i] += added
                if o != j:
                    row[at + K * i + k] += added
