"""Order parameters of initial networks from inner products of the random rows that these combine.

First layers with the usual relations are linear combinations of Gaussian rows, which depend on (seed, run)
and on sizes only. The rows are drawn once, and are replaced by their coordinates in an orthonormal frame:
runs of a sweep that differ in similarities or standard deviations need no vectors of N numbers.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.networks.sampling import (
    OrderParameters,
    frame_coordinates,
    initial_order_parameters,
    networks_of_coordinates,
)
from teacherstudent.networks.teachers import products_of_rows
from teacherstudent.spec.model import Curriculum, Spec

FRAMES = 64  # frames in memory
SAVED, MOST_UNITS_SAVED = 512, 32  # order parameters in memory, and the largest number of units of these


def order_parameters_in_frame(spec: Spec, seed: int, run: int) -> OrderParameters:
    """Return `initial_order_parameters`, to rounding, from few coordinates where this is possible.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    OrderParameters
        The way in which they are computed depends on the spec only.
    """
    if not _combines_rows(spec):
        return initial_order_parameters(spec, seed, run)
    # Without the blocks on which networks do not depend: points of a grid that differ in these share networks.
    others = dict.fromkeys(("training", "duration", "record", "numerics"))
    networks = replace(spec, curriculum=Curriculum(spec.curriculum.order, look_every=0.0), **others)
    few = spec.student.hidden + spec.teachers.count * spec.teachers.hidden <= MOST_UNITS_SAVED
    found = (_in_frame if few else _in_frame.__wrapped__)(networks, seed, run)
    return OrderParameters(*(part.copy() for part in found))


@lru_cache(maxsize=SAVED)
def _in_frame(spec: Spec, seed: int, run: int) -> OrderParameters:
    K, N, F = spec.student.hidden, spec.inputs.dimension, spec.teachers.count * spec.teachers.hidden
    rows = _frame(seed, run, F, K, N).copy()
    W, h, V, v = networks_of_coordinates(spec, seed, run, rows[:F], rows[F:], None, None)
    flat = V.reshape(F, -1)
    overlaps = (products_of_rows(a, b) / N for a, b in ((W, W), (W, flat), (flat, flat)))
    return OrderParameters(*overlaps, h, v)


def _combines_rows(spec: Spec) -> bool:
    """Return whether all first layers are linear combinations of fewer than N Gaussian rows."""
    teachers, initial = spec.teachers, spec.student.initial
    given = spec.initial_overlaps is not None or teachers.file is not None or initial.file is not None
    few = teachers.count * teachers.hidden + spec.student.hidden <= spec.inputs.dimension
    return few and not given and teachers.features.units != "whitened" and initial.scheme != "uniform"


@lru_cache(maxsize=FRAMES)
def _frame(seed: int, run: int, F: int, K: int, N: int) -> np.ndarray:
    """Return the coordinates (F + K, F + K) of the rows of all teachers, then of the student."""
    draws = [
        normals(seed, run, Purpose.TEACHER_FEATURES, (F, N)),
        normals(seed, run, Purpose.STUDENT_WEIGHTS, (K, N)),
    ]
    return frame_coordinates(np.concatenate(draws), F + K)
