"""Projections of tasks that have directions of a common latent space in common.

One D x D Gaussian matrix X gives X X^T / D = U diag(lambda) U^T. Every task has D / P of the eigenvectors:
task 1 the first ones, and a later task a fraction of these and its own others. With U_p and lambda_p of
task p,

    F_p = sqrt N O U_p diag(sqrt lambda_p) U_p^T,

where O (N, D) has random orthonormal columns. The teacher of a task acts on its latent directions.
"""

import numpy as np

from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.networks.teachers import row_norms
from teacherstudent.spec.model import Spec


@one_thread()
def subspaces_of(spec: Spec, V: np.ndarray, seed: int, run: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the projections of the tasks, and the teachers along their latent directions.

    Parameters
    ----------
    spec : Spec
        Spec with `inputs.manifold.tasks: subspaces`.
    V : array (P, M, D)
        First layers of the teachers.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    projections : array (P, N, D)
    V : array (P, M, D)
        Rows v_m U_p diag(lambda_p) U_p^T, with the lengths of the given ones.
    """
    N, D, P = spec.inputs.dimension, spec.inputs.latents, spec.teachers.count
    X = normals(seed, run, Purpose.PROJECTIONS, (D, D))
    values, vectors = np.linalg.eigh(X @ X.T / D)
    order = np.argsort(normals(seed, run, Purpose.DIRECTION_ORDER, (D,)), kind="stable")
    draws = normals(seed, run, Purpose.COMMON_ROTATION, (N, D))
    columns, upper = np.linalg.qr(draws)
    columns *= np.copysign(1.0, np.diag(upper))
    projections, rows = np.empty((P, N, D)), np.empty_like(V)
    for p, own in enumerate(directions_of_tasks(spec)):
        U, lengths = vectors[:, order[own]], np.sqrt(np.maximum(values[order[own]], 0.0))
        projections[p] = np.sqrt(N) * columns @ (U * lengths) @ U.T
        acting = V[p] @ (U * lengths**2) @ U.T
        rows[p] = acting * (row_norms(V[p]) / row_norms(acting))
    return projections, rows


def directions_of_tasks(spec: Spec) -> list[np.ndarray]:
    """Return the numbers of the directions of each task: first the common ones, then its own."""
    block, P = spec.inputs.manifold, spec.teachers.count
    similarity = block.similarity
    fractions = similarity if isinstance(similarity, tuple) else (similarity,) * (P - 1)
    each = spec.inputs.latents // P
    tasks = [np.arange(each)]
    for p, fraction in enumerate(fractions, start=1):
        common = int(np.floor(each * fraction + 0.5))
        own = np.arange(p * each, p * each + each - common)
        tasks.append(np.concatenate([np.arange(common), own]))
    return tasks
