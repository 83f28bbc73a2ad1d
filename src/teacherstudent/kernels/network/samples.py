"""SGD of the weights on a finite set of samples, which are used repeatedly.

The step is that of `sgd`, with the input and the fixed label of a sample instead of fresh ones. The samples
can be any: a finite training set, or a data set.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, exact, inner, part
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.philox import random_bits
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network.by_unit import (
    LANES,
    PIECE,
    add_dots,
    make_last_moves,
    move_and_add_fields,
)
from teacherstudent.kernels.network.constants import ACTIVITY, FIELD, SLOPE
from teacherstudent.kernels.network.law import learn_from_labels
from teacherstudent.kernels.network.passes import Passes, below, visit


class Samples(NamedTuple):
    """A finite training set with the labels of one teacher."""

    X: np.ndarray  # (samples, n) inputs, padded like the weights
    labels: np.ndarray  # (samples,) with their noise
    distinct: bool  # whether the samples of a batch differ from each other
    passes: Passes  # if not empty, passes through all samples replace independent choices


@entry
def train(W, h, p, samples, buffers, key0, key1, first, steps):
    """Train the student for some steps on rows of samples, which are chosen at random.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, with the padding of `by_unit.padded`; changed in place.
    h : array (H, K)
        Readouts of all heads; those of `p.head` are changed in place.
    p : StepConstants
        Constants of the phase; teacher and noises are not used.
    samples : Samples
        Inputs and labels, and how samples are chosen.
    buffers : Buffers
        Work space from `by_unit.new_buffers`.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    first, steps : int
        Number of the first step, counted from the start of the run, and number of steps.

    Returns
    -------
    int
        Number of completed steps: `steps`, or fewer if an error is no longer finite.
    """
    done, chosen = 0, np.empty(p.batch, np.int64)
    buffers.moves[:] = 0.0
    for step in range(first, first + steps):
        old, new = buffers.X[done % 2], buffers.X[(done + 1) % 2]
        if len(samples.passes.order):
            visit(chosen, samples.passes, key0, key1, step)
        else:
            choose(chosen, len(samples.X), samples.distinct, key0, key1, step)
        _move_and_fetch(W, p, buffers, samples.X, chosen, old, new, done == 0)
        if not learn_from_labels(p.law, h[p.head], p, buffers, samples.labels, chosen):
            return done
        done += 1
    if done > 0:
        make_last_moves(W, p, buffers, buffers.X[done % 2])
    return done


@exact
def choose(chosen, count, distinct, key0, key1, step):
    """Choose samples uniformly, with replacement or all distinct.

    Parameters
    ----------
    chosen : array (batch,) of int64
        Receives the samples, counted from 0.
    count : int
        Number of samples of the set.
    distinct : bool
        Whether the samples of a batch differ from each other; then batch <= count.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    step : int
        Number of the step, counted from the start of the run.

    Notes
    -----
    Element b uses stream b of the step. Distinct samples are chosen by Floyd's algorithm (J. Bentley & R. W.
    Floyd, Commun. ACM 30 (1987) 754): all sets have the same probability, but not all orders.
    """
    for b in range(len(chosen)):
        bound = count - len(chosen) + b + 1 if distinct else count
        bits, _ = random_bits(0, key0, key1, step, b)
        sample = below(bits, bound)
        chosen[b] = bound - 1 if distinct and sample in chosen[:b] else sample


@part
def _move_and_fetch(W, p, buffers, X, chosen, old, new, first):
    """Apply the moves of the previous step, if there is one, copy the inputs and compute their fields."""
    fields = buffers.student[:, FIELD]
    fields[:] = 0.0
    for start in range(0, W.shape[1], PIECE):
        for b in range(p.batch):
            _copy(X[chosen[b], start : start + PIECE], new[b, start : start + PIECE])
        move_and_add_fields(W, p, buffers.moves, old, new, fields, first, start)


@inner
def _copy(source, target):
    """Copy an array; an assignment to a slice would allocate memory."""
    for n in range(len(source)):
        target[n] = source[n]


@entry
def fill_samples(X, N, first, key0, key1):
    """Draw standard normal inputs of some samples of a finite training set.

    Parameters
    ----------
    X : array (samples, n)
        Receives independent standard normals in its first N columns; row i has those of step `first` + i and
        stream 0.
    N : int
        Number of inputs.
    first : int
        Number of the first sample in the set.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    """
    for i in range(len(X)):
        fill_single_normals(X[i, :N], key0, key1, first + i, 0)


@entry
def activities(code, W, X, N):
    """Return the activations g(w_k x_i / sqrt N) of all units for all inputs.

    Parameters
    ----------
    code : int
        Code of the activation g, see `maths.activations`.
    W : array (K, n)
        Weights, with the padding of `by_unit.padded`.
    X : array (samples, n)
        Inputs with the same padding.
    N : int
        Number of inputs.

    Returns
    -------
    array (samples, K)
    """
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
