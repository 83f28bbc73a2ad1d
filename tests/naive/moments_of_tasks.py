"""Slow twin of the equations for tasks with any covariances: all second moments of the weights.

Student units have the means m (K, N) and the moments S_kl = <w_k w_l^T> (K, K, N, N), without any modes.
"""

from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

import naive


class Law(NamedTuple):
    """Inputs with covariance Omega (N, N), and a teacher: g_m = sqrt N <nu_m x> and the covariance T."""

    covariance: np.ndarray
    g: np.ndarray
    T: np.ndarray


class Lesson(NamedTuple):
    """A task that is trained in a step with some probability."""

    probability: float
    task: int
    v: np.ndarray
    head: int
    eta: float = 0.2
    eta_h: float = 0.2
    output_noise: float = 0.0
    input_noise: float = 0.0
    frozen: tuple = ()


class Moments(NamedTuple):
    m: np.ndarray
    S: np.ndarray
    h: np.ndarray


def start(W, h):
    """Moments of weights that are known."""
    return Moments(W.copy(), np.einsum("kn,lo->klno", W, W), h.copy())


def overlaps(law, moments):
    """Covariances of the fields of student units, and of student and teacher fields."""
    N = moments.m.shape[1]
    return np.einsum("no,klno->kl", law.covariance, moments.S) / N, moments.m @ law.g.T / N


def rate_of_change(lessons, laws, moments, decay=(0.0, 0.0), batch=1, units="erf"):
    """Derivatives of all moments."""
    rate = Moments(*(np.zeros_like(part) for part in moments))
    for lesson in lessons:
        learn(lesson, laws[lesson.task], moments, decay, batch, units, rate)
    return rate


def learn(lesson, law, moments, decay, batch, units, rate):
    """Add the mean change in steps on one task."""
    (K, N), p = moments.m.shape, lesson.probability
    seen = law._replace(covariance=law.covariance + lesson.input_noise**2 * np.eye(N))
    Q, R = overlaps(seen, moments)
    C = np.block([[Q, R], [R.T, law.T]])
    signed = np.concatenate([moments.h[lesson.head], -lesson.v])
    weights = np.array([slopes(units, signed, C, k) for k in range(K)])
    moving = np.array([k not in lesson.frozen for k in range(K)])
    pull, decays = lesson.eta * moments.h[lesson.head] * moving, decay[0] * moving
    # <d g'_k x> for given weights is a combination of Omega w_j and of g_m, so that its mean over weights and
    # its moments with w_l are linear in m and S.
    for k in range(K):
        mean = sum(weights[k, j] * seen.covariance @ moments.m[j] for j in range(K)) + weights[k, K:] @ law.g
        rate.m[k] += p * (-pull[k] * mean - decays[k] * moments.m[k])
        rate.h[lesson.head, k] += p * (
            -lesson.eta_h
            * sum(c * naive.I2(units, units, naive.restricted(C, k, a)) for a, c in enumerate(signed))
            - decay[1] * moments.h[lesson.head, k]
        )
        for i in range(K):
            drift = sum(weights[k, j] * seen.covariance @ moments.S[j, i] for j in range(K))
            drift = drift + np.outer(weights[k, K:] @ law.g, moments.m[i])
            change = -pull[k] * drift - decays[k] * moments.S[k, i]
            rate.S[k, i] += p * change
            rate.S[i, k] += p * change.T
            power = lesson.output_noise**2 * naive.J2(units, naive.restricted(C, k, i))
            for a, c in enumerate(signed):
                for b, d in enumerate(signed):
                    power += c * d * naive.I4(units, units, units, naive.restricted(C, k, i, a, b))
            rate.S[k, i] += p * pull[k] * pull[i] * power * seen.covariance / batch


def slopes(units, signed, C, k):
    """Derivatives of <d g'_k z> with respect to the covariances of z with each error unit."""
    found = np.zeros(len(signed))
    for a, c in enumerate(signed):
        for b in {k, a}:
            along = np.array([1.0 * (b == k), 1.0 * (b == a)])  # of z with k and a
            rows = [[C[k, k], along[0], C[k, a]], [along[0], 1.0, along[1]], [C[k, a], along[1], C[a, a]]]
            found[b] += c * naive.I3(units, units, np.array(rows))
    return found


def packed(moments):
    return np.concatenate([part.ravel() for part in moments])


def unpacked(y, like):
    parts = np.split(y, np.cumsum([part.size for part in like])[:-1])
    return Moments(*(part.reshape(old.shape) for part, old in zip(parts, like, strict=True)))


def solved(lessons, laws, moments, duration, tolerance=1e-10, **more):
    """Moments after some time."""

    def f(_, y):
        return packed(rate_of_change(lessons, laws, unpacked(y, moments), **more))

    found = solve_ivp(
        f, (0.0, duration), packed(moments), method="DOP853", rtol=tolerance, atol=1e-3 * tolerance
    )
    return unpacked(found.y[:, -1], moments)
