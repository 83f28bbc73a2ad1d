"""A covariance model for tests: independent Gaussian inputs, their directions in two groups of modes.

The state is (q_1, r_1, q_2, r_2, h): the overlaps within each group, which has a share nu_g of the
directions. As the variance is 1 in both, the sums Q = q_1 + q_2 and R = r_1 + r_2 obey the equations of the
isotropic model, and these are recorded.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.ode import models


class TwoGroups(NamedTuple):
    """The model while one teacher is active."""

    c: np.ndarray  # (D,)
    C: np.ndarray  # (D, D)
    K: int
    T: np.ndarray  # (F, F) overlaps of all teachers
    t: np.ndarray  # (2, F, F) parts of T in each group
    nu: np.ndarray  # (2,) shares of the directions, with sum 1
    first: int  # column of the first unit of the active teacher
    power: float  # variance of the inputs of the student


def two_groups(K, T, v, first, power, t, nu):
    """Describe the model, for a teacher with readouts v (M,)."""
    c = np.concatenate([np.zeros(K), -v])
    return TwoGroups(c, np.zeros((len(c), len(c))), K, T, t, nu, first, power)


@variant(models.covariances, TwoGroups)
def covariances(model, y, clean):
    """Fill c and C; the test has one head."""
    power = 1.0 if clean else model.power
    K, F = model.K, len(model.T)
    M, group = len(model.c) - K, K * (K + F)
    for i in range(K):
        model.c[i] = y[2 * group + i]
        for k in range(K):
            model.C[i, k] = power * (y[K * i + k] + y[group + K * i + k])
        for m in range(M):
            at = K * K + F * i + model.first + m
            model.C[i, K + m] = y[at] + y[group + at]
            model.C[K + m, i] = model.C[i, K + m]
    for m in range(M):
        for n in range(M):
            model.C[K + m, K + n] = model.T[model.first + m, model.first + n]


@variant(models.motion, TwoGroups)
def motion(model, y, rates, means, dy):
    """Each group moves by its own overlaps, and has its share of the noise of the steps."""
    K, F = model.K, len(model.T)
    M, group = len(model.c) - K, K * (K + F)
    for g in range(2):
        Q, R = g * group, g * group + K * K
        for i in range(K):
            eta_i, decay_i = rates.eta * rates.moving[i] * model.c[i], rates.decay * rates.moving[i]
            for b in range(F):
                drift = 0.0
                for j in range(K):
                    drift += means.weights[i, j] * model.power * y[R + F * j + b]
                for m in range(M):
                    drift += means.weights[i, K + m] * model.t[g, model.first + m, b]
                dy[R + F * i + b] = -eta_i * drift - decay_i * y[R + F * i + b]
            for k in range(K):
                eta_k, decay_k = rates.eta * rates.moving[k] * model.c[k], rates.decay * rates.moving[k]
                there, back = 0.0, 0.0
                for j in range(K):
                    there += means.weights[i, j] * model.power * y[Q + K * j + k]
                    back += means.weights[k, j] * model.power * y[Q + K * j + i]
                for m in range(M):
                    there += means.weights[i, K + m] * y[R + F * k + model.first + m]
                    back += means.weights[k, K + m] * y[R + F * i + model.first + m]
                noise = eta_i * eta_k * means.power[min(i, k), max(i, k)]
                noise *= model.power * model.nu[g] / rates.batch
                at = Q + K * i + k
                dy[at] = noise - eta_i * there - eta_k * back - (decay_i + decay_k) * y[at]
    for i in range(K):
        dy[2 * group + i] = -rates.eta_h * means.output[i] - rates.decay_h * y[2 * group + i]


@variant(models.record, TwoGroups)
def record(model, y, row):
    """Record the sums over the groups, and the readouts."""
    group = model.K * (model.K + len(model.T))
    for e in range(group):
        row[e] = y[e] + y[group + e]
    for e in range(group, len(row)):
        row[e] = y[group + e]
