"""Steps of chains with interventions: several tasks at a time, imperfect replay, anchors, moving teachers.

A step is that of `recursion`, with the constants of the task of the step. Chains without interventions have
the same bits here.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.anchors import Anchors, add_anchors, add_path_integral, copy_readouts
from teacherstudent.kernels.chain.arrays import LABEL_NOISE, coordinates
from teacherstudent.kernels.chain.columns import rescale
from teacherstudent.kernels.chain.frames import fill_gram
from teacherstudent.kernels.chain.law import label
from teacherstudent.kernels.chain.motion import Motion, drift, place_teachers
from teacherstudent.kernels.chain.recursion import add_input_noise, descend, draw
from teacherstudent.kernels.chain.tasks import Tasks, choose_tasks, load_head, load_teacher, store_head
from teacherstudent.kernels.chain.thresholds import below_threshold
from teacherstudent.kernels.compile.flags import entry


class Parts(NamedTuple):
    """Interventions that at least one of the chains has; others are not computed."""

    tasks: bool  # several tasks
    in_turn: bool  # several tasks in turn
    fidelity: bool  # inputs of student and teacher that are not equal
    anchors: bool  # penalties
    path: bool  # path integrals
    drift: bool  # teachers that drift
    rotation: bool  # a teacher that turns


class Interventions(NamedTuple):
    """Everything that differs from training on one task."""

    parts: Parts
    tasks: Tasks
    anchors: Anchors
    motion: Motion
    fidelity: np.ndarray  # (C,) correlation of the inputs of student and teacher


@entry
def train(shape, terms, interventions, teachers, state, constants, keys, buffers, first, end, interval):
    """Train all chains from one step to another, as `recursion.train` does, with interventions.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    terms : Terms
        Terms that at least one of the chains has.
    interventions : Interventions
        Tasks, anchors and motion of the teachers; changed in place.
    teachers : Teachers
        All teachers.
    state : State
        The students, changed in place.
    constants : ChainConstants
        Constants of the task of a step: rows of `interventions.tasks.now`.
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
    parts, tasks, anchors, motion, fidelity = interventions
    moving = parts.drift or parts.rotation
    for step in range(first, end):
        if parts.tasks:
            choose_tasks(tasks, parts.in_turn, step)
            load_head(tasks, state.h, tasks.head)
        if parts.tasks or moving:
            load_teacher(tasks, constants.B, teachers.B)
        for b in range(shape.batch):
            last = coordinates(shape, b)
            draw(shape, terms, constants.law, keys, buffers, b, step)
            numbers = buffers.u[b, last + LABEL_NOISE :]
            label(constants.law.labels, shape, constants, buffers, b, buffers.u[b, shape.p :], numbers)
            if parts.fidelity:
                for i in range(shape.p, shape.p + shape.r):
                    rescale(buffers.u[b, i], fidelity)
            if terms.input_noise:
                add_input_noise(shape, constants, buffers.u[b], last)
        if parts.path:
            copy_readouts(anchors, state.h)
        descend(shape, terms, state, constants, buffers)
        if parts.anchors:
            add_anchors(shape, anchors, state.S)
        if parts.path:
            add_path_integral(shape, anchors, buffers)
        if parts.tasks:
            store_head(tasks, state.h)
        if parts.drift:
            drift(shape, motion, anchors.c, state.S, buffers, step)
        if parts.rotation:
            place_teachers(motion, teachers.B, step + 1)
        is_compared = interval > 0 and (step + 1) % interval == 0
        if parts.tasks and (is_compared or step + 1 == end):
            load_head(tasks, state.h, tasks.main)
        if is_compared and moving:
            fill_gram(teachers.T, teachers.B, 0, len(teachers.B))
        if is_compared and below_threshold(shape, teachers, state, constants).any():
            return step + 1
    return end
