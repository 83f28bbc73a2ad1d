"""Nodes for the eigenvalues of the covariance of hidden manifolds with infinitely many inputs.

Integrals over the Marchenko-Pastur law are sums over the nodes of its Gauss rule: G. H. Golub & J. H. Welsch,
Math. Comp. 23 (1969) 221. Nothing here imports compiled code, so that estimates can use it.
"""

import math

import numpy as np

from teacherstudent.inputs.structured.foldings import coefficients
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.spec.model import Spec

# Error that the number of nodes is chosen for, in addition to this number of nodes, and the largest number.
PRECISION, MORE_NODES, MOST_NODES = 1e-8, 4, 128


def delta_of(spec: Spec) -> float:
    """Return the ratio delta = D / N of a hidden manifold."""
    fraction = spec.inputs.manifold.latent_fraction
    return spec.inputs.latents / spec.inputs.dimension if fraction is None else fraction


@one_thread()
def gauss_nodes(delta: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the Gauss rule of the Marchenko-Pastur law of mean 1 and variance delta.

    Its orthogonal polynomials have the recurrence alpha_0 = 1, alpha_j = 1 + delta and beta_j = delta.

    Parameters
    ----------
    delta : float
        Ratio in (0, 1].
    count : int
        Number of nodes.

    Returns
    -------
    nodes, weights : (count,) arrays
        The weights have the sum 1.
    """
    diagonal = np.full(count, 1.0 + delta)
    diagonal[0] = 1.0
    beside = np.full(count - 1, math.sqrt(delta))
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return nodes, vectors[0] ** 2


def number_of_nodes(spec: Spec) -> int:
    """Return the number of nodes of a spec.

    The solution is an analytic function of rho up to a pole where omega(rho) = 0, outside of the support of
    the law; the error of n nodes falls as R^(-2n), with z = (R + 1 / R) / 2 the place of the pole.
    """
    manifold, delta = spec.inputs.manifold, delta_of(spec)
    if manifold.projection == "orthogonal":
        return 1
    if spec.numerics.nodes != "auto":
        return spec.numerics.nodes
    b, c = coefficients(manifold.folding, 1.0)
    z = (1.0 + delta + (c - b**2) * delta / b**2) / (2.0 * math.sqrt(delta))
    R = z + math.sqrt(max(0.0, z * z - 1.0))
    if R <= 1.0:
        return MOST_NODES
    return min(MOST_NODES, math.ceil(-math.log(PRECISION) / (2.0 * math.log(R))) + MORE_NODES)
