"""Reference loops: what the benchmarks compare with, written plainly, in the way the field writes them.

One teacher is active, all units are erf, both layers are trained. The integrals take a small covariance
matrix each, as the formulas of the papers and the programs after them do.
"""

import math

import numpy as np
from scipy.special import erf


def sgd_steps(W, h, V, v, eta, steps, random):
    """Train W (K, N) and h (K,) in place on the teacher V (M, N), v (M,), one sample at a time, in numpy."""
    N = W.shape[1]
    for _ in range(steps):
        x = random.randn(1, N)
        fields = W @ x.T / np.sqrt(N)
        teacher_fields = V @ x.T / np.sqrt(N)
        activity = erf(fields / np.sqrt(2))
        error = h @ activity - v @ erf(teacher_fields / np.sqrt(2))
        slope = np.sqrt(2 / np.pi) * np.exp(-(fields**2) / 2)
        W -= eta / np.sqrt(N) * error * h[:, np.newaxis] * slope * x
        h -= eta / N * error * activity[:, 0]


def manifold_steps(F, W, h, V, v, eta, steps, random):
    """Train W (K, N) and h (K,) in place on signs of F c / sqrt D; the teacher V (M, D), v (M,) sees c."""
    N, D = F.shape
    for _ in range(steps):
        c = random.randn(D)
        x = np.sign(F @ c / np.sqrt(D))
        fields = W @ x / np.sqrt(N)
        activity = erf(fields / np.sqrt(2))
        error = h @ activity - v @ erf(V @ c / np.sqrt(D) / np.sqrt(2))
        slope = np.sqrt(2 / np.pi) * np.exp(-(fields**2) / 2)
        W -= eta / np.sqrt(N) * error * np.outer(h * slope, x)
        h -= eta / N * error * activity


def covariance(C, fields):
    """The covariance of some fields, in a matrix of its own."""
    part = np.empty((len(fields), len(fields)))
    for i in range(len(fields)):
        for k in range(len(fields)):
            part[i, k] = C[fields[i], fields[k]]
    return part


def I2(c):
    """E[g(x1) g(x2)]."""
    return 2 / math.pi * math.asin(c[0, 1] / math.sqrt((1 + c[0, 0]) * (1 + c[1, 1])))


def I3(c):
    """E[g'(x1) x2 g(x3)]."""
    L3 = (1 + c[0, 0]) * (1 + c[2, 2]) - c[0, 2] ** 2
    return 2 / math.pi / math.sqrt(L3) * (c[1, 2] * (1 + c[0, 0]) - c[0, 1] * c[0, 2]) / (1 + c[0, 0])


def I4(c):
    """E[g'(x1) g'(x2) g(x3) g(x4)]."""
    L4 = (1 + c[0, 0]) * (1 + c[1, 1]) - c[0, 1] ** 2
    L0 = (
        L4 * c[2, 3]
        - c[1, 2] * c[1, 3] * (1 + c[0, 0])
        - c[0, 2] * c[0, 3] * (1 + c[1, 1])
        + c[0, 1] * c[0, 2] * c[1, 3]
        + c[0, 1] * c[0, 3] * c[1, 2]
    )
    L1 = (
        L4 * (1 + c[2, 2])
        - c[1, 2] ** 2 * (1 + c[0, 0])
        - c[0, 2] ** 2 * (1 + c[1, 1])
        + 2 * c[0, 1] * c[0, 2] * c[1, 2]
    )
    L2 = (
        L4 * (1 + c[3, 3])
        - c[1, 3] ** 2 * (1 + c[0, 0])
        - c[0, 3] ** 2 * (1 + c[1, 1])
        + 2 * c[0, 1] * c[0, 3] * c[1, 3]
    )
    return 4 / math.pi**2 / math.sqrt(L4) * math.asin(L0 / math.sqrt(L1 * L2))


def euler_step(C, h, v, eta, dt):
    """One Euler step; C (F, F) is the covariance of all fields: the student, the active teacher, the rest."""
    K, D, F = len(h), len(h) + len(v), len(C)
    c = np.concatenate((h, -v))
    dC, dh = np.zeros_like(C), np.zeros_like(h)
    for i in range(K):
        for b in range(F):
            pull = 0.0
            for a in range(D):
                pull += c[a] * I3(covariance(C, (i, b, a)))
            dC[i, b] -= eta * h[i] * pull
            dC[b, i] -= eta * h[i] * pull
        for k in range(K):
            square = 0.0
            for a in range(D):
                for b in range(D):
                    square += c[a] * c[b] * I4(covariance(C, (i, k, a, b)))
            dC[i, k] += eta**2 * h[i] * h[k] * square
        for a in range(D):
            dh[i] -= eta * c[a] * I2(covariance(C, (i, a)))
    C += dt * dC
    h += dt * dh
