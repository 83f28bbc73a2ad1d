"""Interventions of size 0 give the bits of runs without them, in all engines."""

import numpy as np
import pytest

from samples import assert_equal
from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.simulation.runs import simulate_points, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

ENGINES = ["network", "chain", "ode"]
KINDS = ["quadratic", "node", "ewc", "path_integral"]
RUNS, SEED = 3, 4
NOTHING = {
    "no replay": {"curriculum": {"replay": {"fraction": 0.0}}},
    "no replay of all, per switch": {"curriculum": {"replay": {"fraction": [0.0, 0.0], "of": "all"}}},
    "drift 0": {"teachers": {"drift": 0.0}},
    "drift 0 per teacher": {"teachers": {"drift": [0.0, 0.0, 0.0]}},
    "path integral, proximal": {
        "training": {"consolidation": {"kind": "path_integral", "strength": [0.0, 0.0], "step": "proximal"}}
    },
    "latest": {"training": {"consolidation": {"kind": "ewc", "strength": [0, 0], "anchors": "latest"}}},
} | {kind: {"training": {"consolidation": {"kind": kind, "strength": 0.0}}} for kind in KINDS}


def document(N=40, **changes):
    """Three tasks with two switches, and all usual terms."""
    blocks = {
        "inputs": {"dimension": N},
        "teachers": {"count": 3, "hidden": 1, "output_noise": 0.1, "input_noise": [0.2, 0.0, 0.1]},
        "student": {"hidden": 2, "initial": {"weights_std": 0.7, "readouts_std": 0.8}},
        "training": {"learning_rate": 0.8, "weight_decay": 0.1, "batch_size": 2},
        "curriculum": {"switch_times": [1.0, 2.0]},
        "duration": 3.0,
        "record": {"count": 7, "state": True},
    }
    for name, block in changes.items():
        blocks[name] = blocks[name] | block if isinstance(block, dict) else block
    return blocks


def runs_of(described, engine, **keys):
    return list(simulate_runs(parse_spec(described), engine, SEED, RUNS, **keys))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", NOTHING)
@pytest.mark.parametrize("N", [5, 40])
def test_the_bits_are_those_of_runs_without_the_intervention(engine, case, N):
    """Chains with 5 inputs have all axes."""
    plain, same = (runs_of(document(N, **blocks), engine) for blocks in ({}, NOTHING[case]))
    for one, other in zip(plain, same, strict=True):
        assert other.arrays.keys() - one.arrays.keys() <= {"importances", "task_probabilities"}
        for name in one.arrays:
            assert_equal(one.arrays[name], other.arrays[name], name)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_importances_do_not_need_penalties(engine, kind):
    """They are those of the run with `record.movement`, or close in law: chains then have other axes."""
    blocks = NOTHING[kind]
    found, moved = (
        np.mean([run.importances for run in runs_of(document(200, **blocks, record=record), engine)], axis=0)
        for record in ({"count": 7}, {"count": 7, "movement": True})
    )
    assert (found > 0.0).all()
    np.testing.assert_allclose(found, moved, rtol=0.5 if engine == "chain" else 0.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_importances_of_units_are_squared_readouts_at_the_switch(engine):
    for run in runs_of(document(**NOTHING["node"]), engine):
        for switch, time in enumerate([1.0, 2.0]):
            (row,) = np.flatnonzero(run.time == time)
            assert_equal(run.importances[switch], run.student_readouts[row, switch] ** 2, f"t = {time}")


@pytest.mark.parametrize("engine", ENGINES)
def test_strengths_of_zero_and_others_may_be_simulated_together(engine):
    strengths = [0.0, 1.0, [0.0, 1.0], 0.0]
    block = {"kind": "ewc", "step": "proximal"}
    points = [
        parse_spec(document(training={"consolidation": block | {"strength": strength}}))
        for strength in strengths
    ]
    together = list(simulate_points(points, engine, SEED))
    for spec, found in zip(points, together, strict=True):
        alone = next(iter(simulate_runs(spec, engine, SEED, 1)))
        assert found.arrays.keys() == alone.arrays.keys()
        for name in alone.arrays:
            assert_equal(found.arrays[name], alone.arrays[name], name)
    assert "anchor_norms" not in together[0].arrays
    assert "anchor_norms" in together[2].arrays


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_resumes_to_the_same_bits(tmp_path, engine, kind):
    """Between the switches, with the importances at the earlier switch and the path integral since."""
    whole = document(**NOTHING[kind])
    first = whole | {"duration": 1.5, "curriculum": {"switch_times": [1.0]}, "record": {"times": [0.0, 1.5]}}
    first["record"]["state"] = True
    path = tmp_path / "runs.h5"
    write_runs(path, [("/", parse_spec(first), engine, SEED, runs_of(first, engine))], run_axis=True)
    resumed = runs_of(whole, engine, starts=load_start(path))
    for one, other in zip(runs_of(whole, engine), resumed, strict=True):
        for name, values in one.arrays.items():
            later = values[-len(other.time) :] if OBSERVABLES[name].dimensions[0] == "time" else values
            assert_equal(other.arrays[name], later, name)
