"""Slow, obvious twin of tasks made of pairs of classes, and of a student with biases in both layers."""

import math

import numpy as np

from naive import DG, G, philox

IMAGE_ORDER = 20  # the purpose of the random numbers


def members(targets, number, seed, run):
    """Images of a class, sorted by random numbers, of which every image of the file has one."""
    key = np.random.SeedSequence([seed, run, IMAGE_ORDER]).generate_state(2, np.uint32)
    numbers = philox.normals(len(targets), tuple(map(int, key)), 0, 0)
    return sorted((i for i in range(len(targets)) if targets[i] == number), key=lambda i: numbers[i])


def tasks(images, targets, pairs, share, sizes, pixels, seed, run):
    """Inputs of each task for training and for testing, image by image; `sizes` are those of one class."""
    train, test = sizes
    chosen = {number: members(targets, number, seed, run) for pair in pairs for number in pair}
    used = np.array([images[i] for number in chosen for i in chosen[number][:train]], dtype=float)
    centre, divisor = (used.mean(), used.std()) if pixels == "standardised" else (0.0, np.abs(used).max())
    found = []
    for task, pair in enumerate(pairs):
        parts = []
        for numbers in (range(train), range(train, train + test)):
            rows = []
            for position in (0, 1):
                for i in numbers:
                    own = (images[chosen[pair[position]][i]].ravel() - centre) / divisor
                    first = (images[chosen[pairs[0][position]][i]].ravel() - centre) / divisor
                    rows.append(own if task == 0 else share * first + (1 - share) * own)
            parts.append(np.array(rows))
        found.append(parts)
    return found


def outputs(activation, W, b, h, c, X):
    """The output of a head for each input."""
    return np.array([h @ G[activation](W @ x / math.sqrt(len(x)) + b) + c for x in X])


def step_with_biases(s, biases, W, b, h, c, X, labels):
    """One step on the mean loss of a batch; every change comes from the old values."""
    N, B = W.shape[1], len(X)
    new_W, new_b = (array * (1 - s.decay / N) for array in (W, b))
    new_h, new_c = (array * (1 - s.decay_h / N) for array in (h, c))
    for x, label in zip(X, labels, strict=True):
        field = W @ x / math.sqrt(N) + b
        error = h @ G[s.student](field) + c - label
        for k in range(len(W)):
            pull = error * h[k] * DG[s.student](field[k])
            new_W[k] -= s.eta / math.sqrt(N) / B * pull * x
            new_b[k] -= s.eta / N / B * pull * ("features" in biases)
        new_h = new_h - s.eta_h / N / B * error * G[s.student](field)
        new_c = new_c - s.eta_h / N / B * error * ("readouts" in biases)
    for k in s.frozen:
        new_W[k], new_b[k] = W[k], b[k]
    return new_W, new_b, new_h, new_c
