"""The constants of a step, the rows of its buffers, and its streams of random numbers."""

from typing import NamedTuple

import numpy as np

# Streams of random numbers of one sample in a step; sample b of a batch uses STREAMS b + stream.
INPUT, LABEL_NOISE, INPUT_NOISE, STREAMS = 0, 1, 2, 3

FIELD, ACTIVITY, SLOPE = 0, 1, 2  # rows of the buffers of a layer: fields, activations, their derivatives


class StepConstants(NamedTuple):
    """Constants while one teacher is active. K student units, M teacher units, N inputs."""

    N: int  # number of inputs
    law: tuple  # NamedTuple whose type is the law of one step (`law`), such as `SquaredError`
    student: int  # activation codes (`activations.CODES`)
    teacher: int
    V: np.ndarray  # active teacher: (M, n) as `by_unit.padded` makes it, or (N, m) as `wide.across` does
    v: np.ndarray  # (M,) readouts of the active teacher
    head: int  # row of h that is trained
    moving: np.ndarray  # (K,), or (k,) with k >= K in `wide`; 1, or 0 for a frozen unit
    eta: float  # learning rate of the first layer; 0 where it is not trained
    eta_h: float  # learning rate of the readouts; 0 where they are not trained
    decay: float  # weight decay of the first layer
    decay_h: float  # weight decay of the readouts
    input_noise: float  # standard deviation of the noise on the inputs of the student
    batch: int  # samples of a step
    eta_u: float = 0.0  # learning rate of the inner layers; 0 where they are not trained
    decay_u: float = 0.0  # weight decay of the inner layers
