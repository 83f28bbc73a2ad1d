import dataclasses
import sys

import numpy as np
import pytest
import xarray
import yaml

import teacherstudent as ts
from samples import assert_same, document, spec, trajectory
from teacherstudent.api import Run
from teacherstudent.engines.observables import VARIABLES
from teacherstudent.errors import RunError, SpecError
from teacherstudent.store.runs import read_run

SMALL = document(duration=2.5, record={"count": 3})


def made(*trajectories):
    return Run.of(spec(), "network", 3, trajectories)


@pytest.mark.parametrize("engine", ["ode", "network"])
def test_a_run_is_what_simulate_returns(engine):
    run, one = ts.run(SMALL, engine, seed=2), ts.simulate(ts.parse_spec(SMALL), engine, seed=2)
    assert_same(run.trajectories[0], one)
    for name in VARIABLES:
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
        with pytest.raises(AttributeError, match=f"a run has no {name}; its arrays are time, "):
            getattr(run, name)


def test_a_run_prints_in_one_line():
    assert repr(made(trajectory(), trajectory(1))) == "<Run: engine network, seed 3, runs 2>"


LABELLED = dataclasses.replace(trajectory(), training_error=np.ones((6, 2)))
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


def test_the_file_is_that_of_the_command(tmp_path):
    run = made(trajectory())
    run.save(tmp_path / "run.h5")
    stored = read_run(tmp_path / "run.h5")
    assert (stored.engine, stored.seed, stored.spec) == ("network", 3, run.spec)
    assert_same(stored.trajectories[0], run.trajectories[0])


def test_without_xarray_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(RunError, match="^to_xarray needs the package xarray: pip install xarray$"):
        made(trajectory()).to_xarray()


def test_an_unknown_engine_is_refused():
    with pytest.raises(
        SpecError, match="^engine: euler is not allowed; it must be one of network, chain, ode$"
    ):
        ts.run(SMALL, "euler")


def test_a_run_can_be_drawn():
    figure = ts.plotting.plot_runs([made(trajectory())])
    assert len(figure.axes) == 5
