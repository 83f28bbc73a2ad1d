"""The reward rule in engine network: each episode against its definition, and against the equations."""

import numpy as np
import pytest

from naive import rewards as naive
from reward_cases import CONDITIONS, REFERENCES, SCHEDULES, references, spec
from teacherstudent.engines.network.rewards import rewards_of
from teacherstudent.engines.network.tasks import constants_of
from teacherstudent.engines.network.weights import in_memory
from teacherstudent.engines.phases import phases
from teacherstudent.engines.rates import stages
from teacherstudent.kernels.network.rewards import Rewards, ScheduledRewards
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.simulation.runs import simulate, simulate_runs

N, KEY = 37, (3, 5)


def networks_and_constants(case):
    networks = in_memory(case, sample_networks(case, 0, 0), may_be_wide=False)
    phase = phases(case)[0]
    (stage,) = stages(case, phase, [phase.teacher], 0.0, 0.0)
    return networks, constants_of(networks, case, stage, stage.tasks[0])


def episodes(case, count=40):
    """Make episodes one by one; yield the weights before and after, the inputs and the teacher."""
    networks, constants = networks_and_constants(case)
    for step in range(count):
        before = networks.student().copy()
        assert networks.train_on_fresh_inputs(constants, *KEY, step, 1) == 1
        yield before[0], networks.student()[0], networks.buffers.X[1, :, :N].copy(), networks.V[0, 0, :N]


@pytest.mark.parametrize("name", CONDITIONS)
def test_an_episode_is_its_definition(name):
    moved = 0
    for before, after, X, V in episodes(
        spec(CONDITIONS[name], 4, N, R=(0.4,), training={"learning_rate": 1.3})
    ):
        (expected,) = naive.episode(before[None], V[None], X[None], 1.3, **CONDITIONS[name])
        assert after == pytest.approx(expected, abs=1e-12)
        moved += not np.array_equal(before, after)
    assert moved > 10


def test_a_negative_readout_turns_the_decisions_of_the_teacher():
    case = spec(CONDITIONS["per_step"], 4, N, R=(0.4,), signs=[-2.0])
    for before, after, X, V in episodes(case):
        (expected,) = naive.episode(before[None], -V[None], X[None], 1.0, **CONDITIONS["per_step"])
        assert after == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_an_episode_on_schedule_is_its_definition(name):
    reward, schedule = SCHEDULES[name]
    most, value, lengths = 9, reward.get("value", 1.0), set()
    case = spec(reward, most, N, R=(1.4,), Q=3.0, schedule=schedule)
    for before, after, X, V in episodes(case, 300):
        Q, R = before @ before / N, before @ V / N
        bests = "learning_rate" in schedule, "length" in schedule
        eta, length = naive.best(R / np.sqrt(Q), Q, most, reward.get("count", most), value, *bests)
        (expected,) = naive.episode(before[None], V[None], X[None, :length], eta / value, **reward)
        assert after == pytest.approx(expected, rel=1e-9, abs=1e-9)
        lengths.add(length)
    assert len(lengths) > 1 or "length" not in schedule


def test_only_runs_with_schedules_compile_them():
    assert isinstance(rewards_of(None, spec(CONDITIONS["all"])), Rewards)
    reward, schedule = SCHEDULES["both"]
    case = spec(reward, 3, N, schedule=schedule)
    networks, _ = networks_and_constants(case)
    assert isinstance(rewards_of(networks, case), ScheduledRewards)


@pytest.mark.parametrize("name", REFERENCES)
def test_references(name):
    length, reward = REFERENCES[name]
    columns = {key: column[:3] for key, column in references()[name].items()}
    case = spec(reward, length, duration=columns["t"][-1], times=columns["t"].tolist())
    found = list(simulate_runs(case, "network", 0, 3, 1))
    rho = np.array(
        [run.student_teacher_overlaps[1:, 0, 0, 0] / run.student_overlaps[1:, 0, 0] ** 0.5 for run in found]
    )
    assert (
        np.abs(rho.mean(axis=0) - columns["mean_rho"][1:]) < 4.5 * columns["std_rho"][1:] / np.sqrt(3)
    ).all()


def test_records_are_functions_of_the_overlaps():
    run = simulate(
        spec(CONDITIONS["at_least"], 4, 100, R=(0.3, 0.1), curriculum={"switch_times": [1.0]}), "network"
    )
    Q, R = run.student_overlaps[:, 0, 0], run.student_teacher_overlaps[:, :, 0, 0]
    wrong = np.arccos(R / np.sqrt(Q)[:, None]) / np.pi
    assert run.classification_error == pytest.approx(wrong, abs=1e-12)
    assert np.array_equal(run.generalisation_error, run.classification_error)
    p = 1.0 - wrong
    assert run.reward_rate == pytest.approx(p**4 + 4 * p**3 * wrong, abs=1e-12)


def test_single_precision_follows():
    case = spec(CONDITIONS["per_step"], 4, 200, 1.0, R=(0.3,))
    single = spec(CONDITIONS["per_step"], 4, 200, 1.0, R=(0.3,), numerics={"precision": "float32"})
    one, other = simulate(case, "network"), simulate(single, "network")
    assert other.student_overlaps == pytest.approx(one.student_overlaps, rel=0.05)
    assert one.student_overlaps[-1] > 1.05
