"""Arrays of structured inputs from files."""

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.files.arrays import array, read_content

# Precision to which a covariance must be symmetric and positive semi-definite, relative to its largest entry.
PRECISION = 1e-9


def read_array(block: str, path: str, sha256: str | None, name: str) -> tuple[np.ndarray, str]:
    """Read an array of finite numbers, and return it with the digest of its file.

    Parameters
    ----------
    block : str
        Block of the spec with the keys `file` and `sha256`, such as `inputs.manifold`.
    path : str
        The file.
    sha256 : str or None
        Expected SHA-256 of the file in hex; None accepts any.
    name : str
        Name of the array in the file.

    Returns
    -------
    ndarray and str
        The array and the SHA-256.

    Raises
    ------
    SpecError
        If the file cannot be read, has another digest, or has no such array of finite numbers.
    """
    content, digest = read_content("file", path, sha256, block)
    found = array(content, path, name, block)
    if not found.size or not found.ndim:
        raise SpecError(
            f"{block}.file: {path}: the array {name} has shape {found.shape}, which is no array of numbers"
        )
    if found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        raise SpecError(f"{block}.file: {path}: the array {name} must have finite real numbers")
    return found.astype(float), digest


def check_square(block: str, path: str, name: str, matrix: np.ndarray, N: int) -> None:
    """Raise SpecError unless an array is a covariance (N, N).

    Parameters
    ----------
    block, path, name : str
        Block of the spec, path of the file and name of the array, for messages.
    matrix : ndarray
        The array.
    N : int
        Number of inputs.
    """
    if matrix.shape != (N, N):
        raise SpecError(f"{block}.file: {path}: {name} has shape {matrix.shape}; it must be ({N}, {N})")
    if np.abs(matrix - matrix.T).max() > PRECISION * np.abs(matrix).max():
        raise SpecError(f"{block}.file: {path}: {name} must be symmetric")
    if not _is_positive(matrix):
        raise SpecError(f"{block}.file: {path}: {name} must be positive semi-definite, and not zero")


def _is_positive(matrix: np.ndarray) -> bool:
    """Return whether no eigenvalue of a symmetric matrix is negative, up to rounding, and one is positive."""
    try:
        np.linalg.cholesky(matrix + PRECISION * np.trace(matrix) * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        return False
    return True
