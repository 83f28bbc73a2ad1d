import numpy as np
import pytest
import xarray

from samples import document, trajectory
from teacherstudent.errors import RunError
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.axes import points, with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.curves import Curves, mean_over, read_curves, sem_over, write_curves
from teacherstudent.store.runs import write_runs

HIDDEN, RATE = "student.hidden", "training.learning_rate"
QUANTITIES = ["generalisation_error", "student_overlaps", "teacher_readouts", "active_teacher"]


def grid(runs=2, **changes):
    """Two outer and three inner points, with several runs each."""
    axes = {"outer": {"teachers.readouts.norm": [1.0, 2.0]}, "inner": {RATE: [0.1, 0.2, 0.3]}} | changes
    entry = {"spec": document(), "engines": {"ode": axes | {"runs": runs, "seed": 5}}}
    return parse_experiment("sample", entry).grids["ode"]


def stored(folder, grid, make):
    """Write the files of a grid with `make(point, run)` as trajectories; return files and trajectories."""
    files, made, point = {}, [], 0
    for curve, outer in points(grid.outer):
        entries = []
        for name, inner in points(grid.inner):
            made.append([make(point, run) for run in range(grid.runs)])
            spec = parse_spec(with_values(grid.spec, outer | inner))
            entries.append((f"/runs/{name}", spec, "ode", grid.seed, made[-1]))
            point += 1
        files[folder / f"{curve}.h5"] = grid.inner
        write_runs(folder / f"{curve}.h5", entries, run_axis=True)
    return files, made


def sample(point, run):
    return trajectory(seed=10 * point + run)


@pytest.fixture
def curves(tmp_path):
    """Collected curves, the first run of point (0, 1) diverged."""

    def make(point, run):
        diverging = (point, run) == (1, 0)
        return trajectory(
            seed=10 * point + run, rows=3 if diverging else 6, diverged_at=2.5 if diverging else None
        )

    files, _ = stored(tmp_path, grid(), make)
    return collect(grid(), files, QUANTITIES)


def test_every_run_stands_at_its_place(tmp_path):
    files, made = stored(tmp_path, grid(), sample)
    found = collect(grid(), files, QUANTITIES)
    assert found.quantities["student_overlaps"].shape == (2, 3, 2, 6, 3, 3)
    for point, runs in enumerate(made):
        for run, one in enumerate(runs):
            place = (*np.unravel_index(point, (2, 3)), run)
            for name in QUANTITIES:
                assert np.array_equal(found.quantities[name][place], getattr(one, name)), name
            assert np.array_equal(found.switch_times[place], one.switch_times)
    assert np.array_equal(found.time, made[0][0].time)
    assert not found.diverged.any()


def test_curves_survive_the_file(curves, tmp_path):
    write_curves(tmp_path / "curves.h5", [curves])
    (found,) = read_curves(tmp_path / "curves.h5").values()
    for name, value in vars(curves).items():
        other = getattr(found, name)
        if name == "document":
            assert other == value == grid().spec
        elif isinstance(value, dict):
            assert list(other) == list(value)
            assert all(np.array_equal(other[key], value[key], equal_nan=True) for key in value)
        else:
            assert np.array_equal(other, value), name


def test_xarray_opens_curves_with_names(curves, tmp_path):
    write_curves(tmp_path / "curves.h5", [curves])
    with xarray.open_dataset(tmp_path / "curves.h5", group="ode", engine="h5netcdf") as dataset:
        assert dataset["generalisation_error"].dims == ("norm", "learning_rate", "run", "time", "teacher")
        assert dataset["learning_rate"].values.tolist() == [0.1, 0.2, 0.3]


def test_words_may_be_coordinates(tmp_path):
    words = grid(outer={"student.heads": ["shared", "per_task"]}, inner={})
    files, _ = stored(tmp_path, words, sample)
    write_curves(tmp_path / "curves.h5", [collect(words, files, QUANTITIES)])
    found = read_curves(tmp_path / "curves.h5")["ode"]
    assert found.axis("heads").tolist() == ["shared", "per_task"]
    assert found.select(heads="per_task").axes == {}


def test_true_and_false_may_be_coordinates(tmp_path):
    states = grid(outer={"record.state": [False, True]}, inner={})
    files, _ = stored(tmp_path, states, sample)
    write_curves(tmp_path / "curves.h5", [collect(states, files, QUANTITIES)])
    found = read_curves(tmp_path / "curves.h5")["ode"]
    assert found.axis("state").tolist() == [False, True]
    assert found.select(state=True).spec.record.state is True
    with xarray.open_dataset(tmp_path / "curves.h5", group="ode", engine="h5netcdf") as dataset:
        assert dataset["state"].values.tolist() == [False, True]


def test_equal_curves_give_equal_bytes(curves, tmp_path):
    for name in ("one.h5", "two.h5"):
        write_curves(tmp_path / name, [curves])
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_select_goes_down_an_axis(curves):
    chosen = curves.select(learning_rate=0.1 + 0.2)
    assert list(chosen.axes) == ["teachers.readouts.norm"]
    expected = curves.quantities["generalisation_error"][:, 2]
    assert np.array_equal(chosen.quantities["generalisation_error"], expected, equal_nan=True)
    both = curves.select(**{"readouts.norm": 2.0, RATE: 0.1})
    assert both.diverged.shape == (2,)


@pytest.mark.parametrize("values", [{"learning_rate": 0.4}, {"rate": 0.1}, {HIDDEN: 3}])
def test_select_names_what_is_there(curves, values):
    with pytest.raises(KeyError, match="0.2|learning_rate"):
        curves.select(**values)


def test_the_spec_is_complete_and_follows_the_axes(curves):
    def expected(norm, rate):
        teachers = {"count": 2, "hidden": 2, "readouts": {"norm": norm}}
        return parse_spec(document(training={"learning_rate": rate}, teachers=teachers))

    assert curves.spec == expected(1.0, 0.1)
    assert curves.select(norm=2.0, learning_rate=0.3).spec == expected(2.0, 0.3)
    assert curves.select(learning_rate=0.3).spec.teachers.readouts.norm == 1.0


def test_runs_that_diverged_are_left_out(curves):
    assert curves.excluded == 1
    errors = curves.quantities["generalisation_error"]
    assert np.isfinite(errors[0, 1, 0, :3]).all()
    assert np.isnan(curves.values("generalisation_error")[0, 1, 0]).all()
    assert np.array_equal(curves.mean("generalisation_error")[0, 1], errors[0, 1, 1])
    assert np.allclose(curves.mean("generalisation_error")[0, 0], errors[0, 0].mean(axis=0))
    assert np.isnan(curves.sem("generalisation_error")[0, 1]).all()


def test_mean_and_standard_error_leave_out_what_is_missing():
    array = np.array([[1.0, np.nan], [2.0, np.nan], [6.0, 1.0], [np.nan, np.nan]])
    assert mean_over(array, 0).tolist() == [3.0, 1.0]
    assert np.allclose(sem_over(array, 0), [np.std([1, 2, 6], ddof=1) / np.sqrt(3), np.nan], equal_nan=True)
    assert np.isnan(mean_over(array[3:], 0)).all()


def test_all_runs_may_have_diverged(tmp_path):
    files, _ = stored(tmp_path, grid(), lambda point, run: trajectory(rows=2, diverged_at=1.5))
    found = collect(grid(), files, QUANTITIES)
    assert found.excluded == 12
    assert np.isnan(found.mean("generalisation_error")).all()


def test_switches_that_did_not_come_are_missing(tmp_path):
    def make(point, run):
        return trajectory(switches=(2.0,) if point == 1 and run == 1 else ())

    files, _ = stored(tmp_path, grid(), make)
    found = collect(grid(), files, QUANTITIES)
    assert found.switch_times[0, 1, 1].tolist() == [2.0]
    assert np.isnan(found.switch_times).sum() == 11


def test_a_missing_point_is_named(tmp_path):
    files, _ = stored(tmp_path, grid(), sample)
    with pytest.raises(RunError, match=r"norm~1\.0\.h5: there is no run learning_rate~0\.4"):
        collect(grid(), dict.fromkeys(files, {RATE: [0.1, 0.4]}), QUANTITIES)


def test_other_shapes_cannot_be_collected(tmp_path):
    sizes = grid(outer={HIDDEN: [2, 3]})
    files, _ = stored(tmp_path, sizes, lambda point, run: trajectory(K=2 if point < 3 else 3))
    with pytest.raises(RunError, match="student_overlaps has shape"):
        collect(sizes, files, ["student_overlaps"])
    assert isinstance(collect(sizes, files, ["generalisation_error"]), Curves)


@pytest.mark.parametrize("diverged", [False, True])
def test_points_at_which_times_were_merged_cannot_be_collected(tmp_path, diverged):
    """With few inputs several times fall on one step; a run that diverged has fewer rows as well."""
    sizes = grid(outer={"inputs.dimension": [10, 20]}, inner={RATE: [0.1]})
    ends = {"rows": 4, "diverged_at": 3.5 if diverged else None}
    files, _ = stored(tmp_path, sizes, lambda point, run: trajectory(**(ends if point == 0 else {})))
    if diverged:
        found = collect(sizes, files, ["generalisation_error"])
        assert np.isnan(found.quantities["generalisation_error"][0, :, :, 4:]).all()
        return
    with pytest.raises(RunError, match="recorded at different times"):
        collect(sizes, files, ["generalisation_error"])


def test_sizes_whose_times_are_the_same_up_to_a_step_are_collected(tmp_path):
    described = document(record={"times": [0.0, 0.33, 0.71, 4.9]}, curriculum={})
    entry = {"spec": described, "engines": {"ode": {"inner": {"inputs.dimension": [10, 30]}}}}
    sizes = parse_experiment("sample", entry).grids["ode"]
    specs = {name: parse_spec(with_values(sizes.spec, at)) for name, at in points(sizes.inner)}
    entries = [(f"/runs/{name}", of, "ode", 0, [simulate(of, "ode")]) for name, of in specs.items()]
    write_runs(tmp_path / "runs.h5", entries, run_axis=True)
    found = collect(sizes, {tmp_path / "runs.h5": sizes.inner}, ["generalisation_error"])
    assert found.quantities["generalisation_error"].shape == (2, 1, 4, 2)
    assert found.time.tolist() == [0.0, 0.3, 0.7, 4.9]


def test_other_times_cannot_be_collected(tmp_path):
    longer = grid(outer={"duration": [5.0, 10.0]})
    files, _ = stored(tmp_path, longer, lambda point, run: stretched(point >= 3))
    with pytest.raises(RunError, match="recorded at different times"):
        collect(longer, files, ["generalisation_error"])


def stretched(double):
    one = trajectory()
    return type(one)(**vars(one) | {"time": one.time * (1 + double)})


def test_curves_print_in_one_line():
    axes = {RATE: np.array([0.1, 0.2])}
    made = Curves("ode", axes, 2, 5, np.arange(9.0), {"active_teacher": np.ones((2, 2, 9))}, None, None)
    words = "engine ode, seed 5, runs 2, axes training.learning_rate (2); active_teacher"
    assert repr(made) == f"<Curves: {words}>"


def test_a_quantity_that_was_not_collected_is_named():
    kept = {"active_teacher": np.ones((2, 9))}
    made = Curves("ode", {}, 2, 5, np.arange(9.0), kept, np.zeros(2, bool), None)
    for call in (made.values, made.mean, made.sem):
        with pytest.raises(KeyError, match="errors is not a quantity of these curves, which have active_t"):
            call("errors")
