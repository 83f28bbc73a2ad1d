"""Engine ode for relu students, and for the squared loss on labels that are signs: references and samples."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from teacherstudent.analysis.equations import equations
from teacherstudent.errors import SpecError
from teacherstudent.networks.sampling import initial_order_parameters
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.axes import with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

CASES = json.loads((Path(__file__).parent / "data" / "classification" / "closed.json").read_text())
NAMES = {
    "Q": "student_overlaps",
    "R": "student_teacher_overlaps",
    "h": "student_readouts",
    "eps": "generalisation_error",
    "squared_error": "generalisation_error",
    "class_error": "classification_error",
}


def spec_of(case, **changes):
    return parse_spec(with_values(CASES[case]["document"], changes))


@cache
def solved(case):
    return simulate(spec_of(case), "ode", 0)


def column(found, name, M):
    """Return a column of the reference as the run has it."""
    symbol, *index = name.split("_")
    if symbol in ("squared", "class"):
        symbol, index = f"{symbol}_error", index[1:]
    index = tuple(map(int, index))
    if symbol == "R":  # columns are the units of all teachers
        index = index[1] // M, index[0], index[1] % M
    return getattr(found, NAMES[symbol])[(slice(None), *index)]


@pytest.mark.parametrize("case", CASES)
def test_equations_have_the_reference(case):
    """References have errors below 2e-8, classification errors are sums with a tolerance of 1e-7."""
    found, rows = solved(case), np.array(CASES[case]["rows"])
    for name, expected in zip(CASES[case]["columns"][2:], rows.T[2:], strict=True):
        close = 3e-7 if name.startswith("class") else 2e-8
        np.testing.assert_allclose(column(found, name, spec_of(case).teachers.hidden), expected, atol=close)


@pytest.mark.parametrize("case", CASES)
def test_samples_of_many_inputs_are_near_the_equations(case):
    """Their distance is of order 1 / sqrt N."""
    changes = {"duration": 10.0, "record.times": [0.0, 5.0, 10.0]}
    if "switch_times" in CASES[case]["document"]["curriculum"]:
        changes["curriculum.switch_times"] = [5.0]
    ode = simulate(spec_of(case, **changes), "ode", 0)
    chain = simulate(spec_of(case, **changes | {"inputs.dimension": 50_000}), "chain", 0)
    for name in ("student_overlaps", "student_teacher_overlaps", "student_readouts"):
        np.testing.assert_allclose(getattr(chain, name), getattr(ode, name), atol=0.03)


@pytest.mark.parametrize("case", ["relu_committee", "relu_signs", "erf_signs"])
def test_a_run_in_two_parts_has_the_same_bits(case, tmp_path):
    end = CASES[case]["document"]["duration"]
    changes = {"record.state": True, "record.times": [0.0, 0.75 * end]}
    part = spec_of(case, **changes | {"duration": 0.75 * end})
    write_runs(tmp_path / "part.h5", [("/", part, "ode", 0, [simulate(part, "ode", 0)])], run_axis=False)
    (start,) = load_start(tmp_path / "part.h5")
    rest = spec_of(case, **changes | {"duration": end, "record.times": [0.75 * end, end]})
    whole, resumed = simulate(rest, "ode", 0), simulate(rest, "ode", 0, start=start)
    for name in ("student_overlaps", "student_readouts", "generalisation_error"):
        np.testing.assert_array_equal(getattr(resumed, name)[-1], getattr(whole, name)[-1])


def drawn(student, teacher, **changes):
    """A small spec with weights that are drawn."""
    document = {
        "inputs": {"dimension": 100},
        "teachers": {"count": 2, "hidden": 1, "activation": teacher, "labels": "sign"},
        "student": {"hidden": 2, "activation": student},
        "training": {"learning_rate": 0.3},
        "curriculum": {"switch_times": [2.0]},
        "duration": 4.0,
        "record": {"count": 3},
    }
    return parse_spec(with_values(document, changes))


INTERVENTIONS = {
    "replay": {"curriculum.replay": {"fraction": 0.3}},
    "consolidation": {"training.consolidation": {"kind": "quadratic", "strength": 0.1}},
    "drift": {"teachers.drift": 0.1},
    "groups of modes": {
        "inputs": {
            "distribution": "correlated",
            "dimension": 100,
            "covariance": {"spectrum": "levels", "values": [0.2, 1.8], "fractions": [0.5, 0.5]},
        }
    },
}


@pytest.mark.parametrize("name", INTERVENTIONS)
@pytest.mark.parametrize("labels", ["sign", "output"])
def test_interventions_and_inputs_are_those_of_other_units(name, labels):
    """A relu student with erf teachers learns, and so do the errors of both tasks that are recorded."""
    changes = {"teachers.labels": labels} | INTERVENTIONS[name]
    found = simulate(drawn("relu", "erf", **changes), "ode", 0)
    assert found.generalisation_error.shape == (3, 2)
    assert np.isfinite(found.student_overlaps).all()
    assert found.generalisation_error[-1, 1] < found.generalisation_error[1, 1]


def test_a_threshold_of_a_linear_student_is_about_the_classification_error():
    spec = drawn(
        "linear",
        "erf",
        **{"curriculum": {"thresholds": [0.2, 0.2]}, "duration": 100.0, "record": {"times": [0.0, 100.0]}},
    )
    (time, *_), record = simulate(spec, "ode", 0).switch_times, [0.0]
    changes = {"curriculum": {}, "duration": float(time), "record": {"times": [*record, float(time)]}}
    alone = simulate(drawn("linear", "erf", **changes | {"inputs.dimension": 100}), "ode", 0)
    assert alone.classification_error[-1, 0] == pytest.approx(0.2, abs=2e-3)  # times are those of steps


REFUSED = [
    ("erf", {"teachers.output_noise": 0.1}, r"^teachers.output_noise: with labels: sign engine ode"),
    ("relu", {"curriculum": {"thresholds": [0.2, 0.2]}}, r"^curriculum.thresholds: engine ode compares"),
]


@pytest.mark.parametrize(("student", "changes", "message"), REFUSED)
def test_what_has_no_closed_form_is_refused(student, changes, message):
    with pytest.raises(SpecError, match=message):
        simulate(drawn(student, "erf", **changes), "ode", 0)


@pytest.mark.parametrize(("student", "labels"), [("relu", "output"), ("erf", "sign")])
def test_the_analysis_refuses_what_it_has_no_derivatives_of(student, labels):
    spec = drawn(student, "erf", **{"teachers.labels": labels})
    with pytest.raises(SpecError, match=r"the analysis has derivatives of erf and linear students"):
        equations(spec, initial_order_parameters(spec, 0, 0))
