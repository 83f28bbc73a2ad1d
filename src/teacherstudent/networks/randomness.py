"""Random numbers: each is a function of (seed, run, purpose, step)."""

import math
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache

import numpy as np

from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.maths.draws import fill_chi_of_runs, fill_keys, fill_normals_of_runs
from teacherstudent.kernels.maths.philox import BLOCK, fill_normals_from

# Number of multiply-adds that take as long as to draw a block of normal numbers.
WORK_PER_BLOCK = 48
# Numbers of all runs that are drawn without checks for an interruption.
SHORT_DRAW = 100_000


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
    key = counter_keys(seed, [run], purpose, part)[0]
    return np.uint32(key[0]), np.uint32(key[1])


def counter_keys(seed: int, runs: Sequence[int], purpose: Purpose, part: int = 0) -> np.ndarray:
    """Return the keys of several runs for one purpose.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of each run.
    purpose : Purpose
        Purpose of the random numbers.
    part : int
        As in `counter_key`.

    Returns
    -------
    array (runs, 2) of uint64
        The words of each key, below 2^32.
    """
    keys = np.empty((len(runs), 2), dtype=np.uint64)
    numbers = np.uint64(seed), np.array(runs, dtype=np.uint64), np.uint64(purpose), np.uint64(part)
    with np.errstate(over="ignore"):  # products modulo 2^64: numpy warns of them, compiled code does not
        fill_keys(keys, *numbers)
    return keys


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


def normals_of_runs(
    seed: int, runs: Sequence[int], purpose: Purpose, shape: tuple[int, ...], part: int = 0
) -> np.ndarray:
    """Draw the numbers of `normals` for several runs.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of each run.
    purpose : Purpose
        Purpose of the random numbers.
    shape : tuple of int
        Shape of the array of each run.
    part : int
        As in `counter_key`.

    Returns
    -------
    array (runs, *shape)
    """
    out = np.empty((len(runs), math.prod(shape)))
    if out.size > SHORT_DRAW:
        return np.stack([normals(seed, run, purpose, shape, part) for run in runs])
    fill_normals_of_runs(out, counter_keys(seed, runs, purpose, part))
    return out.reshape(len(runs), *shape)


def triangular_rows(seed: int, runs: Sequence[int], count: int, dimension: int, part: int = 0) -> np.ndarray:
    """Draw Gaussian rows of N numbers for several runs, given by coordinates in their Gram-Schmidt frames.

    Row i has i normal coordinates along the axes of the rows before it, and a last coordinate whose square is
    chi-square distributed with N - i degrees of freedom (Bartlett, Proc. R. Soc. Edinb. 53 (1933) 260).

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of each run.
    count : int
        Number of rows.
    dimension : int
        Number N of numbers in a row, of any size: the rows themselves are not drawn.
    part : int
        As in `counter_key`.

    Returns
    -------
    array (runs, count, min(count, N))
        Lower triangular matrices of coordinates.
    """
    shape = count, min(count, dimension)
    rows = np.tril(normals_of_runs(seed, runs, Purpose.COORDINATES, shape, part), -1)
    remainders, diagonal = np.empty((len(runs), shape[1])), np.arange(shape[1])
    keys = counter_keys(seed, runs, Purpose.COORDINATE_REMAINDERS, part)
    fill_chi_of_runs(remainders, dimension - diagonal, keys)
    rows[:, diagonal, diagonal] = remainders
    return rows
