"""A new quantity is one entry in the table of observables, and its array: all else follows from them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from samples import document, spec, trajectory
from teacherstudent.engines.observables import DIMENSIONS, OBSERVABLES, recorded, row_sizes, sizes
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import SpecError
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.experiments.schema import experiment_schema
from teacherstudent.simulation.runs import simulate
from teacherstudent.store import digest

NAME = "student_norms"
ENTRY = f"""    Observable(
        "{NAME}",
        ("time", "student_unit"),
        symbol="|w|",
        description="norms of student units, |w_i| / sqrt N",
        when=_records_overlaps,
    ),
"""
# File, the line before, and the new lines.
CHANGES = (
    ("engines/observables.py", "OBSERVABLES = _by_name(\n", ENTRY),
    (
        "engines/ode/results.py",
        "        student_overlaps=Q,\n",
        f"        {NAME}=np.sqrt(np.diagonal(Q, axis1=1, axis2=2)),\n",
    ),
)


@pytest.fixture
def library(tmp_path):
    """A copy of the library with one more quantity: one new entry, and one new line of engine `ode`."""
    package = tmp_path / "library" / "teacherstudent"
    shutil.copytree(digest.FOLDER, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, lines in CHANGES:
        text = (package / name).read_text(encoding="utf-8")
        assert text.count(before) == 1
        (package / name).write_text(text.replace(before, before + lines), encoding="utf-8")
    return package.parent


def test_all_follows_from_one_entry(library):
    """Layout in HDF5, attributes, tables, xarray, experiments, memory, cost and digests: see the checks."""
    checks = Path(__file__).with_name("observable_checks.py")
    variables = {"PYTHONPATH": str(library), "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(checks)]
    done = subprocess.run(
        command, env=os.environ | variables, cwd=checks.parents[1], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout


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
