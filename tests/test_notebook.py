import copy
import json
import pickle
import sys

import numpy as np
import pytest
import xarray
import yaml

import teacherstudent as ts
from samples import assert_same, document, spec, trajectory
from teacherstudent.api import Run
from teacherstudent.command.main import main
from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError, SpecError
from teacherstudent.simulation import progress

SMALL = document(duration=2.5, record={"count": 3})


def made(*trajectories):
    return Run.of(spec(), "network", 3, trajectories)


@pytest.mark.parametrize("engine", ["ode", "network"])
def test_a_run_is_what_simulate_returns(engine):
    run, one = ts.run(SMALL, engine, seed=2), ts.simulate(ts.parse_spec(SMALL), engine, seed=2)
    assert_same(run.trajectories[0], one)
    for name in OBSERVABLES:
        if getattr(one, name) is not None:
            assert np.array_equal(getattr(run, name), getattr(one, name))


class Entry:
    """A path as os.scandir gives it."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


def test_a_spec_may_be_a_mapping_a_path_or_a_spec(tmp_path):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(SMALL))
    path = tmp_path / "spec.yaml"
    forms = (SMALL, path, str(path), Entry(path), ts.parse_spec(SMALL))
    first, *others = (ts.run(form) for form in forms)
    for other in others:
        assert_same(first.trajectories[0], other.trajectories[0])
    assert first.spec == ts.parse_spec(SMALL)


def test_runs_that_diverge_are_warnings():
    units = {"hidden": 2, "activation": "linear"}
    diverging = document(
        teachers={"count": 2, **units}, student=units, training={"learning_rate": 30.0}, duration=1000.0
    )
    with pytest.warns(UserWarning) as caught:
        run = ts.run(diverging, "network", runs=2)
    assert [str(entry.message) for entry in caught] == [
        f"run {number} diverged at t = {one.diverged_at:g}; it is stored up to this time"
        for number, one in enumerate(run.trajectories)
    ]
    assert {entry.filename for entry in caught} == {__file__}


def test_several_runs_have_a_leading_axis():
    run = ts.run(SMALL, "ode", seed=1, runs=3, threads=2)
    assert run.generalisation_error.shape == (3, 3, 2)
    assert run.time.shape == (3,)
    for number in range(3):
        one = ts.simulate(run.spec, "ode", seed=1, run=number)
        assert np.array_equal(run.student_overlaps[number], one.student_overlaps)


def test_names_of_arrays_are_offered_and_others_refused():
    run = made(trajectory())
    assert {"time", "student_overlaps"} <= set(dir(run))
    for name in ("training_error", "overlaps"):
        with pytest.raises(AttributeError, match=f"a run has no {name}; its arrays are time"):
            getattr(run, name)


def test_a_run_prints_in_one_line():
    assert repr(made(trajectory(), trajectory(1))) == "<Run: engine network, seed 3, runs 2>"


LABELLED = Trajectory(**vars(trajectory()), training_error=np.ones((6, 2)))
SHORT = trajectory(1, rows=4, switches=(), diverged_at=3.5)


@pytest.mark.parametrize(
    "run",
    [made(trajectory()), made(trajectory(), SHORT), made(SHORT), made(LABELLED)],
    ids=["one", "several", "diverged", "training set"],
)
def test_xarray_has_what_it_reads_from_the_file(run, tmp_path):
    run.save(tmp_path / "run.h5")
    with xarray.open_dataset(tmp_path / "run.h5", engine="h5netcdf") as stored:
        del stored.attrs["content_digest"]
        dataset = run.to_xarray()
        assert {name: array.dims for name, array in dataset.variables.items()} == {
            name: array.dims for name, array in stored.variables.items()
        }
        xarray.testing.assert_identical(dataset, stored.load())


@pytest.mark.parametrize(
    "run",
    [made(trajectory()), made(trajectory(), SHORT), made(SHORT), made(LABELLED)],
    ids=["one", "several", "diverged", "training set"],
)
def test_reading_gives_back_what_was_saved(run, tmp_path):
    run.save(tmp_path / "run.h5")
    found = ts.read_run(tmp_path / "run.h5")
    assert type(found) is type(run) is ts.Run
    assert_same_runs(found, run)
    found.save(tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == (tmp_path / "run.h5").read_bytes()


def assert_same_runs(one, other):
    """Both have equal fields, arrays and trajectories."""
    assert (one.group, one.engine, one.seed, one.spec) == (other.group, other.engine, other.seed, other.spec)
    assert set(one.attributes) == set(other.attributes)
    for name, value in one.attributes.items():
        assert np.array_equal(value, other.attributes[name], equal_nan=name == "diverged_at"), name
    for mine, its in ((one.arrays, other.arrays), (one.state or {}, other.state or {})):
        assert set(mine) == set(its)
        for name in mine:
            np.testing.assert_array_equal(mine[name], its[name], strict=True)
    for mine, its in zip(one.trajectories, other.trajectories, strict=True):
        assert_same(mine, its)


def command(*arguments):
    assert main([str(argument) for argument in arguments]) == 0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with spec.yaml, and first.h5, two runs with states."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(SMALL))
    states = {"record": {"count": 3, "state": True}}
    ts.run(SMALL | states, "network", seed=4, runs=2).save("first.h5")
    return tmp_path


LONGER = {"duration": 5.0, "record": {"count": 6}}
FROM = {  # arguments of Python: those of the command
    "the beginning": ({"seed": 3, "runs": 2}, ["--seed", 3, "--runs", 2]),
    "the end": ({"start": "first.h5"}, ["--from", "first.h5"]),
    "another seed": ({"start": "first.h5", "seed": 9}, ["--from", "first.h5", "--seed", 9]),
    "a recorded time": ({"start": "first.h5", "at": 1.25}, ["--from", "first.h5", "--at", 1.25]),
}


@pytest.mark.parametrize("engine", ["network", "ode"])
@pytest.mark.parametrize(("given", "arguments"), FROM.values(), ids=FROM)
def test_the_file_is_that_of_the_command(folder, engine, given, arguments):
    (folder / "longer.yaml").write_text(yaml.safe_dump(SMALL | LONGER))
    command("run", "longer.yaml", "--engine", engine, "--output", "command.h5", *arguments)
    run = ts.run(SMALL | LONGER, engine, **given)
    run.save("python.h5")
    assert (folder / "python.h5").read_bytes() == (folder / "command.h5").read_bytes()
    assert ("started_from" in run.attributes) == ("start" in given)


def test_states_are_read_and_written(folder):
    first = ts.read_run("first.h5")
    assert first.state["student_weights"].shape == (2, 3, 20)
    assert_same_runs(first, ts.run(first.spec, "network", seed=4, runs=2))
    first.save("again.h5")
    assert (folder / "again.h5").read_bytes() == (folder / "first.h5").read_bytes()


def test_starts_may_be_given_as_they_are(folder):
    starts = ts.load_start("first.h5")
    several = ts.run(SMALL | LONGER, "network", seed=4, start=starts)
    assert_arrays_equal(several, ts.run(SMALL | LONGER, "network", start="first.h5"))
    alone = ts.run(SMALL | LONGER, "network", seed=4, start=starts[0])
    assert_same(alone.trajectories[0], several.trajectories[0])
    copies = ts.run(SMALL | LONGER, "network", seed=4, start=starts[0], runs=3)
    assert_same(copies.trajectories[0], several.trajectories[0])
    final = copies.student_overlaps[:, -1, 0, 0]
    assert len(set(final.tolist())) == 3
    assert json.loads(several.attributes["started_from"]) == {"from": "state", "time": 2.5}
    several.save("several.h5")
    command("show", "several.h5")


def assert_arrays_equal(one, other):
    for name in one.arrays:
        np.testing.assert_array_equal(one.arrays[name], other.arrays[name])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "euler"}, "engine: euler is not allowed; it must be one of network, chain, ode"),
        ({"seed": -1}, "seed: -1 is not allowed; it must be a whole number from 0"),
        ({"runs": 1.5}, "runs: 1.5 is not allowed; it must be a whole number"),
        ({"runs": 0}, "runs: 0 is not allowed; it must be a whole number"),
        ({"threads": 0}, "threads: 0 is not allowed; it must be a whole number"),
        (
            {"progress": 2},
            "progress: must be True, False or a function of the number of a run and the fraction done",
        ),
        ({"start": 3}, "start: must be a Start, a sequence of them, or the path of a file of runs"),
        ({"start": []}, "start: must be a Start, a sequence of them, or the path of a file of runs"),
        ({"start": "none.h5"}, "none.h5: No such file"),
        (
            {"start": "first.h5", "runs": 3},
            "runs: 3 differs from the number of runs to start from: first.h5 has 2",
        ),
        ({"start": "first.h5", "at": 9.0}, "first.h5: t = 9 was not recorded; the nearest recorded time is"),
        ({"start": "first.h5", "at": "soon"}, "at: soon is not allowed; it must be a number"),
        ({"at": 1.0}, "at: needs the path of a file of runs (set start)"),
    ],
)
def test_wrong_arguments_are_one_line(folder, given, message):
    with pytest.raises(SpecError) as caught:
        ts.run(SMALL | LONGER, **given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [SMALL, "spec.yaml", None], ids=["mapping", "path", "none"])
def test_single_trajectories_need_a_spec(wrong):
    for call in (ts.simulate, ts.simulate_runs):
        with pytest.raises(SpecError, match="^spec: .* is not allowed; it must be a Spec, as returned by "):
            call(wrong, "ode")


def test_single_trajectories_need_starts_and_checkpoints_of_their_types(folder):
    asked, starts = ts.parse_spec(SMALL | LONGER), ts.load_start("first.h5")
    for start in ("first.h5", starts):
        with pytest.raises(SpecError, match="^start: (str|list) is not allowed; it must be a Start; load_s"):
            ts.simulate(asked, "ode", start=start)
    with pytest.raises(SpecError, match="^start: str is not allowed"):
        ts.simulate_runs(asked, "ode", starts="first.h5")
    with pytest.raises(SpecError, match="^checkpoints: str is not allowed; it must be a CheckpointFile$"):
        ts.simulate_runs(asked, "ode", checkpoints="folder")


def test_progress_is_reported_to_a_function(folder):
    reports = []
    quiet = ts.run(SMALL, "network", runs=2)
    run = ts.run(
        SMALL, "network", runs=2, progress=lambda number, fraction: reports.append((number, fraction))
    )
    assert_arrays_equal(run, quiet)
    assert {number for number, _ in reports} == {0, 1}
    assert all(0.0 <= fraction <= 1.0 for _, fraction in reports)
    assert max(fraction for _, fraction in reports) == 1.0


def test_progress_can_be_shown(folder, capsys, monkeypatch):
    monkeypatch.setattr(progress, "QUIET", 0.0)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    ts.run(SMALL, "network", progress=True)
    assert capsys.readouterr().err.splitlines()[-1].startswith("engine network: done in ")
    ts.run(SMALL, "network")
    assert capsys.readouterr().err == ""


def test_a_frame_has_a_row_for_each_number():
    run = made(trajectory(0), SHORT)
    frame = run.to_frame()
    indices = ["teacher", "student_unit", "student_unit_other", "teacher_unit", "head"]
    assert list(frame.columns) == ["engine", "run", "time", "quantity", *indices, "value"]
    assert not frame.value.isna().any()
    assert len(frame) == (6 + 4) * (2 + 9 + 2 * 3 * 2 + 2 * 3)
    for number, one in enumerate(run.trajectories):
        R = frame[(frame.run == number) & (frame.quantity == "student_teacher_overlaps")]
        for p, k, m in np.ndindex(2, 3, 2):
            rows = R[(R.teacher == p) & (R.student_unit == k) & (R.teacher_unit == m)]
            assert np.array_equal(rows.time, one.time)
            assert np.array_equal(rows.value, one.student_teacher_overlaps[:, p, k, m])
        h = frame[(frame.run == number) & (frame.quantity == "student_readouts")]
        assert np.array_equal(
            h[(h["head"] == 1) & (h.student_unit == 2)].value, one.student_readouts[:, 1, 2]
        )
    assert frame[frame.quantity == "generalisation_error"].student_unit.isna().all()


def test_a_frame_of_chosen_quantities_has_their_indices_only():
    frame = made(trajectory()).to_frame("student_readouts")
    assert list(frame.columns) == ["engine", "run", "time", "quantity", "student_unit", "head", "value"]
    assert list(frame["head"].cat.categories) == [0, 1]
    for name in ("time", "teacher_overlaps", "overlaps"):
        with pytest.raises(SpecError, match=f"^quantities: {name} is not allowed; these runs have general"):
            made(trajectory()).to_frame(name)


def test_seaborn_draws_the_mean_over_runs_from_a_frame():
    import seaborn
    from matplotlib.figure import Figure

    run = made(*map(trajectory, range(4)))
    ax = Figure().subplots()
    seaborn.lineplot(
        run.to_frame("generalisation_error"), x="time", y="value", hue="teacher", ax=ax, errorbar=None
    )
    for p in range(2):
        np.testing.assert_allclose(
            ax.lines[p].get_ydata(), run.generalisation_error[..., p].mean(0), rtol=1e-12
        )


def test_weights_are_in_a_frame_where_they_are_asked_for():
    run = ts.run(SMALL | {"record": {"count": 3, "weights": True}}, "network")
    assert "student_weights" not in set(run.to_frame().quantity)
    frame = run.to_frame("student_weights")
    assert np.array_equal(frame.value, run.student_weights.ravel())
    assert "input" in frame.columns


def test_without_xarray_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(RunError, match="^to_xarray needs the package xarray: pip install xarray$"):
        made(trajectory()).to_xarray()


def test_runs_can_be_copied_and_pickled():
    run = made(trajectory(), trajectory(1))
    for other in (copy.copy(run), copy.deepcopy(run), pickle.loads(pickle.dumps(run))):
        assert_same_runs(other, run)


def test_a_run_can_be_drawn():
    for figure in (ts.plotting.plot_runs([made(trajectory())]), made(trajectory()).plot()):
        assert len(figure.axes) == 5
