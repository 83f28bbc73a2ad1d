"""Hidden manifolds: what the figures of time courses, projections and latent numbers show."""

import _goldt2020
import goldt2020_dynamics
import goldt2020_latent_dimension
import goldt2020_structured_projections
import numpy as np
import pytest

from continual_samples import curves
from lee2021_samples import by_words, data

LATENTS, PROJECTION = "numerics.latents", "inputs.manifold.projection"
FRACTION, FOLDING = "inputs.manifold.latent_fraction", "inputs.manifold.folding"
TIME = np.union1d([0.0, *goldt2020_dynamics.KNOWN], np.round(np.geomspace(0.1, 1e4, 101), 6))


def document(dimension=1000, **manifold):
    """A small spec on a hidden manifold."""
    return {
        "inputs": {
            "distribution": "hidden_manifold",
            "dimension": dimension,
            "manifold": manifold or {"latent_fraction": 0.1},
        },
        "teachers": {"count": 1, "hidden": 2},
        "student": {"hidden": 2},
        "training": {"learning_rate": 0.2, "train": ["features"]},
        "numerics": {"latents": "finite"},
    }


def made(axes, time, errors, engine="ode", samples=1.0, **quantities):
    """Curves from errors (axes..., run, time); networks have a multiple of them on test samples."""
    errors = np.asarray(errors, dtype=float)[..., None]
    if engine == "network":
        quantities |= {"test_error": samples * errors}
    return curves(axes, time, errors, engine=engine, document=document(), **quantities)


def known_course(time):
    """The errors of another program over time, constant before and after them."""
    known = goldt2020_dynamics.KNOWN
    course = np.exp(np.interp(np.log(time[1:]), np.log(list(known)), np.log(list(known.values()))))
    return np.concatenate([[0.6], course])


# Time courses


def overlaps(time, end=1.0, other=0.0):
    """Overlaps (time, 2, 2) of units that learn the teacher units in reversed order."""
    grown = (1.0 - np.exp(-time / 10.0))[:, None, None]
    return grown * (end * np.eye(2)[::-1] + other * np.eye(2))


def made_dynamics(limit=1.0, network=1.0, shift=0.0, plateau=1.0, end=1.0, other=0.0):
    """All experiments of the time courses, whose claims all hold by default."""
    time = TIME[TIME <= 1000.0 + 1e-9]
    error, R = known_course(time), overlaps(time, end, other)
    error = np.where((time > 0.2) & (time < 20.0), plateau * error, error)
    points = time <= 100.0

    def of(array, runs, lead):
        return np.broadcast_to(array, (*lead, runs, *array.shape))

    found = {
        goldt2020_dynamics.FIGURE: {
            "ode": made(
                {LATENTS: ["finite", "infinite"]},
                time,
                of(error, 1, (2,)),
                student_overlaps=of(R, 1, (2,)),
                student_teacher_overlaps=of(R[:, None], 1, (2,)),
            ),
            "network": made(
                {},
                time[points],
                network * error[None, points],
                engine="network",
                samples=1.2,
                student_overlaps=(R + shift)[None, points],
                student_teacher_overlaps=(R + shift)[None, points, None],
            ),
        }
    }
    lines = np.broadcast_to(limit * known_course(TIME), (2, 1, 1, len(TIME)))
    axes = {PROJECTION: ["gaussian", "orthogonal"], FRACTION: [0.01]}
    return found | {goldt2020_dynamics.LIMIT: {"ode": made(axes, TIME, lines)}}


def test_the_time_courses_are_those_of_the_runs():
    errors, student, teacher = goldt2020_dynamics.figure(made_dynamics(network=1.1)).axes
    time, line = data(errors, "theory")["equations"]
    np.testing.assert_allclose(line, known_course(np.concatenate([[0.0], time]))[1:])
    time, points = data(errors, "simulation")["network, test"]
    np.testing.assert_allclose(points, 1.32 * known_course(np.concatenate([[0.0], time]))[1:])
    assert set(data(student, "theory")) == {"Q 11", "Q 22", "Q 12"}
    time, line = data(teacher, "theory")["R 12"]
    np.testing.assert_allclose(line, 1.0 - np.exp(-time / 10.0))
    grey = {
        line.numbers["series"]: line.get_color() for line in teacher.get_lines() if hasattr(line, "numbers")
    }
    assert grey["R 11"] == grey["R 22"] == "0.6" != grey["R 12"]


def test_claims_of_time_courses_hold():
    found = goldt2020_dynamics.claims(made_dynamics())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "Plateau").value == pytest.approx(0.118, rel=0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit": 1.01}, "In the limit"),
        ({"network": 1.1}, "distance of log10 error"),
        ({"shift": 0.1}, "overlaps Q and R"),
        ({"plateau": 1.6}, "Plateau"),
        ({"end": 0.9}, "largest distance from 1"),
        ({"other": 0.05}, "with another student unit"),
    ],
)
def test_claims_of_time_courses_can_fail(change, words):
    found = goldt2020_dynamics.claims(made_dynamics(**change))
    assert [claim.statement for claim in found if not claim.holds] == [by_words(found, words).statement]


# Orthogonal projections


def made_projections(known=1.0, network=1.0, samples=1.0, gaussian=1.2):
    """Time courses for two kinds of projections; errors decay to 0.15 delta^0.81 (orthogonal)."""
    ratios, shown = np.array([0.01, 0.1, 0.25, 1.0]), np.array([0.25, 1.0])

    def course(ratio, time):
        end = 0.1405 * ratio ** np.log10(0.1405 / 0.0216)
        return known * end[:, None, None] * (1.0 + 3.0 * np.exp(-time / 20.0))

    lines = course(ratios, TIME)
    points = TIME[TIME <= 300.0]
    axes = {PROJECTION: ["gaussian", "orthogonal"], FRACTION: ratios}
    runs = network * course(shown, points) * np.array([0.99, 1.01])[:, None]
    return {
        goldt2020_structured_projections.EXPERIMENT: {
            "ode": made(axes, TIME, np.stack([gaussian * lines, lines])),
            "network": made(
                {PROJECTION: ["orthogonal"], FRACTION: shown},
                points,
                runs[None],
                engine="network",
                samples=samples,
            ),
        }
    }


def test_projections_are_those_of_the_runs():
    time, end = goldt2020_structured_projections.figure(made_projections(network=2.0)).axes
    lines, points = data(time, "theory"), data(time, "simulation")
    assert len(lines) == 8
    assert set(points) == {"delta = 0.25, networks", "delta = 1, networks"}
    x, y = points["delta = 1, networks"]
    np.testing.assert_allclose(y, 0.281 * (1.0 + 3.0 * np.exp(-x / 20.0)))
    x, y = data(end, "theory")["Gaussian"]
    np.testing.assert_allclose(y[[1, 3]], [1.2 * 0.0216, 1.2 * 0.1405])


def test_claims_of_projections_hold():
    found = goldt2020_structured_projections.claims(made_projections())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "Gaussian").value == pytest.approx(1.2)
    assert by_words(found, "in closed form").value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"known": 1.01}, "of the other computation"),
        ({"network": 0.9, "samples": 1.0 / 0.9}, "in closed form"),
        ({"samples": 1.1}, "on test samples"),
        ({"gaussian": 0.9}, "Gaussian"),
    ],
)
def test_claims_of_projections_can_fail(change, words):
    found = goldt2020_structured_projections.claims(made_projections(**change))
    assert [claim.statement for claim in found if not claim.holds] == [by_words(found, words).statement]


# Latent numbers


def made_latents(scale=None, network=1.0, samples=1.0):
    """Asymptotic errors, those of another program times a scale by folding and rate."""
    figure, scale = goldt2020_latent_dimension, scale or {}
    ratios, shown = np.array(figure.RATIOS), np.array([0.1, 0.5])

    def entry(rate, time):
        last = [np.array(figure.KNOWN[name, rate]) * scale.get((name, rate), 1.0) for name in ("sign", "erf")]
        values = np.stack(last, axis=1)[:, :, None, None] * np.array([3.0, 1.1, 1.0])
        return made({FRACTION: ratios, FOLDING: ["sign", "erf"]}, time, values)

    middle = 1.1 * np.array([0.023651, 0.11828])[:, None, None]
    runs = network * middle * np.array([0.99, 1.01])[:, None] * np.array([3.0, 1.0])
    points = made({FRACTION: shown}, [0.0, 1000.0], runs, engine="network", samples=samples)
    return {
        figure.EXPERIMENT: {"ode": entry(0.2, [0.0, 1000.0, 3e4]), "network": points},
        figure.SLOW: {"ode": entry(0.02, [0.0, 1e4, 3e5])},
    }


def test_asymptotic_errors_are_the_last_ones():
    figure = goldt2020_latent_dimension
    errors, ratio = figure.figure(made_latents(samples=1.5)).axes
    x, y = data(errors, "theory")[r"erf, $\eta = 0.02$"]
    np.testing.assert_allclose((x, y), (figure.RATIOS, figure.KNOWN["erf", 0.02]))
    x, y = data(errors, "simulation")["networks, test samples"]
    np.testing.assert_allclose(y, 1.65 * np.array([0.023651, 0.11828]))
    x, y = data(ratio, "theory")["sign"]
    np.testing.assert_allclose(y, np.divide(figure.KNOWN["sign", 0.2], figure.KNOWN["sign", 0.02]))


def test_claims_of_latent_numbers_hold():
    found = goldt2020_latent_dimension.claims(made_latents())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "error in closed form").value == pytest.approx(1.0)
    assert by_words(found, "Folding sign: slope").value == pytest.approx(1.0, abs=1e-2)


STEEPER = {("erf", 0.2): np.array(goldt2020_latent_dimension.RATIOS) ** 0.2}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scale": {("sign", 0.02): 1.01}}, ["Folding sign, learning rate 0.02"]),
        ({"scale": {("erf", 0.02): 0.99}}, ["Folding erf, learning rate 0.02"]),
        ({"scale": STEEPER}, ["erf, learning rate 0.2:", "Folding erf: slope", "signs divided by"]),
        ({"network": 1.2, "samples": 1.0 / 1.2}, ["error in closed form"]),
        ({"samples": 0.8}, ["error on test samples"]),
    ],
)
def test_claims_of_latent_numbers_can_fail(change, words):
    found = goldt2020_latent_dimension.claims(made_latents(**change))
    failed = {claim.statement for claim in found if not claim.holds}
    assert failed == {by_words(found, part).statement for part in words}


def test_values_are_interpolated_in_logarithms():
    time = np.array([0.0, 1.0, 100.0])
    found = _goldt2020.at(time, np.array([[5.0, 1.0, 0.01], [5.0, 2.0, 2.0]]), [10.0])
    np.testing.assert_allclose(found, [[0.1], [2.0]])
    assert _goldt2020.farthest([[1.1, 0.8], [1.15, 1.0]]) == 0.8
