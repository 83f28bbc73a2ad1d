"""The symmetric plateau: published heights, its limit, trajectories that reach and leave it, its length."""

import math

import numpy as np
import pytest

from analysis import cases
from teacherstudent.analysis import (
    committee,
    escape_time,
    plateau,
    plateau_error,
    plateau_length,
    symmetric_state,
)
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec

SIZES = [(2, 2), (3, 3), (5, 5), (2, 3), (3, 2), (1, 3), (4, 1)]  # M, K


@pytest.mark.parametrize(
    "K, height", [(2, 0.0116108), (3, 0.0202966), (4, 0.0283773), (5, 0.0362263), (10, 0.0744533)]
)
def test_heights_as_published(K, height):
    assert plateau_error(K, K) == pytest.approx(height, abs=5.1e-8)
    assert plateau_error(K, K) == pytest.approx(
        K / math.pi * (math.pi / 6 - K * math.asin(1 / (2 * K))), rel=1e-12
    )
    state = symmetric_state(K, K)
    np.testing.assert_allclose(state.Q, 1 / (2 * K - 1), rtol=1e-14)
    np.testing.assert_allclose(state.R, 1 / math.sqrt(K * (2 * K - 1)), rtol=1e-14)


@pytest.mark.parametrize("M, K", SIZES)
def test_height_is_the_error_of_the_symmetric_state(M, K):
    assert cases.error_of(symmetric_state(M, K)) == pytest.approx(plateau_error(M, K), rel=1e-11)


@pytest.mark.parametrize("M, K", SIZES)
def test_it_is_reached_in_the_limit_of_small_rates(M, K):
    """The distance is of the order of eta."""
    heights = [plateau(M, K, rate) for rate in (2e-4, 1e-4)]
    assert all(found.converged and found.realisable for found in heights)
    large, small = (found.generalisation_error[0] / plateau_error(M, K) - 1 for found in heights)
    assert 0 < small < 2e-4
    assert large / small == pytest.approx(2, rel=1e-3)


def simulated(start, rate, duration, count):
    blocks = {"duration": duration, "record": {"count": count}}
    return simulate(parse_spec(committee(start, rate).to_dict() | blocks), "ode")


def test_equal_units_end_there():
    """Only differences between the units lead away."""
    K, rate = 3, 0.3
    start = symmetric_state(K, K)._replace(Q=np.full((K, K), 0.04), R=np.full((K, K), 0.01))
    final = simulated(start, rate, 300.0, 2).generalisation_error[-1, 0]
    assert final == pytest.approx(plateau(K, K, rate).generalisation_error[0], rel=2e-8)


@pytest.fixture(scope="module")
def lengths():
    """Of the plateau from where differences of R between the units have some sizes."""
    K, rate = 3, 0.3
    found = plateau(K, K, rate)
    E = np.eye(K) - 1 / K

    def length(size):
        start = found.state._replace(Q=found.state.Q + size**2 * E @ E.T, R=found.state.R + size * E)
        run = simulated(start, rate, 1500.0, 3001)
        return plateau_length(run.time, run.generalisation_error[:, 0], found.generalisation_error[0])

    return found.growth_rate, {size: length(size) for size in (1e-5, 1e-6, 1e-8)}


def test_the_length_grows_with_the_logarithm_of_small_differences(lengths):
    rate, measured = lengths
    for large, small in ((1e-5, 1e-6), (1e-6, 1e-8)):
        expected = escape_time(rate, small) - escape_time(rate, large)
        assert expected == pytest.approx(np.log(large / small) / rate)
        assert measured[small] - measured[large] == pytest.approx(expected, rel=1e-4)


def test_it_may_be_gone_at_large_rates():
    """Newton's method then finds overlaps that no weights have."""
    assert plateau(4, 4, 0.3).realisable
    assert not plateau(4, 4, 1.0).realisable


# The measure

TIME = np.linspace(0.0, 10.0, 101)
# log10 eps falls by one a unit of time to a plateau at -2, which it leaves at time 8 in the same way.
ERRORS = 10.0 ** -np.where(TIME < 2, TIME, np.where(TIME < 8, 2.0, TIME - 6))
ENTERED, LEFT = 2 - math.log10(1.5), 8 + math.log10(2)  # at 1.5 and 0.5 times the height


def test_length_of_a_drawn_plateau():
    assert plateau_length(TIME, ERRORS, 1e-2, tolerance=0.5) == pytest.approx(LEFT - ENTERED, rel=1e-12)
    expected = LEFT + math.log10(0.5 / 0.9) - (ENTERED + math.log10(1.5 / 1.1))
    assert plateau_length(TIME, ERRORS, 1e-2) == pytest.approx(expected, rel=1e-12)


def test_rows_have_their_own_heights():
    lengths = plateau_length(TIME, [ERRORS, 3 * ERRORS], [1e-2, 3e-2], tolerance=0.5)
    np.testing.assert_allclose(lengths, LEFT - ENTERED, rtol=1e-12)
    lengths = plateau_length(TIME, ERRORS, [1e-2, 1e-1], tolerance=0.5)
    np.testing.assert_allclose(lengths, [LEFT - ENTERED, math.log10(3)], rtol=1e-12)


def test_a_plateau_that_is_not_left_has_no_length():
    before = TIME < 8.2
    assert np.isnan(plateau_length(TIME[before], ERRORS[before], 1e-2, tolerance=0.5))
    assert np.isnan(plateau_length(TIME, ERRORS, 1e-5))
    assert np.isnan(plateau_length(TIME, np.where(before, ERRORS, np.nan), 1e-2, tolerance=0.5))


def test_a_record_that_begins_on_the_plateau_counts_from_there():
    later = TIME >= 4
    assert plateau_length(TIME[later], ERRORS[later], 1e-2, tolerance=0.5) == pytest.approx(LEFT - 4)


def test_what_does_not_grow_does_not_escape():
    assert escape_time(0.5, 1e-3) == pytest.approx(math.log(1e3) / 0.5)
    for rate, asymmetry in ((-0.1, 0.1), (0.0, 0.1), (0.1, 0.0), (0.1, -0.1)):
        with pytest.raises(ValueError, match="must be positive$"):
            escape_time(rate, asymmetry)


def test_sizes_must_be_positive():
    for function in (symmetric_state, plateau_error):
        with pytest.raises(ValueError, match="^numbers of hidden units must be whole .*, not 2 and 0$"):
            function(2, 0)
