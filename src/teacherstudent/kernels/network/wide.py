"""Online SGD of the weights of wide networks with few inputs: `sgd` with another memory layout.

The steps are those of `sgd` up to rounding, with the same random numbers. There the weights of one unit are
in consecutive memory, here those of all units on one input, so that loops run over units and are vectorised
for any N.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import entry, fast, inner, part
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.philox import PART as PIECE  # normals drawn in one call
from teacherstudent.kernels.maths.philox import fill_part
from teacherstudent.kernels.maths.special import fma
from teacherstudent.kernels.network.constants import ACTIVITY, FIELD, INPUT, INPUT_NOISE, SLOPE, STREAMS
from teacherstudent.kernels.network.law import descend, learn, output

LANES = 16  # numbers of 4 bytes in a line of the cache


class Buffers(NamedTuple):
    """Work space of a step; units are padded as `across` pads them."""

    X: np.ndarray  # (2, batch, N) inputs of this step and of the previous one
    noise: np.ndarray  # (N,) noise on an input
    bits: np.ndarray  # (PIECE / 2,) uint64, random bits
    student: np.ndarray  # (batch, 3, k) fields, activations and their derivatives
    teacher: np.ndarray  # (batch, 3, m) the same of the teacher
    errors: np.ndarray  # (batch,) error of each sample, see `law.descend`
    moves: np.ndarray  # (batch, k) moves of each w_k in units of x


def across(weights: np.ndarray, dtype: type = np.float64) -> np.ndarray:
    """Copy weights (K, N) to an aligned array (N, k), padded by zeros to k, a multiple of 16."""
    K, N = weights.shape
    columns = aligned_zeros((N, padded_units(K)), dtype)
    columns[:, :K] = weights.T
    return columns


def padded_units(K: int) -> int:
    """Return the number k of units with padding: K rounded up to a multiple of 16."""
    return -(-K // LANES) * LANES


def new_buffers(K: int, M: int, batch: int, W: np.ndarray) -> Buffers:
    """Allocate the work space to train weights.

    Parameters
    ----------
    K, M : int
        Numbers of units of student and teacher.
    batch : int
        Samples of a step.
    W : array (N, k)
        Weights as `across` returns them, which determine the number of inputs and the precision.

    Returns
    -------
    Buffers
        Arrays of zeros.
    """
    (N, k), dtype, m = W.shape, W.dtype, padded_units(M)
    shapes = (2, batch, N), (N,)
    fields = (batch, 3, k), (batch, 3, m)
    return Buffers(
        *(aligned_zeros(shape, dtype) for shape in shapes),
        aligned_zeros((PIECE // 2,), np.uint64),
        *(aligned_zeros(shape, dtype) for shape in fields),
        np.zeros(batch),
        aligned_zeros((batch, k), dtype),
    )


@entry
def train(W, h, p, buffers, key0, key1, first, steps):
    """Train the student for some steps on fresh Gaussian inputs, as `sgd.train` does.

    Parameters
    ----------
    W : array (N, k)
        First layer of the student, as `across` returns it; changed in place.
    h : array (H, K)
        Readouts of all heads; those of `p.head` are changed in place.
    p : StepConstants
        Constants of the phase; V is (N, m), as `across` returns it.
    buffers : Buffers
        Work space from `new_buffers`.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
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
        _draw_inputs(p, buffers, new, key0, key1, step)
        _move_and_find_fields(W, p, buffers, old, new, done == 0)
        if not learn(p.law, h[p.head], p, buffers, key0, key1, step):
            return done
        done += 1
    if done > 0:
        _decay(W, p)
        for b in range(p.batch):
            _move(W, buffers.moves[b], buffers.X[done % 2, b])
    return done


@part
def _draw_inputs(p, buffers, new, key0, key1, step):
    """Draw the inputs `new` of the student in a step, and compute the fields of the teacher."""
    for b in range(p.batch):
        x, stream = new[b], STREAMS * b
        _draw(x, buffers.bits, key0, key1, step, stream + INPUT)
        rho = buffers.teacher[b, FIELD]
        rho[:] = 0.0
        _add_fields(p.V, x, rho)
        if p.input_noise > 0.0:
            _draw(buffers.noise, buffers.bits, key0, key1, step, stream + INPUT_NOISE)
            _add(x, p.input_noise, buffers.noise)


@inner
def _draw(x, bits, key0, key1, step, stream):
    """Fill x (N,) with the normals of a stream."""
    for start in range(0, len(x), PIECE):
        fill_part(x[start : start + PIECE], bits, start, key0, key1, step, stream)


@part
def _move_and_find_fields(W, p, buffers, old, new, first):
    """Apply the moves of the previous step, if there is one, and compute the fields of the student."""
    last = p.batch - 1
    buffers.student[:, FIELD] = 0.0
    if not first:
        _decay(W, p)
    for b in range(last):
        _move(W, buffers.moves[b], old[b])
    # The last move of the weights and their first fields share one pass through the weights.
    _move_and_add_fields(W, buffers.moves[last], old[last], new[0], buffers.student[0, FIELD])
    for b in range(1, p.batch):
        _add_fields(W, new[b], buffers.student[b, FIELD])


@variant(descend, Buffers)
def _descend_by_input(buffers, h, p):
    """Implement `law.descend` for this memory layout."""
    N, batch = p.N, p.batch
    for b in range(batch):
        pull = -p.eta / (math.sqrt(N) * batch) * buffers.errors[b]
        _find_moves(buffers.moves[b], pull, h, p.moving, buffers.student[b, SLOPE])
    _scale(h, 1.0 - p.decay_h / N)
    for b in range(batch):
        _add(h, -p.eta_h / (N * batch) * buffers.errors[b], buffers.student[b, ACTIVITY])


@variant(output, Buffers)
def _output_by_input(buffers, code, h, units, N):
    """Implement `law.output` for this memory layout."""
    return _weighted_sum(code, h, units, N)


@inner
def _weighted_sum(code, h, units, N):
    """Return the output as `law.output`; a call with all buffers would take longer than the sum."""
    _scale(units[FIELD], 1.0 / math.sqrt(N))
    activate(code, units[FIELD], units[ACTIVITY], units[SLOPE])
    return _dot(h, units[ACTIVITY])


@fast
def _dot(h, activity):
    """Return the sum of h_k g(lambda_k) over all units without padding."""
    total = 0.0
    for k in range(len(h)):
        total += h[k] * activity[k]
    return total


@fast
def _find_moves(moves, pull, h, moving, slope):
    """Compute moves_k = pull h_k g'(lambda_k), or 0 for a frozen unit."""
    for k in range(len(h)):
        moves[k] = moving[k] * pull * h[k] * slope[k]


@inner
def _decay(W, p):
    """Multiply the trained weights by 1 - decay / N."""
    if p.decay > 0.0:
        for n in range(len(W)):
            for k in range(W.shape[1]):
                W[n, k] *= 1.0 - p.moving[k] * p.decay / p.N


@inner
def _move(W, moves, x):
    """Compute w_k += move_k x for all units."""
    for n in range(len(W)):
        _add(W[n], x[n], moves)


@inner
def _add_fields(W, x, fields):
    """Compute fields_k += w_k x for all units."""
    for n in range(len(W)):
        _add(fields, x[n], W[n])


@inner
def _move_and_add_fields(W, moves, old, x, fields):
    """Apply `_move` with the old inputs and `_add_fields` with the new ones, two inputs at a time."""
    last = len(W) - 1
    for n in range(0, last, 2):
        _move_two(W[n], W[n + 1], moves, old[n], old[n + 1], x[n], x[n + 1], fields)
    if last % 2 == 0:
        _add(W[last], old[last], moves)
        _add(fields, x[last], W[last])


@fast
def _move_two(w1, w2, moves, old1, old2, x1, x2, fields):
    """Move the weights on two inputs and add their part of the fields."""
    for k in range(len(fields)):
        new1, new2 = fma(old1, moves[k], w1[k]), fma(old2, moves[k], w2[k])
        w1[k], w2[k] = new1, new2
        fields[k] = fma(x2, new2, fma(x1, new1, fields[k]))


@inner
def _add(y, factor, x):
    """Compute y += factor x over the length of y."""
    a = y.dtype.type(factor)
    for k in range(len(y)):
        y[k] = fma(a, y.dtype.type(x[k]), y[k])


@inner
def _scale(y, factor):
    """Compute y *= factor."""
    a = y.dtype.type(factor)
    for k in range(len(y)):
        y[k] *= a
