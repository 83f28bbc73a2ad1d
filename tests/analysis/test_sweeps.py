"""Fixed points of several specs side by side have the bits of those that are found one at a time."""

import numpy as np
import pytest

import naive
from analysis import cases
from naive import Setting
from teacherstudent.analysis import (
    committee,
    denoiser_state,
    error_decay_rate,
    fixed_point,
    fixed_points,
    informed_state,
    long_time_state,
    long_time_states,
    plateau,
    plateaus,
    symmetric_state,
)
from teacherstudent.analysis.equations import equations, jacobians
from teacherstudent.analysis.fixed_points import descend, newton
from teacherstudent.errors import RunError

RATES = (0.05, 0.4, 0.9, 1.4)


def assert_same(one, other):
    """Two fixed points have equal bits."""
    for name, value in vars(one).items():
        expected = getattr(other, name)
        if name == "state":
            for part, of_other in zip(value, expected, strict=True):
                assert np.array_equal(part, of_other)
        else:
            assert np.array_equal(value, expected), name


def test_a_sweep_of_rates_has_the_points_of_single_searches():
    found = plateaus(2, 3, RATES, output_noise=0.1)
    for rate, point in zip(RATES, found, strict=True):
        assert_same(point, plateau(2, 3, rate, output_noise=0.1))
    assert len({point.growth_rate for point in found}) == len(RATES)
    assert plateaus(2, 2, []) == []


def test_specs_of_other_sizes_and_layers_are_in_one_call():
    starts, specs = [], []
    for rate in RATES[:2]:
        for start, train in (
            (informed_state(1, 2), ("features",)),
            (symmetric_state(2, 2), ("features",)),
            (denoiser_state(2, 2), ("features", "readouts")),
            (informed_state(2, 2), ("features",)),
        ):
            starts.append(start)
            specs.append(committee(start, rate, 0.1, train))
    starts.append(informed_state(1, 2))
    specs.append(committee(starts[-1], 0.3, 0.1, activation="linear"))
    found = fixed_points(specs, starts)
    for spec, start, point in zip(specs, starts, found, strict=True):
        assert_same(point, fixed_point(spec, start))
    reverse = fixed_points(specs[::-1], starts[::-1])
    for point, other in zip(found, reverse[::-1], strict=True):
        assert_same(point, other)


def similarity_sweep():
    """Specs of two tasks with different similarities, rates and noises, both layers trained."""
    rng, found = np.random.default_rng(2), []
    for eta, decay, noise in ((0.8, 0.05, 0.3), (0.3, 0.1, 0.0), (0.5, 0.02, 0.1)):
        setting = Setting(eta=eta, eta_h=eta / 2, decay=decay, output_noise=noise, input_noise=0.2, batch=2)
        start = naive.random_overlaps(rng, 2, 2, 3, 2)
        found.append(cases.spec_of(setting, start, 1, duration=50.0, record={"times": [0.0, 50.0]}))
    return found


def test_long_time_states_and_their_fixed_points_are_those_of_single_runs():
    specs = similarity_sweep()
    starts = long_time_states(specs, seed=3)
    for spec, start in zip(specs, starts, strict=True):
        for part, other in zip(start, long_time_state(spec, seed=3), strict=True):
            assert np.array_equal(part, other)
    found = fixed_points(specs, starts, teacher=1)
    assert all(point.converged for point in found)
    for spec, start, point in zip(specs, starts, found, strict=True):
        assert_same(point, fixed_point(spec, start, teacher=1))
    assert long_time_states([]) == []


def test_jacobians_side_by_side_are_differences_of_rates():
    """Against central differences, which share nothing with the chain rule."""
    specs = similarity_sweep()
    starts = [long_time_state(spec) for spec in specs]
    systems = [equations(spec, start, 1) for spec, start in zip(specs, starts, strict=True)]
    states = np.stack([system.vector() for system in systems])
    found = jacobians(systems, states)
    for system, y, jacobian in zip(systems, states, found, strict=True):
        columns = [
            cases.difference(lambda x, e=e, s=system, y=y: s.rates(y + x * e), 1e-2)
            for e in system.directions
        ]
        np.testing.assert_allclose(jacobian, np.array(columns).T, rtol=0, atol=1e-10)
        assert np.array_equal(jacobian, system.jacobian(y))


def test_searches_end_each_at_their_own_step():
    """One search is at its end before it starts, another one needs several steps."""
    start = informed_state(2, 2)
    systems = [equations(committee(start, rate, noise), start) for rate, noise in ((0.5, 0.0), (1.0, 0.5))]
    ends = newton(systems)
    assert [steps for _, steps in ends][0] == 0 < ends[1][1]
    for system, (end, steps) in zip(systems, ends, strict=True):
        ((alone, same_steps),) = newton([system])
        assert np.array_equal(end.y, alone.y) and steps == same_steps
    assert descend([systems[1]], [ends[1][0]._replace(rates=0.0 * ends[1][0].rates)]) == [None]


def test_rates_of_decay_at_several_learning_rates_are_those_at_each():
    eta = np.array([[0.1, 0.5], [1.0, 2.4]])
    found = error_decay_rate(2, 2, eta)
    assert found.shape == (2, 2)
    expected = [error_decay_rate(2, 2, value) for value in eta.ravel().tolist()]
    assert found.ravel().tolist() == expected
    assert type(expected[0]) is float
    assert error_decay_rate(2, 2, []).shape == (0,)


def test_specs_without_a_start_and_runs_that_diverge_are_refused():
    start = informed_state(1, 1)
    with pytest.raises(ValueError, match="2 specs need a start each, not 1"):
        fixed_points([committee(start, 0.1)] * 2, [start])
    spec = committee(symmetric_state(1, 1), 3.0, 0.5, activation="linear")
    with pytest.raises(RunError, match="^the run diverges at time"):
        long_time_states([committee(start, 0.1), spec])
