"""Weights with those of a unit side by side: for many inputs.

Weights and inputs pass through the first-level cache once a step, piece by piece: there the weights take
their last move, new inputs are put in, and the fields of the new step gather.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import fast, inner, part
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.philox import PART as PIECE  # inputs that are in the cache together
from teacherstudent.kernels.maths.special import fma
from teacherstudent.kernels.network.constants import ACTIVITY, FIELD, SLOPE
from teacherstudent.kernels.network.law import descend, output

LANES = 8  # numbers of 8 bytes in a line
PADDING = 32  # normals that four whole vectors make in single precision


class Buffers(NamedTuple):
    """Memory of a step. Rows of units are padded to whole vectors; X and noise have the padding of W."""

    X: np.ndarray  # (2, batch, n) inputs of this step and of the last one
    noise: np.ndarray  # (n,) noise on an input
    bits: np.ndarray  # (PIECE / 2,) uint64
    student: np.ndarray  # (batch, 3, >= K) fields, activations and their derivatives
    teacher: np.ndarray  # (batch, 3, >= M)
    errors: np.ndarray  # (batch,)
    moves: np.ndarray  # (batch, K) moves of each w_k in units of x


def padded(weights: np.ndarray, dtype: type = np.float64) -> np.ndarray:
    """Copy (..., N) into an aligned array (..., n), n the next multiple of 32, with zeros in the padding."""
    *lead, N = weights.shape
    rows = aligned_zeros((*lead, -(-N // PADDING) * PADDING), dtype)
    rows[..., :N] = weights
    return rows


def new_buffers(K: int, M: int, batch: int, W: np.ndarray) -> Buffers:
    """Return memory to train weights with.

    Parameters
    ----------
    K, M : int
        Numbers of units of student and teacher.
    batch : int
        Samples of a step.
    W : array (K, n)
        Padded weights; number of inputs and precision are taken from them.
    """
    student, teacher = (-(-units // LANES) * LANES for units in (K, M))
    n, dtype = W.shape[1], W.dtype
    shapes = ((PIECE // 2,), np.uint64), ((batch, 3, student), float), ((batch, 3, teacher), float)
    return Buffers(
        aligned_zeros((2, batch, n), dtype),
        aligned_zeros((n,), dtype),
        *(aligned_zeros(*shape) for shape in shapes),
        errors=np.zeros(batch),
        moves=np.zeros((batch, K)),
    )


@part
def move_and_add_fields(W, p, moves, old, new, fields, first, start):
    """In the piece from `start` on, make the moves of the last step and add to the fields of new inputs."""
    last = p.batch - 1
    if not first:
        _decay(W, p, start, min(start + PIECE, W.shape[1]))
    for b in range(last):
        _move(W, moves[b], old[b, start : start + PIECE], start)
    # The last move of the weights and their first fields share one pass through the weights.
    last_x, x = old[last, start : start + PIECE], new[0, start : start + PIECE]
    _move_and_add_dots(W, moves[last], last_x, x, start, fields[0])
    for b in range(1, p.batch):
        add_dots(W, new[b, start : start + PIECE], start, fields[b])


@part
def make_last_moves(W, p, buffers, X):
    """Make the moves of the last step, whose inputs are X (batch, n)."""
    _decay(W, p, 0, W.shape[1])
    for b in range(p.batch):
        _move(W, buffers.moves[b], X[b], 0)


@variant(descend, Buffers)
def _descend_by_unit(buffers, h, p):
    """See `law.descend`."""
    N, batch = p.N, p.batch
    for k in range(len(h)):
        for b in range(batch):
            pull = buffers.errors[b] * h[k] * buffers.student[b, SLOPE, k]
            buffers.moves[b, k] = -p.moving[k] * p.eta / (math.sqrt(N) * batch) * pull
        h[k] *= 1.0 - p.decay_h / N
        for b in range(batch):
            h[k] -= p.eta_h / (N * batch) * buffers.errors[b] * buffers.student[b, ACTIVITY, k]


@variant(output, Buffers)
def _output_by_unit(buffers, code, h, units, N):
    """See `law.output`."""
    return _weighted_sum(code, h, units, N)


@inner
def _weighted_sum(code, h, units, N):
    """`law.output` without the buffers: a call, and to pass them would cost more than the sum."""
    scale, total = 1.0 / math.sqrt(N), 0.0
    for k in range(units.shape[1]):
        units[FIELD, k] *= scale
    activate(code, units[FIELD], units[ACTIVITY], units[SLOPE])
    for k in range(len(h)):
        total += h[k] * units[ACTIVITY, k]
    return total


@inner
def _decay(W, p, start, stop):
    """Let the weights of a piece decay."""
    if p.decay > 0.0:
        for k in range(len(W)):
            left = W.dtype.type(1.0 - p.moving[k] * p.decay / p.N)
            for n in range(start, stop):
                W[k, n] *= left


@inner
def _move(W, moves, x, start):
    """w_k += move_k x in the piece of W that begins at `start`."""
    for k in range(len(W)):
        add(W[k, start : start + len(x)], moves[k], x)


@inner
def _move_and_add_dots(W, moves, old, x, start, out):
    """`_move` by the old inputs, then `add_dots` with the new ones: reads W once."""
    last, stop = len(W) - 1, start + len(x)
    for k in range(0, last, 2):
        one, two = _move_two(W[k, start:stop], W[k + 1, start:stop], old, x, moves[k], moves[k + 1])
        out[k] += one
        out[k + 1] += two
    if last % 2 == 0:
        out[last] += _move_one(W[last, start:stop], old, x, moves[last])


@fast
def _move_two(w1, w2, old, x, move1, move2):
    """w_i += move_i old; returns the products w_i x."""
    number = x.dtype.type
    a1, a2, one, two = number(move1), number(move2), number(0.0), number(0.0)
    for n in range(len(x)):
        new1, new2 = fma(a1, old[n], w1[n]), fma(a2, old[n], w2[n])
        w1[n], w2[n] = new1, new2
        one += new1 * x[n]
        two += new2 * x[n]
    return one, two


@fast
def _move_one(w, old, x, move):
    """The same for one row."""
    number = x.dtype.type
    a, one = number(move), number(0.0)
    for n in range(len(x)):
        new = fma(a, old[n], w[n])
        w[n] = new
        one += new * x[n]
    return one


@fast
def add_dots(W, x, start, out):
    """out += W x over the inputs from `start` on, two rows at a time, so that x is read half as often."""
    zero, last = x.dtype.type(0.0), len(W) - 1
    for k in range(0, last, 2):
        one, two = zero, zero
        for n in range(len(x)):
            one += W[k, start + n] * x[n]
            two += W[k + 1, start + n] * x[n]
        out[k] += one
        out[k + 1] += two
    if last % 2 == 0:
        one = zero
        for n in range(len(x)):
            one += W[last, start + n] * x[n]
        out[last] += one


@inner
def add(y, factor, x):
    """y += factor x."""
    a = y.dtype.type(factor)
    for n in range(len(y)):
        y[n] = fma(a, x[n], y[n])
