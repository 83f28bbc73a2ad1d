"""The exact Markov chain of the order parameters of online SGD on Gaussian inputs, many chains at a time.

Student and teachers have coordinates S = [G A] and [0 B] in a frame of p + r axes (`frames`), p = K. One step
of online SGD (Saad & Solla, Phys. Rev. E 52 (1995) 4225), which `kernels.network.sgd` makes with the weights
themselves, is:

1. An input has normal coordinates w (K) and z (r). Its remainder is orthogonal to the frame: the length is
   the square root of a chi-square variate with N - K - r degrees of freedom, and its direction is one further
   axis. The fields are lambda = G w + A z and rho = B z.
2. The frame is rotated until (w, remainder) is parallel to the further axis, on which the student then has
   the coordinates Y (K).
3. The law of one step (`law`) moves the student along the coordinates of the input, which changes
   A and Y only, and its readouts.
4. The frame is rotated until Y is zero and G triangular again.

A batch needs one further axis for each sample. Sample b has b normal coordinates along the axes of the
previous samples, and its remainder has N - K - r - b degrees of freedom (Bartlett decomposition: M. S.
Bartlett, Proc. R. Soc. Edinb. 53 (1933) 260). If N is too small for so many axes, the frame has all N axes,
p = 0 and r = N, and is not rotated.
"""

import numpy as np

from teacherstudent.kernels.chain.arrays import (
    LABEL_NOISE,
    LENGTH,
    NORMALS,
    RETRY,
    STREAMS,
    coordinates,
)
from teacherstudent.kernels.chain.columns import (
    add_multiples,
    fill_normal_rows,
    rescale,
)
from teacherstudent.kernels.chain.frames import rotate_back, rotate_to_input
from teacherstudent.kernels.chain.law import differentiate, label, label_numbers, move, respond
from teacherstudent.kernels.chain.records import save
from teacherstudent.kernels.chain.thresholds import below_threshold
from teacherstudent.kernels.compile.flags import by_column, column_loop, entry
from teacherstudent.kernels.maths.chi_square import chi


@entry
def train(shape, terms, teachers, state, constants, keys, buffers, history, first, end, interval):
    """Train all chains from one step to another.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    terms : Terms
        Terms that at least one of the chains has.
    teachers : Teachers
        All teachers.
    state : State
        The students, changed in place.
    constants : ChainConstants
        Constants of the phases.
    keys : Keys
        Keys of the random numbers.
    buffers : Buffers
        Work space from `new_buffers`.
    history : History
        Receives the states at its steps, which are after `first`; those after `end` are not reached.
    first, end : int
        The steps are first, ..., end - 1, counted from the start of the run.
    interval : int
        After steps whose number is a multiple of it the errors are compared with the thresholds; training
        ends where the error of a chain is below. 0 for never.

    Returns
    -------
    int
        Number of the next step: `end`, or an earlier one where a threshold was reached.
    """
    saved = 0
    for step in range(first, end):
        _make_step(shape, terms, state, constants, keys, buffers, step)
        if saved < len(history.steps) and history.steps[saved] == step + 1:
            save(history, saved, state)
            saved += 1
        is_compared = interval > 0 and (step + 1) % interval == 0
        if is_compared and below_threshold(shape, teachers, state, constants).any():
            return step + 1
    return end


@by_column
def _make_step(shape, terms, state, constants, keys, buffers, step):
    """Make one step."""
    for b in range(shape.batch):
        last = coordinates(shape, b)
        draw(shape, terms, constants.law, keys, buffers, b, step)
        numbers = buffers.u[b, last + LABEL_NOISE :]
        label(constants.law.labels, shape, constants, buffers, b, buffers.u[b, shape.p :], numbers)
        if terms.input_noise:
            add_input_noise(shape, constants, buffers.u[b], last)
    descend(shape, terms, state, constants, buffers)


@entry
def advance(shape, terms, state, constants, buffers, z, u, numbers):
    """Make one step with given inputs, to test the law of one step without random numbers.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    terms : Terms
        Terms that at least one of the chains has.
    state : State
        The students, changed in place.
    constants : ChainConstants
        Constants of the phases.
    buffers : Buffers
        Work space from `new_buffers`.
    z : array (batch, r, C)
        Coordinates of the inputs without noise, for the teachers.
    u : array (batch, p + r + q, C)
        Coordinates of the inputs of the student.
    numbers : array (batch, n, C)
        Standard normal numbers, for the labels.
    """
    for b in range(shape.batch):
        buffers.u[b, : u.shape[1]] = u[b]
        label(constants.law.labels, shape, constants, buffers, b, z[b], numbers[b])
    descend(shape, terms, state, constants, buffers)


@by_column
def draw(shape, terms, law, keys, buffers, b, step):
    """Draw the coordinates of sample b without noise, followed by the other normals.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    terms : Terms
        Terms that at least one of the chains has.
    law : Law
        Law of the steps.
    keys : Keys
        Keys of the random numbers.
    buffers : Buffers
        Row b of `u` receives the numbers.
    b : int
        Number of the sample in the batch.
    step : int
        Number of the step.
    """
    u, last, stream = buffers.u[b], coordinates(shape, b), STREAMS * b
    end = last + LENGTH + 1
    if terms.label_noise:
        end = last + LABEL_NOISE + label_numbers(law.labels)
    if terms.input_noise:
        end = last + LABEL_NOISE + label_numbers(law.labels) + shape.r
    fill_normal_rows(u, end, buffers.bits, keys.key0, keys.key1, step, stream + NORMALS)
    if shape.p > 0:
        dof = shape.N - shape.p - shape.r - b
        chi(u[last - 1], u[last + LENGTH], dof, keys.key0, keys.key1, step, stream + RETRY)


@by_column
def add_input_noise(shape, constants, u, last):
    """Turn the coordinates u of an input of the teachers into those of the noisy input of the student.

    On the axes of the teachers they become u + noise xi with a standard normal xi. Only the student has
    coordinates on the other axes; there u is multiplied by sqrt(1 + noise^2): the same distribution.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    constants : ChainConstants
        Constants of the phases.
    u : array (n, C)
        Coordinates, changed in place, followed by normals.
    last : int
        Number of coordinates.
    """
    noise = last + LABEL_NOISE + label_numbers(constants.law.labels)
    add_multiples(u[shape.p : shape.p + shape.r], constants.input_noise, u[noise:])
    for i in range(last):
        if not shape.p <= i < shape.p + shape.r:
            rescale(u[i], constants.input_length)


@by_column
def descend(shape, terms, state, constants, buffers):
    """Move the student by the mean gradient of a batch, except in chains whose error is not finite.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    terms : Terms
        Terms that at least one of the chains has.
    state : State
        The students, changed in place.
    constants : ChainConstants
        Constants of the phases.
    buffers : Buffers
        Coordinates and labels of the samples.
    """
    for b in range(shape.batch):
        if shape.p > 0:
            rotate_to_input(state.S, buffers, b, 0, shape.p, shape.p + shape.r + b)
        respond(constants.law.student, shape, state, buffers, b)
        differentiate(constants.law.loss, buffers.error[b], buffers.target[b])
    stop_where_not_finite(state.finite, state.steps, buffers.error)
    for k in range(len(state.h)):
        move(constants.law.student, shape, terms, state.S[k], state.h[k], constants, buffers, k)
    if shape.p > 0:
        for y in range(shape.p + shape.r, state.S.shape[1]):
            rotate_back(state.S, buffers, 0, shape.p, y)


@by_column
def stop_where_not_finite(finite, steps, error):
    """Stop chains whose error is not finite, and count the steps of the others.

    Parameters
    ----------
    finite, steps : array (C,) of int64
        As in `State`, changed in place.
    error : array (batch, C)
        Errors of the samples of the step; they become 0 where a chain stops.
    """
    for b in range(len(error)):
        _stop(finite, error[b])
    for b in range(len(error)):
        _clear_error(finite, error[b])
    _count(finite, steps)


@column_loop
def _stop(finite, error):
    """Mark the chains whose error is not finite."""
    for c in range(len(finite)):
        finite[c] = finite[c] if abs(error[c]) < np.inf else 0


@column_loop
def _clear_error(finite, error):
    """Set the error of stopped chains to zero."""
    for c in range(len(finite)):
        error[c] = error[c] if finite[c] > 0 else 0.0


@column_loop
def _count(finite, steps):
    """Count the step of the chains that have not stopped."""
    for c in range(len(steps)):
        steps[c] += finite[c]
