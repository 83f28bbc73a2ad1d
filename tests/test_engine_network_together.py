"""Engine `network`: runs whose teachers differ after the first one are trained once until the switch."""

from dataclasses import replace

import numpy as np
import pytest

from samples import document
from teacherstudent.engines.network import engine as network
from teacherstudent.engines.network import turns
from teacherstudent.engines.start import BEGINNING, Start
from teacherstudent.engines.trajectory import as_recorded
from teacherstudent.kernels.network import blocks
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
    steps, train = [], blocks.train

    def count(group, settings, *given):
        steps.append(given[-1] * len(settings.trained))
        return train(group, settings, *given)

    monkeypatch.setattr(blocks, "train", count)
    list(simulate_points(points, "network", 0))
    return sum(steps)


def test_what_is_shared_is_trained_once(monkeypatch):
    # 10 inputs: 10 steps to the switch, once, and 20 for each after it
    assert steps_trained(monkeypatch, specs({"switch_times": [1.0]})) == 10 + 3 * 20


def test_students_of_another_first_teacher_share_nothing(monkeypatch):
    points = specs({"switch_times": [1.0], "order": [1, 0]})
    assert steps_trained(monkeypatch, points) == 3 * 30


def varied(**blocks):
    """Specs with the same inputs and shapes that differ in nearly everything else."""
    curriculum = {"switch_times": [1.0]}
    training = {"learning_rate": 0.7}
    return [
        *specs(curriculum, **blocks),
        *specs(
            {"switch_times": [1.7]}, training={"learning_rate": [0.3, 0.9], "weight_decay": 0.2}, **blocks
        )[:2],
        *specs(
            {"thresholds": [0.05], "look_every": 0.3}, training=training | {"train": ["readouts"]}, **blocks
        )[1:],
        specs(curriculum, training={"learning_rate": 1e50}, **blocks)[0],
        specs({}, training=training | {"frozen_units": [[0], [2]]}, **blocks)[0],
        *(replace(spec, duration=1.3) for spec in specs({}, training=training, **blocks)[:1]),
    ]


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_any_company_has_the_same_bits(precision):
    """Other rates, switches, ends and divergence of companions; their number and order; threads; shards."""
    points = varied(numerics={"precision": precision})
    assert len({network.batch_key(spec, 3) for spec in points}) == 1
    alone = [simulate(spec, "network", 5, run) for spec in points for run in range(2)]
    assert sum(one.diverged_at is not None for one in alone) == 2
    for threads in (1, 2, 3):
        for one, other in zip(
            simulate_points(points, "network", 5, runs=2, threads=threads), alone, strict=True
        ):
            assert_same(one, other)
    for part in (slice(None, None, -1), slice(0, 3), slice(2, None, 3)):
        mixed = simulate_points(points[part], "network", 5, runs=2)
        for one, other in zip(
            mixed, [x for i in range(len(points))[part] for x in alone[2 * i : 2 * i + 2]], strict=True
        ):
            assert_same(one, other)


def test_records_and_comparisons_change_no_bit_of_the_path():
    """The steps at which a run stops divide its blocks."""
    (spec, *_), ends = specs({"switch_times": [1.7]}), []
    for times in ((3.0,), (0.1, 0.2, 0.3, 1.1, 3.0), tuple(np.arange(31) / 10)):
        ends.append(
            simulate(replace(spec, record=replace(spec.record, count=None, times=times)), "network", 5)
        )
    for one in ends:
        for name in ("student_overlaps", "student_readouts", "generalisation_error"):
            np.testing.assert_array_equal(getattr(one, name)[-1], getattr(ends[0], name)[-1], err_msg=name)


def test_a_batch_resumes_from_snapshots_at_any_steps():
    """Each run resumes from its own step, within a block or not, to the same bits."""
    points = varied()
    whole = [simulate(spec, "network", 5) for spec in points]
    for steps in (3, 8, 13):
        kept = snapshots(points, steps)
        mixed = [kept[index][index % len(kept[index])] for index in range(len(points))]
        found = network.simulate(points, 5, [0] * len(points), no_progress, [BEGINNING] * len(points), mixed)
        for one, other in zip(found, whole, strict=True):
            assert_same(as_recorded(one, points[0]), other)


def no_progress(fraction):
    """Hear of no progress."""


def snapshots(points, steps):
    """All snapshots of the runs of a batch that is trained in pieces of some steps, by index."""
    kept = {index: [{}] for index in range(len(points))}

    def keep(found):
        for index, snapshot in found.items():
            kept[index].append(snapshot())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns.SideBySide, "steps_of_piece", lambda *_: steps)
        network.simulate(points, 5, [0] * len(points), no_progress, [BEGINNING] * len(points), (), keep)
    return kept


def test_another_seed_does_not_use_the_fields_of_a_state():
    """A state within a block belongs to its inputs: with others the fields are computed again."""
    spec = specs({})[0]
    spec = replace(spec, duration=1.3, record=replace(spec.record, state=True))
    longer, (first, second) = (
        replace(spec, duration=2.1),
        (simulate(spec, "network", seed) for seed in (5, 6)),
    )
    state = {name: array for name, array in first.state.items()}
    without = {name: array for name, array in state.items() if not name.startswith("block_")}
    found = [
        simulate(
            longer, "network", 6, start=Start(1.3, sequence=(0,), engine="network", state=each, spec=spec)
        )
        for each in (state, without)
    ]
    assert second.state["block_inputs"][0] != state["block_inputs"][0]
    assert_same(*found)


def test_batches_are_of_one_run_and_of_equal_shapes():
    one, other, third = specs({"switch_times": [1.0]})
    assert network.batch_key(one, 0) == network.batch_key(other, 0) == network.batch_key(third, 0)
    assert network.batch_key(one, 0) != network.batch_key(one, 1)
    faster = specs({"switch_times": [1.0]}, training={"learning_rate": 0.1})[0]
    assert network.batch_key(one, 0) == network.batch_key(faster, 0)
    for changed in (
        {"student": {"hidden": 2}},
        {"student": {"hidden": 3, "activation": "relu"}},
        {"student": {"hidden": 3, "heads": "shared"}},
        {"training": {"learning_rate": 0.1, "batch_size": 2}},
        {"numerics": {"precision": "float32"}},
    ):
        assert network.batch_key(specs({"switch_times": [1.0]}, **changed)[0], 0) != network.batch_key(one, 0)


def test_runs_that_are_not_in_blocks_share_their_first_phase_only():
    """Noise on the inputs is not part of blocks."""
    one, other, _ = (
        replace(spec, teachers=replace(spec.teachers, input_noise=(0.0, 0.1)))
        for spec in specs({"switch_times": [1.0]})
    )
    assert network.batch_key(one, 0) == network.batch_key(other, 0)
    assert network.batch_key(one, 0) != network.batch_key(replace(one, duration=4.0), 0)
    for found, spec in zip(simulate_points([one, other], "network", 1), (one, other), strict=True):
        assert_same(found, simulate(spec, "network", 1))


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
