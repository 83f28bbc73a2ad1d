"""Every random number is a function of (seed, run, purpose, step)."""

from enum import IntEnum

import numpy as np


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
    SAMPLES = 20
    SAMPLE_LABEL_NOISE = 21
    SAMPLE_CHOICE = 22
    SAMPLE_LABEL_ORDER = 23


def _sequence(seed: int, run: int, purpose: Purpose) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, run, int(purpose)])


def generator(seed: int, run: int, purpose: Purpose) -> np.random.Generator:
    """Return the generator of one purpose, for draws made once a run."""
    return np.random.default_rng(_sequence(seed, run, purpose))


def counter_key(seed: int, run: int, purpose: Purpose) -> tuple[np.uint32, np.uint32]:
    """Return the key of one purpose for the counter-based generator, for draws made every step."""
    key = _sequence(seed, run, purpose).generate_state(2, np.uint32)
    return key[0], key[1]
