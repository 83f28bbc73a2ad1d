"""Passes through a finite set: against a slow twin, and their orders against counts."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chisquare

from kernels.networks_of_tests import KEY
from naive.samples import visit as slow_visit
from saved_code import saved
from teacherstudent.kernels.network.passes import passes_through, visit

ORDERS = 24_000  # of as many passes


@saved(__file__)
def choose(chosen, passes, key0, key1, step):
    """Kernels only can call `visit`."""
    visit(chosen, passes, key0, key1, step)


def visited(count, batch, steps, key=KEY):
    """Samples of some steps, (steps, batch)."""
    passes, chosen, found = passes_through(count), np.empty(batch, np.int64), []
    for step in steps:
        choose(chosen, passes, *key, step)
        found.append(chosen.copy())
    return np.array(found)


def orders(count, passes=ORDERS):
    """The orders of some passes one after the other, (passes, count)."""
    return visited(count, 1, range(passes * count)).reshape(passes, count)


def pvalue_of_uniform(cells, count):
    """Whether numbers of cells are uniform from 0 to count - 1."""
    return chisquare(np.bincount(cells, minlength=count)).pvalue


@pytest.mark.parametrize("count, batch", [(1, 1), (7, 1), (7, 3), (7, 7), (12, 4), (60, 11)])
@pytest.mark.parametrize("first", [0, 5, 2**32 - 3, 2**52 + 1])
def test_samples_are_those_of_the_twin(count, batch, first):
    steps = range(first, first + 25)
    slow = [slow_visit(tuple(map(int, KEY)), count, batch, step) for step in steps]
    np.testing.assert_array_equal(visited(count, batch, steps), slow)


@pytest.mark.parametrize("batch", [1, 3, 10])
def test_every_pass_visits_every_sample_once(batch):
    """Also where the end of a pass falls into a step."""
    found = visited(10, batch, range(300)).ravel().reshape(-1, 10)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(10), (30 * batch, 1)))


def test_steps_can_be_taken_in_any_order():
    """A run that resumes in the middle of a pass takes the same samples."""
    steps = np.random.default_rng(0).permutation(60)
    whole = visited(13, 5, range(60))
    np.testing.assert_array_equal(visited(13, 5, steps), whole[steps])
    for step in range(60):
        np.testing.assert_array_equal(visited(13, 5, [step]), whole[[step]])


def test_other_keys_have_other_orders():
    assert (visited(50, 50, [0]) != visited(50, 50, [0], key=KEY[::-1])).any()


def test_every_order_is_equally_likely():
    """All 120 orders of five samples."""
    numbers = {order: number for number, order in enumerate(permutations(range(5)))}
    cells = [numbers[tuple(order)] for order in orders(5).tolist()]
    assert pvalue_of_uniform(cells, math.factorial(5)) > 1e-3


def test_every_sample_is_equally_likely_at_every_position():
    found = orders(40, 10_000)
    counts = np.array([np.bincount(column, minlength=40) for column in found.T])
    # rows and columns of the counts have fixed sums: (P - 1)^2 degrees of freedom
    statistic = ((counts - 250.0) ** 2 / 250.0).sum() * 39 / 40
    assert abs(statistic - 39**2) < 3.5 * math.sqrt(2 * 39**2)


@pytest.mark.parametrize("positions", [(0, 1), (0, 11), (5, 6), (10, 11)])
def test_every_pair_is_equally_likely_at_two_positions(positions):
    one, other = orders(12)[:, positions].T
    cells = 11 * one + other - (other > one)  # pairs of two different samples
    assert pvalue_of_uniform(cells, 12 * 11) > 1e-3


def test_passes_are_independent():
    """Orders of three samples in passes one, two and five apart, and samples on both sides of a boundary."""
    found = orders(3)
    numbers = found[:, 0] * 2 + (found[:, 1] > found[:, 2])
    for apart in (1, 2, 5):
        first = np.arange(0, ORDERS - apart, apart + 1)
        assert pvalue_of_uniform(6 * numbers[first] + numbers[first + apart], 36) > 1e-3
    found = orders(9)
    assert pvalue_of_uniform(9 * found[:-1:2, -1] + found[1::2, 0], 81) > 1e-3


def test_a_sample_can_be_in_both_passes_of_a_step():
    """With steps of two, passes of three samples end inside every third step."""
    found = visited(3, 2, range(1, 3000, 3))
    assert np.mean(found[:, 0] == found[:, 1]) == pytest.approx(1 / 3, abs=0.05)


def test_positions_beyond_64_bits():
    """Step times batch is larger than 2^69; the first sample is that of the same pass by single steps."""
    count, batch, step = 200_000, 199_999, 2**52 + 1
    number, index = divmod(step * batch, count)
    passes, chosen = passes_through(count), np.empty(1, np.int64)
    passes.at[:] = 7, number, index, -1
    choose(chosen, passes, *KEY, 7)
    assert visited(count, batch, [step])[0, 0] == chosen[0]
