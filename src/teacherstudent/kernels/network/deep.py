"""Students with L hidden layers of K units: output and gradient descent by back-propagation.

The first layer sees the inputs, and its weights have the memory layout of `by_unit`. With U_l (K, K) the
weights from hidden layer l - 1 to layer l,

    a_1 = g(lambda),   a_l = g(U_l a_(l-1)) for l = 2, ..., L,   output = sum_k h_k a_Lk.

The derivatives of the output with respect to the fields of a layer, from the last layer to the first, are

    s_L = h g'_L,   s_(l-1) = (U_l^T s_l) g'_(l-1),

so that b_k = s_1k moves w_k. Inner weights have the scaling of the readouts.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import fast, inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.network import by_unit
from teacherstudent.kernels.network.constants import ACTIVITY, FIELD, SLOPE
from teacherstudent.kernels.network.law import descend, output

ROWS = 3  # of the buffers of a layer: FIELD, ACTIVITY and SLOPE


class Buffers(NamedTuple):
    """Work space of a step as in `by_unit.Buffers`, and the inner weights."""

    X: np.ndarray
    noise: np.ndarray
    bits: np.ndarray
    student: np.ndarray  # (batch, 3 L, >= K) three rows of each layer, those of the first layer first
    teacher: np.ndarray  # (batch, 3, >= M)
    errors: np.ndarray
    moves: np.ndarray
    inner: np.ndarray  # (L - 1, K, K) U, changed in place


def new_buffers(M: int, batch: int, W: np.ndarray, U: np.ndarray) -> Buffers:
    """Allocate the work space to train a student of several layers.

    Parameters
    ----------
    M : int
        Number of units of the teacher.
    batch : int
        Samples of a step.
    W : array (K, n)
        Padded weights of the first layer.
    U : array (L - 1, K, K)
        Inner weights; not copied.

    Returns
    -------
    Buffers
    """
    found = by_unit.new_buffers(len(W), M, batch, W)._asdict()
    layers = [found.pop("student")] * (1 + len(U))
    return Buffers(student=np.concatenate(layers, axis=1), inner=U, **found)


@variant(output, Buffers)
def _output_of_layers(buffers, code, h, units, N):
    """Implement `law.output` for the layers of a student; a teacher has three rows, and one layer."""
    scale, total = 1.0 / math.sqrt(N), 0.0
    for k in range(units.shape[1]):
        units[FIELD, k] *= scale
    activate(code, units[FIELD], units[ACTIVITY], units[SLOPE])
    for layer in range(len(units) // ROWS - 1):
        below, own = ROWS * layer, ROWS * (layer + 1)
        for k in range(len(h)):
            units[own + FIELD, k] = _dot(buffers.inner[layer, k], units[below + ACTIVITY])
        activate(code, units[own + FIELD], units[own + ACTIVITY], units[own + SLOPE])
    top = len(units) - ROWS
    for k in range(len(h)):
        total += h[k] * units[top + ACTIVITY, k]
    return total


@variant(descend, Buffers)
def _descend_layers(buffers, h, p):
    """Implement `law.descend`: w_k by b_k, U_l by s_l a_(l-1) at eta_u / N, and the readouts."""
    N, batch, top = p.N, p.batch, buffers.student.shape[1] - ROWS
    for b in range(batch):
        _propagate_back(buffers.student[b], buffers.inner, h)
        for k in range(len(h)):
            pull = buffers.errors[b] * buffers.student[b, SLOPE, k]
            buffers.moves[b, k] = -p.moving[k] * p.eta / (math.sqrt(N) * batch) * pull
    if p.eta_u > 0.0 or p.decay_u > 0.0:
        for layer in range(len(buffers.inner)):
            _move_inner(buffers.inner[layer], layer, p, buffers)
    for k in range(len(h)):
        h[k] *= 1.0 - p.decay_h / N
        for b in range(batch):
            h[k] -= p.eta_h / (N * batch) * buffers.errors[b] * buffers.student[b, top + ACTIVITY, k]


@inner
def _propagate_back(units, U, h):
    """Replace the slopes of all layers by the derivatives s_l of the output with respect to their fields."""
    top = len(units) - ROWS
    for k in range(len(h)):
        units[top + SLOPE, k] *= h[k]
    for layer in range(len(U) - 1, -1, -1):
        below, own = ROWS * layer, ROWS * (layer + 1)
        sums = units[below + FIELD]  # the fields are not needed any more
        for j in range(len(h)):
            sums[j] = 0.0
        for k in range(len(h)):
            _add(sums, units[own + SLOPE, k], U[layer, k])
        for j in range(len(h)):
            units[below + SLOPE, j] *= sums[j]


@inner
def _move_inner(U, layer, p, buffers):
    """Move the weights U (K, K) from a layer to the next one."""
    below, own, rate = ROWS * layer + ACTIVITY, ROWS * (layer + 1) + SLOPE, p.eta_u / (p.N * p.batch)
    for k in range(len(U)):
        if p.decay_u > 0.0:
            for j in range(len(U)):
                U[k, j] *= 1.0 - p.decay_u / p.N
        for b in range(p.batch):
            _add(U[k], -rate * buffers.errors[b] * buffers.student[b, own, k], buffers.student[b, below])


@fast
def _dot(row, x):
    """Return the sum of row_j x_j over the length of the row."""
    total = 0.0
    for j in range(len(row)):
        total += row[j] * x[j]
    return total


@fast
def _add(y, factor, x):
    """Compute y_j += factor x_j over the shorter of the two."""
    for j in range(min(len(y), len(x))):
        y[j] += factor * x[j]
