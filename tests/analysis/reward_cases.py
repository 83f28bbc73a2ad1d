"""Specs of the reward rule for tests of its analysis."""

import pytest

from teacherstudent.spec.parse import parse_spec

ALL = {"condition": "all"}


def reward_spec(length, reward=ALL, rate=1.0, rho=0.0, times=(0.0, 10.0), **episode):
    """The spec of one teacher of norm 1 and a student with Q = 1 and a cosine rho."""
    return parse_spec(
        {
            "inputs": {"dimension": 900},
            "teachers": {"count": 1, "hidden": 1, "activation": "linear"},
            "student": {"hidden": 1, "activation": "linear"},
            "training": {
                "rule": "reward",
                "learning_rate": rate,
                "train": ["features"],
                "episode": {"length": length, "reward": {**reward}, **episode},
            },
            "duration": times[-1],
            "record": {"times": list(times)},
            "initial_overlaps": {
                "student": [[1.0]],
                "student_teacher": [[[rho]]],
                "teacher": [[[[1.0]]]],
                "student_readouts": [[1.0]],
                "teacher_readouts": [[1.0]],
            },
        }
    )


def with_penalty(length, penalty, count=None, value=1.0, **settings):
    """The spec with a penalty: all right, or at least some of them."""
    reward = {"condition": "all"} if count is None else {"condition": "at_least", "count": count}
    return reward_spec(length, {**reward, "value": value, "penalty": penalty}, **settings)


def written(number):
    """A number that is known to half a unit of its last decimal, and a bit for its own rounding."""
    decimals = len(str(number).split(".")[1]) if isinstance(number, float) else 0
    return pytest.approx(number, abs=0.51 * 10.0**-decimals)
