"""The constants of a step, the rows of its buffers, and its streams of random numbers."""

from typing import NamedTuple

import numpy as np

# Streams of random numbers of one sample in a step; sample b of a batch uses STREAMS b + stream.
INPUT, LABEL_NOISE, INPUT_NOISE, STREAMS = 0, 1, 2, 3

FIELD, ACTIVITY, SLOPE = 0, 1, 2  # rows of the buffers of a layer: fields, activations, their derivatives


class StepConstants(NamedTuple):
    """What is constant while one teacher is active. K student units, M teacher units, N inputs."""

    N: int
    law: tuple  # NamedTuple whose type is the law of one step (`law`), such as `SquaredError`
    student: int  # activation codes (`activations.CODES`)
    teacher: int
    V: np.ndarray  # active teacher: (M, n) as `by_unit.padded` makes it, or (N, m) as `wide.across` does
    v: np.ndarray  # (M,)
    head: int  # row of h that is trained
    moving: np.ndarray  # (K,), by input (k,) with k >= K; 1, or 0 for a frozen unit
    eta: float  # learning rates; 0 where a layer is not trained
    eta_h: float
    decay: float  # weight decay of the first layer and of the readouts
    decay_h: float
    input_noise: float  # standard deviation of the noise on the inputs of the student
    batch: int
