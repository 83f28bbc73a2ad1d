"""`run --from`: what can be started from, what it says, and what the file then holds."""

import hashlib
import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
import yaml

import teacherstudent
from depth import crossed
from samples import assert_same, document, edited, trajectory
from samples import spec as small_spec
from teacherstudent.command.main import main
from teacherstudent.engines.state_variables import STATE_VARIABLES
from teacherstudent.errors import SpecError
from teacherstudent.store.runs import read_run, read_runs, write_runs
from teacherstudent.store.starts import load_start

EACH = pytest.mark.parametrize("engine", ["network", "chain", "ode"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a good spec.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(yaml.safe_dump(document(curriculum={"period": 2.0})))
    return tmp_path


def run(*arguments, engine="ode", output="out.h5"):
    """Run the command in this process; return its status."""
    command = ["run", "spec.yaml", "--engine", engine, "--output", output, *arguments]
    try:
        return main([str(argument) for argument in command])
    except SystemExit as end:
        return end.code


def first(*arguments, engine="ode", state=True):
    """Make first.h5."""
    settings = ["--set", "record.state=true"] if state else []
    assert run(*settings, *arguments, engine=engine, output="first.h5") == 0


TIMES = ["--set", "record={times: [4.0, 5.0, 6.0, 9.0]}", "--set", "duration=9.0"]


@EACH
@pytest.mark.parametrize("runs", [1, 3])
def test_a_longer_duration_goes_on_bit_for_bit(folder, capsys, engine, runs):
    first("--seed", 4, "--runs", runs, engine=engine)
    assert run("--seed", 4, "--runs", runs, *TIMES, engine=engine, output="whole.h5") == 0
    assert "starting from" not in capsys.readouterr().err
    for threads in (1, 2):
        assert run("--from", "first.h5", "--threads", threads, *TIMES, engine=engine) == 0
        said = capsys.readouterr().err.splitlines()  # slow runs report their progress as well
        assert "first.h5: starting from the state stored at t = 5" in said
        whole, resumed = read_run("whole.h5"), read_run("out.h5")
        assert resumed.seed == 4
        for name, array in resumed.arrays.items():
            expected = whole.arrays[name]
            if expected.shape != array.shape:
                expected = np.delete(expected, 0, axis=0 if name == "time" or runs == 1 else 1)
            assert array.dtype == expected.dtype
            assert np.array_equal(array, expected), name


@pytest.mark.parametrize("state", [True, False])
def test_the_result_says_where_it_comes_from(folder, capsys, state):
    first(engine="network", state=state)
    assert run("--from", "first.h5", *TIMES, engine="network") == 0
    origin = json.loads(read_run("out.h5").attributes["started_from"])
    content = hashlib.sha256(Path("first.h5").read_bytes()).hexdigest()
    assert origin == {"from": "state" if state else "order parameters", "sha256": content, "time": 5.0}
    assert str(folder) not in json.dumps(dict(read_run("out.h5").attributes), default=str)
    assert main(["show", "out.h5"]) == 0
    assert f"t = 5 of a run in the file with sha256 {content[:12]}" in capsys.readouterr().out
    assert "started_from" not in read_run("first.h5").attributes


@EACH
def test_another_engine_starts_from_the_last_order_parameters(folder, capsys, engine):
    first("--runs", 2, engine="network" if engine != "network" else "ode")
    assert run("--from", "first.h5", *TIMES[2:], engine=engine) == 0
    said = capsys.readouterr().err
    assert said == "first.h5: starting from the order parameters recorded at t = 5\n"
    before, after = read_run("first.h5").trajectories, read_run("out.h5").trajectories
    assert len(after) == 2
    for one, other in zip(before, after, strict=True):
        assert other.time[0] == pytest.approx(5.4)
        expected = teacherstudent.simulate(
            teacherstudent.parse_spec(document(curriculum={"period": 2.0}, duration=9.0)),
            engine,
            run=0 if one is before[0] else 1,
            start=load_start("first.h5")[0 if one is before[0] else 1],
        )
        assert_same(other, expected)


def test_at_takes_another_recorded_time(folder, capsys):
    first("--runs", 2, "--seed", 3, engine="network")
    assert run("--from", "first.h5", "--at", 0, output="at.h5") == 0
    assert "order parameters recorded at t = 0" in capsys.readouterr().err
    assert run("--runs", 2, "--seed", 3, output="plain.h5") == 0
    at, plain = (read_run(f"{name}.h5").arrays for name in ("at", "plain"))
    for name, expected in plain.items():
        np.testing.assert_allclose(at[name], expected, rtol=1e-9, atol=1e-15, err_msg=name)
    assert run("--from", "first.h5", "--at", 3.0) == 0
    assert read_run("out.h5").arrays["time"].tolist() == [3.0, 4.0, 5.0]
    assert read_run("out.h5").arrays["switch_times"].tolist() == [[2.0, 4.0]] * 2


def test_seed_and_runs_may_be_given(folder):
    first("--runs", 2, "--seed", 3)
    assert run("--from", "first.h5", "--runs", 2, "--seed", 8, *TIMES) == 0
    assert read_run("out.h5").seed == 8


def test_groups_of_the_workflow_can_be_started_from_one_at_a_time(folder):
    first("--runs", 2)
    stored = read_runs("first.h5", states=True)[0]
    entry = ("/runs/all", stored.spec, "ode", 0, stored.trajectories)
    write_runs("one.h5", [entry], run_axis=True)
    assert [start.time for start in load_start("one.h5")] == [5.0, 5.0]
    write_runs("two.h5", [entry, ("/runs/b", *entry[1:])], run_axis=True)
    with pytest.raises(SpecError, match=r"two.h5: contains 2 groups of runs"):
        load_start("two.h5")


# What cannot be started from


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "none.h5"], ["none.h5: No such file"]),
        (["--from", "."], [".: "]),
        (["--from", "spec.yaml"], ["spec.yaml: not an HDF5 file"]),
        (["--from", "empty.h5"], ["empty.h5: not an HDF5 file"]),
        (["--from", "cut.h5"], ["cut.h5: "]),
        (["--from", "norun.h5"], ["norun.h5: the file contains no runs"]),
        (["--from", "stateless.h5"], ["stateless.h5: dataset state/switch_times is missing"]),
        (["--from", "infinite.h5"], ["infinite.h5: dataset state/integrator_y is not finite"]),
        (["--from", "diverged.h5"], ["diverged.h5: a run diverged at t = 3"]),
        (["--from", "first.h5"], ["duration: 5.0", "starts at t = 5"]),
        (["--from", "first.h5", "--at", "3.3"], ["first.h5: t = 3.3 was not recorded", "time is 3"]),
        (["--from", "first.h5", "--at", "nan"], ["first.h5: t = nan was not recorded"]),
        (["--from", "first.h5", "--at", "x"], ["--at", "x"]),
        (["--from", "first.h5", "--at", "5"], ["duration: 5.0", "starts at t = 5"]),
        (["--from", "first.h5", "--runs", "3", *TIMES], ["runs: 3", "first.h5 has 2"]),
        (["--from", "first.h5", "--set", "student.hidden=4", *TIMES], ["student.hidden: 4", "has 3"]),
        (["--at", "1.0"], ["--at", "--from"]),
    ],
)
def test_what_cannot_be_started_from_is_one_line_and_status_2(folder, capsys, arguments, words):
    first("--runs", 2)
    whole = Path("first.h5").read_bytes()
    Path("cut.h5").write_bytes(whole[: len(whole) // 2])
    Path("empty.h5").write_bytes(b"")
    with h5py.File("norun.h5", "w") as file:
        file["x"] = 1.0
    write_runs("diverged.h5", [("/", small_spec(), "ode", 0, [trajectory(diverged_at=3.0)])], run_axis=False)
    Path("stateless.h5").write_bytes(whole)
    with edited("stateless.h5") as file:
        del file["state/switch_times"]
    Path("infinite.h5").write_bytes(whole)
    with edited("infinite.h5") as file:
        file["state/integrator_y"][0, 1] = np.inf
    before = sorted(os.listdir())
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    assert all(word in line for word in words), line
    assert sorted(os.listdir()) == before


def test_damage_anywhere_is_one_line_or_harmless(folder, capsys):
    """Bytes turned over in 60 places: never a traceback, and never half an output."""
    first()
    whole = Path("first.h5").read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for place in rng.integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place : place + 8] = bytes(byte ^ 0xFF for byte in whole[place : place + 8])
        Path("damaged.h5").write_bytes(damaged)
        status = run("--from", "damaged.h5", *TIMES)
        lines = capsys.readouterr().err.splitlines()
        assert status in (0, 1, 2)
        assert all(line.startswith(("error: ", "warning: ", "damaged.h5: ")) for line in lines)
        refused += status == 2
        assert Path("out.h5").exists() == (status == 0)
        Path("out.h5").unlink(missing_ok=True)
    assert refused > 5


# The state in a file


@pytest.mark.parametrize(("engine", "runs"), crossed(["network", "chain", "ode"], [2, 1]))
def test_other_readers_do_not_mind_the_state(folder, capsys, engine, runs):
    first("--runs", runs, engine=engine)
    assert run("--runs", runs, engine=engine) == 0
    one, other = (xarray.load_dataset(name, engine="h5netcdf") for name in ("first.h5", "out.h5"))
    assert one.equals(other)
    assert main(["show", "first.h5"]) == 0
    shown = capsys.readouterr().out
    assert main(["show", "out.h5"]) == 0
    assert capsys.readouterr().out == shown
    assert main(["plot", "first.h5", "--output", "a.png"]) == 0


@EACH
def test_every_part_of_a_state_is_described_and_has_an_axis_of_runs(folder, engine):
    first("--runs", 2, engine=engine)
    with h5py.File("first.h5") as file:
        for name, dataset in file["state"].items():
            assert dataset.shape[0] == 2
            assert dataset.attrs["description"] == STATE_VARIABLES[name].description
        assert file["state/time"][()].tolist() == [5.0, 5.0]
    (stored,) = read_runs("first.h5", states=True)
    assert stored.trajectories[1].state["teachers"].tolist() == [0, 1, 0]
    assert read_run("first.h5").state is None


def test_states_of_runs_that_switched_more_or_less_often(folder):
    """Lists of different lengths stand in one dataset, and come back as they were."""
    thresholds = ["--set", "curriculum={thresholds: [0.25, 0.2, 0.15, 0.1]}", "--set", "duration=14.0"]
    first(*thresholds, "--runs", 6, engine="network")
    (stored,) = read_runs("first.h5", states=True)
    counts = {len(run.switch_times) for run in stored.trajectories}
    assert len(counts) > 1
    for run_ in stored.trajectories:
        assert run_.state["switch_times"].tolist() == run_.switch_times.tolist()
        assert len(run_.state["teachers"]) == len(run_.switch_times) + 1


def test_without_asking_there_is_no_state(folder):
    first(state=False)
    with h5py.File("first.h5") as file:
        assert "state" not in file
