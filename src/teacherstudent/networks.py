"""Initial networks and their order parameters."""

from typing import NamedTuple

import numpy as np

from teacherstudent.checks import full_overlaps
from teacherstudent.randomness import Purpose, generator
from teacherstudent.spec import InitialOverlaps, Spec
from teacherstudent.teachers import orthonormal_rows, sample_teachers


class Networks(NamedTuple):
    """Weights of the student and of all teachers."""

    W: np.ndarray  # (K, N) first layer of the student
    h: np.ndarray  # (H, K) its readouts, one row per head
    V: np.ndarray  # (P, M, N) first layers of the teachers
    v: np.ndarray  # (P, M) their readouts


class OrderParameters(NamedTuple):
    """Overlaps of all first layers (each includes the factor 1 / N), and all readouts.

    Teacher units of all teachers stand in one row: unit m of teacher p has column p M + m.
    """

    Q: np.ndarray  # (K, K) student with student
    R: np.ndarray  # (K, P M) student with teachers
    T: np.ndarray  # (P M, P M) teachers with teachers
    h: np.ndarray  # (H, K)
    v: np.ndarray  # (P, M)


def sample_networks(spec: Spec, seed: int, run: int) -> Networks:
    """Draw the initial networks of one run; given overlaps are realised exactly by random weights."""
    if spec.initial_overlaps is not None:
        return networks_with_overlaps(spec.initial_overlaps, spec.inputs.dimension, seed, run)
    K, N, initial = spec.student.hidden, spec.inputs.dimension, spec.student.initial
    V, v = sample_teachers(spec.teachers, N, seed, run)
    W = initial.weights_std * generator(seed, run, Purpose.STUDENT_WEIGHTS).standard_normal((K, N))
    h = initial.readouts_std * generator(seed, run, Purpose.STUDENT_READOUTS).standard_normal((spec.heads, K))
    return Networks(W, h, V, v)


def initial_order_parameters(spec: Spec, seed: int, run: int) -> OrderParameters:
    """Return the order parameters of the initial networks of one run."""
    if spec.initial_overlaps is None:
        return order_parameters(sample_networks(spec, seed, run))
    given = spec.initial_overlaps
    K, C = spec.student.hidden, full_overlaps(given)
    h, v = np.array(given.student_readouts), np.array(given.teacher_readouts)
    return OrderParameters(C[:K, :K].copy(), C[:K, K:].copy(), C[K:, K:].copy(), h, v)


def order_parameters(networks: Networks) -> OrderParameters:
    """Measure Q = W W^T / N, R = W V^T / N and T = V V^T / N."""
    W, h, V, v = networks
    flat = V.reshape(-1, V.shape[-1])
    return OrderParameters(overlap(W, W), overlap(W, flat), overlap(flat, flat), h.copy(), v.copy())


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Overlaps a b^T / N of the rows of two matrices (einsum: bits independent of the number of threads)."""
    return np.einsum("in,jn->ij", a, b) / a.shape[1]


def networks_with_overlaps(given: InitialOverlaps, dimension: int, seed: int, run: int) -> Networks:
    """Build random weights whose overlaps are exactly the given ones.

    The covariance C = A A^T of all fields is factored by its eigenvectors; the rows are sqrt(N) A E with a
    random orthonormal E of as many rows as C has rank. Raises ValueError where N is smaller than that rank.
    """
    C = full_overlaps(given)
    A = _square_root(C)
    if A.shape[1] > dimension:
        raise ValueError(
            f"inputs.dimension: {dimension} is not allowed; these overlaps need at least {A.shape[1]} inputs"
        )
    draws = generator(seed, run, Purpose.GIVEN_OVERLAPS).standard_normal((A.shape[1], dimension))
    rows = np.sqrt(dimension) * np.einsum("fr,rn->fn", A, orthonormal_rows(draws, draws[:0]))
    K, (P, M) = len(given.student), np.shape(given.teacher_readouts)
    h, v = np.array(given.student_readouts), np.array(given.teacher_readouts)
    return Networks(rows[:K].copy(), h, rows[K:].reshape(P, M, dimension).copy(), v)


def _square_root(C: np.ndarray) -> np.ndarray:
    """A with A A^T = C, one column per eigenvalue above rounding."""
    values, vectors = np.linalg.eigh((C + C.T) / 2)
    keep = values > len(C) * np.finfo(float).eps * values.max()
    return vectors[:, keep] * np.sqrt(values[keep])
