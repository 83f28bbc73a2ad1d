"""The inputs of a run: its projections, and the law of the inputs of each task."""

from typing import NamedTuple

import numpy as np

from teacherstudent.inputs.structured.foldings import coefficients, covariance_of_folded
from teacherstudent.inputs.structured.laws import Law
from teacherstudent.inputs.structured.projections import projections_of
from teacherstudent.inputs.structured.spectra import covariance_factors, factor, on_inputs
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.sampling import Networks, sample_networks
from teacherstudent.spec.model import Spec


class Setting(NamedTuple):
    """Initial networks, projections, and laws of the inputs of one run.

    Teachers that see latent numbers have D inputs: `networks.V` is (P, M, D).
    """

    networks: Networks
    projections: np.ndarray | None  # (P, N, D), or (1, N, D) where tasks share one; None without latents
    laws: tuple[Law, ...]  # one for each task
    T: np.ndarray  # (P M, P M) covariances of the teacher fields; see `Observable` teacher_overlaps


def setting_of(spec: Spec, seed: int, run: int) -> Setting:
    """Return the setting of a run: every engine starts from the same one.

    Parameters
    ----------
    spec : Spec
        Spec with structured inputs.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    Setting
    """
    networks = sample_networks(spec, seed, run)
    if spec.inputs.manifold is None:
        factors = covariance_factors(spec)
        laws = tuple(on_inputs(*factors, V) for V in networks.V)
        return Setting(networks, None, laws, _T(spec, networks.V, laws))
    projections = projections_of(spec, seed, run)
    moments = [_moments(spec, F) for F in projections]
    laws = tuple(_law(spec, *moments[p if len(moments) > 1 else 0], V) for p, V in enumerate(networks.V))
    return Setting(networks, projections, laws, _T(spec, networks.V, laws))


@one_thread()
def _moments(spec: Spec, F: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return loadings and rest of the covariance of folded inputs, and their covariance with the latents.

    Psi_i = b(s_i) F_i / |F_i| with s_i = |F_i| / sqrt D is exact for each input. Its remainder is replaced by
    the mean over all inputs; with numerics.covariance: exact it is exact too.
    """
    folding, D = spec.inputs.manifold.folding, F.shape[1]
    lengths = np.sqrt((F**2).sum(axis=1))
    b, c = coefficients(folding, lengths / np.sqrt(D))
    cross = (b / lengths)[:, None] * F
    if spec.numerics.covariance == "exact":
        return factor(covariance_of_folded(folding, F @ F.T / D)), np.zeros(len(F)), cross
    return cross, np.full(len(F), np.mean(c - b**2)), cross


@one_thread()
def _law(spec: Spec, loadings: np.ndarray, rest: np.ndarray, cross: np.ndarray, V: np.ndarray) -> Law:
    """Return the law with a teacher on the inputs, or on latents: g_m = sqrt(N / D) <x c^T> v_m."""
    if spec.inputs.manifold.labels_from == "inputs":
        return on_inputs(loadings, rest, V)
    N, D = cross.shape
    return Law(loadings, rest, np.sqrt(N / D) * V @ cross.T, V @ V.T / D)


@one_thread()
def _T(spec: Spec, V: np.ndarray, laws: tuple[Law, ...]) -> np.ndarray:
    """Return the covariances of all teacher fields."""
    P, M, D = V.shape
    flat = V.reshape(P * M, D)
    if spec.inputs.latents is None or spec.inputs.manifold.labels_from == "inputs":
        return np.concatenate([law.fields for law in laws]) @ flat.T / D
    return flat @ flat.T / D
