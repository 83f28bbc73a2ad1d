"""Work that is ended on its way goes on from its checkpoints to the same bits."""

import numpy as np
import pytest

from samples import assert_equal, assert_same
from samples import spec as small_spec
from teacherstudent.checkpoints import Checkpoints
from teacherstudent.engines import network
from teacherstudent.errors import RunError
from teacherstudent.simulation import simulate_points, simulate_runs

LINEAR = {"hidden": 3, "activation": "linear"}
LARGE = {"scheme": "gaussian", "weights_std": 1.0, "readouts_std": 1.0}
WIDE = {"inputs": {"dimension": 5}, "student": {"hidden": 20}, "duration": 15.0}
# What a run may have that must survive: changes of the small spec.
CASES = {
    "plain": {},
    "single precision": {"numerics": {"precision": "float32"}},
    "batches with noise": {
        "training": {"learning_rate": 0.5, "batch_size": 3, "weight_decay": 0.1},
        "teachers": {"count": 2, "hidden": 2, "output_noise": 0.1, "input_noise": 0.2},
    },
    "weights by input": WIDE,
    "weights by input in single precision": WIDE | {"numerics": {"precision": "float32"}},
    "copied heads and frozen units": {
        "student": {"hidden": 3, "copy_head_at_switch": True},
        "training": {"learning_rate": 1.0, "frozen_units": [[], [0]]},
    },
    "many switches, some on one step": {"curriculum": {"switch_times": [1.0, 1.001, 2.0, 3.1, 4.999]}},
    "a period": {"curriculum": {"period": 0.35}},
    "thresholds": {"curriculum": {"thresholds": [0.25, 0.2, 0.15, 0.1], "look_every": 0.3}, "duration": 9.0},
    "samples": {"inputs": {"dimension": 20, "samples": 30}},
    "samples, all different in a batch": {
        "inputs": {"dimension": 20, "samples": 30},
        "training": {"learning_rate": 0.5, "batch_size": 4, "sampling": "without_replacement"},
        "teachers": {"count": 2, "hidden": 2, "output_noise": 0.1},
    },
    "no times at first": {"record": {"times": [4.0, 4.5]}},
    "many times": {"record": {"count": 95}},
    "errors only, with weights and state": {
        "record": {"quantities": "errors", "weights": True, "state": True}
    },
    "a run that diverges": {
        "student": LINEAR | {"initial": LARGE},
        "training": {"learning_rate": 30.0},
        "duration": 40.0,
    },
}


class Ending(Checkpoints):
    """Ends the work after some checkpoints, as a signal does."""

    def __init__(self, folder, count):
        super().__init__(folder, minutes=0.0)
        self.left = count

    def _write(self, path, runs):
        written = super()._write(path, runs)
        self.left -= 1
        if self.left == 0:
            self.asked = "a test"
        return written


def in_pieces(specs, folder, runs=1, threads=1, starts=(), engine="network", count=3):
    """Return the trajectories after as many calls as it takes, and how many were ended on their way."""
    ended = 0
    while True:
        try:
            keeper = Ending(folder, count)
            found = simulate_points(specs, engine, 5, runs, threads, starts=starts, keeper=keeper)
            return list(found), ended
        except RunError as error:
            assert str(error) == f"ended by a test; the same call goes on from {folder}"
            ended += 1


def assert_all_same(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert_same(one, other)
        assert (one.state is None) == (other.state is None)
        for name in one.state or ():
            assert_equal(np.asarray(one.state[name]), np.asarray(other.state[name]), name)


@pytest.fixture
def short_pieces(monkeypatch):
    """A few steps between two moments at which a run can be kept."""
    monkeypatch.setattr(network, "WORK_PER_REPORT", 1000)


@pytest.mark.parametrize("name", CASES)
def test_a_run_ended_again_and_again_has_the_same_bits(tmp_path, short_pieces, monkeypatch, name):
    spec = small_spec(**CASES[name])
    found, ended = in_pieces([spec], tmp_path / "kept")
    assert ended >= 2
    monkeypatch.undo()
    assert_all_same(found, list(simulate_runs(spec, "network", 5)))
    assert (found[0].diverged_at is not None) == (name == "a run that diverges")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_points_with_several_runs_on_threads(tmp_path, short_pieces, monkeypatch, threads):
    specs = [small_spec(training={"learning_rate": rate}) for rate in (0.5, 1.0)]
    found, ended = in_pieces(specs, tmp_path / "kept", runs=3, threads=threads, count=4)
    assert ended >= 3
    monkeypatch.undo()
    assert_all_same(found, list(simulate_points(specs, "network", 5, runs=3)))


@pytest.mark.parametrize("kind", ["state", "order parameters"])
def test_a_run_that_started_from_another_one(tmp_path, short_pieces, kind):
    from teacherstudent.continuation import load_start
    from teacherstudent.store import write_run

    first = small_spec(record={"count": 6, "state": kind == "state"})
    (before,) = simulate_runs(first, "network", 5)
    write_run(tmp_path / "first.h5", first, "network", 5, before)
    starts = load_start(tmp_path / "first.h5")
    spec = small_spec(duration=9.0, record={"times": [2.0, 5.0, 6.0, 9.0]}, curriculum={"period": 2.0})
    found, ended = in_pieces([spec], tmp_path / "kept", starts=starts)
    assert ended >= 2
    assert found[0].time.tolist() == [5.0, 6.0, 9.0]
    assert_all_same(found, list(simulate_runs(spec, "network", 5, starts=starts)))
