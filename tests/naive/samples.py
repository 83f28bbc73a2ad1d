"""Slow, obvious twin of training on a finite set: the choice of samples, and a step of gradient descent."""

import math

import numpy as np

from naive import DG, G, philox


def choice(key, count, batch, distinct, step):
    """Floyd's algorithm with integers: the first 53 bits of block 0 of stream b, times the bound."""
    chosen = []
    for b in range(batch):
        high, low, *_ = philox.words(0, key, step, b)
        bound = count - batch + b + 1 if distinct else count
        sample = ((high * 2**32 + low) >> 11) * bound >> 53
        chosen.append(bound - 1 if distinct and sample in chosen else sample)
    return chosen


def fisher_yates(count, choose):
    """A random order of `count` things: place i gets one of those that are left, the `choose(i, left)`-th."""
    left, order = list(range(count)), []
    while left:
        i = choose(len(order), len(left))
        left[0], left[i] = left[i], left[0]
        order.append(left.pop(0))
    return order


def samples_of_passes(count, batch, step, order_of):
    """Samples of a step: the next `batch` ones of pass after pass; pass e has the order `order_of(e)`."""
    return [order_of(i // count)[i % count] for i in range(step * batch, (step + 1) * batch)]


def order_of_pass(key, count, number):
    """The order of Fisher and Yates of one pass, whose exchange i takes 53 bits of block i // 2."""

    def choose(i, left):
        words = philox.words(i // 2, key, number, 0)
        high, low = words[2 * (i % 2) :][:2]
        return ((high * 2**32 + low) >> 11) * left >> 53

    return fisher_yates(count, choose)


def visit(key, count, batch, step):
    """Samples of a step that goes through the set pass after pass."""
    return samples_of_passes(count, batch, step, lambda number: order_of_pass(key, count, number))


def sgd_step(s, W, h, X, labels):
    """One step of gradient descent on the mean loss of a batch; every change comes from the old values."""
    N = W.shape[1]
    moving = np.array([float(k not in s.frozen) for k in range(len(W))]) * s.features
    new_W, new_h = W - (s.decay / N * moving)[:, None] * W, h - s.decay_h / N * s.readouts * h
    for x, label in zip(X, labels, strict=True):
        field = W @ x / math.sqrt(N)
        error = h @ G[s.student](field) - label
        pull = moving * h * DG[s.student](field) * error
        new_W -= s.eta / math.sqrt(N) / len(X) * np.outer(pull, x)
        new_h -= s.readouts * s.eta_h / N / len(X) * error * G[s.student](field)
    return new_W, new_h
