"""Fixed points against long runs and slow twins, eigenvalues against trajectories, manifolds, the search."""

import numpy as np
import pytest

import naive
from analysis import cases
from naive import Setting
from teacherstudent.analysis.committees import committee, denoiser_state, informed_state, symmetric_state
from teacherstudent.analysis.equations import equations
from teacherstudent.analysis.fixed_points import Point, descend, fixed_point, long_time_state, modes
from teacherstudent.errors import RunError
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.simulation.runs import simulate

BOTH = ("features", "readouts")
NAMES = (
    "student_overlaps",
    "student_teacher_overlaps",
    "teacher_overlaps",
    "student_readouts",
    "teacher_readouts",
)
# Two teachers, the second one active, both layers, all terms; decay leaves no manifold of fixed points.
SETTING = Setting(eta=0.8, eta_h=0.5, decay=0.05, output_noise=0.3, input_noise=0.2, batch=2)
START = naive.random_overlaps(np.random.default_rng(5), 2, 2, 3, 2)


def spec_until(time):
    return cases.spec_of(SETTING, START, 1, duration=time, record={"times": [0.0, time]})


def slow_rates(system, y):
    state = cases.stored(system.order_parameters(y))
    return cases.coordinates(system, *naive.rate_of_change(SETTING, state, 1, 1))


@pytest.fixture(scope="module")
def found():
    spec = spec_until(50.0)
    return fixed_point(spec, long_time_state(spec), teacher=1)


def test_it_is_where_a_long_run_ends(found):
    end = long_time_state(spec_until(1000.0))
    for name, part, expected in zip(end._fields, found.state, end, strict=True):
        np.testing.assert_allclose(part, expected, rtol=0, atol=1e-9, err_msg=name)
    assert found.converged and found.realisable and found.stable and found.flat_directions == 0


def test_the_slow_twin_says_that_it_rests(found):
    system = equations(spec_until(1.0), found.state, teacher=1)
    assert np.abs(slow_rates(system, system.vector())).max() < 1e-14
    assert found.residual < 1e-15


def test_errors_are_those_of_all_teachers(found):
    Q, R, T, h, v = cases.stored(found.state)
    expected = [naive.generalisation_error("erf", "erf", Q, R[p], T[p, p], h[p], v[p]) for p in (0, 1)]
    np.testing.assert_allclose(found.generalisation_error, expected, rtol=1e-12)


def test_eigenvalues_are_those_of_differences(found):
    system = equations(spec_until(1.0), found.state, teacher=1)
    y = system.vector()
    slopes = [cases.difference(lambda s, e=e: slow_rates(system, y + s * e), 5e-3) for e in system.directions]
    expected = np.linalg.eigvals(np.transpose(slopes))
    assert np.abs(found.eigenvalues.imag).max() < 1e-15  # those that are equal in pairs are rounded
    np.testing.assert_allclose(found.eigenvalues.real, np.sort(expected.real)[::-1], rtol=0, atol=1e-10)
    assert found.growth_rate == found.eigenvalues[0].real


# Stability


LEADING = {
    "stable": (informed_state(1, 1), {"output_noise": 0.3}),
    "idle_units": (informed_state(2, 4), {"output_noise": 0.3}),
    "copies": (denoiser_state(1, 2), {"output_noise": 0.3, "train": BOTH}),
    "plateau": (symmetric_state(3, 3), {}),
}


@pytest.mark.parametrize("start, settings", LEADING.values(), ids=LEADING)
def test_small_changes_grow_as_the_first_eigenvalue_says(start, settings):
    spec = committee(start, 0.3, **settings)
    found = fixed_point(spec, start)
    system = equations(spec, found.state)
    y, time = system.vector(), 1.0 / abs(found.growth_rate)
    values, vectors = modes(system.jacobian(y))
    change = 1e-7 * vectors[:, 0].real
    [end] = cases.followed(system, change, [time], "LSODA")
    assert found.converged and values[0] == found.eigenvalues[0]
    assert (found.growth_rate < 0) == found.stable
    np.testing.assert_allclose(end, np.exp(found.growth_rate * time) * change, rtol=0, atol=1e-11)


def test_modes_are_eigenvectors_without_those_of_zero():
    """Of a matrix that is not normal, with a pair of complex eigenvalues and two zero ones."""
    expected = np.array([0.5, -1 + 3j, -1 - 3j, -2])
    blocks = np.zeros((6, 6))
    blocks[:4, :4] = [[0.5, 0, 0, 0], [0, -1, 3, 0], [0, -3, -1, 0], [0, 0, 0, -2]]
    X = np.random.default_rng(0).normal(size=(6, 6))
    J = X @ blocks @ np.linalg.inv(X)
    values, vectors = modes(J)
    np.testing.assert_allclose(sorted(values, key=lambda z: (-z.real, -z.imag)), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(J @ vectors, values * vectors, rtol=0, atol=1e-11)
    assert np.linalg.norm(vectors, axis=0).min() > 0.5


# Manifolds of fixed points


def random_state(M, K, seed, readouts=None):
    Q, R, T, h, v = naive.random_overlaps(np.random.default_rng(seed), 1, M, K, 1)
    return cases.flat(naive.Overlaps(Q, R, T, np.ones((1, K)) if readouts is None else h, v))


@pytest.mark.parametrize("M, K", [(1, 2), (2, 4), (3, 2)])
def test_linear_units_form_a_manifold(M, K):
    """Only the sum of the student's weights matters: K + M conditions on its overlaps."""
    start = random_state(M, K, seed=K)
    found = fixed_point(committee(start, 0.1, 0.3, activation="linear"), start)
    assert found.converged and found.realisable and found.stable
    assert found.flat_directions == K * (K + 1) // 2 + K * M - (K + M)


@pytest.mark.parametrize("M, K", [(1, 2), (2, 3)])
def test_both_linear_layers_form_a_manifold_without_noise(M, K):
    """All weights with h.w = v.V."""
    spec = committee(random_state(M, K, seed=K, readouts="random"), 0.1, 0.0, BOTH, "linear")
    found = fixed_point(spec, long_time_state(spec))
    assert found.converged and found.realisable and found.stable and found.generalisation_error[0] < 1e-14
    assert found.flat_directions == K * (K + 1) // 2 + K * M + K - (K + M)


def test_both_linear_layers_have_no_fixed_point_with_noise():
    """Noise drives the weights along the manifold for ever."""
    start = random_state(2, 3, seed=3, readouts="random")
    assert not fixed_point(committee(start, 0.1, 0.3, BOTH, "linear"), start).converged


def test_copies_of_units_are_flat_in_nine_directions_without_noise():
    """Two copies w of each of two units: h can go from one to the other (2), and the copies can become w + d
    and w - d: their overlaps with the teacher (4), d with itself (2) and one d with the other (1).
    """
    start = denoiser_state(2, 4)
    found = fixed_point(committee(start, 0.1, 0.0, BOTH), start)
    assert found.converged and found.stable and found.flat_directions == 9


# The search


def one_unit(Q, R):
    """One student unit, one teacher unit: a spec and its start."""
    start = OrderParameters(*(np.full((1, 1), float(value)) for value in (Q, R, 1, 1, 1)))
    return committee(start, 0.5, 0.1), start


def test_steps_too_long_are_shortened():
    """The whole first step would lead to a negative Q."""
    system = equations(*one_unit(3, 1))
    y = system.vector()
    whole = np.linalg.solve(system.jacobian(y), -system.rates(y)) @ system.directions
    part = (descend([system], [Point(y, system.rates(y), system.jacobian(y))])[0].y - y)[:2] / whole[:2]
    assert (y + whole)[0] < -1
    assert np.log2(part) == pytest.approx(np.round(np.log2(part))) and part[0] == pytest.approx(part[1])
    assert part[0] < 1


def test_far_starts_may_find_it_or_say_that_they_do_not():
    near, far = fixed_point(*one_unit(1, 1)), fixed_point(*one_unit(3, 1))
    assert near.converged and far.converged
    np.testing.assert_allclose(near.state.Q, far.state.Q, rtol=1e-12)
    assert not fixed_point(*one_unit(20, 0.5)).converged


def test_a_fixed_point_takes_no_step():
    start = informed_state(2, 3)
    found = fixed_point(committee(start, 0.2), start)
    assert found.steps == 0 and found.converged and found.stable


def test_all_is_flat_where_no_readout_is_left():
    start = informed_state(1, 2)._replace(h=np.zeros((1, 2)))
    found = fixed_point(committee(start, 0.2, 0.1), start)
    assert found.converged and found.flat_directions == 5 and found.growth_rate == -np.inf


def test_overlaps_of_no_weights_are_refused():
    start = OrderParameters(*(np.full((1, 1), value) for value in (-2.0, 0.0, 1.0, 1.0, 1.0)))
    with pytest.raises(ValueError, match="^the rates are not finite at the start"):
        fixed_point(one_unit(1, 1)[0], start)


def test_the_long_time_state_is_the_last_one():
    spec = spec_until(3.0)
    state, run = cases.stored(long_time_state(spec)), simulate(spec, "ode")
    for part, name in zip(state, NAMES, strict=True):
        expected = getattr(run, name)
        np.testing.assert_array_equal(part, expected if name.startswith("teacher") else expected[-1])


def test_a_run_that_diverges_has_no_long_time_state():
    start = random_state(1, 2, seed=0)
    with pytest.raises(RunError, match=r"^the run diverges at time .*: it has no long-time state$"):
        long_time_state(committee(start, 5.0, 0.1, activation="linear"))
