"""Runs of engine `network` with interventions: what must not matter, resumption, and what is refused."""

import numpy as np
import pytest

from depth import crossed
from intervention_cases import CASES, TURNING, complete, consolidated
from samples import assert_equal, assert_same
from teacherstudent.engines.network import checks, engine
from teacherstudent.engines.network.motion import MovingTeachers
from teacherstudent.errors import RunError, SpecError
from teacherstudent.simulation.runs import check, simulate, simulate_points, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import read_runs, write_run, write_runs
from teacherstudent.store.starts import load_start


def spec_of(case, **blocks):
    return parse_spec(complete(case) | blocks)


def assert_same_bits(one, other, *aside):
    """Two trajectories are equal, but for some quantities."""
    for name in one.arrays.keys() - set(aside):
        assert_equal(getattr(one, name), getattr(other, name), name)
    assert one.diverged_at == other.diverged_at


NOTHING = {
    "no replay": {"curriculum": {"replay": {"fraction": 0.0}}},
    "certain mixture": {
        "curriculum": {
            "switch_times": None,
            "mixture": [
                {"until": 2.0, "probabilities": [1, 0, 0]},
                {"until": 3.5, "probabilities": [0, 1, 0]},
                {"probabilities": [0, 0, 1]},
            ],
        }
    },
    "strength 0": consolidated("path_integral", 0.0),
    "strength 0, proximal": consolidated(
        "ewc", 0.0, importances="weights", fisher_samples=3, step="proximal"
    ),
    "drift 0": {"teachers": {"drift": 0.0}},
    "l1 0": {"training": {"l1": 0.0}},
    "deficit of no length": {"training": {"deficits": [{"start": 1.0, "until": 1.0, "output_noise": 3.0}]}},
    "deficit that changes nothing": {"training": {"deficits": [{"start": 0.0, "until": 2.0, "teacher": 0}]}},
    "equal rates": {"training": {"learning_rate": [1.1, 1.1, 1.1]}},
    "constant schedule": {"training": {"learning_rate": [{"until": 1.0, "value": 1.1}, {"value": 1.1}]}},
    "movement": {"record": {"movement": True}},
}


@pytest.mark.parametrize("name", NOTHING)
def test_interventions_that_change_nothing_have_the_same_bits(name):
    assert_same_bits(simulate(spec_of({}), "network", 3), simulate(spec_of(NOTHING[name]), "network", 3))


def test_pieces_of_a_schedule_in_wide_networks():
    """The memory layout for wide networks has stages with one task, too."""
    changes = CASES["schedules"] | {"inputs": {"dimension": 3}, "student": {"hidden": 20}}
    by_input = simulate(spec_of(changes), "network", 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "UNITS_PER_INPUT", 1000)
        by_unit = simulate(spec_of(changes), "network", 3)
    np.testing.assert_allclose(by_input.student_overlaps, by_unit.student_overlaps, rtol=0, atol=1e-12)
    assert (by_input.student_overlaps != by_unit.student_overlaps).any()


def test_wide_networks_with_pulls_have_the_other_layout():
    changes = CASES["path integral"] | {"inputs": {"dimension": 3}, "student": {"hidden": 20}}
    found = simulate(spec_of(changes), "network", 3)
    assert found.anchor_overlaps.shape == (6, 20, 20)
    assert found.importances[:, [0, 19]].min() > 0.0


def test_frozen_units_of_all_kinds_are_lost_time():
    """With all units frozen and no readouts trained, the student and its overlaps wait."""
    features = {"train": ["features"], "frozen_units": [[], [], []], "weight_decay": 0.3}
    blocked = {"deficits": [{"start": 0.5, "until": 1.0, "frozen_units": [0, 1, 2]}]}
    found = simulate(
        spec_of({"training": features | blocked}, record={"times": [0.0, 0.5, 0.75, 1.0, 1.5]}), "network", 3
    )
    before, *during, after = found.student_overlaps[1:]
    assert all(np.array_equal(before, now) for now in during)
    assert not np.array_equal(before, after)


def test_a_step_on_another_labelling_is_that_on_its_teacher():
    """With equal noise and one head, a deficit of the teacher is a mixture of the other teacher alone."""
    equal = {"teachers": {"output_noise": 0.1, "input_noise": 0.0}, "student": {"heads": "shared"}}
    units = {"training": {"frozen_units": [[], [], []]}}
    wrong = {"training": {"deficits": [{"start": 0.0, "teacher": 2}], "frozen_units": [[], [], []]}}
    other = {"curriculum": {"switch_times": [2.0, 3.5], "order": [2, 2, 2]}}
    found = [simulate(spec_of(equal | change), "network", 3) for change in (wrong, units | other)]
    assert_same_bits(*found, "active_teacher")


@pytest.mark.parametrize("name", CASES)
def test_single_precision_is_near(name):
    double, single = (
        simulate(spec_of(CASES[name], numerics={"precision": precision}), "network", 4)
        for precision in ("float64", "float32")
    )
    np.testing.assert_allclose(single.student_overlaps, double.student_overlaps, rtol=1e-3, atol=1e-3)
    assert (single.student_overlaps != double.student_overlaps).any()
    assert single.state["student_weights"].dtype == np.float32


# Recorded quantities


@pytest.mark.parametrize("name", ["node, latest", "path integral of weights", "movement"])
def test_recorded_overlaps_with_anchors_are_those_of_the_state(name):
    case = NOTHING["movement"] if name == "movement" else CASES[name]
    found = simulate(spec_of(case, record={"count": 6, "state": True, "movement": True}), "network", 3)
    W, c = found.state["student_weights"], found.state["anchor_weights"]
    np.testing.assert_allclose(found.anchor_overlaps[-1], W @ c.T / 40, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.anchor_norms[-1], np.diag(c @ c.T) / 40, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.anchor_overlaps[0], found.student_overlaps[0], rtol=0, atol=1e-13)


def test_anchors_are_the_weights_at_the_last_switch():
    times = {"times": [0.0, 1.0, 2.0, 3.0, 3.5, 4.0], "movement": True}
    found = simulate(spec_of({}, record=times), "network", 3)
    norms = np.diagonal(found.student_overlaps, axis1=1, axis2=2)
    for row, switch in ((1, 0), (2, 0), (3, 2), (4, 2), (5, 4)):
        np.testing.assert_allclose(found.anchor_norms[row], norms[switch], rtol=0, atol=1e-13)


def test_teachers_that_move_are_recorded_in_time():
    found = simulate(spec_of(CASES["drift"]), "network", 3)
    T = found.teacher_overlaps_in_time
    np.testing.assert_array_equal(T[0], found.teacher_overlaps)
    own = T[:, [0, 1, 2], [0, 1, 2]]
    lengths = np.diagonal(own, axis1=-2, axis2=-1)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[0], lengths.shape), rtol=1e-12)
    assert np.array_equal(own[0, 1], own[-1, 1])
    assert np.abs(own[0, [0, 2], 0, 1] - own[-1, [0, 2], 0, 1]).min() > 1e-3


def test_probabilities_of_tasks():
    found = simulate(spec_of(CASES["replay of all"]), "network", 3)
    rows = {1.0: [1, 0, 0], 3.0: [0.4, 0.6, 0], 4.0: [0.2, 0.2, 0.6]}
    for time, row in rows.items():
        np.testing.assert_allclose(found.task_probabilities[found.time == time][0], row)


# Resumption


@pytest.mark.parametrize(("name", "precision"), crossed(CASES, ["float64", "float32"]))
def test_a_run_resumes_from_its_state(tmp_path, name, precision):
    """Stop between two recorded times in the second phase, at the switch, and in the last phase."""
    numerics = {"numerics": {"precision": precision}}
    times = [0.0, 1.0, 2.5, 3.5, 4.25, 5.0]
    whole = simulate(spec_of(CASES[name], record={"times": times, "state": True}, **numerics), "network", 3)
    for k in (2, 3, 4):
        blocks = complete(CASES[name])
        blocks["curriculum"] = _until(blocks["curriculum"], times[k])
        blocks["training"] = _first(blocks["training"], blocks["curriculum"], times[k])
        blocks |= {"duration": times[k], "record": {"times": times[: k + 1], "state": True}} | numerics
        first = parse_spec(blocks)
        path = tmp_path / f"{k}.h5"
        write_run(path, first, "network", 3, simulate(first, "network", 3))
        spec = spec_of(CASES[name], record={"times": times, "state": True}, **numerics)
        (rest,) = simulate_runs(spec, "network", 3, starts=load_start(path))
        for entry in whole.state:
            assert_equal(np.asarray(rest.state[entry]), np.asarray(whole.state[entry]), entry)
        for entry in whole.arrays.keys() - {"time", "task_probabilities", "active_teacher"}:
            expected = getattr(whole, entry)
            if len(expected) == len(times) and entry not in ("teacher_readouts", "teacher_overlaps"):
                expected = expected[-len(rest.time) :]
            assert_equal(getattr(rest, entry), expected, entry)


def _until(curriculum, end):
    """A curriculum without the switches from a time on."""
    if "switch_times" in curriculum:
        left = [time for time in curriculum["switch_times"] if time < end]
        curriculum = curriculum | {"switch_times": left}
        replay = curriculum.get("replay", {})
        if isinstance(replay.get("fraction"), list):
            curriculum["replay"] = replay | {"fraction": replay["fraction"][: len(left)]}
    if "mixture" in curriculum:
        return curriculum | {"mixture": _pieces_until(curriculum["mixture"], end)}
    return curriculum


def _pieces_until(pieces, end):
    """Pieces of time up to the end of a shorter run."""
    if not isinstance(pieces, list) or not isinstance(pieces[0], dict):
        return pieces
    *others, last = [piece for i, piece in enumerate(pieces) if i == 0 or pieces[i - 1]["until"] < end]
    return [*others, {key: value for key, value in last.items() if key != "until"}]


def _first(training, curriculum, end):
    """Training with one strength for each switch that is left, and rates up to the end of a shorter run."""
    for key in ("learning_rate", "readout_learning_rate"):
        if key in training:
            training = training | {key: _pieces_until(training[key], end)}
    block = training.get("consolidation", {})
    if isinstance(block.get("strength"), list):
        strengths = block["strength"][: len(curriculum["switch_times"])]
        return training | {"consolidation": block | {"strength": strengths}}
    return training


def test_runs_with_different_numbers_of_switches_are_stored_together(tmp_path):
    rule = {"switch_times": None, "thresholds": [0.6, 0.3], "look_every": 0.2}
    spec = spec_of(CASES["ewc"] | {"curriculum": rule})
    runs = list(simulate_runs(spec, "network", 3, runs=4))
    assert len({len(run.switch_times) for run in runs}) > 1
    write_runs(tmp_path / "runs.h5", [("ewc", spec, "network", 3, runs)], run_axis=True)
    (stored,) = read_runs(tmp_path / "runs.h5", states=True)
    for run, expected in zip(stored.trajectories, runs, strict=True):
        assert_same(run, expected)
        for name, array in expected.state.items():
            assert_equal(run.state[name], array, name)


# Runs that are trained together until their first switch

TOGETHER = ["replay of all", "stored", "mixture", "deficits", "path integral", "ewc", "drift", "rotation"]


@pytest.mark.parametrize("name", TOGETHER)
def test_runs_are_the_same_alone_and_together(name, monkeypatch):
    points = []
    for V in (0.1, 0.7):
        blocks = complete(CASES[name])
        blocks["teachers"] |= {"features": {"relation": "rotated", "similarity": V}, "count": 3}
        points.append(parse_spec(blocks))
    calls = []
    first_phase = engine._train_first_phase
    monkeypatch.setattr(engine, "_train_first_phase", lambda *nets: calls.append(nets) or first_phase(*nets))
    together = list(simulate_points(points, "network", 5))
    assert bool(calls) == (name not in ("mixture", "deficits", "drift", "rotation"))
    for spec, found in zip(points, together, strict=True):
        assert_same(found, simulate(spec, "network", 5))


# What is refused

FINITE = {"inputs": {"dimension": 40, "samples": 30}, "teachers": {"input_noise": 0.0}}
REFUSED = {
    "too strong": (consolidated("quadratic", 40.0), "strength: 40.0 is too large: .* with an explicit step"),
    "too strong in a sum": (consolidated("quadratic", [20.0, 20.0]), "must be below inputs.dimension, 40"),
    "fidelity of a finite set": (
        FINITE | {"curriculum": {"replay": {"fraction": 0.2, "fidelity": 0.5}}},
        "curriculum.replay.fidelity: not available with a finite training set",
    ),
    "buffer of a finite set": (
        FINITE | {"curriculum": {"replay": {"fraction": 0.2, "buffer": 3}}},
        "curriculum.replay.buffer: not available with a finite training set",
    ),
    "buffer and drift": (
        {"curriculum": {"replay": {"fraction": 0.2, "buffer": 3}}, "teachers": {"drift": 0.1}},
        "curriculum.replay.buffer: not available with teachers that move",
    ),
}


@pytest.mark.parametrize("case, message", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_one_line(case, message):
    with pytest.raises(SpecError, match=message):
        check(spec_of(case), "network")


def test_weaker_pulls_are_not_refused():
    for case in (
        consolidated("quadratic", 18.0),
        consolidated("quadratic", [30.0, 30.0], anchors="latest"),
        consolidated("quadratic", 1e4, step="proximal"),
    ):
        check(spec_of(case), "network")


def test_pulls_that_are_too_strong_at_a_switch():
    with pytest.raises(
        RunError, match="strength: 1000.0 is too large: .* inputs.dimension, 40, .* step: proximal"
    ):
        simulate(spec_of(consolidated("node", 1000.0)), "network", 3)


def test_a_buffer_without_samples():
    case = {"curriculum": {"replay": {"fraction": 0.2, "buffer": 3}, "switch_times": [0.001, 2.0]}}
    with pytest.raises(RunError, match="there is no stored input of teacher 0"):
        simulate(spec_of(case), "network", 3)


@pytest.mark.parametrize("until", [{}, {"until": "reached"}])
def test_a_teacher_that_has_no_plane(until):
    """Teachers from a file can be parallel."""
    spec = spec_of({"teachers": {"rotation": TURNING | until}})
    teachers = np.broadcast_to(np.random.default_rng(0).normal(size=(2, 40)), (3, 2, 40))
    with pytest.raises(RunError, match="a unit of teacher 0 is parallel to that of teacher 1"):
        MovingTeachers(spec, teachers, {})


def test_units_with_different_angles_do_not_reach_the_other_teacher():
    case = {"teachers": {"rotation": TURNING | {"until": "reached"}}}
    with pytest.raises(RunError, match="reached needs one angle between all units"):
        simulate(spec_of(case), "network", 3)


def test_a_run_that_diverges_stops():
    case = CASES["all at once"] | {"student": {"activation": "linear", "hidden": 3}}
    blocks = complete(case)
    blocks["training"] |= {"learning_rate": 300.0, "readout_learning_rate": 1.0}
    found = simulate(parse_spec(blocks), "network", 3)
    assert 0.0 < found.diverged_at < 5.0
