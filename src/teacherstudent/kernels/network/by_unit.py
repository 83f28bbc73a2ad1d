"""Memory layout with the weights of one unit in consecutive memory, for networks with many inputs.

Weights and inputs are loaded into the first-level cache once per step, in pieces. For each piece new inputs
are drawn, the weights are moved by the previous step, and the products are added to the fields of the step.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import fast, inner, part
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.philox import PART as PIECE  # inputs in the cache at the same time
from teacherstudent.kernels.maths.special import fma
from teacherstudent.kernels.network.constants import ACTIVITY, FIELD, SLOPE
from teacherstudent.kernels.network.law import descend, output

LANES = 8  # numbers of 8 bytes in a line of the cache
PADDING = 32  # normals of four whole vectors in single precision


class Buffers(NamedTuple):
    """Work space of a step. Rows of units are padded to whole vectors; X and noise are padded as W is."""

    X: np.ndarray  # (2, batch, n) inputs of this step and of the previous one
    noise: np.ndarray  # (n,) noise on an input
    bits: np.ndarray  # (PIECE,) uint64, work space of `fill_single_part`
    student: np.ndarray  # (batch, 3, >= K) fields, activations and their derivatives
    teacher: np.ndarray  # (batch, 3, >= M) the same of the teacher
    errors: np.ndarray  # (batch,) error of each sample, see `law.descend`
    moves: np.ndarray  # (batch, K) moves of each w_k in units of x


def padded(weights: np.ndarray, dtype: type = np.float64) -> np.ndarray:
    """Copy weights (..., N) to an aligned array (..., n), padded by zeros to n, a multiple of 32."""
    *lead, N = weights.shape
    rows = aligned_zeros((*lead, -(-N // PADDING) * PADDING), dtype)
    rows[..., :N] = weights
    return rows


def new_buffers(K: int, M: int, batch: int, W: np.ndarray) -> Buffers:
    """Allocate the work space to train weights.

    Parameters
    ----------
    K, M : int
        Numbers of units of student and teacher.
    batch : int
        Samples of a step.
    W : array (K, n)
        Padded weights, which determine the number of inputs and the precision.

    Returns
    -------
    Buffers
        Arrays of zeros.
    """
    student, teacher = (-(-units // LANES) * LANES for units in (K, M))
    n, dtype = W.shape[1], W.dtype
    shapes = ((PIECE,), np.uint64), ((batch, 3, student), float), ((batch, 3, teacher), float)
    return Buffers(
        aligned_zeros((2, batch, n), dtype),
        aligned_zeros((n,), dtype),
        *(aligned_zeros(*shape) for shape in shapes),
        errors=np.zeros(batch),
        moves=np.zeros((batch, K)),
    )


@part
def move_and_add_fields(W, p, moves, old, new, fields, first, start):
    """Move one piece of the weights by the previous step, and add its part of the fields of new inputs.

    The piece has the inputs `start`, ..., `start` + PIECE - 1.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, padded; changed in place.
    p : StepConstants
        Constants of the phase.
    moves : array (batch, K)
        Moves of each w_k in units of x, by the previous step.
    old, new : array (batch, n)
        Inputs of the previous step and of this one.
    fields : array (batch, >= K)
        The products w_k x over this piece, with the new weights and without the factor 1 / sqrt N, are added.
    first : bool
        Whether this is the first step: there are no moves yet.
    start : int
        Index of the first input of the piece.
    """
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
    """Move the weights by the last step of a call.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, padded; changed in place.
    p : StepConstants
        Constants of the phase.
    buffers : Buffers
        Its `moves` are those of the last step.
    X : array (batch, n)
        Inputs of that step.
    """
    _decay(W, p, 0, W.shape[1])
    for b in range(p.batch):
        _move(W, buffers.moves[b], X[b], 0)


@variant(descend, Buffers)
def _descend_by_unit(buffers, h, p):
    """Implement `law.descend` for this memory layout."""
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
    """Implement `law.output` for this memory layout."""
    return _weighted_sum(code, h, units, N)


@inner
def _weighted_sum(code, h, units, N):
    """Return the output as `law.output`; a call with all buffers would take longer than the sum."""
    scale, total = 1.0 / math.sqrt(N), 0.0
    for k in range(units.shape[1]):
        units[FIELD, k] *= scale
    activate(code, units[FIELD], units[ACTIVITY], units[SLOPE])
    for k in range(len(h)):
        total += h[k] * units[ACTIVITY, k]
    return total


@inner
def _decay(W, p, start, stop):
    """Multiply the trained weights on the inputs start, ..., stop - 1 by 1 - decay / N."""
    if p.decay > 0.0:
        for k in range(len(W)):
            left = W.dtype.type(1.0 - p.moving[k] * p.decay / p.N)
            for n in range(start, stop):
                W[k, n] *= left


@inner
def _move(W, moves, x, start):
    """Compute w_k += move_k x in the piece of W that starts at input `start`."""
    for k in range(len(W)):
        add(W[k, start : start + len(x)], moves[k], x)


@inner
def _move_and_add_dots(W, moves, old, x, start, out):
    """Apply `_move` with the old inputs and `add_dots` with the new ones in one pass through W."""
    last, stop = len(W) - 1, start + len(x)
    for k in range(0, last, 2):
        one, two = _move_two(W[k, start:stop], W[k + 1, start:stop], old, x, moves[k], moves[k + 1])
        out[k] += one
        out[k + 1] += two
    if last % 2 == 0:
        out[last] += _move_one(W[last, start:stop], old, x, moves[last])


@fast
def _move_two(w1, w2, old, x, move1, move2):
    """Compute w_i += move_i old for two rows and return the two products w_i x."""
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
    """Compute w += move old for one row and return the product w x."""
    number = x.dtype.type
    a, one = number(move), number(0.0)
    for n in range(len(x)):
        new = fma(a, old[n], w[n])
        w[n] = new
        one += new * x[n]
    return one


@fast
def add_dots(W, x, start, out):
    """Compute out_k += w_k x over one piece of the inputs.

    Two rows of W at a time, so that x is read half as often.

    Parameters
    ----------
    W : array (K, n)
        Weights, padded.
    x : array (m,)
        The piece of an input, m <= PIECE.
    start : int
        Index of its first input.
    out : array (>= K,)
        Changed in place.
    """
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
    """Compute y += factor x in the precision of y.

    Parameters
    ----------
    y : array (n,)
        Changed in place.
    factor : float
        Factor, converted to the type of y.
    x : array (n,)
        Terms.
    """
    a = y.dtype.type(factor)
    for n in range(len(y)):
        y[n] = fma(a, x[n], y[n])
