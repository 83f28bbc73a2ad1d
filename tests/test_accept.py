"""What others do with a file: changes are found and can be accepted, damage cannot, and copies are read."""

import hashlib
import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
import yaml

import collect
from _logs import logged
from depth import crossed
from samples import assert_same, document, spec, trajectory
from teacherstudent.command.accept import accept
from teacherstudent.command.main import main
from teacherstudent.errors import RunError
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.files.content import content_digest
from teacherstudent.store.curves import Curves, read_curves, write_curves
from teacherstudent.store.runs import read_run, read_runs, write_run, write_runs

CHANGED = "it was changed after it was written; if that was you, run `teacherstudent accept` on it"
STATE = {
    "time": np.array(5.0),
    "switch_times": np.array([2.0]),
    "teachers": np.array([0, 1]),
    "student_weights": np.ones((3, 20)),
    "student_readouts": np.ones((2, 3)),
    "teacher_weights": np.ones((2, 2, 20)),
    "teacher_readouts": np.ones((2, 2)),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_run(path="run.h5"):
    write_run(path, spec(), "network", 7, trajectory())


def run_with_state(path="run.h5"):
    write_run(path, spec(), "network", 7, type(trajectory())(**{**vars(trajectory()), "state": STATE}))


def several_runs(path="run.h5"):
    ended = trajectory(9, rows=4, switches=(), diverged_at=3.5)
    write_runs(path, [("/", spec(), "network", 7, [trajectory(0), ended])], run_axis=True)


def curves(path="curves.h5"):
    axes = {"training.learning_rate": np.array([0.1, 0.2]), "student.activation": np.array(["erf", "relu"])}
    quantities = {"generalisation_error": np.random.default_rng(0).normal(size=(2, 2, 3, 6, 2))}
    diverged, switches = np.zeros((2, 2, 3), bool), np.full((2, 2, 3, 1), 2.0)
    write_curves(
        path, [Curves("ode", axes, 3, 0, np.arange(6.0), quantities, diverged, switches, document())]
    )


RUNS = {"one run": one_run, "with its state": run_with_state, "several runs": several_runs}


# Changes that do no harm


def look(file):
    assert file["generalisation_error"][...].size


def add(file):
    file.attrs["mine"] = "a note"
    file["generalisation_error"].attrs["symbol"] = "E"
    file["mine"] = np.arange(5.0)
    file.create_group("notes")["text"] = "text"
    file["elsewhere"] = h5py.SoftLink("/nowhere")


@pytest.mark.parametrize("change", [look, add])
@pytest.mark.parametrize("write", RUNS.values(), ids=RUNS)
def test_looking_and_adding_do_no_harm(write, change, capsys):
    write()
    before = read_run("run.h5")
    with h5py.File("run.h5", "a") as file:
        change(file)
    after = read_run("run.h5")
    assert [vars(run).keys() for run in after.trajectories] == [
        vars(run).keys() for run in before.trajectories
    ]
    for one, other in zip(after.trajectories, before.trajectories, strict=True):
        assert_same(one, other)
    assert main(["show", "run.h5"]) == 0
    assert main(["accept", "run.h5"]) == 0
    assert "no changes to accept" in capsys.readouterr().out


def test_additions_to_curves_do_no_harm():
    curves()
    with h5py.File("curves.h5", "a") as file:
        file["mine"] = 1.0
        file["ode/mine"] = 1.0
        file["ode"].attrs["mine"] = 1.0
    assert list(read_curves("curves.h5")) == ["ode"]


# Copies


def by_xarray(engine, read):
    def copy(source, target):
        with read(source, engine=engine) as data:
            data.to_netcdf(target, engine=engine)

    return copy


def by_h5py(source, target):
    with h5py.File(source) as one, h5py.File(target, "w") as other:
        for name in one:
            one.copy(name, other)
        other.attrs.update(one.attrs)


def by_hand(source, target):
    """In the oldest format, big-endian, in other chunks, texts of a fixed length, single numbers as lists."""
    with h5py.File(source) as one, h5py.File(target, "w", libver="earliest") as other:
        for name, value in one.attrs.items():
            other.attrs[name] = np.bytes_(value) if isinstance(value, str) else np.atleast_1d(value)
        for name, array in one.items():
            if isinstance(array, h5py.Dataset):
                chunks = (1,) * array.ndim if array.size else None
                other.create_dataset(name, data=array[()], dtype=array.dtype.newbyteorder(">"), chunks=chunks)


def by_h5repack(source, target):
    if shutil.which("h5repack") is None:
        pytest.skip("h5repack is not installed")
    subprocess.run(["h5repack", "-f", "NONE", "-l", "CONTI", source, target], check=True)


COPIES = {
    "open_dataset": by_xarray("h5netcdf", xarray.open_dataset),
    "load_dataset": by_xarray("h5netcdf", xarray.load_dataset),
    "h5py": by_h5py,
    "other storage": by_hand,
    "h5repack": by_h5repack,
}


@pytest.mark.parametrize(("kind", "way"), crossed(RUNS, COPIES))
def test_copies_are_read(kind, way):
    RUNS[kind]()
    COPIES[way]("run.h5", "copy.h5")
    one, other = read_run("run.h5"), read_run("copy.h5")
    assert (one.engine, one.seed, one.spec) == (other.engine, other.seed, other.spec)
    for run, copied in zip(one.trajectories, other.trajectories, strict=True):
        assert copied.diverged_at == run.diverged_at
        assert all(
            np.array_equal(vars(copied)[name], vars(run)[name]) for name in ("time", "student_overlaps")
        )
    assert main(["show", "copy.h5"]) == 0
    assert main(["plot", "copy.h5", "--output", "copy.png"]) == 0


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_runs_start_from_copies(copy):
    one_run()
    copy("run.h5", "copy.h5")
    Path("spec.yaml").write_text(yaml.safe_dump(document(duration=10.0)), encoding="utf-8")
    arguments = ["run", "spec.yaml", "--engine", "ode", "--from", "copy.h5", "--output", "out.h5"]
    assert main(arguments) == 0


def test_a_group_of_many_can_be_copied_out():
    write_runs("runs.h5", [("/runs/a", spec(), "ode", 0, [trajectory(0), trajectory(1)])], run_axis=True)
    with xarray.open_dataset("runs.h5", group="/runs/a", engine="h5netcdf") as data:
        data.to_netcdf("copy.h5", engine="h5netcdf")
    assert_same(read_run("copy.h5").trajectories[1], trajectory(1))


def test_curves_can_be_copied():
    curves()
    with xarray.open_dataset("curves.h5", group="ode", engine="h5netcdf") as data:
        data.to_netcdf("copy.h5", engine="h5netcdf")
    one, other = read_curves("curves.h5")["ode"], read_curves("copy.h5")["ode"]
    assert one.axis("activation").tolist() == other.axis("activation").tolist() == ["erf", "relu"]
    assert np.array_equal(one.quantities["generalisation_error"], other.quantities["generalisation_error"])


# The digest


def test_the_digest_is_that_of_the_written_form():
    """Made here by hand, without the code that makes it."""
    with h5py.File(io.BytesIO(), "w") as file:
        file.attrs.update(engine="ode", seed=7)
        file["x"] = np.array([[1.0, 2.0, np.nan]])
        file["n"] = np.array([1, -1], dtype=">i4")
        found = content_digest(file, ["engine", "seed"], ["x", "n"])
    whole = b'attribute ["engine", "ode"]\nattribute ["seed", [7]]\n'
    whole += b'dataset ["x", "f8", [1, 3]]\n' + np.array([1.0, 2.0, np.nan], dtype="<f8").tobytes()
    whole += b'dataset ["n", "i4", [2]]\n' + np.array([1, -1], dtype="<i4").tobytes()
    assert found == hashlib.sha256(whole).hexdigest()


# Changes of the content


def other_values(file):
    file["student_overlaps"][0, 0] = 2.0


def other_spec(file):
    file.attrs["spec"] = json.dumps(document(duration=7.0))


def other_shape(file):
    array = file["teacher_readouts"][()]
    del file["teacher_readouts"]
    file["teacher_readouts"] = array.astype(np.float32)


def fewer_datasets(file):
    del file["student_unit"]


@pytest.mark.parametrize("change", [other_values, other_spec, other_shape, fewer_datasets])
def test_a_change_is_told_from_damage_and_can_be_accepted(change, capsys):
    one_run()
    with h5py.File("run.h5", "a") as file:
        change(file)
    assert main(["show", "run.h5"]) == 1
    assert capsys.readouterr().err.startswith(f"error: run.h5: {CHANGED}")
    assert main(["accept", "run.h5"]) == 0
    assert capsys.readouterr().out == "run.h5: changes accepted\n"
    assert "accept" in read_run("run.h5").attributes["accepted"]
    assert main(["show", "run.h5"]) == 0
    assert "accepted" in capsys.readouterr().out
    with h5py.File("run.h5", "a") as file:  # another change is found too
        file["time"][0] = 1e-3
    assert main(["show", "run.h5"]) == 1


def test_a_subset_saved_under_the_name_can_be_accepted():
    several_runs()
    data = xarray.load_dataset("run.h5", engine="h5netcdf")
    data.isel(time=slice(0, 5)).to_netcdf("run.h5", engine="h5netcdf")
    with pytest.raises(RunError, match=CHANGED):
        read_runs("run.h5")
    assert accept("run.h5")
    assert read_run("run.h5").trajectories[0].time.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert not accept("run.h5")


def test_only_what_changed_is_marked():
    groups = [(f"/runs/{name}", spec(), "ode", 0, [trajectory()]) for name in "ab"]
    write_runs("run.h5", groups, run_axis=True)
    with h5py.File("run.h5", "a") as file:
        file["runs/b/time"][0] = 1e-3
    assert accept("run.h5")
    a, b = read_runs("run.h5")
    assert "accepted" not in a.attributes and "accepted" in b.attributes


def test_changed_curves_can_be_accepted():
    curves()
    with h5py.File("curves.h5", "a") as file:
        file["ode/generalisation_error"][0] = 1.0
    with pytest.raises(RunError, match=CHANGED):
        read_curves("curves.h5")
    assert accept("curves.h5")
    assert read_curves("curves.h5")["ode"].quantities["generalisation_error"][0].min() == 1.0


def test_a_file_with_a_line_that_was_changed_can_be_accepted():
    one_run()
    with h5py.File("run.h5", "a") as file:
        del file.attrs["content_digest"]
        file.attrs["checksum"] = "sha256 of all bytes before the last line, which it is in"
    with pytest.raises(RunError, match=f"its checksum is missing: {CHANGED}"):
        read_run("run.h5")
    assert accept("run.h5")
    assert_same(read_run("run.h5").trajectories[0], trajectory())


def test_a_run_of_an_earlier_version_is_read_checked_and_accepted():
    """Contiguous datasets, no digests, and a line with the checksum of all bytes before it."""
    one_run()
    with h5py.File("run.h5") as one, h5py.File("old.h5", "w") as old:
        old.attrs.update({name: value for name, value in one.attrs.items() if name != "content_digest"})
        old.attrs["checksum"] = "sha256 of all bytes before the last line, which it is in"
        for name, array in one.items():
            old[name] = array[()]
    content = Path("old.h5").read_bytes()
    line = b"\nsha256 " + hashlib.sha256(content).hexdigest().encode() + b"\n"
    Path("old.h5").write_bytes(content + line)
    assert_same(read_run("old.h5").trajectories[0], trajectory())
    assert not accept("old.h5")
    Path("old.h5").write_bytes(content.replace(b"1", b"2", 1) + line)
    with pytest.raises(RunError, match=r"old.h5: checksum mismatch: the file is damaged; delete it"):
        accept("old.h5")
    Path("old.h5").write_bytes(content)
    assert accept("old.h5")
    assert_same(read_run("old.h5").trajectories[0], trajectory())


GRID = parse_experiment("sample", {"spec": document(), "engines": {"ode": {"runs": 2}}}).grids["ode"]


def test_a_changed_input_of_the_workflow_is_one_line_in_the_log():
    def collected():
        with logged("collect.log"):
            collect.main(
                {"ode": vars(GRID)}, {"ode": {"job.h5": GRID.inner}}, ["generalisation_error"], "curves.h5"
            )

    write_runs("job.h5", [("/runs/all", spec(), "ode", 0, [trajectory(0), trajectory(1)])], run_axis=True)
    with h5py.File("job.h5", "a") as file:
        file["runs/all/generalisation_error"][0, 0, 0] = 0.5
    with pytest.raises(SystemExit):
        collected()
    (line,) = Path("collect.log").read_text(encoding="utf-8").splitlines()
    assert line.startswith(f"error: job.h5: {CHANGED}")
    assert not Path("curves.h5").exists()
    assert accept("job.h5")
    collected()
    assert read_curves("curves.h5")["ode"].quantities["generalisation_error"][0, 0, 0] == 0.5


# What cannot be accepted


def short_time(file):
    array = file["time"][:3]
    del file["time"]
    file["time"] = array


def no_error(file):
    del file["generalisation_error"]


def wrong_spec(file):
    file.attrs["spec"] = "{}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (short_time, "dataset generalisation_error has size 6 along time, others 3"),
        (no_error, "dataset generalisation_error is missing"),
        (wrong_spec, "the stored spec cannot be read"),
    ],
)
def test_what_is_no_run_any_more_is_not_accepted(change, words, capsys):
    one_run()
    with h5py.File("run.h5", "a") as file:
        change(file)
    before = Path("run.h5").read_bytes()
    assert main(["accept", "run.h5"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: run.h5: ") and words in error and error.count("\n") == 1
    assert Path("run.h5").read_bytes() == before
    assert os.listdir() == ["run.h5"]


def test_damage_is_not_accepted(capsys):
    one_run()
    with h5py.File("run.h5") as file:
        position = file["student_overlaps"].id.get_chunk_info(0).byte_offset
    content = bytearray(Path("run.h5").read_bytes())
    content[position] ^= 1
    Path("run.h5").write_bytes(content)
    for command in ("show", "accept"):
        assert main([command, "run.h5"]) == 1
        assert "run.h5: it is damaged: " in capsys.readouterr().err
    Path("run.h5").write_text("text")
    assert main(["accept", "run.h5"]) == 1
    assert capsys.readouterr().err == "error: run.h5: not an HDF5 file\n"
    assert main(["accept", "none.h5"]) == 1
    assert capsys.readouterr().err == "error: none.h5: No such file or directory\n"


# Files of curves


def test_curves_are_shown_and_other_commands_say_what_they_are(capsys):
    curves()
    assert main(["show", "curves.h5"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("ode", "training.learning_rate", "0.1, 0.2", "6 recorded times"))
    assert main(["plot", "curves.h5", "--output", "out.png"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: curves.h5: contains the curves of an experiment, not runs; ")
    assert error.count("\n") == 1 and "read_curves" in error
    one_run()
    with pytest.raises(RunError, match="run.h5: the file contains no curves"):
        read_curves("run.h5")


@pytest.mark.parametrize("added", [1.0, np.zeros(3), np.zeros((6, 2))])
def test_an_array_of_a_user_with_a_name_of_the_package_is_not_read(added, capsys):
    one_run()
    with h5py.File("run.h5", "a") as file:
        file["training_error"] = added
    (found,) = read_runs("run.h5")
    assert "training_error" not in found.arrays
    assert found.trajectories[0].training_error is None
    assert main(["show", "run.h5"]) == 0
    assert "training error" not in capsys.readouterr().out
