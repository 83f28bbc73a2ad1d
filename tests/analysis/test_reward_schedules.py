"""Optimal schedules of the reward rule: numerical maxima, known errors, powers at long times; known times."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from analysis.reward_cases import ALL, reward_spec, written
from naive.reward_rates import rates
from teacherstudent.analysis import optimal_episode_length, optimal_reward_rate, optimal_schedule_error
from teacherstudent.errors import SpecError
from teacherstudent.simulation.runs import simulate

TIMES = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0]
RATE, BOTH = {"learning_rate": "optimal"}, {"learning_rate": "optimal", "length": "optimal"}
# Errors at TIMES of an independent program, from rho = 0.1 and Q = 1.
ERRORS = [
    (4, {}, [0.44933, 0.41180, 0.29896, 0.16056, 0.07725, 0.04251, 0.02316, 0.01358]),
    (1, RATE, [0.34706, 0.27489, 0.18994, 0.12420, 0.07332, 0.04392, 0.02459, 0.01435]),
    (4, RATE, [0.35509, 0.26201, 0.15159, 0.08346, 0.04325, 0.02415, 0.01295, 0.00739]),
    (1000, BOTH, [0.33436, 0.24917, 0.14682, 0.07350, 0.02838, 0.01058, 0.00335, 0.00114]),
]
LEVELS = (0.1, 0.3, 0.5, 0.9)
# Times at which rho = LEVELS without penalty for n of 12 right decisions, and the error at 16000.
SPEEDS = {
    7: ((1.34, 7.35, 47.6, None), 0.2429),
    9: ((2.98, 8.95, 17.7, 3875), 0.1303),
    10: ((8.22, 20.7, 32.4, 229), None),
    11: ((38.1, 84.0, 113, 209.3), 0.0372),
    12: ((392, 771, 940, 1147), None),
}


def rise(rho, Q, length, rate, reward=ALL):
    """d rho / dt by sums over all patterns."""
    dR, dQ = rates(rho, Q, length, **{**reward, "value": rate})
    return (dR - 0.5 * rho * dQ / math.sqrt(Q)) / math.sqrt(Q)


@pytest.mark.parametrize("rho, Q", [(0.1, 1.0), (0.6, 1.0), (0.95, 3.0)])
@pytest.mark.parametrize("reward", [ALL, {"condition": "at_least", "count": 3}], ids=["all", "at_least"])
def test_optimal_rate_is_the_numerical_maximum(reward, rho, Q):
    found = optimal_reward_rate(reward_spec(5, reward), rho, Q)
    best = minimize_scalar(
        lambda rate: -rise(rho, Q, 5, rate, reward), bracket=(0.5 * found, found, 2 * found), tol=1e-9
    )
    assert found == pytest.approx(best.x, rel=1e-6)


def test_optimal_rate_is_in_units_of_the_reward():
    plain, large = (optimal_reward_rate(reward_spec(5, {**ALL, "value": v}), 0.4) for v in (1.0, 4.0))
    assert plain == pytest.approx(4.0 * large, rel=1e-14)


@pytest.mark.parametrize("rho, rate", [(0.1, 1.0), (0.5, 0.3), (0.9, 0.2), (0.9, 1.0)])
def test_optimal_length_is_the_best_whole_number(rho, rate):
    found = optimal_episode_length(reward_spec(100, rate=rate), rho)
    rises = [rise(rho, 1.0, length, rate) for length in range(1, 13)]
    assert found == 1 + np.argmax(rises)


@pytest.mark.parametrize("rho", [0.2, 0.9, 0.9999])
def test_optimal_length_at_the_optimal_rate(rho):
    lengths = np.arange(1, 1001)
    p = 1 - math.acos(rho) / math.pi
    found = optimal_episode_length(reward_spec(1000, schedule=BOTH), rho)
    assert found == lengths[np.argmax(lengths * p**lengths)]


@pytest.mark.parametrize("length, schedule, known", ERRORS)
def test_errors_of_schedules_are_known(length, schedule, known):
    spec = reward_spec(length, rho=0.1, times=[0.0, *TIMES], **({"schedule": schedule} if schedule else {}))
    assert simulate(spec, "ode").classification_error[1:, 0] == pytest.approx(known, abs=6e-6)


@pytest.mark.parametrize("length, schedule", [(1, RATE), (4, RATE), (100_000, BOTH)])
def test_errors_approach_their_powers(length, schedule):
    times = [0.0, 1e4, 1e5] if schedule == RATE else [0.0, 1e3, 1e4]
    errors = simulate(
        reward_spec(length, rho=0.1, times=times, schedule=schedule), "ode"
    ).classification_error
    limits = [optimal_schedule_error(t, length if schedule == RATE else None) for t in times[1:]]
    distances = np.abs(errors[1:, 0] / limits - 1.0)
    assert distances[1] < min(0.04, distances[0])


@pytest.mark.parametrize("count", SPEEDS)
def test_few_right_decisions_are_learned_soon(count):
    levels, end = SPEEDS[count]
    times = [0.0, *np.geomspace(1.0, 16000.0, 2000).tolist()]
    spec = reward_spec(12, {"condition": "at_least", "count": count}, times=times)
    run = simulate(spec, "ode")
    rho = np.cos(np.pi * run.classification_error[:, 0])
    for level, known in zip(LEVELS, levels, strict=True):
        found = np.interp(level, rho, run.time) if rho[-1] > level else None
        assert known is None if found is None else found == written(known)
    assert end is None or run.classification_error[-1, 0] == written(end)


def test_schedules_need_a_reward_without_penalty():
    with pytest.raises(SpecError, match="penalty: 0"):
        optimal_reward_rate(reward_spec(5, {**ALL, "penalty": 0.1}), 0.5)
    with pytest.raises(SpecError, match="condition: all"):
        optimal_episode_length(reward_spec(5, {"condition": "at_least", "count": 3}), 0.5)
    with pytest.raises(ValueError, match="cosine"):
        optimal_reward_rate(reward_spec(5), 0.0)
    with pytest.raises(ValueError, match="positive"):
        optimal_schedule_error(0.0)
