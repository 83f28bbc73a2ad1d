"""Families of vectors with prescribed mutual similarities."""

from functools import lru_cache

import numpy as np

from teacherstudent.errors import SpecError

# Pivots below this are treated as zero: the vector is in the span of the previous ones.
PIVOT_PRECISION = 1e-12
# Tolerance for the symmetry and positivity of a similarity matrix.
MATRIX_PRECISION = 1e-9


def similarity_factor(similarity, count: int, key: str = "similarity") -> np.ndarray:
    """Factor the similarities S of some objects, S = L L^T.

    Object p is sum_q L[p, q] B_q with mutually orthogonal parts B_q; object 0 is B_0.

    Parameters
    ----------
    similarity : float or sequence of sequences of float
        One number in [-1, 1] for every pair, or the matrix S (count, count), symmetric with unit diagonal.
    count : int
        Number of objects.
    key : str, optional
        Key of the similarity in a spec, for messages.

    Returns
    -------
    ndarray, shape (count, rank of S)
        L, lower triangular, with L[0, 0] = 1; it cannot be changed.

    Raises
    ------
    SpecError
        If S is malformed or not positive semidefinite.

    Examples
    --------
    >>> similarity_factor(0.6, 2)
    array([[1. , 0. ],
           [0.6, 0.8]])
    """
    factor = _factor if isinstance(similarity, float | tuple) else _factor.__wrapped__
    return factor(similarity, count, key)


@lru_cache(maxsize=256)  # points of a grid share similarities
def _factor(similarity, count: int, key: str) -> np.ndarray:
    S = _matrix(similarity, count, key)
    L = np.zeros((count, count))
    for j in range(count):
        pivot = S[j, j] - np.einsum("q,q->", L[j], L[j])
        if pivot < -MATRIX_PRECISION:
            raise SpecError(
                f"{key}: {similarity} is not allowed; no {count} teachers have these similarities"
            )
        column = S[j:, j] - np.einsum("pq,q->p", L[j:], L[j])
        if pivot > PIVOT_PRECISION:
            L[j:, j] = column / np.sqrt(pivot)
        elif np.abs(column).max() > np.sqrt(MATRIX_PRECISION):
            raise SpecError(
                f"{key}: {similarity} is not allowed; no {count} teachers have these similarities"
            )
    L = L[:, np.any(L != 0, axis=0)]
    L.flags.writeable = False
    return L


def _matrix(similarity, count: int, key: str) -> np.ndarray:
    if isinstance(similarity, (int, float)):
        return np.where(np.eye(count) > 0, 1.0, float(similarity))
    try:
        S = np.array(similarity, dtype=float)
    except ValueError as error:
        raise SpecError(f"{key}: rows of different lengths; it must be {count} x {count}") from error
    if S.shape != (count, count):
        raise SpecError(f"{key}: shape {S.shape} is not allowed; it must be {count} x {count}")
    if np.abs(S - S.T).max() > MATRIX_PRECISION or np.abs(np.diag(S) - 1).max() > MATRIX_PRECISION:
        raise SpecError(f"{key}: the matrix must be symmetric with ones on its diagonal")
    return S
