"""Draws made once a run: the streams behind them, their laws, and that there is no other source."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import teacherstudent
from naive import chain as naive_chain
from naive import philox as naive_philox
from teacherstudent.networks.randomness import (
    Purpose,
    counter_key,
    counter_keys,
    normals,
    normals_of_runs,
    triangular_rows,
)

SOURCES = sorted(Path(teacherstudent.__file__).parent.rglob("*.py"))


def plain_key(*key):
    return tuple(map(int, counter_key(*key)))


def test_normals_are_those_of_the_slow_twin():
    found = normals(3, 5, Purpose.STUDENT_WEIGHTS, (2, 3, 5))
    expected = naive_philox.normals(30, plain_key(3, 5, Purpose.STUDENT_WEIGHTS), 0, 0)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "words",
    [
        [0, 0, 0],
        [5, 1, 2, 3],
        [2**32 - 1, 2**32, 3],
        [2**32, 7, 38, 1],
        [2**63 - 1, 2**63 - 1, 38],
        [2**63 - 1, 2**63 - 1, 38, 2**32 - 1],
    ],
)
def test_keys_are_hashes_by_the_seed_sequence_of_numpy(words):
    expected = np.random.SeedSequence(words).generate_state(2, np.uint32)
    assert plain_key(*words) == tuple(expected)


def test_runs_drawn_together_have_the_numbers_that_they_have_alone():
    runs, purpose = [3, 2**32 + 1, 0, 3], Purpose.STUDENT_WEIGHTS
    keys = counter_keys(2**40, runs, purpose)
    assert [tuple(map(int, key)) for key in keys] == [plain_key(2**40, run, purpose) for run in runs]
    for shape in [(2, 3), (150, 200)]:  # at once, and one run after the other
        expected = [normals(2**40, run, purpose, shape) for run in runs]
        np.testing.assert_array_equal(normals_of_runs(2**40, runs, purpose, shape), expected)
    expected = [triangular_rows(1, [run], 5, 4)[0] for run in runs]
    np.testing.assert_array_equal(triangular_rows(1, runs, 5, 4), expected)


def test_every_seed_run_and_purpose_has_numbers_of_its_own():
    keys = [counter_key(*key) for key in product(range(5), range(5), Purpose)]
    assert len(set(keys)) == len(keys)
    draws = np.array([normals(*key, (2000,)) for key in product(range(3), range(3), Purpose)])
    correlations = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    assert np.abs(correlations).max() < stats.norm.isf(0.005 / len(correlations)) / np.sqrt(2000)


@pytest.mark.parametrize("purpose", Purpose)
def test_normals_of_many_runs_have_their_law(purpose):
    draws = np.array([normals(1, run, purpose, (3,)) for run in range(3000)])
    for column in draws.T:
        assert stats.kstest(column, "norm").pvalue > 1e-4


def test_rests_of_triangular_rows_are_those_of_the_slow_twin():
    (rows,), key = triangular_rows(2, [4], 3, 1000), plain_key(2, 4, Purpose.COORDINATE_REMAINDERS)
    for i in range(3):
        y, x = naive_philox.normals(2, key, i, 0)
        expected = naive_chain.chi(y, x, 1000 - i, key, i, 1)
        assert rows[i, i] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dimension", [1, 2, 4, 10**9])
def test_rests_of_triangular_rows_have_their_law(dimension):
    rows = triangular_rows(0, range(3000), 3, dimension)
    for i in range(rows.shape[2]):
        assert stats.kstest(rows[:, i, i] ** 2, "chi2", args=(dimension - i,)).pvalue > 1e-4


def test_nothing_else_draws_random_numbers():
    """`SeedSequence` hashes seed, run and purpose into a key; it draws nothing."""
    others = re.compile(r"np\.random\.(?!SeedSequence\b)|\bimport random\b|from (?:numpy\.)?random import")
    assert [path.name for path in SOURCES if others.search(path.read_text(encoding="utf-8"))] == []
