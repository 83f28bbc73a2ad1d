"""Engine `network`: runs whose teachers differ after the first one are trained once until the switch."""

import numpy as np
import pytest

from samples import document
from teacherstudent.engines.network import engine as network
from teacherstudent.inputs.fresh import FreshInputs
from teacherstudent.simulation.runs import simulate, simulate_points
from teacherstudent.spec.parse import parse_spec

SIMILARITIES = (0.0, 0.5, 1.0)
CURRICULA = {
    "times": {"switch_times": [1.0, 2.5]},
    "between steps": {"switch_times": [1.03]},
    "threshold": {"thresholds": [0.05], "look_every": 0.1},
    "threshold at once": {"thresholds": [10.0]},
    "threshold never": {"thresholds": [1e-12]},
    "other first": {"switch_times": [2.9], "order": [1, 0]},
    "none": {},
}


def specs(curriculum, **blocks):
    """Three specs that differ in the similarity of the teachers."""
    student = blocks.pop("student", {"hidden": 3, "initial": {"scheme": "large"}})
    return [
        parse_spec(
            document(
                inputs={"dimension": 10},
                teachers={"count": 2, "hidden": 2, "features": {"relation": "rotated", "similarity": V}},
                student=student,
                curriculum=curriculum,
                duration=3.0,
                record={"count": 16},
                **blocks,
            )
        )
        for V in SIMILARITIES
    ]


def assert_same(one, other):
    """Both trajectories have the same bits."""
    for name, array in vars(one).items():
        if isinstance(array, np.ndarray):
            np.testing.assert_array_equal(array, getattr(other, name), err_msg=name)
    assert one.diverged_at == other.diverged_at


@pytest.mark.parametrize("curriculum", CURRICULA.values(), ids=CURRICULA.keys())
@pytest.mark.parametrize("threads", [1, 2])
def test_runs_are_the_same_alone_and_together(curriculum, threads):
    points = specs(curriculum)
    together = list(simulate_points(points, "network", 5, runs=2, threads=threads))
    alone = [simulate(spec, "network", 5, run) for spec in points for run in range(2)]
    assert len(together) == len(alone) == 6
    for one, other in zip(together, alone, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("heads", ["shared", "per_task"])
def test_heads_noise_decay_and_precision(heads):
    points = specs(
        {"switch_times": [1.0]},
        student={"hidden": 3, "heads": heads, "copy_head_at_switch": heads == "per_task"},
        training={"learning_rate": 0.7, "weight_decay": 0.3, "batch_size": 2},
        numerics={"precision": "float32"},
    )
    for one, spec in zip(simulate_points(points, "network", 1), points, strict=True):
        assert_same(one, simulate(spec, "network", 1))


def test_a_run_that_diverges_takes_its_company_with_it():
    points = specs({"switch_times": [1.0]}, training={"learning_rate": 1e40})
    together = list(simulate_points(points, "network", 0))
    assert all(one.diverged_at is not None for one in together)
    for one, spec in zip(together, points, strict=True):
        assert_same(one, simulate(spec, "network", 0))


def steps_trained(monkeypatch, points):
    """The number of steps that the runs of some points make."""
    steps = []
    train = FreshInputs.train
    monkeypatch.setattr(FreshInputs, "train", lambda *given: steps.append(given[-1]) or train(*given))
    list(simulate_points(points, "network", 0))
    return sum(steps)


def test_what_is_shared_is_trained_once(monkeypatch):
    # 10 inputs: 10 steps to the switch, once, and 20 for each after it
    assert steps_trained(monkeypatch, specs({"switch_times": [1.0]})) == 10 + 3 * 20


def test_students_of_another_first_teacher_share_nothing(monkeypatch):
    points = specs({"switch_times": [1.0], "order": [1, 0]})
    assert steps_trained(monkeypatch, points) == 3 * 30


def test_batches_are_of_one_run_and_of_all_similarities():
    one, other, third = specs({"switch_times": [1.0]})
    assert network.batch_key(one, 0) == network.batch_key(other, 0) == network.batch_key(third, 0)
    assert network.batch_key(one, 0) != network.batch_key(one, 1)
    faster = specs({"switch_times": [1.0]}, training={"learning_rate": 0.1})[0]
    assert network.batch_key(one, 0) != network.batch_key(faster, 0)


def test_progress_is_that_of_the_batch():
    heard = []
    list(
        simulate_points(
            specs({"switch_times": [1.0]}), "network", 0, progress=lambda _, part: heard.append(part)
        )
    )
    assert heard[0] == 0.0
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0)
