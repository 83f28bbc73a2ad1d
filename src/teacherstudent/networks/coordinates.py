"""Initial networks of the engine `chain`, by coordinates in a frame of few axes, for many runs at a time.

Each run has the same bits whatever the other runs are.
"""

from collections.abc import Callable, Sequence

import numpy as np

from teacherstudent.errors.interruption import check_interruption
from teacherstudent.networks.initial import has_independent_draws, initial_readouts, initial_weights
from teacherstudent.networks.randomness import Purpose, normals_of_runs, triangular_rows
from teacherstudent.networks.sampling import Networks, overlap_factor, split
from teacherstudent.networks.teachers import has_unrelated_rows, related_features, related_readouts
from teacherstudent.spec.model import Spec
from teacherstudent.spec.weight_files import Layers, student_layers, teacher_layers

# Relative distance of a row from the span of others below which it is treated as part of the span.
ROUNDING = 1e-14


def sample_coordinates(spec: Spec, seed: int, run: int) -> Networks:
    """Draw networks with the law of `sample_networks`, given by coordinates in a frame of few axes.

    There are min(N, K + P M) coordinates, so that N can have any size. The readouts are those of
    `sample_networks`.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    Networks
        Coordinates in place of weights: inner products have the same law.

    Raises
    ------
    SpecError
        If N is too small for the given overlaps.
    """
    return Networks(*(part[0] for part in coordinates_of_runs(spec, seed, [run])))


def coordinates_of_runs(spec: Spec, seed: int, runs: Sequence[int]) -> Networks:
    """Draw the networks of `sample_coordinates` for several runs of a spec.

    Parameters
    ----------
    spec : Spec
        Spec of the runs.
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of each run.

    Returns
    -------
    Networks
        Each array has a leading axis of runs.
    """
    N, PM = spec.inputs.dimension, spec.teachers.count * spec.teachers.hidden
    columns = min(N, spec.student.hidden + PM)
    if spec.initial_overlaps is not None:
        factor = overlap_factor(spec.initial_overlaps, N)
        padding = [(0, 0), (0, columns - factor.shape[1])]
        one = split(spec.initial_overlaps, np.sqrt(N) * np.pad(factor, padding))
        return Networks(*(np.repeat(part[None], len(runs), axis=0) for part in one))
    rows = triangular_rows(seed, runs, spec.student.hidden + PM, N)
    teachers, student = teacher_layers(spec), student_layers(spec)
    V, W = given_coordinates(rows, PM, teachers, student)
    return networks_of_coordinates(spec, seed, runs, V, W, teachers, student)


def networks_of_coordinates(
    spec: Spec,
    seed: int,
    runs: Sequence[int],
    V: np.ndarray,
    W: np.ndarray,
    teachers: Layers | None,
    student: Layers | None,
) -> Networks:
    """Give coordinates of independent rows the relations of a spec, and draw readouts.

    Parameters
    ----------
    spec : Spec
        Spec of the runs.
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of each run.
    V, W : arrays (runs, P M, n), (runs, K, n)
        Coordinates of teachers and student in one orthonormal frame.
    teachers, student : Layers or None
        Given networks, whose first layers are those of V and W.

    Returns
    -------
    Networks
        Each array has a leading axis of runs.
    """
    block, (P, M), K = spec.teachers, (spec.teachers.count, spec.teachers.hidden), spec.student.hidden
    V = V.reshape(len(runs), P, M, -1)
    if teachers:
        v = np.repeat(teachers.readouts[None], len(runs), axis=0)
    else:
        seen, plain = spec.inputs.seen_by_teachers, has_unrelated_rows(block)
        V = _of_runs(plain, lambda rows: related_features(rows, block.features, seen), V)
        draws = normals_of_runs(seed, runs, Purpose.TEACHER_READOUTS, (P, M))
        v = block.scale * _of_runs(plain, lambda rows: related_readouts(rows, block.readouts), draws)
    if student:
        return Networks(W, np.repeat(student.readouts[None], len(runs), axis=0), V, v)
    draws, plain = (
        normals_of_runs(seed, runs, Purpose.STUDENT_READOUTS, (spec.heads, K)),
        has_independent_draws(spec),
    )
    W = _of_runs(plain, lambda rows, V, v: initial_weights(rows, spec, V, v), W, V, v)
    return Networks(W, _of_runs(plain, lambda rows, v: initial_readouts(rows, spec, v), draws, v), V, v)


def _of_runs(at_once: bool, function: Callable, *arrays: np.ndarray) -> np.ndarray:
    """Return a function of arrays for each run, computed at once for all runs or one after the other."""
    return function(*arrays) if at_once else np.stack([function(*own) for own in zip(*arrays, strict=True)])


def given_coordinates(
    rows: np.ndarray, PM: int, teachers: Layers | None, student: Layers | None
) -> tuple[np.ndarray, np.ndarray]:
    """Replace drawn rows by those of given networks; return the rows of teachers and student.

    The first axes of the frame are spanned by the given networks; the other networks are independent of them.

    Parameters
    ----------
    rows : array (runs, P M + K, n)
        Coordinates of independent rows; changed in place.
    PM : int
        Number of units of all teachers.
    teachers, student : Layers or None
        Given networks, the same for all runs.

    Returns
    -------
    V, W : arrays (runs, P M, n), (runs, K, n)
    """
    K, N = rows.shape[1] - PM, rows.shape[2]
    given = [layers.weights.reshape(-1, layers.weights.shape[-1]) for layers in (teachers, student) if layers]
    if given:
        fixed = frame_coordinates(np.concatenate(given), N)
        rows[:, : len(fixed)] = fixed
    if student and not teachers:
        return rows[:, K:], rows[:, :K]
    return rows[:, :PM], rows[:, PM:]


def frame_coordinates(rows: np.ndarray, columns: int) -> np.ndarray:
    """Return the coordinates (F, columns) of rows (F, N) in their Gram-Schmidt frame.

    Gram-Schmidt is done twice for full precision. A row in the span of the rows before it, to rounding, adds
    no axis.
    """
    coordinates, basis = np.zeros((len(rows), columns)), []
    for i, row in enumerate(rows):
        check_interruption()
        remainder = row
        for _ in range(2):
            for j, axis in enumerate(basis):
                along = np.einsum("n,n->", axis, remainder)
                coordinates[i, j] += along
                remainder = remainder - along * axis
        length = np.sqrt(np.einsum("n,n->", remainder, remainder))
        if len(basis) < columns and length > ROUNDING * np.sqrt(np.einsum("n,n->", row, row)):
            coordinates[i, len(basis)] = length
            basis.append(remainder / length)
    return coordinates
