"""The stages of a run, against a look-up in the document of the spec at every step."""

import numpy as np
import pytest

from naive import stages as naive
from teacherstudent.engines.phases import Phase, phases
from teacherstudent.engines.rates import at_switch, blocks, stages, task_probabilities
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.steps import step_at

ANGLE = 0.7
N = 20


def document(**blocks):
    """A spec with N = 20 inputs and 120 steps; three teachers and three units unless given."""
    base = {
        "inputs": {"dimension": N},
        "teachers": {"count": 3, "hidden": 1},
        "student": {"hidden": 3},
        "training": {"learning_rate": 0.5},
        "curriculum": {"switch_times": [2.0, 4.0]},
        "duration": 6.0,
    }
    return {
        key: base.get(key, {}) | value if key != "duration" else value
        for key, value in (base | blocks).items()
    }


NOT_ON_STEPS = [{"until": 1.013, "value": 1.0}, {"until": 2.99, "value": [0.5, 0.25, 0.1]}, {"value": 0.1}]
CASES = {
    "plain": document(),
    "replay_previous": document(curriculum={"replay": {"fraction": 0.25}}),
    "replay_all": document(curriculum={"replay": {"fraction": 0.3, "of": "all", "fidelity": 0.5}}),
    "replay_per_switch": document(curriculum={"replay": {"fraction": [0.0, 1.0], "of": "all"}}),
    "replay_none": document(curriculum={"replay": {"fraction": 0.0}}),
    "replay_and_period": document(
        curriculum={"switch_times": [], "period": 1.3, "replay": {"fraction": 0.5}}
    ),
    "return_to_an_earlier_task": document(
        curriculum={
            "order": [1, 0, 1, 2, 1],
            "switch_times": [1.0, 2.0, 3.0, 4.0],
            "replay": {"fraction": 0.2},
        }
    ),
    "return_all": document(
        curriculum={
            "order": [1, 0, 1, 2, 1],
            "switch_times": [1.0, 2.0, 3.0, 4.0],
            "replay": {"fraction": 0.2, "of": "all"},
        }
    ),
    "same_task_twice": document(
        curriculum={"order": [0, 0, 1], "replay": {"interleave": {"new": 2, "old": 1}}}
    ),
    "interleave": document(curriculum={"replay": {"interleave": {"new": 3, "old": 2}, "of": "all"}}),
    "interleave_longer_than_the_phase": document(
        curriculum={"replay": {"interleave": {"new": 50, "old": 7}}}
    ),
    "interleave_with_schedule": document(
        curriculum={"replay": {"interleave": {"new": 3, "old": 5}, "of": "all", "fidelity": 0.9}},
        training={"learning_rate": NOT_ON_STEPS},
    ),
    "mixture": document(
        curriculum={
            "switch_times": [],
            "mixture": [
                {"until": 1.26, "probabilities": [1, 0, 0]},
                {"until": 2.0, "probabilities": [0.5, 0.2, 0.3]},
                {"until": 3.349, "probabilities": [0.2, 0.4, 0.4]},
                {"probabilities": [0, 0, 1]},
            ],
        }
    ),
    "schedules": document(
        training={
            "learning_rate": NOT_ON_STEPS,
            "readout_learning_rate": [{"until": 5.0, "value": 2.0}, {"value": 0}],
        }
    ),
    "rates_per_teacher": document(
        training={"learning_rate": [0.1, 0.2, 0.3]}, student={"output_scale": "mean"}
    ),
    "features_only": document(training={"train": ["features"], "weight_decay": 0.1}),
    "deficits": document(
        teachers={"output_noise": [0.1, 0.2, 0.3], "input_noise": 0.5},
        training={
            "frozen_units": [[0], [], [1, 2]],
            "deficits": [
                {"until": 1.0, "input_noise": 2.0},
                {"start": 0.51, "until": 2.26, "frozen_units": [0, 2]},
                {"start": 1.0, "until": 1.0, "output_noise": 9.0},
                {"start": 1.999, "until": 3.333, "teacher": 2, "input_noise": 0.0},
                {"start": 3.333, "until": 7.5, "frozen_units": [], "output_noise": 0.0},
            ],
        },
    ),
    "rotation": document(
        teachers={"rotation": {"teacher": 1, "towards": 0, "rate": 0.3, "start": 1.02, "until": 4.6}}
    ),
    "rotation_reached": document(
        teachers={"rotation": {"teacher": 1, "towards": 0, "rate": 0.3, "start": 1.02, "until": "reached"}},
        curriculum={"replay": {"fraction": 0.1}},
    ),
    "shared_head": document(
        student={"heads": "shared"}, curriculum={"replay": {"fraction": 0.1, "of": "all"}}
    ),
}


def phases_with_starts(spec):
    """All phases with the steps at which they begin, and the teachers up to each."""
    began, sequence = 0, []
    for phase in phases(spec):
        sequence = [*sequence, phase.teacher]
        yield phase, sequence, began
        began = step_at(phase.end, N)


def check(asked, spec, phase, sequence, began, now):
    """Compare the stages from a step on with the look-up at every step."""
    start = now
    for stage in stages(spec, phase, sequence, began / N, now / N, ANGLE):
        parts = [stage] if stage.interleave is None else blocks(stage, start / N, N)
        assert step_at(parts[-1].end, N) == step_at(stage.end, N)
        for part in parts:
            end = step_at(part.end, N)
            assert end > start
            for step in range(start, end):
                compare(asked, stage, part, sequence, began, step)
            start = end
    assert start == step_at(phase.end, N)


def compare(asked, stage, part, sequence, began, step):
    shares = naive.probabilities(asked, sequence, step)
    averages = {task.teacher: task.probability for task in stage.tasks}
    assert averages == pytest.approx({p: share for p, share in enumerate(shares) if share > 0.0}, abs=1e-15)
    if stage.interleave is not None:
        assert [task.teacher for task in part.tasks] == [naive.task_in_turn(asked, sequence, began, step)]
        assert part.tasks[0].probability == 1.0
    main = [task.teacher for task in stage.tasks]
    assert sequence[-1] not in main or main[0] == sequence[-1]
    for found in part.tasks:
        expected = naive.task(asked, sequence, found.teacher, step)
        frozen = expected.pop("frozen_units")
        assert np.flatnonzero(found.moving == 0.0).tolist() == sorted(frozen)
        assert {key: getattr(found, key) for key in expected} == pytest.approx(expected, abs=1e-15)
    assert part.rotation == naive.rotation_rate(asked, step, ANGLE)


@pytest.mark.parametrize("name", CASES)
def test_stages(name):
    """From the start of each phase, and from some steps inside it, as after a resumption."""
    spec = parse_spec(CASES[name])
    for phase, sequence, began in phases_with_starts(spec):
        end = step_at(phase.end, N)
        for now in sorted({began, began + 1, (began + end) // 2, end - 1}):
            check(spec.to_dict(), spec, phase, sequence, began, now)


@pytest.mark.parametrize("seed", range(20))
def test_stages_of_random_windows(seed):
    """Ends of windows and pieces at any times, many of them exactly between two steps."""
    draw = np.random.default_rng(seed)
    times = np.unique(draw.integers(0, 480, 12) / 80.0).tolist()
    windows = [
        {"start": start, "until": end, ("input_noise", "output_noise")[i % 2]: float(i)}
        for i, (start, end) in enumerate(zip(times, times[1:], strict=False))
    ]
    ends = np.unique(draw.integers(1, 480, 5) / 80.0).tolist()
    rates = [{"until": end, "value": float(i)} for i, end in enumerate(ends)] + [{"value": 7.0}]
    training = {"learning_rate": rates, "deficits": windows}
    spec = parse_spec(document(training=training, curriculum={"replay": {"fraction": 0.2}}))
    for phase, sequence, began in phases_with_starts(spec):
        check(spec.to_dict(), spec, phase, sequence, began, began)


@pytest.mark.parametrize("name", CASES)
def test_task_probabilities(name):
    spec = parse_spec(CASES[name])
    asked, order = spec.to_dict(), [phase.teacher for phase in phases(spec)]
    switches = [phase.end for phase in phases(spec)[:-1]]
    steps = np.arange(step_at(spec.duration, N))
    expected = [
        naive.probabilities(asked, order[: 1 + sum(step_at(s, N) <= step for s in switches)], step)
        for step in steps
    ]
    found = task_probabilities(spec, steps / N, switches, order)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-15)


def test_task_probabilities_at_the_end_are_those_of_the_last_piece():
    spec = parse_spec(CASES["mixture"])
    order = [phase.teacher for phase in phases(spec)]
    found = task_probabilities(spec, np.array([6.0]), [phase.end for phase in phases(spec)[:-1]], order)
    assert found.tolist() == [[0.0, 0.0, 1.0]]


def test_a_phase_that_ends_by_a_threshold_has_its_own_beginning():
    """Blocks are counted from the step of the switch, which only the run determines."""
    asked = document(
        curriculum={
            "switch_times": [],
            "thresholds": [0.1, 0.1],
            "replay": {"interleave": {"new": 2, "old": 3}},
        }
    )
    spec = parse_spec(asked)
    check(spec.to_dict(), spec, Phase(1, 6.0, 0.1), [0, 1], 33, 47)


def test_rates_without_interventions_need_one_stage():
    spec = parse_spec(CASES["plain"])
    found = stages(spec, phases(spec)[0], [0], 0.0, 0.0)
    assert len(found) == 1
    assert found[0].tasks[0].probability == 1.0
    assert found[0].drift.tolist() == [0.0, 0.0, 0.0]


def test_values_at_switches():
    assert [at_switch(0.3, 0), at_switch(0.3, 7)] == [0.3, 0.3]
    assert [at_switch((0.1, 0.2), s) for s in range(2)] == [0.1, 0.2]
