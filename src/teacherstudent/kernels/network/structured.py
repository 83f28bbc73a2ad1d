"""Online SGD of the weights on prepared rows of inputs, in blocks of steps, and parts of their preparation.

The step is that of `sgd` or, with several tasks, that of `stages`. Inputs are rows of a matrix, which the
caller has computed for a block of consecutive steps. The teacher sees these inputs, or latent numbers.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner, part
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.maths.special import erf_and_derivative
from teacherstudent.kernels.network.by_unit import PIECE, add, add_dots, make_last_moves, move_and_add_fields
from teacherstudent.kernels.network.constants import FIELD, INPUT_NOISE, STREAMS
from teacherstudent.kernels.network.law import learn
from teacherstudent.kernels.network.sgd import draw
from teacherstudent.kernels.network.tasks import constants_of

SIGN, ERF, LINEAR, RELU = range(4)
CODES = {"sign": SIGN, "erf": ERF, "linear": LINEAR, "relu": RELU}


class Rows(NamedTuple):
    """The inputs of a block of S consecutive steps with batches of B samples; rows are sorted by task."""

    X: np.ndarray  # (S B, n) inputs, padded like the weights; noise of the student's inputs is added in place
    C: np.ndarray  # (S B, d) latent numbers, padded, d at least as long as the rows of teachers that see them
    tasks: np.ndarray  # (S,) int64, the task of each step
    places: np.ndarray  # (S,) int64, the place of each step: its rows are B place, ..., B place + B - 1
    first: int  # number of the first step of the block
    scale: float  # sqrt(N / D) where the teachers see D latent numbers; 0 where they see the inputs


@entry
def train(W, h, p, tasks, rows, buffers, key0, key1, first, steps):
    """Train the student for some steps of a block.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, with the padding of `by_unit.padded`; changed in place.
    h : array (H, K)
        Readouts of all heads; in each step those of the head of its task are changed in place.
    p : StepConstants
        Constants of the stage; where tasks can differ, those of `tasks` are used.
    tasks : Tasks
        The tasks.
    rows : Rows
        Inputs of the block; those of the trained steps are changed in place.
    buffers : by_unit.Buffers
        Work space from `by_unit.new_buffers`.
    key0, key1 : uint32
        Key of the random numbers of noise, see `maths.philox`.
    first, steps : int
        Number of the first step, counted from the start of the run, and number of steps, all in the block.

    Returns
    -------
    int
        Number of completed steps: `steps`, or fewer if an error is no longer finite.
    """
    done, now = 0, constants_of(p, tasks, rows.tasks[first - rows.first])
    last, old = now, rows.X[: p.batch]
    several = len(tasks.ends) > 1
    buffers.moves[:] = 0.0
    for step in range(first, first + steps):
        if several:
            now = constants_of(p, tasks, rows.tasks[step - rows.first])
        begin = rows.places[step - rows.first] * p.batch
        new = rows.X[begin : begin + p.batch]
        buffers.student[:, FIELD], buffers.teacher[:, FIELD] = 0.0, 0.0
        if rows.scale > 0.0:
            _add_latent_fields(now, rows, buffers, begin)
        for start in range(0, W.shape[1], PIECE):
            _complete_inputs(now, rows.scale, buffers, new, key0, key1, step, start)
            fields = buffers.student[:, FIELD]
            move_and_add_fields(W, last, buffers.moves, old, new, fields, done == 0, start)
        if not learn(now.law, h[now.head], now, buffers, key0, key1, step):
            return done
        old, last = new, now
        done += 1
    if done > 0:
        make_last_moves(W, last, buffers, old)
    return done


@part
def _add_latent_fields(p, rows, buffers, begin):
    """Compute the fields of a teacher that sees latent numbers, times sqrt N as for inputs."""
    for b in range(p.batch):
        fields = buffers.teacher[b, FIELD]
        for start in range(0, p.V.shape[1], PIECE):
            stop = min(start + PIECE, p.V.shape[1])
            add_dots(p.V, rows.C[begin + b, start:stop], start, fields)
        for m in range(len(fields)):
            fields[m] *= rows.scale


@part
def _complete_inputs(p, scale, buffers, new, key0, key1, step, start):
    """Add one piece of the inputs to the fields of a teacher that sees them, and then noise to the piece."""
    for b in range(p.batch):
        x = new[b, start : start + PIECE]
        if scale == 0.0:
            add_dots(p.V, x, start, buffers.teacher[b, FIELD])
        if p.input_noise > 0.0:
            noise = buffers.noise[start : start + PIECE]
            draw(noise, p.N, start, buffers.bits, key0, key1, step, STREAMS * b + INPUT_NOISE)
            add(x, p.input_noise, noise)


@entry
def fill_rows(out, count, places, batch, key0, key1, first, stream):
    """Draw standard normal numbers for the samples of consecutive steps.

    Parameters
    ----------
    out : array (steps batch, d)
        The first `count` numbers of its rows are filled.
    count : int
        Numbers of a sample.
    places : array (steps,) of int64
        As in `Rows`.
    batch : int
        Samples of a step.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    first : int
        Number of the first step.
    stream : int
        Sample b of a step has the normals of stream `stream` + b of the step.
    """
    for i in range(len(places)):
        for b in range(batch):
            fill_single_normals(out[places[i] * batch + b, :count], key0, key1, first + i, stream + b)


@entry
def fold(code, X, N, scale, means):
    """Replace the first N numbers x of all rows by f(scale x) - mean.

    Parameters
    ----------
    code : int
        SIGN: 1 or -1; ERF: erf(x / sqrt 2); LINEAR: x; RELU: max(0, x).
    X : array (rows, n)
        Changed in place.
    N : int
        Numbers to fold.
    scale : float
        Factor of x.
    means : array (N,)
        Means that are subtracted; RELU only.
    """
    for i in range(len(X)):
        row = X[i, :N]
        if code == SIGN:
            _fold_sign(row)
        elif code == ERF:
            _fold_erf(row, scale)
        elif code == RELU:
            _fold_relu(row, scale, means)
        else:
            _scale(row, scale)


@inner
def _fold_sign(x):
    """Replace numbers by 1 or -1."""
    one = x.dtype.type(1.0)
    for n in range(len(x)):
        x[n] = -one if x[n] < 0.0 else one


@inner
def _fold_erf(x, scale):
    """Replace numbers by erf(scale x / sqrt 2)."""
    for n in range(len(x)):
        x[n], _ = erf_and_derivative(scale * np.float64(x[n]))


@inner
def _fold_relu(x, scale, means):
    """Replace numbers by max(0, scale x) - mean."""
    for n in range(len(x)):
        x[n] = max(0.0, scale * x[n]) - means[n]


@inner
def _scale(x, scale):
    """Multiply numbers by a factor."""
    for n in range(len(x)):
        x[n] = scale * x[n]


@entry
def activities_of_fields(code, fields, scale):
    """Return the activations g(scale x) of fields.

    Parameters
    ----------
    code : int
        Code of the activation g, see `maths.activations`.
    fields : array (samples, K)
        Fields x.
    scale : float
        Their factor.

    Returns
    -------
    array (samples, K)
    """
    values, own, slope = np.empty(fields.shape), np.empty(fields.shape[1]), np.empty(fields.shape[1])
    for i in range(len(fields)):
        for k in range(len(own)):
            own[k] = scale * fields[i, k]
        activate(code, own, values[i], slope)
    return values
