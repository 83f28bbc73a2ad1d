"""Online SGD of the actual weights of wide networks with few inputs: `network` with another layout.

The same steps on the same random numbers as in `network`, up to rounding. There a unit's weights lie side by
side; here those of all units on one input do, so that every loop is one over units and vectorises however
small N is.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import entry, fast, inner, part
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.philox import PART, fill_part, normal
from teacherstudent.kernels.maths.special import fma
from teacherstudent.kernels.network.sgd import INPUT, INPUT_NOISE, LABEL_NOISE, STREAMS

FIELD, ACTIVITY, SLOPE = 0, 1, 2  # rows of what Work holds of the units
LANES = 16  # numbers of 4 bytes in a line


class Work(NamedTuple):
    """Memory to work in; units are padded as `across` pads them."""

    X: np.ndarray  # (2, batch, N) inputs of this step and of the last one
    noise: np.ndarray  # (N,)
    bits: np.ndarray  # (PART / 2,) uint64
    student: np.ndarray  # (batch, 3, k) fields, activations and their derivatives
    teacher: np.ndarray  # (batch, 3, m)
    errors: np.ndarray  # (batch,)
    moves: np.ndarray  # (batch, k) what w_k moves by, in units of x


def across(weights: np.ndarray, dtype: type = np.float64) -> np.ndarray:
    """Copy (K, N) into an aligned array (N, k), k the next multiple of 16, with zeros in the padding."""
    K, N = weights.shape
    columns = aligned_zeros((N, padded_units(K)), dtype)
    columns[:, :K] = weights.T
    return columns


def padded_units(K: int) -> int:
    """The number of units with those of the padding."""
    return -(-K // LANES) * LANES


def work_space(K: int, M: int, batch: int, W: np.ndarray) -> Work:
    """Return memory to train the weights W (N, k) with."""
    (N, k), dtype, m = W.shape, W.dtype, padded_units(M)
    shapes = (2, batch, N), (N,)
    fields = (batch, 3, k), (batch, 3, m)
    return Work(
        *(aligned_zeros(shape, dtype) for shape in shapes),
        aligned_zeros((PART // 2,), np.uint64),
        *(aligned_zeros(shape, dtype) for shape in fields),
        np.zeros(batch),
        aligned_zeros((batch, k), dtype),
    )


@entry
def train(W, h, p, work, key0, key1, first, steps):
    """Train the student, W (N, k) as `across` makes it and h (H, K), in place, from step `first` on.

    `p` is a `network.Phase` whose V is (N, m), as `across` makes it. Returns the number of steps done: fewer
    than asked for where the error stopped being finite.
    """
    done = 0
    work.moves[:] = 0.0
    for step in range(first, first + steps):
        old, new = work.X[done % 2], work.X[(done + 1) % 2]
        draw_inputs(p, work, new, key0, key1, step)
        move_and_find_fields(W, p, work, old, new, done == 0)
        if not learn(h[p.head], p, work, key0, key1, step):
            return done
        done += 1
    if done > 0:
        decay(W, p)
        for b in range(p.batch):
            move(W, work.moves[b], work.X[done % 2, b])
    return done


@part
def draw_inputs(p, work, new, key0, key1, step):
    """Draw the inputs of a step and find the fields of the teacher; the student's inputs stay in `new`."""
    for b in range(p.batch):
        x, stream = new[b], STREAMS * b
        draw(x, work.bits, key0, key1, step, stream + INPUT)
        rho = work.teacher[b, FIELD]
        rho[:] = 0.0
        add_fields(p.V, x, rho)
        if p.input_noise > 0.0:
            draw(work.noise, work.bits, key0, key1, step, stream + INPUT_NOISE)
            add(x, p.input_noise, work.noise)


@inner
def draw(x, bits, key0, key1, step, stream):
    """Fill x (N,) with the normals of a stream."""
    for start in range(0, len(x), PART):
        fill_part(x[start : start + PART], bits, start, key0, key1, step, stream)


@part
def move_and_find_fields(W, p, work, old, new, first):
    """Make the moves of the step before (the first has none) and find the fields of the student."""
    last = p.batch - 1
    work.student[:, FIELD] = 0.0
    if not first:
        decay(W, p)
    for b in range(last):
        move(W, work.moves[b], old[b])
    # The last move of the weights and their first fields share one passage through the weights.
    move_and_add_fields(W, work.moves[last], old[last], new[0], work.student[0, FIELD])
    for b in range(1, p.batch):
        add_fields(W, new[b], work.student[b, FIELD])


@part
def learn(h, p, work, key0, key1, step):
    """Turn fields into errors and moves of the weights, move the readouts; False if an error is infinite."""
    N, batch = p.N, p.batch
    for b in range(batch):
        error = output(p.student, h, work.student[b], N) - output(p.teacher, p.v, work.teacher[b], N)
        if p.output_noise > 0.0:
            error -= p.output_noise * normal(key0, key1, step, STREAMS * b + LABEL_NOISE)
        if not math.isfinite(error):
            return False
        work.errors[b] = error
    for b in range(batch):
        pull = -p.eta / (math.sqrt(N) * batch) * work.errors[b]
        find_moves(work.moves[b], pull, h, p.moving, work.student[b, SLOPE])
    scale(h, 1.0 - p.decay_h / N)
    for b in range(batch):
        add(h, -p.eta_h / (N * batch) * work.errors[b], work.student[b, ACTIVITY])
    return True


@inner
def output(code, h, units, N):
    """Output sum_k h_k g(lambda_k); `units` (3, k) holds w_k x at first, then lambda_k, g and g' of it."""
    scale(units[FIELD], 1.0 / math.sqrt(N))
    activate(code, units[FIELD], units[ACTIVITY], units[SLOPE])
    return dot(h, units[ACTIVITY])


@fast
def dot(h, activity):
    """Sum of h_k g(lambda_k) over the units that h has."""
    total = 0.0
    for k in range(len(h)):
        total += h[k] * activity[k]
    return total


@fast
def find_moves(moves, pull, h, moving, slope):
    """moves_k = pull h_k g'(lambda_k), or 0 for a frozen unit."""
    for k in range(len(h)):
        moves[k] = moving[k] * pull * h[k] * slope[k]


@inner
def decay(W, p):
    """Let the weights decay."""
    if p.decay > 0.0:
        for n in range(len(W)):
            for k in range(W.shape[1]):
                W[n, k] *= 1.0 - p.moving[k] * p.decay / p.N


@inner
def move(W, moves, x):
    """w_k += move_k x."""
    for n in range(len(W)):
        add(W[n], x[n], moves)


@inner
def add_fields(W, x, fields):
    """fields_k += w_k x."""
    for n in range(len(W)):
        add(fields, x[n], W[n])


@inner
def move_and_add_fields(W, moves, old, x, fields):
    """`move` by the old inputs, then `add_fields` with the new ones, two inputs at a time."""
    last = len(W) - 1
    for n in range(0, last, 2):
        move_two(W[n], W[n + 1], moves, old[n], old[n + 1], x[n], x[n + 1], fields)
    if last % 2 == 0:
        add(W[last], old[last], moves)
        add(fields, x[last], W[last])


@fast
def move_two(w1, w2, moves, old1, old2, x1, x2, fields):
    """The weights on two inputs."""
    for k in range(len(fields)):
        new1, new2 = fma(old1, moves[k], w1[k]), fma(old2, moves[k], w2[k])
        w1[k], w2[k] = new1, new2
        fields[k] = fma(x2, new2, fma(x1, new1, fields[k]))


@inner
def add(y, factor, x):
    """y += factor x, over the length of y."""
    a = y.dtype.type(factor)
    for k in range(len(y)):
        y[k] = fma(a, y.dtype.type(x[k]), y[k])


@inner
def scale(y, factor):
    """y *= factor."""
    a = y.dtype.type(factor)
    for k in range(len(y)):
        y[k] *= a
