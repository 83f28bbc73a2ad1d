"""The differential equations against explicit sums, plain Euler steps, SciPy and known solutions."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import naive
from naive import Overlaps, Setting
from teacherstudent.engines.ode import engine
from teacherstudent.engines.phases import phases
from teacherstudent.kernels.ode.equations import rate_of_change
from teacherstudent.networks.sampling import initial_order_parameters
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec

ALL_TERMS = Setting(decay=0.3, output_noise=0.5, input_noise=0.4, batch=3, frozen=(1,))
PAIRS = list(product(("erf", "linear"), naive.ACTIVATIONS))  # student, teacher


class Equations:
    """The kernel's rate of change in one phase of a run, with states in the layout of the store."""

    def __init__(self, document, phase=0):
        spec = parse_spec(document)
        start = initial_order_parameters(spec, 0, 0)
        self.constants = engine.phase_constants(spec, start, phases(spec)[phase])
        self.shape = spec.teachers.count, spec.student.hidden, spec.teachers.hidden, spec.heads

    def rate(self, Q, R, h):
        return self.unpacked(self.rate_of_vector(0.0, self.packed(Q, R, h)))

    def rate_of_vector(self, t, y):
        return rate_of_change(self.constants, np.ascontiguousarray(y))

    def packed(self, Q, R, h):
        return np.concatenate([Q.ravel(), R.transpose(1, 0, 2).ravel(), h.ravel()])

    def unpacked(self, y):
        P, K, M, H = self.shape
        Q, R, h = np.split(y, [K * K, K * (K + P * M)])
        return Q.reshape(K, K), R.reshape(K, P, M).transpose(1, 0, 2), h.reshape(H, K)


def equations(setting, overlaps, active=0, **blocks):
    return Equations(document(setting, overlaps, active, **blocks))


def document(setting, overlaps, active=0, **blocks):
    blocks = {"initial_overlaps": overlaps.document()} | blocks
    described = setting.document(len(overlaps.R), active, **blocks)
    described["student"]["heads"] = "per_task" if len(overlaps.h) == len(overlaps.R) else "shared"
    return described


def assert_same_rates(setting, overlaps, active=0):
    head = active if len(overlaps.h) > 1 else 0
    expected = naive.rate_of_change(setting, overlaps, active, head)
    rates = equations(setting, overlaps, active).rate(overlaps.Q, overlaps.R, overlaps.h)
    for rate, slow in zip(rates, expected, strict=True):
        np.testing.assert_allclose(rate, slow, rtol=1e-12, atol=1e-12 * np.abs(slow).max())


SIZES = [(1, 1, 1), (1, 2, 3), (2, 1, 2), (2, 3, 4), (3, 2, 2), (2, 2, 9)]


@pytest.mark.parametrize("heads", ["per_task", "shared"])
@pytest.mark.parametrize("P, M, K", SIZES)
def test_all_terms_for_all_sizes(P, M, K, heads):
    H = P if heads == "per_task" else 1
    overlaps = naive.random_overlaps(np.random.default_rng(K), P, M, K, H)
    setting = ALL_TERMS if K > 1 else Setting(decay=0.3, output_noise=0.5, input_noise=0.4, batch=3)
    assert_same_rates(setting, overlaps, active=P - 1)


def test_sixty_four_units_that_are_copies_of_four():
    """Each copy has a part of the readouts: it is pulled by that part, and spreads by its square."""
    copies, K, eta = 16, 4, 0.7
    few = naive.random_overlaps(np.random.default_rng(9), 2, 8, K, 2)
    order = np.arange(copies * K) % K
    many = few._replace(Q=few.Q[np.ix_(order, order)], R=few.R[:, order], h=few.h[:, order] / copies)
    settings = [
        Setting(eta=rate, eta_h=eta, output_noise=0.5, input_noise=0.4, batch=3) for rate in (eta, 2 * eta)
    ]
    once, twice = (naive.rate_of_change(setting, few, 1, 1) for setting in settings)
    spread = (twice[0] - 2 * once[0]) / 2
    expected = (once[0] - spread) / copies + spread / copies**2, once[1] / copies, once[2]
    dQ, dR, dh = equations(settings[0], many, 1).rate(many.Q, many.R, many.h)
    np.testing.assert_allclose(dQ, expected[0][np.ix_(order, order)], rtol=0, atol=1e-12)
    np.testing.assert_allclose(dR, expected[1][:, order], rtol=0, atol=1e-12)
    np.testing.assert_allclose(dh, expected[2][:, order], rtol=0, atol=1e-12)


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_all_terms_for_all_activations(student, teacher):
    overlaps = naive.random_overlaps(np.random.default_rng(1), 2, 2, 3, 2)
    setting = Setting(student, teacher, decay=0.3, output_noise=0.5, input_noise=0.4, batch=2, frozen=(0,))
    assert_same_rates(setting, overlaps, active=1)


@pytest.mark.parametrize("term", naive.SINGLE_TERMS)
def test_each_term_by_itself(term):
    overlaps = naive.random_overlaps(np.random.default_rng(3), 2, 2, 3, 2)
    assert_same_rates(naive.SINGLE_TERMS[term], overlaps)


@pytest.mark.parametrize("student", ["erf", "linear"])
def test_order_of_hidden_units_does_not_matter(student):
    Q, R, T, h, v = overlaps = naive.random_overlaps(np.random.default_rng(4), 2, 2, 4, 2)
    order = np.array([2, 0, 3, 1])
    equation = equations(Setting(student, decay=0.1, output_noise=0.3), overlaps)
    dQ, dR, dh = equation.rate(Q, R, h)
    permuted = equation.rate(Q[np.ix_(order, order)], R[:, order], h[:, order])
    expected = dQ[np.ix_(order, order)], dR[:, order], dh[:, order]
    for rate, other in zip(permuted, expected, strict=True):
        np.testing.assert_allclose(rate, other, rtol=1e-12, atol=1e-13)


# Solutions

TIMES = np.linspace(0.0, 0.4, 5)


def euler(setting, start, steps):
    """The state at the end of TIMES by Euler steps of the slow twin, teacher 1 active."""
    state, dt = start, TIMES[-1] / steps
    for _ in range(steps):
        dQ, dR, dh = naive.rate_of_change(setting, state, 1, 1)
        state = state._replace(Q=state.Q + dt * dQ, R=state.R + dt * dR, h=state.h + dt * dh)
    return naive.packed(state)


def final_state(trajectory):
    parts = trajectory.student_overlaps, trajectory.student_teacher_overlaps, trajectory.student_readouts
    return np.concatenate([part[-1].ravel() for part in parts])


def test_euler_steps_converge_to_the_solution_with_all_terms_on():
    """Each halving of dt halves the distance; extrapolation to dt = 0 removes it."""
    start = naive.random_overlaps(np.random.default_rng(6), 2, 1, 2, 2)
    described = document(ALL_TERMS, start, 1, duration=TIMES[-1], record={"times": TIMES.tolist()})
    exact = final_state(simulate(parse_spec(described), "ode"))
    table = [euler(ALL_TERMS, start, steps) for steps in (8, 16, 32, 64)]
    distances = [np.abs(row - exact).max() for row in table]
    np.testing.assert_allclose(np.log2(np.divide(distances[:-1], distances[1:])), 1.0, atol=0.1)
    for level in range(1, len(table)):
        table = [
            (2**level * fine - coarse) / (2**level - 1)
            for coarse, fine in zip(table, table[1:], strict=False)
        ]
    np.testing.assert_allclose(table[0], exact, rtol=0, atol=1e-4 * distances[-1])


@pytest.mark.parametrize("method", ["DOP853", "LSODA"])
def test_scipy_finds_the_same_path_through_a_switch(method):
    start = naive.random_overlaps(np.random.default_rng(7), 2, 2, 3, 2)
    times, switch = np.linspace(0.0, 12.0, 13), 4.5
    described = document(
        Setting(decay=0.01, output_noise=0.2, input_noise=0.1, batch=2, frozen=(1,)),
        start,
        duration=times[-1],
        record={"times": times.tolist()},
        curriculum={"switch_times": [switch]},
    )
    trajectory = simulate(parse_spec(described), "ode")
    first, second = Equations(described, 0), Equations(described, 1)
    state, tolerance = first.packed(start.Q, start.R, start.h), {"rtol": 1e-12, "atol": 1e-13}
    before = solve_ivp(first.rate_of_vector, (0, switch), state, method, times[:5], **tolerance)
    end = solve_ivp(first.rate_of_vector, (0, switch), state, method, **tolerance).y[:, -1]
    after = solve_ivp(second.rate_of_vector, (switch, times[-1]), end, method, times[5:], **tolerance)
    for row, expected in enumerate(np.concatenate([before.y, after.y], axis=1).T):
        Q, R, h = first.unpacked(expected)
        np.testing.assert_allclose(trajectory.student_overlaps[row], Q, rtol=0, atol=2e-9)
        np.testing.assert_allclose(trajectory.student_teacher_overlaps[row], R, rtol=0, atol=2e-9)
        np.testing.assert_allclose(trajectory.student_readouts[row], h, rtol=0, atol=2e-9)


def committee(Q, R, T):
    """Overlaps of soft committees: one teacher, all readouts one."""
    Q, R, T = (np.array(part, dtype=float) for part in (Q, R, T))
    return Overlaps(Q, R[None], T[None, None], np.ones((1, len(Q))), np.ones((1, len(T))))


def run_of_committee(setting, overlaps, times):
    described = document(setting, overlaps, duration=float(times[-1]), record={"times": list(times)})
    return simulate(parse_spec(described), "ode")


REGRESSION_START = committee(
    [[0.2, 0.01, 0.0], [0.01, 0.25, 0.02], [0.0, 0.02, 0.3]],
    [[0.01, 0.0], [0.0, 0.02], [0.005, -0.01]],
    np.eye(2),
)
FIRST_LAYER = {"eta": 0.2, "readouts": False}


@pytest.mark.parametrize(
    "noise, errors",
    [
        (0.0, [0.529850548, 0.325692002, 0.019765971, 0.015851259, 0.015569982, 0.014357739]),
        (0.1, [0.529850548, 0.326067681, 0.020647360, 0.016762074, 0.016504994, 0.015308523]),
    ],
)
def test_values_of_an_independent_program(noise, errors):
    setting = Setting(**FIRST_LAYER, output_noise=noise)
    trajectory = run_of_committee(setting, REGRESSION_START, [0.0, 1.0, 10.0, 50.0, 100.0, 300.0])
    np.testing.assert_allclose(trajectory.generalisation_error[:, 0], errors, rtol=0, atol=1e-8)


@pytest.mark.parametrize("M, K, eta", [(1, 1, 0.5), (3, 2, 0.2), (2, 4, 0.1)])
def test_final_error_of_a_linear_committee(M, K, eta):
    """eta sigma^2 K / (4 - 2 eta K), whatever the teacher."""
    noise = 0.3
    start = naive.random_overlaps(np.random.default_rng(8), 1, M, K, 1)
    start = start._replace(h=np.ones((1, K)), v=np.ones((1, M)))
    setting = Setting("linear", "linear", eta=eta, readouts=False, output_noise=noise)
    final = run_of_committee(setting, start, [0.0, 400.0]).generalisation_error[-1, 0]
    assert final == pytest.approx(eta * noise**2 * K / (4 - 2 * eta * K), rel=1e-8)


@pytest.mark.parametrize(
    "M, K, eta, level",
    [(1, 1, 0.5, 0.104809), (1, 2, 0.2, 0.280518), (2, 3, 0.1, 0.369526), (2, 4, 0.2, 0.631951)],
)
def test_final_error_next_to_the_teacher(M, K, eta, level):
    """Goldt et al. 2019: first layer only, started with K - M idle units, in units of sigma^2 eta."""
    noise = 0.01
    Q, R = np.diag([1.0] * M + [1e-12] * (K - M)), np.eye(K)[:, :M]
    setting = Setting(eta=eta, readouts=False, output_noise=noise)
    final = run_of_committee(setting, committee(Q, R, np.eye(M)), [0.0, 2000.0])
    assert final.generalisation_error[-1, 0] == pytest.approx(level * noise**2 * eta, rel=1e-4)


@pytest.mark.parametrize("K, level", [(2, 0.201009), (4, 0.096003)])
def test_final_error_of_copies_that_share_the_work(K, level):
    """Both layers trained, K / 2 copies of each of two teacher units, in units of sigma^2 eta."""
    noise, eta, M = 0.01, 0.2, 2
    R = np.tile(np.eye(M), (K // M, 1))
    start = committee(R @ R.T, R, np.eye(M))._replace(h=np.full((1, K), M / K))
    setting = Setting(eta=eta, eta_h=eta, output_noise=noise)
    final = run_of_committee(setting, start, [0.0, 4000.0])
    assert final.generalisation_error[-1, 0] == pytest.approx(level * noise**2 * eta, rel=1e-4)


@pytest.mark.parametrize("K, critical", [(1, 4.0557787), (2, 2.3068277), (3, 1.6206745)])
def test_largest_stable_learning_rate(K, critical):
    """The solution Q = R = T = 1 loses its stability there."""
    start = committee(np.eye(K), np.eye(K), np.eye(K))
    below, above = (growth_rate(start, critical * (1 + shift)) for shift in (-1e-5, 1e-5))
    assert below < 0 < above


def growth_rate(overlaps, eta):
    """Largest real part of the eigenvalues of the equations, linearised by central differences."""
    equation, step = equations(Setting(eta=eta, readouts=False), overlaps), 1e-6
    y = equation.packed(overlaps.Q, overlaps.R, overlaps.h)
    basis = np.array(list(directions(len(overlaps.Q), overlaps.R.size, len(y))))
    ahead, behind = (
        [equation.rate_of_vector(0.0, y + sign * shift) for shift in step * basis] for sign in (1, -1)
    )
    slopes = np.subtract(ahead, behind) / (2 * step)
    return np.linalg.eigvals(np.linalg.lstsq(basis.T, slopes.T, rcond=None)[0]).real.max()


def directions(K, size_of_R, length):
    """Unit changes of the independent numbers: Q_ik = Q_ki together, and every R."""
    pairs = [[i * K + k, k * K + i] for i, k in zip(*np.triu_indices(K), strict=True)]
    for indices in [*pairs, *range(K * K, K * K + size_of_R)]:
        shift = np.zeros(length)
        shift[indices] = 1.0
        yield shift


def test_symmetric_plateau_is_stationary_for_small_learning_rates():
    for K in (2, 3, 5):
        start = committee(
            np.full((K, K), 1 / (2 * K - 1)), np.full((K, K), 1 / np.sqrt(K * (2 * K - 1))), np.eye(K)
        )
        eta = 1e-9
        for rate in equations(Setting(eta=eta, readouts=False), start).rate(start.Q, start.R, start.h):
            assert np.abs(rate).max() < 10 * eta**2
