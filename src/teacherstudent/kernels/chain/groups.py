"""The exact Markov chain for Gaussian inputs whose covariance has few distinct eigenvalues.

The inputs are in G groups, each a space of n_g directions in which all variances are equal. An input of group
g is seen_g z + sqrt(rest_g) z', with independent standard normal z, which the teachers see, and z'. In each
group the frame is that of `recursion`, and an input has the coordinates w (p_g), z (r_g) and the length of a
remainder with n_g - p_g - r_g degrees of freedom; a group with too few directions for that has all n_g axes,
p_g = 0 and r_g = n_g. Fields are sums over the groups. The student moves along the coordinates of the input
in every group, and the frame of each group is rotated by itself.

The axes of all groups are in one row: all G, then all A, then the further axes of each sample. With one
group, seen = 1 and rest = 0, all numbers are those of `recursion`.
"""

import numpy as np

from teacherstudent.kernels.chain.arrays import LABEL_NOISE, NORMALS, RETRY, coordinates
from teacherstudent.kernels.chain.columns import add_multiples, fill_normal_rows, rescale
from teacherstudent.kernels.chain.frames import rotate_back, rotate_to_input
from teacherstudent.kernels.chain.group_overlaps import below_threshold
from teacherstudent.kernels.chain.law import differentiate, label, label_numbers, move, respond
from teacherstudent.kernels.chain.recursion import stop_where_not_finite
from teacherstudent.kernels.chain.tasks import choose_tasks, load_head, load_teacher, store_head
from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.chi_square import chi


@entry
def train(
    shape,
    groups,
    terms,
    is_mixed,
    in_turn,
    tasks,
    teachers,
    state,
    constants,
    keys,
    buffers,
    first,
    end,
    interval,
):
    """Train all chains from one step to another, as `recursion.train` and `interventions.train` do.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    groups : Groups
        The groups of inputs; work space for their variances is changed.
    terms : Terms
        Terms that at least one of the chains has; `input_noise` also where a group has a rest.
    is_mixed, in_turn : bool
        Whether a chain has several tasks, and takes them in turn.
    tasks : Tasks
        The tasks of all chains; changed in place.
    teachers : Teachers
        All teachers; `B` are the coordinates of what they see: fields are sums of B z over the axes of A.
    state : State
        The students, changed in place.
    constants : ChainConstants
        Constants of the task of a step: rows of `tasks.now`.
    keys : Keys
        Keys of the random numbers of the inputs.
    buffers : Buffers
        Work space from `new_buffers`.
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
    set_lengths(groups, constants.input_noise)
    for step in range(first, end):
        if is_mixed:
            choose_tasks(tasks, in_turn, step)
            load_head(tasks, state.h, tasks.head)
            load_teacher(tasks, constants.B, teachers.B)
            set_lengths(groups, constants.input_noise)
        for b in range(shape.batch):
            draw(shape, groups, terms, constants.law, keys, buffers, b, step)
            label_sample(shape, groups, constants, buffers, b)
            scale(shape, groups, terms, constants.law, buffers.u[b], b)
        descend(shape, groups, terms, state, constants, buffers)
        if is_mixed:
            store_head(tasks, state.h)
        is_compared = interval > 0 and (step + 1) % interval == 0
        if is_mixed and (is_compared or step + 1 == end):
            load_head(tasks, state.h, tasks.main)
        if is_compared and below_threshold(shape, groups, teachers, state, constants).any():
            return step + 1
    return end


@by_column
def set_lengths(groups, input_noise):
    """Compute the standard deviations `noise` and `length` of the groups, with the input noise (C,)."""
    for g in range(len(groups.n)):
        for c in range(len(input_noise)):
            rest = groups.rest[g] + input_noise[c] * input_noise[c]
            groups.noise[g, c] = np.sqrt(rest)
            groups.length[g, c] = np.sqrt(groups.seen[g, c] * groups.seen[g, c] + rest)


@by_column
def draw(shape, groups, terms, law, keys, buffers, b, step):
    """Draw the coordinates of sample b with variance 1, followed by the other normals.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    groups : Groups
        The groups of inputs.
    terms : Terms
        Terms that at least one of the chains has.
    law : Law
        Law of the steps.
    keys : Keys
        Keys of the random numbers.
    buffers : Buffers
        Row b of `u` receives the numbers: coordinates, a normal for the remainder in each group, those of the
        label, and r for the numbers that only the student sees.
    b : int
        Number of the sample in the batch.
    step : int
        Number of the step.
    """
    u, last, G = buffers.u[b], coordinates(shape, b), len(groups.n)
    stream, end = (G + 1) * b, last + G
    if terms.label_noise:
        end = last + G + label_numbers(law.labels)
    if terms.input_noise:
        end = last + G + label_numbers(law.labels) + shape.r
    fill_normal_rows(u, end, buffers.bits, keys.key0, keys.key1, step, stream + NORMALS)
    for g in range(G):
        if groups.p[g] > 0:
            dof = groups.n[g] - groups.p[g] - groups.r[g] - b
            remainder, other = u[last - groups.last[g]], u[last + g]
            chi(remainder, other, dof, keys.key0, keys.key1, step, stream + RETRY + g)


@by_column
def label_sample(shape, groups, constants, buffers, b):
    """Compute the labels of sample b.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    groups : Groups
        The groups of inputs.
    constants : ChainConstants
        Constants of the task of the step.
    buffers : Buffers
        Coordinates of the samples and the other normals, from `draw`.
    b : int
        Number of the sample in the batch.
    """
    numbers = buffers.u[b, coordinates(shape, b) + LABEL_NOISE + len(groups.n) - 1 :]
    label(constants.law.labels, shape, constants, buffers, b, buffers.u[b, shape.p :], numbers)


@by_column
def scale(shape, groups, terms, law, u, b):
    """Turn the coordinates of sample b into those of the input of the student.

    On the axes of the teachers they become seen z + noise xi with a standard normal xi, on others length z.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    groups : Groups
        The groups of inputs.
    terms : Terms
        Terms that at least one of the chains has.
    law : Law
        Law of the steps.
    u : array (n, C)
        Coordinates, changed in place, followed by normals.
    b : int
        Number of the sample in the batch.
    """
    xi = coordinates(shape, b) + len(groups.n) + label_numbers(law.labels)
    for g in range(len(groups.n)):
        first, own = groups.first[g], groups.own[g]
        for i in range(first, first + groups.p[g]):
            rescale(u[i], groups.length[g])
        for i in range(own, own + groups.r[g]):
            rescale(u[i], groups.seen[g])
        if terms.input_noise:
            add_multiples(u[own : own + groups.r[g]], groups.noise[g], u[xi + own - shape.p :])
        if groups.p[g] > 0:
            for sample in range(b + 1):
                y = coordinates(shape, sample) - groups.last[g]
                rescale(u[y], groups.length[g])


@by_column
def descend(shape, groups, terms, state, constants, buffers):
    """Move the student by the mean gradient of a batch, except in chains whose error is not finite.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    groups : Groups
        The groups of inputs.
    terms : Terms
        Terms that at least one of the chains has.
    state : State
        The students, changed in place.
    constants : ChainConstants
        Constants of the task of the step.
    buffers : Buffers
        Coordinates and labels of the samples.
    """
    for b in range(shape.batch):
        for g in range(len(groups.n)):
            if groups.p[g] > 0:
                y = coordinates(shape, b) - groups.last[g]
                rotate_to_input(state.S, buffers, b, groups.first[g], groups.p[g], y)
        respond(constants.law.student, shape, state, buffers, b)
        differentiate(constants.law.loss, buffers.error[b], buffers.target[b])
    stop_where_not_finite(state.finite, state.steps, buffers.error)
    for k in range(len(state.h)):
        move(constants.law.student, shape, terms, state.S[k], state.h[k], constants, buffers, k)
    for b in range(shape.batch):
        for g in range(len(groups.n)):
            if groups.p[g] > 0:
                y = coordinates(shape, b) - groups.last[g]
                rotate_back(state.S, buffers, groups.first[g], groups.p[g], y)
