"""Activations against scipy, and their derivatives against finite differences."""

import numpy as np
import pytest

import naive
from teacherstudent.kernels.activations import CODES, dg, g

POINTS = np.concatenate([np.linspace(-6.0, 6.0, 48), [-1e-3, 1e-3, 30.0, -30.0]])


def test_there_is_a_slow_twin_of_every_activation():
    assert set(CODES) == set(naive.ACTIVATIONS)


@pytest.mark.parametrize("name", naive.ACTIVATIONS)
def test_values_are_those_of_the_twin(name):
    values = [g(CODES[name], x) for x in POINTS]
    np.testing.assert_allclose(values, naive.G[name](POINTS), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", naive.ACTIVATIONS)
def test_derivatives_are_finite_differences(name):
    step = 1e-5
    slopes = [(g(CODES[name], x + step) - g(CODES[name], x - step)) / (2 * step) for x in POINTS]
    np.testing.assert_allclose([dg(CODES[name], x) for x in POINTS], slopes, rtol=0, atol=1e-10)


def test_relu_is_flat_at_its_kink():
    assert (g(CODES["relu"], 0.0), dg(CODES["relu"], 0.0)) == (0.0, 0.0)


@pytest.mark.parametrize("name", naive.ACTIVATIONS)
def test_not_a_number_stays_not_a_number(name):
    assert np.isnan(g(CODES[name], np.nan))
