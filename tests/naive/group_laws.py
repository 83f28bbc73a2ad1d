"""The chain of order parameters with groups of inputs in plain numpy, with a choice of laws for the inputs.

As `naive.chain_laws`, with one matrix of overlaps for each group: one teacher, and the first layer is
trained. An input has normal numbers along the axes that the weights span in a group of n directions, at most
n, and a remainder in the other directions.
"""

import math

import numpy as np

from naive.sgd import DG, G


def simulate(document, replicas, seed, start, law):
    """Order parameters at the recorded times, each of shape (replicas, times, ...), by name.

    `start` has W (K, N), h (1, K), V (1, M, N) and v (1, M).
    """
    rng, N = np.random.default_rng(seed), document["inputs"]["dimension"]
    block, K = document["inputs"]["covariance"], len(start["W"])
    ends = np.rint(np.cumsum(block["fractions"]) * N).astype(int)
    sizes, variances = np.diff(ends, prepend=0), np.array(block["values"])
    weights = np.split(np.concatenate([start["W"], start["V"][0]]), ends[:-1], axis=1)
    C = [np.stack([part @ part.T / N] * replicas) for part in weights]
    due = [round(time * N) for time in document["record"]["times"]]
    rows = []
    for step in range(due[-1] + 1):
        if step in due:
            total = sum(variance * part for variance, part in zip(variances, C, strict=True))
            rows.append([total[:, :K, :K], total[:, None, :K, K:], sum(C)[:, :K, :K]])
        C = step_of(document, C, sizes, variances, start["h"][0], start["v"][0], law, rng)
    names = "student_overlaps", "student_teacher_overlaps", "student_weight_overlaps"
    parts = zip(*rows, strict=True)
    return {name: np.stack(part, axis=1) for name, part in zip(names, parts, strict=True)}


def step_of(document, C, sizes, variances, h, v, law, rng):
    """The overlaps in each group after one step on a batch of B inputs."""
    (S, F, _), K, N = C[0].shape, len(h), document["inputs"]["dimension"]
    B, eta = document["training"]["batch_size"], document["training"]["learning_rate"]
    dots, products, fields = [], [], np.zeros((S, B, F))
    for part, n, variance in zip(C, sizes, variances, strict=True):
        axes = F if law == "no_cap" else min(n, F)
        values, vectors = np.linalg.eigh(part)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))[:, None])[:, :, F - axes :]
        z = rng.normal(size=(S, B, axes))
        other = rng.normal(size=(S, B, max(0, n - axes) if law != "too_many_degrees" else n))
        dots.append(z @ root.swapaxes(1, 2))
        products.append(z @ z.swapaxes(1, 2) + other @ other.swapaxes(1, 2))
        fields += math.sqrt(variance) * dots[-1]
    error = (G["erf"](fields[:, :, :K]) @ h - G["erf"](fields[:, :, K:]) @ v)[:, :, None] / B
    pull = np.zeros((S, B, F))  # of every weight vector along every input; teachers rest
    pull[:, :, :K] = -eta * error * h * DG["erf"](fields[:, :, :K])
    found = []
    for part, dot, product, variance in zip(C, dots, products, variances, strict=True):
        scale = 1.0 if law == "move_without_variance" else math.sqrt(variance)
        cross = scale * pull.swapaxes(1, 2) @ dot / N
        squares = scale**2 * pull.swapaxes(1, 2) @ product @ pull / N**2
        found.append(part + cross + cross.swapaxes(1, 2) + squares)
    return found


LAWS = "right", "too_many_degrees", "move_without_variance", "no_cap"
