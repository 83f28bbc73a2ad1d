"""Initial networks of chains with groups of inputs, by coordinates in a frame of each group."""

import numpy as np

from teacherstudent.engines.chain.groups import Group, axes_of, groups_of, is_taught
from teacherstudent.engines.chain.networks import triangular
from teacherstudent.errors import RunError
from teacherstudent.inputs.structured.starts import SPAN_ROUNDING
from teacherstudent.kernels.compile.alignment import aligned
from teacherstudent.networks.coordinates import given_coordinates, networks_of_coordinates
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import triangular_rows
from teacherstudent.networks.sampling import Networks
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules import OVERLAP_PRECISION, full_overlaps
from teacherstudent.spec.weight_files import student_layers, teacher_layers


def sample_in_groups(spec: Spec, seed: int, run: int) -> Networks:
    """Draw the initial networks of a run, given by coordinates: those of all groups in one row.

    Inner products are sums over the groups, so that relations between whole first layers are those of these
    rows.

    Parameters
    ----------
    spec : Spec
        Spec of the run, with structured inputs.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    Networks
        Coordinates in place of weights.

    Raises
    ------
    RunError
        If no weights have the given overlaps.
    """
    groups, PM, start, parts = groups_of(spec), spec.teachers.count * spec.teachers.hidden, 0, []
    layers = teacher_layers(spec), student_layers(spec)
    for number, group in enumerate(groups):
        taught, inputs = is_taught(spec, group), slice(start, start + group.n)
        rows = triangular_rows(seed, [run], spec.student.hidden + PM * taught, group.n, number)
        own = [part and part._replace(weights=part.weights[..., inputs]) for part in layers]
        nothing = np.zeros((1, PM, rows.shape[2]))
        parts.append(given_coordinates(rows, PM, *own) if taught else (nothing, rows))
        start += group.n
    V, W = (np.concatenate(part, axis=2) for part in zip(*parts, strict=True))
    if spec.initial_overlaps is None:
        return Networks(*(part[0] for part in networks_of_coordinates(spec, seed, [run], V, W, *layers)))
    widths = [part.shape[2] for part, _ in parts]
    return _with_overlaps(
        spec, V[0], W[0], *(np.repeat(numbers, widths) for numbers in _factors(spec, groups))
    )


def _factors(spec: Spec, groups: list[Group]) -> tuple[list[float], ...]:
    """Return variances of the inputs, covariances with teacher fields, variances of what teachers see."""
    variances, covariances = [one.variance for one in groups], [one.seen * one.label for one in groups]
    N, seen = spec.inputs.dimension, spec.inputs.seen_by_teachers
    return variances, covariances, [one.label**2 * seen / N for one in groups]


@one_thread()
def _with_overlaps(
    spec: Spec, V: np.ndarray, W: np.ndarray, variances: np.ndarray, covariances: np.ndarray, seen: np.ndarray
) -> Networks:
    """Return networks with the given overlaps: w = sum_a alpha_a g_a + random rest, alpha = R (g g^T / N)^-1.

    Parameters
    ----------
    spec : Spec
        Spec with initial overlaps.
    V, W : arrays (P M, n), (K, n)
        Coordinates of random rows.
    variances, covariances, seen : arrays (n,)
        Along each axis: variance of the inputs, factor of teacher weights in g, and variance of the numbers
        that teachers see.

    Returns
    -------
    Networks
        Coordinates in place of weights.
    """
    given, K, N = spec.initial_overlaps, spec.student.hidden, spec.inputs.dimension
    C = full_overlaps(given)
    V = _with_covariance(spec, C[K:, K:], V, seen, spec.inputs.seen_by_teachers)
    fields = V * covariances
    along = C[:K, K:] @ np.linalg.pinv(fields @ fields.T / N) @ fields
    left = C[:K, :K] - (along * variances) @ along.T / N
    if np.linalg.eigvalsh(left).min() < -OVERLAP_PRECISION * max(1.0, np.abs(C).max()):
        raise RunError(
            "initial_overlaps: no weights have these overlaps with these inputs; use smaller entries of "
            "student_teacher or larger ones of student"
        )
    basis, lengths, _ = np.linalg.svd(np.concatenate([fields, fields * variances]).T, full_matrices=False)
    basis = basis[:, lengths > SPAN_ROUNDING * lengths.max()]
    for _ in range(2):  # twice for full precision
        W = W - (W @ basis) @ basis.T
    W = along + _with_covariance(spec, left, W, variances, N)
    h, v = np.array(given.student_readouts), np.array(given.teacher_readouts)
    return Networks(W, h, V.reshape(*v.shape, -1), v)


def _with_covariance(
    spec: Spec, C: np.ndarray, draws: np.ndarray, variances: np.ndarray, count: int
) -> np.ndarray:
    """Return combinations of random rows with rows diag(variances) rows^T = count C, up to rounding."""
    values, vectors = np.linalg.eigh((C + C.T) / 2.0)
    large = values > len(C) * np.finfo(float).eps * np.abs(values).max()
    products = (draws[: large.sum()] * variances) @ draws[: large.sum()].T / count
    if np.linalg.matrix_rank(products, hermitian=True) < large.sum():
        raise RunError(
            f"initial_overlaps: {spec.inputs.dimension} inputs are too few for these overlaps with these "
            "inputs; use more inputs"
        )
    rows = np.linalg.solve(np.linalg.cholesky(products), draws[: large.sum()])
    return (vectors[:, large] * np.sqrt(values[large])) @ rows


def in_frames(spec: Spec, drawn: list[Networks]) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of networks in the frames of student and teachers of each group.

    Parameters
    ----------
    spec : Spec
        Spec of one of the chains.
    drawn : list of Networks
        Networks from `sample_in_groups`, one for each chain.

    Returns
    -------
    B : array (P M, r, C)
        Coordinates of what the teachers see.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N.
    """
    N, (P, M, _), K, C = spec.inputs.dimension, drawn[0].V.shape, spec.student.hidden, len(drawn)
    V = np.stack([one.V.reshape(P * M, -1) for one in drawn]) / np.sqrt(N)
    W, start, G, A, B, Y = np.stack([one.W for one in drawn]) / np.sqrt(N), 0, [], [], [], 0
    for group in groups_of(spec):
        (p, r, q), taught = axes_of(spec, group), is_taught(spec, group)
        width = min(group.n, K + P * M * taught)
        own = slice(start, start + width)
        rows = np.concatenate([V[:, : P * M * taught, own], W[:, :, own]], axis=1)
        rows = aligned(np.moveaxis(np.pad(rows, [(0, 0), (0, 0), (0, p + r - width)]), 0, -1))
        teachers, _, student = triangular(rows, P * M * taught, K)
        G.append(student[:, r:])
        A.append(student[:, :r])
        B.append(group.label * teachers[:, :r] if taught else np.zeros((P * M, r, C)))
        start, Y = start + width, Y + q
    return aligned(np.concatenate(B, axis=1)), aligned(np.concatenate([*G, *A, np.zeros((K, Y, C))], axis=1))
