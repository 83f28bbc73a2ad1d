"""The Jacobian and the gradient of the error against differences of the slow twins; what counts as moving."""

import dataclasses
from itertools import product

import numpy as np
import pytest

import naive
from analysis import cases
from naive import Setting
from teacherstudent.analysis.equations import equations
from teacherstudent.errors import SpecError
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.integrals import J2
from teacherstudent.kernels.maths.slopes import I2_slopes, precision
from teacherstudent.kernels.ode.state import unpack

PAIRS = list(product(("erf", "linear"), naive.ACTIVATIONS))  # student, teacher
ALL_TERMS = {"decay": 0.3, "output_noise": 0.5, "input_noise": 0.4, "batch": 2}
STEP = 2e-3


def assert_same_slopes(setting, overlaps, active=0, directions=3):
    """Along random directions: one alone would show any wrong entry, several show it in good proportion."""
    system = cases.system_of(setting, overlaps, active)
    y, head = system.vector(), active if len(overlaps.h) > 1 else 0

    def slow_rates(y):
        state = cases.stored(system.order_parameters(y))
        return cases.coordinates(system, *naive.rate_of_change(setting, state, active, head))

    for direction in np.random.default_rng(9).normal(size=(directions, len(system.entries))):
        along = direction @ system.directions
        expected = cases.difference(lambda s, along=along: slow_rates(y + s * along), STEP)
        found = system.jacobian(y) @ direction
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("heads", ["per_task", "shared"])
@pytest.mark.parametrize("P, M, K", [(1, 1, 1), (1, 2, 3), (2, 1, 2), (3, 2, 2)])
def test_all_terms_for_all_sizes(P, M, K, heads):
    overlaps = naive.random_overlaps(np.random.default_rng(K), P, M, K, P if heads == "per_task" else 1)
    frozen = (1,) if K > 1 else ()
    assert_same_slopes(Setting(**ALL_TERMS, frozen=frozen), overlaps, active=P - 1)


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_all_terms_for_all_activations(student, teacher):
    overlaps = naive.random_overlaps(np.random.default_rng(1), 2, 2, 3, 2)
    assert_same_slopes(Setting(student, teacher, **ALL_TERMS, frozen=(0,)), overlaps, active=1)


@pytest.mark.parametrize("term", naive.SINGLE_TERMS)
def test_each_term_by_itself(term):
    overlaps = naive.random_overlaps(np.random.default_rng(3), 2, 2, 3, 2)
    assert_same_slopes(naive.SINGLE_TERMS[term], overlaps, directions=1)


def test_at_the_teacher_where_overlaps_are_singular():
    overlaps = naive.overlaps_of(*[np.eye(2, 4), np.ones((1, 2)), np.eye(2, 4)[None], np.ones((1, 2))])
    assert_same_slopes(Setting(output_noise=0.2), overlaps)


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_gradient_of_the_error(student, teacher):
    """On clean inputs, whatever the noise in training."""
    overlaps = naive.random_overlaps(np.random.default_rng(2), 2, 2, 3, 2)
    system = cases.system_of(Setting(student, teacher, **ALL_TERMS), overlaps, active=1)
    y = system.vector()

    def slow_error(y):
        Q, R, T, h, v = cases.stored(system.order_parameters(y))
        return naive.generalisation_error(student, teacher, Q, R[1], T[1, 1], h[1], v[1])

    slopes = [cases.difference(lambda s, e=e: slow_error(y + s * e), STEP) for e in system.directions]
    np.testing.assert_allclose(system.error_gradient(y), slopes, rtol=0, atol=1e-11)


@pytest.mark.parametrize("a, b", product(naive.ACTIVATIONS, repeat=2))
def test_slopes_of_the_mean_of_two_activations(a, b):
    c = np.array([0.7, 0.3, 0.9])

    def I2(c):
        return naive.I2(a, b, np.array([[c[0], c[1]], [c[1], c[2]]]))

    slopes = [cases.difference(lambda s, e=e: I2(c + s * e), STEP) for e in np.eye(3)]
    np.testing.assert_allclose(I2_slopes(CODES[a], CODES[b], *c), slopes, rtol=0, atol=1e-12)


@pytest.mark.parametrize("a, b", PAIRS)
def test_change_of_the_mean_of_two_slopes(a, b):
    codes, c = (CODES[a], CODES[b]), np.array([0.7, 0.3, 0.9])
    slopes = [cases.difference(lambda s, e=e: J2(*codes, *(c + s * e)), STEP) for e in np.eye(3)]
    expected = -J2(*codes, *c) * np.array([0.5, 1.0, 0.5]) * precision(*codes, *c)
    np.testing.assert_allclose(slopes, expected, rtol=0, atol=1e-12)


# Coordinates


def test_every_number_that_moves_is_a_coordinate_and_no_other():
    """Two teachers, unit 0 frozen: its overlap with itself and with the teachers rest, and so does head 0."""
    overlaps = naive.random_overlaps(np.random.default_rng(4), 2, 1, 2, 2)
    system = cases.system_of(Setting(frozen=(0,)), overlaps, active=1)
    Q, R, h = unpack(system.directions, system.constants.model.layout)
    assert len(Q) == 6
    np.testing.assert_array_equal(Q[:2], [[[0, 1], [1, 0]], [[0, 0], [0, 1]]])
    np.testing.assert_array_equal(R[2:4].reshape(2, 4), np.eye(4)[2:])
    np.testing.assert_array_equal(h[4:].reshape(2, 4), np.eye(4)[2:])
    assert system.directions.sum() == 7


def test_rates_are_those_of_the_coordinates():
    overlaps = naive.random_overlaps(np.random.default_rng(5), 2, 2, 3, 2)
    setting = Setting(**ALL_TERMS, frozen=(2,))
    system = cases.system_of(setting, overlaps)
    expected = cases.coordinates(system, *naive.rate_of_change(setting, overlaps, 0, 0))
    np.testing.assert_allclose(system.rates(system.vector()), expected, rtol=1e-12)


def test_what_has_no_equations_is_refused():
    overlaps = naive.random_overlaps(np.random.default_rng(6), 2, 1, 2, 2)
    start, spec = cases.flat(overlaps), cases.spec_of(Setting(), overlaps)
    with pytest.raises(SpecError, match=r"^student.activation: relu: the analysis has derivatives of erf"):
        equations(cases.spec_of(Setting("relu"), overlaps), start)
    with pytest.raises(SpecError, match=r"^student.activation, .*: the analysis has derivatives of means"):
        equations(cases.spec_of(Setting("tanh"), overlaps), start)
    with pytest.raises(SpecError, match=r"^start: NoneType is not allowed; it must be OrderParameters"):
        equations(spec, None)
    with pytest.raises(
        ValueError, match=r"^R has shape \(2, 1\) at the start; by the spec it must be \(2, 2\)$"
    ):
        equations(spec, start._replace(R=start.R[:, :1]))
    with pytest.raises(ValueError, match=r"^teacher 2 is not one of 0 to 1$"):
        equations(spec, start, teacher=2)
    with pytest.raises(ValueError, match="^the state is constant"):
        equations(cases.spec_of(Setting(eta=0.0, eta_h=0.0), overlaps), start)
    with pytest.raises(ValueError, match="^the state is constant"):
        equations(cases.spec_of(Setting(readouts=False, frozen=(0, 1), decay=0.1), overlaps), start)


@pytest.mark.parametrize(
    ("key", "blocks"),
    [
        (
            "training.learning_rate",
            {"training": {"learning_rate": [{"until": 1.0, "value": 1.0}, {"value": 2.0}]}},
        ),
        (
            "training.deficits",
            {"training": {"learning_rate": 1.0, "deficits": [{"start": 0.0, "input_noise": 1.0}]}},
        ),
        ("curriculum.mixture", {"curriculum": {"mixture": [{"probabilities": [0.5, 0.5]}]}}),
    ],
)
def test_equations_that_change_in_the_course_of_a_run_are_refused(key, blocks):
    overlaps = naive.random_overlaps(np.random.default_rng(2), 2, 1, 2, 2)
    spec = cases.spec_of(Setting(), overlaps, **blocks)
    with pytest.raises(
        SpecError, match=f"^{key}: the analysis is of one task with constant rates; remove it$"
    ):
        equations(spec, cases.flat(overlaps))


def test_moving_teachers_are_refused():
    overlaps = naive.random_overlaps(np.random.default_rng(2), 2, 1, 2, 2)
    spec = cases.spec_of(Setting(), overlaps)
    spec = dataclasses.replace(spec, teachers=dataclasses.replace(spec.teachers, drift=(0.1, 0.0)))
    with pytest.raises(SpecError, match="^teachers.drift: the analysis is of one task"):
        equations(spec, cases.flat(overlaps))


def test_a_learning_rate_of_each_task_is_that_of_its_equations():
    overlaps = naive.random_overlaps(np.random.default_rng(2), 2, 1, 2, 2)
    rates = [
        equations(
            cases.spec_of(Setting(), overlaps, training={"learning_rate": rate}), cases.flat(overlaps), 1
        )
        for rate in ([9.0, 0.3], 0.3)
    ]
    y = rates[0].vector()
    np.testing.assert_array_equal(rates[0].rates(y), rates[1].rates(y))
