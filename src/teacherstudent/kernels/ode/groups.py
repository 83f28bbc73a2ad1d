"""Covariance model of structured inputs: groups of modes of the covariance of the inputs.

The covariances Omega_p of the inputs x of the tasks p commute; their eigenpairs are in G groups of equal
eigenvalues omega_p,g. With g_a = sqrt N <x nu_a> for each teacher unit a, whose field is nu_a, and with sums
over the directions of a group, divided by N,

    q_g,kl = w_k.w_l,   r_g,ka = w_k.g_a,   t_g,ab = g_a.g_b,   nu_g = number of directions,

the covariances of the fields of task p are

    C_kl = sum_g (omega_g + s^2) q_g,kl,   C_km = sum_g r_g,km,   C_mn = T_mn,

s the standard deviation of white noise on the student's inputs. The state is y = (q, r, h), with the groups
on the last axis of q, of which pairs k <= l are stored, and of r.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import ROUNDED, ROUNDED_PART, SUM, inlined, rounded
from teacherstudent.kernels.compile.variants import declared, variant
from teacherstudent.kernels.compile.vectors import fma, is_used
from teacherstudent.kernels.maths.vector_sums import dot
from teacherstudent.kernels.ode import models, tasks
from teacherstudent.kernels.ode.forms import form


@form(numbers=("omega", "nu", "t", "T"))
class ModeGroups(NamedTuple):
    """The groups of modes of a run."""

    omega: np.ndarray  # (L, G) eigenvalues: one row for all tasks, or one for each
    nu: np.ndarray  # (G,) number of directions, divided by N
    t: np.ndarray  # (F, F, G) sums of g_a g_b / N over the directions of a group
    T: np.ndarray  # (F, F) covariances of the fields of teachers


@form(numbers=("power", "v", "noise"), work=("c", "C"))
class Groups(NamedTuple):
    """The model while one task is active, with work space."""

    c: np.ndarray  # (D,) signed readouts (h, -v)
    C: np.ndarray  # (D, D) covariance of the error units
    power: np.ndarray  # (G,) omega + s^2 of the task
    modes: ModeGroups
    v: np.ndarray  # (M,) readouts of the teacher
    task: int
    head: int  # row of h that is trained on the task
    noise: float  # variance s^2 of the noise on the student's inputs


@form(numbers=("power", "v", "noise"), work=("c", "C"))
class FewGroups(Groups):
    """The same with sums over the groups in an order that is equal for one run and for vectors of runs."""


def groups_of(
    modes: ModeGroups, K: int, v: np.ndarray, task: int, head: int, noise: float, kind: type = Groups
) -> Groups:
    """Describe the covariances while one task is active.

    Parameters
    ----------
    modes : ModeGroups
        The groups of modes.
    K : int
        Number of student units.
    v : (M,) array
        Readouts of the teacher of the task.
    task : int
        Number of the task, counted from 0.
    head : int
        Row of h that is trained on it.
    noise : float
        Variance s^2 >= 0 of the noise on the student's inputs.
    kind : type
        Groups, or FewGroups for runs side by side.

    Returns
    -------
    Groups
    """
    modes, D = ModeGroups(*map(np.ascontiguousarray, modes)), K + len(v)
    power = modes.omega[task if len(modes.omega) > 1 else 0] + noise
    return kind(np.zeros(D), np.zeros((D, D)), power, modes, np.ascontiguousarray(v), task, head, noise)


def pack_groups(q: np.ndarray, r: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return a new state.

    Parameters
    ----------
    q : (K, K, G) array
        Symmetric in its first axes.
    r : (K, F, G) array
        Student and teacher units.
    h : (H, K) array
        Readouts.

    Returns
    -------
    (G (K (K + 1) / 2 + K F) + H K,) array
    """
    return np.concatenate([q[np.triu_indices(len(q))].ravel(), r.ravel(), h.ravel()])


def unpack_groups(y: np.ndarray, K: int, F: int, G: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return q, r and h of a state; r and h are views.

    Parameters
    ----------
    y : (n,) array
        State.
    K, F, G : int
        Numbers of student units, of units of all teachers, and of groups.

    Returns
    -------
    tuple of arrays (K, K, G), (K, F, G) and (H, K)
    """
    pairs, rows = K * (K + 1) // 2, np.triu_indices(K)
    q = np.zeros((K, K, G))
    q[rows] = y[: G * pairs].reshape(pairs, G)
    q[rows[::-1]] = q[rows]
    end = G * (pairs + K * F)
    return q, y[G * pairs : end].reshape(K, F, G), y[end:].reshape(-1, K)


@inlined
def row_q(y, K, G, k, l):
    """Return the view (G,) of q of two student units in a state.

    Parameters
    ----------
    y : (n,) array
        State.
    K, G : int
        Numbers of student units and of groups.
    k, l : int
        Student units.

    Returns
    -------
    (G,) array
    """
    first, second = min(k, l), max(k, l)
    start = G * (first * K - first * (first - 1) // 2 + second - first)
    return y[start : start + G]


@inlined
def row_r(y, K, F, G, k, a):
    """Return the view (G,) of r of a student unit and a teacher unit in a state.

    Parameters
    ----------
    y : (n,) array
        State.
    K, F, G : int
        Numbers of student units, of units of all teachers, and of groups.
    k, a : int
        Student unit and teacher unit.

    Returns
    -------
    (G,) array
    """
    start = G * (K * (K + 1) // 2 + F * k + a)
    return y[start : start + G]


@variant(tasks.for_task, Groups, ROUNDED_PART)
def _for_task(model, task, head, noise, v):
    """Return the model of another task."""
    _set_power(model, task, noise)
    return Groups(model.c, model.C, model.power, model.modes, v, task, head, noise)


@variant(tasks.for_task, FewGroups, ROUNDED_PART)
def _for_task_of_few(model, task, head, noise, v):
    """Return the model of another task."""
    _set_power(model, task, noise)
    return FewGroups(model.c, model.C, model.power, model.modes, v, task, head, noise)


@rounded
def _set_power(model, task, noise):
    """Set the eigenvalues to those of a task."""
    omega = _eigenvalues(model.modes.omega, task)
    for g in range(len(omega)):
        model.power[g] = omega[g] + noise


@variant(models.covariances, Groups, inline=True)
@variant(models.covariances, FewGroups, inline=True)
def _covariances(model, y, clean):
    """Fill c and C from the state, with or without the noise on the student's inputs."""
    power = _eigenvalues(model.modes.omega, model.task) if clean else model.power
    _fill_covariances(model, y, power)


@variant(models.motion, Groups, inline=True)
@variant(models.motion, FewGroups, inline=True)
def _motion(model, y, rates, means, dy):
    """Write the derivative of the state from the means."""
    _set_to_zero(dy)
    modes, first, h = model.modes, model.task * len(model.v), model.c
    _move_r(y, h, means.weights, model.power, modes.t, first, rates, dy)
    _move_q(y, h, means, model.power, modes.nu, modes.t.shape[0], first, rates, dy)
    models.move_readouts(
        y, _at_h(len(rates.moving), modes.t.shape[0], modes.t.shape[2]), rates, means.output, dy
    )


@variant(models.record, Groups, inline=True)
@variant(models.record, FewGroups, inline=True)
def _record(model, y, row):
    """Record Q of the first law, R, h, Q of all laws, and W = w w^T / N."""
    _fill_record(model, len(model.c) - len(model.v), y, row)


@inlined
def _at_h(K, F, G):
    """Return the index of h[0, 0] in the state."""
    return G * (K * (K + 1) // 2 + K * F)


@inlined
def _eigenvalues(omega, task):
    """Return the row of the eigenvalues of the inputs of a task; one row may be that of all tasks."""
    return omega[task if len(omega) > 1 else 0]


@rounded
def _fill_covariances(model, y, power):
    """Fill c and C with given eigenvalues of the covariance of the student's inputs."""
    c, C, v, T = model.c, model.C, model.v, model.modes.T
    M, G, F = len(v), len(power), len(T)
    K, first = len(c) - M, model.task * M
    readouts = _at_h(K, F, G) + K * model.head
    for k in range(K):
        c[k] = y[readouts + k]
        for l in range(k, K):
            C[k, l] = weighted_sum(model, power, row_q(y, K, G, k, l))
            C[l, k] = C[k, l]
        for m in range(M):
            C[k, K + m] = total(model, row_r(y, K, F, G, k, first + m))
            C[K + m, k] = C[k, K + m]
    for m in range(M):
        c[K + m] = -v[m]
        for n in range(M):
            C[K + m, K + n] = T[first + m, first + n]


@declared
def weighted_sum(model, power, x):
    """Return the sum of numbers of all groups, times their eigenvalues.

    Parameters
    ----------
    model : Groups
        Its type selects the order of the sum.
    power, x : (G,) array
        Eigenvalues and numbers.

    Returns
    -------
    float
    """


@declared
def total(model, x):
    """Return the sum of numbers of all groups; the type of the model selects its order."""


@variant(weighted_sum, Groups, SUM)
def _long_weighted_sum(model, power, x):
    """See `weighted_sum`."""
    return dot(power, x)


@variant(total, Groups, SUM)
def _long_total(model, x):
    """See `total`."""
    value = 0.0
    for g in range(len(x)):
        value += x[g]
    return value


@variant(weighted_sum, FewGroups, ROUNDED)
def _short_weighted_sum(model, power, x):
    """See `weighted_sum`; four sums, since each addition waits for the one before."""
    a, b, c, d = 0.0 * x[0], 0.0 * x[0], 0.0 * x[0], 0.0 * x[0]
    whole = len(x) - len(x) % 4
    for g in range(0, whole, 4):
        a, b = fma(power[g], x[g], a), fma(power[g + 1], x[g + 1], b)
        c, d = fma(power[g + 2], x[g + 2], c), fma(power[g + 3], x[g + 3], d)
    for g in range(whole, len(x)):
        a = fma(power[g], x[g], a)
    return (a + b) + (c + d)


@variant(total, FewGroups, ROUNDED)
def _short_total(model, x):
    """See `total`."""
    a, b, c, d = 0.0 * x[0], 0.0 * x[0], 0.0 * x[0], 0.0 * x[0]
    whole = len(x) - len(x) % 4
    for g in range(0, whole, 4):
        a, b, c, d = a + x[g], b + x[g + 1], c + x[g + 2], d + x[g + 3]
    for g in range(whole, len(x)):
        a = a + x[g]
    return (a + b) + (c + d)


@rounded
def _set_to_zero(x):
    """Set all numbers to 0."""
    for e in range(len(x)):
        x[e] = 0.0


@rounded
def _add(out, factor, x):
    """Add a multiple of a vector."""
    for g in range(len(out)):
        out[g] = fma(factor, x[g], out[g])


@rounded
def _add_product(out, factor, x, y):
    """Add a multiple of a product of vectors, element by element."""
    for g in range(len(out)):
        out[g] = fma(factor, x[g] * y[g], out[g])


@rounded
def _move_r(y, h, weights, power, t, first, rates, dy):
    """Add dr_ka = -eta h_k ((omega + s^2) sum_j weights_kj r_ja + sum_m weights_km t_ma) - decay r_ka."""
    moving, decay = rates.moving, rates.decay
    K, F, G = len(moving), t.shape[0], len(power)
    M = len(h) - K
    for k in range(K):
        rate = -rates.eta * moving[k] * h[k]
        for a in range(F):
            out = row_r(dy, K, F, G, k, a)
            for j in range(K):
                _add_product(out, rate * weights[k, j], power, row_r(y, K, F, G, j, a))
            for m in range(M):
                _add(out, rate * weights[k, K + m], t[first + m, a])
            if is_used(decay):
                _add(out, -decay * moving[k], row_r(y, K, F, G, k, a))


@rounded
def _move_q(y, h, means, power, nu, F, first, rates, dy):
    """Add the derivatives of q.

    dq_kl = -eta h_k ((omega + s^2) sum_j weights_kj q_jl + sum_m weights_km r_lm) + (k <-> l)
            + (eta^2 / batch) h_k h_l power_kl (omega + s^2) nu - 2 decay q_kl.
    """
    moving, decay, weights = rates.moving, rates.decay, means.weights
    K, G = len(moving), len(power)
    M = len(h) - K
    for k in range(K):
        for l in range(k, K):
            out = row_q(dy, K, G, k, l)
            eta_k, eta_l = rates.eta * moving[k] * h[k], rates.eta * moving[l] * h[l]
            for j in range(K):
                _add_product(out, -eta_k * weights[k, j], power, row_q(y, K, G, j, l))
                _add_product(out, -eta_l * weights[l, j], power, row_q(y, K, G, j, k))
            for m in range(M):
                _add(out, -eta_k * weights[k, K + m], row_r(y, K, F, G, l, first + m))
                _add(out, -eta_l * weights[l, K + m], row_r(y, K, F, G, k, first + m))
            _add_product(out, eta_k * eta_l * means.power[k, l] / rates.batch, power, nu)
            if is_used(decay):
                _add(out, -decay * (moving[k] + moving[l]), row_q(y, K, G, k, l))


@rounded
def _fill_record(model, K, y, row):
    """Write Q of the first law, R, h, Q of all laws, and W to a row."""
    omega = model.modes.omega
    (L, G), F = omega.shape, model.modes.t.shape[0]
    readouts = _at_h(K, F, G)
    numbers = len(y) - readouts
    laws = K * K + K * F + numbers
    for k in range(K):
        for l in range(K):
            pair, e = row_q(y, K, G, k, l), K * k + l
            for law in range(L):
                row[laws + K * K * law + e] = weighted_sum(model, omega[law], pair)
            row[e] = row[laws + e]
            row[laws + K * K * L + e] = total(model, pair)
        for a in range(F):
            row[K * K + F * k + a] = total(model, row_r(y, K, F, G, k, a))
    for e in range(numbers):
        row[K * (K + F) + e] = y[readouts + e]
