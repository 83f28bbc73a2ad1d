"""Sums over groups of modes, and tests for zero, in compiled code for numbers and for vectors of runs."""

import math

import numpy as np
import pytest
from numba import njit

from teacherstudent.kernels.compile.alignment import aligned
from teacherstudent.kernels.compile.vectors import WIDTH, as_vectors, is_used
from teacherstudent.kernels.ode.groups import FewGroups, Groups, ModeGroups, groups_of, total, weighted_sum


@njit(error_model="numpy")
def sums(model, power, x):
    return weighted_sum(model, power, x), total(model, x)


@njit(error_model="numpy")
def sums_of_lanes(model, power, x, out):
    found = as_vectors(out)
    found[0], found[1] = sums(model, as_vectors(power), as_vectors(x))


@njit(error_model="numpy")
def used(x):
    return is_used(as_vectors(x)), is_used(x[0])


def model_of(kind):
    one = np.ones((1, 1))
    return groups_of(ModeGroups(one, np.ones(1), one[None], one), 1, np.ones(1), 0, 0, 0.0, kind)


@pytest.mark.parametrize("kind", [Groups, FewGroups])
def test_sums_are_those_of_all_groups(kind):
    rng, model = np.random.default_rng(0), model_of(kind)
    for G in range(1, 35):
        power, x = rng.uniform(0.1, 2.0, size=G), rng.normal(size=G)
        expected = math.fsum(power * x), math.fsum(x)
        np.testing.assert_allclose(sums(model, power, x), expected, rtol=0, atol=1e-14)


def test_sums_of_few_groups_have_the_same_bits_in_each_lane():
    rng, model = np.random.default_rng(1), model_of(FewGroups)
    for G in (1, 2, 3, 4, 7, 17, 33):
        power, x = (aligned(rng.normal(size=(G, WIDTH))) for _ in range(2))
        out = aligned(np.zeros((2, WIDTH)))
        sums_of_lanes(model, power, x, out)
        alone = [sums(model, *map(np.ascontiguousarray, (power[:, i], x[:, i]))) for i in range(WIDTH)]
        np.testing.assert_array_equal(out.T, alone)


def test_a_vector_is_used_where_one_of_its_numbers_is_not_zero():
    x = aligned(np.zeros(WIDTH))
    assert used(x) == (False, False)
    x[0] = -0.0
    assert used(x) == (False, False)
    x[5] = 1e-300
    assert used(x) == (True, False)
    x[5], x[0] = 0.0, np.nan
    assert used(x) == (True, True)
    assert not is_used(0.0) and is_used(2.0)
