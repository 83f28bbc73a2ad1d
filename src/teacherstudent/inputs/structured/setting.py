"""The inputs of a run: its projections, and the law of the inputs of each task."""

from typing import NamedTuple

import numpy as np

from teacherstudent.inputs.structured.foldings import coefficients, covariance_of_folded
from teacherstudent.inputs.structured.generators import moments_of_generator
from teacherstudent.inputs.structured.laws import Law
from teacherstudent.inputs.structured.projections import projections_of
from teacherstudent.inputs.structured.spectra import covariance_factors, factor
from teacherstudent.inputs.structured.starts import student_with_overlaps, teachers_with_overlaps
from teacherstudent.inputs.structured.subspaces import subspaces_of
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.sampling import Networks, sample_networks
from teacherstudent.spec.model import Spec


class Setting(NamedTuple):
    """Initial networks, projections, and laws of the inputs of one run.

    Teachers that see latent numbers have D inputs: `networks.V` is (P, M, D).
    """

    networks: Networks
    projections: np.ndarray | None  # (P, N, D), or (1, N, D) where tasks share one; None without a manifold
    laws: tuple[Law, ...]  # one for each task; they share arrays where the inputs have one law
    T: np.ndarray  # (P M, P M) covariances of the teacher fields, as in the observable teacher_overlaps


class Moments(NamedTuple):
    """Second moments of the inputs of a task, and the numbers that its teacher sees."""

    loadings: np.ndarray  # (N, L) as in `Law`
    rest: np.ndarray  # (N,) as in `Law`
    cross: np.ndarray | None  # (N, D) covariance with the latent numbers; None: the teacher sees the inputs

    def law(self, V: np.ndarray) -> Law:
        """Return the law with a teacher V (M, D or N).

        g_m = sqrt(N / D) <x c^T> v_m for a teacher on the latent numbers, Omega v_m for one on the inputs.
        """
        law = Law(self.loadings, self.rest, np.zeros((len(V), len(self.rest))), np.zeros((len(V), len(V))))
        with one_thread():
            if self.cross is None:
                fields = law.times_covariance(V)
                return law._replace(fields=fields, T=fields @ V.T / len(self.rest))
            N, D = self.cross.shape
            return law._replace(fields=np.sqrt(N / D) * V @ self.cross.T, T=V @ V.T / D)


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

    Raises
    ------
    RunError
        If no weights have the given initial overlaps.
    """
    if spec.initial_overlaps is not None:
        return _with_overlaps(spec, seed, run)
    networks = sample_networks(spec, seed, run)
    if spec.inputs.manifold is not None and spec.inputs.manifold.tasks == "subspaces":
        projections, V = subspaces_of(spec, networks.V, seed, run)
        networks = networks._replace(V=V)
    else:
        projections = projections_of(spec, seed, run) if spec.inputs.manifold is not None else None
    moments = _moments_of_tasks(spec, projections, seed, run)
    laws = tuple(own.law(V) for own, V in zip(moments, networks.V, strict=True))
    return Setting(networks, projections, laws, _T(networks.V, laws, moments))


def _with_overlaps(spec: Spec, seed: int, run: int) -> Setting:
    """Return the setting with networks that have the given initial overlaps; all tasks have one law."""
    projections = projections_of(spec, seed, run) if spec.inputs.manifold is not None else None
    moments = _moments_of_tasks(spec, projections, seed, run)
    own, given = moments[0], spec.initial_overlaps
    unit = np.zeros((1, spec.inputs.dimension))
    seen = own.law(unit).times_covariance if own.cross is None else lambda rows: rows
    V = teachers_with_overlaps(spec, seen, seed, run)
    laws = tuple(own.law(block) for block in V)
    W = student_with_overlaps(spec, laws[0], np.concatenate([law.fields for law in laws]), seed, run)
    h, v = np.array(given.student_readouts), np.array(given.teacher_readouts)
    return Setting(Networks(W, h, V, v), projections, laws, _T(V, laws, moments))


def _moments_of_tasks(spec: Spec, projections: np.ndarray | None, seed: int, run: int) -> list[Moments]:
    """Return the moments of each task; the same object for tasks with one law."""
    manifold, P = spec.inputs.manifold, spec.teachers.count
    if spec.inputs.covariance is not None:
        return [Moments(*covariance_factors(spec), None)] * P
    if manifold is None:
        covariance, cross = moments_of_generator(spec, seed, run)
        return [Moments(factor(covariance), np.zeros(len(covariance)), cross)] * P
    found = [
        _of_subspace(spec, F) if manifold.tasks == "subspaces" else _of_folded(spec, F) for F in projections
    ]
    return found if len(found) == P else found * P


@one_thread()
def _of_folded(spec: Spec, F: np.ndarray) -> Moments:
    """Return the moments of folded inputs of a projection (N, D).

    Psi_i = b(s_i) F_i / |F_i| with s_i = |F_i| / sqrt D is exact for each input. The rest of its variance is
    replaced by the mean over all inputs; with numerics.covariance: exact the covariance is exact.
    """
    manifold, D = spec.inputs.manifold, F.shape[1]
    lengths = np.sqrt((F**2).sum(axis=1))
    b, c = coefficients(manifold.folding, lengths / np.sqrt(D))
    loadings = (b / lengths)[:, None] * F
    rest = np.full(len(F), np.mean(c - b**2))
    cross = loadings if manifold.labels_from == "latents" else None
    if spec.numerics.covariance == "exact":
        return Moments(factor(covariance_of_folded(manifold.folding, F @ F.T / D)), np.zeros(len(F)), cross)
    return Moments(loadings, rest, cross)


def _of_subspace(spec: Spec, F: np.ndarray) -> Moments:
    """Return the moments of the inputs of a task in a subspace, with the mean length of all rows.

    With one length the covariances of all tasks have the same eigenvectors.
    """
    s = np.sqrt((F**2).mean())
    b, c = coefficients(spec.inputs.manifold.folding, s)
    loadings = b / s * F / np.sqrt(F.shape[1])
    return Moments(loadings, np.full(len(F), float(c - b**2)), loadings)


@one_thread()
def _T(V: np.ndarray, laws: tuple[Law, ...], moments: list[Moments]) -> np.ndarray:
    """Return the covariances of all teacher fields."""
    P, M, D = V.shape
    flat = V.reshape(P * M, D)
    if moments[0].cross is None:
        return np.concatenate([law.fields for law in laws]) @ flat.T / D
    return flat @ flat.T / D
