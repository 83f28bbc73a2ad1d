"""Checks of the library with one more quantity, `student_norms`; test_observable_seam.py runs them.

The quantity is in a copy of the library, which a process of its own imports.
"""

import h5py
import numpy as np
import pytest
import xarray

import teacherstudent as ts
from samples import document, spec, trajectory
from teacherstudent.command.main import main
from teacherstudent.engines.observables import OBSERVABLES, recorded
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.cost import point_terms
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.simulation.memory import record_memory
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.axes import points, with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.curves import read_curves, write_curves
from teacherstudent.store.digest import run_digest
from teacherstudent.store.runs import read_run, read_runs, write_runs

NAME = "student_norms"
NORMS = OBSERVABLES[NAME]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Three runs of engine `ode`; not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "runs.h5"
    write_runs(path, [("/", spec(), "ode", 1, list(simulate_runs(spec(), "ode", 1, 3)))], run_axis=True)
    return path


def test_it_is_stored_with_dimensions_and_attributes(file):
    with h5py.File(file) as stored:
        dataset = stored[NAME]
        expected = np.sqrt(np.diagonal(stored["student_overlaps"][()], axis1=2, axis2=3))
        np.testing.assert_array_equal(dataset[()], expected)
        assert dataset.shape == (3, 6, 3)
        assert [dimension.keys() for dimension in dataset.dims] == [["run"], ["time"], ["student_unit"]]
        assert dict(dataset.attrs)["symbol"] == "|w|"
        assert dict(dataset.attrs)["description"] == NORMS.description
        assert dict(dataset.attrs)["long_name"] == "student norms |w|"


def test_it_is_read_back(file):
    (first, *_), stored = simulate_runs(spec(), "ode", 1, 3), read_run(file)
    np.testing.assert_array_equal(stored.trajectories[0].student_norms, first.student_norms)
    assert stored.arrays[NAME].shape == (3, 6, 3)


def test_runs_that_diverged_are_filled_up(tmp_path):
    made = [trajectory(0), trajectory(1, rows=3, diverged_at=2.5)]
    made = [Trajectory(**vars(one), **{NAME: np.ones((len(one.time), 3))}) for one in made]
    write_runs(tmp_path / "x.h5", [("/", spec(), "ode", 0, made)], run_axis=True)
    stored = read_run(tmp_path / "x.h5")
    assert np.isnan(stored.arrays[NAME][1, 3:]).all()
    assert stored.trajectories[1].student_norms.tolist() == [[1.0] * 3] * 3


def test_it_is_shown(file, capsys):
    assert main(["show", str(file)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    last = read_run(file).trajectories[0].student_norms[-1]
    assert ["student", "norms", "|w|", *(f"{norm:.4g}" for norm in last)] in rows


def test_it_opens_in_xarray_and_is_the_same_from_python(file):
    run = ts.run(document(), "ode", seed=1, runs=3)
    with xarray.open_dataset(file, engine="h5netcdf") as dataset:
        assert dataset[NAME].dims == ("run", "time", "student_unit")
        assert dataset[NAME].identical(run.to_xarray()[NAME])


def test_an_experiment_collects_it(tmp_path):
    axes = {"inner": {"training.learning_rate": [0.1, 0.2]}, "runs": 2}
    made = parse_experiment("x", {"spec": document(), "engines": {"ode": axes}, "collect": [NAME]})
    grid, entries = made.grids["ode"], []
    for name, values in points(grid.inner):
        point = parse_spec(with_values(grid.spec, values))
        entries.append((f"/runs/{name}", point, "ode", 0, list(simulate_runs(point, "ode", 0, 2))))
    write_runs(tmp_path / "runs.h5", entries, run_axis=True)
    write_curves(tmp_path / "curves.h5", [collect(grid, {tmp_path / "runs.h5": grid.inner}, made.collect)])
    curves = read_curves(tmp_path / "curves.h5")["ode"]
    assert curves.mean(NAME).shape == (2, 6, 3)
    for point, run in enumerate(read_runs(tmp_path / "runs.h5")):
        np.testing.assert_array_equal(curves.quantities[NAME][point], run.arrays[NAME])


def test_memory_and_cost_count_it(monkeypatch):
    asked = spec()
    time_dependent = [
        array for name, array in simulate(asked, "ode").arrays.items()
        if OBSERVABLES[name].dimensions[0] == "time"
    ]  # fmt: skip
    assert record_memory(asked) == sum(array.nbytes for array in time_dependent)
    with_it, memory = point_terms(asked, "ode", 1), record_memory(asked)
    monkeypatch.delitem(OBSERVABLES, NAME)
    without = spec()
    assert memory - record_memory(without) == 6 * 3 * 8
    assert with_it.sum() > point_terms(without, "ode", 1).sum()


def test_it_is_left_out_where_it_is_not_recorded(tmp_path):
    short = spec(record={"count": 6, "quantities": "errors"})
    assert NAME not in recorded(short)
    assert simulate(short, "ode").student_norms is None


def test_files_depend_on_its_words(monkeypatch):
    digests = []
    for entry in (NORMS, NORMS._replace(description="lengths"), NORMS._replace(dimensions=("time", "head"))):
        monkeypatch.setitem(OBSERVABLES, NAME, entry)
        run_digest.cache_clear()
        digests.append(run_digest("ode"))
    run_digest.cache_clear()
    assert len(set(digests)) == 3
