"""Groups of modes of structured inputs, and the start of their equations, from the setting of a run."""

from typing import NamedTuple

import numpy as np

from teacherstudent.errors import RunError
from teacherstudent.inputs.structured.laws import Law
from teacherstudent.inputs.structured.setting import Setting
from teacherstudent.kernels.ode.groups import ModeGroups
from teacherstudent.networks.linear_algebra import one_thread

# Eigenvalues are equal if they differ by less than this fraction of the largest one.
SAME = 1e-10
# Largest difference of a number from its exact value by rounding, relative to the largest of its kind.
ROUNDING = 1e-8


class Start(NamedTuple):
    """The groups of modes of a run, and the state of its student in them."""

    modes: ModeGroups
    q: np.ndarray  # (K, K, G)
    r: np.ndarray  # (K, F, G)


class Basis(NamedTuple):
    """Common eigenvectors of the covariances of all tasks; on their complement these are a multiple of 1."""

    vectors: np.ndarray | None  # (N, n); None for the axes of the inputs
    omega: np.ndarray  # (L, n) eigenvalues of each law
    rest: np.ndarray  # (L,) eigenvalues on the complement, which has N - n dimensions


@one_thread()
def start_in_groups(setting: Setting) -> Start:
    """Return the groups of modes of a run with finitely many inputs, and its start.

    Parameters
    ----------
    setting : Setting
        Networks and laws of the run. Covariances of different tasks must commute.

    Returns
    -------
    Start

    Raises
    ------
    RunError
        If covariances of two tasks do not commute, or labels are not consistent with the inputs.
    """
    W, N = setting.networks.W, setting.networks.W.shape[1]
    g = np.concatenate([law.fields for law in setting.laws])
    basis = common_basis(distinct(setting.laws))
    # 1. Student and teachers along the eigenvectors, and their parts in the complement.
    w, f = (rows if basis.vectors is None else rows @ basis.vectors for rows in (W, g))
    order, starts = _equal(basis.omega)
    sizes = np.diff(np.append(starts, len(order)))
    omega = np.add.reduceat(basis.omega[:, order], starts, axis=1) / sizes
    q, r, t = (_sums(a[:, order], b[:, order], starts) for a, b in ((w, w), (w, f), (f, f)))
    # 2. The complement is one more group.
    missing = N - basis.omega.shape[1]
    if missing:
        over, beside = W - w @ basis.vectors.T, g - f @ basis.vectors.T
        pairs = (over, over), (over, beside), (beside, beside)
        q, r, t = (np.dstack([part, a @ b.T]) for part, (a, b) in zip((q, r, t), pairs, strict=True))
        omega, sizes = np.column_stack([omega, basis.rest]), np.append(sizes, missing)
    modes = ModeGroups(omega, sizes / N, _symmetric(t) / N, setting.T)
    check_labels(modes)
    return Start(modes, _symmetric(q) / N, r / N)


def distinct(laws: tuple[Law, ...]) -> tuple[Law, ...]:
    """Return one law for each covariance of the inputs: one for all tasks, or one for each."""
    return laws[:1] if all(law.loadings is laws[0].loadings for law in laws) else laws


def common_basis(laws: tuple[Law, ...]) -> Basis:
    """Return common eigenvectors of the covariances of some laws.

    Parameters
    ----------
    laws : tuple of Law
        Laws whose covariances commute.

    Returns
    -------
    Basis

    Raises
    ------
    RunError
        If two covariances do not commute.
    """
    first, N = laws[0], len(laws[0].rest)
    if all(law.loadings.shape[1] == 0 for law in laws):
        return Basis(None, np.array([law.rest for law in laws]), np.zeros(len(laws)))
    rest = np.array([law.rest[0] for law in laws])
    if len(laws) == 1 and first.loadings.shape[1] < N and np.ptp(first.rest) == 0.0:
        vectors, lengths, _ = np.linalg.svd(first.loadings, full_matrices=False)
        return Basis(vectors, lengths[None] ** 2 + rest[0], rest)
    if len(laws) == 1:
        values, vectors = np.linalg.eigh(first.loadings @ first.loadings.T + np.diag(first.rest))
        return Basis(vectors, np.maximum(values, 0.0)[None], rest)
    return _joint_basis(laws, rest)


def _joint_basis(laws: tuple[Law, ...], rest: np.ndarray) -> Basis:
    """Return common eigenvectors on the space that all loadings span."""
    together, lengths, _ = np.linalg.svd(np.hstack([law.loadings for law in laws]), full_matrices=False)
    space = together[:, lengths > SAME * lengths[0]]
    inside = [space.T @ law.loadings for law in laws]
    matrices = np.array([part @ part.T for part in inside])
    # Different combinations of eigenvalues have different sums with these factors.
    factors = np.sqrt(2.0) ** -np.arange(len(laws)) * np.linspace(1.0, 1.1, len(laws))
    _, rotation = np.linalg.eigh(np.einsum("p,pab->ab", factors, matrices))
    rotated = np.einsum("ai,pab,bj->pij", rotation, matrices, rotation, optimize=True)
    omega = np.diagonal(rotated, axis1=1, axis2=2)
    others = rotated - omega[:, :, None] * np.eye(len(rotation))
    if np.abs(others).max() > ROUNDING * np.abs(omega).max():
        raise RunError(
            "inputs.manifold: the covariances of the inputs of two tasks do not commute, which these "
            "equations need; use engine network"
        )
    return Basis(space @ rotation, np.maximum(omega, 0.0) + rest[:, None], rest)


def _equal(omega: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an order of modes in which equal eigenvalues (L, n) follow each other, and its groups.

    A group starts at each of the returned places in this order.
    """
    kinds = np.empty(omega.shape, dtype=int)
    for row, kind in zip(omega, kinds, strict=True):
        order = np.argsort(-row, kind="stable")
        steps = -np.diff(row[order]) > SAME * np.abs(omega).max()
        kind[order] = np.concatenate([[0], np.cumsum(steps)])
    order = np.lexsort(kinds[::-1])
    changes = (np.diff(kinds[:, order], axis=1) != 0).any(axis=0)
    return order, np.concatenate([[0], 1 + np.flatnonzero(changes)])


def _sums(a: np.ndarray, b: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the sums (A, B, G) over groups of products of rows (A, n) and (B, n)."""
    return np.add.reduceat(a[:, None] * b[None], starts, axis=2)


def _symmetric(x: np.ndarray) -> np.ndarray:
    """Return an array that is exactly symmetric in its first two axes."""
    return 0.5 * (x + x.swapaxes(0, 1))


def check_labels(modes: ModeGroups) -> None:
    """Raise RunError where inputs would determine more of the labels than there is.

    T - sum_g t_g / omega_g is the covariance of the part of the teachers' fields that is independent of the
    inputs, for each task, and for all of them where they have one law.

    Parameters
    ----------
    modes : ModeGroups
        The groups of modes of a run.
    """
    (L, _), F = modes.omega.shape, len(modes.T)
    for law, omega in enumerate(modes.omega):
        own = slice(law * F // L, (law + 1) * F // L)
        matter = omega > SAME * omega.max()
        explained = (modes.t[own, own][..., matter] / omega[matter]).sum(axis=2)
        smallest = float(np.linalg.eigvalsh(modes.T[own, own] - explained).min())
        if smallest < -ROUNDING * np.abs(modes.T).max():
            raise RunError(
                "engine ode: the inputs determine more of the teachers' fields than their variance "
                f"(smallest eigenvalue of T - sum of t / omega: {smallest:.3g} < 0)"
            )
