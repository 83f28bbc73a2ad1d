"""Inputs of Gaussian clusters in a step of the chains, with the label of the cluster.

In cluster c an input is x = mu_c / sqrt N + std_c z. In the frame, whose axes contain the means, its
coordinates are std_c times normal ones plus those of mu_c / sqrt N: the rest of z is orthogonal to all means.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.arrays import coordinates
from teacherstudent.kernels.chain.columns import add_product, clear, rescale, sum_products
from teacherstudent.kernels.chain.law import label, label_numbers
from teacherstudent.kernels.compile.flags import BY_COLUMN, by_column
from teacherstudent.kernels.compile.variants import variant


class Clusters(NamedTuple):
    """Clusters, the same ones for all chains; `constants.B` are their means, `constants.v` their labels."""

    ends: np.ndarray  # (clusters,) normal quantiles of the sums of their probabilities; inf for the last one
    std: np.ndarray  # (clusters,) standard deviations


@variant(label_numbers, Clusters, BY_COLUMN)
def _two(labels):
    """Two numbers, of which the first one chooses the cluster: fewer would not be drawn without noise."""
    return 2


@variant(label, Clusters, BY_COLUMN)
def _label(labels, shape, constants, buffers, b, z, numbers):
    """Implement `law.label`: choose the clusters, and move the coordinates of the sample to them."""
    u, chosen, std = buffers.u[b], buffers.rho[0], buffers.factor
    _choose(chosen, numbers[0], labels.ends)
    sum_products(buffers.target[b], constants.v, chosen)
    clear(std)
    for c in range(len(chosen)):
        _add_multiple(std, labels.std[c], chosen[c])
    for i in range(coordinates(shape, b)):
        rescale(u[i], std)
    for i in range(constants.B.shape[1]):
        for c in range(len(chosen)):
            add_product(u[shape.p + i], constants.B[c, i], chosen[c])


@by_column
def _choose(chosen, number, ends):
    """Set the row of the cluster of each column to 1, the others to 0; chosen (clusters, C)."""
    for c in range(len(chosen)):
        start = ends[c - 1] if c > 0 else -np.inf
        _mark(chosen[c], number, start, ends[c])


@by_column
def _mark(out, number, start, end):
    """Set out to 1 where start <= number < end, and to 0 elsewhere."""
    for c in range(len(out)):
        out[c] = 1.0 if start <= number[c] < end else 0.0


@by_column
def _add_multiple(out, factor, values):
    """Compute out += factor values, all arrays (C,)."""
    for c in range(len(out)):
        out[c] += factor * values[c]
