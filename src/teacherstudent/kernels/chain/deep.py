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
    sum_products,
)
from teacherstudent.kernels.chain.law import move, respond
from teacherstudent.kernels.compile.alignment import aligned, aligned_zeros
from teacherstudent.kernels.compile.flags import by_column
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate

FIELD, ACTIVITY, SLOPE = range(3)  # of `Layers.units` and of `Buffers.units`


class Layers(NamedTuple):
    """The inner layers of students, and work space."""

    U: np.ndarray  # (L - 1, K, K, C) inner weights, changed in place
    rate: np.ndarray  # (C,) eta_u / (N batch), 0 where they are not trained
    keep: np.ndarray  # (C,) factor of the weights in a step: 1 - decay / N, or 1
    units: np.ndarray  # (L - 1, 3, batch, K, C) fields, g and g' of the layers after the first one
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
    return Layers(aligned(U), rate, keep, aligned_zeros((inner, 3, batch, K, C)), aligned_zeros((2, C)))


@variant(respond, Layers, inline=True)
def _respond(student, shape, state, buffers, b):
    """Implement `law.respond`."""
    fields, activity, slope = buffers.units[0, b], buffers.units[1, b], buffers.units[2, b]
    own = slice(shape.p, coordinates(shape, b))
    for k in range(len(state.h)):
        sum_products(fields[k], state.S[k, own], buffers.u[b, own])
    activate(shape.student, fields.reshape(-1), activity.reshape(-1), slope.reshape(-1))
    for layer in range(len(student.U)):
        below = _below(student, buffers, layer)[ACTIVITY, b]
        fields, activity, slope = student.units[layer, 0, b], student.units[layer, 1, b], student.units[layer, 2, b]
        for k in range(len(state.h)):
            sum_products(fields[k], student.U[layer, k], below)
        activate(shape.student, fields.reshape(-1), activity.reshape(-1), slope.reshape(-1))
    sum_products(buffers.error[b], state.h, _below(student, buffers, len(student.U))[ACTIVITY, b])


@variant(move, Layers, inline=True)
def _move(student, shape, terms, state, constants, buffers):
    """Implement `law.move`."""
    for b in range(shape.batch):
        _propagate_back(student, state.h, buffers, b)
    for k in range(len(state.h)):
        _move_unit(student, shape, terms, state.S[k], constants, buffers, k)
    for layer in range(len(student.U)):
        below = _below(student, buffers, layer)[ACTIVITY]
        _move_inner(student, student.U[layer], student.units[layer, SLOPE], below, buffers.error)
    top = _below(student, buffers, len(student.U))[ACTIVITY]
    for k in range(len(state.h)):
        if terms.decay:
            multiply(state.h[k], constants.keep_h, state.h[k])
        for b in range(shape.batch):
            _step(student.factor[0], constants.rate_h, buffers.error[b])
            add_product(state.h[k], student.factor[0], top[b, k])


@by_column
def _below(student, buffers, layer):
    """Return fields, activities and slopes (3, batch, K, C) of a layer, 0 for the first one."""
    return buffers.units if layer == 0 else student.units[layer - 1]


@by_column
def _propagate_back(student, h, buffers, b):
    """Replace the slopes of all layers by the derivatives s_l, from the last layer to the first."""
    top = _below(student, buffers, len(student.U))[SLOPE, b]
    for k in range(len(h)):
        multiply(top[k], top[k], h[k])
    for layer in range(len(student.U) - 1, -1, -1):
        above, below = student.units[layer, SLOPE, b], _below(student, buffers, layer)[SLOPE, b]
        for j in range(len(h)):
            sum_products(student.factor[0], student.U[layer, :, j], above)
            multiply(below[j], below[j], student.factor[0])


@by_column
def _move_unit(student, shape, terms, S, constants, buffers, k):
    """Move unit k with coordinates S (p + r + q, C); G changes only by decay."""
    if terms.decay:
        for i in range(len(S)):
            multiply(S[i], constants.keep[k], S[i])
    for b in range(shape.batch):
        own = slice(shape.p, coordinates(shape, b))
        _step(student.factor[0], constants.rate[k], buffers.error[b])
        multiply(student.factor[0], student.factor[0], buffers.units[SLOPE, b, k])
        add_multiples(S[own], student.factor[0], buffers.u[b, own])


@by_column
def _move_inner(student, U, s, a, error):
    """Move the matrix U (K, K, C) from a layer with activities a to one with derivatives s, (batch, K, C)."""
    for i in range(len(U)):
        for j in range(len(U)):
            multiply(U[i, j], U[i, j], student.keep)
        for b in range(len(error)):
            _step(student.factor[0], student.rate, error[b])
            multiply(student.factor[1], student.factor[0], s[b, i])
            for j in range(len(U)):
                add_product(U[i, j], student.factor[1], a[b, j])


@by_column
def _step(out, rate, error):
    """Compute out = -rate error, all (C,)."""
    for c in range(len(out)):
        out[c] = -rate[c] * error[c]
