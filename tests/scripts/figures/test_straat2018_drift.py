"""Drifting teachers: what the figure shows, and what its claims read."""

import numpy as np
import pytest
import straat2018_drift as figure

from continual_samples import FEATURES, curves
from lee2021_samples import by_words, data

RATE, DRIFT, DECAY = "training.learning_rate", "teachers.drift", "training.weight_decay"
LOST = {0.5: 0.03, 1.0: 0.045, 1.5: 0.055}  # drifts beyond which specialisation is lost
ENDS = np.array([0.0, 3000.0])


def overlaps(split):
    """Overlaps of two units with two teacher units, whose distances are a given number, (..., P, K, M)."""
    split = np.asarray(split)[..., None, None, None]
    return 0.4 + 0.5 * split * np.array([[1.0, -1.0], [-1.0, 1.0]])


def level(rate, drift):
    """A stationary error with a smallest value at rate 1."""
    return 0.75 * drift * (rate + 1.0 / rate)


def made_map(best=1.0, late=1.0):
    """Stationary states over learning rate and drift."""
    rates, drifts = (
        np.linspace(0.1, 2.5, 25),
        np.array([0.0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.1]),
    )
    eta, delta = np.meshgrid(rates, drifts, indexing="ij")
    error = level(eta / best, delta)[:, :, None, None, None] * np.ones((2, 1))
    critical = late * np.interp(rates, list(LOST), list(LOST.values()))[:, None]
    split = np.maximum(1.0 - delta / critical, 0.0)[:, :, None, None] * np.ones(2)
    axes = {RATE: rates, DRIFT: drifts}
    return curves(axes, ENDS, error, document=document(), student_teacher_overlaps=overlaps(split))


def made_small(slope=1.0):
    """Stationary states at a small learning rate."""
    drifts = 1e-4 * np.array([0.0, 0.001, 0.003, 0.01, 0.03, 0.05, 0.06, 0.0625, 0.065, 0.1])
    error = (slope * drifts / 1e-4)[:, None, None, None] * np.ones((2, 1))
    split = np.maximum(1.0 - drifts / 0.0625e-4, 0.0)[:, None, None] * np.ones(2)
    spec = document(learning_rate=1e-4)
    return curves({DRIFT: drifts}, ENDS, error, document=spec, student_teacher_overlaps=overlaps(split))


def document(**training):
    """A small spec of two units."""
    return FEATURES | {"training": FEATURES["training"] | training}


def made(best=1.0, late=1.0, slope=1.0, gain=0.05, networks=1.0):
    """All experiments, whose claims all hold by default."""
    drifts, gammas = np.array([0.003, 0.01, 0.03]), np.linspace(0.0, 0.06, 61)
    ratio = gammas / drifts[:, None]
    factor = 1.0 - gain * (1.0 - (2.0 * ratio - 1.0) ** 2)
    decay = (level(1.0, drifts)[:, None] * factor)[:, :, None, None, None] * np.ones((2, 1))
    time = np.linspace(0.0, 600.0, 61)
    course = level(1.0, drifts)[:, None] + np.exp(-time / 10.0)
    split = np.broadcast_to(1.0 - np.exp(-time / 50.0), course.shape)
    spread = networks * np.array([0.99, 1.01])[:, None]
    return {
        figure.STATIONARY: {"ode": made_map(best, late)},
        figure.SMALL: {"ode": made_small(slope)},
        figure.DECAY: {"ode": curves({DRIFT: drifts, DECAY: gammas}, ENDS, decay)},
        figure.TIME: {
            "ode": curves(
                {DRIFT: drifts},
                time,
                course[:, None, :, None],
                student_teacher_overlaps=overlaps(split[:, None]),
            ),
            "network": curves(
                {DRIFT: drifts[:2]},
                time,
                (course[:2, None] * spread)[..., None],
                engine="network",
                student_teacher_overlaps=overlaps(-split[:2, None] * np.ones((2, 1))),
            ),
        },
    }


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Reference numbers of these runs, with some that are not on the grid."""
    pairs = [(rate, drift) for rate in (0.5, 1.0, 1.75) for drift in (0.003, 0.01)]
    monkeypatch.setattr(figure, "KNOWN", {pair: level(*pair) for pair in pairs})
    monkeypatch.setattr(figure, "KNOWN_DECAY", {(0.01, 0.01): level(1.0, 0.01)})


def test_states_and_courses_are_those_of_the_runs():
    axes = figure.figure(made()).axes
    time, error = data(axes[0], "theory")["delta = 0.01"]
    np.testing.assert_allclose(error, 0.015 + np.exp(-time / 10.0))
    np.testing.assert_allclose(data(axes[1], "theory")["delta = 0.01"][1], 1.0 - np.exp(-time / 50.0))
    time, split = data(axes[1], "simulation")["delta = 0.01"]  # the units are exchanged
    np.testing.assert_allclose(split, 1.0 - np.exp(-time / 50.0))
    ratio, error = data(axes[2], "theory")[r"\eta = 0.5"]
    np.testing.assert_allclose(error, 0.75 * 0.5 * ratio * 2.5)
    ratio, split = data(axes[3], "theory")[r"\eta \to 0"]
    np.testing.assert_allclose(split, np.maximum(1.0 - ratio / 0.0625, 0.0), atol=1e-12)
    rate, error = data(axes[4], "theory")["delta = 0.02"]
    np.testing.assert_allclose(error, level(rate, 0.02))
    ratio, error = data(axes[5], "theory")["delta = 0.03"]
    np.testing.assert_allclose(error, 1.0 - 0.05 * (1.0 - (2.0 * ratio - 1.0) ** 2))


def test_claims_read_the_numbers():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "5 combinations").value == pytest.approx(0.0, abs=1e-12)
    assert by_words(found, "gain by weight decay").value == pytest.approx(0.05, rel=1e-2)
    assert by_words(found, "smallest stationary error").value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slope": 1.2}, "Vanishing learning rates: stationary error"),
        ({"gain": 0.2}, "gain by weight decay"),
        ({"networks": 1.1}, "Networks of"),
    ],
)
def test_claims_can_fail(change, words):
    found = figure.claims(made(**change))
    assert [claim.statement for claim in found if not claim.holds] == [by_words(found, words).statement]


def test_another_best_rate_is_noticed():
    found = figure.claims(made(best=1.6))
    assert not by_words(found, "smallest stationary error").holds
    assert not by_words(found, "combinations").holds


def test_a_loss_of_specialisation_at_another_drift_is_noticed():
    found = [claim for claim in figure.claims(made(late=1.4)) if "specialisation is below" in claim.statement]
    assert [claim.holds for claim in found] == [True, False]
