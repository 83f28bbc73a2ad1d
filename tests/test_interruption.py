"""Long work is cut into pieces between which it may be ended, and has the same bits in any pieces."""

import threading
import time

import numpy as np
import pytest

import depth
from samples import assert_same
from teacherstudent import parse_spec, simulate
from teacherstudent.engines.ode import engine as ode
from teacherstudent.errors import interruption
from teacherstudent.errors.interruption import check_interruption, in_pieces, interruptible_by

TEACHERS = {"count": 2, "hidden": 3, "features": {"relation": "rotated", "similarity": 0.5}}
SPEC = {
    "inputs": {"dimension": 60},
    "teachers": TEACHERS,
    "student": {"hidden": 4},
    "training": {"learning_rate": 0.3},
    "curriculum": {"switch_times": [2.0]},
    "duration": 4.0,
    "record": {"count": 21},
}
UNITS = {
    "erf": (4, "erf", "erf"),
    "linear": (4, "linear", "linear"),
    "erf and relu": (4, "erf", "relu"),
    "a single unit": (1, "linear", "linear"),
}


SECONDS = 3.0 if depth.everything else 1.5


class Enough(Exception):
    pass


def test_nothing_happens_at_a_look_by_itself():
    check_interruption()
    seen = []
    with interruptible_by(lambda: seen.append("outer")):
        check_interruption()
        with interruptible_by(lambda: seen.append("inner")):
            check_interruption()
        with interruptible_by(None):
            check_interruption()
        thread = threading.Thread(target=check_interruption)  # another thread has its own
        thread.start()
        thread.join()
        check_interruption()
    check_interruption()
    assert seen == ["outer", "inner", "outer"]


@pytest.mark.parametrize("count, work, expected", [(0, 1, 0), (5, 0, 1), (5, 1, 1), (5, 40, 3), (5, 1000, 5)])
def test_pieces_are_short_and_complete(monkeypatch, count, work, expected):
    monkeypatch.setattr(interruption, "WORK_PER_CHECK", 100)
    found, seen = [], []
    with interruptible_by(lambda: seen.append(len(found))):
        found += in_pieces(count, work)
    assert len(found) == expected
    assert [i for part in found for i in range(count)[part]] == list(range(count))
    assert len(seen) == (expected if count * work > 10 else 0)


@pytest.mark.parametrize(
    "engine, samples", [("network", None), ("network", 40), ("chain", None), ("ode", None)]
)
def test_the_size_of_pieces_changes_nothing(monkeypatch, engine, samples):
    inputs = {"dimension": 60} if samples is None else {"dimension": 60, "samples": samples}
    spec = parse_spec(SPEC | {"inputs": inputs})
    whole, seen = simulate(spec, engine), []
    monkeypatch.setattr(interruption, "WORK_PER_CHECK", 100)
    with interruptible_by(lambda: seen.append(1)):
        assert_same(simulate(spec, engine), whole)
    assert len(seen) > 20


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("work", [1, 2000])
def test_pauses_inside_the_right_hand_side_change_nothing(monkeypatch, units, work):
    K, student, teacher = UNITS[units]
    document = SPEC | {"student": {"hidden": K, "activation": student}}
    spec = parse_spec(document | {"teachers": TEACHERS | {"activation": teacher}, "record": {"state": True}})
    whole, fractions = simulate(spec, "ode"), []
    monkeypatch.setattr(ode, "WORK_PER_REPORT", work)
    paused = simulate(spec, "ode", progress=fractions.append)
    assert_same(paused, whole)
    for name in whole.state:
        np.testing.assert_array_equal(paused.state[name], whole.state[name])
    assert len(fractions) > 15
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


LONG = {
    "ode, wide": (
        "ode",
        {"inputs": {"dimension": 500}, "student": {"hidden": 100}, "teachers": TEACHERS | {"hidden": 50}},
    ),
    "a large set": ("network", {"inputs": {"dimension": 1000, "samples": 100_000}}),
    "a large frame": ("chain", {"student": {"hidden": 100}, "inputs": {"dimension": 10_000}}),
    "a large network": ("network", {"inputs": {"dimension": 1_000_000}}),
    "large batches": (
        "network",
        {"inputs": {"dimension": 1000}, "training": {"learning_rate": 0.1, "batch_size": 10_000}},
    ),
    "large teachers": ("network", {"inputs": {"dimension": 1000}, "teachers": {"count": 1, "hidden": 3000}}),
    "ode, linear units": (
        "ode",
        {
            "inputs": {"dimension": 500},
            "student": {"hidden": 60, "activation": "linear"},
            "teachers": TEACHERS | {"hidden": 50, "activation": "linear"},
        },
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", depth.thorough_from(4, LONG))
def test_a_second_never_passes_without_a_moment_to_end(name):
    """The processor's time, for some seconds: other work on the machine does not count."""
    engine, more = LONG[name]
    spec = parse_spec(SPEC | {"curriculum": {}, "duration": 1e4, "record": {"times": [0.0, 1e4]}} | more)
    simulate(parse_spec(SPEC), engine)  # compiled by now
    begin, times = time.process_time(), []

    def note(*_):
        times.append(time.process_time())
        if times[-1] > begin + SECONDS:
            raise Enough

    with interruptible_by(note), pytest.raises(Enough):
        simulate(spec, engine, progress=note)
    assert np.diff([begin, *times]).max() < 1.0
