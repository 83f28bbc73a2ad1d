"""Asymptotic errors: published values by fixed point, and the closed forms they approach."""

import numpy as np
import pytest
from goldt2019_asymptotic_error import NOTEBOOK, RATES

import naive
from analysis import cases
from teacherstudent.analysis import (
    committee,
    denoiser_error,
    denoiser_state,
    first_layer_error,
    fixed_point,
    informed_state,
    linear_error,
    long_time_state,
)

BOTH = ("features", "readouts")
# Both layers trained, started from copies that share the work, M = 2, sigma = 0.01, by another program.
COPIES = {
    0.01: {2: 0.184567, 4: 0.092086, 6: 0.061346, 8: 0.045993},
    0.05: {2: 0.187801, 4: 0.092884, 6: 0.061700, 8: 0.046192},
    0.2: {2: 0.201009, 4: 0.096003, 6: 0.063061, 8: 0.046950},
}


def scaled_error(start, rate, noise, train=("features",)):
    """eps / (sigma^2 eta) at the fixed point next to a state."""
    found = fixed_point(committee(start, rate, noise, train), start)
    assert found.converged and found.realisable
    return found.generalisation_error[0] / (noise**2 * rate)


TABLE = [
    (*size, rate, value) for size, row in NOTEBOOK.items() for rate, value in zip(RATES, row, strict=True)
]


@pytest.mark.parametrize("M, K, rate, value", TABLE)
def test_first_layer_as_published(M, K, rate, value):
    """The table is the limit of small noise; the next order, sigma^2, is removed with the help of two noises.

    At sigma = 0.01 it is below 1e-4 of the value, but for the largest K and rate: 1.2e-4.
    """
    start = informed_state(M, K)
    large, small = (scaled_error(start, rate, noise) for noise in (0.01, 0.005))
    assert (4 * small - large) / 3 == pytest.approx(value, rel=5e-6)
    if (K, rate) != (5, 0.5):
        assert large == pytest.approx(value, rel=1e-4)


def deviations(formula, start, M, K, train):
    """Of the fixed point from a formula, at two small rates, the second half the first."""
    for rate in (2e-3, 1e-3):
        yield scaled_error(start, rate, 0.01, train) * 0.01**2 * rate / formula(M, K, rate, 0.01) - 1


@pytest.mark.parametrize("M, K", NOTEBOOK)
def test_first_layer_approaches_the_formula(M, K):
    """The difference is of the next order in eta."""
    first, half = deviations(first_layer_error, informed_state(M, K), M, K, ("features",))
    assert 0 < half < 2e-3
    assert first / half == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("M, K", [(1, 1), (3, 2), (2, 4), (4, 8)])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_linear_units(M, K, part):
    """The closed form is exact, for any teacher, at any part of the rate at which it diverges."""
    Q, R, T, _, _ = cases.flat(naive.random_overlaps(np.random.default_rng(K), 1, M, K, 1))
    start = informed_state(1, 1)._replace(Q=Q, R=R, T=T, h=np.ones((1, K)), v=np.ones((1, M)))
    rate = 2 * part / K
    found = fixed_point(committee(start, rate, 0.3, activation="linear"), start)
    assert found.converged and found.realisable and found.stable
    assert found.generalisation_error[0] == pytest.approx(linear_error(K, rate, 0.3), rel=1e-11)


def test_a_long_run_of_linear_units_ends_there():
    start = informed_state(2, 3)
    state = long_time_state(committee(start, 0.2, 0.3, activation="linear"))
    final = naive.generalisation_error("linear", "linear", *state._replace(h=state.h[0], v=state.v[0]))
    assert final == pytest.approx(linear_error(3, 0.2, 0.3), rel=1e-9)


@pytest.mark.parametrize(
    "rate, K, value", [(rate, *item) for rate, row in COPIES.items() for item in row.items()]
)
def test_copies_as_found_by_another_program(rate, K, value):
    assert scaled_error(denoiser_state(2, K), rate, 0.01, BOTH) == pytest.approx(value, rel=1.2e-5)


@pytest.mark.parametrize("M, K", [(1, 1), (1, 3), (2, 2), (2, 6), (3, 6)])
def test_copies_approach_the_formula(M, K):
    """For every M, not only the one that it was found for."""
    first, half = deviations(denoiser_error, denoiser_state(M, K), M, K, BOTH)
    assert 0 < half < 2e-3
    assert first / half == pytest.approx(2, rel=0.01)


def test_idle_units_do_no_harm_when_both_layers_are_trained():
    """With readouts zero they stay idle: the error is that of K = M."""
    start = informed_state(2, 4)._replace(h=np.array([[1.0, 1.0, 0.0, 0.0]]))
    idle, without = scaled_error(start, 0.2, 0.01, BOTH), scaled_error(informed_state(2, 2), 0.2, 0.01, BOTH)
    assert idle == pytest.approx(without, rel=1e-9)
    assert idle == pytest.approx(0.20101, rel=1e-5)


def test_formulas_refuse_what_they_do_not_hold_for():
    with pytest.raises(
        ValueError, match="^1 student units cannot represent 2 teacher units: at least 2 are needed$"
    ):
        first_layer_error(2, 1, 0.1, 0.1)
    with pytest.raises(
        ValueError, match=r"^learning rate 0.5: the error diverges at rates of at least 2 / \(K c\) = 0.5$"
    ):
        linear_error(4, 0.5, 0.1)
    with pytest.raises(
        ValueError,
        match="^the number of student units, 3, must be a multiple of the number of teacher units, 2$",
    ):
        denoiser_error(2, 3, 0.1, 0.1)
    with pytest.raises(ValueError, match="^numbers of hidden units must be whole .*, not 0 and 2$"):
        denoiser_error(0, 2, 0.1, 0.1)
    with pytest.raises(ValueError, match="^1 student units cannot represent 2 teacher units"):
        informed_state(2, 1)
    with pytest.raises(ValueError, match="^the number of student units, 1, must be a multiple"):
        denoiser_state(2, 1)
