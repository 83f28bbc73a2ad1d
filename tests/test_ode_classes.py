"""Labels that are signs in engine `ode`: sums over nodes in whole runs."""

import numpy as np
import pytest

from classes import ACCURACY, CASES, ONE_UNIT_EACH, SINGLE, TWO_UNITS, document, quantities, reference
from samples import assert_same
from teacherstudent.engines.ode import choice, support
from teacherstudent.errors import RunError, SpecError
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

FINE = {"cubature_tolerance": 1e-9, "relative_tolerance": 1e-10}


def run_of(described, seed=0):
    return simulate(parse_spec(described), "ode", seed)


@pytest.mark.parametrize("name", CASES)
def test_runs_are_those_of_a_separate_program(monkeypatch, name):
    rows = reference(name)
    blocks = {"duration": rows["t"][-1], "record": {"times": rows["t"].tolist()}, "numerics": FINE}
    for module in (choice, support):  # also where there is a closed form
        monkeypatch.setattr(module, "has_sums", lambda spec: True)
    run = run_of(document(*CASES[name], **blocks))
    for found, expected in quantities(run, rows):
        error = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
        assert error.max() < ACCURACY
    for row, time in enumerate(run.time):  # those of the other task are less accurate
        task = int(time > 20.0 and len(run.switch_times))
        assert abs(run.classification_error[row, task] - rows[f"class_error_{task}"][row]) < ACCURACY


@pytest.mark.parametrize("name", ["logistic", "hinge"])
def test_the_default_tolerance_is_enough_for_six_digits(name):
    blocks = {"duration": 8.0, "curriculum": {"switch_times": [4.0]}}
    usual, fine = (run_of(document(*CASES[name], **blocks, **more)) for more in ({}, {"numerics": FINE}))
    np.testing.assert_allclose(usual.student_overlaps, fine.student_overlaps, rtol=0, atol=2e-6)
    np.testing.assert_allclose(usual.student_readouts, fine.student_readouts, rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["logistic", "hinge"])
@pytest.mark.parametrize("end", [1.3, 6.0])
def test_a_resumed_run_has_the_same_bits(tmp_path, name, end):
    def described(until):
        times = [time for time in (0.0, 1.3, 3.0, 6.0, 8.0) if time <= until]
        switches = {"switch_times": [4.0] if until > 4.0 else []}
        return document(
            *CASES[name], duration=until, curriculum=switches, record={"times": times, "state": True}
        )

    spec = parse_spec(described(end))
    path = tmp_path / "a.h5"
    write_runs(path, [("/", spec, "ode", 0, [simulate(spec, "ode", 0)])], run_axis=False)
    (run,) = simulate_runs(parse_spec(described(8.0)), "ode", 0, starts=load_start(path))
    whole = run_of(described(8.0))
    after = whole.time >= end
    np.testing.assert_array_equal(run.student_overlaps[-after.sum() :], whole.student_overlaps[after])
    np.testing.assert_array_equal(run.student_readouts[-after.sum() :], whole.student_readouts[after])
    assert_same(run_of(described(8.0)), whole)


def test_equal_students_are_one_with_the_sum_of_their_readouts():
    blocks = {"duration": 3.0, "record": {"count": 4}}
    for loss, margin in (("logistic", None), ("hinge", 0.5)):
        single = run_of(document(loss, margin, overlaps=SINGLE, **blocks))
        halves = {
            "student": [[0.25, 0.25], [0.25, 0.25]],
            "student_teacher": [[[0.1], [0.1]]],
            "student_readouts": [[0.2, 0.2]],
        }
        rates = {"training": {"learning_rate": 2.0, "readout_learning_rate": 0.5, "loss": loss}}
        if margin is not None:
            rates["training"]["margin"] = margin
        both = run_of(document(loss, margin, overlaps=SINGLE | halves, **blocks) | rates)
        np.testing.assert_allclose(
            both.student_overlaps[:, 1, 0], single.student_overlaps[:, 0, 0], atol=1e-6
        )
        np.testing.assert_allclose(
            both.student_readouts.sum(axis=2), single.student_readouts[:, :, 0], atol=1e-6
        )


def test_students_start_with_readouts_of_zero():
    start = TWO_UNITS | {"student_readouts": [[0.4, -0.3], [0.0, 0.0]]}
    curriculum = {"switch_times": [1.0]}
    for loss, margin in (("logistic", None), ("hinge", 0.5)):
        run = run_of(document(loss, margin, overlaps=start, duration=4.0, curriculum=curriculum))
        assert run.classification_error[0, 1] == run.classification_error[1, 1] == 0.5
        assert run.classification_error[-1, 1] < 0.47
        assert run.time[-1] == 4.0
    still = run_of(document("hinge", 0.0, overlaps=start, duration=2.0, curriculum=curriculum))
    assert np.all(still.student_readouts[:, 1] == 0.0)  # an output of 0 is not below a margin of 0


def test_a_threshold_ends_a_phase_at_this_classification_error():
    for loss, overlaps in (("logistic", TWO_UNITS), ("squared", ONE_UNIT_EACH)):
        blocks = {"curriculum": {"order": [0, 1], "thresholds": [0.2, 0.1]}, "record": {"count": 3}}
        run = run_of(document(loss, rate=1.0, overlaps=overlaps, **blocks))
        switch = run.switch_times[0]
        blocks = {"curriculum": {}, "record": {"times": [0.0, switch]}}
        before = run_of(document(loss, rate=1.0, overlaps=overlaps, duration=switch, **blocks))
        assert abs(before.classification_error[-1, 0] - 0.2) < 1e-6


def test_a_sum_with_too_many_nodes_is_an_error_that_names_the_key():
    with pytest.raises(RunError, match=r"numerics.most_nodes: at t = 0 a sum .* engine chain"):
        run_of(document("logistic", numerics={"most_nodes": 100}))
    aligned = {"student": [[1.0]], "student_teacher": [[[1.0 - 1e-14]]]}
    with pytest.raises(RunError, match="numerics.most_nodes"):
        run_of(document("hinge", 0.0, overlaps=SINGLE | aligned))


def test_teachers_with_equal_units_are_refused():
    T = [[[[1.0, 1.0], [1.0, 1.0]]]]
    R = [[[0.1, 0.1], [0.05, 0.05]]]
    start = TWO_UNITS | {"teacher": T, "student_teacher": R, "student_readouts": [[0.4, -0.3]]}
    with pytest.raises(RunError, match="teachers: .* equal"):
        run_of(document("logistic", overlaps=start | {"teacher_readouts": [[1.0, 0.7]]}))


@pytest.mark.parametrize(
    "blocks, key",
    [
        ({"student": {"hidden": 2, "activation": "relu", "heads": "per_task"}}, "student.activation"),
        ({"curriculum": {"switch_times": [20.0], "replay": {"fraction": 0.1}}}, "curriculum.replay"),
        ({"student": {"hidden": 3, "heads": "per_task"}, "initial_overlaps": None}, "student.hidden"),
    ],
)
def test_what_sums_do_not_support_is_refused_by_name(blocks, key):
    described = document("logistic") | blocks
    described = {name: block for name, block in described.items() if block is not None}
    with pytest.raises(SpecError, match=f"{key}.* engine "):
        run_of(described)
