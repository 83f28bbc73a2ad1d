"""Variations: what the figure shows, what its claims read, and the closed forms behind them."""

import goldt2019_supplement as supplement
import numpy as np
import pytest
from _goldt2019 import late
from _goldt2019_limits import FLOORS, LENGTHS, clones_limit, informed_limit, linear_errors
from scipy.special import erf

from goldt2019_samples import HIDDEN, RATE, TIME, curves, document, resting
from lee2021_samples import by_words, data
from teacherstudent.analysis import committee, denoiser_state, fixed_point
from teacherstudent.networks.sampling import OrderParameters

KAPPA, UNITS, LABELS = "training.weight_decay", "teachers.features.units", "inputs.dataset.labels"
STUDENT, TEACHER = "student.activation", "teachers.activation"
SIZES = np.array([2, 4, 8])
SMALL = 1e-3  # rate and noise at which limits of small rates hold


def failing(found):
    return [claim.statement for claim in found if not claim.holds]


@pytest.mark.parametrize(
    ("name", "g"), [("erf", lambda u: erf(u / np.sqrt(2.0))), ("relu", lambda u: np.maximum(u, 0.0))]
)
def test_floors_are_what_the_best_linear_fit_leaves(name, g):
    """By the normal equations on a grid of the two fields of the teacher."""
    x = np.linspace(-9.0, 9.0, 1201)
    weights = np.outer(*[np.exp(-(x**2) / 2.0)] * 2).ravel()
    weights /= weights.sum()
    fields = np.stack([part.ravel() for part in np.meshgrid(x, x)])
    output = g(fields).sum(axis=0)
    fit = np.linalg.solve((weights * fields) @ fields.T, (weights * fields) @ output) @ fields
    assert np.sum(weights * (output - fit) ** 2) / 2.0 == pytest.approx(FLOORS[name], rel=1e-4)


def rest_error(start):
    """Error of the fixed point next to a solution of the first layer, in units of sigma^2 eta."""
    point = fixed_point(committee(start, SMALL, SMALL), start)
    assert point.converged
    return point.generalisation_error[0] / SMALL**3


@pytest.mark.parametrize("units", LENGTHS)
@pytest.mark.parametrize("K", [2, 4])
def test_limits_are_those_of_fixed_points_next_to_the_teachers_units(units, K):
    T = np.diag(LENGTHS[units])
    R = np.eye(K, 2) @ T
    Q = np.diag([*LENGTHS[units], *np.zeros(K - 2)])
    start = OrderParameters(Q, R, T, np.ones((1, K)), np.ones((1, 2)))
    assert rest_error(start) == pytest.approx(informed_limit([K], units)[0], rel=5e-3)


@pytest.mark.parametrize("K", [2, 6])
def test_limits_are_those_of_fixed_points_next_to_clones(K):
    state = denoiser_state(2, K)
    start = state._replace(h=state.h / 2.0, v=state.v / 2.0)
    assert rest_error(start) == pytest.approx(clones_limit([K])[0], rel=5e-3)


def test_linear_students_end_at_the_floor_for_vanishing_rates():
    np.testing.assert_allclose(linear_errors([1, 8], "relu", 1e-9, 0.1), FLOORS["relu"], rtol=1e-7)
    F = FLOORS["erf"]
    assert linear_errors([4], "erf", 0.1, 0.2)[0] == pytest.approx(F + 0.4 * (0.04 + 2.0 * F) / 3.2)


def rests(error, axes, spec):
    """Runs of both engines that rest at given absolute errors (axes...)."""
    scale = spec["teachers"]["output_noise"] ** 2 * spec["training"]["learning_rate"]
    return {
        "ode": resting(np.asarray(error) / scale, axes, spec, runs=1, spread=0.0),
        "chain": resting(np.asarray(error) / scale, axes, spec),
    }


def made_decay(power=1.0, cured=1.0):
    error = 4e-4 * np.outer([1.0, 2.0], (SIZES / 2.0) ** power)
    error[1, -1] *= cured
    return rests(error, {KAPPA: [0.0, 0.003], HIDDEN: SIZES}, document(noise=0.1))


def made_normalised(factor=1.0, random=1.0, slower=0.0):
    spec = document(rate=1.0, noise=0.1)
    error = 0.01 * factor * clones_limit(SIZES)
    loose = random * error * SIZES**slower
    clones = rests(error, {HIDDEN: SIZES}, spec)
    return {supplement.NORMALISED: clones, supplement.RANDOM: rests(loose, {HIDDEN: SIZES}, spec)}


def made_graded(factor=1.0, bent=0.0):
    levels = np.array([[informed_limit(SIZES, units)] * 2 for units in LENGTHS])
    levels[1] *= factor * (SIZES / 2.0) ** bent
    axes = {UNITS: list(LENGTHS), RATE: [0.02, 0.2], HIDDEN: SIZES}
    chain = resting(levels[:, -1], {UNITS: list(LENGTHS), HIDDEN: SIZES}, document())
    return {"ode": resting(levels, axes, document(), runs=1, spread=0.0), "chain": chain}


def made_mismatch(linear=1.0, odd=1.05, rise=1.2):
    spec = document(rate=0.1, noise=0.1)
    straight = [linear * linear_errors(SIZES, teacher, 0.1, 0.1) for teacher in ("erf", "relu")]
    bent = [np.full(3, 2e-4), FLOORS["relu"] * odd * np.geomspace(1.0, rise, 3)]
    axes = {STUDENT: ["linear", "erf"], TEACHER: ["erf", "relu"], HIDDEN: SIZES}
    return rests([straight, bent], axes, spec)


def made_digits(first=2.0, both=0.9, wrong=0.5):
    found = {}
    for experiment, rise in zip(supplement.DIGITS.values(), (first, both), strict=True):
        error = 0.002 * np.geomspace(1.0, rise, 3) * np.ones((2, 1))
        part = 0.1 * np.geomspace(1.0, wrong, 3) * np.ones((2, 1))
        shape = np.ones((2, 3, 4, len(TIME), 1))
        axes = {LABELS: ["teacher", "parity"], HIDDEN: SIZES}
        values = {"classification_error": part[..., None, None, None] * shape}
        network = curves(error[..., None, None] * shape[..., 0], axes, engine="network", **values)
        found[experiment] = {"network": network}
    return found


def made(decay=(), normalised=(), graded=(), mismatch=(), digits=()):
    return {
        supplement.DECAY: made_decay(**dict(decay)),
        **made_normalised(**dict(normalised)),
        supplement.GRADED: made_graded(**dict(graded)),
        supplement.MISMATCH: made_mismatch(**dict(mismatch)),
        **made_digits(**dict(digits)),
    }


def test_panels_show_equations_runs_and_limits():
    axes = supplement.figure(made()).axes
    assert [ax.get_title() for ax in axes] == list(supplement.TITLES)
    theory, points = data(axes[0], "theory"), data(axes[0], "simulation")
    np.testing.assert_allclose(theory[r"$\kappa = 0.003$"], [SIZES, 0.4 * SIZES / 2.0])
    np.testing.assert_allclose(points[r"$\kappa = 0$, runs"][1], 0.2 * SIZES / 2.0)
    np.testing.assert_allclose(data(axes[1], "theory")["random start"][1], clones_limit(SIZES))
    graded = data(axes[2], "theory")
    np.testing.assert_allclose(graded["graded"][1], graded[r"graded, $\eta \to 0$"][1])
    other = data(axes[3], "theory")
    expected = linear_errors(SIZES, "relu", 0.1, 0.1) / FLOORS["relu"]
    np.testing.assert_allclose(other["linear from ReLU"][1], expected)
    np.testing.assert_allclose(other["floor"][1], 1.0)
    np.testing.assert_allclose(data(axes[4], "simulation")["first layer"][1], [0.002, 0.002 * 2**0.5, 0.004])
    np.testing.assert_allclose(data(axes[5], "simulation")["both layers"][1], [0.1, 0.1 * 0.5**0.5, 0.05])


def test_claims_read_the_numbers():
    found = supplement.claims(made())
    assert failing(found) == []
    assert by_words(found, "smallest over rates of decay.").value == pytest.approx(4.0)
    assert by_words(
        found, "Normalised outputs, clones: error of the largest student divided by that"
    ).value == (pytest.approx(0.25))
    assert by_words(found, "relative to the limit").value == pytest.approx(1.0)
    assert by_words(found, "students of odd units").value == pytest.approx(1.05)
    assert by_words(found, "Digits, first layer").value == pytest.approx(2.0)


def test_runs_are_compared_with_the_equations_at_their_sizes():
    spec = document(rate=0.1, noise=0.1)
    ode = rests([1e-3, 2e-3, 4e-3], {HIDDEN: SIZES}, spec)["ode"]
    chain = rests([1e-3, 4.4e-3], {HIDDEN: SIZES[[0, 2]]}, spec)["chain"]
    found = supplement.agreement("here", {"ode": ode, "chain": chain}, late)
    assert found.value == pytest.approx(0.1)
    assert not found.holds


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"decay": {"power": 0.1}}, ["smallest over rates of decay."]),
        ({"decay": {"cured": 0.3}}, ["smallest over rates of decay.", "divided by that without decay"]),
        ({"normalised": {"factor": 1.1}}, ["clones: error of the largest student divided by its limit"]),
        ({"normalised": {"slower": 1.0}}, ["random, medians"]),
        ({"graded": {"factor": 1.15}}, ["largest relative difference.", "relative to the limit"]),
        (
            {"graded": {"bent": -2.0}},
            ["Graded teacher: error of the largest", "largest relative difference."],
        ),
        (
            {"mismatch": {"linear": 1.01}},
            ["erf teacher: error against the", "ReLU teacher: error against the closed"],
        ),
        ({"mismatch": {"odd": 0.99}}, ["students of odd units"]),
        ({"mismatch": {"rise": 1.0}}, ["erf student, ReLU teacher: error of the largest"]),
        ({"digits": {"first": 1.2, "both": 1.6}}, ["Digits, first layer", "Digits, both layers"]),
        ({"digits": {"wrong": 0.9}}, ["Digits, parity, first layer", "Digits, parity, both layers"]),
    ],
)
def test_claims_can_fail(change, words):
    broken = failing(supplement.claims(made(**change)))
    assert len(broken) == len(words)
    assert all(any(some in statement for statement in broken) for some in words)
