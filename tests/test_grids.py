"""`run_grid`: every point has the numbers of `run`, in one dataset with named dimensions."""

import json
import sys
import warnings

import numpy as np
import pytest
import xarray

import teacherstudent as ts
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.errors import RunError, SpecError
from teacherstudent.experiments.simulate import simulate_job
from teacherstudent.simulation import available
from teacherstudent.spec.axes import names_of_axes, read_axes, with_values

BASE = {
    "inputs": {"dimension": 50},
    "teachers": {"count": 2, "hidden": 1, "features": {"relation": "rotated", "similarity": 0.5}},
    "student": {"hidden": 2},
    "training": {"learning_rate": 0.5},
    "curriculum": {"switch_times": [2.0]},
    "duration": 4.0,
    "record": {"count": 5},
}
MAP = {"teachers.features.similarity": [0.0, 0.3, 1.0], "training.learning_rate": [0.2, 1.0]}


def assert_equals_runs(grid, base, axes, engine, seed=0, runs=1, **options):
    """Every variable at every point has the bits of `run`, and padding where `run` has no entry."""
    names = json.loads(grid.attrs["axes"])
    for indices in np.ndindex(*(grid.sizes[name] for name in names)):
        at = dict(zip(names, indices, strict=True))
        values = {key: grid[name].values[at[name]].item() for name, key in names.items()}
        point = grid.isel(at)
        for number in range(runs):
            document = with_values(base, values)
            one = ts.run(document, engine, seed=seed, runs=runs, **options).trajectories[number]
            rows = np.searchsorted(grid.time.values, one.time - 1e-9)
            for name, array in one.arrays.items():
                if name == "time":
                    continue
                found = point[name].values[number]
                own = rows if OBSERVABLES[name].dimensions[0] == "time" else slice(array.shape[0])
                entries = found[(own, *map(slice, array.shape[1:]))]
                assert entries.dtype == array.dtype
                assert np.array_equal(entries, array), name
                padding = found.size - array.size
                empty = np.isnan(found) if found.dtype.kind == "f" else found == -1
                assert empty.sum() == padding, name
            expected = np.nan if one.diverged_at is None else one.diverged_at
            assert np.array_equal(point.diverged_at.values[number], expected, equal_nan=True)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_points_have_the_bits_of_single_runs(engine):
    grid = ts.run_grid(BASE, MAP, engine, seed=3, runs=2)
    assert grid.generalisation_error.dims == ("similarity", "learning_rate", "run", "time", "teacher")
    assert grid.generalisation_error.shape == (3, 2, 2, 5, 2)
    assert grid.similarity.values.tolist() == MAP["teachers.features.similarity"]
    assert grid.similarity.attrs == {"key": "teachers.features.similarity", "long_name": "similarity"}
    for variable in grid.variables.values():
        assert variable.attrs["long_name"]
    assert grid.learning_rate.attrs["long_name"] == "learning rate"
    assert grid.diverged_at.attrs["units"] == grid.time.attrs["units"] == "steps / N"
    assert grid.teacher_overlaps.dims[:4] == ("similarity", "learning_rate", "run", "teacher")
    assert grid.student_overlaps.attrs["symbol"] == "Q"
    assert_equals_runs(grid, BASE, MAP, engine, seed=3, runs=2)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_neither_threads_nor_other_points_change_numbers(engine):
    grid = ts.run_grid(BASE, MAP, engine, runs=2)
    xarray.testing.assert_identical(ts.run_grid(BASE, MAP, engine, runs=2, threads=2), grid)
    part = ts.run_grid(BASE, MAP | {"teachers.features.similarity": [0.3]}, engine, runs=2)
    xarray.testing.assert_equal(part, grid.sel(similarity=[0.3]))


@pytest.mark.parametrize("engine", list(ENGINES))
def test_other_sizes_and_times_are_padded(engine):
    axes = {"student.hidden": [1, 3], "duration": [4.0, 8.0]}
    grid = ts.run_grid(BASE, axes, engine)
    assert grid.time.values.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
    assert grid.sizes["student_unit"] == 3
    assert_equals_runs(grid, BASE, axes, engine)


def test_times_that_agree_up_to_a_step_are_one_time():
    base = BASE | {"record": {"times": [0.0, 0.28, 1.06, 1.12, 4.0]}}
    axes = {"inputs.dimension": [10, 50]}
    with pytest.warns(UserWarning, match="5 times fall on 4 steps"):
        grid = ts.run_grid(base, axes, "chain")
        coarse = ts.run(with_values(base, {"inputs.dimension": 10}), "chain")
    assert grid.time.values.tolist() == [0.0, 0.28, 1.06, 1.12, 4.0]  # those of N = 50
    assert coarse.time.tolist() == [0.0, 0.3, 1.1, 4.0]
    errors = grid.generalisation_error.sel(dimension=10, run=0).values
    assert np.array_equal(errors[[0, 1, 3, 4]], coarse.generalisation_error)
    assert np.isnan(errors[2]).all()


def test_times_without_a_common_grid_are_refused():
    with pytest.raises(SpecError, match="^axes: points with different inputs.dimension .* record.times"):
        ts.run_grid(BASE, {"inputs.dimension": [10, 50], "duration": [4.0, 5.1]})


def test_a_grid_without_axes_is_one_point():
    grid = ts.run_grid(BASE, {}, runs=3)
    assert grid.generalisation_error.dims == ("run", "time", "teacher")
    assert_equals_runs(grid, BASE, {}, "ode", runs=3)


def test_words_and_elements_of_lists_are_axes(tmp_path):
    base = BASE | {"training": {"learning_rate": 0.5, "train": ["features"]}}
    axes = {"student.heads": ["per_task", "shared"], "curriculum.switch_times.0": {"linspace": [1, 2, 2]}}
    grid = ts.run_grid(base, axes)
    assert grid.heads.values.tolist() == ["per_task", "shared"]
    assert_equals_runs(grid, base, axes, "ode")


def test_names_of_dimensions_are_unique_and_no_names_of_quantities():
    keys = ["teachers.features.similarity", "teachers.readouts.similarity", "a.time", "b.c.run", "duration"]
    assert list(names_of_axes(keys, reserved=["time", "run", "c_run"]).values()) == [
        "features_similarity",
        "readouts_similarity",
        "a_time",
        "b_c_run",
        "duration",
    ]


def test_a_grid_is_saved_and_read_from_netcdf(tmp_path):
    axes = MAP | {"student.heads": ["shared", "per_task"], "training.batch_size": [1, 2]}
    grid = ts.run_grid(BASE, axes)
    grid.to_netcdf(tmp_path / "grid.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "grid.nc", engine="h5netcdf") as stored:
        xarray.testing.assert_identical(stored.load(), grid)
    again = ts.run_grid(
        json.loads(grid.attrs["spec"]),
        {key: grid[name].values for name, key in json.loads(grid.attrs["axes"]).items()},
    )
    xarray.testing.assert_identical(again, grid)


def test_attributes_describe_the_grid():
    grid = ts.run_grid(BASE, MAP, "chain", seed=7)
    one = ts.run(BASE, "chain").attributes
    assert json.loads(grid.attrs["spec"]) == BASE
    assert (grid.attrs["engine"], grid.attrs["seed"]) == ("chain", 7)
    for name in (
        "code_digest",
        "teacherstudent_version",
        "python_version",
        "numpy_version",
        "numba_version",
        "schema_version",
    ):
        assert grid.attrs[name] == one[name]


def test_the_base_spec_can_lack_what_axes_give(tmp_path):
    base = {key: value for key, value in BASE.items() if key != "training"}
    axes = {"training.learning_rate": [0.5, 1.0]}
    grid = ts.run_grid(base, axes)
    xarray.testing.assert_equal(grid, ts.run_grid(BASE, axes))
    (tmp_path / "spec.yaml").write_text(json.dumps(base))
    xarray.testing.assert_identical(grid, ts.run_grid(tmp_path / "spec.yaml", axes))


def test_a_spec_is_a_base_with_all_its_defaults():
    axes = {"teachers.features.similarity": [0.0, 1.0]}
    xarray.testing.assert_equal(ts.run_grid(ts.parse_spec(BASE), axes), ts.run_grid(BASE, axes))


def test_a_divergence_has_its_time_and_one_warning():
    base = {**BASE, "duration": 40.0, "student": {"hidden": 2, "activation": "linear"}}
    base["teachers"] = {"count": 2, "hidden": 1, "activation": "linear"}
    axes = {"training.learning_rate": [0.1, 40.0, 50.0]}
    with pytest.warns(UserWarning) as caught:
        grid = ts.run_grid(base, axes, "network", runs=2)
    assert [str(entry.message) for entry in caught] == ["4 of 6 runs diverged; see diverged_at"]
    assert caught[0].filename == __file__
    assert np.isnan(grid.diverged_at.values).sum() == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_equals_runs(grid, base, axes, "network", runs=2)


def test_notes_about_specs_come_once():
    with pytest.warns(UserWarning) as caught:
        ts.run_grid(BASE | {"record": {"spacing": "log", "count": 50}}, MAP)
    (note,) = caught
    assert str(note.message).startswith("record: 50 times fall on")


@pytest.mark.parametrize("engine", ["network", "ode"])
def test_points_start_from_stored_runs(engine, tmp_path):
    stored = BASE | {"record": {"count": 5, "state": True}}
    ts.run(stored, engine, seed=5, runs=2).save(tmp_path / "start.h5")
    base = BASE | {"duration": 6.0, "record": {"count": 7}}
    axes = {"training.learning_rate": [0.5, 2.0]}
    grid = ts.run_grid(base, axes, engine, start=tmp_path / "start.h5")
    assert grid.attrs["seed"] == 5
    assert json.loads(grid.attrs["started_from"])["from"] == "state"
    assert grid.time.values.tolist() == [4.0, 5.0, 6.0]
    assert_equals_runs(grid, base, axes, engine, seed=5, runs=2, start=tmp_path / "start.h5")
    early = ts.run_grid(base, axes, engine, start=tmp_path / "start.h5", at=1.0)
    assert_equals_runs(early, base, axes, engine, seed=5, runs=2, start=tmp_path / "start.h5", at=1.0)


# Progress and batches


def test_progress_is_that_of_all_runs():
    reports = []
    ts.run_grid(BASE, MAP, runs=2, progress=lambda *report: reports.append(report))
    assert {index for index, _ in reports} == set(range(12))
    assert {index for index, fraction in reports if fraction == 1.0} == set(range(12))


def test_progress_is_shown(monkeypatch, capsys):
    monkeypatch.setattr("teacherstudent.simulation.progress.QUIET", 0.0)
    ts.run_grid(BASE, MAP, progress=True)
    assert capsys.readouterr().err.splitlines()[-1].startswith("engine ode: done in")


@pytest.mark.parametrize("engine", list(ENGINES))
def test_batches_are_as_large_as_the_engine_allows(engine, monkeypatch, tmp_path):
    """The runs of `run` and of the points of a grid are in one batch, as in a job of the workflow."""
    batches = []
    simulate = type(ENGINES[engine]).simulate

    def counted(self, specs, *rest, **options):
        batches.append(len(specs))
        return simulate(self, specs, *rest, **options)

    monkeypatch.setattr(type(ENGINES[engine]), "simulate", counted)
    short = BASE | {"duration": 0.2, "curriculum": {}, "record": {"count": 2}}
    axes = {"teachers.features.similarity": {"linspace": [0.0, 1.0, 20]}}
    ts.run(short, engine, runs=70)
    of_run = sorted(batches)
    batches.clear()
    ts.run_grid(short, axes, engine, runs=4)
    of_grid = sorted(batches)
    for inner, runs, found in (({}, 70, of_run), (axes, 4, of_grid)):
        batches.clear()
        inner = read_axes("axes", inner)
        work = {"engine": engine, "spec": short, "inner": inner, "runs": runs, "seed": 0}
        simulate_job(work, tmp_path / "job.h5")
        assert sorted(batches) == found
    assert len(of_grid) <= 80 / min(ENGINES[engine].batch_limit, 80) + 8


# Errors


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ([1], "axes: must be a mapping of dotted keys of the spec to lists of values, not list"),
        (
            {"training.learning_rate": 1.0},
            "axes.training.learning_rate: 1.0 is not allowed; it must be a list",
        ),
        ({"training.learning_rate": []}, "axes.training.learning_rate: an axis needs at least one value"),
        (
            {"training.learning_rate": [0.1, "a"]},
            "axes.training.learning_rate: 0.1 is not allowed; values are",
        ),
        ({3: [1]}, "axes.3: the key 3 is not a text"),
        (
            {"training.rate": [1]},
            "axes: at training.rate = 1: training: unknown key rate; allowed are learning",
        ),
        (
            MAP | {"training.learning_rate": [1.0, -1.0]},
            "axes: at teachers.features.similarity = 0.0, training.learning_rate = -1.0: "
            "training.learning_rate: -1.0 is not allowed; it must be a number >= 0",
        ),
        (
            MAP | {"teachers.features.similarity": [0.0, 2.0]},
            "axes: at teachers.features.similarity = 2.0: teachers.features.similarity: 2.0 is not allowed;",
        ),
        (
            {"student.activation": ["erf", "tanh"], "student.hidden": [8]},
            "axes: at student.activation = tanh: student.activation: tanh is not allowed; engine ode",
        ),
        (
            {"teachers.hidden": [2, 3], "curriculum.switch_times.0": [2.0, 5.0]},
            "axes: at curriculum.switch_times.0 = 5.0: curriculum.switch_times: 5.0 is not allowed; switches",
        ),
        (
            {"curriculum.switch_times.1": [3]},
            "axes: at curriculum.switch_times.1 = 3: curriculum.switch_times.1:",
        ),
    ],
)
def test_errors_name_the_axis_the_value_and_what_is_allowed(axes, message):
    with pytest.raises(SpecError) as caught:
        ts.run_grid(BASE, axes)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spec": 3}, "spec: must be a Spec, a block of keys or a path, not int"),
        ({"spec": BASE | {"record": {"state": True}}}, "record.state: a grid does not contain states"),
        ({"engine": "theory"}, "engine: theory is not allowed; it must be one of network, chain, ode"),
        ({"runs": 0}, "runs: 0 is not allowed"),
        ({"seed": -1}, "seed: -1 is not allowed"),
        ({"threads": 0}, "threads: 0 is not allowed"),
        ({"progress": "bar"}, "progress: must be True, False or a function"),
        ({"at": 1.0}, "at: needs the path of a file of runs"),
    ],
)
def test_errors_of_other_arguments(arguments, message):
    given = {"spec": BASE, "axes": {}} | arguments
    with pytest.raises(SpecError) as caught:
        ts.run_grid(given.pop("spec"), **given)
    assert str(caught.value).startswith(message)


def test_a_grid_that_needs_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(available, "available_memory", lambda: (1e9, "a limit"))
    axes = {"training.learning_rate": {"linspace": [0.1, 1.0, 1000]}, "duration": {"linspace": [4, 9, 1000]}}
    with pytest.raises(SpecError, match="^axes: 1000000 points with 1 runs of 5 times need about .* GB"):
        ts.run_grid(BASE, axes)
    monkeypatch.setattr(available, "available_memory", lambda: (2e8, "a limit"))
    union = BASE | {"record": {"count": 2000}, "inputs": {"dimension": 10_000}}
    axes = {"duration": {"linspace": [4.0, 5.0, 60]}}
    sizes = "60 points with 1 runs of 43413 times need about 667 MB of memory"
    with pytest.raises(SpecError, match=f"^axes: {sizes}"):
        ts.run_grid(union, axes)


def test_without_xarray_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(RunError, match="^run_grid needs the package xarray: pip install xarray$"):
        ts.run_grid(BASE, MAP)
