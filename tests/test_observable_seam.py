"""A new quantity is one entry in the table of observables: all else follows from it."""

import h5py
import numpy as np
import pytest
import xarray

import teacherstudent as ts
from samples import document, spec, trajectory
from teacherstudent.command.main import main
from teacherstudent.engines.observables import DIMENSIONS, OBSERVABLES, Observable, recorded, row_sizes, sizes
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import SpecError
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.cost import point_terms
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.experiments.schema import experiment_schema
from teacherstudent.simulation.memory import record_memory
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.axes import points, with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.curves import read_curves, write_curves
from teacherstudent.store.digest import run_digest
from teacherstudent.store.runs import read_run, read_runs, write_runs

NAME = "student_norms"
NORMS = Observable(
    NAME,
    ("time", "student_unit"),
    symbol="|w|",
    description="norms of student units, |w_i| / sqrt N",
    when=lambda spec: spec.record.quantities == "all",
)


@pytest.fixture
def norms(monkeypatch):
    """The line in the table, and an engine that computes the norms from its order parameters."""
    simulate_ode = ode.simulate

    def with_norms(one):
        squares = np.diagonal(one.student_overlaps, axis1=1, axis2=2)
        return Trajectory(**vars(one), **{NAME: np.sqrt(squares)})

    def simulate_with_norms(*given, **others):
        found = simulate_ode(*given, **others)
        return [with_norms(one) for one in found] if isinstance(found, list) else with_norms(found)

    monkeypatch.setitem(OBSERVABLES, NAME, NORMS)
    monkeypatch.setattr(ode, "simulate", simulate_with_norms)


@pytest.fixture
def file(norms, tmp_path):
    """Three runs of engine `ode`."""
    path = tmp_path / "runs.h5"
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


def test_it_is_read_back(file):
    (first, *_), stored = simulate_runs(spec(), "ode", 1, 3), read_run(file)
    np.testing.assert_array_equal(stored.trajectories[0].student_norms, first.student_norms)
    assert stored.arrays[NAME].shape == (3, 6, 3)


def test_runs_that_diverged_are_filled_up(norms, tmp_path):
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


def test_an_experiment_collects_it(norms, tmp_path):
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


def test_memory_and_cost_count_it(norms):
    asked = spec()
    time_dependent = [
        array for name, array in simulate(asked, "ode").arrays.items()
        if OBSERVABLES[name].dimensions[0] == "time"
    ]  # fmt: skip
    assert record_memory(asked) == sum(array.nbytes for array in time_dependent)
    with_it, memory = point_terms(asked, "ode", 1), record_memory(asked)
    del OBSERVABLES[NAME]
    assert memory - record_memory(asked) == 6 * 3 * 8
    assert with_it.sum() > point_terms(asked, "ode", 1).sum()


def test_it_is_left_out_where_it_is_not_recorded(norms, tmp_path):
    short = spec(record={"count": 6, "quantities": "errors"})
    assert NAME not in recorded(short)
    assert simulate(short, "ode").student_norms is None


def test_files_depend_on_its_words(norms, monkeypatch):
    digests = []
    for entry in (NORMS, NORMS._replace(description="lengths"), NORMS._replace(dimensions=("time", "head"))):
        monkeypatch.setitem(OBSERVABLES, NAME, entry)
        run_digest.cache_clear()
        digests.append(run_digest("ode"))
    run_digest.cache_clear()
    assert len(set(digests)) == 3


# The table itself


def test_nothing_but_the_table_has_it():
    with pytest.raises(TypeError, match=NAME):
        Trajectory(**vars(trajectory()), **{NAME: np.ones((6, 3))})
    with pytest.raises(AttributeError, match=NAME):
        getattr(trajectory(), NAME)
    with pytest.raises(SpecError, match=NAME):
        parse_experiment("x", {"spec": document(), "engines": {"ode": {}}, "collect": [NAME]})


def test_all_but_what_curves_have_anyway_can_be_collected():
    choices = experiment_schema()["properties"]["collect"]["items"]["enum"]
    assert choices == [name for name in OBSERVABLES if name not in ("time", "switch_times")]


def test_every_dimension_is_described():
    used = {dimension for entry in OBSERVABLES.values() for dimension in entry.dimensions}
    assert used | {"run"} == {*DIMENSIONS, "time"}


@pytest.mark.parametrize("engine", ["network", "chain", "ode"])
@pytest.mark.parametrize("record", [{}, {"quantities": "readouts"}, {"quantities": "errors"}])
def test_every_engine_records_what_the_table_lists(engine, record):
    asked = spec(record={"count": 6} | record)
    found = simulate(asked, engine)
    assert list(found.arrays) == list(recorded(asked))
    lengths = sizes(asked) | {"switch": len(found.switch_times)}
    for name, array in found.arrays.items():
        assert array.shape == tuple(lengths[dimension] for dimension in OBSERVABLES[name].dimensions)
        assert array.dtype == OBSERVABLES[name].dtype


def test_networks_record_more_where_it_is_asked_for():
    asked = spec(
        inputs={"dimension": 20, "samples": 5},
        record={"count": 6, "weights": True},
        numerics={"precision": "float32"},
    )
    found = simulate(asked, "network")
    assert list(found.arrays) == list(recorded(asked))
    assert found.student_weights.shape == (6, *(sizes(asked)[name] for name in ("student_unit", "input")))
    assert found.student_weights.dtype == np.float32
    assert row_sizes(asked)["student_weights"] == 3 * 20


def test_a_trajectory_cannot_be_changed_and_needs_what_every_run_has():
    one = trajectory()
    with pytest.raises(AttributeError, match="time"):
        one.time = np.zeros(1)
    assert one.training_error is None
    incomplete = {name: array for name, array in vars(one).items() if name != "time"}
    with pytest.raises(TypeError, match="needs time"):
        Trajectory(**incomplete)
