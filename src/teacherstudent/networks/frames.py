"""Order parameters of initial networks from inner products of the random rows that these combine.

First layers with the usual relations are linear combinations of Gaussian rows, which depend on (seed, run)
and on sizes only. The rows are drawn once, and are replaced by their coordinates in an orthonormal frame:
runs of a sweep that differ in similarities or standard deviations need no vectors of N numbers.
"""

from functools import lru_cache

import numpy as np

from teacherstudent.networks.coordinates import frame_coordinates, networks_of_coordinates
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.networks.sampling import OrderParameters, initial_order_parameters
from teacherstudent.networks.sizes import MOST_FRAME_ROWS
from teacherstudent.networks.teachers import products_of_rows
from teacherstudent.spec.model import Spec

FRAMES = 1024  # frames, and order parameters, in memory
_FOUND: dict[tuple, OrderParameters] = {}


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
    key = seed, run, spec.inputs.dimension, spec.curriculum.order[0], spec.teachers, spec.student
    found = _FOUND.get(key)
    if found is None:
        found = _from_frame(spec, seed, run)
        if len(_FOUND) >= FRAMES:
            _FOUND.clear()
        _FOUND[key] = found
    return OrderParameters(*(part.copy() for part in found))


def _from_frame(spec: Spec, seed: int, run: int) -> OrderParameters:
    """Return the order parameters from the coordinates of all rows."""
    K, N, F = spec.student.hidden, spec.inputs.dimension, spec.teachers.count * spec.teachers.hidden
    rows = _frame(seed, run, F, K, N)[np.newaxis].copy()
    found = networks_of_coordinates(spec, seed, [run], rows[:, :F], rows[:, F:], None, None)
    W, h, V, v = (part[0] for part in found)
    flat = V.reshape(F, -1)
    overlaps = (products_of_rows(a, b) / N for a, b in ((W, W), (W, flat), (flat, flat)))
    return OrderParameters(*overlaps, h, v)


def _combines_rows(spec: Spec) -> bool:
    """Return whether all first layers are linear combinations of few Gaussian rows."""
    teachers, initial = spec.teachers, spec.student.initial
    given = spec.initial_overlaps is not None or teachers.file is not None or initial.file is not None
    rows = teachers.count * teachers.hidden + spec.student.hidden
    few = rows <= min(spec.inputs.dimension, MOST_FRAME_ROWS)
    return few and not given


@lru_cache(maxsize=FRAMES)
def _frame(seed: int, run: int, F: int, K: int, N: int) -> np.ndarray:
    """Return the coordinates (F + K, F + K) of the rows of all teachers, then of the student."""
    rows = np.empty((F + K, N))
    rows[:F] = normals(seed, run, Purpose.TEACHER_FEATURES, (F, N))
    rows[F:] = normals(seed, run, Purpose.STUDENT_WEIGHTS, (K, N))
    return frame_coordinates(rows, F + K)
