"""Keys of the reward rule: bad input is one line that names the key."""

import pytest

from reward_cases import document
from teacherstudent.errors import SpecError
from teacherstudent.spec.parse import parse_spec

ALL, SOME = {"condition": "all"}, {"condition": "at_least", "count": 2}
BOTH = {"learning_rate": "optimal", "length": "optimal"}
LENGTH = {"length": "optimal"}
BAD = {
    "no episode": ({}, {"training": {"episode": None}}, "training.episode"),
    "a count without use": ({"reward": ALL | {"count": 2}}, {}, "reward.count: condition: all does not use"),
    "no count": (
        {"reward": {"condition": "first", "bonus": 1.0}},
        {},
        "reward.count: condition: first needs",
    ),
    "no bonus": ({"reward": {"condition": "per_step"}}, {}, "reward.bonus: condition: per_step needs"),
    "a penalty without use": (
        {"reward": {"condition": "per_step", "bonus": 1.0, "penalty": 0.1}},
        {},
        "reward.penalty: not used with condition: per_step",
    ),
    "too many right decisions": ({"reward": SOME | {"count": 9}}, {}, "an episode has 4 decisions"),
    "two units": ({}, {"student": {"hidden": 2}}, "one linear unit"),
    "an erf student": ({}, {"student": {"activation": "erf"}}, "one linear unit"),
    "a relu teacher": ({}, {"teachers": {"activation": "relu"}}, "teachers.activation: relu"),
    "readouts of 0": ({"signs": [0.0]}, {}, "initial_overlaps.teacher_readouts: 0.0"),
    "teachers without output": (
        {},
        {"teachers": {"readouts": {"relation": "uniform", "value": 0.0}}, "initial_overlaps": None},
        "teachers.readouts.value: 0.0",
    ),
    "trained readouts": ({}, {"training": {"train": ["features", "readouts"]}}, "training.train"),
    "batches": ({}, {"training": {"batch_size": 2}}, "training.batch_size"),
    "a loss": ({}, {"training": {"loss": "logistic"}}, "training.loss"),
    "weight decay": (
        {},
        {"training": {"weight_decay": 0.1}},
        "training.weight_decay: not available with rule",
    ),
    "noise": ({}, {"teachers": {"output_noise": 0.1}}, "teachers.output_noise: not available with rule"),
    "flips": ({}, {"teachers": {"label_flips": 0.1}}, "teachers.label_flips"),
    "a finite set": ({}, {"inputs": {"samples": 10}}, "inputs.samples"),
    "movement": ({}, {"record": {"movement": True}}, "record.movement: not available with rule"),
    "a schedule with a penalty": (
        {"reward": ALL | {"penalty": 0.1}, "schedule": BOTH},
        {},
        "schedule.learning_rate: optimal needs condition: all or at_least and penalty: 0",
    ),
    "a length for some right decisions": (
        {"reward": SOME, "schedule": LENGTH},
        {},
        "schedule.length: optimal needs",
    ),
    "a schedule without a reward": (
        {"reward": ALL | {"value": 0.0}, "schedule": BOTH},
        {},
        "reward.value: 0.0",
    ),
    "a length with two rates": (
        {"schedule": LENGTH, "R": (0.0, 0.0)},
        {"training": {"learning_rate": [0.5, 1.0]}},
        "training.learning_rate: schedule.length: optimal needs one number",
    ),
    "a length without a rate": (
        {"schedule": LENGTH},
        {"training": {"learning_rate": 0.0}},
        "training.learning_rate: schedule.length: optimal needs one number",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    arguments, blocks, message = BAD[name]
    with pytest.raises(SpecError) as caught:
        parse_spec(document(**{"reward": ALL} | arguments, **blocks))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_good_input():
    spec = parse_spec(document(ALL, schedule=BOTH))
    assert spec.has_rewards
    assert spec.teachers.labels == "sign"
    assert spec.training.episode.has_optimal_length
    assert parse_spec(spec.to_dict()) == spec
