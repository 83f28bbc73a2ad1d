"""Records of engine `chain`: states that the kernel saves are recorded as if each were measured at once."""

import numpy as np
import pytest

from teacherstudent.engines.chain import records
from teacherstudent.engines.chain.block import Block
from teacherstudent.simulation.runs import simulate_points
from teacherstudent.spec.parse import parse_spec

BASE = {
    "inputs": {"dimension": 100},
    "teachers": {"count": 2, "hidden": 2},
    "student": {"hidden": 3},
    "training": {"learning_rate": 1.0},
    "curriculum": {"switch_times": [0.5, 1.5]},
    "duration": 3.0,
    "record": {"count": 31},
}
LARGE = {"weights_std": 1.0, "readouts_std": 1e30}
LINEAR = {"student": {"hidden": 3, "activation": "linear", "initial": LARGE}}
GROWING = [
    LINEAR | {"training": {"learning_rate": rate, "train": ["features"]}} for rate in (1e-61, 1e-59, 1e-58)
]
SIGNS = {
    "teachers": {"count": 2, "hidden": 2, "labels": "sign"},
    "training": {"learning_rate": 1.0, "loss": "logistic"},
}
BATCHES = {
    "two heads": [{}, {"curriculum": {"switch_times": [0.333], "order": [1, 0]}}],
    "one head": [{"teachers": {"count": 1, "hidden": 2}, "curriculum": {}}],
    "thresholds": [{"curriculum": {"thresholds": [0.4, 0.2]}}, {}],
    "other units": [LINEAR | {"training": {"learning_rate": 0.1}}],
    "class labels": [SIGNS],
    "divergence": [
        *({"training": {"learning_rate": rate}} for rate in (1.0, 1e40)),
        *GROWING,
    ],
    "steps of a chosen time": [{"record": {"times": [0.0, 0.01, 0.02, 0.5, 2.99]}}],
}


def simulated(blocks):
    return list(simulate_points([parse_spec(BASE | block) for block in blocks], "chain", 0, 3))


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert vars(one).keys() == vars(other).keys()
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, vars(other)[name], err_msg=name)


@pytest.mark.parametrize("name", BATCHES)
def test_saved_states_are_recorded_as_present_ones(name, monkeypatch):
    found = simulated(BATCHES[name])
    monkeypatch.setattr(records, "SAVED_NUMBERS", 2000)  # some at a time
    assert_same(simulated(BATCHES[name]), found)
    monkeypatch.setattr(Block, "can_save_states", False)
    assert_same(simulated(BATCHES[name]), found)


def test_a_chain_ends_at_overlaps_that_are_not_finite():
    """The squares of weights overflow before the error does."""
    found = simulated(GROWING)
    ends = [one.diverged_at for one in found]
    assert ends[:3] == [None] * 3
    times = np.arange(31) / 10
    assert any(end is not None and np.isclose(times, end, rtol=0, atol=1e-9).any() for end in ends[3:])
    for one in found:
        assert np.isfinite(one.student_overlaps).all()


def test_states_are_saved_where_nothing_else_is_recorded(monkeypatch):
    """Otherwise the other tests would compare nothing."""
    counts = []
    record_saved = Block.record_saved
    monkeypatch.setattr(Block, "record_saved", lambda self: counts.append(self.places) or record_saved(self))
    simulated([{}])
    assert min(counts) > 1
    counts.clear()
    simulated([{"teachers": {"count": 2, "hidden": 2, "drift": 0.1}}])
    assert max(counts) == 0
    simulated([{"curriculum": {"switch_times": [1.5], "replay": {"fraction": 0.3}}}])
    assert counts[-1] == 0
