"""Teachers that move after each step: random drift, and rotation in a plane."""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inner, part
from teacherstudent.kernels.network.by_unit import PIECE
from teacherstudent.kernels.network.pulls import product
from teacherstudent.kernels.network.sgd import draw


class Motion(NamedTuple):
    """How P teachers of M units move."""

    drift: np.ndarray  # (P,) delta
    lengths: np.ndarray  # (P, M) Euclidean lengths of the units, which drift does not change
    turning: int  # teacher that turns; -1 where none turns
    plane: np.ndarray  # (2, M, n) its units at angle 0 and at a right angle
    rate: float  # angle per unit of time t = steps / N
    first: int  # step at which it starts to turn
    largest: float  # angle at which it stops


@part
def move_teachers(V, motion, buffers, N, key0, key1, step):
    """Move the teachers after a step.

    Drift: B <- (1 - delta / N) B + sqrt(1 - (1 - delta / N)^2) |B| xi / sqrt N with standard normal xi, then
    scaled to its length. Straat et al., Entropy 20 (2018) 775. Rotation: B = cos(a) u_1 + sin(a) u_2, with an
    angle a = rate (step + 1 - first) / N that depends only on the number of the step.

    Parameters
    ----------
    V : array (P, M, n)
        First layers of the teachers, padded; changed in place.
    motion : Motion
        How they move.
    buffers : by_unit.Buffers
        Its `noise` and `bits` are work space.
    N : int
        Number of inputs.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`; unit m of teacher p uses stream p M + m.
    step : int
        Number of the step, counted from the start of the run.
    """
    for p in range(len(V)):
        if motion.drift[p] > 0.0:
            for m in range(V.shape[1]):
                stream = p * V.shape[1] + m
                for start in range(0, V.shape[2], PIECE):
                    noise = buffers.noise[start : start + PIECE]
                    draw(noise, N, start, buffers.bits, key0, key1, step, stream)
                _drift(V[p, m], buffers.noise, 1.0 - motion.drift[p] / N, motion.lengths[p, m], N)
    if motion.turning >= 0:
        angle = min(motion.rate * (step + 1 - motion.first) / N, motion.largest)
        for m in range(V.shape[1]):
            _turn(V[motion.turning, m], motion.plane[0, m], motion.plane[1, m], angle)


@inner
def _drift(row, noise, left, length, N):
    """Mix a row with noise and scale it to its length."""
    amount = math.sqrt(1.0 - left * left) * length / math.sqrt(N)
    for n in range(len(row)):
        row[n] = left * row[n] + amount * noise[n]
    scale = length / math.sqrt(product(row, row))
    for n in range(len(row)):
        row[n] *= scale


@inner
def _turn(row, one, two, angle):
    """Compute cos(angle) one + sin(angle) two."""
    c, s = math.cos(angle), math.sin(angle)
    for n in range(len(row)):
        row[n] = c * one[n] + s * two[n]
