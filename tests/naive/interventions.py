"""Slow twin of the equations with several tasks, anchors and moving teachers, from the fields of each step.

All vectors are in one list: the n columns (units of all teachers, companions, anchors), then the K student
units. Shapes: Q (K, K), R (K, n), T (n, n), h (H, K), S (K,) path integrals.
"""

from typing import NamedTuple

import numpy as np

import naive


class Lesson(NamedTuple):
    """A task that is trained in a step with some probability."""

    probability: float
    labels: list  # columns of the units of the teacher
    v: np.ndarray  # their readouts
    head: int
    eta: float = 1.0
    eta_h: float = 1.0
    fidelity: float = 1.0
    output_noise: float = 0.0
    input_noise: float = 0.0
    frozen: tuple = ()


class State(NamedTuple):
    """Everything that moves."""

    Q: np.ndarray
    R: np.ndarray
    T: np.ndarray
    h: np.ndarray
    S: np.ndarray


def gram(state):
    """Overlaps of all vectors, columns first."""
    return np.block([[state.T, state.R.T], [state.R, state.Q]])


def packed(state):
    return np.concatenate([part.ravel() for part in state])


def unpacked(y, like):
    parts = np.split(y, np.cumsum([part.size for part in like])[:-1])
    return State(*(part.reshape(old.shape) for part, old in zip(parts, like, strict=True)))


def rate_of_change(lessons, state, decay=0.0, batch=1, penalties=(), turns=(), units="erf"):
    """Derivatives of a state; anchors are the last K columns, `turns` lists (column, other, rate)."""
    rate = State(*(np.zeros_like(part) for part in state))
    for lesson in lessons:
        learn(lesson, state, decay, batch, units, rate)
    pull_to_anchors(lessons, state, penalties, rate)
    n = len(state.T)
    A = np.zeros((n, n))
    for b, c, value in turns:
        A[b, c] += value
    moved = A @ state.T + state.T @ A.T
    np.fill_diagonal(moved, 0.0)
    return rate._replace(R=rate.R + state.R @ A.T, T=moved)


def learn(lesson, state, decay, batch, units, rate):
    """Add the mean change in steps on one task."""
    n, K, p, G = len(state.T), len(state.Q), lesson.probability, gram(state)
    students = [(n + i, True) for i in range(K)]
    known = [*students, *((column, False) for column in lesson.labels)]
    signed = np.concatenate([state.h[lesson.head], -lesson.v])

    def covariance(*fields):
        """Of fields (vector, whether on the student's input)."""
        seen = 1.0 + lesson.input_noise**2
        factor = {2: seen, 1: lesson.fidelity, 0: 1.0}
        return np.array([[G[a, b] * factor[x + y] for b, y in fields] for a, x in fields])

    def drift(i, b):
        return sum(
            c * naive.I3(units, units, covariance(students[i], (b, True), field))
            for c, field in zip(signed, known, strict=True)
        )

    def power(i, k):
        both = students[i], students[k]
        total = lesson.output_noise**2 * naive.J2(units, covariance(*both))
        for c, one in zip(signed, known, strict=True):
            for d, other in zip(signed, known, strict=True):
                total += c * d * naive.I4(units, units, units, covariance(*both, one, other))
        return total

    moving = [i for i in range(K) if i not in lesson.frozen]
    pull = [lesson.eta * state.h[lesson.head, i] * (i in moving) for i in range(K)]
    length = (1.0 + lesson.input_noise**2) / batch
    for i in moving:
        for b in range(n):
            rate.R[i, b] += p * (-pull[i] * drift(i, b) - decay * state.R[i, b])
        rate.S[i] += p * lesson.eta * length * state.h[lesson.head, i] ** 2 * power(i, i)
    for i in range(K):
        for k in range(K):
            change = length * pull[i] * pull[k] * power(i, k)
            change -= pull[i] * drift(i, n + k) + pull[k] * drift(k, n + i)
            rate.Q[i, k] += p * (change - decay * ((i in moving) + (k in moving)) * state.Q[i, k])
        mean = sum(
            c * naive.I2(units, units, covariance(students[i], field))
            for c, field in zip(signed, known, strict=True)
        )
        rate.h[lesson.head, i] += p * (-lesson.eta_h * mean - decay * state.h[lesson.head, i])


def pull_to_anchors(lessons, state, penalties, rate):
    """Add - alpha_i (w_i - anchor_i) along every vector."""
    first = len(state.T) - len(penalties)
    for i, penalty in enumerate(penalties):
        alpha = penalty * sum(each.probability * each.eta * (i not in each.frozen) for each in lessons)
        rate.R[i] -= alpha * (state.R[i] - state.T[first + i])
        along = alpha * (state.Q[i] - state.R[:, first + i])
        rate.Q[i] -= along
        rate.Q[:, i] -= along


def importance(lesson, state, units="erf"):
    """h_i^2 <d^2 g'_i^2> on clean inputs and labels: the rate of a path integral with eta = 1."""
    rate = State(*(np.zeros_like(part) for part in state))
    clean = lesson._replace(probability=1.0, eta=1.0, output_noise=0.0, input_noise=0.0, frozen=())
    learn(clean, state, 0.0, 1, units, rate)
    return rate.S


def new_anchors(state, penalties, added):
    """The state with anchors (p c + b w) / (p + b), from vectors that have the overlaps of the state."""
    values, axes = np.linalg.eigh(gram(state))
    vectors = axes * np.sqrt(np.maximum(values, 0.0))
    n, K = len(state.T), len(state.Q)
    for i in range(K):
        total = penalties[i] + added[i]
        mean = penalties[i] * vectors[n - K + i] + added[i] * vectors[n + i]
        vectors[n - K + i] = mean / total if total > 0 else vectors[n + i]
    new = vectors @ vectors.T
    return state._replace(R=new[n:, :n], T=new[:n, :n])
