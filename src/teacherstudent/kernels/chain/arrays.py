"""Arrays of the kernels of the chain. There are C chains, one per column, K student and M teacher units.

In a frame of p + r axes (`frames`) sample b of a batch has b + 1 further coordinates, or none if p = 0. With
groups of inputs (`groups`) it has so many in each group whose p is not 0.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.frames import Shape
from teacherstudent.kernels.chain.law import Law, label_numbers
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import by_column

# Streams of random numbers of one sample in a step; sample b of a batch uses STREAMS b + stream.
NORMALS, RETRY, STREAMS = 0, 1, 2
# Normals after the coordinates of a sample, whose last one is the length of the remainder: one for this
# length, those of the label, and those of the noise on the input.
LENGTH, LABEL_NOISE = 0, 1


class State(NamedTuple):
    """State of the students, which changes from step to step."""

    S: np.ndarray  # (K, p + r + q, C) student, [G A Y] with q = batch, or q = 0 if p = 0
    h: np.ndarray  # (K, C) readouts of the head that is trained
    finite: np.ndarray  # (C,) int64, 1 while the error is finite, then 0
    steps: np.ndarray  # (C,) int64, number of steps with a finite error


class ChainConstants(NamedTuple):
    """Constants of a step on one task; each chain has its own values."""

    active: np.ndarray  # (C,) int64, number of the teacher whose error is compared with the threshold
    B: np.ndarray  # (M, s, C) coordinates of the teacher that labels the inputs, / sqrt N
    v: np.ndarray  # (M, C) its readouts
    keep: np.ndarray  # (K, C) factor of the weights in a step: 1 - decay / N, or 1 where they are frozen
    rate: np.ndarray  # (K, C) eta / (N batch), 0 where the weights are frozen
    keep_h: np.ndarray  # (C,) the same factor for the readouts
    rate_h: np.ndarray  # (C,) the same rate for the readouts
    output_noise: np.ndarray  # (C,) standard deviation of the noise on the labels
    input_noise: np.ndarray  # (C,) standard deviation of the noise on the inputs of the student
    input_length: np.ndarray  # (C,) sqrt(1 + input_noise^2)
    threshold: np.ndarray  # (C,) error at which the phase ends; 0: never
    law: Law  # labels, loss and network of a step


class Terms(NamedTuple):
    """Terms that at least one of the chains has; other terms are not computed."""

    decay: bool  # weight decay, of the first layer or of the readouts
    label_noise: bool  # random numbers of labels, such as noise
    input_noise: bool  # noise on the inputs of the student


class Keys(NamedTuple):
    """Keys of the random numbers of each chain."""

    key0: np.ndarray  # (C,) uint64, first word of the key, see `maths.philox`
    key1: np.ndarray  # (C,) uint64, second word


class Buffers(NamedTuple):
    """Work space of a step."""

    u: np.ndarray  # (batch, n, C) coordinates of each sample, p + r + b + 1, and further normals after them
    bits: np.ndarray  # (2, C) uint64, random bits
    rho: np.ndarray  # (3, M, C) fields of the teacher, g and g'
    units: np.ndarray  # (3, batch, K, C) fields of the student, g and g'
    target: np.ndarray  # (batch, C) labels
    error: np.ndarray  # (batch, C) derivative of the loss with respect to the output of the student
    factor: np.ndarray  # (C,) factor of the coordinates of a sample in a move
    cosine: np.ndarray  # (C,) cosines of a rotation
    sine: np.ndarray  # (C,) sines of a rotation


def terms_of(constants: ChainConstants) -> Terms:
    """Return the terms that at least one of the chains has."""
    decay = np.any(constants.keep != 1.0) or np.any(constants.keep_h != 1.0)
    return Terms(
        bool(decay),
        has_label_noise(constants.law, constants.output_noise),
        bool(np.any(constants.input_noise)),
    )


def has_label_noise(law: Law, output_noise: np.ndarray) -> bool:
    """Return whether random numbers of labels are drawn: for noise, and for all of them with further ones."""
    return label_numbers(law.labels) > 1 or bool(np.any(output_noise))


def new_buffers(shape: Shape, K: int, M: int, C: int, groups: int = 1, numbers: int = 1) -> Buffers:
    """Allocate the work space for the steps of some chains.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    K, M : int
        Numbers of units of the student and of one teacher.
    C : int
        Number of chains.
    groups : int
        Number of groups of inputs.
    numbers : int
        Number of normals of a label.

    Returns
    -------
    Buffers
        Arrays of zeros.
    """
    batch, further = shape.batch, shape.batch * shape.further
    count = shape.p + 2 * shape.r + further + groups + numbers
    rows = aligned_zeros((3, C))
    return Buffers(
        u=aligned_zeros((batch, -(-count // 4) * 4, C)),
        bits=aligned_zeros((2, C), np.uint64),
        rho=aligned_zeros((3, M, C)),
        units=aligned_zeros((3, batch, K, C)),
        target=aligned_zeros((batch, C)),
        error=aligned_zeros((batch, C)),
        factor=rows[0],
        cosine=rows[1],
        sine=rows[2],
    )


@by_column
def coordinates(shape, b):
    """Return the number of coordinates of sample b: p + r + (b + 1) further, or r if p = 0."""
    return shape.p + shape.r + ((b + 1) * shape.further if shape.p > 0 else 0)
