"""Anchors of the student: penalties for changes of its units since a switch, and path integrals.

A penalty (lambda / 2 N) a_k |w_k - c_k|^2 in the loss of a step moves unit k by kappa_k (c_k - w_k). The part
with w_k is in the factor `keep` of `arrays.ChainConstants`; here it moves by `pull` c_k. The anchors have
coordinates in the frame of the teachers, as the student's A. Path integrals: F. Zenke, B. Poole & S. Ganguli,
"Continual learning through synaptic intelligence", ICML 2017.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.arrays import coordinates
from teacherstudent.kernels.chain.columns import add_multiples, copy, sum_products
from teacherstudent.kernels.compile.flags import by_column
from teacherstudent.kernels.maths.special import fma


class Anchors(NamedTuple):
    """Anchors of all chains, and what the importances of the next switch follow from."""

    c: np.ndarray  # (K, r, C) coordinates of the anchors, / sqrt N
    pull: np.ndarray  # (K, C) factor of the anchors in a step
    path: np.ndarray  # (K, C) path integral of each unit since the last switch
    path_rate: np.ndarray  # (K, C) sqrt eta / (N batch), 0 where the weights are frozen
    h: np.ndarray  # (K, C) work space: readouts before the step
    product: np.ndarray  # (C,) work space: products of two inputs and their errors


@by_column
def add_anchors(shape, anchors, S):
    """Move the student by the multiples `pull` of its anchors.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    anchors : Anchors
        The anchors.
    S : array (K, p + r + q, C)
        Coordinates of the students, changed in place.
    """
    for k in range(len(S)):
        add_multiples(S[k, shape.p : shape.p + shape.r], anchors.pull[k], anchors.c[k])


@by_column
def copy_readouts(anchors, h):
    """Copy the readouts h (K, C) before a step, for `add_path_integral`."""
    for k in range(len(h)):
        copy(anchors.h[k], h[k])


@by_column
def add_path_integral(shape, anchors, buffers):
    """Add the squared length of the move of each unit by the gradient, divided by eta.

    It is eta / N |mean of d h_k g'_k x over the batch|^2 / N, the work of the gradient in this step.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    anchors : Anchors
        `path` is changed in place.
    buffers : Buffers
        Coordinates, errors and slopes of the samples of the step.
    """
    for b in range(shape.batch):
        for other in range(b + 1):
            own = slice(shape.p, coordinates(shape, other))
            sum_products(anchors.product, buffers.u[other, own], buffers.u[b, shape.p :])
            _weigh(anchors.product, buffers.error[b], buffers.error[other], 1.0 + (other < b))
            for k in range(len(anchors.path)):
                slopes = buffers.units[2, b, k], buffers.units[2, other, k]
                _add_work(anchors.path[k], anchors.path_rate[k], anchors.h[k], anchors.product, *slopes)


@by_column
def _weigh(product, error, other, count):
    """Compute product = count error other product, all arrays (C,)."""
    for c in range(len(product)):
        product[c] = count * error[c] * other[c] * product[c]


@by_column
def _add_work(path, rate, h, product, slope, other):
    """Compute path += (rate h)^2 slope other product, all (C,)."""
    for c in range(len(path)):
        path[c] = fma(rate[c] * h[c] * slope[c], rate[c] * h[c] * other[c] * product[c], path[c])
