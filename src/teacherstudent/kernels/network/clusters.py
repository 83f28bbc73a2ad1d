"""Online SGD of the weights on fresh inputs of Gaussian clusters, with the label of the cluster.

The step is that of `sgd`, with the input x = mu_c / sqrt N + std_c z of a random cluster c.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, exact, inner, part
from teacherstudent.kernels.maths.philox import LOW_BITS, UNIT_53, random_bits
from teacherstudent.kernels.network.by_unit import PIECE, make_last_moves, move_and_add_fields
from teacherstudent.kernels.network.constants import FIELD, INPUT, STREAMS
from teacherstudent.kernels.network.law import learn_from_labels
from teacherstudent.kernels.network.sgd import draw


class Clusters(NamedTuple):
    """Gaussian clusters of inputs; their number is C."""

    means: np.ndarray  # (C, n) means / sqrt N, padded as the weights
    std: np.ndarray  # (C,) standard deviations
    ends: np.ndarray  # (C,) sums of the probabilities up to each; 2 for the last one
    labels: np.ndarray  # (C,) labels of the active task
    chosen: np.ndarray  # (batch,) int64, work space: cluster of each sample


@entry
def train(W, h, p, clusters, buffers, keys, first, steps):
    """Train the student for some steps on fresh inputs.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, with the padding of `by_unit.padded`; changed in place.
    h : array (H, K)
        Readouts of all heads; those of `p.head` are changed in place.
    p : StepConstants
        Constants of the phase; teacher and noises are not used.
    clusters : Clusters
        The clusters.
    buffers : Buffers
        Work space from `by_unit.new_buffers`.
    keys : array (2, 2) of uint32
        Keys of the random numbers of inputs, and of the choice of clusters, see `maths.philox`.
    first, steps : int
        Number of the first step, counted from the start of the run, and number of steps.

    Returns
    -------
    int
        Number of completed steps: `steps`, or fewer if an error is no longer finite.
    """
    done = 0
    buffers.moves[:] = 0.0
    for step in range(first, first + steps):
        old, new = buffers.X[done % 2], buffers.X[(done + 1) % 2]
        for b in range(p.batch):
            clusters.chosen[b] = _cluster(clusters.ends, keys[1, 0], keys[1, 1], step, b)
        _move_and_draw(W, p, clusters, buffers, old, new, done == 0, keys, step)
        if not learn_from_labels(p.law, h[p.head], p, buffers, clusters.labels, clusters.chosen):
            return done
        done += 1
    if done > 0:
        make_last_moves(W, p, buffers, buffers.X[done % 2])
    return done


@exact
def _cluster(ends, key0, key1, step, b):
    """Return the cluster of sample b."""
    bits, _ = random_bits(0, key0, key1, step, b)
    uniform, c = np.float64(bits >> LOW_BITS) * UNIT_53, 0
    while uniform >= ends[c]:
        c += 1
    return c


@part
def _move_and_draw(W, p, clusters, buffers, old, new, first, keys, step):
    """Apply the moves of the previous step, if there is one, draw new inputs and compute their fields."""
    fields = buffers.student[:, FIELD]
    fields[:] = 0.0
    for start in range(0, W.shape[1], PIECE):
        for b in range(p.batch):
            x, c = new[b, start : start + PIECE], clusters.chosen[b]
            draw(x, p.N, start, buffers.bits, keys[0, 0], keys[0, 1], step, STREAMS * b + INPUT)
            _place(x, clusters.std[c], clusters.means[c, start : start + PIECE])
        move_and_add_fields(W, p, buffers.moves, old, new, fields, first, start)


@inner
def _place(x, std, mean):
    """Compute x = mean + std x, all (m,)."""
    for n in range(len(x)):
        x[n] = mean[n] + std * x[n]
