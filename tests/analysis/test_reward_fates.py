"""Fates of the reward rule: known boundaries, the separatrix, phase maps, and runs of the equations."""

import math

import numpy as np
import pytest

from analysis.reward_cases import reward_spec, with_penalty
from teacherstudent.analysis import (
    critical_penalty,
    critical_reward_rate,
    largest_penalty,
    learns,
    phase_map,
    reward_fixed_points,
    separatrix,
)
from teacherstudent.analysis.reward_flow import flow
from teacherstudent.simulation.runs import simulate

RIGHT = math.pi / 2
# Largest penalty with which a student learns, by length, count, reward and angle of the start; Q = 1.
LARGEST = {
    (11, None, 1.0, RIGHT): 0.01333795,
    (12, None, 1.0, RIGHT): 0.007500487,
    (13, None, 1.0, RIGHT): 0.004183777,
    (8, None, 1.0, RIGHT): 0.07158398,
    (5, None, 1.0, RIGHT): 0.3932289,
    (12, 9, 1.0, RIGHT): 1.045189,
    (12, 9, 1.0, 3.04): 0.950707,
    (12, 9, 1.0, 1.83): 0.950707,
    (12, 9, 1.0, 1.59): 1.01525,
    (12, 9, 1.0, 1.4): 1.43716,
    (12, 9, 1.0, 1.2): 2.11834,
    (13, None, 1.0, 2.34): 0.00276761,
    (13, None, 1.0, 1.83): 0.00276761,
    (13, None, 1.0, 1.59): 0.00380003,
    (13, None, 1.0, 1.4): 0.0100709,
    (13, None, 1.0, 1.14): 0.0336512,
    (13, None, 1.0, 0.9): 0.0851823,
    (13, None, 1.0, 0.71): 0.158311,
}
# Ratio of the largest penalty and the reward, for a start at 1.59 rad.
RATIOS = {
    (13, None): {0.05: 0.00562, 0.1: 0.00517, 0.3: 0.00449, 1.0: 0.00380, 1.99: 0.00345},
    (12, 9): {0.05: 1.861, 0.1: 1.583, 0.3: 1.25, 1.0: 1.015, 1.99: 0.953},
}
FAST = [(11, None, 1.0, RIGHT), (12, 9, 1.0, 3.04), (13, None, 1.0, 0.71)]


def deep(cases, fast):
    """All cases; those that are not fast only with all tests."""
    return [case if case in fast else pytest.param(case, marks=pytest.mark.thorough) for case in cases]


@pytest.mark.parametrize("case", deep(LARGEST, FAST))
def test_largest_penalty_is_known(case):
    length, count, value, angle = case
    found = largest_penalty(with_penalty(length, 0.0, count, value), math.cos(angle))
    assert found == pytest.approx(LARGEST[case], rel=5.1e-6)


SCALED = [(*size, value) for size, known in RATIOS.items() for value in known]


@pytest.mark.parametrize("case", deep(SCALED, [(12, 9, 0.05)]))
def test_boundary_of_the_fate_is_curved(case):
    length, count, value = case
    found = largest_penalty(with_penalty(length, 0.0, count, value), math.cos(1.59)) / value
    assert found == pytest.approx(RATIOS[length, count][value], rel=1.5e-3)


def test_only_rate_and_norm_together_matter():
    slow = with_penalty(13, 0.004, rate=0.3)
    assert largest_penalty(slow, 0.0, 0.09) == pytest.approx(0.004183777, rel=1e-6)
    assert learns(slow, 0.0, 0.09) and not learns(with_penalty(13, 0.0043, rate=0.3), 0.0, 0.09)


@pytest.mark.parametrize("case", [(13, None, 1.0, 1.59), (12, 9, 1.0, 1.4), (13, None, 1.0, 0.71)])
def test_start_is_on_the_separatrix_at_the_largest_penalty(case):
    length, count, value, angle = case
    spec = with_penalty(length, LARGEST[case], count, value)
    assert critical_reward_rate(spec, math.cos(angle)) == pytest.approx(1.0, abs=2e-5)
    assert critical_reward_rate(spec, math.cos(angle), 4.0) == pytest.approx(2.0, abs=4e-5)


def test_largest_rates_have_the_same_bits_each_time():
    spec, cosines = with_penalty(13, 0.005), np.linspace(-0.9, 0.9, 60)
    assert len({critical_reward_rate(spec, cosines).tobytes() for _ in range(6)}) == 1


def test_start_angle_divides_fates():
    spec = with_penalty(12, 0.5, 10)
    fates = [learns(spec, math.cos(1.37756 + shift)) for shift in (-1e-5, 1e-5)]
    assert fates == [True, False]


def test_separatrix_is_an_orbit_through_the_saddle():
    spec = with_penalty(12, 1.5, 9)
    curve, system = separatrix(spec), flow(spec)
    saddle = reward_fixed_points(spec)[-1]
    distances = np.hypot(curve[:, 0] - saddle.cosine, curve[:, 1] / saddle.squared_norm - 1.0)
    assert distances.min() < 1e-4
    y = np.stack([curve[:, 0], 0.5 * np.log(curve[:, 1])], axis=1)
    middle = np.flatnonzero((distances[1:-1] > 0.1) & (np.abs(curve[1:-1, 0]) < 0.9)) + 1
    for i in middle[::20]:
        along, velocity = y[i + 1] - y[i - 1], system.velocity(y[i])
        cosine = along @ velocity / np.linalg.norm(along) / np.linalg.norm(velocity)
        assert abs(cosine) == pytest.approx(1.0, abs=1e-3)


def test_below_the_critical_penalty_there_is_no_separatrix():
    spec = with_penalty(12, 0.95, 9)
    assert len(separatrix(spec)) == 0
    assert critical_reward_rate(spec) == np.inf
    assert learns(spec, -0.99)


def test_separatrix_does_not_reach_every_start():
    assert critical_reward_rate(with_penalty(12, 1.5, 9), -0.9) == 0.0


@pytest.mark.parametrize("penalty", [0.012, 0.0131, 0.0136, 0.02])
def test_fates_are_those_of_runs(penalty):
    run = simulate(with_penalty(11, penalty, times=(0.0, 8000.0)), "ode")
    assert learns(with_penalty(11, penalty)) == (run.classification_error[-1, 0] < 0.1)


def test_phase_map_has_the_boundaries():
    rewards, penalties, angle = np.array([0.3, 1.0]), np.linspace(0.0, 1.2, 13), 1.59
    learned = phase_map(with_penalty(12, 0.0, 9), rewards, penalties, math.cos(angle))
    boundary = [largest_penalty(with_penalty(12, 0.0, 9, value), math.cos(angle)) for value in rewards]
    np.testing.assert_array_equal(learned, penalties[:, None] <= boundary)
    assert boundary / rewards == pytest.approx(sorted(boundary / rewards, reverse=True))
    assert (boundary > critical_penalty(with_penalty(12, 0.0, 9)).ratio * rewards).all()


def test_one_decision_learns_with_any_penalty():
    assert largest_penalty(with_penalty(1, 0.0)) == np.inf


@pytest.mark.parametrize("cosine, Q", [(1.0, 1.0), (-1.5, 1.0), (0.0, 0.0)])
def test_impossible_starts_are_refused(cosine, Q):
    with pytest.raises(ValueError, match="start"):
        learns(reward_spec(4), cosine, Q)
