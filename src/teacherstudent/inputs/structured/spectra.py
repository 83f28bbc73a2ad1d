"""Gaussian inputs with a covariance, which teachers see themselves."""

import numpy as np

from teacherstudent.inputs.structured.laws import Law
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
    ends = np.rint(np.cumsum(block.fractions) * N).astype(int)
    return np.zeros((N, 0)), np.repeat(block.values, np.diff(ends, prepend=0))


@one_thread()
def factor(matrix: np.ndarray) -> np.ndarray:
    """Return A with A A^T = a positive semi-definite matrix (N, N), up to rounding."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def on_inputs(loadings: np.ndarray, rest: np.ndarray, V: np.ndarray) -> Law:
    """Return the law with a teacher that sees the inputs: nu_m = v_m.x / sqrt N, so that g_m = Omega v_m.

    Parameters
    ----------
    loadings, rest : arrays (N, L), (N,)
        Covariance of the inputs, as in `Law`.
    V : array (M, N)
        First layer of the teacher.

    Returns
    -------
    Law
    """
    law = Law(loadings, rest, np.zeros_like(V), np.zeros((len(V), len(V))))
    fields = law.times_covariance(V)
    return law._replace(fields=fields, T=fields @ V.T / len(rest))
