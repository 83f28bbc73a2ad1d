"""Gaussian integrals of pairs of units without closed forms, against sums that are made otherwise."""

import math

import numpy as np
import pytest
from numba import njit

import naive
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.maths.pair_sums import _double_sum, pair_mean

SMOOTH = ("sigmoid", "tanh", "quadratic", "erf", "linear")
COVARIANCES = [(1.0, 0.3, 0.5), (0.2, -0.4, 1.0), (9.0, 2.0, 0.5), (2.0, 2.0, 2.0), (4.0, -2.8, 2.0)]


@njit
def mean_of(a, b, c11, c12, c22):
    return pair_mean(a, b, c11, c12, c22)


@njit
def summed(a, b, c11, c12, c22):
    return _double_sum(a, b, c11, c12, c22)


def trapezoidal(a, b, c11, c12, c22):
    """E[g_a(x1) g_b(x2)] by equidistant nodes, which are best for smooth functions."""
    z = np.linspace(-9.0, 9.0, 401)
    w = np.exp(-(z**2) / 2)
    x = math.sqrt(c11) * z[:, None]
    y = c12 / c11 * x + math.sqrt(max(c22 - c12**2 / c11, 0.0)) * z
    return np.einsum("i,j,ij", w, w, naive.G[a](x) * naive.G[b](y)) / w.sum() ** 2


@pytest.mark.parametrize("covariances", COVARIANCES)
@pytest.mark.parametrize("other", SMOOTH)
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "quadratic"])
def test_smooth_pairs(name, other, covariances):
    scale = math.sqrt(trapezoidal(name, name, *[covariances[0]] * 3))
    scale *= math.sqrt(trapezoidal(other, other, *[covariances[2]] * 3))
    found = mean_of(CODES[name], CODES[other], *covariances)
    assert abs(found - trapezoidal(name, other, *covariances)) < 1e-7 * scale


@pytest.mark.parametrize("covariances", COVARIANCES)
@pytest.mark.parametrize("pair", [("relu", "relu"), ("relu", "erf"), ("erf", "relu"), ("linear", "relu")])
def test_sums_of_units_with_a_kink_are_the_closed_forms(pair, covariances):
    a, b = (CODES[name] for name in pair)
    expected = mean_of(a, b, *covariances)
    size = math.sqrt(mean_of(a, a, *[covariances[0]] * 3) * mean_of(b, b, *[covariances[2]] * 3))
    assert abs(summed(a, b, *covariances) - expected) < 1e-7 * size


def test_relu_and_quadratic_units():
    c11, c12, c22 = 1.3, 0.7, 0.8
    s = c12 / c22
    expected = 0.5 * (s**2 * 2 * math.sqrt(2 / math.pi) * c22**1.5
                      + (c11 - s * c12) * math.sqrt(2 * c22 / math.pi))  # fmt: skip
    found = [mean_of(CODES["quadratic"], CODES["relu"], c11, c12, c22)]
    found += [mean_of(CODES["relu"], CODES["quadratic"], c22, c12, c11)]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("pair", [("tanh", "erf"), ("sigmoid", "relu"), ("quadratic", "quadratic")])
def test_generalisation_errors_against_samples(pair):
    rng = np.random.default_rng(1)
    F = rng.normal(size=(4, 5)) / 2
    C, h, v = F @ F.T, np.array([0.7, -1.2]), np.array([0.5, 0.9])
    x = rng.multivariate_normal(np.zeros(4), C, size=400_000)
    squares = 0.5 * (naive.G[pair[0]](x[:, :2]) @ h - naive.G[pair[1]](x[:, 2:]) @ v) ** 2
    found = generalisation_error(*(CODES[name] for name in pair), C[:2, :2], C[:2, 2:], C[2:, 2:], h, v)
    assert abs(found - squares.mean()) < 4 * squares.std() / math.sqrt(len(x))
