"""Random numbers: each is a function of (seed, run, purpose, step)."""

import math
from enum import IntEnum
from functools import lru_cache

import numpy as np

from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.maths.chi_square import fill_chi
from teacherstudent.kernels.maths.philox import BLOCK, fill_normals_from

# Number of multiply-adds that take as long as to draw a block of normal numbers.
WORK_PER_BLOCK = 48


class Purpose(IntEnum):
    """Purposes of streams of random numbers; streams of different purposes are independent."""

    TEACHER_FEATURES = 0
    TEACHER_READOUTS = 1
    STUDENT_WEIGHTS = 2
    STUDENT_READOUTS = 3
    GIVEN_OVERLAPS = 4
    TRAINING = 5
    COORDINATES = 6
    CHAIN = 7
    COORDINATE_REMAINDERS = 8
    SAMPLES = 9
    SAMPLE_LABEL_NOISE = 10
    SAMPLE_CHOICE = 11
    SAMPLE_LABEL_ORDER = 12
    TASKS = 13
    FISHER = 14
    TEACHER_DRIFT = 15
    REPLAY = 16
    CHAIN_TASK = 17
    CHAIN_DRIFT = 18
    IMAGE_ORDER = 20
    STUDENT_BIASES = 21
    READOUT_BIASES = 22
    PROJECTIONS = 23
    COMMON_ROTATION = 24
    GENERATOR = 25
    LATENTS = 26
    EQUIVALENT_INPUTS = 27
    TEST_LATENTS = 28
    TEST_INPUTS = 29
    DIRECTION_ORDER = 30
    CLUSTER_MEANS = 31
    CLUSTERS = 32
    STUDENT_INNER = 36
    ERROR_FIELDS = 37
    LABEL_FIELDS = 38


@lru_cache(maxsize=4096)
def counter_key(seed: int, run: int, purpose: Purpose, part: int = 0) -> tuple[np.uint32, np.uint32]:
    """Return the key of one purpose for the counter-based generator: a hash of seed, run and purpose.

    Parameters
    ----------
    seed, run : int
        Seed of all random numbers, and number of the run.
    purpose : Purpose
        Purpose of the random numbers.
    part : int
        Number of the part of the networks or inputs for which they are, if there are several.

    Returns
    -------
    key0, key1 : uint32
        Key for `kernels.maths.philox`.
    """
    words = [seed, run, int(purpose), *[part] * (part > 0)]
    key = np.random.SeedSequence(words).generate_state(2, np.uint32)
    return key[0], key[1]


def normals(seed: int, run: int, purpose: Purpose, shape: tuple[int, ...], part: int = 0) -> np.ndarray:
    """Draw independent standard normal numbers for a purpose that needs them once in a run.

    Parameters
    ----------
    seed, run : int
        Seed of all random numbers, and number of the run.
    purpose : Purpose
        Purpose of the random numbers.
    shape : tuple of int
        Shape of the array, which is filled in row-major order.
    part : int
        As in `counter_key`.

    Returns
    -------
    array of this shape
    """
    out, key = np.empty(math.prod(shape)), counter_key(seed, run, purpose, part)
    for piece in in_pieces(-(-out.size // BLOCK), WORK_PER_BLOCK):
        fill_normals_from(BLOCK * piece.start, out[BLOCK * piece.start : BLOCK * piece.stop], *key, 0, 0)
    return out.reshape(shape)


def triangular_rows(seed: int, run: int, count: int, dimension: int, part: int = 0) -> np.ndarray:
    """Draw Gaussian rows of N numbers, given by coordinates in their Gram-Schmidt frame.

    Row i has i normal coordinates along the axes of the rows before it, and a last coordinate whose square is
    chi-square distributed with N - i degrees of freedom (Bartlett, Proc. R. Soc. Edinb. 53 (1933) 260).

    Parameters
    ----------
    seed, run : int
        Seed of all random numbers, and number of the run.
    count : int
        Number of rows.
    dimension : int
        Number N of numbers in a row, of any size: the rows themselves are not drawn.
    part : int
        As in `counter_key`.

    Returns
    -------
    array (count, min(count, N))
        Lower triangular matrix of coordinates.
    """
    rows = np.tril(normals(seed, run, Purpose.COORDINATES, (count, min(count, dimension)), part), -1)
    remainders, diagonal = np.empty(rows.shape[1]), np.arange(rows.shape[1])
    key = counter_key(seed, run, Purpose.COORDINATE_REMAINDERS, part)
    fill_chi(remainders, dimension - diagonal, *key)
    rows[diagonal, diagonal] = remainders
    return rows
