"""Covariance model of several tasks at a time whose inputs have covariances that do not commute.

`frames` needs one active task in whose modes the weights move independently. Where tasks are mixed there are
no such modes, and all second moments of the fluctuations in the joint space of the loadings are integrated:

    dmu_k = sum_j A_kj Omega mu_j - eta h_k sum_m weights[k, K+m] g_m - decay mu_k,
    dS_kl = sum_j (A_kj Omega S_jl + A_lj S_kj Omega) - 2 decay S_kl + jump_kl Omega,

with A and jump as there, and Omega the covariance of a task; `tasks` adds the derivatives of all tasks. Their
cost is K^2 D'^3 for each task. The state is y = (mu, S_kl for k <= l, the overlaps outside, h).
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.ode import models, tasks


class JointLaws(NamedTuple):
    """The laws of the inputs of all tasks, without noise, in the joint space of D' directions."""

    covariance: np.ndarray  # (P, D', D')
    outside: np.ndarray  # (P,) variance outside of the joint space
    g: np.ndarray  # (F, D') sqrt N times the covariances of the inputs with the fields of all teachers
    T: np.ndarray  # (F, F) covariances of the fields of the teachers
    N: int  # number of directions in all


class MomentLayout(NamedTuple):
    """Sizes, and indices in the state y = (mu, S, outside, h)."""

    K: int  # student units
    n: int  # D'
    S: int  # index of S[0, 0] of the first pair of units
    outside: int  # index of the overlaps outside
    h: int  # index of h[0, 0]
    size: int  # length of the state


class Moments(NamedTuple):
    """The model of one of the tasks, with work space."""

    c: np.ndarray  # (D,) signed readouts (h, -v)
    C: np.ndarray  # (D, D) covariance of the error units
    A: np.ndarray  # (K, K) -eta h_k weights[k, j]
    combined: np.ndarray  # (D', D') sum_j A_kj S_jl
    moved: np.ndarray  # (D', D') Omega times these
    layout: MomentLayout
    laws: JointLaws
    v: np.ndarray  # (M,) readouts of the teacher
    task: int
    head: int  # row of h that is trained on the task
    noise: float  # variance s^2 of the noise on the student's inputs


def moment_layout(K: int, n: int, H: int) -> MomentLayout:
    """Return the layout of the state.

    Parameters
    ----------
    K, n, H : int
        Numbers of student units, of joint directions D', and of heads.

    Returns
    -------
    MomentLayout
        Its `size` is K D' + K (K + 1) / 2 D'^2 + K^2 + H K.
    """
    outside = K * n + K * (K + 1) // 2 * n * n
    return MomentLayout(K, n, K * n, outside, outside + K * K, outside + K * K + H * K)


def moments_of(
    layout: MomentLayout, laws: JointLaws, v: np.ndarray, task: int, head: int, noise: float
) -> Moments:
    """Describe the covariances in steps on one task.

    Parameters
    ----------
    layout : MomentLayout
        Layout of the state.
    laws : JointLaws
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
    Moments
    """
    K, n, D = layout.K, layout.n, layout.K + len(v)
    shapes = (D,), (D, D), (K, K), (n, n), (n, n)
    return Moments(*map(np.zeros, shapes), layout, laws, np.ascontiguousarray(v), task, head, noise)


@variant(tasks.for_task, Moments)
def _for_task(model, task, head, noise, v):
    """Return the model of another task."""
    work = model.c, model.C, model.A, model.combined, model.moved
    return Moments(*work, model.layout, model.laws, v, task, head, noise)


@variant(models.covariances, Moments)
def _covariances(model, y, clean):
    """Fill c and C from the state, with or without the noise on the student's inputs."""
    layout, laws, K, M = model.layout, model.laws, model.layout.K, len(model.v)
    first, noise = model.task * len(model.v), 0.0 if clean else model.noise
    for k in range(K):
        model.c[k] = y[layout.h + K * model.head + k]
        for i in range(k, K):
            white = noise * _overlap(layout, laws, y, k, i) if noise > 0.0 else 0.0
            model.C[k, i] = _of_students(layout, laws, y, model.task, k, i) + white
            model.C[i, k] = model.C[k, i]
        for m in range(M):
            model.C[k, K + m] = _with_teacher(layout, laws, y, k, first + m)
            model.C[K + m, k] = model.C[k, K + m]
    for m in range(M):
        model.c[K + m] = -model.v[m]
        for o in range(M):
            model.C[K + m, K + o] = laws.T[first + m, first + o]


@variant(models.motion, Moments)
def _motion(model, y, rates, means, dy):
    """Write the derivative of the state from the means."""
    layout, K = model.layout, model.layout.K
    for k in range(K):
        eta = rates.eta * rates.moving[k] * model.c[k]
        for j in range(K):
            model.A[k, j] = -eta * means.weights[k, j]
    _move_means(model, y, rates, means.weights, dy)
    _start_moments(model, y, rates, means.power, dy)
    for k in range(K):
        for i in range(K):
            _combine(model, y, k, i)
            _multiply(model)
            _add_moved(model, k, i, dy)
    models.move_readouts(y, layout.h, rates, means.output, dy)


@variant(models.record, Moments)
def _record(model, y, row):
    """Record Q of the first task, R, h, then Q of all tasks and W, without noise."""
    layout, laws = model.layout, model.laws
    K, F, P = layout.K, len(laws.g), len(laws.outside)
    at_h = K * K + K * F
    at_Q = at_h + layout.size - layout.h
    for e in range(layout.h, layout.size):
        row[at_h + e - layout.h] = y[e]
    for k in range(K):
        for b in range(F):
            row[K * K + F * k + b] = _with_teacher(layout, laws, y, k, b)
        for i in range(K):
            low, high = min(k, i), max(k, i)
            for p in range(P):
                row[at_Q + (K * p + k) * K + i] = _of_students(layout, laws, y, p, low, high)
            row[K * k + i] = row[at_Q + K * k + i]
            row[at_Q + (K * P + k) * K + i] = _overlap(layout, laws, y, low, high)


@inner
def _at(layout, k, i):
    """Return the index in the state of S[0, 0] of the pair of units k <= i."""
    return layout.S + (k * layout.K - k * (k - 1) // 2 + i - k) * layout.n * layout.n


@inner
def _of_students(layout, laws, y, task, k, i):
    """Return the covariance of the fields of units k <= i with the inputs of a task."""
    n, S, total = layout.n, _at(layout, k, i), 0.0
    covariance = laws.covariance[task]
    for b in range(n):
        for d in range(n):
            total += covariance[b, d] * (y[n * k + b] * y[n * i + d] + y[S + n * b + d])
    return total / laws.N + laws.outside[task] * y[layout.outside + layout.K * k + i]


@inner
def _overlap(layout, laws, y, k, i):
    """Return the overlap of the weights of units k <= i."""
    n, S, total = layout.n, _at(layout, k, i), 0.0
    for b in range(n):
        total += y[n * k + b] * y[n * i + b] + y[S + n * b + b]
    return total / laws.N + y[layout.outside + layout.K * k + i]


@inner
def _with_teacher(layout, laws, y, k, a):
    """Return the covariance of the fields of unit k and of unit a of the teachers."""
    total = 0.0
    for b in range(layout.n):
        total += laws.g[a, b] * y[layout.n * k + b]
    return total / laws.N


@inner
def _move_means(model, y, rates, weights, dy):
    """Write the derivatives of the means."""
    layout, laws, covariance = model.layout, model.laws, model.laws.covariance[model.task]
    K, n, first = layout.K, layout.n, model.task * len(model.v)
    for k in range(K):
        for b in range(n):
            dy[n * k + b] = -rates.decay * rates.moving[k] * y[n * k + b]
    for j in range(K):
        for b in range(n):
            along = model.noise * y[n * j + b]
            for d in range(n):
                along += covariance[b, d] * y[n * j + d]
            for k in range(K):
                dy[n * k + b] += model.A[k, j] * along
    for k in range(K):
        eta = rates.eta * rates.moving[k] * model.c[k]
        for m in range(len(model.v)):
            for b in range(n):
                dy[n * k + b] -= eta * weights[k, K + m] * laws.g[first + m, b]


@inner
def _start_moments(model, y, rates, power, dy):
    """Write the derivatives of S and of the overlaps outside, without the first term of S."""
    layout, laws, covariance = model.layout, model.laws, model.laws.covariance[model.task]
    K, n, variance = layout.K, layout.n, laws.outside[model.task] + model.noise
    for k in range(K):
        for i in range(k, K):
            decay = rates.decay * (rates.moving[k] + rates.moving[i])
            jump = rates.eta**2 * rates.moving[k] * rates.moving[i] / rates.batch * power[k, i]
            jump *= model.c[k] * model.c[i]
            S = _at(layout, k, i)
            for b in range(n):
                for d in range(n):
                    dy[S + n * b + d] = jump * covariance[b, d] - decay * y[S + n * b + d]
                dy[S + n * b + b] += jump * model.noise
            e, mirror = layout.outside + K * k + i, layout.outside + K * i + k
            moved = jump * (1.0 - n / laws.N)
            for j in range(K):
                moved += model.A[k, j] * y[layout.outside + K * j + i]
                moved += model.A[i, j] * y[layout.outside + K * k + j]
            dy[e] = variance * moved - decay * y[e]
            dy[mirror] = dy[e]


@inner
def _combine(model, y, k, i):
    """Write sum_j A_kj S_ji."""
    layout, combined = model.layout, model.combined
    n = layout.n
    for j in range(layout.K):
        A, S = model.A[k, j], _at(layout, min(j, i), max(j, i))
        for b in range(n):
            for d in range(n):
                before = combined[b, d] if j > 0 else 0.0
                combined[b, d] = before + A * (y[S + n * b + d] if j <= i else y[S + n * d + b])


@inner
def _multiply(model):
    """Write Omega times the combined moments."""
    covariance, combined, moved = model.laws.covariance[model.task], model.combined, model.moved
    n = len(combined)
    for b in range(n):
        for d in range(n):
            moved[b, d] = model.noise * combined[b, d]
        for e in range(n):
            weight = covariance[b, e]
            for d in range(n):
                moved[b, d] += weight * combined[e, d]


@inner
def _add_moved(model, k, i, dy):
    """Add the first term of S of units k and i, where k is moved, and its transpose to that of i and k."""
    n, S = model.layout.n, _at(model.layout, min(k, i), max(k, i))
    for b in range(n):
        for d in range(n):
            if k <= i:
                dy[S + n * b + d] += model.moved[b, d]
            if k >= i:
                dy[S + n * b + d] += model.moved[d, b]
