"""Generalisation errors against sampled fields and in cases that are known in closed form."""

from itertools import product

import numpy as np
import pytest

import naive
from teacherstudent.kernels.maths.activations import CODES, ERF
from teacherstudent.kernels.maths.generalisation import (
    generalisation_error,
    generalisation_errors,
    generalisation_errors_of_records,
)

PAIRS = list(product(naive.ACTIVATIONS, repeat=2))


def flat(overlaps):
    """The overlaps in the order of the kernels: teacher units of all teachers in one row."""
    Q, R, T, h, v = overlaps
    R = R.transpose(1, 0, 2).reshape(len(Q), v.size)
    return Q, R, T.transpose(0, 2, 1, 3).reshape(v.size, v.size), h, v


def error(student, teacher, *overlaps):
    return generalisation_error(CODES[student], CODES[teacher], *overlaps)


def errors(student, teacher, overlaps):
    return generalisation_errors(CODES[student], CODES[teacher], *flat(overlaps))


@pytest.mark.parametrize("student, teacher", PAIRS)
@pytest.mark.parametrize("M, K", [(1, 2), (3, 2)])
def test_error_is_the_mean_over_sampled_inputs(student, teacher, M, K):
    rng = np.random.default_rng(M)
    Q, R, T, h, v = naive.random_overlaps(rng, 1, M, K, 1)
    one = Q, R[0], T[0, 0], h[0], v[0]
    estimate, deviation = naive.monte_carlo_error(student, teacher, *one, rng)
    assert deviation < 0.01 * estimate
    assert abs(error(student, teacher, *one) - estimate) < 4 * deviation


@pytest.mark.parametrize("student, teacher", PAIRS)
@pytest.mark.parametrize("heads", ["per_task", "shared"])
def test_every_teacher_is_compared_with_its_own_head(student, teacher, heads):
    P = 3
    overlaps = naive.random_overlaps(np.random.default_rng(5), P, M=2, K=3, H=P if heads == "per_task" else 1)
    Q, R, T, h, v = overlaps
    expected = [
        naive.generalisation_error(student, teacher, Q, R[p], T[p, p], h[p if len(h) > 1 else 0], v[p])
        for p in range(P)
    ]
    np.testing.assert_allclose(errors(student, teacher, overlaps), expected, rtol=1e-12)


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_records_have_the_errors_of_each(student, teacher):
    rng, codes = np.random.default_rng(6), (CODES[student], CODES[teacher])
    Q, R, T, h, v = flat(naive.random_overlaps(rng, 2, M=2, K=3, H=2))
    factors = rng.uniform(0.5, 1.0, size=(4, 1, 1))
    together = generalisation_errors_of_records(*codes, factors * Q, factors * R, T, factors * h, v)
    single = [generalisation_errors(*codes, factor * Q, factor * R, T, factor * h, v) for factor in factors]
    # The kernel for erf units adds the same terms in another order.
    np.testing.assert_allclose(together, single, rtol=0, atol=1e-14 if codes == (ERF, ERF) else 0)


def test_no_records_have_no_errors():
    Q, R, T, h, v = flat(naive.random_overlaps(np.random.default_rng(6), 2, M=1, K=1, H=1))
    assert generalisation_errors_of_records(0, 0, Q[None][:0], R[None][:0], T, h[None][:0], v).shape == (0, 2)


@pytest.mark.parametrize("teacher, variance", [("erf", 1 / 3), ("linear", 1.0), ("relu", 0.5)])
@pytest.mark.parametrize("student", naive.ACTIVATIONS)
def test_error_before_training_is_half_the_power_of_the_teacher(student, teacher, variance):
    Q, R, T = 1e-12 * np.eye(2), np.zeros((2, 1)), np.eye(1)
    assert error(student, teacher, Q, R, T, np.full(2, 1e-6), np.ones(1)) == pytest.approx(
        variance / 2, rel=1e-9
    )


@pytest.mark.parametrize("activation", naive.ACTIVATIONS)
def test_a_student_equal_to_its_teacher_makes_no_error(activation):
    T = np.cov(np.random.default_rng(1).normal(size=(3, 9)))
    v = np.array([1.0, -2.0, 0.5])
    assert 0.0 <= error(activation, activation, T, T, T, v, v) < 1e-14


@pytest.mark.parametrize("activation", naive.ACTIVATIONS)
def test_several_units_can_share_the_work_of_one(activation):
    """Two equal units with readouts 0.3 and 0.7 are one unit with readout 1."""
    Q, R, T = np.ones((2, 2)), np.ones((2, 1)), np.ones((1, 1))
    assert error(activation, activation, Q, R, T, np.array([0.3, 0.7]), np.ones(1)) < 1e-14


def test_linear_error_is_a_quadratic_form():
    Q, R, T, h, v = naive.random_overlaps(np.random.default_rng(2), 1, 3, 2, 1)
    h, v, R, T = h[0], v[0], R[0], T[0, 0]
    expected = 0.5 * (h @ Q @ h - 2 * h @ R @ v + v @ T @ v)
    assert error("linear", "linear", Q, R, T, h, v) == pytest.approx(expected, rel=1e-13)


def test_symmetric_plateau():
    """Saad & Solla 1995: on the plateau of K units learning K orthogonal ones the error is known."""
    for K, known in ((2, 0.0116108), (3, 0.0202966), (5, 0.0362263), (10, 0.0744533)):
        Q, R = np.full((K, K), 1 / (2 * K - 1)), np.full((K, K), 1 / np.sqrt(K * (2 * K - 1)))
        value = error("erf", "erf", Q, R, np.eye(K), np.ones(K), np.ones(K))
        assert value == pytest.approx(K / np.pi * (np.pi / 6 - K * np.arcsin(1 / (2 * K))), rel=1e-12)
        assert value == pytest.approx(known, abs=6e-8)


def test_not_a_number_is_not_taken_for_no_error():
    nan = np.full((1, 1), np.nan)
    assert np.isnan(error("erf", "erf", nan, nan, np.eye(1), np.ones(1), np.ones(1)))
