"""Networks for the slow simulation: sampled, or with given overlaps; a leading axis counts the replicas."""

import math
from types import SimpleNamespace

import numpy as np


def sample(document, replicas, rng):
    """Sampled teachers and students, or the same weights with the given overlaps in every replica."""
    if "initial_overlaps" in document:
        return given(document["initial_overlaps"], document["inputs"]["dimension"], replicas)
    teachers, student = document["teachers"], document["student"]
    P, M, K = teachers["count"], teachers["hidden"], student["hidden"]
    N, heads = document["inputs"]["dimension"], 1 if student["heads"] == "shared" else P
    draws = rng.normal(size=(replicas, P, M, N))
    return SimpleNamespace(
        W=rng.normal(scale=student["initial"]["weights_std"], size=(replicas, K, N)),
        h=rng.normal(scale=student["initial"]["readouts_std"], size=(replicas, heads, K)),
        V=related(draws, teachers["features"]),
        v=rng.normal(size=(replicas, P, M)),
    )


def related(rows, features):
    """Teachers from Gaussian rows: `rotated` ones, at most two, have V_1 = s V_0 + sqrt(1 - s^2) V_0 O."""
    N, norm, relation = rows.shape[-1], features["norm"], features["relation"]
    fresh = rows[:, -1] * (norm or 1.0)
    if norm is not None:
        rows = rows * norm * math.sqrt(N) / np.linalg.norm(rows, axis=-1, keepdims=True)
    if relation == "independent":
        return rows
    if relation == "identical":
        return np.repeat(rows[:, :1], rows.shape[1], axis=1)
    first, second, s = rows[:, 0], rows[:, -1], features["similarity"]
    if relation == "interpolated":
        mixed = s * first + math.sqrt(1 - s**2) * fresh
        lengths = np.linalg.norm([first, mixed], axis=-1, keepdims=True)
        return np.stack([first, mixed * lengths[0] / lengths[1]], axis=1)
    shared = features["shared"] if relation == "shared_nodes" else 0
    turned = s * first + math.sqrt(1 - s**2) * turned_away(first, second, shared)
    return np.stack([first, np.concatenate([first[:, :shared], turned[:, shared:]], axis=1)], axis=1)


def turned_away(rows, fresh, shared):
    """Rows with the same overlaps as `rows` after the first `shared`, in directions orthogonal to `rows`."""
    M = rows.shape[1]
    basis = np.linalg.qr(np.concatenate([rows, fresh[:, shared:]], axis=1).swapaxes(1, 2))[0].swapaxes(1, 2)
    own = np.linalg.qr(rows[:, shared:].swapaxes(1, 2))[1].swapaxes(1, 2)
    return np.concatenate([rows[:, :shared], own @ basis[:, M:]], axis=1)


def given(overlaps, N, replicas):
    """Weights with exactly the given overlaps; the inputs being isotropic, their directions are arbitrary."""
    Q, R, T, h, v = (np.array(part) for part in overlaps.values())
    P, K, M = R.shape
    R, T = R.transpose(1, 0, 2).reshape(K, P * M), T.transpose(0, 2, 1, 3).reshape(P * M, P * M)
    values, vectors = np.linalg.eigh(np.block([[Q, R], [R.T, T]]))
    rank = min(N, len(values))
    rows = np.zeros((len(values), N))
    rows[:, :rank] = math.sqrt(N) * (vectors * np.sqrt(np.maximum(values, 0.0)))[:, -rank:]
    W, V = rows[:K], rows[K:].reshape(P, M, N)
    W, h, V, v = (np.stack([part] * replicas) for part in (W, h, V, v))
    return SimpleNamespace(W=W, h=h, V=V, v=v)
