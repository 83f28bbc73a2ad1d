"""Quantities that only some engines record, in curves of several engines."""

import numpy as np
import pytest

from structured_cases import structured
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.jobs import Grid
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs


@pytest.mark.parametrize("engine", ["ode", "network"])
def test_test_errors_are_collected_of_the_engine_that_records_them(tmp_path, engine):
    document = structured("manifold")
    spec, path = parse_spec(document), tmp_path / "runs.h5"
    runs = list(simulate_runs(spec, engine, runs=2))
    write_runs(path, [("/runs/all", spec, engine, 0, runs)], run_axis=True)
    curves = collect(Grid(engine, document, {}, {}, 2, 0), {path: {}}, ["generalisation_error", "test_error"])
    names = {"ode": ["generalisation_error"], "network": ["generalisation_error", "test_error"]}
    assert list(curves.quantities) == names[engine]
    for name, array in curves.quantities.items():
        np.testing.assert_array_equal(array[1], getattr(runs[1], name, None))
