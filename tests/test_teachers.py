"""Realised similarities, norms and shared draws of sampled teachers."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from depth import crossed
from teacherstudent.errors import SpecError
from teacherstudent.networks.coordinates import sample_coordinates
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.networks.teachers import sample_teachers
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.similarity import similarity_factor

N = 400
MATRIX = [[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]]
SIMILARITIES = [
    (2, 0.0),
    (2, 0.3),
    (2, -0.8),
    (2, 1.0),
    (2, -1.0),
    (3, 0.5),
    (3, -0.5),
    (3, 1.0),
    (3, MATRIX),
    (4, 0.9),
]


def spec(count, hidden, dimension, features=None, readouts=None):
    blocks = {"features": features or {}, "readouts": readouts or {}}
    return parse_spec(
        {
            "inputs": {"dimension": dimension},
            "teachers": {"count": count, "hidden": hidden} | blocks,
            "student": {"hidden": 1},
            "training": {"learning_rate": 1.0},
        }
    )


def teachers(count=2, hidden=3, dimension=N, seed=0, run=0, features=None, readouts=None):
    """Sampled first layers (P, M, N) and readouts (P, M)."""
    described = spec(count, hidden, dimension, features, readouts)
    return sample_teachers(described.teachers, dimension, seed, run)


def overlaps(V):
    """T_pq = V_p V_q^T / N, shape (P, P, M, M)."""
    return np.array([[a @ b.T / V.shape[-1] for b in V] for a in V])


def matrix_of(similarity, count):
    """The similarities of all pairs, as a matrix."""
    if isinstance(similarity, list):
        return np.array(similarity)
    return similarity + (1 - similarity) * np.eye(count)


def cosines(rows):
    lengths = np.linalg.norm(rows, axis=1)
    return rows @ rows.T / np.outer(lengths, lengths)


@pytest.mark.parametrize("norm", [1.0, 2.0, None])
@pytest.mark.parametrize("hidden", [1, 3])
@pytest.mark.parametrize("count, similarity", SIMILARITIES, ids=str)
def test_rotated_teachers_have_exactly_the_similarity_asked_for(count, similarity, hidden, norm):
    features = {"relation": "rotated", "similarity": similarity, "norm": norm}
    T = overlaps(teachers(count, hidden, features=features)[0])
    expected = np.multiply.outer(matrix_of(similarity, count), T[0, 0])
    np.testing.assert_allclose(T, expected, rtol=0, atol=1e-12 * T.max())


def test_rotation_fills_the_inputs_to_the_last():
    features = {"relation": "rotated", "similarity": 0.5}
    T = overlaps(teachers(2, 3, dimension=6, features=features)[0])
    np.testing.assert_allclose(T[0, 1], 0.5 * T[0, 0], rtol=0, atol=1e-12)


GRADES = {"orthogonal": [1, 1, 1], "graded": [1, 2, 3]}
EXACT_RELATIONS = {
    "independent": {},
    "identical": {},
    "rotated": {"similarity": MATRIX},
    "shared_nodes": {"similarity": 0.4, "shared": 2},
}


@pytest.mark.parametrize("dimension", [9, N])
@pytest.mark.parametrize("units", GRADES)
@pytest.mark.parametrize("relation", EXACT_RELATIONS)
def test_units_of_each_teacher_are_exactly_orthogonal(relation, units, dimension):
    features = {"units": units, "norm": 1.7, "relation": relation} | EXACT_RELATIONS[relation]
    T = overlaps(teachers(3, dimension=dimension, features=features)[0])
    expected = 1.7**2 * np.diag(GRADES[units])
    for p in range(3):
        np.testing.assert_allclose(T[p, p], expected, rtol=0, atol=1e-12)
    if relation == "rotated":
        np.testing.assert_allclose(T, np.multiply.outer(np.array(MATRIX), expected), rtol=0, atol=1e-12)
    elif relation == "independent":
        assert np.abs(T[0, 1]).min() > 1e-6


WHITENED = {"units": "whitened", "norm": 1.7}


@pytest.mark.parametrize("sample", ["networks", "coordinates"])
def test_whitened_units_have_no_preferred_direction(sample):
    if sample == "networks":
        V, _ = teachers(2, hidden=40, dimension=15, features=WHITENED)
    else:
        V = sample_coordinates(spec(2, 40, 15, WHITENED), 0, 0).V
    for block in V:
        np.testing.assert_allclose(block.T @ block / 40, 1.7**2 * np.eye(15), rtol=0, atol=1e-12)
    assert np.abs(V[0] - V[1]).min() > 1e-9


@pytest.mark.parametrize("similarity", [0.0, 0.6, 1.0])
def test_whitened_units_are_mixed_with_gaussian_rows(similarity):
    first, second = teachers(
        hidden=4000, dimension=15, features=WHITENED | {"relation": "interpolated", "similarity": similarity}
    )[0]
    np.testing.assert_allclose(first.T @ first / 4000, 1.7**2 * np.eye(15), rtol=0, atol=1e-12)
    for other, expected in ((first, similarity), (second, 1.0)):
        products = other.T @ second / 4000 / 1.7**2
        np.testing.assert_allclose(products, expected * np.eye(15), rtol=0, atol=4.5 / np.sqrt(4000))
    if similarity < 1.0:
        assert np.abs(second.T @ second / 4000 - 1.7**2 * np.eye(15)).max() > 0.01


def test_too_few_units_to_be_whitened_are_refused():
    with pytest.raises(SpecError, match=r"^teachers.hidden: 4 is not allowed.* inputs.dimension, 5$"):
        teachers(2, hidden=4, dimension=5, features=WHITENED)


@pytest.mark.parametrize("units", GRADES)
def test_coordinates_of_orthogonal_units(units):
    features = {"units": units, "norm": 1.7, "relation": "rotated", "similarity": -0.3}
    V = sample_coordinates(spec(2, 3, 10**9, features), 0, 0).V
    expected = np.multiply.outer(matrix_of(-0.3, 2), 1.7**2 * np.diag(GRADES[units]))
    np.testing.assert_allclose(overlaps(V) * V.shape[-1] / 10**9, expected, rtol=0, atol=1e-12)


def test_first_orthogonal_unit_is_the_first_independent_one():
    plain, orthogonal = (teachers(features={"units": units})[0] for units in ("independent", "orthogonal"))
    np.testing.assert_allclose(orthogonal[:, 0], plain[:, 0], rtol=1e-12)


def test_identical_teachers():
    V, _ = teachers(3, features={"relation": "identical"})
    np.testing.assert_array_equal(V, V[[0, 0, 0]])


def test_independent_teachers_overlap_by_chance_only():
    T = overlaps(teachers(3, dimension=10_000)[0])
    different = T[~np.eye(3, dtype=bool)]
    assert 0.2 < np.sqrt(np.mean(different**2)) * 100 < 3.0


@pytest.mark.parametrize("shared", [0, 1, 2, 4])
@pytest.mark.parametrize("count, similarity", [(2, 0.3), (3, MATRIX)], ids=str)
def test_shared_nodes_are_copied_and_the_others_rotated(count, similarity, shared):
    V, _ = teachers(
        count, 4, features={"relation": "shared_nodes", "shared": shared, "similarity": similarity}
    )
    T = overlaps(V)
    np.testing.assert_array_equal(V[:, :shared], V[[0] * count, :shared])
    S, rest = matrix_of(similarity, count), slice(shared, None)
    np.testing.assert_allclose(
        T[:, :, rest, rest], np.multiply.outer(S, T[0, 0, rest, rest]), rtol=0, atol=1e-12
    )
    # what one teacher's own units have in common with the shared ones stays, in proportion to its similarity
    expected = np.multiply.outer(S[:, 0], T[0, 0, rest, :shared])
    np.testing.assert_allclose(T[:, 0, rest, :shared], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("similarity", [0.0, 0.4, -0.4])
def test_interpolated_teachers_have_the_similarity_up_to_chance(similarity):
    dimension = 20_000
    features = {"relation": "interpolated", "similarity": similarity}
    T = overlaps(teachers(3, 2, dimension, features=features)[0])
    for p, q in ((0, 1), (0, 2), (1, 2)):
        deviations = np.sqrt(dimension) * np.abs(np.diag(T[p, q]) - similarity)
        assert 0.0 < deviations.max() < 4.0


def mixed_by_the_authors(similarity, dimension, count, rng):
    """Cosines of the rows of two teachers as the code of Lee et al. 2021 makes them.

    The first row has the length sqrt N; a Gaussian row is added as it is, then the sum gets that length.
    """
    first = rng.normal(size=(count, dimension))
    first *= np.sqrt(dimension) / np.linalg.norm(first, axis=1, keepdims=True)
    second = similarity * first + np.sqrt(1 - similarity**2) * rng.normal(size=first.shape)
    return np.einsum("rn,rn->r", first, second) / np.sqrt(dimension) / np.linalg.norm(second, axis=1)


@pytest.mark.parametrize(
    ("sampler", "sizes", "similarity", "norm"),
    crossed(["coordinates", "networks"], ["40 in 10", "3 in 30"], [0.6, 0.3, 0.9], [1.7, 1.0]),
)
def test_realised_similarities_are_spread_as_the_authors_ones(sampler, sizes, similarity, norm):
    hidden, dimension = map(int, sizes.split(" in "))
    features = {"relation": "interpolated", "similarity": similarity, "norm": norm}
    sample = {"networks": sample_networks, "coordinates": sample_coordinates}[sampler]
    described, found = spec(2, hidden, dimension, features), []
    for run in range(6000 // hidden):
        V = sample(described, 2, run).V
        found += cosines_of_rows(*V)
    expected = mixed_by_the_authors(similarity, dimension, 100_000, np.random.default_rng(5))
    assert np.std(found) == pytest.approx(expected.std(), rel=0.05)
    assert ks_2samp(found, expected).pvalue > 1e-3


def cosines_of_rows(one, other):
    products = np.einsum("mn,mn->m", one, other)
    return (products / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)).tolist()


@pytest.mark.parametrize("relation", ["independent", "identical", "rotated", "interpolated", "shared_nodes"])
@pytest.mark.parametrize("norm", [1.0, 1.7])
def test_every_row_has_the_norm(relation, norm):
    features = {"relation": relation, "norm": norm}
    features |= {"similarity": 0.6} if relation in ("rotated", "interpolated", "shared_nodes") else {}
    features |= {"shared": 1} if relation == "shared_nodes" else {}
    V, _ = teachers(3, 3, features=features)
    np.testing.assert_allclose(np.linalg.norm(V, axis=2) / np.sqrt(N), norm, rtol=1e-12)


def test_rows_without_norm_are_gaussian():
    V, _ = teachers(2, 3, dimension=20_000, features={"norm": None})
    lengths = np.linalg.norm(V, axis=2) / np.sqrt(20_000)
    assert 1e-4 < np.abs(lengths - 1).max() < 0.03


@pytest.mark.parametrize("count, similarity, hidden", [
    (2, 0.3, 2), (2, -0.9, 5), (2, 1.0, 1), (2, -1.0, 1), (3, 0.5, 5), (3, MATRIX, 5), (3, -0.5, 2),
])  # fmt: skip
@pytest.mark.parametrize("norm", [None, 2.0])
def test_rotated_readouts_have_exactly_the_cosine_asked_for(count, similarity, hidden, norm):
    readouts = {"relation": "rotated", "similarity": similarity, "norm": norm}
    _, v = teachers(count, hidden, readouts=readouts)
    np.testing.assert_allclose(cosines(v), matrix_of(similarity, count), rtol=0, atol=1e-12)
    lengths = np.linalg.norm(v, axis=1)
    np.testing.assert_allclose(lengths, norm or lengths[0], rtol=1e-12)


def test_other_readouts():
    _, independent = teachers(2, 50)
    assert abs(cosines(independent)[0, 1]) < 0.6
    assert np.linalg.norm(independent[0]) != np.linalg.norm(independent[1])
    _, identical = teachers(3, 5, readouts={"relation": "identical"})
    np.testing.assert_array_equal(identical, teachers(3, 5)[1][[0, 0, 0]])
    _, ones = teachers(2, 4, readouts={"relation": "ones"})
    np.testing.assert_array_equal(ones, np.ones((2, 4)))
    _, scaled = teachers(2, 4, readouts={"relation": "ones", "norm": 1.0})
    np.testing.assert_allclose(scaled, np.full((2, 4), 0.5), rtol=1e-15)
    _, uniform = teachers(2, 4, readouts={"relation": "uniform", "value": -4})
    np.testing.assert_array_equal(uniform, np.full((2, 4), -4.0))


@pytest.mark.parametrize("relation", ["identical", "rotated", "interpolated", "shared_nodes"])
def test_teachers_of_all_relations_share_the_first(relation):
    """Curves over the similarity compare like with like."""
    features = {"relation": relation} | ({"shared": 1} if relation == "shared_nodes" else {})
    plain, plain_readouts = teachers(2, 3)
    for similarity in (0.2, 0.9):
        if relation != "identical":
            features["similarity"] = similarity
        V, v = teachers(2, 3, features=features, readouts={"relation": "rotated", "similarity": similarity})
        np.testing.assert_allclose(V[0], plain[0], rtol=0, atol=1e-12)
        np.testing.assert_array_equal(v[0], plain_readouts[0])


def test_teachers_move_continuously_with_the_similarity():
    def sampled(similarity, count=2):
        relation = {"relation": "rotated", "similarity": similarity}
        return np.concatenate(
            [part.ravel() for part in teachers(count, 3, features=relation, readouts=relation)]
        )

    for similarity in (0.0, 0.5):
        assert np.abs(sampled(similarity + 1e-6) - sampled(similarity)).max() < 1e-4


def test_seeds_and_runs_give_other_teachers():
    firsts = [teachers(seed=seed, run=run)[0][0, 0, 0] for seed, run in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert len(set(firsts)) == 4
    np.testing.assert_array_equal(teachers(seed=7, run=3)[0], teachers(seed=7, run=3)[0])


# What cannot be

NOT_POSITIVE = [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]
EQUAL_BUT_DIFFERENT = [[1, 1, 0.5], [1, 1, 0.4], [0.5, 0.4, 1]]
IMPOSSIBLE = [
    (3, -0.6),
    (3, NOT_POSITIVE),
    (3, EQUAL_BUT_DIFFERENT),
    (2, [[1, 0.5], [0.4, 1]]),
    (2, [[1, 0.5], [0.5, 0.9]]),
    (3, [[1, 0.5], [0.5, 1]]),
]


@pytest.mark.parametrize("count, similarity", IMPOSSIBLE, ids=str)
@pytest.mark.parametrize("block", ["features", "readouts"])
def test_impossible_similarities_are_refused(count, similarity, block):
    relation = {"relation": "rotated", "similarity": similarity}
    with pytest.raises(SpecError, match=rf"^teachers.{block}.similarity: "):
        teachers(count, 5, **{block: relation})


@pytest.mark.parametrize("hidden, count, similarity", [(1, 2, 0.5), (2, 3, 0.5)])
def test_readouts_of_too_few_entries_are_refused(hidden, count, similarity):
    relation = {"relation": "rotated", "similarity": similarity}
    with pytest.raises(SpecError, match=rf"^teachers.readouts.similarity: .* teachers.hidden is {hidden}$"):
        teachers(count, hidden, readouts=relation)


def test_too_few_inputs_for_exact_rotation_are_refused():
    with pytest.raises(SpecError, match=r"^inputs.dimension: 5 is not allowed.* at least 6 inputs$"):
        teachers(2, 3, dimension=5, features={"relation": "rotated", "similarity": 0.5})


@pytest.mark.parametrize("count, similarity", SIMILARITIES, ids=str)
def test_similarity_factor(count, similarity):
    S = matrix_of(similarity, count)
    L = similarity_factor(similarity, count)
    np.testing.assert_allclose(L @ L.T, S, rtol=0, atol=1e-12)
    assert L.shape[1] == np.linalg.matrix_rank(S)
    np.testing.assert_array_equal(L[0], np.eye(L.shape[1])[0])
