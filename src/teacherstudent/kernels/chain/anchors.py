"""Anchors of the student: penalties for changes of its units since a switch, and path integrals.

A penalty (lambda / 2 N) a_k |w_k - c_k|^2 in the loss of a step moves unit k by kappa_k (c_k - w_k). The part
with w_k is in the factor `keep` of `arrays.ChainConstants`; here it moves by `pull` c_k. The anchors have
coordinates in the frame of the teachers, as the student's A. Path integrals: F. Zenke, B. Poole & S. Ganguli,
"Continual learning through synaptic intelligence", ICML 2017.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.arrays import coordinates
from teacherstudent.kernels.chain.columns import add_multiples, add_product, clear, copy
from teacherstudent.kernels.compile.flags import by_column


class Anchors(NamedTuple):
    """Anchors of all chains, and what the importances of the next switch follow from."""

    c: np.ndarray  # (K, r, C) coordinates of the anchors, / sqrt N
    pull: np.ndarray  # (K, C) factor of the anchors in a step
    path: np.ndarray  # (K, C) path integral of each unit since the last switch
    path_rate: np.ndarray  # (K, C) sqrt eta / (N batch), 0 where the weights are frozen
    h: np.ndarray  # (K, C) work space: readouts before the step
    moved: np.ndarray  # (p + r + q, C) work space: coordinates of a move
    factor: np.ndarray  # (C,) work space


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
    for k in range(len(anchors.path)):
        for i in range(shape.p, len(anchors.moved)):
            clear(anchors.moved[i])
        for b in range(shape.batch):
            own = slice(shape.p, coordinates(shape, b))
            _slope(
                anchors.factor, anchors.path_rate[k], buffers.error[b], anchors.h[k], buffers.units[2, b, k]
            )
            add_multiples(anchors.moved[own], anchors.factor, buffers.u[b, own])
        for i in range(shape.p, len(anchors.moved)):
            add_product(anchors.path[k], anchors.moved[i], anchors.moved[i])


@by_column
def _slope(out, rate, error, h, slope):
    """Compute out = rate error h g', all (C,)."""
    for c in range(len(out)):
        out[c] = rate[c] * error[c] * h[c] * slope[c]
