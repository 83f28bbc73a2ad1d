"""Groups of inputs of chains: Gaussian inputs whose covariance has few distinct eigenvalues."""

from typing import NamedTuple

import numpy as np

from teacherstudent.errors import SpecError, refuse
from teacherstudent.inputs.structured.foldings import coefficients
from teacherstudent.inputs.structured.spectra import level_sizes
from teacherstudent.kernels.chain import frames
from teacherstudent.kernels.chain.group_overlaps import Groups
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.spec.model import Spec


class Group(NamedTuple):
    """Inputs of one group: seen z + sqrt(rest) z' along each of n directions, z and z' standard normal."""

    n: int  # number of directions
    seen: float
    rest: float
    label: float  # factor of z in the fields of the teachers; 0 where these have no weights

    @property
    def variance(self) -> float:
        """Variance of the inputs."""
        return self.seen**2 + self.rest


class Axes(NamedTuple):
    """Numbers of axes of the frame of a group, as in `frames.axes`."""

    p: int
    r: int
    q: int


def check_groups(spec: Spec) -> None:
    """Raise SpecError for structured inputs that are not Gaussian, or have too many eigenvalues."""
    inputs, spectrum = spec.inputs, spec.inputs.covariance and spec.inputs.covariance.spectrum
    if spec.numerics.latents == "infinite":
        refuse("numerics.latents", "infinite", "engine chain has finite networks; use engine ode")
    if inputs.generator is not None:
        raise SpecError(
            "inputs.distribution: generator: engine chain needs few distinct eigenvalues, and there is one "
            "for each input; use engine network or ode"
        )
    if spectrum not in (None, "levels"):
        raise SpecError(
            f"inputs.covariance.spectrum: {spectrum}: engine chain needs few distinct eigenvalues, and there "
            "is one for each input; use levels, or engine network or ode"
        )
    if inputs.manifold is not None:
        _check_manifold(spec)


def _check_manifold(spec: Spec) -> None:
    block, N = spec.inputs.manifold, spec.inputs.dimension
    if block.projection != "orthogonal":
        raise SpecError(
            f"inputs.manifold.projection: {block.projection}: engine chain needs few distinct eigenvalues, "
            "and there is one for each latent number; use orthogonal, or engine network or ode"
        )
    if spec.has_task_inputs:
        raise SpecError(
            f"inputs.manifold.tasks: {block.tasks}: engine chain needs one law of the inputs; use shared, or "
            "engine network or ode"
        )
    if spec.student.initial.file is not None:
        raise SpecError(
            "student.initial.file: engine chain does not draw the projection on which the order parameters "
            "of given weights depend; use engine network or ode"
        )
    if block.folding == "linear":
        return
    if not block.equivalent:
        raise SpecError(
            "inputs.manifold.equivalent: false: engine chain needs Gaussian inputs, which those with "
            f"folding: {block.folding} are not; use true, or engine network or ode"
        )
    if N & (N - 1):
        raise SpecError(
            f"inputs.dimension: {N}: with folding: {block.folding} engine chain needs a projection whose "
            "rows have equal lengths; use a power of 2 (Hadamard matrices), or engine network or ode"
        )


def groups_of(spec: Spec) -> list[Group]:
    """Return the groups of structured inputs, in the order of the inputs.

    A manifold has orthogonal columns E of length 1: x = (b / sqrt delta) E c + sqrt(c - b^2) z with
    delta = D / N, so that the latent numbers c are z in the first group of D directions.

    Parameters
    ----------
    spec : Spec
        Spec with structured inputs that the engine supports.

    Returns
    -------
    list of Group
    """
    block, N = spec.inputs.manifold, spec.inputs.dimension
    if block is None:
        levels = zip(level_sizes(spec), spec.inputs.covariance.values, strict=True)
        return [Group(n, value**0.5, 0.0, value**0.5) for n, value in levels if n > 0]
    D = spec.inputs.latents
    b, c = (float(number) for number in coefficients(block.folding, 1.0))
    along, rest = b * (N / D) ** 0.5, max(c - b**2, 0.0)
    if block.labels_from == "latents":
        found = [Group(D, along, rest, (N / D) ** 0.5), Group(N - D, 0.0, rest, 0.0)]
    else:
        deviations = (along**2 + rest) ** 0.5, rest**0.5
        sizes = zip((D, N - D), deviations, strict=True)
        found = [Group(n, deviation, 0.0, deviation) for n, deviation in sizes]
    return [group for group in found if group.n > 0]


def is_taught(spec: Spec, group: Group) -> bool:
    """Return whether teachers have weights in a group."""
    return group.label > 0.0 or spec.inputs.manifold is None or spec.inputs.manifold.labels_from == "inputs"


def axes_of(spec: Spec, group: Group) -> Axes:
    """Return the numbers of axes of a group."""
    fixed = spec.teachers.count * spec.teachers.hidden if is_taught(spec, group) else 0
    return Axes(*frames.axes(group.n, spec.student.hidden, fixed, spec.training.batch_size))


def new_groups(spec: Spec, chains: int) -> Groups:
    """Return the groups of inputs as the kernels read them.

    Parameters
    ----------
    spec : Spec
        Spec with structured inputs.
    chains : int
        Number of chains.

    Returns
    -------
    Groups
    """
    groups = groups_of(spec)
    sizes = [axes_of(spec, group) for group in groups]
    p, r, _ = np.array(sizes, dtype=np.int64).T.copy()
    further = (p > 0).astype(np.int64)
    seen, noise, length = (aligned_zeros((len(groups), chains)) for _ in range(3))
    seen[:] = [[group.seen] for group in groups]
    variances, factors = (np.array([getattr(one, name) for one in groups]) for name in ("variance", "seen"))
    return Groups(
        n=np.array([group.n for group in groups], dtype=np.int64),
        p=p,
        r=r,
        first=np.cumsum(p) - p,
        own=np.cumsum(r) - r + p.sum(),
        last=np.cumsum(further[::-1])[::-1].copy(),
        seen=seen,
        rest=np.array([group.rest for group in groups]),
        noise=noise,
        length=length,
        variance=np.concatenate([np.repeat(variances, p), np.repeat(variances, r)]),
        fields=np.repeat(factors, r),
    )
