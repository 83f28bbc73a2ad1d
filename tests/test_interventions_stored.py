"""Runs with interventions in files, tables, xarray and the curves of experiments."""

import re

import numpy as np
import pytest
import xarray

import teacherstudent as ts
from samples import spec
from teacherstudent.command.interventions import interventions, rates
from teacherstudent.command.main import main
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.axes import points, with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.curves import read_curves, write_curves
from teacherstudent.store.runs import read_run, write_runs

RUNS = 4
NEW = ("task_probabilities", "anchor_overlaps", "anchor_norms", "importances", "teacher_overlaps_in_time")
# Everything that is recorded with interventions. Some of the runs do not reach the threshold.
DOCUMENT = {
    "inputs": {"dimension": 1000},
    "teachers": {"count": 2, "hidden": 1, "readouts": {"relation": "ones"}, "drift": [0.0, 0.01]},
    "student": {"hidden": 2, "initial": {"readouts": [[0.01, 0.001], None]}},
    "training": {"learning_rate": [1.0, 0.5], "consolidation": {"kind": "ewc", "strength": 1000.0}},
    "curriculum": {"thresholds": [9.1e-6], "replay": {"fraction": 0.1}},
    "duration": 80.0,
    "record": {"count": 5, "state": True},
}


@pytest.fixture(scope="module")
def runs():
    return list(simulate_runs(parse_spec(DOCUMENT), "ode", 0, RUNS))


@pytest.fixture(scope="module")
def file(runs, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "runs.h5"
    write_runs(path, [("/", parse_spec(DOCUMENT), "ode", 0, runs)], run_axis=True)
    return path


def test_runs_with_and_without_a_switch_are_stored_together(runs, file):
    """The padding of switches that did not take place is removed when a run is read."""
    switched = [len(run.switch_times) for run in runs]
    assert set(switched) == {0, 1}
    stored = read_run(file, states=True)
    assert stored.arrays["importances"].shape == (RUNS, 1, 2)
    assert np.isnan(stored.arrays["importances"][np.array(switched) == 0]).all()
    for run, read in zip(runs, stored.trajectories, strict=True):
        assert read.arrays.keys() == run.arrays.keys()
        for name, array in run.arrays.items():
            np.testing.assert_array_equal(read.arrays[name], array, err_msg=name)
        for name, array in run.state.items():
            np.testing.assert_array_equal(read.state[name], array, err_msg=name)


def test_what_is_recorded_is_shown(runs, file, capsys):
    assert main(["show", str(file)]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "training learning rate 1 (teacher 0) and 0.5 (teacher 1), features and readouts" in rows
    assert "replay fraction 0.1 of the previous task" in rows
    switched = next(run for run in runs if len(run.switch_times))
    numbers = " ".join(f"{value:.4g}" for value in switched.importances[0])
    assert f"importances a, switch at t = {switched.switch_times[0]:g} {numbers}" in rows
    assert rows.count("task probabilities p, teacher 1 9.0000e-01") == sum(
        len(run.switch_times) for run in runs
    )
    assert sum(row.startswith("teacher overlaps in time T(t), teacher 0 1") for row in rows) == RUNS
    assert sum(row.startswith("anchor norms C ") for row in rows) == RUNS


def test_xarray_opens_it_with_names(file):
    with xarray.open_dataset(file, engine="h5netcdf") as dataset:
        assert dataset["importances"].dims == ("run", "switch", "student_unit")
        assert dataset["task_probabilities"].dims == ("run", "time", "teacher")
        assert dataset["anchor_norms"].dims == ("run", "time", "student_unit")
        assert dataset["teacher_overlaps_in_time"].dims[:2] == ("run", "time")
        here = ts.run(DOCUMENT, "ode", seed=0, runs=RUNS).to_xarray()
        for name in NEW:
            assert dataset[name].identical(here[name])


def test_an_experiment_collects_it(tmp_path):
    """Points with different numbers of switches are filled up."""
    inner = {"curriculum.thresholds.0": [1e-9, 9.1e-6, 1e-3]}
    asked = {"spec": DOCUMENT, "engines": {"ode": {"inner": inner, "runs": 2}}, "collect": list(NEW)}
    made = parse_experiment("x", asked)
    grid, entries = made.grids["ode"], []
    for name, values in points(grid.inner):
        point = parse_spec(with_values(grid.spec, values))
        entries.append((f"/runs/{name}", point, "ode", 0, list(simulate_runs(point, "ode", 0, 2))))
    write_runs(tmp_path / "runs.h5", entries, run_axis=True)
    write_curves(tmp_path / "curves.h5", [collect(grid, {tmp_path / "runs.h5": grid.inner}, made.collect)])
    curves = read_curves(tmp_path / "curves.h5")["ode"]
    assert curves.quantities["importances"].shape == (3, 2, 1, 2)
    assert np.isnan(curves.quantities["importances"][0]).all()
    assert np.isfinite(curves.quantities["importances"][2]).all()
    assert curves.quantities["anchor_overlaps"].shape == (3, 2, 5, 2, 2)
    for point, entry in enumerate(entries):
        for run, trajectory in enumerate(entry[-1]):
            found = curves.quantities["task_probabilities"][point, run]
            np.testing.assert_array_equal(found, trajectory.task_probabilities)


# Interventions in words


@pytest.mark.parametrize(
    ("block", "given", "name", "words"),
    [
        ("curriculum", {"replay": {"fraction": 0.1}}, "replay", "fraction 0.1 of the previous task"),
        (
            "curriculum",
            {"replay": {"fraction": [0.5], "of": "all", "fidelity": 0.8}},
            "replay",
            "fraction 0.5 of all earlier tasks, fidelity 0.8",
        ),
        (
            "curriculum",
            {"replay": {"interleave": {"new": 9, "old": 1}, "buffer": 50}},
            "replay",
            "1 steps of the previous task after each 9, 50 stored samples of each",
        ),
        ("training", {"l1": 0.0}, "L1 regularisation", "0"),
        (
            "training",
            {"consolidation": {"kind": "path_integral", "strength": [3], "importances": "weights"}},
            "consolidation",
            "path_integral per weight, strength 3, anchors sum, step explicit",
        ),
        (
            "training",
            {
                "deficits": [
                    {"until": 2, "input_noise": 1, "frozen_units": [0, 2]},
                    {"start": 2, "teacher": 1},
                ]
            },
            "deficits",
            "input noise 1, frozen units 0 2 from t = 0 until t = 2; teacher 1 from t = 2",
        ),
        ("training", {"deficits": [{"frozen_units": []}]}, "deficits", "frozen units none from t = 0"),
        ("teachers", {"drift": 0.1}, "drift", "rate 0.1 0.1"),
        (
            "teachers",
            {"rotation": {"teacher": 0, "towards": 1, "rate": 0.05, "start": 2, "until": "reached"}},
            "rotation",
            "teacher 0 towards teacher 1, rate 0.05, from t = 2 until reached",
        ),
    ],
)
def test_interventions_in_words(block, given, name, words):
    base = {"teachers": {"count": 2, "hidden": 2}, "curriculum": {"switch_times": [2.0]}}
    base["training"] = {"learning_rate": 1.0}
    assert interventions(spec(**{block: base[block] | given})) == {name: words}


def test_a_mixture_in_words():
    pieces = [{"until": 2, "probabilities": [1, 0]}, {"probabilities": [0.25, 0.75]}]
    words = "probabilities 1 0 until t = 2, probabilities 0.25 0.75"
    assert interventions(spec(curriculum={"mixture": pieces})) == {"mixture": words}


def test_plain_specs_have_no_interventions():
    assert interventions(spec()) == {}


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.5, "0.5"),
        ([0.5, 1], "0.5 (teacher 0) and 1 (teacher 1)"),
        ([{"until": 2, "value": 1}, {"value": [1, 0]}], "1 until t = 2, 1 (teacher 0) and 0 (teacher 1)"),
    ],
)
def test_rates_in_words(rate, words):
    assert rates(spec(training={"learning_rate": rate})) == words


# Starts from order parameters

SWITCHES = {"curriculum": {"switch_times": [2.0]}, "duration": 5.0, "record": {"count": 6, "state": True}}


def consolidated(kind="ewc", **curriculum):
    block = {"learning_rate": 1.0, "consolidation": {"kind": kind, "strength": 0.1}}
    return spec(training=block, **SWITCHES | {"curriculum": {"switch_times": [2.0]} | curriculum})


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Files of runs with and without consolidation."""
    folder = tmp_path_factory.mktemp("before")
    made = {"with": consolidated(), "without": spec(**SWITCHES)}
    for name, asked in made.items():
        write_runs(folder / f"{name}.h5", [("/", asked, "ode", 0, [simulate(asked, "ode")])], run_axis=False)
    return folder


@pytest.mark.parametrize(
    ("name", "at", "asked", "said"),
    [
        (
            "with",
            3.0,
            consolidated(),
            "training.consolidation: order parameters at t = 3 do not contain the pen",
        ),
        ("with", 1.0, consolidated("path_integral"), "do not contain the path integral up to t = 1"),
        ("without", 1.0, consolidated("path_integral"), "kind: path_integral: order parameters"),
        (
            "without",
            1.0,
            spec(
                **SWITCHES | {"curriculum": {"switch_times": [2.0], "replay": {"fraction": 0.1, "buffer": 3}}}
            ),
            "curriculum.replay.buffer: order parameters do not contain stored samples; start from a stored",
        ),
    ],
)
def test_what_order_parameters_do_not_contain_is_refused(before, name, at, asked, said):
    engine = "network" if asked.curriculum.replay else "ode"
    (start,) = ts.load_start(before / f"{name}.h5", at)
    with pytest.raises(ts.SpecError, match=re.escape(said)):
        simulate(asked, engine, start=start)


@pytest.mark.parametrize(
    ("name", "at", "asked"),
    [
        ("with", 1.0, consolidated()),  # before the first switch
        ("with", 0.0, consolidated("path_integral")),
        ("with", 3.0, spec(**SWITCHES)),
        ("without", 3.0, consolidated(switch_times=[2.0, 4.0], order=[0, 1])),  # only the second one is new
        ("with", None, consolidated()),  # a state
    ],
)
def test_what_order_parameters_contain_is_enough(before, name, at, asked):
    (start,) = ts.load_start(before / f"{name}.h5", at)
    longer = parse_spec(with_values(asked.to_dict(), {"duration": 6.0}))
    assert simulate(longer, "ode", start=start).time[-1] == 6.0
