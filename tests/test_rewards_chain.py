"""The chain of the reward rule: in law against episodes of real weights, and against the equations."""

import numpy as np
import pytest

from depth import crossed
from laws import assert_other_law, assert_same_law
from naive import rewards as naive
from reward_cases import CONDITIONS, REFERENCES, SCHEDULES, document, references, spec, teacher_overlaps
from samples import assert_same
from teacherstudent.simulation.runs import simulate_points, simulate_runs
from teacherstudent.spec.parse import parse_spec

RUNS, ETA = 2000, 1.3
SHORT = {"training": {"learning_rate": ETA}, "curriculum": {"thresholds": [1e-9, 1e-9]}}


def end(case, runs, seed=0):
    """Return R (runs, P) and Q (runs,) at the end of chains."""
    found = list(simulate_runs(case, "chain", seed, runs, 1))
    R = np.array([run.student_teacher_overlaps[-1, :, 0, 0] for run in found])
    return R, np.array([run.student_overlaps[-1, 0, 0] for run in found])


def numbers(R, Q):
    return {"R": R, "Q": Q[:, None], "rho": R / np.sqrt(Q)[:, None]}


def of_both(name, dimension, reward=None):
    """Return numbers of chains and of real weights after some episodes with the first of two teachers."""
    P, episodes = min(2, dimension - 1), min(3 * dimension, 30)
    R = (0.2, -0.3)[:P]
    blocks = SHORT if P == 2 else {"training": SHORT["training"]}
    case = spec(CONDITIONS[name], 4, dimension, episodes / dimension, R=R, Q=0.9, **blocks)
    direct = naive.train(
        *(0.9, list(R), teacher_overlaps(P), dimension, episodes, 4, ETA),
        runs=RUNS,
        seed=3,
        **(reward or CONDITIONS[name]),
    )
    return numbers(*end(case, RUNS)), numbers(*direct)


@pytest.mark.parametrize(("name", "dimension"), crossed(CONDITIONS, [2, 3, 4, 20]))
def test_the_law_is_that_of_real_weights(name, dimension):
    assert_same_law(*of_both(name, dimension))


@pytest.mark.parametrize("name", CONDITIONS)
def test_another_reward_has_another_law(name):
    wrong = {
        key: value * 1.5 if key in ("penalty", "bonus") else value for key, value in CONDITIONS[name].items()
    }
    assert_other_law(*of_both(name, 6, wrong | {"value": 1.3}))


@pytest.mark.parametrize("name", REFERENCES)
def test_references(name):
    length, reward = REFERENCES[name]
    columns = {key: column[:6] for key, column in references()[name].items()}
    case = spec(reward, length, duration=columns["t"][-1], times=columns["t"].tolist())
    found = list(simulate_runs(case, "chain", 0, 64, 1))
    rho = np.array(
        [run.student_teacher_overlaps[1:, 0, 0, 0] / run.student_overlaps[1:, 0, 0] ** 0.5 for run in found]
    )
    spread = columns["std_rho"][1:] * np.sqrt(1 / 64 + 1 / 400)  # 400 runs in the reference
    assert (np.abs(rho.mean(axis=0) - columns["mean_rho"][1:]) < 4.5 * spread).all()


@pytest.mark.parametrize("name", CONDITIONS)
def test_many_inputs_are_close_to_the_equations(name):
    keys = {
        "length": 6,
        "dimension": 900,
        "duration": 12.0,
        "times": np.linspace(0, 12, 7).tolist(),
        "R": (0.3, 0.1),
    }
    case = spec(CONDITIONS[name], curriculum={"switch_times": [6.0]}, **keys)
    (limit,) = simulate_runs(case, "ode", 0, 1, 1)
    found = list(simulate_runs(case, "chain", 0, 64, 1))
    for quantity in ("student_overlaps", "student_teacher_overlaps", "reward_rate", "classification_error"):
        runs, expected = np.array([getattr(run, quantity)[1:] for run in found]), getattr(limit, quantity)[1:]
        bound = 4.5 * runs.std(axis=0) / 8 + 10 / 900 * np.maximum(1.0, np.abs(expected))
        assert (np.abs(runs.mean(axis=0) - expected) < bound).all(), quantity


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_close_to_the_equations(name):
    reward, schedule = SCHEDULES[name]
    case = spec(reward, 12, 900, 10.0, [0.0, 2.0, 10.0], R=(0.2,), schedule=schedule)
    (limit,) = simulate_runs(case, "ode", 0, 1, 1)
    errors = np.array([run.classification_error[1:, 0] for run in simulate_runs(case, "chain", 0, 64, 1)])
    distance = np.abs(errors.mean(axis=0) - limit.classification_error[1:, 0])
    assert (distance < 4.5 * errors.std(axis=0) / 8 + 1e-3).all()


def test_chains_do_not_depend_on_the_batch():
    penalties = [document(CONDITIONS["all"] | {"penalty": penalty}) for penalty in (0.0, 0.2, 0.5)]
    specs = [parse_spec(each) for each in penalties]
    alone = [run for each in specs for run in simulate_runs(each, "chain", 0, 3, 1)]
    for one, other in zip(simulate_points(specs, "chain", 0, 3, 1), alone, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("name", ["length", "both"])
def test_chains_with_lengths_of_their_own_do_not_depend_on_the_batch(name):
    reward, schedule = SCHEDULES[name]
    case = spec(reward, 20, 100, 3.0, R=(0.5,), schedule=schedule)
    many = list(simulate_runs(case, "chain", 0, 20, 1))
    few = list(simulate_runs(case, "chain", 0, 2, 1))
    for one, other in zip(few, many, strict=False):
        assert_same(one, other)


def test_nothing_moves_without_a_reward():
    R, Q = end(spec({"condition": "all"}, 60, 50, 1.0, R=(0.1,), Q=0.7), 8)
    assert len(set(Q)) == 1
    assert len(set(R[:, 0])) == 1
    assert Q[0] == pytest.approx(0.7, abs=1e-15)


def test_the_sign_of_a_readout_turns_the_decisions():
    one = spec(CONDITIONS["per_step"], R=(0.3,))
    other = spec(CONDITIONS["per_step"], R=(-0.3,), signs=[-1.0])
    for run, mirrored in zip(*(simulate_runs(case, "chain", 0, 40, 1) for case in (one, other)), strict=True):
        assert run.classification_error[0] == pytest.approx(mirrored.classification_error[0], abs=1e-14)
    errors = [
        [run.classification_error[-1, 0] for run in simulate_runs(case, "chain", 0, 64, 1)]
        for case in (one, other)
    ]
    means, spread = np.mean(errors, axis=1), np.std(errors) / 8
    assert abs(means[0] - means[1]) < 6 * spread
