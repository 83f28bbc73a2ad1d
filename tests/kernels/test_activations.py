"""Activations against scipy, and their derivatives against finite differences."""

import numpy as np
import pytest
from numba import njit

import naive
from teacherstudent.kernels.maths.activations import CODES, activate

POINTS = np.concatenate([np.linspace(-6.0, 6.0, 48), [-1e-3, 1e-3, 30.0, -30.0]])


@njit
def activated(code, x, value, slope):
    activate(code, x, value, slope)


def both(name, x):
    """Values and slopes of an activation at some points."""
    value, slope = np.empty_like(x), np.empty_like(x)
    activated(CODES[name], x, value, slope)
    return value, slope


def test_there_is_a_slow_twin_of_every_activation():
    assert set(CODES) == set(naive.G) == set(naive.DG)


@pytest.mark.parametrize("name", naive.G)
def test_values_are_those_of_the_twin(name):
    np.testing.assert_allclose(both(name, POINTS)[0], naive.G[name](POINTS), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", naive.G)
def test_derivatives_are_finite_differences(name):
    step = 1e-5
    slopes = (both(name, POINTS + step)[0] - both(name, POINTS - step)[0]) / (2 * step)
    rounding = 1e-10 * (1.0 + np.abs(naive.G[name](POINTS)))
    np.testing.assert_array_less(np.abs(both(name, POINTS)[1] - slopes), rounding)


def test_relu_is_flat_at_its_kink():
    assert both("relu", np.zeros(1)) == (0.0, 0.0)


@pytest.mark.parametrize("name", naive.G)
def test_not_a_number_stays_not_a_number(name):
    assert np.isnan(both(name, np.array([np.nan]))[0])
