import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

import teacherstudent
from samples import assert_same, document, edited, spec, trajectory
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import interruptible_by
from teacherstudent.store import runs as store
from teacherstudent.store.curves import Curves, write_curves
from teacherstudent.store.digest import engine_digest
from teacherstudent.store.runs import read_run, read_runs, write_run, write_runs

# The table of the interface, for T = 6, P = 2, K = 3, M = 2, H = 2, S = 1.
SHAPES = {
    "time": (6,),
    "generalisation_error": (6, 2),
    "student_overlaps": (6, 3, 3),
    "student_teacher_overlaps": (6, 2, 3, 2),
    "student_readouts": (6, 2, 3),
    "teacher_overlaps": (2, 2, 2, 2),
    "teacher_readouts": (2, 2),
    "active_teacher": (6,),
    "switch_times": (1,),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.h5"


def entry(*trajectories, group="/", **changes):
    return group, spec(**changes), "network", 7, list(trajectories)


def diverged(rows=4):
    return trajectory(seed=9, rows=rows, switches=(), diverged_at=rows - 0.5)


def test_one_run_has_the_datasets_of_the_interface(path):
    write_run(path, spec(), "network", 7, trajectory())
    with h5py.File(path) as file:
        assert {name: file[name].shape for name in SHAPES} == SHAPES
        for name in SHAPES:
            kind = np.int64 if name == "active_teacher" else np.float64
            assert file[name].dtype == kind, name


def test_a_run_axis_leads_all_datasets_but_time(path):
    for count in (1, 3):
        write_runs(path, [entry(*(trajectory(seed) for seed in range(count)))], run_axis=True)
        with h5py.File(path) as file:
            for name, shape in SHAPES.items():
                assert file[name].shape == (shape if name == "time" else (count, *shape)), name


def test_group_and_datasets_describe_themselves(path):
    write_run(path, spec(), "network", 7, trajectory())
    with h5py.File(path) as file:
        attributes = dict(file.attrs)
        assert json.loads(attributes.pop("spec")) == spec().to_dict()
        assert attributes.pop("code_digest") == engine_digest("network")
        assert attributes.pop("numpy_version") == np.__version__
        assert attributes.pop("python_version") == sys.version.split()[0]
        assert "numba_version" in attributes
        assert {name: attributes[name] for name in ("engine", "seed", "schema_version")} == {
            "engine": "network",
            "seed": 7,
            "schema_version": 1,
        }
        assert "diverged_at" not in attributes
        assert attributes["teacherstudent_version"] == teacherstudent.__version__
        for name, dataset in file.items():
            assert dataset.attrs["symbol"]
            assert dataset.attrs["description"]
            assert dataset.attrs["long_name"] == f"{name.replace('_', ' ')} {dataset.attrs['symbol']}"
            assert dataset.attrs["units"] == ("steps / N" if name in ("time", "switch_times") else "1")


def test_what_is_read_is_what_was_written(path):
    write_run(path, spec(), "ode", 3, trajectory())
    stored = read_run(path)
    assert (stored.group, stored.engine, stored.seed, stored.spec) == ("/", "ode", 3, spec())
    assert not stored.has_run_axis
    (only,) = stored.trajectories
    assert_same(only, trajectory())


def test_several_runs_come_back_one_by_one(path):
    runs = [trajectory(0), diverged(), trajectory(2)]
    write_runs(path, [entry(*runs)], run_axis=True)
    stored = read_run(path)
    assert stored.has_run_axis
    for found, run in zip(stored.trajectories, runs, strict=True):
        assert_same(found, run)


def test_runs_that_diverged_are_padded(path):
    write_runs(path, [entry(trajectory(), diverged())], run_axis=True)
    with h5py.File(path) as file:
        assert np.array_equal(file.attrs["diverged_at"], [np.nan, 3.5], equal_nan=True)
        assert np.array_equal(file["time"], np.arange(6.0))
        assert np.array_equal(file["active_teacher"][1], [0, 0, 0, 0, -1, -1])
        assert np.isnan(file["switch_times"][1]).all()
        for name in ("generalisation_error", "student_overlaps", "student_readouts"):
            assert np.isfinite(file[name][:, :4]).all()
            assert np.isnan(file[name][1, 4:]).all()
            assert np.isfinite(file[name][0]).all()


def test_a_single_run_that_diverged_simply_ends(path):
    write_run(path, spec(), "network", 7, diverged(rows=4))
    with h5py.File(path) as file:
        assert file["student_overlaps"].shape == (4, 3, 3)
        assert file.attrs["diverged_at"] == 3.5
        assert np.ndim(file.attrs["diverged_at"]) == 0
    assert_same(read_run(path).trajectories[0], diverged(rows=4))


def test_a_run_that_diverged_before_its_first_record_is_stored(path):
    runs = [diverged(rows=0), trajectory()]
    write_runs(path, [entry(*runs)], run_axis=True)
    for found, run in zip(read_run(path).trajectories, runs, strict=True):
        assert_same(found, run)


def test_without_a_run_axis_there_is_one_run(path):
    with pytest.raises(ValueError):
        write_runs(path, [entry(trajectory(), trajectory())], run_axis=False)
    assert not path.exists()


def test_runs_recorded_at_different_times_cannot_share_an_axis(path):
    later = Trajectory(**vars(trajectory()) | {"time": np.arange(6.0) + 0.5})
    with pytest.raises(ValueError, match="different times"):
        write_runs(path, [entry(trajectory(), later)], run_axis=True)
    assert not path.exists()


def test_hdf5_finds_named_dimensions(path):
    write_runs(path, [entry(trajectory())], run_axis=True)
    with h5py.File(path) as file:
        scales = [list(dimension.keys()) for dimension in file["student_overlaps"].dims]
        assert scales == [["run"], ["time"], ["student_unit"], ["student_unit_other"]]
        assert np.array_equal(file["student_overlaps"].dims[3]["student_unit_other"], [0, 1, 2])


@pytest.mark.parametrize("engine", [None, "h5netcdf"])
@pytest.mark.parametrize("switches", [(), (2.0,), (1.0, 3.0)])
def test_xarray_finds_named_dimensions(path, engine, switches):
    write_run(path, spec(), "network", 7, trajectory(switches=switches))
    with xarray.open_dataset(path, engine=engine) as data:
        assert data.student_overlaps.dims == ("time", "student_unit", "student_unit_other")
        assert data.student_teacher_overlaps.dims == ("time", "teacher", "student_unit", "teacher_unit")
        assert data.teacher_overlaps.dims == (
            "teacher",
            "teacher_other",
            "teacher_unit",
            "teacher_unit_other",
        )
        assert data.student_readouts.dims == ("time", "head", "student_unit")
        assert data.switch_times.dims == ("switch",)
        assert data.sizes["switch"] == len(switches)
        assert data.generalisation_error.sel(time=3.0, teacher=1) == trajectory().generalisation_error[3, 1]


@pytest.mark.parametrize("engine", [None, "h5netcdf"])
def test_xarray_opens_a_group_with_a_run_axis(path, engine):
    write_runs(path, [entry(trajectory(), diverged(), group="/runs/similarity=0.5")], run_axis=True)
    with xarray.open_dataset(path, engine=engine, group="/runs/similarity=0.5") as data:
        assert data.time.dims == ("time",)
        assert data.generalisation_error.dims == ("run", "time", "teacher")
        assert data.teacher_readouts.dims == ("run", "teacher", "teacher_unit")
        assert data.sizes["run"] == 2


def test_many_groups_keep_their_own_shapes(path):
    wide = trajectory(K=4, switches=())
    write_runs(
        path, [entry(wide, group="/runs/b", student={"hidden": 4}), entry(diverged(), group="/runs/a")], True
    )
    a, b = read_runs(path)
    assert (a.group, b.group) == ("/runs/a", "/runs/b")
    assert_same(b.trajectories[0], wide)
    assert b.spec.student.hidden == 4
    assert_same(read_run(path, "/runs/a").trajectories[0], diverged())


def test_equal_content_gives_equal_bytes(tmp_path):
    runs = [entry(trajectory(), diverged(), group="/runs/a")]
    write_runs(tmp_path / "one", runs, run_axis=True)
    time.sleep(1.1)  # a time stamp counts seconds
    write_runs(tmp_path / "two", runs, run_axis=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_only_large_datasets_are_compressed(path):
    write_run(path, spec(), "network", 7, trajectory(rows=2000, K=5))
    with h5py.File(path) as file:
        assert file["student_overlaps"].compression == "gzip"
        assert file["student_overlaps"].shuffle
        assert file["time"].compression is None
    assert_same(read_run(path).trajectories[0], trajectory(rows=2000, K=5))


def test_a_long_spec_fits(path):
    times = {"times": list(np.linspace(0.0, 5.0, 20000))}
    write_run(path, spec(record=times), "network", 7, trajectory())
    assert len(read_run(path).spec.record.times) == 20000


def test_a_failure_leaves_the_file_from_before_and_nothing_else(path):
    write_run(path, spec(), "network", 7, trajectory())
    before = path.read_bytes()

    def entries():
        yield entry(trajectory(1), group="/runs/a")
        raise RunError("the second run failed")

    with pytest.raises(RunError, match="second run"):
        write_runs(path, entries(), run_axis=True)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("shape", [None, (5, 3, 3)])
def test_a_file_that_was_not_written_as_it_should_be_is_not_kept(path, monkeypatch, shape):
    write_arrays = store._write_arrays

    def write_badly(group, arrays, run_axis):
        shapes = write_arrays(group, arrays, run_axis)
        del group["student_overlaps"]
        if shape:
            group["student_overlaps"] = np.zeros(shape)
        return shapes

    monkeypatch.setattr(store, "_write_arrays", write_badly)
    with pytest.raises(RunError, match="student_overlaps"):
        write_run(path, spec(), "network", 7, trajectory())
    assert os.listdir(path.parent) == []


WRITER = """
import sys, time
sys.path.insert(0, {tests!r})
from samples import spec, trajectory
from teacherstudent.errors import RunError
from teacherstudent.store.runs import write_runs
"""

FULL_DISK = """
import resource
from teacherstudent.store.runs import write_run
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    write_run("run.h5", spec(), "network", 0, trajectory(rows=5000))
except RunError as error:
    print(error)
"""

STOPS_BEFORE_THE_END = """
from teacherstudent.files import hdf5
from teacherstudent.store import runs as store
def check(file, has_line):
    print(file.filename, flush=True)
    time.sleep(60)
hdf5.check_file = check
store.write_run("run.h5", spec(), "network", 0, trajectory())
"""


def writer(code, folder):
    code = WRITER.format(tests=str(Path(__file__).parent)) + code
    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, stdout=subprocess.PIPE, text=True)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    with writer(FULL_DISK, tmp_path) as process:
        lines = process.communicate()[0].splitlines()
    assert process.returncode == 0
    assert len(lines) == 1
    assert lines[0].startswith("run.h5: ")
    assert os.listdir(tmp_path) == []


def test_a_killed_writer_leaves_no_file_in_place(tmp_path):
    with writer(STOPS_BEFORE_THE_END, tmp_path) as process:
        written = Path(process.stdout.readline().strip())
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert written.stat().st_size > 0
    assert os.listdir(tmp_path) == [written.name]
    assert not written.name.endswith(".h5")


def test_what_is_no_run_is_refused_in_one_line(path):
    with pytest.raises(RunError, match="No such file"):
        read_run(path)
    path.write_text("text")
    with pytest.raises(RunError, match=f"{path}: not an HDF5 file"):
        read_runs(path)
    with h5py.File(path, "w") as file:
        file["time"] = np.arange(3.0)
    with pytest.raises(RunError, match="no run in group /"):
        read_run(path)
    with pytest.raises(RunError, match="contains no runs"):
        read_runs(path)


def test_a_group_without_a_run_is_refused_with_those_that_have_one(path):
    write_runs(path, [entry(trajectory(), group=f"/runs/{name}") for name in "abcde"], run_axis=True)
    with pytest.raises(RunError) as failure:
        read_run(path)
    others = "its groups of runs are /runs/a, /runs/b, /runs/c and 2 others"
    assert str(failure.value) == f"{path}: there is no run in group /; {others}"


def test_curves_are_refused_by_name(path):
    write_curves(path, [Curves("ode", {}, 1, 0, np.arange(2.0), {}, np.zeros(1, bool), np.zeros((1, 0)), {})])
    for read in (read_run, read_runs):
        with pytest.raises(RunError, match="contains the curves of an experiment, not runs; use"):
            read(path)


def test_the_path_is_named_once_where_nothing_can_be_written(tmp_path):
    with pytest.raises(RunError) as failure:
        write_run(tmp_path, spec(), "network", 7, trajectory())
    assert str(failure.value) == f"{tmp_path}: exists and is not a file"


def test_a_damaged_run_is_refused_in_one_line(path):
    write_run(path, spec(), "network", 7, trajectory())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match="truncated") as failure:
        read_run(path)
    assert len(str(failure.value).splitlines()) == 1
    path.write_bytes(whole)
    with edited(path) as file:
        del file["switch_times"]
    with pytest.raises(RunError, match="switch_times is missing"):
        read_run(path)


def test_a_stored_spec_of_another_version_is_refused_when_it_is_asked_for(path):
    write_run(path, spec(), "network", 7, trajectory())
    with edited(path) as file:
        file.attrs["spec"] = json.dumps(document(unheard_of=1))
    stored = read_run(path)
    assert_same(stored.trajectories[0], trajectory())
    with pytest.raises(RunError, match="unheard_of"):
        _ = stored.spec


def test_writing_can_be_ended(path):
    def end():
        raise RunError("ended by a test")

    with interruptible_by(end), pytest.raises(RunError, match="ended by a test"):
        write_run(path, spec(), "ode", 0, trajectory())
    assert list(path.parent.iterdir()) == []
