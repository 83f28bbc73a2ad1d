"""Groups of inputs of chains: Gaussian inputs whose covariance has few distinct eigenvalues."""

from typing import NamedTuple

import numpy as np

from teacherstudent.engines.chain.frame_axes import frame_axes
from teacherstudent.inputs.structured.foldings import coefficients
from teacherstudent.inputs.structured.spectra import level_sizes
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
    """Numbers of axes of the frame of a group, as in `frame_axes`."""

    p: int
    r: int
    q: int


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
    return Axes(*frame_axes(group.n, spec.student.hidden, fixed, spec.training.batch_size))


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
