"""Sampling of teachers with the relations of a spec."""

import numpy as np

from teacherstudent.errors.interruption import check_interruption, in_pieces
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Features, Readouts, Teachers
from teacherstudent.spec.similarity import similarity_factor


def sample_teachers(teachers: Teachers, dimension: int, seed: int, run: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the first layers and the readouts of all teachers.

    The random numbers depend on (seed, run) and the shapes only: the first teacher is the same for all
    relations, and the others depend continuously on the similarity.

    Parameters
    ----------
    teachers : Teachers
        Block of the spec.
    dimension : int
        Number of inputs N.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    V, v : arrays (P, M, N), (P, M)
    """
    shape = teachers.count, teachers.hidden, dimension
    draws = normals(seed, run, Purpose.TEACHER_FEATURES, shape)
    return related_features(draws, teachers.features, dimension), sample_readouts(teachers, seed, run)


def sample_readouts(teachers: Teachers, seed: int, run: int) -> np.ndarray:
    """Draw the readouts of all teachers; they include the output scale.

    Parameters
    ----------
    teachers : Teachers
        Block of the spec.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (P, M)
    """
    shape = teachers.count, teachers.hidden
    draws = normals(seed, run, Purpose.TEACHER_READOUTS, shape)
    return teachers.scale * related_readouts(draws, teachers.readouts)


def related_features(draws: np.ndarray, features: Features, dimension: int) -> np.ndarray:
    """Combine independent Gaussian rows into first layers with the units and the relation of a spec.

    Only inner products are used: from coordinates of the rows in an orthonormal frame with fewer than N axes,
    it returns coordinates of the first layers in this frame.

    * `rotated`: V_p = sum_q L_pq B_q with S = L L^T. B_0 is the first teacher; every other B_q has the same
      Gram matrix and is orthogonal to those before it. Therefore V_p V_q^T = S_pq V_0 V_0^T to rounding.
    * `interpolated`: the same sum with Gaussian rows of standard deviation `norm` (1 without a norm) in place
      of the B_q for q > 0, rescaled to the lengths of the first teacher (as in Lee et al. 2021). There is no
      rescaling if the first teacher is whitened (as in their maps of feature and readout similarity).
    * `shared_nodes`: the first rows are copied, the others are rotated.

    Parameters
    ----------
    draws : array (P, M, N)
        Independent standard normal numbers, or coordinates of such rows.
    features : Features
        Block of the spec.
    dimension : int
        Number of inputs N.

    Returns
    -------
    array (P, M, N)
        First layers, one block for each teacher.
    """
    P, rows = draws.shape[-3], unrelated_features(draws, features, dimension)
    if features.relation == "independent":
        return rows
    if features.relation == "identical":
        return np.repeat(rows[..., :1, :, :], P, axis=-3)
    L = similarity_factor(features.similarity, P)
    if features.relation == "interpolated":
        fresh = draws[1:] if features.norm is None else features.norm * draws[1:]
        mixed = combine(L, np.concatenate([rows[:1], fresh]))
        return mixed if features.units == "whitened" else mixed * (row_norms(rows[:1]) / row_norms(mixed))
    shared = features.shared or 0
    rotated = rotated_family(rows[:, shared:], L, avoid=rows[0, :shared])
    return np.concatenate([np.repeat(rows[:1, :shared], P, axis=0), rotated], axis=1)


def has_unrelated_rows(teachers: Teachers) -> bool:
    """Return whether `related_features` and `related_readouts` accept leading axes, such as one of runs.

    This is so where they neither rotate rows nor make them orthogonal.
    """
    features, same = teachers.features, ("independent", "identical")
    rows = features.relation in same and (features.norm is None or features.units == "independent")
    return rows and teachers.readouts.relation != "rotated"


def unrelated_features(draws: np.ndarray, features: Features, dimension: int) -> np.ndarray:
    """Give the rows of each teacher the lengths and angles of the spec, independently of other teachers.

    With T_mn = v_m.v_n / N and m = 1 ... M:

    * `independent`: T_mm = norm^2.
    * `orthogonal`: T_mn = norm^2 delta_mn exactly.
    * `graded`: T_mn = m norm^2 delta_mn exactly, as in Saad & Solla 1995.
    * `whitened`, M >= N: columns are orthogonal, (1 / M) sum_m V_mi V_mj = norm^2 delta_ij exactly.

    Parameters
    ----------
    draws : array (P, M, N)
        Independent standard normal numbers, or coordinates of such rows.
    features : Features
        Block of the spec.
    dimension : int
        Number of inputs N.

    Returns
    -------
    array (P, M, N)
    """
    if features.norm is None:
        return draws
    if features.units == "whitened":
        return np.stack([whitened_rows(block, features.norm) for block in draws])
    length = features.norm * np.sqrt(dimension)
    if features.units == "independent":
        return draws * (length / row_norms(draws))
    rows = length * np.stack([orthonormal_rows(block, block[:0]) for block in draws])
    grades = np.sqrt(np.arange(1.0, rows.shape[1] + 1.0))[:, None]
    return grades * rows if features.units == "graded" else rows


def whitened_rows(block: np.ndarray, norm: float) -> np.ndarray:
    """Return combinations of the columns of a block (M, N), M >= N, with V^T V = M norm^2 I."""
    return norm * np.sqrt(len(block)) * orthonormal_rows(block.T, block.T[:0]).T


def related_readouts(draws: np.ndarray, readouts: Readouts) -> np.ndarray:
    """Return readouts (P, M) with the relation and length of a spec, from independent Gaussian vectors.

    `rotated` vectors have exactly the cosines S_pq, for any M, and the length of the first one.
    """
    P = draws.shape[-2]
    if readouts.relation == "uniform":
        return np.full_like(draws, readouts.value)
    vectors = np.ones_like(draws) if readouts.relation == "ones" else draws
    if readouts.norm is not None:
        vectors = vectors * (readouts.norm / row_norms(vectors))
    if readouts.relation == "identical":
        return np.repeat(vectors[..., :1, :], P, axis=-2)
    if readouts.relation == "rotated":
        L = similarity_factor(readouts.similarity, P)
        return rotated_family(vectors[:, None, :], L, avoid=vectors[:0])[:, 0]
    return vectors


def rotated_family(rows: np.ndarray, L: np.ndarray, avoid: np.ndarray) -> np.ndarray:
    """Return blocks V_p = sum_q L_pq B_q of mutually orthogonal B_q with the Gram matrix of the first.

    Parameters
    ----------
    rows : array (P, M, N)
        The first block B_0, and random rows that give the directions of the others.
    L : array (P, rank)
        Factor of the matrix of similarities, S = L L^T.
    avoid : array (A, N)
        Rows to which all B_q with q > 0 are orthogonal, in addition to the first block.

    Returns
    -------
    array (P, M, N)
        V_p V_q^T = S_pq B_0 B_0^T, to rounding.
    """
    first = rows[0]
    basis = orthonormal_rows(first, first[:0])
    inside = products_of_rows(first, basis)
    taken = orthonormal_rows(np.concatenate([avoid, first]), avoid[:0])
    parts = [first]
    for fresh in rows[1 : L.shape[1]]:
        directions = orthonormal_rows(fresh, taken)
        taken = np.concatenate([taken, directions])
        parts.append(combined_rows(inside, directions))
    check_interruption()
    return combine(L, np.stack(parts))


def combine(L: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return the sums sum_q L_pq B_q, (P, M, N), of parts B_q, (rank or more, M, N)."""
    _, M, N = parts.shape
    sums = np.empty((len(L), M, N))
    for units in in_pieces(M, L.size * N):
        sums[:, units] = np.einsum("pq,qmn->pmn", L, parts[: L.shape[1], units])
    return sums


def combined_rows(A: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the sums sum_r A_fr rows_r, (F, N), of rows (R, N)."""
    sums = np.empty((len(A), rows.shape[1]))
    for part in in_pieces(len(A), rows.size):
        sums[part] = np.einsum("fr,rn->fn", A[part], rows)
    return sums


def products_of_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the inner products (I, J) of rows (I, N) and (J, N).

    The rounding of einsum, in contrast to BLAS, does not depend on the number of threads.
    """
    products = np.empty((len(a), len(b)))
    for part in in_pieces(len(a), b.size):
        products[part] = np.einsum("in,jn->ij", a[part], b)
    return products


def row_norms(rows: np.ndarray) -> np.ndarray:
    """Return the Euclidean lengths of rows, with a last axis of length 1."""
    return np.sqrt(np.einsum("...n,...n->...", rows, rows))[..., None]


def orthonormal_rows(rows: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Return the rows, made orthonormal to each other and to the orthonormal rows `against`.

    Gram-Schmidt is done twice for full precision. The rounding of einsum, in contrast to BLAS, does not
    depend on the number of threads.
    """
    basis = list(against)
    for row in rows:
        check_interruption()
        for _ in range(2):
            for unit in basis:
                row = row - np.einsum("n,n->", unit, row) * unit
        basis.append(row / np.sqrt(np.einsum("n,n->", row, row)))
    check_interruption()
    return np.array(basis[len(against) :]).reshape(len(rows), rows.shape[1])
