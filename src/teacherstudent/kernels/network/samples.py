"""SGD of the actual weights on a finite set of samples, which are drawn again and again.

The step is that of `kernels.network`, with a sample's input and its fixed label in place of fresh ones.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, exact, inner, part
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.philox import fill_normals, random_bits
from teacherstudent.kernels.network.passes import Passes, below, visit
from teacherstudent.kernels.network.sgd import (
    ACTIVITY,
    FIELD,
    LANES,
    PIECE,
    SLOPE,
    add_dots,
    follow_errors,
    move_and_look,
    move_once_more,
    output,
)


class Samples(NamedTuple):
    """A finite training set, as one teacher labels it."""

    X: np.ndarray  # (samples, n) inputs, padded like the weights
    labels: np.ndarray  # (samples,) noise included
    distinct: bool  # whether the samples of a batch differ
    passes: Passes  # in place of independent choices, where it is not empty


@entry
def train(W, h, p, samples, work, key0, key1, first, steps):
    """Train the student, W (K, n) padded and h (H, K), in place for `steps` steps from step `first` on.

    Teacher and noises of the phase p play no part. Returns the number of steps done: fewer than asked for
    where the error stopped being finite.
    """
    done, chosen = 0, np.empty(p.batch, np.int64)
    work.moves[:] = 0.0
    for step in range(first, first + steps):
        old, new = work.X[done % 2], work.X[(done + 1) % 2]
        if len(samples.passes.order):
            visit(chosen, samples.passes, key0, key1, step)
        else:
            choose(chosen, len(samples.X), samples.distinct, key0, key1, step)
        move_and_fetch(W, p, work, samples.X, chosen, old, new, done == 0)
        if not learn(h[p.head], p, work, samples.labels, chosen):
            return done
        done += 1
    if done > 0:
        move_once_more(W, p, work, work.X[done % 2])
    return done


@exact
def choose(chosen, count, distinct, key0, key1, step):
    """Choose len(chosen) of `count` samples uniformly, with replacement or all distinct.

    Element b comes from stream b of the step. Distinct ones by Floyd's algorithm: every set of them is
    equally likely, their order is not uniform. Bentley & Floyd, Commun. ACM 30 (1987) 754.
    """
    for b in range(len(chosen)):
        bound = count - len(chosen) + b + 1 if distinct else count
        bits, _ = random_bits(0, key0, key1, step, b)
        sample = below(bits, bound)
        chosen[b] = bound - 1 if distinct and sample in chosen[:b] else sample


@part
def move_and_fetch(W, p, work, X, chosen, old, new, first):
    """Make the moves of the step before (the first has none), fetch inputs and find their fields."""
    fields = work.student[:, FIELD]
    fields[:] = 0.0
    for start in range(0, W.shape[1], PIECE):
        for b in range(p.batch):
            copy(X[chosen[b], start : start + PIECE], new[b, start : start + PIECE])
        move_and_look(W, p, work.moves, old, new, fields, first, start)


@inner
def copy(source, target):
    """Copy an array; assigning a slice would allocate memory."""
    for n in range(len(source)):
        target[n] = source[n]


@part
def learn(h, p, work, labels, chosen):
    """Turn fields into errors and moves of the weights, move the readouts; False if an error is infinite."""
    for b in range(p.batch):
        error = output(p.student, h, work.student[b], p.N) - labels[chosen[b]]
        if not math.isfinite(error):
            return False
        work.errors[b] = error
    follow_errors(h, p, work)
    return True


@entry
def fill_samples(X, N, first, key0, key1):
    """Draw the inputs X (samples, n) of N numbers each from input `first` on.

    Input i of all is the normals of step i, stream 0.
    """
    for i in range(len(X)):
        fill_normals(X[i, :N], key0, key1, first + i, 0)


@entry
def activities(code, W, X, N):
    """g(w_k x_i / sqrt N) for inputs X (samples, n) and weights W (K, n), both padded: (samples, K)."""
    values, scale = np.empty((len(X), len(W))), 1.0 / math.sqrt(N)
    units = np.empty((3, -(-len(W) // LANES) * LANES))
    for i in range(len(X)):
        units[FIELD] = 0.0
        for start in range(0, W.shape[1], PIECE):
            add_dots(W, X[i, start : start + PIECE], start, units[FIELD])
        units[FIELD] *= scale
        activate(code, units[FIELD], units[ACTIVITY], units[SLOPE])
        values[i] = units[ACTIVITY, : len(W)]
    return values
