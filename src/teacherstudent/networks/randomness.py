"""Every random number is a function of (seed, run, purpose, step)."""

import math
from enum import IntEnum

import numpy as np

from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.maths.chi_square import fill_chi
from teacherstudent.kernels.maths.philox import BLOCK, fill_normals_from

# Multiply-adds in whose time a block of normals is drawn.
WORK_PER_BLOCK = 48


class Purpose(IntEnum):
    """What a stream of random numbers is for; streams of different purposes are independent."""

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


def counter_key(seed: int, run: int, purpose: Purpose) -> tuple[np.uint32, np.uint32]:
    """Return the key of one purpose for the counter-based generator: a hash of seed, run and purpose.

    Parameters
    ----------
    seed, run : int
        Seed of all random numbers, and number of the run.
    purpose : Purpose
        What the random numbers are for.

    Returns
    -------
    key0, key1 : uint32
        Key of `kernels.maths.philox`.
    """
    key = np.random.SeedSequence([seed, run, int(purpose)]).generate_state(2, np.uint32)
    return key[0], key[1]


def normals(seed: int, run: int, purpose: Purpose, shape: tuple[int, ...]) -> np.ndarray:
    """Draw the independent standard normals of a purpose that draws once a run.

    Parameters
    ----------
    seed, run : int
        Seed of all random numbers, and number of the run.
    purpose : Purpose
        What they are for.
    shape : tuple of int
        Shape of the array, which is filled row by row.

    Returns
    -------
    array of this shape
    """
    out, key = np.empty(math.prod(shape)), counter_key(seed, run, purpose)
    for part in in_pieces(-(-out.size // BLOCK), WORK_PER_BLOCK):
        fill_normals_from(BLOCK * part.start, out[BLOCK * part.start : BLOCK * part.stop], *key, 0, 0)
    return out.reshape(shape)


def triangular_rows(seed: int, run: int, count: int, dimension: int) -> np.ndarray:
    """Draw Gaussian rows of N numbers by their coordinates in the frame that they span one after the other.

    Row i has i normal coordinates along the rows before it and a remainder whose square is chi-square with
    N - i degrees of freedom (Bartlett, Proc. R. Soc. Edinb. 53 (1933) 260).

    Parameters
    ----------
    seed, run : int
        Seed of all random numbers, and number of the run.
    count : int
        Number of rows.
    dimension : int
        Number N of numbers in a row; they are not drawn themselves.

    Returns
    -------
    array (count, min(count, N))
    """
    rows = np.tril(normals(seed, run, Purpose.COORDINATES, (count, min(count, dimension))), -1)
    remainders, diagonal = np.empty(rows.shape[1]), np.arange(rows.shape[1])
    fill_chi(remainders, dimension - diagonal, *counter_key(seed, run, Purpose.COORDINATE_REMAINDERS))
    rows[diagonal, diagonal] = remainders
    return rows
