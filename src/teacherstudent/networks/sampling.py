"""Initial networks and their order parameters."""

from typing import NamedTuple

import numpy as np

from teacherstudent.errors import refuse
from teacherstudent.errors.interruption import check_interruption
from teacherstudent.networks.initial import initial_biases, initial_inner, initial_readouts, initial_weights
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, normals, triangular_rows
from teacherstudent.networks.teachers import (
    combined_rows,
    orthonormal_rows,
    products_of_rows,
    related_features,
    sample_readouts,
    sample_teachers,
)
from teacherstudent.spec.model import InitialOverlaps, Spec
from teacherstudent.spec.rules import full_overlaps
from teacherstudent.spec.weight_files import Layers, student_layers, teacher_layers

# Relative distance of a row from the span of others below which it is treated as part of the span.
ROUNDING = 1e-14


class Networks(NamedTuple):
    """Weights of the student and of all teachers, or their coordinates in fewer than N dimensions.

    All readouts include the output scale.
    """

    W: np.ndarray  # (K, N) first layer of the student
    h: np.ndarray  # (H, K) readouts of the student, one row per head
    V: np.ndarray  # (P, M, N) first layers of the teachers
    v: np.ndarray  # (P, M) readouts of the teachers


class OrderParameters(NamedTuple):
    """Order parameters: overlaps of all first layers, and all readouts.

    The units of all teachers are numbered in one sequence: unit m of teacher p has the index p M + m.

    Attributes
    ----------
    Q : array (K, K)
        Overlaps of student units, w_i.w_k / N.
    R : array (K, P M)
        Overlaps of student and teacher units, w_k.v_m / N.
    T : array (P M, P M)
        Overlaps of teacher units, v_m.v_n / N.
    h : array (H, K)
        Readouts of the student times its output scale, one row per head.
    v : array (P, M)
        Readouts of the teachers times their output scale.
    """

    Q: np.ndarray
    R: np.ndarray
    T: np.ndarray
    h: np.ndarray
    v: np.ndarray


def sample_networks(spec: Spec, seed: int, run: int) -> Networks:
    """Draw the initial networks of one run. Given overlaps are realised exactly by random weights.

    Teachers have as many inputs as the numbers that they see, which are latent numbers for some inputs.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    Networks

    Raises
    ------
    SpecError
        If N is too small for the given overlaps.
    """
    if spec.initial_overlaps is not None:
        return networks_with_overlaps(spec.initial_overlaps, spec.inputs.dimension, seed, run)
    K, N, seen = spec.student.hidden, spec.inputs.dimension, spec.inputs.seen_by_teachers
    teachers, student = teacher_layers(spec), student_layers(spec)
    V, v = teachers[:2] if teachers else sample_teachers(spec.teachers, seen, seed, run)
    if student:
        return Networks(student.weights, student.readouts, V, v)
    draws = normals(seed, run, Purpose.STUDENT_WEIGHTS, (K, N))
    return Networks(initial_weights(draws, spec, V, v), _sample_heads(spec, v, seed, run), V, v)


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
    N, PM = spec.inputs.dimension, spec.teachers.count * spec.teachers.hidden
    columns = min(N, spec.student.hidden + PM)
    if spec.initial_overlaps is not None:
        factor = overlap_factor(spec.initial_overlaps, N)
        padding = [(0, 0), (0, columns - factor.shape[1])]
        return _split(spec.initial_overlaps, np.sqrt(N) * np.pad(factor, padding))
    rows = triangular_rows(seed, run, spec.student.hidden + PM, N)
    teachers, student = teacher_layers(spec), student_layers(spec)
    V, W = given_coordinates(rows, PM, teachers, student)
    return networks_of_coordinates(spec, seed, run, V, W, teachers, student)


def networks_of_coordinates(
    spec: Spec,
    seed: int,
    run: int,
    V: np.ndarray,
    W: np.ndarray,
    teachers: Layers | None,
    student: Layers | None,
) -> Networks:
    """Give coordinates of independent rows the relations of a spec, and draw readouts.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.
    V, W : arrays (P M, n), (K, n)
        Coordinates of teachers and student in one orthonormal frame.
    teachers, student : Layers or None
        Given networks, whose first layers are those of V and W.

    Returns
    -------
    Networks
    """
    V = V.reshape(spec.teachers.count, spec.teachers.hidden, -1)
    V = V if teachers else related_features(V, spec.teachers.features, spec.inputs.seen_by_teachers)
    v = teachers.readouts if teachers else sample_readouts(spec.teachers, seed, run)
    if student:
        return Networks(W, student.readouts, V, v)
    return Networks(initial_weights(W, spec, V, v), _sample_heads(spec, v, seed, run), V, v)


def given_coordinates(
    rows: np.ndarray, PM: int, teachers: Layers | None, student: Layers | None
) -> tuple[np.ndarray, np.ndarray]:
    """Replace drawn rows by those of given networks; return the rows of teachers and student.

    The first axes of the frame are spanned by the given networks; the other networks are independent of them.

    Parameters
    ----------
    rows : array (P M + K, n)
        Coordinates of independent rows; changed in place.
    PM : int
        Number of units of all teachers.
    teachers, student : Layers or None
        Given networks.

    Returns
    -------
    V, W : arrays (P M, n), (K, n)
    """
    K, N = len(rows) - PM, rows.shape[1]
    given = [layers.weights.reshape(-1, layers.weights.shape[-1]) for layers in (teachers, student) if layers]
    if given:
        fixed = frame_coordinates(np.concatenate(given), N)
        rows[: len(fixed)] = fixed
    if student and not teachers:
        return rows[K:], rows[:K]
    return rows[:PM], rows[PM:]


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


def _sample_heads(spec: Spec, v: np.ndarray, seed: int, run: int) -> np.ndarray:
    draws = normals(seed, run, Purpose.STUDENT_READOUTS, (spec.heads, spec.student.hidden))
    return initial_readouts(draws, spec, v)


def sample_biases(spec: Spec, seed: int, run: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the initial biases of the student of one run.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    b, c : arrays (K,), (H,)
        Biases of the units, and of the heads with the output scale of the student.
    """
    sizes = (Purpose.STUDENT_BIASES, spec.student.hidden), (Purpose.READOUT_BIASES, spec.heads)
    draws = (normals(seed, run, purpose, (size,)) for purpose, size in sizes)
    return initial_biases(*draws, spec)


def sample_inner(spec: Spec, seed: int, run: int) -> np.ndarray:
    """Draw the initial inner weights of the student of one run, or return the given ones.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    U : array (L - 1, K, K)
        Matrices between the L hidden layers, of K units each.
    """
    K, matrices = spec.student.hidden, spec.student.depth - 1
    if matrices and spec.initial_overlaps is not None:
        return np.array(spec.initial_overlaps.student_inner, dtype=float)
    return initial_inner(normals(seed, run, Purpose.STUDENT_INNER, (matrices, K, K)), spec)


def initial_order_parameters(spec: Spec, seed: int, run: int) -> OrderParameters:
    """Return the order parameters of the initial networks of one run.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    OrderParameters
        The given overlaps, or those of `sample_networks`.
    """
    if spec.initial_overlaps is None:
        return order_parameters(sample_networks(spec, seed, run))
    given = spec.initial_overlaps
    K, C = spec.student.hidden, full_overlaps(given)
    h, v = np.array(given.student_readouts), np.array(given.teacher_readouts)
    return OrderParameters(C[:K, :K].copy(), C[:K, K:].copy(), C[K:, K:].copy(), h, v)


def order_parameters(networks: Networks) -> OrderParameters:
    """Return the order parameters of networks: Q = W W^T / N, R = W V^T / N and T = V V^T / N.

    Parameters
    ----------
    networks : Networks
        Weights of N inputs; coordinates in fewer dimensions have other overlaps.

    Returns
    -------
    OrderParameters
    """
    W, h, V, v = networks
    flat = V.reshape(-1, V.shape[-1])
    return OrderParameters(overlap(W, W), overlap(W, flat), overlap(flat, flat), h.copy(), v.copy())


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the overlaps a b^T / N of the rows of two matrices."""
    return products_of_rows(a, b) / a.shape[1]


def networks_with_overlaps(given: InitialOverlaps, dimension: int, seed: int, run: int) -> Networks:
    """Draw random weights whose overlaps are exactly the given ones.

    The covariance C = A A^T of all local fields is factored by its eigenvectors. The rows of the weights are
    sqrt(N) A E with random orthonormal rows E; their number is the rank of C.

    Parameters
    ----------
    given : InitialOverlaps
        Given overlaps and readouts.
    dimension : int
        Number of inputs N.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    Networks

    Raises
    ------
    SpecError
        If N is smaller than the rank of C.
    """
    A = overlap_factor(given, dimension)
    draws = normals(seed, run, Purpose.GIVEN_OVERLAPS, (A.shape[1], dimension))
    return _split(given, np.sqrt(dimension) * combined_rows(A, orthonormal_rows(draws, draws[:0])))


def check_overlaps_fit(spec: Spec) -> None:
    """Raise SpecError if the number of inputs is too small for the given overlaps."""
    if spec.initial_overlaps is not None:
        overlap_factor(spec.initial_overlaps, spec.inputs.dimension)


@one_thread()
def overlap_factor(given: InitialOverlaps, dimension: int) -> np.ndarray:
    """Return A with A A^T = C, the covariance of all local fields; one column per eigenvalue above rounding.

    Raises SpecError if there are more columns than inputs.
    """
    C = full_overlaps(given)
    values, vectors = np.linalg.eigh((C + C.T) / 2)
    large = values > len(C) * np.finfo(float).eps * values.max()
    if large.sum() > dimension:
        refuse("inputs.dimension", dimension, f"these overlaps need at least {large.sum()} inputs")
    return vectors[:, large] * np.sqrt(values[large])


def _split(given: InitialOverlaps, rows: np.ndarray) -> Networks:
    """Return networks with the rows (K + P M, columns) and given readouts."""
    K, (P, M) = len(given.student), np.shape(given.teacher_readouts)
    h, v = np.array(given.student_readouts), np.array(given.teacher_readouts)
    return Networks(rows[:K].copy(), h, rows[K:].reshape(P, M, -1).copy(), v)
