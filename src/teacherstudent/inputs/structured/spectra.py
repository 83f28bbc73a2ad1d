"""Covariances of Gaussian inputs: eigenvalues by levels, by a power law, or from a file."""

import numpy as np

from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.spec.model import Spec
from teacherstudent.spec.structured_files import read_array


def covariance_factors(spec: Spec) -> tuple[np.ndarray, np.ndarray]:
    """Return the loadings (N, L) and the rest (N,) of the covariance of correlated inputs.

    Parameters
    ----------
    spec : Spec
        Spec with `inputs.covariance`.

    Returns
    -------
    loadings : array (N, L)
        Eigenvectors times the square roots of the eigenvalues; L = 0 for a spectrum without a file.
    rest : array (N,)
        Diagonal covariance.
    """
    block, N = spec.inputs.covariance, spec.inputs.dimension
    if block.spectrum == "file":
        matrix, _ = read_array("inputs.covariance", block.file, block.sha256, "covariance")
        return factor(matrix), np.zeros(N)
    if block.spectrum == "power_law":
        values = np.arange(1.0, N + 1.0) ** -block.exponent
        return np.zeros((N, 0)), values / values.mean()
    return np.zeros((N, 0)), np.repeat(block.values, level_sizes(spec))


def level_sizes(spec: Spec) -> list[int]:
    """Return the number of inputs in each level of a spectrum of levels."""
    ends = np.rint(np.cumsum(spec.inputs.covariance.fractions) * spec.inputs.dimension).astype(int)
    return np.diff(ends, prepend=0).tolist()


@one_thread()
def factor(matrix: np.ndarray) -> np.ndarray:
    """Return A with A A^T = a positive semi-definite matrix (N, N), up to rounding."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    return vectors * np.sqrt(np.maximum(values, 0.0))
