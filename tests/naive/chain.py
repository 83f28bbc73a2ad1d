"""Slow, obvious twin of kernels.chain: one chain, plain numpy, no shortcuts."""

import math

import numpy as np

from naive import DG, G, philox

# Streams of a sample, as kernels.chain numbers them.
NORMALS, RETRY, STREAMS = 0, 1, 2


def chi(y, x, dof, key, step, stream):
    """Root of a chi-square variate: Marsaglia & Tsang 2000 with the exact test for every proposal."""
    if dof < 2:
        return abs(y) * dof
    d = dof / 2 - 1 / 3
    for attempt in range(1000):
        if attempt > 0:
            y, x = philox.normals(4 * attempt + 2, key, step, stream)[4 * attempt :]
        t = x / math.sqrt(9 * d)
        u = 1 - math.erf(abs(y) / math.sqrt(2))
        if t > -1 and math.log(u) < 3 * d * (math.log1p(t) - t + t**2 / 2 - t**3 / 3):
            return math.sqrt(2 * d * (1 + t) ** 3)
    raise AssertionError("no proposal was kept")


def axes(N, K, PM, batch):
    """p, r and q: how many axes are of G, of A, and further ones."""
    return (K, PM, batch) if K + PM + batch <= N else (0, N, 0)


def sample(b, key, step, N, p, r, input_noise):
    """What the teachers see, what the student sees, and the noise of the label, of sample b."""
    count = p + r + (b + 1 if p else 0)
    numbers = philox.normals(count + 2 + r, key, step, STREAMS * b + NORMALS)
    seen, length, zeta, xi = numbers[:count], numbers[count], numbers[count + 1], numbers[count + 2 :]
    if p:
        seen[-1] = chi(seen[-1], length, N - p - r - b, key, step, STREAMS * b + RETRY)
    z, u = seen[p : p + r], math.sqrt(1 + input_noise**2) * seen
    u[p : p + r] = z + input_noise * xi
    return z, u, zeta


def step(setting, N, S, h, B, v, samples):
    """One step: S (K, p + r + q) and h (K,) after samples (z, u, zeta), the frame not yet turned."""
    new_S, new_h = S.copy(), h.copy()
    for k in range(len(S)):
        moves = setting.features and k not in setting.frozen
        new_S[k] -= moves * setting.decay / N * S[k]
        new_h[k] -= setting.readouts * setting.decay_h / N * h[k]
        for z, u, zeta in samples:
            fields = S[:, : len(u)] @ u
            error = h @ G[setting.student](fields) - v @ G[setting.teacher](B @ z)
            error -= setting.output_noise * zeta
            pull = error * h[k] * DG[setting.student](fields[k])
            new_S[k, : len(u)] -= moves * setting.eta / N / len(samples) * pull * u
            change = setting.eta_h / N / len(samples) * error * G[setting.student](fields[k])
            new_h[k] -= setting.readouts * change
    return new_S, new_h


def turn(S, p, r):
    """An orthogonal H such that S H has a triangular G, with diagonal >= 0, and zeros in its last columns."""
    n = S.shape[1]
    moving = np.r_[0:p, p + r : n]
    Q, R = np.linalg.qr(S[:, moving].T, mode="complete")
    signs = np.ones(len(moving))
    signs[:p] = np.where(np.diag(R)[:p] < 0, -1, 1)
    H = np.eye(n)
    H[np.ix_(moving, moving)] = Q * signs
    return H


def trained(setting, N, p, r, S, h, B, v, key, first, steps):
    """Train as kernels.chain does, with the same random numbers."""
    for number in range(first, first + steps):
        samples = [sample(b, key, number, N, p, r, setting.input_noise) for b in range(setting.batch)]
        S, h = step(setting, N, S, h, B, v, samples)
        if p:
            S = S @ turn(S, p, r)
    return S, h
