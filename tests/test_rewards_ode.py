"""The equations of the reward rule: against sampled episodes, references, and long times."""

import numpy as np
import pytest

from naive import rewards as naive
from reward_cases import CONDITIONS, REFERENCES, SIMILARITY, references, spec, teacher_overlaps
from teacherstudent.engines.ode.rewards import episodes_of
from teacherstudent.kernels.ode.rewards import rate_of_rewards, reward_constants
from teacherstudent.kernels.ode.state import layout_of
from teacherstudent.simulation.runs import simulate

LAYOUT = layout_of(1, 2, 1)


def rates(case, Q, R, eta=1.0, sign=1.0):
    """Return dQ/dt and dR/dt (2,) of a student of two teachers, the second one active."""
    T = np.array(teacher_overlaps(2))
    constants = reward_constants(episodes_of(case), eta, LAYOUT, T, 1, sign, 0.0)
    dy = rate_of_rewards(constants, np.array([Q, *R, 1.0]))
    assert dy[3] == 0.0
    return dy[0], dy[1:3]


def sampled(reward, length, Q, R, eta, sign, episodes=200_000):
    """Return means and standard errors of the moves of Q and R along the three fields of sampled episodes."""
    T = teacher_overlaps(2)
    C = np.array([[Q, *R], [R[0], *T[0]], [R[1], *T[1]]])
    draws = np.random.default_rng(length).standard_normal((episodes, length, 3))
    lam, one, two = np.moveaxis(draws @ np.linalg.cholesky(C).T, -1, 0)
    decisions, labels = np.where(lam > 0, 1.0, -1.0), np.where(sign * two > 0, 1.0, -1.0)
    c = eta / length * decisions * naive.gains(right=decisions == labels, **reward)
    moves = np.stack([(2.0 * c * lam + c**2).sum(axis=1), (c * one).sum(axis=1), (c * two).sum(axis=1)])
    return moves.mean(axis=1), moves.std(axis=1) / np.sqrt(episodes)


@pytest.mark.parametrize("rho", [-0.4, 0.2, 0.9])
@pytest.mark.parametrize("name", CONDITIONS)
def test_rates_are_means_over_episodes(name, rho):
    Q, eta, sign = 2.3, 1.7, -1.0 if rho < 0.0 else 1.0
    R = np.sqrt(Q) * np.array([0.25 + 0.2 * rho, rho])
    case = spec(CONDITIONS[name], length=5)
    dQ, dR = rates(case, Q, R, eta, sign)
    means, errors = sampled(CONDITIONS[name], 5, Q, R, eta, sign)
    assert np.abs((np.array([dQ, *dR]) - means) / errors).max() < 4.5


def test_a_reward_for_all_decisions_is_one_for_at_least_as_many():
    one = spec({"condition": "all", "penalty": 0.1}, length=7)
    other = spec({"condition": "at_least", "count": 7, "penalty": 0.1}, length=7)
    assert np.array_equal(np.hstack(rates(one, 2.0, [0.1, 0.4])), np.hstack(rates(other, 2.0, [0.1, 0.4])))


@pytest.mark.parametrize(("length", "count"), [(300, 160), (300, 285), (300, 1), (4000, 2600)])
def test_rates_of_long_episodes(length, count):
    case = spec({"condition": "at_least", "count": count}, length=length)
    rho = np.cos(np.pi / 3)
    dQ, dR = rates(case, 1.0, [rho * SIMILARITY, rho])
    expected = naive.rate_of_overlap(1.0, length, count, rho, 1.0)
    assert dR[1] - 0.5 * rho * dQ == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("name", REFERENCES)
def test_references(name):
    length, reward = REFERENCES[name]
    columns = references()[name]
    found = simulate(spec(reward, length, duration=columns["t"][-1], times=columns["t"].tolist()), "ode")
    Q, R = found.student_overlaps[:, 0, 0], found.student_teacher_overlaps[:, 0, 0, 0]
    for computed, expected in ((Q, columns["Q"]), (R, columns["R"])):
        assert computed == pytest.approx(expected, rel=1e-8, abs=1e-8)
    wrong = np.arccos(R / np.sqrt(Q)) / np.pi
    assert found.classification_error[:, 0] == pytest.approx(wrong, abs=1e-12)
    assert np.array_equal(found.generalisation_error, found.classification_error)


@pytest.mark.parametrize(
    ("length", "R", "Q", "rho"), [(1, 629.552, 401961, 0.99298), (10, 182.298, 33707.2, 0.99294)]
)
def test_long_times(length, R, Q, rho):
    found = simulate(spec({"condition": "all"}, length, duration=800.0), "ode")
    end = found.student_teacher_overlaps[-1].item(), found.student_overlaps[-1].item()
    assert [f"{end[0]:.6g}", f"{end[1]:.6g}"] == [f"{R:.6g}", f"{Q:.6g}"]
    assert end[0] / np.sqrt(end[1]) == pytest.approx(rho, abs=6e-6)


@pytest.mark.parametrize(
    ("length", "penalty", "rho", "Q"),
    [(11, 0.02, 0.0312797, 8.756e-6), (11, 0.012, 1.0, None), (13, 0.008, 0.018, None)],
)
def test_a_short_student_near_its_stable_node(length, penalty, rho, Q):
    found = simulate(spec({"condition": "all", "penalty": penalty}, length, duration=1e4), "ode")
    R, norm = found.student_teacher_overlaps[-1].item(), found.student_overlaps[-1].item()
    assert R / np.sqrt(norm) == pytest.approx(rho, abs=1e-7 if Q else 1e-3)
    if Q:
        assert norm == pytest.approx(Q, rel=1e-4)


TIMES = [1, 3, 10, 30, 100, 300, 1000, 3000]
RATE, LENGTH = {"learning_rate": "optimal"}, {"length": "optimal"}
SCHEDULED = {
    "constant": (4, None, [0.44933, 0.41180, 0.29896, 0.16056, 0.07725, 0.04251, 0.02316, 0.01358]),
    "rate, one decision": (1, RATE, [0.34706, 0.27489, 0.18994, 0.12420, 0.07332, 0.04392, 0.02459, 0.01435]),
    "rate": (4, RATE, [0.35509, 0.26201, 0.15159, 0.08346, 0.04325, 0.02415, 0.01295, 0.00739]),
    "both": (9999, RATE | LENGTH, [0.33436, 0.24917, 0.14682, 0.07350, 0.02838, 0.01058, 0.00335, 0.00114]),
}


@pytest.mark.parametrize("name", SCHEDULED)
def test_schedules(name):
    length, schedule, errors = SCHEDULED[name]
    case = spec({"condition": "all"}, length, 900, 3000.0, TIMES, R=(0.1,), schedule=schedule)
    assert simulate(case, "ode").classification_error[:, 0] == pytest.approx(errors, abs=6e-6)


@pytest.mark.parametrize("rho", [0.05, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("schedule", [RATE, LENGTH, RATE | LENGTH])
def test_schedules_raise_the_overlap_fastest(schedule, rho):
    Q, most, eta, value = 2.0, 40, 0.7, 1.5
    case = spec({"condition": "all", "value": value}, most, schedule=schedule)
    choice = naive.best(rho, Q, most, most, eta * value, "learning_rate" in schedule, "length" in schedule)
    R = rho * np.sqrt(Q)
    dQ, dR = rates(case, Q, [0.3 * R, R], 1.0 if "learning_rate" in schedule else eta)
    expected = naive.rate_of_overlap(choice[0], choice[1], choice[1], rho, Q)
    assert dR[1] / np.sqrt(Q) - 0.5 * rho * dQ / Q == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [1, 4, 6])
def test_the_optimal_rate_for_some_right_decisions(count):
    Q, rho = 0.5, 0.4
    case = spec({"condition": "at_least", "count": count, "value": 3.0}, 6, schedule=RATE)
    eta, _ = naive.best(rho, Q, 6, count, 1.0, True, False)
    dQ, dR = rates(case, Q, [0.1, rho * np.sqrt(Q)])
    expected = naive.rate_of_overlap(eta, 6, count, rho, Q)
    assert dR[1] / np.sqrt(Q) - 0.5 * rho * dQ / Q == pytest.approx(expected, rel=1e-9)


def test_a_threshold_ends_a_phase_at_this_classification_error():
    keys = {"R": (0.3, 0.0), "duration": 30.0, "dimension": 10**6}
    run = simulate(spec(CONDITIONS["per_step"], curriculum={"thresholds": [0.2, 0.1]}, **keys), "ode")
    assert len(run.switch_times)
    times = [0.0, float(run.switch_times[0])]
    keys |= {"times": times, "duration": 30.0}
    again = simulate(spec(CONDITIONS["per_step"], curriculum={"switch_times": [29.0]}, **keys), "ode")
    assert again.classification_error[1, 0] == pytest.approx(0.2, abs=1e-5)


def test_a_student_of_length_zero_starts():
    found = simulate(spec({"condition": "at_least", "count": 1}, 3, Q=0.0, duration=1.0), "ode")
    assert found.classification_error[0, 0] == 0.5
    assert np.isfinite(found.student_overlaps).all()
    assert found.classification_error[-1, 0] < 0.5
