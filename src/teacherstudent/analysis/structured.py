"""What inputs with structure leave undetermined: the smallest error of a student that sees them.

A teacher on latent numbers has labels that the inputs determine in part only. The part of its fields that is
independent of the inputs has the covariance

    rest = T - sum_g t_g / omega_g = T - g Omega^-1 g^T / N,

with Omega the covariance of the inputs and g_m = sqrt N <nu_m x>. It is 0 for teachers that see the inputs.
"""

import math

import numpy as np

from teacherstudent.inputs.structured.foldings import coefficients
from teacherstudent.inputs.structured.laws import Law
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.spec.parse import SpecLike, as_spec

# Singular values of the loadings below this fraction of the largest one count as zero.
ROUNDING = 1e-12


def undetermined_labels(spec: SpecLike, teacher: int = 0, seed: int = 0, run: int = 0) -> np.ndarray:
    """Return the covariance of the part of a teacher's fields that the inputs of a run do not determine.

    Parameters
    ----------
    spec : Spec or mapping or path
        Spec with structured inputs.
    teacher : int
        Number of the teacher, from 0 to P - 1.
    seed, run : int
        Seed and number of the run, which determine projections and teachers.

    Returns
    -------
    (M, M) array
        T - g Omega^-1 g^T / N, positive semi-definite.

    Raises
    ------
    ValueError
        Where the inputs have no structure.
    """
    spec = as_spec(spec)
    if not spec.inputs.is_structured:
        raise ValueError(f"inputs.distribution: {spec.inputs.distribution} determines the labels completely")
    law = setting_of(spec, seed, run).laws[teacher]
    return law.T - _explained(law)


@one_thread()
def _explained(law: Law) -> np.ndarray:
    """Return g Omega^-1 g^T / N."""
    g, N = law.fields, len(law.rest)
    if law.rest.min() > 0.0:  # the inverse of a diagonal matrix plus one of low rank
        scaled = law.loadings / law.rest[:, None]
        inner = np.eye(law.loadings.shape[1]) + law.loadings.T @ scaled
        projected = g @ scaled
        return ((g / law.rest) @ g.T - projected @ np.linalg.solve(inner, projected.T)) / N
    U, lengths, _ = np.linalg.svd(law.loadings, full_matrices=False)
    large = lengths > ROUNDING * lengths.max()
    projected = (g @ U[:, large]) / lengths[large]
    return projected @ projected.T / N


def limit_of_undetermined_labels(latent_fraction: float, folding: str) -> float:
    """Return the undetermined part of the labels of a hidden manifold for N, D -> infinity and T = 1.

    The eigenvalues rho of F^T F / N follow the law of Marchenko & Pastur with the ratio delta = D / N, and

        integral p(rho) z / (z + rho) = (sqrt((1 + delta + z)^2 - 4 delta) - (1 - delta + z)) / (2 delta),

    with z = (c - b^2) delta / b^2: Goldt, Mezard, Krzakala & Zdeborova, Phys. Rev. X 10 (2020) 041044.

    Parameters
    ----------
    latent_fraction : float
        delta > 0, latent numbers divided by inputs.
    folding : {"sign", "erf", "linear", "relu"}
        Folding of the projected numbers, with Gaussian projections.

    Returns
    -------
    float
        From 0 to 1.
    """
    b, c = coefficients(folding, 1.0)
    delta, z = latent_fraction, float((c - b**2) / b**2) * latent_fraction
    root = math.sqrt((1.0 + delta + z) ** 2 - 4.0 * delta)
    return (root - (1.0 - delta + z)) / (2.0 * delta)


def linear_floor(undetermined: np.ndarray, readouts: np.ndarray) -> float:
    """Return the smallest generalisation error of linear networks, 1/2 v (T - sum_g t_g / omega_g) v^T.

    Parameters
    ----------
    undetermined : (M, M) array
        Result of `undetermined_labels`.
    readouts : (M,) array
        Readouts v of the teacher.

    Returns
    -------
    float
        The error of the best linear student, which is reached for learning rates to 0.
    """
    return float(0.5 * readouts @ undetermined @ readouts)
