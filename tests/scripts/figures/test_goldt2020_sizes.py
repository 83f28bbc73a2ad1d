"""Hidden manifolds: what the figures of student sizes and of the Gaussian equivalent show."""

import goldt2020_equivalence
import goldt2020_increasing_complexity
import goldt2020_student_size
import numpy as np
import pytest

from continual_samples import curves
from lee2021_samples import by_words, data

HIDDEN, TEACHERS, RATE = "student.hidden", "teachers.hidden", "training.readout_learning_rate"
LATENT, EQUIVALENT = "inputs.manifold.latent_dimension", "inputs.manifold.equivalent"
DOCUMENT = {
    "inputs": {"distribution": "hidden_manifold", "dimension": 1000, "manifold": {"latent_dimension": 25}},
    "teachers": {"count": 1, "hidden": 1},
    "student": {"hidden": 1},
    "training": {"learning_rate": 0.2},
}


def made(axes, time, errors, engine="ode", samples=None):
    """Curves from errors (axes..., run, time), and those on test samples."""
    errors, quantities = np.asarray(errors, dtype=float)[..., None], {}
    if engine == "network":
        quantities["test_error"] = errors if samples is None else np.asarray(samples)[..., None]
    return curves(axes, time, errors, engine=engine, document=DOCUMENT, **quantities)


# Asymptotic errors against the size


def made_sizes(equal=1.0, first=1.0, both=1.0, two=1.0):
    """Last errors proportional to M: K > M increases them (first layer) or decreases them (both)."""
    K, M = np.meshgrid([1, 2, 4, 8], [1, 2, 4], indexing="ij")
    surplus = np.maximum(np.log2(K / M), 0.0)
    level = equal * np.where(M == 2, two, 1.0) * np.where(K < M, 0.03, 0.0)
    known = {"first layer": (0.001107, 0.002304, 0.005012), "both layers": (0.001107, 0.002300, 0.004953)}
    at = np.log2(M).astype(int)
    found = []
    for name, growth in (("first layer", 0.03 * first), ("both layers", -0.04 * both)):
        base = equal * np.array(known[name])[at] * np.where(M == 2, two, 1.0)
        found.append(level + base * (1.0 + growth * surplus))
    last = (
        np.stack(found, axis=1)[..., None, None] * np.array([1.0, 1.3])[:, None] * np.array([5.0, 2.0, 1.0])
    )
    axes = {HIDDEN: [1, 2, 4, 8], RATE: [0.0, 0.2], TEACHERS: [1, 2, 4]}
    return {goldt2020_student_size.EXPERIMENT: {"ode": made(axes, [0.0, 3000.0, 30000.0], last)}}


def test_errors_are_the_smaller_of_two_runs():
    whole, relative = goldt2020_student_size.figure(made_sizes()).axes
    x, y = data(whole, "theory")["M = 2, first layer"]
    np.testing.assert_allclose(x, [0.5, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(y, [0.032304, 0.002304, 0.002304 * 1.03, 0.002304 * 1.06])
    x, y = data(relative, "theory")["M = 4, both layers"]
    np.testing.assert_allclose((x, y), ([1.0, 2.0], np.array([1.0, 0.96]) * 0.004953 / 0.005012))


def test_claims_of_sizes_hold():
    found = goldt2020_student_size.claims(made_sizes())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "K = M, first layer and").value == pytest.approx(0.0, abs=1e-9)
    assert by_words(found, "First layer: last error").value == pytest.approx(1.03)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"equal": 1.01}, ["K = M, first layer and"]),
        ({"first": -0.1}, ["First layer: last error", "3 M, first layer"]),
        ({"both": -3.0}, ["Both layers: last error", "3 M, both layers"]),
        ({"two": 1.3}, ["K = M, first layer and", "twice that", "3 M, first layer", "3 M, both layers"]),
    ],
)
def test_claims_of_sizes_can_fail(change, words):
    found = goldt2020_student_size.claims(made_sizes(**change))
    failed = {claim.statement for claim in found if not claim.holds}
    assert failed == {by_words(found, part).statement for part in words}


# Students of different sizes over time


def made_complexity(scale=1.0, faster=1.0, network=1.0):
    """Errors that decay to those of another program, more slowly for larger students."""
    figure, time = goldt2020_increasing_complexity, np.concatenate([[0.0], np.geomspace(0.1, 3000.0, 101)])
    sizes = np.array(figure.SIZES)
    rate = 0.2 / sizes**faster
    lines = []
    for layers in ("first layer", "both layers"):
        last = np.array([figure.KNOWN[layers][K] for K in figure.SIZES]) ** scale
        lines.append(last[:, None] + np.exp(-rate[:, None] * time))
    points = time <= 300.0
    runs = network * lines[1][[1, 4]][:, None][..., points]
    return {
        figure.EXPERIMENT: {
            "ode": made({RATE: [0.0, 0.2], HIDDEN: sizes}, time, np.array(lines)[:, :, None]),
            "network": made({HIDDEN: sizes[[1, 4]]}, time[points], runs, engine="network"),
        }
    }


def test_curves_of_sizes_are_those_of_the_runs():
    both, first = goldt2020_increasing_complexity.figure(made_complexity(network=2.0)).axes
    time, error = data(first, "theory")["K = 3"]
    np.testing.assert_allclose(error, 0.181 + np.exp(-time / 15.0))
    time, error = data(both, "simulation")["K = 6"]
    np.testing.assert_allclose(error, 2.0 * (0.1157 + np.exp(-time / 30.0)))
    assert not data(first, "simulation")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"scale": 1.05}, ["Both layers, K from", "First layer, K from"]),
        ({"scale": 0.3}, ["Both layers, K from", "First layer, K from", "next larger one"]),
        ({"faster": 0.0}, ["Both layers: time", "First layer: time"]),
        ({"network": 1.1}, ["Networks of"]),
    ],
)
def test_claims_of_complexity_can_fail(change, words):
    found = goldt2020_increasing_complexity.claims(made_complexity(**change))
    failed = [claim.statement for claim in found if not claim.holds]
    assert all(any(part in statement for part in words) for statement in failed)
    assert all(any(part in statement for statement in failed) for part in words)


# The Gaussian equivalent


def made_equivalence(manifold=0.8, gaussian=0.0, closed=0.05, many=0.0):
    """Late errors whose difference from the equations is a part of the known term."""
    figure = goldt2020_equivalence
    time, latents = np.array([0.0, 1.0, 100.0, 240.0, 270.0, 300.0]), np.array([25, 100, 400])
    shape = np.exp(-time / 30.0)
    theory = 1e-3 * latents[:, None, None] * (0.3 + shape) * np.ones((2, 1))
    spread = np.array([-1e-5, 1e-5])[:, None]
    term = figure.TERM / latents[:, None, None]
    samples = np.stack([theory + part * term + spread for part in (manifold, gaussian)], axis=1)
    samples[-1] *= 1.0 + many
    exact = np.stack([theory * (1.0 + closed * 25.0 / latents[:, None, None]), theory], axis=1)
    axes = {LATENT: latents, EQUIVALENT: [False, True]}
    return {
        figure.EXPERIMENT: {
            "ode": made({LATENT: latents}, time, theory),
            "network": made(axes, time, exact, engine="network", samples=samples),
        }
    }


def test_the_difference_from_the_equations_is_that_of_the_runs():
    time, excess, ratio = goldt2020_equivalence.figure(made_equivalence()).axes
    level = 1e-3 * np.array([25, 100, 400]) * (0.3 + np.exp(-np.array([240.0, 270.0, 300.0]) / 30.0).mean())
    x, y = data(excess, "theory")["effect of lengths"]
    np.testing.assert_allclose(y, 100.0 * goldt2020_equivalence.TERM / x / level)
    x, y = data(excess, "simulation")["manifold"]
    np.testing.assert_allclose(y, 80.0 * goldt2020_equivalence.TERM / x / level, rtol=1e-6)
    x, y = data(ratio, "simulation")["manifold"]
    np.testing.assert_allclose(y, 1.0 + 0.05 * 25.0 / x)
    assert set(data(time, "theory")) == {"D = 25", "D = 100", "D = 400"}
    x, y = data(time, "simulation")["Gaussian equivalent, D = 100"]
    np.testing.assert_allclose(y, 0.1 * (0.3 + np.exp(-x / 30.0)))
    assert x.tolist() == [1.0, 100.0, 240.0, 300.0]


def test_the_left_out_term_is_a_mean_over_fields():
    """Half of <g'^2 nu^2> for two units of variance 1, by Gauss-Hermite quadrature."""
    nu, weights = np.polynomial.hermite_e.hermegauss(60)
    slope = np.sqrt(2.0 / np.pi) * np.exp(-(nu**2) / 2.0)
    mean = weights @ (slope * nu) ** 2 / weights.sum()
    assert pytest.approx(mean / 2.0, rel=1e-9) == goldt2020_equivalence.TERM


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"manifold": 2.0}, ["D = 25, manifold: late error on"]),
        ({"gaussian": 0.6}, ["D = 25, Gaussian equivalent: late"]),
        ({"many": 0.1}, ["D = 400, manifold", "D = 400, Gaussian"]),
        ({"closed": -0.05}, ["on the manifold"]),
    ],
)
def test_claims_of_the_equivalence_can_fail(change, words):
    found = goldt2020_equivalence.claims(made_equivalence(**change))
    failed = {claim.statement for claim in found if not claim.holds}
    assert failed == {by_words(found, part).statement for part in words}
