"""Networks with given order parameters, where all tasks have inputs of one law."""

from collections.abc import Callable
from typing import NoReturn

import numpy as np

from teacherstudent.errors import RunError, refuse
from teacherstudent.inputs.structured.laws import Law
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules import OVERLAP_PRECISION, full_overlaps

# Relative length below which a combination of vectors is zero up to rounding.
SPAN_ROUNDING = 1e-12


@one_thread()
def teachers_with_overlaps(
    spec: Spec, times_covariance: Callable[[np.ndarray], np.ndarray], seed: int, run: int
) -> np.ndarray:
    """Draw first layers of teachers whose fields have exactly the given covariances.

    Parameters
    ----------
    spec : Spec
        Spec with initial overlaps.
    times_covariance : callable
        Multiplies rows (n, S) by the covariance of the S numbers that the teachers see.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (P, M, S)
    """
    P, M, seen = spec.teachers.count, spec.teachers.hidden, spec.inputs.seen_by_teachers
    T = full_overlaps(spec.initial_overlaps)[spec.student.hidden :, spec.student.hidden :]
    draws = normals(seed, run, Purpose.GIVEN_OVERLAPS, (spec.student.hidden + P * M, seen))
    return _rows_with_covariance(spec, T, draws[spec.student.hidden :], times_covariance).reshape(P, M, seen)


@one_thread()
def student_with_overlaps(spec: Spec, law: Law, fields: np.ndarray, seed: int, run: int) -> np.ndarray:
    """Draw a first layer of the student whose fields have exactly the given covariances Q and R.

    The weights are w = sum_a alpha_a g_a + z with alpha = R S^-1, S_ab = g_a.g_b / N, and random rows z that
    are orthogonal to all g_a and Omega g_a: they change neither R nor the part of Q that alpha determines.

    Parameters
    ----------
    spec : Spec
        Spec with initial overlaps.
    law : Law
        Law of the inputs.
    fields : array (P M, N)
        The vectors g_a of all teachers, as in `Law`.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (K, N)

    Raises
    ------
    RunError
        If no weights have these overlaps with these inputs.
    """
    K, N = spec.student.hidden, spec.inputs.dimension
    C = full_overlaps(spec.initial_overlaps)
    along = C[:K, K:] @ np.linalg.pinv(fields @ fields.T / N) @ fields
    left = C[:K, :K] - along @ law.times_covariance(along).T / N
    smallest = float(np.linalg.eigvalsh(left).min())
    if smallest < -OVERLAP_PRECISION * max(1.0, float(np.abs(C).max())):
        raise RunError(
            f"initial_overlaps: no weights have these overlaps with these inputs (smallest eigenvalue "
            f"{smallest:.3g} < 0); use smaller entries of student_teacher or larger ones of student"
        )
    vectors = np.concatenate([fields, law.times_covariance(fields)]).T
    basis, lengths, _ = np.linalg.svd(vectors, full_matrices=False)
    basis = basis[:, lengths > SPAN_ROUNDING * lengths.max()]
    draws = normals(seed, run, Purpose.STUDENT_WEIGHTS, (K, N))
    for _ in range(2):  # twice for full precision
        draws = draws - (draws @ basis) @ basis.T
    W = along + _rows_with_covariance(spec, left, draws, law.times_covariance)
    found = np.hstack([W @ law.times_covariance(W).T, W @ fields.T]) / N
    if np.abs(found - C[:K]).max() > OVERLAP_PRECISION * max(1.0, float(np.abs(C).max())):
        _refuse_few_directions()
    return W


def _rows_with_covariance(
    spec: Spec, C: np.ndarray, draws: np.ndarray, times_covariance: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return combinations of random rows whose fields have the covariance C, up to rounding."""
    values, vectors = np.linalg.eigh((C + C.T) / 2.0)
    large = values > len(C) * np.finfo(float).eps * np.abs(values).max()
    draws, count = draws[: large.sum()], draws.shape[1]
    if large.sum() > count:
        key = "dimension" if count == spec.inputs.dimension else "manifold.latent_dimension"
        refuse(f"inputs.{key}", count, f"these overlaps need at least {large.sum()} numbers")
    try:
        factor = np.linalg.cholesky(draws @ times_covariance(draws).T / count)
    except np.linalg.LinAlgError:
        _refuse_few_directions()
    return (vectors[:, large] * np.sqrt(values[large])) @ np.linalg.solve(factor, draws)


def _refuse_few_directions() -> NoReturn:
    """Raise RunError where too few independent directions of the inputs are left for random weights."""
    raise RunError(
        "initial_overlaps: the covariance of the inputs has too few directions for networks with these "
        "overlaps; use more inputs and latent numbers, or fewer units"
    )
