"""Importances of units: means over inputs against quadrature."""

import itertools

import numpy as np
import pytest

import naive
from teacherstudent.kernels.chain.importances import mean_square_pulls, sign_mean
from teacherstudent.kernels.maths.activations import CODES

C2 = np.array([[0.8, 0.3], [0.3, 1.1]])
C3 = np.array([[0.9, -0.2, 0.4], [-0.2, 0.5, 0.3], [0.4, 0.3, 1.2]])
PAIRS = list(itertools.product(naive.ACTIVATIONS, repeat=2))


def expected(student, teacher, C, h, v, k):
    """<d^2 g'_k^2> as a sum over pairs of units."""
    units = [(student, one) for one in h] + [(teacher, -one) for one in v]
    total = 0.0
    for (a, (g, weight)), (b, (f, other)) in itertools.product(enumerate(units), repeat=2):
        factors = [(a, naive.G[g]), (b, naive.G[f]), (k, naive.DG[student]), (k, naive.DG[student])]
        total += weight * other * naive.quadrature(C, factors)
    return total


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_one_unit_of_each(student, teacher):
    h, v = np.array([0.7]), np.array([-1.2])
    found = mean_square_pulls(CODES[student], CODES[teacher], C2[:1, :1], C2[:1, 1:], C2[1:, 1:], h, v)
    assert found == pytest.approx([expected(student, teacher, C2, h, v, 0)], rel=1e-7)


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_two_units_and_one(student, teacher):
    h, v = np.array([0.7, -0.4]), np.array([0.9])
    parts = C3[:2, :2].copy(), C3[:2, 2:].copy(), C3[2:, 2:].copy()
    found = mean_square_pulls(CODES[student], CODES[teacher], *parts, h, v)
    assert found == pytest.approx([expected(student, teacher, C3, h, v, k) for k in (0, 1)], rel=1e-5)


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_a_student_that_has_learnt_its_teacher(student, teacher):
    """All fields are equal: the error is the difference of two activations of one field."""
    one, h, v = np.array([[1.3]]), np.array([0.8]), np.array([0.8])
    found = mean_square_pulls(CODES[student], CODES[teacher], one, one, one, h, v)

    def error(x):
        return 0.8 * (naive.G[student](x) - naive.G[teacher](x))

    factors = [(0, error), (0, error), (0, naive.DG[student]), (0, naive.DG[student])]
    assert found == pytest.approx([naive.quadrature(one, factors)], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("code", naive.ACTIVATIONS)
def test_mean_with_a_sign(code):
    odd = {"relu": lambda x: x / 2}.get(code, naive.G[code])
    for k, a, b in itertools.permutations(range(3)):
        value = naive.quadrature(C3, [(k, np.sign), (a, np.abs), (b, odd)])
        assert sign_mean(CODES[code], C3, k, a, b) == pytest.approx(value, abs=1e-6)
