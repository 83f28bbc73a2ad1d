"""Critical and optimal learning rates against published values, slow twins and trajectories."""

import math

import numpy as np
import pytest

import naive
from analysis import cases
from naive import Setting
from teacherstudent.analysis import (
    committee,
    critical_learning_rate,
    critical_learning_rate_formula,
    error_decay_rate,
    first_layer_error,
    fixed_point,
    informed_state,
    optimal_learning_rate,
    optimal_learning_rate_formula,
)
from teacherstudent.analysis.equations import equations
from teacherstudent.errors import SpecError

# By M and K: where the formula in the notebook of Goldt et al. 2019 diverges; for K = M another Jacobian too.
CRITICAL = {
    (1, 1): 4.0557787,
    (2, 2): 2.3068277,
    (3, 3): 1.6206745,
    (1, 2): 1.8925939,
    (1, 3): 1.1962133,
    (1, 5): 0.68238012,
    (2, 3): 1.3840248,
    (2, 4): 0.97188929,
    (2, 6): 0.60400338,
    (4, 5): 0.90955419,
    (4, 6): 0.71073620,
    (4, 8): 0.49207017,
}


@pytest.mark.parametrize(
    "size", [pytest.param(size, marks=[pytest.mark.slow] * (size[1] > 5), id=str(size)) for size in CRITICAL]
)
def test_critical_rates_as_published(size):
    assert critical_learning_rate(*size) == pytest.approx(CRITICAL[size], rel=3e-8)


@pytest.mark.parametrize("M, K", [(1, 1), (1, 3)])
def test_the_slow_twin_loses_stability_there(M, K):
    state, critical = informed_state(M, K), critical_learning_rate(M, K)

    def growth(rate):
        setting = Setting(eta=rate, readouts=False)
        system = cases.system_of(setting, cases.stored(state))
        y = system.vector()

        def rates(y):
            now = cases.stored(system.order_parameters(y))
            return cases.coordinates(system, *naive.rate_of_change(setting, now, 0, 0))

        slopes = [cases.difference(lambda s, e=e: rates(y + s * e), 5e-3) for e in system.directions]
        eigenvalues = np.linalg.eigvals(np.transpose(slopes)).real
        return eigenvalues[np.abs(eigenvalues) > 1e-9].max()  # zero: two idle units of opposite weights

    assert growth(critical * (1 - 1e-6)) < 0 < growth(critical * (1 + 1e-6))


def test_the_asymptotic_error_diverges_there():
    """For K = M = 1 it is the leading order over 1 - eta / eta_c."""
    rate, noise, start = 0.8 * critical_learning_rate(1, 1), 2e-4, informed_state(1, 1)
    found = fixed_point(committee(start, rate, noise), start)
    expected = first_layer_error(1, 1, rate, noise) / (1 - 0.8)
    assert found.generalisation_error[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("K, rate", [(1, 4.05578), (2, 2.32375), (3, 1.62836), (5, 1.01868), (10, 0.526164)])
def test_formula_of_the_critical_rate(K, rate):
    assert critical_learning_rate_formula(K) == pytest.approx(rate, rel=5e-6)


def test_the_formula_is_exact_for_one_unit_and_within_a_percent_for_more():
    excess = {K: critical_learning_rate_formula(K) / critical_learning_rate(K, K) - 1 for K in (1, 2, 3, 4)}
    assert excess[1] == pytest.approx(0, abs=1e-9)
    assert 0.01 > excess[2] > excess[3] > excess[4] > 0.003


@pytest.mark.parametrize("K, rate", [(2, 1.54917), (3, 1.08557), (4, 0.835536), (5, 0.679117)])
def test_formula_of_the_optimal_rate(K, rate):
    assert optimal_learning_rate_formula(K) == pytest.approx(rate, rel=5e-6)


def test_the_optimal_rate_of_one_unit_is_two_thirds_of_the_critical_one():
    assert optimal_learning_rate(1, 1) == pytest.approx(optimal_learning_rate_formula(1), rel=1e-8)


@pytest.mark.parametrize("M, K", [(1, 1), (2, 2), (2, 3)])
def test_the_error_decays_fastest_at_the_optimal_rate(M, K):
    best = optimal_learning_rate(M, K)
    decays = [error_decay_rate(M, K, best * part) for part in (0.99, 1.0, 1.01)]
    assert max(decays[0], decays[2]) < decays[1] * (1 - 1e-5)
    assert error_decay_rate(M, K, critical_learning_rate(M, K) * 1.01) < 0


@pytest.mark.parametrize("K, rate", [(1, 1.35), (2, 2.07), (3, 1.4)])
def test_a_trajectory_decays_at_that_rate(K, rate):
    """For K = 1 the slowest mode does not change the error in first order, so that it counts twice."""
    expected, N = error_decay_rate(K, K, rate), 3 * K
    V, ones = math.sqrt(N) * np.eye(K, N), np.ones((1, K))
    W = V + 0.2 * np.random.default_rng(0).normal(size=V.shape)
    start = cases.flat(naive.overlaps_of(W, ones, V[None], ones))
    system = equations(committee(start, rate), start)
    y, times = system.vector(), np.array([12.0, 16.0]) / expected
    path = cases.followed(system, np.zeros(len(system.entries)), times, "DOP853")
    first, last = (cases.error_of(system.order_parameters(y + x @ system.directions)) for x in path)
    assert math.log(first / last) / (times[1] - times[0]) == pytest.approx(expected, rel=1e-3)


def test_more_units_than_the_teacher_has_are_needed():
    for function in (critical_learning_rate, optimal_learning_rate):
        with pytest.raises(
            ValueError, match="^1 student units cannot represent 2 teacher units: at least 2 are needed$"
        ):
            function(2, 1)
    with pytest.raises(ValueError, match="^numbers of hidden units must be whole .*, not 0 and 0$"):
        critical_learning_rate_formula(0)


def test_numbers_of_units_are_whole():
    for units in (("a", 2), (2, 2.5), (2, None)):
        with pytest.raises(SpecError, match="^numbers of hidden units must be whole numbers of at least 1"):
            critical_learning_rate(*units)
    assert critical_learning_rate(np.int64(2), np.int64(2)) == critical_learning_rate(2, 2)
