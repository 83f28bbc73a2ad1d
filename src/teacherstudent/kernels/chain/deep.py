"""Students with L hidden layers of K units in a step of the chains: outputs, and moves by back-propagation.

With a_1 = g(lambda), a_l = g(U_l a_(l-1)) and the output sum_k h_k a_Lk, the derivatives of the output with
respect to the fields of a layer are s_L = h g'_L and s_(l-1) = (U_l^T s_l) g'_(l-1). With the error d, unit k
moves by -(eta / N) d s_1k times the coordinates of the sample, U_l by -(eta_u / N) d s_l a_(l-1)^T and the
readouts by -(eta_h / N) d a_L. A batch has the mean of its gradients.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.arrays import coordinates
from teacherstudent.kernels.chain.columns import (
    add_multiples,
    add_product,
    multiply,
    rescale,
    sum_products,
)
from teacherstudent.kernels.chain.law import move, respond
from teacherstudent.kernels.compile.alignment import aligned, aligned_zeros
from teacherstudent.kernels.compile.flags import BY_COLUMN, by_column
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate

FIELD, ACTIVITY, SLOPE = range(3)  # of `Layers.units`


class Layers(NamedTuple):
    """The inner layers of students, and work space."""

    U: np.ndarray  # (L - 1, K, K, C) inner weights, changed in place
    rate: np.ndarray  # (C,) eta_u / (N batch), 0 where they are not trained
    keep: np.ndarray  # (C,) factor of the weights in a step: 1 - decay / N, or 1
    units: np.ndarray  # (L, 3, batch, K, C) fields, g and g' of all layers
    factor: np.ndarray  # (2, C) work space


def layers_of(U: np.ndarray, rate: np.ndarray, keep: np.ndarray, batch: int) -> Layers:
    """Return the inner layers of students with work space.

    Parameters
    ----------
    U : array (L - 1, K, K, C)
        Inner weights; copied.
    rate, keep : array (C,)
        As in `Layers`; not copied.
    batch : int
        Samples of a step.

    Returns
    -------
    Layers
    """
    inner, K, _, C = U.shape
    return Layers(aligned(U), rate, keep, aligned_zeros((1 + inner, 3, batch, K, C)), aligned_zeros((2, C)))


@variant(respond, Layers, BY_COLUMN)
def _respond(student, shape, state, buffers, b):
    """Implement `law.respond`: outputs, and the derivatives s_l with the readouts of before the step."""
    own, units = slice(shape.p, coordinates(shape, b)), student.units
    for layer in range(len(units)):
        fields = units[layer, FIELD, b]
        for k in range(len(state.h)):
            if layer == 0:
                sum_products(fields[k], state.S[k, own], buffers.u[b, own])
            else:
                sum_products(fields[k], student.U[layer - 1, k], units[layer - 1, ACTIVITY, b])
        activity, slope = units[layer, ACTIVITY, b], units[layer, SLOPE, b]
        activate(shape.student, fields.reshape(-1), activity.reshape(-1), slope.reshape(-1))
    sum_products(buffers.error[b], state.h, units[len(units) - 1, ACTIVITY, b])
    _propagate_back(student, state.h, b)


@by_column
def _propagate_back(student, h, b):
    """Replace the slopes of all layers by the derivatives s_l, from the last layer to the first."""
    units, top, total = student.units, len(student.U), student.factor[0]
    for k in range(len(h)):
        rescale(units[top, SLOPE, b, k], h[k])
    for layer in range(top - 1, -1, -1):
        for j in range(len(h)):
            multiply(total, student.U[layer, 0, j], units[layer + 1, SLOPE, b, 0])
            for i in range(1, len(h)):
                add_product(total, student.U[layer, i, j], units[layer + 1, SLOPE, b, i])
            rescale(units[layer, SLOPE, b, j], total)


@variant(move, Layers, BY_COLUMN)
def _move(student, shape, terms, S, h, constants, buffers, k):
    """Implement `law.move`: unit k of every layer with the weights to it, and its readout."""
    units, factor, top = student.units, student.factor, len(student.U)
    if terms.decay:
        for i in range(len(S)):
            rescale(S[i], constants.keep[k])
        rescale(h, constants.keep_h)
    for layer in range(top):
        for j in range(student.U.shape[2]):
            rescale(student.U[layer, k, j], student.keep)
    for b in range(shape.batch):
        own, error = slice(shape.p, coordinates(shape, b)), buffers.error[b]
        _step(factor[0], constants.rate[k], error)
        rescale(factor[0], units[0, SLOPE, b, k])
        add_multiples(S[own], factor[0], buffers.u[b, own])
        _step(factor[0], constants.rate_h, error)
        add_product(h, factor[0], units[top, ACTIVITY, b, k])
        _step(factor[0], student.rate, error)
        for layer in range(top):
            multiply(factor[1], factor[0], units[layer + 1, SLOPE, b, k])
            add_multiples(student.U[layer, k], factor[1], units[layer, ACTIVITY, b])


@by_column
def _step(out, rate, error):
    """Compute out = -rate error, all (C,)."""
    for c in range(len(out)):
        out[c] = -rate[c] * error[c]
