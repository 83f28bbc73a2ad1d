"""Online SGD of the weights of wide networks with few inputs: `sgd` with another memory layout.

The steps are those of `sgd` up to rounding, with the same random numbers. There the weights of one unit are
in consecutive memory, here those of all units on one input, so that loops run over units and are vectorised
for any N.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import entry, fast, inner, part
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import ERF, activate
from teacherstudent.kernels.maths.philox import BLOCK
from teacherstudent.kernels.maths.philox import PART as PIECE  # normals drawn in one call
from teacherstudent.kernels.maths.single_normals import fill_single_part
from teacherstudent.kernels.maths.special import erf_and_derivative_float32, fma
from teacherstudent.kernels.network.ahead import draw_ahead, steps_ahead
from teacherstudent.kernels.network.constants import ACTIVITY, FIELD, INPUT, INPUT_NOISE, SLOPE, STREAMS
from teacherstudent.kernels.network.input_rows import add_fields, move_and_add_fields
from teacherstudent.kernels.network.law import descend, learn, output

LANES = 16  # numbers of 4 bytes in a line of the cache


class Buffers(NamedTuple):
    """Work space of a step; units are padded as `across` pads them."""

    X: np.ndarray  # (1 + steps, batch, N) inputs of the previous step and of some steps from this one on
    noise: np.ndarray  # (N,) noise on an input
    bits: np.ndarray  # (PIECE,) uint64, work space of `fill_single_part`
    words: np.ndarray  # (2, steps) uint64, random bits of several steps
    rows: np.ndarray  # (4, steps) float32, normals of several steps
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
    fields, steps = ((batch, 3, k), (batch, 3, m)), steps_ahead(N)
    return Buffers(
        aligned_zeros((1 + steps, batch, N), dtype),
        aligned_zeros((N,), dtype),
        aligned_zeros((PIECE,), np.uint64),
        aligned_zeros((2, steps), np.uint64),
        aligned_zeros((BLOCK, steps), np.float32),
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
    done, X = 0, buffers.X
    buffers.moves[:] = 0.0
    while done < steps:
        ahead = min(len(X) - 1, steps - done)
        _draw_inputs(p, buffers, X[1 : 1 + ahead], key0, key1, first + done)
        for i in range(ahead):
            step, old, new = first + done, X[i], X[i + 1]
            _find_fields_of_the_teacher(p, buffers, new, key0, key1, step)
            _move_and_find_fields(W, p, buffers, old, new, done == 0)
            if not learn(p.law, h[p.head], p, buffers, key0, key1, step):
                return done
            done += 1
        X[0] = X[ahead]
    if done > 0:
        _decay(W, p)
        for b in range(p.batch):
            _move(W, buffers.moves[b], X[0, b])
    return done


@part
def _draw_inputs(p, buffers, X, key0, key1, first):
    """Draw the inputs X (steps, batch, N) of some steps."""
    for b in range(p.batch):
        if len(buffers.X) > 2:
            draw_ahead(X, b, buffers.words, buffers.rows, key0, key1, first, STREAMS * b + INPUT)
        else:
            _draw(X[0, b], buffers.bits, key0, key1, first, STREAMS * b + INPUT)


@part
def _find_fields_of_the_teacher(p, buffers, new, key0, key1, step):
    """Compute the fields of the teacher, and then add the noise on the inputs of the student to them."""
    for b in range(p.batch):
        rho = buffers.teacher[b, FIELD]
        rho[:] = 0.0
        add_fields(p.V, new[b], rho)
        if p.input_noise > 0.0:
            _draw(buffers.noise, buffers.bits, key0, key1, step, STREAMS * b + INPUT_NOISE)
            _add(new[b], p.input_noise, buffers.noise)


@inner
def _draw(x, bits, key0, key1, step, stream):
    """Fill x (N,) with the normals of a stream."""
    for start in range(0, len(x), PIECE):
        fill_single_part(x[start : start + PIECE], bits, start, key0, key1, step, stream)


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
    move_and_add_fields(W, buffers.moves[last], old[last], new[0], buffers.student[0, FIELD])
    for b in range(1, p.batch):
        add_fields(W, new[b], buffers.student[b, FIELD])


@variant(descend, Buffers)
def _descend_by_input(buffers, h, p):
    """Implement `law.descend` for this memory layout."""
    N, batch = p.N, p.batch
    pull, gain = -p.eta / (math.sqrt(N) * batch), -p.eta_h / (N * batch)
    for b in range(1, batch):
        _find_moves(buffers.moves[b], pull * buffers.errors[b], h, p.moving, buffers.student[b, SLOPE])
    error, units = buffers.errors[0], buffers.student[0]
    _find_moves_and_learn(
        buffers.moves[0], pull * error, h, p.moving, units[SLOPE],
        1.0 - p.decay_h / N, gain * error, units[ACTIVITY],
    )  # fmt: skip
    for b in range(1, batch):
        _add(h, gain * buffers.errors[b], buffers.student[b, ACTIVITY])


@variant(output, Buffers)
def _output_by_input(buffers, code, h, units, N):
    """Implement `law.output` for this memory layout."""
    return _weighted_sum(code, h, units, N)


@inner
def _weighted_sum(code, h, units, N):
    """Return the output as `law.output`; a call with all buffers would take longer than the sum."""
    _activate(code, 1.0 / math.sqrt(N), units[FIELD], units[ACTIVITY], units[SLOPE])
    return _dot(h, units[ACTIVITY])


@fast
def _dot(h, activity):
    """Return the sum of h_k g(lambda_k) over all units without padding."""
    total = 0.0
    for k in range(len(h)):
        total += h[k] * activity[k]
    return total


@inner
def _find_moves(moves, pull, h, moving, slope):
    """Compute moves_k = pull h_k g'(lambda_k), or 0 for a frozen unit."""
    number = moves.dtype.type
    for k in range(len(h)):
        moves[k] = moving[k] * (number(pull) * number(h[k]) * slope[k])


@inner
def _find_moves_and_learn(moves, pull, h, moving, slope, rest, gain, activity):
    """Apply `_find_moves`, and then compute h_k = rest h_k + gain g(lambda_k), in one pass."""
    number = moves.dtype.type
    for k in range(len(h)):
        old = h[k]
        h[k] = rest * old + gain * activity[k]
        moves[k] = moving[k] * (number(pull) * number(old) * slope[k])


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


def _activate(code, factor, fields, value, slope):
    """Multiply the fields by a factor, and compute activations and derivatives (`activate`)."""
    rounded = fields.dtype == np.float32
    (_activate_float32 if rounded else _activate_float64)(code, factor, fields, value, slope)


@overload(_activate, inline="always")
def _compiled_activate(code, factor, fields, value, slope):
    """Return the implementation for the precision of the fields."""
    return _activate_float32 if fields.dtype == types.float32 else _activate_float64


def _activate_float64(code, factor, fields, value, slope):
    """Implement `_activate` in double precision."""
    _scale(fields, factor)
    activate(code, fields, value, slope)


def _activate_float32(code, factor, fields, value, slope):
    """Implement `_activate` in single precision, with an own function for erf."""
    if code == ERF:
        _activate_erf(np.float32(factor), fields, value, slope)
    else:
        _scale(fields, factor)
        activate(code, fields, value, slope)


@inner
def _activate_erf(factor, fields, value, slope):
    """Implement `_activate` for erf in one pass."""
    for k in range(len(fields)):
        x = factor * fields[k]
        fields[k] = x
        value[k], slope[k] = erf_and_derivative_float32(x)
