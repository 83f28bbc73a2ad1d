"""Reference loops: what the benchmarks compare with, written plainly, in the way the field writes them.

One teacher is active, all units are erf, both layers are trained.
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


def I3(c11, c12, c13, c22, c23, c33):
    """E[g'(x1) x2 g(x3)]."""
    L3 = (1 + c11) * (1 + c33) - c13**2
    return 2 / math.pi / math.sqrt(L3) * (c23 * (1 + c11) - c12 * c13) / (1 + c11)


def I4(c11, c12, c13, c14, c22, c23, c24, c33, c34, c44):
    """E[g'(x1) g'(x2) g(x3) g(x4)]."""
    L4 = (1 + c11) * (1 + c22) - c12**2
    L0 = L4 * c34 - c23 * c24 * (1 + c11) - c13 * c14 * (1 + c22) + c12 * c13 * c24 + c12 * c14 * c23
    L1 = L4 * (1 + c33) - c23**2 * (1 + c11) - c13**2 * (1 + c22) + 2 * c12 * c13 * c23
    L2 = L4 * (1 + c44) - c24**2 * (1 + c11) - c14**2 * (1 + c22) + 2 * c12 * c14 * c24
    return 4 / math.pi**2 / math.sqrt(L4) * math.asin(L0 / math.sqrt(L1 * L2))


def I2(c11, c12, c22):
    """E[g(x1) g(x2)]."""
    return 2 / math.pi * math.asin(c12 / math.sqrt((1 + c11) * (1 + c22)))


def euler_step(C, h, v, eta, dt):
    """One Euler step; C (F, F) is the covariance of all fields: the student, the active teacher, the rest."""
    K, D, F = len(h), len(h) + len(v), len(C)
    c = np.concatenate((h, -v))
    dC, dh = np.zeros_like(C), np.zeros_like(h)
    for i in range(K):
        for b in range(F):
            pull = 0.0
            for a in range(D):
                pull += c[a] * I3(C[i, i], C[i, b], C[i, a], C[b, b], C[b, a], C[a, a])
            dC[i, b] -= eta * h[i] * pull
            dC[b, i] -= eta * h[i] * pull
        for k in range(K):
            square = 0.0
            for a in range(D):
                for b in range(D):
                    square += (
                        c[a]
                        * c[b]
                        * I4(
                            *(C[i, i], C[i, k], C[i, a], C[i, b], C[k, k]),
                            *(C[k, a], C[k, b], C[a, a], C[a, b], C[b, b]),
                        )
                    )
            dC[i, k] += eta**2 * h[i] * h[k] * square
        for a in range(D):
            dh[i] -= eta * c[a] * I2(C[i, i], C[i, a], C[a, a])
    C += dt * dC
    h += dt * dh
