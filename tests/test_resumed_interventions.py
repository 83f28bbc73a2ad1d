"""Starts from stored runs whose spec changes: rotations, consolidation, and what the files then have."""

import numpy as np
import pytest

from depth import crossed
from samples import assert_equal
from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.errors import SpecError
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

ENGINES = ["network", "chain", "ode"]
SIMILARITY, START = 0.2, 2.0
ROTATION = {"teacher": 0, "towards": 1, "rate": 0.3}


def document(N=40, rotation=None, consolidation=None, **blocks):
    teachers = {"count": 2, "hidden": 1, "features": {"relation": "rotated", "similarity": SIMILARITY}}
    found = {
        "inputs": {"dimension": N},
        "teachers": teachers if rotation is None else teachers | {"rotation": rotation},
        "student": {"hidden": 2, "initial": {"weights_std": 0.3, "readouts_std": 0.3}},
        "training": {"learning_rate": 0.3},
        "curriculum": {"switch_times": [1.0, 3.0]},
        "duration": 4.0,
        "record": {"times": [0.0, 1.0, 2.0, 2.5, 3.0, 4.0], "state": True},
    } | blocks
    if consolidation is not None:
        found["training"] = found["training"] | {"consolidation": consolidation}
    return found


def stopped(blocks, end=START):
    """The same run up to a time."""
    switches = [time for time in blocks["curriculum"]["switch_times"] if time < end]
    times = [time for time in blocks["record"]["times"] if time <= end]
    changes = {"curriculum": {"switch_times": switches}, "duration": end}
    return parse_spec(blocks | changes | {"record": blocks["record"] | {"times": times}})


def resumed(path, engine, first, blocks, end=START, seed=0):
    """A run that starts from the end of another one."""
    spec = stopped(first, end)
    write_runs(path, [("/", spec, engine, seed, [simulate(spec, engine, seed)])], run_axis=False)
    (run,) = simulate_runs(parse_spec(blocks), engine, seed, starts=load_start(path))
    return run


# Rotations

OTHERS = {
    "new": (None, {}),
    "faster": (ROTATION, {"rate": 0.6}),
    "backwards": (ROTATION, {"teacher": 1, "towards": 0}),
    "started earlier": (ROTATION, {"start": 1.0}),
    "starts later": (ROTATION | {"start": 1.999}, {"start": 2.5}),
    "reached": (None, {"rate": 1.0, "until": "reached"}),
    "reached later": (ROTATION, {"until": "reached"}),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", OTHERS)
def test_a_rotation_continues_from_where_the_teachers_are(tmp_path, engine, name):
    before, changes = OTHERS[name]
    rotation = ROTATION | changes
    run = resumed(tmp_path / "a.h5", engine, document(rotation=before), document(rotation=rotation))
    turned = 0.0 if before is None or "start" in before else before["rate"] * START
    left = np.arccos(SIMILARITY) - turned
    begin = max(START, rotation.get("start", 0.0))
    angles = left - rotation["rate"] * np.maximum(0.0, run.time - begin)
    if "until" in rotation:
        angles = np.maximum(angles, 0.0)
    T = run.teacher_overlaps_in_time[:, 0, 1, 0, 0]
    step = rotation["rate"] / 40  # the equations end a rotation at the nearest step
    np.testing.assert_allclose(T, np.cos(angles), rtol=0, atol=step**2 if "until" in rotation else 1e-9)


@pytest.mark.parametrize(("N", "end"), crossed([10, 30], [2.0, 1.5, 2.7]))
@pytest.mark.parametrize("engine", ENGINES)
def test_a_rotation_that_has_ended_resumes_to_the_same_bits(tmp_path, engine, N, end):
    rotation = {"teacher": 0, "towards": 1, "rate": 1.0, "until": "reached"}
    consolidation = {"kind": "ewc", "strength": 0.5, "step": "proximal"}
    blocks = document(N, rotation, consolidation, record={"times": [0.0, end, 4.0], "state": True})
    assert_same_bits(resumed(tmp_path / "a.h5", engine, blocks, blocks, end), blocks, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_anchors_do_not_change_the_overlaps_of_teachers(tmp_path, engine):
    """Not in their last bits either, when a run resumes after a switch."""
    features = {"relation": "rotated", "similarity": 0.3}
    blocks = document(60, teachers={"count": 4, "hidden": 4, "features": features})
    blocks["record"] = {"times": [0.0, START, 2.5, 3.0, 4.0], "state": True, "movement": True}
    for seed in range(3):
        run = resumed(tmp_path / f"{seed}.h5", engine, blocks, blocks, seed=seed)
        assert_same_bits(run, blocks, engine, seed)


def assert_same_bits(run, blocks, engine, seed=0):
    """A run has the bits of the one that did not stop."""
    whole = simulate(parse_spec(blocks), engine, seed)
    for name, values in whole.arrays.items():
        later = values[-len(run.time) :] if OBSERVABLES[name].dimensions[0] == "time" else values
        assert_equal(run.arrays[name], later, name)


# Consolidation

PATH, NORMALISED = "path_integral", "path_integral_normalised"
UNKNOWN = [(None, PATH), ("node", PATH), ("ewc", PATH), (PATH, f"{PATH} of weights"), (None, NORMALISED)]


def consolidation(name):
    """The block of a kind, by the name of the kind with or without `of weights`."""
    if name is None:
        return None
    kind, _, weights = name.partition(" of ")
    importances = "weights" if weights or kind == NORMALISED else "units"
    return {"kind": kind, "strength": 0.3, "importances": importances}


@pytest.mark.parametrize("before, after", UNKNOWN)
def test_a_path_integral_needs_one_in_the_state(tmp_path, before, after):
    first, blocks = (document(consolidation=consolidation(name)) for name in (before, after))
    with pytest.raises(SpecError, match="does not contain this path integral up to t = 2; start from a run"):
        resumed(tmp_path / "a.h5", "network", first, blocks)


@pytest.mark.parametrize("kind", ["quadratic", "node", "ewc"])
def test_penalties_of_weights_do_not_become_penalties_of_units(tmp_path, kind):
    first = document(consolidation=consolidation("ewc of weights"))
    with pytest.raises(SpecError, match="training.consolidation.importances: units differs .* of weights"):
        resumed(tmp_path / "a.h5", "network", first, document(consolidation=consolidation(kind)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("movement", [False, True])
def test_switches_before_a_start_without_consolidation_have_no_importances(tmp_path, engine, movement):
    record = {"times": [0.0, 1.0, 2.0, 4.0], "state": True, "movement": movement}
    blocks = document(consolidation=consolidation("node"), record=record)
    run = resumed(tmp_path / "a.h5", engine, document(record=record), blocks)
    assert run.importances.shape == (2, 2)
    assert not run.importances[0].any()
    assert run.importances[1].all()


@pytest.mark.parametrize("engine", ENGINES)
def test_penalties_are_not_lost_with_a_strength_of_zero(tmp_path, engine):
    """They need anchors, which `record.movement` gives a run without further penalties."""
    blocks, none = (document(consolidation={"kind": "ewc", "strength": size}) for size in (0.3, 0.0))
    with pytest.raises(SpecError, match="^training.consolidation.strength: 0.0 .* record.movement: true"):
        resumed(tmp_path / "a.h5", engine, blocks, none)
    run, without = (
        resumed(tmp_path / f"{size}.h5", engine, with_movement(first), with_movement(none))
        for size, first in enumerate((blocks, none))
    )
    assert run.state["penalties"].any()
    assert (run.student_overlaps[-1] != without.student_overlaps[-1]).any()


def with_movement(blocks):
    return blocks | {"record": blocks["record"] | {"movement": True}}


@pytest.mark.parametrize("engine", ["chain", "ode"])
def test_a_path_integral_needs_a_state_with_anchors(tmp_path, engine):
    first, blocks = (document(consolidation={"kind": PATH, "strength": size}) for size in (0.0, 0.3))
    with pytest.raises(SpecError, match="path integral up to t = 2; .* with record.movement where its stren"):
        resumed(tmp_path / "a.h5", engine, first, blocks)
    run = resumed(tmp_path / "b.h5", engine, with_movement(first), with_movement(blocks))
    assert (run.importances > 0.0).all()
    # Without a switch before, order parameters contain all of the past of other kinds.
    first, blocks = (document(consolidation={"kind": "ewc", "strength": size}) for size in (0.0, 0.3))
    assert resumed(tmp_path / "c.h5", engine, first, blocks).importances[1].all()
