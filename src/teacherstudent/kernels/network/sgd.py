"""Online SGD of the actual weights on sampled Gaussian inputs.

One step, all from the old values: lambda_k = w_k x / sqrt N, rho_m = v_m x / sqrt N,
d = sum_k h_k g(lambda_k) - sum_m v_m g(rho_m) - sigma zeta; w_k -= (eta / sqrt N) d h_k g'(lambda_k) x,
h_k -= (eta_h / N) d g(lambda_k). Decay multiplies the trained weights by 1 - decay / N. The student sees x
plus noise where that is asked for. A batch has the mean of its gradients.

Weights and inputs pass through the first-level cache once a step, piece by piece: there the weights take
their last move, new inputs are drawn, and the fields of the new step gather.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import entry, fast, inner, part
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.philox import PART, fill_part, normal
from teacherstudent.kernels.maths.special import fma

# Streams of random numbers of one sample in a step; sample b of a batch uses STREAMS b + stream.
INPUT, LABEL_NOISE, INPUT_NOISE, STREAMS = 0, 1, 2, 3

FIELD, ACTIVITY, SLOPE = 0, 1, 2  # rows of what Work holds of the units

PIECE = PART  # inputs that are in the cache together
LANES = 8  # numbers of 8 bytes in a line
PADDING = 32  # normals that four whole vectors make in single precision


class Phase(NamedTuple):
    """What is constant while one teacher is active."""

    N: int
    student: int  # activation codes
    teacher: int
    V: np.ndarray  # (M, n) active teacher, n >= N as `padded` makes it
    v: np.ndarray  # (M,)
    head: int  # row of h that is trained
    moving: np.ndarray  # (K,) 1, or 0 for a frozen unit
    eta: float  # learning rates; 0 where a layer is not trained
    eta_h: float
    decay: float  # weight decay of the first layer and of the readouts
    decay_h: float
    output_noise: float
    input_noise: float
    batch: int


class Work(NamedTuple):
    """Memory to work in. Rows of fields are padded to whole vectors; X and noise have the padding of W."""

    X: np.ndarray  # (2, batch, n) inputs of this step and of the last one
    noise: np.ndarray  # (n,)
    bits: np.ndarray  # (PIECE / 2,) uint64
    student: np.ndarray  # (batch, 3, >= K) fields, activations and their derivatives
    teacher: np.ndarray  # (batch, 3, >= M)
    errors: np.ndarray  # (batch,)
    moves: np.ndarray  # (batch, K) what w_k moves by, in units of x


def padded(weights: np.ndarray, dtype: type = np.float64) -> np.ndarray:
    """Copy (..., N) into an aligned array (..., n), n the next multiple of 32, with zeros in the padding."""
    *lead, N = weights.shape
    rows = aligned_zeros((*lead, -(-N // PADDING) * PADDING), dtype)
    rows[..., :N] = weights
    return rows


def work_space(K: int, M: int, batch: int, W: np.ndarray) -> Work:
    """Return memory to train the padded weights W with."""
    student, teacher = (-(-units // LANES) * LANES for units in (K, M))
    n, dtype = W.shape[1], W.dtype
    shapes = ((PIECE // 2,), np.uint64), ((batch, 3, student), float), ((batch, 3, teacher), float)
    return Work(
        aligned_zeros((2, batch, n), dtype),
        aligned_zeros((n,), dtype),
        *(aligned_zeros(*shape) for shape in shapes),
        errors=np.zeros(batch),
        moves=np.zeros((batch, K)),
    )


@entry
def train(W, h, p, work, key0, key1, first, steps):
    """Train the student, W (K, n) padded and h (H, K), in place for `steps` steps from step `first` on.

    Returns the number of steps done: fewer than asked for where the error stopped being finite.
    """
    done = 0
    work.moves[:] = 0.0
    for step in range(first, first + steps):
        old, new = work.X[done % 2], work.X[(done + 1) % 2]
        move_and_draw(W, p, work, old, new, done == 0, key0, key1, step)
        if not learn(h[p.head], p, work, key0, key1, step):
            return done
        done += 1
    if done > 0:
        move_once_more(W, p, work, work.X[done % 2])
    return done


@part
def move_and_draw(W, p, work, old, new, first, key0, key1, step):
    """Make the moves of the step before (the first has none), draw new inputs and find their fields."""
    fields, teacher_fields = work.student[:, FIELD], work.teacher[:, FIELD]
    fields[:], teacher_fields[:] = 0.0, 0.0
    for start in range(0, W.shape[1], PIECE):
        for b in range(p.batch):
            x, stream = new[b, start : start + PIECE], STREAMS * b
            draw(x, p.N, start, work.bits, key0, key1, step, stream + INPUT)
            add_dots(p.V, x, start, teacher_fields[b])
            if p.input_noise > 0.0:
                noise = work.noise[start : start + PIECE]
                draw(noise, p.N, start, work.bits, key0, key1, step, stream + INPUT_NOISE)
                add(x, p.input_noise, noise)
        move_and_look(W, p, work.moves, old, new, fields, first, start)


@part
def move_and_look(W, p, moves, old, new, fields, first, start):
    """From `start` on: make the moves of the step before in a piece, add to the fields of new inputs."""
    last = p.batch - 1
    if not first:
        decay(W, p, start, min(start + PIECE, W.shape[1]))
    for b in range(last):
        move(W, moves[b], old[b, start : start + PIECE], start)
    # The last move of the weights and their first fields share one passage through the weights.
    last_x, x = old[last, start : start + PIECE], new[0, start : start + PIECE]
    move_and_add_dots(W, moves[last], last_x, x, start, fields[0])
    for b in range(1, p.batch):
        add_dots(W, new[b, start : start + PIECE], start, fields[b])


@part
def move_once_more(W, p, work, X):
    """Make the moves of the last step, whose inputs are X (batch, n)."""
    decay(W, p, 0, W.shape[1])
    for b in range(p.batch):
        move(W, work.moves[b], X[b], 0)


@inner
def draw(x, N, start, bits, key0, key1, step, stream):
    """Draw a piece of N inputs that begins at `start`; what lies beyond is padding."""
    fill_part(x, bits, start, key0, key1, step, stream)
    for n in range(max(N - start, 0), len(x)):
        x[n] = 0.0


@part
def learn(h, p, work, key0, key1, step):
    """Turn fields into errors and moves of the weights, move the readouts; False if an error is infinite."""
    N = p.N
    for b in range(p.batch):
        error = output(p.student, h, work.student[b], N) - output(p.teacher, p.v, work.teacher[b], N)
        if p.output_noise > 0.0:
            error -= p.output_noise * normal(key0, key1, step, STREAMS * b + LABEL_NOISE)
        if not math.isfinite(error):
            return False
        work.errors[b] = error
    follow_errors(h, p, work)
    return True


@part
def follow_errors(h, p, work):
    """Turn errors into moves of the weights, and move the readouts."""
    N, batch = p.N, p.batch
    for k in range(len(h)):
        for b in range(batch):
            pull = work.errors[b] * h[k] * work.student[b, SLOPE, k]
            work.moves[b, k] = -p.moving[k] * p.eta / (math.sqrt(N) * batch) * pull
        h[k] *= 1.0 - p.decay_h / N
        for b in range(batch):
            h[k] -= p.eta_h / (N * batch) * work.errors[b] * work.student[b, ACTIVITY, k]


@inner
def output(code, h, units, N):
    """Output sum_k h_k g(lambda_k); `units` (3, K) holds w_k x at first, then lambda_k, g and g' of it."""
    scale, total = 1.0 / math.sqrt(N), 0.0
    for k in range(units.shape[1]):
        units[FIELD, k] *= scale
    activate(code, units[FIELD], units[ACTIVITY], units[SLOPE])
    for k in range(len(h)):
        total += h[k] * units[ACTIVITY, k]
    return total


@inner
def decay(W, p, start, stop):
    """Let the weights of a piece decay."""
    if p.decay > 0.0:
        for k in range(len(W)):
            left = W.dtype.type(1.0 - p.moving[k] * p.decay / p.N)
            for n in range(start, stop):
                W[k, n] *= left


@inner
def move(W, moves, x, start):
    """w_k += move_k x in the piece of W that begins at `start`."""
    for k in range(len(W)):
        add(W[k, start : start + len(x)], moves[k], x)


@inner
def move_and_add_dots(W, moves, old, x, start, out):
    """`move` by the old inputs, then `add_dots` with the new ones: reads W once."""
    last, stop = len(W) - 1, start + len(x)
    for k in range(0, last, 2):
        one, two = move_two(W[k, start:stop], W[k + 1, start:stop], old, x, moves[k], moves[k + 1])
        out[k] += one
        out[k + 1] += two
    if last % 2 == 0:
        out[last] += move_one(W[last, start:stop], old, x, moves[last])


@fast
def move_two(w1, w2, old, x, move1, move2):
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
def move_one(w, old, x, move):
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
