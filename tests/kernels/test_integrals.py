"""Gaussian integrals against quadrature, for random covariances and for fields that coincide."""

from itertools import product

import numpy as np
import pytest

import naive
from teacherstudent.kernels.maths import integrals
from teacherstudent.kernels.maths.activations import CODES

SMOOTH = ("erf", "linear")  # the activations of a student: their derivatives stand in J2, I3 and I4
DRAWS = range(3)


def random_covariance(seed, size):
    """Covariance of fields, with variances around 1 or, where the quadrature can follow, around 3."""
    A = np.random.default_rng(seed).normal(size=(size, size + 5))
    return A @ A.T / (size + 5) * (3.0 if seed % 2 and size < 4 else 1.0)


def upper(C):
    """c11, c12, ..., c22, ...: the order of the arguments."""
    return C[np.triu_indices(len(C))]


def repeated(C, pattern):
    """Covariance of fields of which some are the same."""
    return C[np.ix_(pattern, pattern)]


def integral(name, codes, C):
    return getattr(integrals, name)(*(CODES[code] for code in codes), *upper(C))


def assert_integral(name, codes, functions, C, pattern):
    """Compare an integral over the fields `pattern` with quadrature over the distinct ones, covariance C."""
    expected = naive.quadrature(C, list(zip(pattern, functions, strict=True)))
    assert integral(name, codes, repeated(C, pattern)) == pytest.approx(expected, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("a, b", product(naive.ACTIVATIONS, repeat=2))
@pytest.mark.parametrize("pattern", [(0, 1), (0, 0)], ids=str)
@pytest.mark.parametrize("seed", DRAWS)
def test_I2(a, b, pattern, seed):
    C = random_covariance(seed, 1 + max(pattern))
    assert_integral("I2", (a, b), (naive.G[a], naive.G[b]), C, pattern)


@pytest.mark.parametrize("a, b", product(SMOOTH, naive.ACTIVATIONS))
@pytest.mark.parametrize("pattern", [(0, 1), (0, 0)], ids=str)
@pytest.mark.parametrize("seed", DRAWS)
def test_J2(a, b, pattern, seed):
    C = random_covariance(seed, 1 + max(pattern))
    assert_integral("J2", (a, b), (naive.DG[a], naive.DG[b]), C, pattern)


@pytest.mark.parametrize("a, b", product(SMOOTH, naive.ACTIVATIONS))
@pytest.mark.parametrize("pattern", [(0, 1, 2), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 0, 0)], ids=str)
@pytest.mark.parametrize("seed", DRAWS)
def test_I3(a, b, pattern, seed):
    C = random_covariance(seed, 1 + max(pattern))
    assert_integral("I3", (a, b), (naive.DG[a], naive.G["linear"], naive.G[b]), C, pattern)


@pytest.mark.parametrize("a, b, d", product(SMOOTH, naive.ACTIVATIONS, naive.ACTIVATIONS))
@pytest.mark.parametrize("pattern", [(0, 1, 2, 3), (0, 0, 1, 2), (0, 1, 0, 2), (0, 1, 2, 2)], ids=str)
def test_I4(a, b, d, pattern):
    C = random_covariance(sum(pattern), 1 + max(pattern))
    functions = (naive.DG[a], naive.DG[a], naive.G[b], naive.G[d])
    assert_integral("I4", (a, b, d), functions, C, pattern)


@pytest.mark.parametrize("pattern", [(0, 1, 0, 1), (0, 0, 0, 1), (0, 0, 1, 1), (0, 0, 0, 0)], ids=str)
@pytest.mark.parametrize("a, b, d", product(SMOOTH, SMOOTH, SMOOTH))
def test_I4_of_few_fields(a, b, d, pattern):
    C = random_covariance(sum(pattern), 1 + max(pattern))
    functions = (naive.DG[a], naive.DG[a], naive.G[b], naive.G[d])
    assert_integral("I4", (a, b, d), functions, C, pattern)


@pytest.mark.parametrize("scale", [1e-14, 1e-6, 1e4])
def test_erf_integrals_of_tiny_and_large_fields_are_those_of_the_papers(scale):
    C = random_covariance(0, 4) * scale
    assert integral("I2", ("erf", "erf"), C[:2, :2]) == pytest.approx(naive.I2("erf", "erf", C), rel=1e-12)
    assert integral("J2", ("erf", "erf"), C[:2, :2]) == pytest.approx(naive.J2("erf", C), rel=1e-12)
    assert integral("I3", ("erf", "erf"), C[:3, :3]) == pytest.approx(naive.I3("erf", "erf", C), rel=1e-10)
    assert integral("I4", ("erf",) * 3, C) == pytest.approx(naive.I4_erf(C), rel=1e-10)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_relu_fields_along_one_line(sign):
    C = np.array([[2.0, sign * 3.0], [sign * 3.0, 4.5]])
    expected = 1.5 if sign > 0 else 0.0  # E[max(x, 0) max(1.5 x, 0)] = 1.5 * 2 / 2
    assert integral("I2", ("relu", "relu"), C) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("a, b", product(naive.ACTIVATIONS, repeat=2))
def test_fields_that_are_zero_have_no_integral(a, b):
    assert integral("I2", (a, b), np.zeros((2, 2))) == 0.0
    assert integral("I2", (a, b), np.diag([1.0, 0.0])) == 0.0
