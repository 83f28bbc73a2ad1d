"""Work that is ended on its way goes on from its checkpoints to the same bits."""

import hashlib
import io
import itertools
import os
import signal
import time

import numpy as np
import pytest

from faults.counts import COUNTS
from samples import assert_equal, assert_same, trajectory
from samples import spec as small_spec
from teacherstudent.engines.network import training as network_run
from teacherstudent.engines.start import BEGINNING, Start
from teacherstudent.errors import RunError, SpecError
from teacherstudent.simulation.runs import simulate_points, simulate_runs
from teacherstudent.store import checkpoints
from teacherstudent.store.checkpoints import CheckpointFile
from teacherstudent.store.runs import write_run
from teacherstudent.store.starts import load_start

LINEAR = {"hidden": 3, "activation": "linear"}
LARGE = {"scheme": "gaussian", "weights_std": 1.0, "readouts_std": 1.0}
WIDE = {"inputs": {"dimension": 5}, "student": {"hidden": 20}, "duration": 15.0}
REWARDED = {
    "teachers": {"count": 2, "hidden": 1, "activation": "linear"},
    "student": {"hidden": 1, "activation": "linear", "initial": {"weights_std": 1.0}},
}
EPISODE = {"length": 4, "reward": {"condition": "per_step", "bonus": 0.2}}
REWARDS = {"rule": "reward", "learning_rate": 1.0, "train": ["features"], "episode": EPISODE}
OPTIMAL = {"learning_rate": "optimal", "length": "optimal"}
SCHEDULED_REWARDS = REWARDS | {"episode": {"length": 5, "reward": {"condition": "all"}, "schedule": OPTIMAL}}
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
        "student": {"hidden": 3, "copy_head_at_switch": "every"},
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
    "passes": {
        "inputs": {"dimension": 20, "samples": 30},
        "training": {"learning_rate": 0.5, "batch_size": 7, "sampling": "epochs"},
        "teachers": {"count": 2, "hidden": 2, "output_noise": 0.1},
    },
    "images": {
        "inputs": {
            "distribution": "dataset",
            "samples": 40,
            "dataset": {"file": "images.npz", "test_samples": 10, "shuffle_labels": True},
        }
    },
    "no times at first": {"record": {"times": [4.0, 4.5]}},
    "many times": {"record": {"count": 95}},
    "errors only, with weights and state": {
        "record": {"quantities": "errors", "weights": True, "state": True}
    },
    "replay and path integrals": {
        "training": {
            "learning_rate": 0.5,
            "weight_decay": 0.1,
            "l1": 0.1,
            "consolidation": {"kind": "path_integral", "strength": 1.0, "importances": "weights"},
        },
        "curriculum": {"switch_times": [1.0, 2.0, 3.1], "replay": {"fraction": 0.3, "fidelity": 0.7}},
        "record": {"count": 6, "state": True},
    },
    "stored inputs and proximal pulls": {
        "training": {
            "learning_rate": 0.5,
            "batch_size": 2,
            "consolidation": {"kind": "ewc", "strength": 50.0, "fisher_samples": 10, "step": "proximal"},
        },
        "curriculum": {
            "switch_times": [1.0, 2.0, 3.1],
            "replay": {"interleave": {"new": 2, "old": 1}, "buffer": 5},
        },
        "numerics": {"precision": "float32"},
    },
    "teachers that move": {
        "teachers": {
            "count": 2,
            "hidden": 2,
            "rotation": {"teacher": 0, "towards": 1, "rate": 0.3, "start": 0.5, "until": 4.0},
        },
        "record": {"count": 6, "movement": True},
    },
    "teachers that drift": {"teachers": {"count": 2, "hidden": 2, "drift": [0.2, 0.0]}},
    "deficits and schedules": {
        "training": {
            "learning_rate": [{"until": 0.7, "value": [0.5, 1.0]}, {"value": 0.3}],
            "deficits": [{"start": 0.5, "until": 3.0, "input_noise": 1.0, "teacher": 1}],
        }
    },
    "a mixture": {
        "curriculum": {
            "mixture": [{"until": 2.0, "probabilities": [0.7, 0.3]}, {"probabilities": [0.2, 0.8]}]
        }
    },
    "classes": {
        "teachers": {
            "count": 2,
            "hidden": 2,
            "labels": "sign",
            "label_flips": [0.1, 0.2],
            "output_noise": 0.1,
        },
        "training": {"learning_rate": 0.5, "batch_size": 2, "loss": "logistic"},
    },
    "rewards": REWARDED | {"training": REWARDS, "curriculum": {"thresholds": [0.3, 0.3]}},
    "rewards on schedule": REWARDED | {"training": SCHEDULED_REWARDS, "record": {"count": 6, "state": True}},
    "manifolds with replay": {
        "inputs": {
            "dimension": 20,
            "distribution": "hidden_manifold",
            "manifold": {"latent_dimension": 5, "tasks": "interpolated", "similarity": [0.5]},
        },
        "training": {"learning_rate": 0.5, "batch_size": 2},
        "curriculum": {"switch_times": [1.0, 2.0, 3.1], "replay": {"fraction": 0.3}},
    },
    "a run that diverges": {
        "inputs": {"dimension": 100},
        "student": LINEAR | {"initial": LARGE},
        "training": {"learning_rate": 16.0},
    },
}


class Ending(CheckpointFile):
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
            store = Ending(folder, count)
            found = simulate_points(specs, engine, 5, runs, threads, starts=starts, checkpoints=store)
            return list(found), ended
        except RunError as error:
            assert str(error) == f"ended by a test; the same call resumes from {folder}"
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
    monkeypatch.setattr(network_run, "WORK_PER_REPORT", 2000)


@pytest.mark.parametrize("name", CASES)
def test_a_run_ended_again_and_again_has_the_same_bits(tmp_path, short_pieces, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    np.savez("images.npz", images=np.random.default_rng(0).integers(0, 256, (50, 4, 5)).astype(np.uint8))
    spec = small_spec(**CASES[name])
    found, ended = in_pieces([spec], tmp_path / "kept")
    assert ended >= 2
    monkeypatch.setattr(network_run, "WORK_PER_REPORT", 10**9)
    assert_all_same(found, list(simulate_runs(spec, "network", 5)))
    assert (found[0].diverged_at is not None) == (name == "a run that diverges")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_points_with_several_runs_on_threads(tmp_path, short_pieces, monkeypatch, threads):
    specs = [small_spec(training={"learning_rate": rate}) for rate in (0.5, 1.0)]
    found, ended = in_pieces(specs, tmp_path / "kept", runs=3, threads=threads, count=4)
    assert ended >= 3
    monkeypatch.setattr(network_run, "WORK_PER_REPORT", 10**9)
    assert_all_same(found, list(simulate_points(specs, "network", 5, runs=3)))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("curriculum", [{"switch_times": [2.0]}, {"thresholds": [0.2], "look_every": 0.3}])
def test_runs_that_begin_alike(tmp_path, short_pieces, monkeypatch, curriculum, threads):
    similar = [{"features": {"relation": "rotated", "similarity": V}} for V in (0.0, 0.5, 1.0)]
    specs = [small_spec(teachers={"count": 2, "hidden": 2} | V, curriculum=curriculum) for V in similar]
    found, ended = in_pieces(specs, tmp_path / "kept", runs=2, threads=threads, count=7)
    assert ended >= 3
    monkeypatch.setattr(network_run, "WORK_PER_REPORT", 10**9)
    assert_all_same(found, [run for spec in specs for run in simulate_runs(spec, "network", 5, 2)])


@pytest.mark.parametrize("kind", ["state", "order parameters"])
def test_a_run_that_started_from_another_one(tmp_path, short_pieces, kind):
    first = small_spec(record={"count": 6, "state": kind == "state"})
    (before,) = simulate_runs(first, "network", 5)
    write_run(tmp_path / "first.h5", first, "network", 5, before)
    starts = load_start(tmp_path / "first.h5")
    spec = small_spec(duration=9.0, record={"times": [2.0, 5.0, 6.0, 9.0]}, curriculum={"period": 2.0})
    found, ended = in_pieces([spec], tmp_path / "kept", starts=starts)
    assert ended >= 2
    assert found[0].time.tolist() == [5.0, 6.0, 9.0]
    assert_all_same(found, list(simulate_runs(spec, "network", 5, starts=starts)))


# When files are written


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


def opened(folder, clock, runs=3):
    """Return the checkpoints of some runs whose files are written every ten minutes."""
    store = CheckpointFile(folder, 10.0, clock)
    store.open([(small_spec(), BEGINNING)] * runs, "network", 5, runs)
    return store


def names(folder):
    return sorted(path.name for path in folder.glob("*"))


def test_a_run_is_written_every_ten_minutes(tmp_path):
    clock, folder, taken = Clock(), tmp_path / "kept", []

    def snapshot():
        taken.append(clock.now)
        return {"state/time": np.array(clock.now)}

    store = opened(folder, clock)
    clock.now = 100.0
    assert store.saved(1) == {}
    for clock.now in np.arange(101.0, 2000.0):
        store.save({1: snapshot})
        store.check_signals()
        assert folder.exists() == (clock.now >= 700.0)
    assert taken == [700.0, 1300.0, 1900.0]
    assert names(folder) == ["run-1.checkpoint"]
    assert opened(folder, clock).saved(1) == {"state/time": np.array(1900.0)}


def test_finished_runs_are_written_together(tmp_path):
    clock, folder = Clock(), tmp_path / "kept"
    store = opened(folder, clock)
    done = [trajectory(seed, diverged_at=seed and 3.5) for seed in range(3)]
    clock.now = 599.0
    store.save_finished([0, 2], [done[0], done[2]])
    assert not folder.exists()
    clock.now = 600.0
    store.check_signals()
    assert names(folder) == ["finished-0.checkpoint"]
    store.save_finished([1], [done[1]])
    clock.now = 1200.0
    store.check_signals()
    assert names(folder) == ["finished-0.checkpoint", "finished-1.checkpoint"]
    found = opened(folder, clock).finished()
    assert sorted(found) == [0, 1, 2]
    assert_all_same([found[place] for place in range(3)], done)


def test_a_run_that_is_finished_needs_its_own_file_no_longer(tmp_path):
    clock, folder = Clock(), tmp_path / "kept"
    store = opened(folder, clock)
    for place in (0, 1):
        store.saved(place)
    clock.now = 600.0
    store.save(dict.fromkeys((0, 1), lambda: {"state/time": np.array(1.0)}))
    assert names(folder) == ["run-0.checkpoint", "run-1.checkpoint"]
    store.save_finished([1], [trajectory()])
    assert names(folder) == ["finished-1.checkpoint", "run-0.checkpoint"]


@pytest.mark.parametrize("engine", ["network", "chain", "ode"])
def test_runs_that_are_finished_are_not_run_again(tmp_path, monkeypatch, engine):
    spec, reports = small_spec(), []
    whole = list(simulate_runs(spec, engine, 5, runs=3))
    store = CheckpointFile(tmp_path / "kept", 0.0)
    store.open([(spec, BEGINNING)] * 3, engine, 5, 3)
    store.save_finished([0, 2], [whole[0], whole[2]])
    again = simulate_runs(
        spec, engine, 5, 3, 1, lambda run, part: reports.append((run, part)), checkpoints=store
    )
    assert_all_same(list(again), whole)
    assert [report for report in reports if report[0] != 1] == [(0, 1.0), (2, 1.0)]
    everything = simulate_runs(spec, engine, 5, runs=3, checkpoints=CheckpointFile(tmp_path / "kept", 0.0))
    assert_all_same(list(everything), whole)


def test_short_work_leaves_no_trace(tmp_path):
    list(simulate_runs(small_spec(), "network", 5, checkpoints=CheckpointFile(tmp_path / "kept")))
    assert names(tmp_path) == []


@pytest.mark.parametrize("minutes", [-1, float("nan"), "ten", None])
def test_an_interval_that_is_no_number_is_one_line(tmp_path, minutes):
    with pytest.raises(SpecError, match="^minutes: .* is not allowed; it must be a number >= 0$"):
        CheckpointFile(tmp_path / "kept", minutes)


def test_what_is_left_is_removed_but_for_files_of_others(tmp_path):
    with pytest.raises(RunError):
        list(simulate_runs(small_spec(), "network", 5, checkpoints=Ending(tmp_path / "kept", 1)))
    (tmp_path / "kept" / ".teacherstudent-0123456789abcdef.part").touch()
    (tmp_path / "kept" / "notes.txt").touch()
    CheckpointFile(tmp_path / "kept").remove()
    assert names(tmp_path / "kept") == ["notes.txt"]
    (tmp_path / "kept" / "notes.txt").unlink()
    CheckpointFile(tmp_path / "kept").remove()
    assert names(tmp_path) == []


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_writes_all_runs_and_ends_the_work(tmp_path, short_pieces, number):
    store, before, sent = CheckpointFile(tmp_path / "kept"), signal.getsignal(number), []

    def progress(run, fraction):
        if fraction > 0.5 and not sent:
            sent.append(run)
            os.kill(os.getpid(), number)
        while sent and not store.asked:
            time.sleep(0.001)

    said = f"ended by {number.name}; the same call resumes from {tmp_path / 'kept'}"
    with pytest.raises(RunError, match=said), store.on_signals():
        list(simulate_runs(small_spec(), "network", 5, 3, 2, progress, checkpoints=store))
    assert signal.getsignal(number) == before
    assert names(tmp_path / "kept")
    again = list(simulate_runs(small_spec(), "network", 5, 3, checkpoints=CheckpointFile(tmp_path / "kept")))
    assert_all_same(again, list(simulate_runs(small_spec(), "network", 5, 3)))


@pytest.mark.parametrize("moment", range(1, COUNTS.checkpoint_moments + 1))
def test_a_signal_at_any_moment_loses_nothing(tmp_path, short_pieces, moment):
    """It comes when the time is looked up so many times, so between every two lines that matter."""
    folder, ticks, done = tmp_path / "kept", itertools.count(1), [0.0]

    def clock():
        if next(ticks) == moment:
            store.asked = "a test"
        return 0.0

    def progress(run, fraction):
        done[run:] = [fraction]

    store = CheckpointFile(folder, clock=clock)
    try:
        list(simulate_runs(small_spec(), "network", 5, 2, progress=progress, checkpoints=store))
    except RunError:
        again = CheckpointFile(folder)
        again.open([(small_spec(), BEGINNING)] * 2, "network", 5, 2)
        for run, fraction in enumerate(done):
            kept = again.saved(run)
            assert run in again.finished() or kept.get("state/time", 0.0) >= 5.0 * fraction
    assert store.asked


# What is refused


def whole_and_file(folder, kind):
    """Return the two runs of a spec, and a file of one that was ended on its way, or that is finished."""
    spec = small_spec()
    whole = list(simulate_runs(spec, "network", 5, runs=2))
    if kind == "run":
        with pytest.raises(RunError):
            list(simulate_runs(spec, "network", 5, runs=2, checkpoints=Ending(folder, 1)))
    else:
        save_finished(folder, 0, whole[0])
    (path,) = folder.glob("*")
    return whole, path


def save_finished(folder, place, trajectory, runs=2):
    store = CheckpointFile(folder, 0.0)
    store.open([(small_spec(), BEGINNING)] * runs, "network", 5, runs)
    store.save_finished([place], [trajectory])


def assert_refused(folder, whole, capsys, reason, spec=None, runs=2, seed=5):
    """A call after the one that was ended says one line and gives the right result."""
    capsys.readouterr()
    found = simulate_runs(spec or small_spec(), "network", seed, runs, checkpoints=CheckpointFile(folder))
    assert_all_same(list(found), whole)
    (line,) = capsys.readouterr().err.splitlines()
    (path,) = folder.glob("*")
    assert line == f"checkpoint {path} cannot be used: {reason}; its runs start again"


KINDS = pytest.mark.parametrize("kind", ["run", "finished"])
assert len(KINDS.args[1]) == COUNTS.checkpoint_kinds
DAMAGED = "it is damaged, or not a checkpoint"


@KINDS
def test_a_file_that_is_whole_is_used(tmp_path, short_pieces, capsys, kind):
    whole, path = whole_and_file(tmp_path, kind)
    assert_all_same(
        list(simulate_runs(small_spec(), "network", 5, 2, checkpoints=CheckpointFile(tmp_path))), whole
    )
    said = {
        "run": f"{path}: the run resumes from t = 0.6",
        "finished": f"{tmp_path}: 1 of 2 runs are finished",
    }
    assert capsys.readouterr().err == said[kind] + "\n"


@KINDS
def test_bits_turned_over_are_refused(tmp_path, short_pieces, capsys, kind):
    whole, path = whole_and_file(tmp_path, kind)
    content = path.read_bytes()
    for place in np.random.default_rng(0).choice(8 * len(content), COUNTS.checkpoint_bits, replace=False):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        assert_refused(tmp_path, whole, capsys, DAMAGED)


@KINDS
def test_files_of_other_lengths_are_refused(tmp_path, short_pieces, capsys, kind):
    whole, path = whole_and_file(tmp_path, kind)
    content = path.read_bytes()
    lengths = np.random.default_rng(0).choice(len(content), COUNTS.checkpoint_lengths - 5, replace=False)
    for length in (0, 1, len(content) - 1, *lengths):
        path.write_bytes(content[:length])
        assert_refused(tmp_path, whole, capsys, DAMAGED)
    for more in (b"\0", content):
        path.write_bytes(content + more)
        assert_refused(tmp_path, whole, capsys, DAMAGED)


@KINDS
def test_foreign_files_are_refused(tmp_path, short_pieces, capsys, kind):
    whole, path = whole_and_file(tmp_path, kind)
    archive = io.BytesIO()
    np.savez(archive, x=np.arange(3.0))
    body = archive.getvalue()
    first = b"teacherstudent checkpoint 1 " + hashlib.sha256(body).hexdigest().encode() + b"\n"
    foreign = (b"a text\n", body, b"\x89HDF\r\n\x1a\n" + bytes(100), b"\n")
    for content in foreign:
        path.write_bytes(content)
        assert_refused(tmp_path, whole, capsys, DAMAGED)
    assert len(foreign) + 1 == COUNTS.checkpoint_foreign_files
    path.write_bytes(first + body)
    assert_refused(tmp_path, whole, capsys, "'about is not a file in the archive'")


@KINDS
def test_a_folder_in_place_of_a_file_is_refused(tmp_path, short_pieces, capsys, kind):
    whole, path = whole_and_file(tmp_path, kind)
    path.unlink()
    path.mkdir()
    assert_refused(tmp_path, whole, capsys, f"[Errno 21] Is a directory: '{path}'")


@KINDS
@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("spec", {"spec": small_spec(training={"learning_rate": 0.5})}),
        ("spec", {"spec": small_spec(record={"count": 7})}),
        ("seed", {"seed": 6}),
    ],
)
def test_files_of_other_work_are_refused(tmp_path, short_pieces, capsys, kind, key, changed):
    whole_and_file(tmp_path, kind)
    whole = list(simulate_runs(**{"spec": small_spec(), "engine": "network", "seed": 5, "runs": 2} | changed))
    assert_refused(tmp_path, whole, capsys, f"it has another {key}", **changed)


@KINDS
def test_files_of_another_code_are_refused(tmp_path, short_pieces, capsys, monkeypatch, kind):
    whole, _ = whole_and_file(tmp_path, kind)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "engine_digest", lambda engine: "0" * 64)
        assert_refused(tmp_path, whole, capsys, "it has another code")
    monkeypatch.setattr(checkpoints, "version", lambda package: "0.0")
    assert_refused(tmp_path, whole, capsys, "it has another numpy")


def test_a_file_of_another_run_is_refused(tmp_path, short_pieces, capsys):
    whole, path = whole_and_file(tmp_path, "run")
    path.rename(tmp_path / "run-1.checkpoint")
    assert_refused(tmp_path, whole, capsys, "it contains other runs")


def test_a_file_of_more_runs_is_refused(tmp_path, short_pieces, capsys):
    whole, path = whole_and_file(tmp_path, "finished")
    path.unlink()
    save_finished(tmp_path, 2, trajectory(), runs=3)
    assert_refused(tmp_path, whole, capsys, "it contains other runs")


def test_a_file_of_another_start_is_refused(tmp_path, short_pieces, capsys):
    whole_and_file(tmp_path, "run")
    state = {"student_weights": np.zeros((3, 20)), "teacher_weights": np.zeros((2, 2, 20))}
    state |= {"student_readouts": np.zeros((2, 3)), "teacher_readouts": np.ones((2, 2))}
    state |= {"time": np.array(1.0), "switch_times": np.array([]), "teachers": np.array([0])}
    start = Start(1.0, sequence=(0,), engine="network", state=state)
    capsys.readouterr()
    list(simulate_runs(small_spec(), "network", 5, starts=[start], checkpoints=CheckpointFile(tmp_path)))
    assert "cannot be used: it has another start; " in capsys.readouterr().err


@pytest.mark.parametrize("place", ["a file", "a folder without permission"])
def test_where_nothing_can_be_written_the_work_goes_on(tmp_path, short_pieces, capsys, place):
    """Said once for every checkpoint that is missing."""
    folder = tmp_path / "kept"
    if place == "a file":
        folder.touch()
    elif os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    else:
        folder.mkdir(mode=0o500)
    found = list(simulate_runs(small_spec(), "network", 5, checkpoints=CheckpointFile(folder, 0.0)))
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.startswith(f"warning: checkpoint {folder}/") for line in lines)
    assert_all_same(found, list(simulate_runs(small_spec(), "network", 5)))
