"""Probabilities of orthants against the distribution function of SciPy, products and coinciding fields."""

import numpy as np
import pytest
from numba import njit
from scipy.stats import multivariate_normal

from teacherstudent.kernels.maths import orthants


@njit
def four(r):
    return orthants.orthant4(r, np.arcsin(r), 0, 1, 2, 3, np.zeros(orthants.PADDED))


@njit
def three(r):
    angle = np.arcsin(r)
    return orthants.orthant3(angle[0, 1], angle[0, 2], angle[1, 2])


@njit
def two(r):
    return orthants.orthant2(np.arcsin(r[0, 1]))


def correlations(rng, size, rank, diagonal=1.0):
    """Correlations of fields that have a part of low rank."""
    A = rng.normal(size=(size, rank))
    C = A @ A.T + diagonal * np.eye(size)
    deviations = np.sqrt(np.diag(C))
    return np.clip(C / np.outer(deviations, deviations), -1.0, 1.0)


@pytest.mark.parametrize(("probability", "size"), [(two, 2), (three, 3), (four, 4)])
def test_probabilities_are_those_of_scipy(probability, size):
    rng = np.random.default_rng(size)
    for diagonal in (1.0, 1.0, 0.1, 0.01):
        r = correlations(rng, size, 2, diagonal)
        law = multivariate_normal(np.zeros(size), r, abseps=1e-8, releps=1e-8, maxpts=100_000)
        assert probability(r) == pytest.approx(law.cdf(np.zeros(size)), abs=3e-6)


def test_fields_that_are_independent_of_the_others_give_products():
    r = np.eye(4)
    r[0, 1] = r[1, 0] = 0.6
    r[2, 3] = r[3, 2] = -0.8
    assert four(r) == pytest.approx(two(r[:2, :2]) * two(r[2:, 2:]), abs=1e-15)


@pytest.mark.parametrize("diagonal", [1e-2, 1e-4, 1e-8])
def test_the_order_of_nearly_singular_fields_does_not_matter(diagonal):
    """Another field is scaled, so that the sums over nodes are others."""
    rng = np.random.default_rng(3)
    for rank in (1, 2, 3):
        for _ in range(20):
            r = correlations(rng, 4, rank, diagonal)
            turned = [four(np.ascontiguousarray(np.roll(r, k, axis=(0, 1)))) for k in range(4)]
            assert np.ptp(turned) < 4e-9


def test_two_equal_fields_are_one():
    rng = np.random.default_rng(4)
    for _ in range(5):
        r = correlations(rng, 3, 3)
        twice = r[np.ix_([0, 1, 2, 0], [0, 1, 2, 0])]
        for order in ([0, 1, 2, 3], [0, 3, 1, 2], [1, 0, 2, 3]):
            assert four(twice[np.ix_(order, order)]) == pytest.approx(three(r), abs=1e-9)
