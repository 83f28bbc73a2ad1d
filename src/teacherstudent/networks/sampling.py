"""Initial networks and their order parameters."""

from typing import NamedTuple

import numpy as np

from teacherstudent.errors import refuse
from teacherstudent.networks.initial import initial_biases, initial_inner, initial_readouts, initial_weights
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.networks.teachers import (
    combined_rows,
    orthonormal_rows,
    products_of_rows,
    sample_teachers,
)
from teacherstudent.spec.model import InitialOverlaps, Spec
from teacherstudent.spec.rules import full_overlaps
from teacherstudent.spec.weight_files import student_layers, teacher_layers


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
    return split(given, np.sqrt(dimension) * combined_rows(A, orthonormal_rows(draws, draws[:0])))


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


def split(given: InitialOverlaps, rows: np.ndarray) -> Networks:
    """Return networks with the rows (K + P M, columns) and given readouts."""
    K, (P, M) = len(given.student), np.shape(given.teacher_readouts)
    h, v = np.array(given.student_readouts), np.array(given.teacher_readouts)
    return Networks(rows[:K].copy(), h, rows[K:].reshape(P, M, -1).copy(), v)
