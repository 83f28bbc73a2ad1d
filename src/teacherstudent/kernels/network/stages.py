"""Online SGD of the weights in a stage with several tasks, pulls, or teachers that move.

The step is that of `sgd` (or of `samples`, for tasks with stored inputs), on the task of the step. The inputs
of a step do not depend on its task. Changes of the weights besides gradient descent are those of `pulls`.
Imperfect inputs: the student has g x + sqrt(1 - g^2) xi as input and the teacher x, with the fidelity g of
the task and standard normal numbers xi.
"""

import math

from teacherstudent.kernels.compile.flags import entry, inner, part
from teacherstudent.kernels.network.by_unit import PIECE, add, add_dots, move_and_add_fields
from teacherstudent.kernels.network.constants import FIELD, INPUT, INPUT_NOISE, STREAMS
from teacherstudent.kernels.network.law import learn, learn_from_labels
from teacherstudent.kernels.network.motion import move_teachers
from teacherstudent.kernels.network.passes import visit
from teacherstudent.kernels.network.pulls import (
    add_to_path,
    change_old_weights,
    move_weights,
    pull_proximally,
)
from teacherstudent.kernels.network.samples import choose
from teacherstudent.kernels.network.sgd import draw
from teacherstudent.kernels.network.tasks import BEGIN, COUNT, constants_of, task_of

# Rows of the keys: of inputs, of tasks, of the choice of stored inputs or the noise xi, and of drift.
INPUTS, TASKS, REPLAY, DRIFT = range(4)


@entry
def train(W, h, p, tasks, stored, pulls, motion, keys, buffers, chosen, first, steps):
    """Train the student for some steps of a stage.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, with the padding of `by_unit.padded`; changed in place.
    h : array (H, K)
        Readouts of all heads; in each step those of the head of its task are changed in place.
    p : StepConstants
        Constants of the stage; where tasks can differ, those of `tasks` are used.
    tasks : Tasks
        The tasks; the first layers of teachers that move are changed in place.
    stored : Stored
        Stored inputs of tasks.
    pulls : Pulls
        Penalties and anchors; its path integrals are changed in place.
    motion : Motion
        How the teachers move.
    keys : array (4, 2) of uint32
        Keys of the random numbers, see `maths.philox`, in rows INPUTS, TASKS, REPLAY and DRIFT.
    buffers : by_unit.Buffers
        Work space from `by_unit.new_buffers`.
    chosen : array (batch,) of int64
        Work space.
    first, steps : int
        Number of the first step, counted from the start of the run, and number of steps.

    Returns
    -------
    int
        Number of completed steps: `steps`, or fewer if an error is no longer finite.
    """
    done, last = 0, constants_of(p, tasks, 0)
    buffers.moves[:] = 0.0
    for step in range(first, first + steps):
        old, new = buffers.X[done % 2], buffers.X[(done + 1) % 2]
        a = task_of(tasks.ends, tasks.turns, keys[TASKS, 0], keys[TASKS, 1], step)
        now, count = constants_of(p, tasks, a), stored.rows[a, COUNT]
        if count > 0:
            _choose(chosen, stored, a, keys, step)
        buffers.student[:, FIELD], buffers.teacher[:, FIELD] = 0.0, 0.0
        for start in range(0, W.shape[1], PIECE):
            if count > 0:
                _fetch(stored.X, chosen, new, start)
            else:
                _draw_inputs(now, tasks.fidelity[a], buffers, new, keys, step, start)
            _move_and_add_fields(W, last, pulls, buffers, old, new, done == 0, start)
        if count > 0:
            finite = learn_from_labels(now.law, h[now.head], now, buffers, stored.labels[a], chosen)
        else:
            finite = learn(now.law, h[now.head], now, buffers, keys[INPUTS, 0], keys[INPUTS, 1], step)
        if not finite:
            return done
        add_to_path(pulls.path, now.eta, buffers.moves, new, p.N)
        move_teachers(tasks.V, motion, buffers, p.N, keys[DRIFT, 0], keys[DRIFT, 1], step)
        last = now
        done += 1
    if done > 0:
        _make_moves(W, last, pulls, buffers.moves, buffers.X[done % 2], 0, W.shape[1])
    return done


@part
def _choose(chosen, stored, a, keys, step):
    """Choose rows of the stored inputs of a task."""
    key0, key1 = keys[REPLAY, 0], keys[REPLAY, 1]
    if len(stored.passes.order):
        visit(chosen, stored.passes, key0, key1, step)
    else:
        choose(chosen, stored.rows[a, COUNT], stored.distinct, key0, key1, step)
    for b in range(len(chosen)):
        chosen[b] += stored.rows[a, BEGIN]


@part
def _fetch(X, chosen, new, start):
    """Copy one piece of the chosen inputs."""
    for b in range(len(chosen)):
        _copy(X[chosen[b], start : start + PIECE], new[b, start : start + PIECE])


@inner
def _copy(source, target):
    """Copy an array; an assignment to a slice would allocate memory."""
    for n in range(len(source)):
        target[n] = source[n]


@part
def _draw_inputs(p, fidelity, buffers, new, keys, step, start):
    """Draw one piece of new inputs, and add its part of the fields of the teacher."""
    key0, key1 = keys[INPUTS, 0], keys[INPUTS, 1]
    for b in range(p.batch):
        x, stream, noise = new[b, start : start + PIECE], STREAMS * b, buffers.noise[start : start + PIECE]
        draw(x, p.N, start, buffers.bits, key0, key1, step, stream + INPUT)
        add_dots(p.V, x, start, buffers.teacher[b, FIELD])
        if fidelity < 1.0:
            draw(noise, p.N, start, buffers.bits, keys[REPLAY, 0], keys[REPLAY, 1], step, b)
            _scale(x, fidelity)
            add(x, math.sqrt(1.0 - fidelity * fidelity), noise)
        if p.input_noise > 0.0:
            draw(noise, p.N, start, buffers.bits, key0, key1, step, stream + INPUT_NOISE)
            add(x, p.input_noise, noise)


@inner
def _scale(x, factor):
    """Multiply an array by a factor."""
    a = x.dtype.type(factor)
    for n in range(len(x)):
        x[n] *= a


@part
def _move_and_add_fields(W, p, pulls, buffers, old, new, first, start):
    """Move one piece of the weights by the previous step, and add its part of the fields of new inputs."""
    fields, stop = buffers.student[:, FIELD], min(start + PIECE, W.shape[1])
    if pulls.any and pulls.proximal:
        if not first:
            _make_moves(W, p, pulls, buffers.moves, old, start, stop)
        for b in range(p.batch):
            add_dots(W, new[b, start : start + PIECE], start, fields[b])
    else:
        if not first:
            change_old_weights(W, p, pulls, start, stop)
        move_and_add_fields(W, p, buffers.moves, old, new, fields, True, start)


@part
def _make_moves(W, p, pulls, moves, X, start, stop):
    """Make all changes of a step in the piece of W with the inputs start, ..., stop - 1."""
    change_old_weights(W, p, pulls, start, stop)
    move_weights(W, moves, X, start, stop)
    if pulls.any and pulls.proximal:
        pull_proximally(W, p, pulls, start, stop)
