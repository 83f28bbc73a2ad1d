"""Online SGD of several networks side by side on the same fresh Gaussian inputs, in blocks of steps.

A block has ROWS inputs x_r, in steps whose numbers start at a multiple of the steps of a block. Its inputs,
their products G_rs = x_r x_s and the fields of the teachers are computed once for all networks. The fields
of a student at the start of the block are exact for the first step. Each step, which moves w_k by c_rk x_r,
changes those of the later inputs in the same way,

    w_k x_s  ->  (1 - decay / N) w_k x_s + sum_r c_rk G_rs,

so that the steps are those of `sgd` up to rounding, and the weights are read and written once in a block.
Training may end within a block: the weights make the moves of its steps one by one, in order, and the fields
of later inputs remain in the group. Thus the bits of a run depend neither on how its steps are divided into
calls, nor on the other networks.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import entry, exact, inner, part
from teacherstudent.kernels.maths.special import fma
from teacherstudent.kernels.network import by_unit
from teacherstudent.kernels.network.constants import FIELD, INPUT, STREAMS, StepConstants
from teacherstudent.kernels.network.law import learn, with_parameters
from teacherstudent.kernels.network.products import ROWS, add_fields, add_products, move
from teacherstudent.kernels.network.sgd import draw

PIECE = 512  # inputs of a row that are in the cache at the same time
NONE = -1  # in place of the number of a step or of a block


class Group(NamedTuple):
    """G networks of equal shapes, and U different teachers."""

    W: np.ndarray  # (G, K, n) first layers, padded as by `by_unit.padded`
    h: np.ndarray  # (G, H, K) readouts
    V: np.ndarray  # (U, M, n) first layers of the teachers, padded
    fields: np.ndarray  # (G, K, ROWS) w_k x of the inputs of a block, from the step `at` on
    at: np.ndarray  # (G,) int64, step that has these fields, or NONE


class Settings(NamedTuple):
    """Constants of the steps of each network; see `StepConstants`. A step of decay 0 has no decay."""

    trained: np.ndarray  # (networks,) int64, the networks that are trained
    teacher: np.ndarray  # (G,) int64, row of the active teacher in `Group.V`
    active: np.ndarray  # (teachers,) int64, the different rows among them
    v: np.ndarray  # (G, M)
    head: np.ndarray  # (G,) int64
    moving: np.ndarray  # (G, K)
    rates: np.ndarray  # (G, 4) eta, eta_h, decay, decay_h
    laws: np.ndarray  # (G, parameters) parameters of the law of one step
    done: np.ndarray  # (G,) int64, receives the number of completed steps


class Block(NamedTuple):
    """The inputs of a block, and work space."""

    X: np.ndarray  # (ROWS, n) inputs
    at: np.ndarray  # (1,) int64, number of the block, or NONE
    gram: np.ndarray  # (ROWS, ROWS) products of the inputs, above the diagonal
    teacher: np.ndarray  # (U, M, ROWS) fields of the teachers
    moves: np.ndarray  # (G, K, ROWS) moves of each w_k in units of x that the weights have not made
    left: np.ndarray  # (G, K, ROWS) factors of the weights before each of these moves


def new_settings(G: int, K: int, M: int, parameters: int) -> Settings:
    """Allocate the constants of the networks of a group.

    Parameters
    ----------
    G, K, M : int
        Numbers of networks, and of units of student and teacher.
    parameters : int
        Number of parameters of the law of one step.

    Returns
    -------
    Settings
        Without networks that are trained.
    """
    none = np.zeros(0, np.int64)
    shapes = (G, M), (G, K), (G, 4), (G, parameters)
    v, moving, rates, laws = (np.zeros(shape) for shape in shapes)
    teacher, head, done = (np.zeros(G, np.int64) for _ in range(3))
    return Settings(none, teacher, none, v, head, moving, rates, laws, done)


def set_constants(settings: Settings, g: int, p: StepConstants) -> None:
    """Set the constants of a network of a group, except the row of its teacher.

    Parameters
    ----------
    settings : Settings
        Changed in place.
    g : int
        Number of the network.
    p : StepConstants
        Its constants.
    """
    settings.v[g], settings.head[g], settings.moving[g] = p.v, p.head, p.moving
    settings.rates[g], settings.laws[g] = (p.eta, p.eta_h, p.decay, p.decay_h), p.law


def new_block(group: Group) -> Block:
    """Allocate the work space to train a group.

    Parameters
    ----------
    group : Group
        The networks.

    Returns
    -------
    Block
        Without inputs.
    """
    (G, K, n), (U, M, _), dtype = group.W.shape, group.V.shape, group.W.dtype
    return Block(
        aligned_zeros((ROWS, n), dtype),
        np.array([NONE]),
        np.zeros((ROWS, ROWS), dtype),
        np.zeros((U, M, ROWS), dtype),
        np.zeros((G, K, ROWS), dtype),
        np.ones((G, K, ROWS), dtype),
    )


def new_buffers(K: int, M: int, batch: int) -> by_unit.Buffers:
    """Allocate the work space of one step of one network.

    Parameters
    ----------
    K, M : int
        Numbers of units of student and teacher.
    batch : int
        Samples of a step.

    Returns
    -------
    by_unit.Buffers
        Without memory for inputs, which are in the block.
    """
    return by_unit.new_buffers(K, M, batch, np.zeros((K, 0)))


def steps_of(batch: int) -> int:
    """Return the number of steps of a block, whose inputs are at most ROWS."""
    return ROWS // batch


@entry
def train(group, settings, p, block, buffers, key0, key1, first, steps):
    """Train some networks of a group for some steps on fresh Gaussian inputs.

    Parameters
    ----------
    group : Group
        The networks; changed in place.
    settings : Settings
        Constants of each network; receives the steps done: `steps`, or fewer if an error is no longer finite.
    p : StepConstants
        Constants of all networks: N, the type of the law, activations, batch <= ROWS. Others are not used.
    block : Block
        The inputs of the last call with the same key, or none; changed in place.
    buffers : by_unit.Buffers
        Work space from `new_buffers`.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    first, steps : int
        Number of the first step, counted from the start of the run, and number of steps.
    """
    size, step, stop = ROWS // p.batch, first, first + steps
    for g in settings.trained:
        settings.done[g] = steps
        if first % size == 0:
            group.at[g] = NONE
    _advance(group, settings, p, block, buffers.bits, key0, key1, first, block.at[0] != first // size, False)
    while step < stop and settings.done[settings.trained].max() == steps:
        end = min(stop, (step // size + 1) * size)
        for g in settings.trained:
            if settings.done[g] == steps:
                settings.done[g] = _learn(group, settings, p, block, buffers, key0, key1, first, step, end, g)
        step = end
        if step < stop:
            _advance(group, settings, p, block, buffers.bits, key0, key1, step, True, True)
    for start in range(0, block.X.shape[1], PIECE):
        _move_piece(group, settings, block, start, min(start + PIECE, block.X.shape[1]))
    _forget_moves(settings, block)
    for g in settings.trained:
        group.at[g] = stop


@part
def _advance(group, settings, p, block, bits, key0, key1, step, is_new, is_next):
    """Prepare the block of a step: its inputs, products and fields.

    `is_new`: its inputs are not in memory. `is_next`: the weights make the moves of the block before, and the
    fields of all students are computed; otherwise of those that do not have them.
    """
    if is_new:
        block.at[0] = step // (ROWS // p.batch)
        block.gram[:] = 0.0
    X = block.X
    for u in settings.active:
        block.teacher[u] = 0.0
    for g in settings.trained:
        if is_next or group.at[g] != step:
            group.fields[g] = 0.0
    for start in range(0, X.shape[1], PIECE):
        stop = min(start + PIECE, X.shape[1])
        if is_next:
            _move_piece(group, settings, block, start, stop)
        if is_new:
            _draw_rows(X, p, block.at[0], start, stop, bits, key0, key1)
            add_products(X, start, stop, block.gram)
        for u in settings.active:
            add_fields(group.V[u], X, start, stop, block.teacher[u])
        for g in settings.trained:
            if is_next or group.at[g] != step:
                add_fields(group.W[g], X, start, stop, group.fields[g])
    if is_new:
        _separate_steps(block.gram, p.batch)
    if is_next:
        _forget_moves(settings, block)


@inner
def _separate_steps(gram, batch):
    """Set the products of inputs of the same step to 0: their fields do not change each other."""
    for r in range(ROWS):
        for s in range(r + 1, min(ROWS, (r // batch + 1) * batch)):
            gram[r, s] = 0.0


@inner
def _draw_rows(X, p, number, start, stop, bits, key0, key1):
    """Draw one piece of the inputs of a block."""
    for r in range(ROWS // p.batch * p.batch):
        step = number * (ROWS // p.batch) + r // p.batch
        draw(X[r, start:stop], p.N, start, bits, key0, key1, step, STREAMS * (r % p.batch) + INPUT)


@part
def _move_piece(group, settings, block, start, stop):
    """Make the moves that the weights have not made, in one piece."""
    for g in settings.trained:
        move(group.W[g], block.X, block.moves[g], block.left[g], settings.rates[g, 2], start, stop)


@inner
def _forget_moves(settings, block):
    """Set the moves of the trained networks to zero, after the weights have made them."""
    for g in settings.trained:
        block.moves[g] = 0.0
        block.left[g] = 1.0


@exact
def _constants_of(p, settings, V, g):
    """Return the constants of the steps of a network; without reference counts the arrays could be freed."""
    eta, eta_h, decay, decay_h = settings.rates[g]
    return StepConstants(
        p.N,
        with_parameters(p.law, settings.laws[g]),
        p.student,
        p.teacher,
        V[settings.teacher[g]],
        settings.v[g],
        settings.head[g],
        settings.moving[g],
        eta,
        eta_h,
        decay,
        decay_h,
        0.0,
        p.batch,
        0.0,
        0.0,
    )


@exact
def _learn(group, settings, p, block, buffers, key0, key1, first, step, end, g):
    """Train one network in the steps of one block; return how many steps of the call it has done."""
    now, batch = _constants_of(p, settings, group.V, g), p.batch
    h, fields, rho = group.h[g, now.head], group.fields[g], block.teacher[settings.teacher[g]]
    pending, factors, size = block.moves[g], block.left[g], ROWS // batch
    for s in range(step, end):
        row = s % size * batch
        for b in range(batch):
            _copy(fields, row + b, buffers.student[b, FIELD])
            _copy(rho, row + b, buffers.teacher[b, FIELD])
        if not learn(now.law, h, now, buffers, key0, key1, s):
            return s - first
        for b in range(batch):
            _move_fields(fields, buffers.moves[b], now, b == 0, pending, factors, block.gram, row + b)
    return settings.done[g]


@part
def _copy(fields, row, target):
    """Copy the fields of an input into an array with padding."""
    for k in range(len(fields)):
        target[k] = fields[k, row]


@part
def _move_fields(fields, moves, p, is_first, pending, factors, gram, row):
    """Change the fields of later inputs by the moves of one input, and save the moves for the weights."""
    for k in range(len(fields)):
        left = 1.0 - p.moving[k] * p.decay / p.N if is_first else 1.0
        pending[k, row], factors[k, row] = moves[k], left
        _move_field(fields[k], factors[k, row], pending[k, row], gram[row])


@part
def _move_field(field, left, c, gram):
    """Compute w x_s <- left w x_s + c G_rs for all inputs s; the products with earlier ones are 0."""
    for s in range(ROWS):
        field[s] = fma(c, gram[s], left * field[s])
