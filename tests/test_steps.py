"""Recorded times, switches and the end of a run are at steps / N in all engines, with the same bits."""

import json
import random
import warnings
from fractions import Fraction

import numpy as np
import pytest
import xarray
import yaml

import teacherstudent as ts
from faults.generated import draw
from samples import assert_same, document
from teacherstudent.command.main import main
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.phases import phases
from teacherstudent.engines.trajectory import record_times
from teacherstudent.errors import SpecError
from teacherstudent.files.yaml_documents import parse_yaml
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import load_spec, parse_spec
from teacherstudent.spec.steps import merged_times, on_step, record_steps, step_at

SPECS = 60  # generated ones that all engines run


def generated():
    """Yield small documents with fresh inputs, and switches and records of every kind."""
    number = 0
    while True:
        rng = random.Random(10_000 + number)
        described, number = draw(rng), number + 1
        described["inputs"] = {"dimension": rng.randint(1, 13)}
        described["duration"] = duration = rng.choice((0.31, 0.77, 1.1, 2.0))
        described.pop("initial_overlaps", None)
        if rng.random() < 0.5:
            switches = {"switch_times": sorted(rng.uniform(0.01, 0.99) * duration for _ in range(2))}
            described["curriculum"] = rng.choice((switches, {"period": rng.uniform(0.05, 0.9)}))
        if rng.random() < 0.5:
            described["record"] = {"times": sorted(rng.random() * duration for _ in range(9))}
        yield described


def runs():
    """Yield specs with the runs of all engines, none of which diverges or is refused."""
    made = 0
    for described in generated():
        try:
            spec = parse_spec(described)
            found = {engine: simulate(spec, engine, seed=1) for engine in ENGINES}
        except (SpecError, ts.RunError):
            continue
        if any(run.diverged_at is not None for run in found.values()):
            continue
        yield spec, found
        made += 1
        if made == SPECS:
            return


@pytest.fixture(scope="module")
def all_runs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ode, "MAX_STEPS", 2_000)  # where rates are out of proportion
        return list(runs())


def test_all_engines_have_the_same_times_bit_for_bit(all_runs):
    for spec, found in all_runs:
        expected = record_times(spec)
        for engine, run in found.items():
            assert run.time.dtype == np.float64 and np.array_equal(run.time, expected), (engine, spec)
        assert (np.diff(expected) > 0.0).all() and len(expected) > 0


def test_times_are_the_nearest_steps_each_once(all_runs):
    """By exact arithmetic: a step is at most half a step away, and there is one for every time asked for."""
    for spec, _ in all_runs:
        N, record = spec.inputs.dimension, spec.record
        if record.times is not None:
            asked = list(record.times)
        elif record.spacing == "linear":
            asked = [float(spec.duration) * i / (record.count - 1) for i in range(record.count)]
        else:
            continue
        steps = record_steps(spec).tolist()
        assert [step / N for step in steps] == record_times(spec).tolist()
        half, rounding = Fraction(1, 2), Fraction(1, 10**9)
        for time in asked:
            assert min(abs(Fraction(time) * N - step) for step in steps) <= half + rounding
        for step in steps:
            assert min(abs(Fraction(time) * N - step) for time in asked) <= half + rounding


def test_switches_at_given_times_are_the_same_in_all_engines(all_runs):
    compared = 0
    for spec, found in all_runs:
        if spec.curriculum.thresholds:
            continue
        first, *others = found.values()
        compared += len(first.switch_times) > 0
        for other in others:
            assert np.array_equal(first.switch_times, other.switch_times), spec
            assert np.array_equal(first.active_teacher, other.active_teacher), spec
    assert compared > SPECS / 5


@pytest.mark.parametrize("curriculum", [{"switch_times": [0.33, 0.34, 1.25]}, {"period": 0.37}], ids=str)
@pytest.mark.parametrize("dimension", [1, 7, 20, 30])
def test_switches_between_steps_are_at_the_nearest_step(curriculum, dimension):
    record = {"times": [0.0, 0.1, 0.33, 0.34, 0.4, 0.9, 1.2, 1.25, 1.9]}
    spec = parse_spec(
        document(inputs={"dimension": dimension}, curriculum=curriculum, duration=1.93, record=record)
        | {"student": {"hidden": 1}, "teachers": {"count": 2, "hidden": 1}}
        | ({"initial_overlaps": OVERLAPS} if dimension == 1 else {})
    )
    ends = [phase.end for phase in phases(spec)]
    assert ends == [on_step(end, dimension) for end in ends]
    found = [simulate(spec, engine) for engine in ENGINES]
    for run in found:
        assert run.switch_times.tolist() == [end for end in ends[:-1] if end < ends[-1]]
        assert np.array_equal(run.time, found[0].time)
        assert np.array_equal(run.active_teacher, found[0].active_teacher)


OVERLAPS = {
    "student": [[0.25]],
    "student_teacher": [[[0.5]], [[-0.5]]],
    "teacher": [[[[1.0]], [[-1.0]]], [[[-1.0]], [[1.0]]]],
    "student_readouts": [[0.3], [0.2]],
    "teacher_readouts": [[1.0], [1.0]],
}


def test_theory_minus_simulation_has_every_row():
    described = document(duration=1.0, curriculum={"switch_times": [0.31]}, record={"count": 14})
    theory, *others = (ts.run(described, engine).to_xarray() for engine in ("ode", "network", "chain"))
    for other in others:
        gap = other.generalisation_error - theory.generalisation_error
        assert gap.sizes == {"time": 14, "teacher": 2}
        xarray.testing.assert_identical(theory.time, other.time)
        assert np.isfinite(gap).all() and (gap.time == theory.time).all()


def test_the_step_of_a_time_is_that_of_its_rounded_time():
    rng = np.random.default_rng(0)
    for N in (1, 3, 7, 10, 784, 1000, 10**9):
        for time in rng.uniform(0.0, 1e5, 300):
            assert step_at(on_step(time, N), N) == step_at(time, N)
            assert on_step(on_step(time, N), N) == on_step(time, N)
            assert abs(on_step(time, N) - time) <= 0.5 / N * (1 + 1e-6) + 1e-11


def test_a_run_shorter_than_a_step_records_its_start():
    spec = parse_spec(document(curriculum={}, duration=0.01))
    for engine in ENGINES:
        assert simulate(spec, engine).time.tolist() == [0.0]


# Several times on one step

LOG = {"record": {"spacing": "log", "first": 0.001, "count": 50}, "duration": 10.0, "curriculum": {}}
MERGED = "record: 50 times fall on 25 steps of 1 / inputs.dimension = 0.05; each step is recorded once"


def test_times_on_one_step_are_recorded_once():
    spec = parse_spec(document(**LOG))
    assert merged_times(spec) == MERGED
    for engine in ENGINES:
        time = simulate(spec, engine).time
        assert len(time) == 25 and (np.diff(time) >= 0.05 * (1 - 1e-12)).all()
        assert (time[0], time[-1]) == (0.0, 10.0)


def test_python_warns_where_times_are_merged():
    with pytest.warns(UserWarning, match=f"^{MERGED}$") as caught:
        ts.run(document(**LOG))
    assert [entry.filename for entry in caught] == [__file__]


@pytest.mark.parametrize("arguments", [["run", "--engine", "ode", "--output", "out.h5"], ["validate"]])
def test_the_command_notes_it_in_one_line(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document(**LOG)), encoding="utf-8")
    assert main([arguments[0], "spec.yaml", *arguments[1:]]) == 0
    noted = [line for line in capsys.readouterr().err.splitlines() if "note" in line]
    assert noted == [f"note: spec.yaml: {MERGED}"]


@pytest.mark.parametrize(
    "record",
    [{"count": 300}, {"count": 101}, {"count": 50}, {"times": [i / 1000 for i in range(5001)]}, {"count": 7}],
    ids=["default", "every step", "fewer", "times at every step", "few"],
)
def test_nothing_is_said_where_nothing_is_lost(record):
    """Neither where all times differ nor where every step of the run is recorded."""
    spec = parse_spec(document(record=record, duration=5.0))
    assert merged_times(spec) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ts.run(spec)


# What is stored runs again


def test_a_stored_spec_runs_again_to_the_same_bits(all_runs, tmp_path):
    """From JSON in a file, from JSON as Python reads it, and with all numbers as YAML writes them."""
    for number, (spec, found) in enumerate(all_runs):
        path = tmp_path / f"{number}.json"
        path.write_text(spec.to_json(), encoding="utf-8")
        forms = json.loads(spec.to_json()), parse_yaml(yaml.safe_dump(spec.to_dict()), "here")
        again = [load_spec(path), *map(parse_spec, forms)]
        assert again == [spec] * 3
        assert {form.to_json() for form in again} == {spec.to_json()}
        for engine, run in found.items():
            assert_same(simulate(again[number % 3], engine, seed=1), run)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_command_runs_the_spec_that_a_file_of_it_carries(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document()), encoding="utf-8")
    assert main(["run", "spec.yaml", "--engine", engine, "--output", "one.h5"]) == 0
    with xarray.open_dataset("one.h5", engine="h5netcdf") as stored:
        (tmp_path / "again.json").write_text(stored.attrs["spec"], encoding="utf-8")
    assert "1e-10" in (tmp_path / "again.json").read_text(encoding="utf-8")
    assert main(["validate", "again.json"]) == 0
    assert main(["run", "again.json", "--engine", engine, "--output", "two.h5"]) == 0
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
