"""Projections F (N, D) of latent numbers to inputs, one for each task, with columns of length sqrt N."""

import numpy as np

from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec
from teacherstudent.spec.similarity import similarity_factor
from teacherstudent.spec.structured_files import read_array


def projections_of(spec: Spec, seed: int, run: int) -> np.ndarray:
    """Return the projections of the tasks.

    F_p = sum_q L_pq G_q, where L L^T are the similarities, with independent Gaussian G_q, or with G_q of
    orthogonal columns, so that F_p^T F_q = N S_pq.

    Parameters
    ----------
    spec : Spec
        Spec with `inputs.manifold`; tasks are not subspaces.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (P, N, D), or (1, N, D) where the tasks share one projection
    """
    block, N, D = spec.inputs.manifold, spec.inputs.dimension, spec.inputs.latents
    if block.projection == "file":
        return read_array("inputs.manifold", block.file, block.sha256, "projections")[0].reshape(-1, N, D)
    L = projection_factor(spec)
    if block.projection == "orthogonal":
        parts = orthogonal_columns(N, L.shape[1] * D, seed, run).reshape(N, L.shape[1], D)
        return np.sqrt(N) * np.einsum("px,nxd->pnd", L, parts)
    return np.einsum("px,xnd->pnd", L, normals(seed, run, Purpose.PROJECTIONS, (L.shape[1], N, D)))


def projection_factor(spec: Spec) -> np.ndarray:
    """Return L (P, n) with L L^T the similarities of the projections; (1, 1) where the tasks share one."""
    block = spec.inputs.manifold
    if not spec.has_task_inputs:
        return np.ones((1, 1))
    return similarity_factor(block.similarity, spec.teachers.count, "inputs.manifold.similarity")


@one_thread()
def orthogonal_columns(N: int, count: int, seed: int, run: int) -> np.ndarray:
    """Return random orthonormal columns: those of a Hadamard matrix if N is a power of 2.

    Parameters
    ----------
    N : int
        Number of rows.
    count : int
        Number of columns, at most N.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (N, count)
    """
    if N & (N - 1) == 0:
        from scipy.linalg import hadamard  # slow to import

        draws = normals(seed, run, Purpose.PROJECTIONS, (2, N))
        signs, order = np.copysign(1.0, draws[0]), np.argsort(draws[1], kind="stable")[:count]
        return signs[:, None] * hadamard(N)[:, order] / np.sqrt(N)
    columns, upper = np.linalg.qr(normals(seed, run, Purpose.PROJECTIONS, (N, count)))
    return columns * np.copysign(1.0, np.diag(upper))
