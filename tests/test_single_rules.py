"""Rules of one linear unit that learns signs: averages over angles, references and limits."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from teacherstudent.api import run
from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.independent import Independent
from teacherstudent.engines.rates import Stage
from teacherstudent.errors import RunError
from teacherstudent.kernels.ode.means import fill_means
from teacherstudent.kernels.ode.models import means_for
from teacherstudent.kernels.ode.single import AdaTron, Hebb, Perceptron
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.axes import with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

DATA = Path(__file__).parent / "data" / "classification" / "single_rules.csv"
LOSSES = {
    "hebb": {"loss": "hebbian"},
    "perceptron": {"loss": "hinge", "margin": 0.0},
    "adatron": {"loss": "squared_hinge", "margin": 0.0},
    "squared": {"loss": "squared"},
}
DOCUMENT = {
    "inputs": {"dimension": 1_000_000_000},  # so that times are not rounded
    "teachers": {"activation": "linear", "labels": "sign"},
    "student": {"activation": "linear"},
    "training": {"learning_rate": 1.0, "train": ["features"]},
    "duration": 100.0,
    "initial_overlaps": {
        "student": [[1.0]],
        "student_teacher": [[[0.1]]],
        "teacher": [[[[1.0]]]],
        "student_readouts": [[1.0]],
        "teacher_readouts": [[1.0]],
    },
}


def spec_of(rule, times, flips=0.0, **changes):
    """The spec of a rule that is recorded at some times."""
    settings = {f"training.{key}": value for key, value in LOSSES[rule].items()}
    settings |= {"duration": times[-1], "record": {"times": list(times)}, "teachers.label_flips": flips}
    return parse_spec(with_values(DOCUMENT, settings | changes))


# The means over the fields


class Model(NamedTuple):
    """Readouts and covariance of two fields."""

    c: np.ndarray
    C: np.ndarray


def slope(law, phi, y):
    """The derivative of the loss."""
    wrong = y * phi < 0.0
    return {Hebb: -y, Perceptron: -y * wrong, AdaTron: phi * wrong}[law]


def averages(law, h, v, C, flip, noise):
    """<D x_1>, <D x_2>, <D^2> as averages over the direction of two normals times powers of their length."""
    angles = (np.arange(2_000_000) + 0.5) * (2.0 * np.pi / 2_000_000)
    rows = np.linalg.cholesky(np.array(C) + np.diag([0.0, noise / v**2]))
    x1, seen = rows @ np.stack([np.cos(angles), np.sin(angles)])
    clean = np.sign(v * seen)
    found = np.zeros(3)
    # x_2 is its regression on both fields, plus what has nothing to do with them.
    regression = np.linalg.solve(rows @ rows.T, np.array([C[0][1], C[1][1]]))
    x2 = regression @ np.stack([x1, seen])
    degree = 1.0 if law is AdaTron else 0.0
    length = {0.0: 1.0, 1.0: np.sqrt(np.pi / 2.0), 2.0: 2.0}  # means of powers of the length of two normals
    for y, share in ((clean, 1.0 - flip), (-clean, flip)):
        D = slope(law, h * x1, y)
        found += share * np.array(
            [
                length[degree + 1.0] * np.mean(D * x1),
                length[degree + 1.0] * np.mean(D * x2),
                length[2.0 * degree] * np.mean(D**2),
            ]
        )
    return found


@njit
def compiled(law, model, noise, flip, found):
    return fill_means(law, model, noise, flip, found, 0)


CASES = [(1.3, 1.0, 0.1, 0.0), (-0.7, 2.0, 0.0, 0.0), (0.8, -1.5, 0.2, 0.5), (1.0, 1.0, 0.5, 0.0)]


@pytest.mark.parametrize("law", [Hebb, Perceptron, AdaTron])
@pytest.mark.parametrize("case", CASES)
def test_means_are_averages_over_angles(law, case):
    h, v, flip, noise = case
    model, found = Model(np.array([h, -v]), np.array([[1.7, 0.6], [0.6, 0.9]])), means_for(1, 2)
    assert compiled(law(), model, noise, flip, found)
    given = [*(found.weights[0] @ model.C), found.power[0, 0]]
    np.testing.assert_allclose(given, averages(law, h, v, model.C, flip, noise), atol=3e-6)
    np.testing.assert_allclose(found.output[0], given[0], rtol=1e-13)


# Trajectories


@cache
def reference(rule):
    """Rows of the reference of a rule: learning rate, times, and error, R and Q."""
    with DATA.open() as file:
        rows = [list(row.values())[1:] for row in csv.DictReader(file) if row["rule"] == rule]
    rows = np.array(rows, dtype=float)
    return rows[0, 0], rows[:, 1], rows[:, 2:]


@pytest.mark.parametrize("rule", LOSSES)
def test_equations_have_the_reference(rule):
    rate, times, expected = reference(rule)
    found = run(spec_of(rule, times, **{"training.learning_rate": rate}), "ode")
    R, Q = found.student_teacher_overlaps.ravel(), found.student_overlaps.ravel()
    np.testing.assert_allclose(R, expected[:, 1], rtol=1e-8)
    np.testing.assert_allclose(Q, expected[:, 2], rtol=1e-8)
    np.testing.assert_allclose(found.classification_error.ravel(), expected[:, 0], rtol=1e-6)


LIMITS = [
    ("hebb", 1.0, 0.5, (2.0 * np.pi) ** -0.5),
    ("perceptron", 1.0, 1.0 / 3.0, (2.0 / 3.0) ** (1.0 / 3.0) / np.pi),
    ("adatron", 1.0, 1.0, 1.5),
    ("adatron", 1.5, 1.0, 4.0 / 3.0),
]


@pytest.mark.parametrize(("rule", "rate", "power", "factor"), LIMITS)
def test_errors_at_long_times(rule, rate, power, factor):
    found = run(spec_of(rule, [0.0, 1e4], **{"training.learning_rate": rate}), "ode")
    assert found.classification_error[-1, 0] * 1e4**power / factor == pytest.approx(1.0, abs=5e-4)


STOPPED = [
    ("perceptron", 0.05, 0.143566),
    ("perceptron", 0.2, 0.295167),
    ("adatron", 0.05, 0.159953),
    ("adatron", 0.1, 0.207585),
]


@pytest.mark.parametrize(("rule", "flips", "error"), STOPPED)
def test_where_flips_stop_a_rule(rule, flips, error):
    """At t = 1e4 the AdaTron is shorter than the smallest number; before, its direction is exact."""
    time = 1e6 if rule == "perceptron" else 500.0
    found = run(spec_of(rule, [0.0, time], flips), "ode")
    assert found.classification_error[-1, 0] == pytest.approx(error, abs=1e-5)


def test_an_adatron_with_flips_becomes_shorter_at_a_constant_rate():
    Q = run(spec_of("adatron", [0.0, 500.0, 1000.0], 0.1), "ode").student_overlaps.ravel()
    assert np.log(Q[1] / Q[2]) / 500.0 == pytest.approx(0.143, abs=5e-4)


def test_an_adatron_that_is_too_short_is_an_error_that_says_so():
    form = Independent.at_start(Origin(spec_of("adatron", [0.0, 500.0], 0.1), 0, 0), 0)
    stage = Stage(*[None] * len(Stage._fields))._replace(end=1e4)
    form.y[0] = 1e-300
    with pytest.raises(RunError, match=r"at t = 5000 the squared length .* teachers.label_flips .* duration"):
        form.report_stuck(stage, 5000.0, 10)
    form.y[0] = 1e-3
    with pytest.raises(RunError, match="the equations are stiff"):
        form.report_stuck(stage, 5000.0, 10)


@pytest.mark.parametrize("rule", ["hebb", "perceptron", "adatron"])
def test_a_run_resumes_with_the_same_bits(rule, tmp_path):
    whole = spec_of(rule, [0.0, 3.0, 7.0], 0.1, **{"record.state": True})
    first = spec_of(rule, [0.0, 2.0], 0.1, **{"record.state": True})
    write_runs(tmp_path / "first.h5", [("/", first, "ode", 1, [simulate(first, "ode", 1)])], run_axis=False)
    (start,) = load_start(tmp_path / "first.h5")
    found, expected = simulate(whole, "ode", 1, start=start), simulate(whole, "ode", 1)
    for name in ("student_overlaps", "student_teacher_overlaps"):
        np.testing.assert_array_equal(getattr(found, name)[-2:], getattr(expected, name)[-2:])


def test_the_loss_of_a_resumed_run_can_change(tmp_path):
    """The restart point of the run is then not used: it belongs to other equations."""
    first = spec_of("hebb", [0.0, 2.0], **{"record.state": True})
    write_runs(tmp_path / "first.h5", [("/", first, "ode", 1, [simulate(first, "ode", 1)])], run_axis=False)
    (start,) = load_start(tmp_path / "first.h5")
    other = simulate(spec_of("perceptron", [0.0, 2.0, 7.0]), "ode", 1, start=start)
    same = simulate(spec_of("hebb", [0.0, 2.0, 7.0]), "ode", 1, start=start)
    assert other.student_overlaps[-1, 0, 0] < 0.9 * same.student_overlaps[-1, 0, 0]
