"""A turning teacher: what the figure shows, and what its claims read."""

import drift_rotation as figure
import numpy as np
import pytest

from continual_samples import curves
from lee2021_samples import by_words, data

RATE, TURN, DECAY = "training.learning_rate", "teachers.rotation.rate", "training.weight_decay"
SPEEDS = np.array([0.01, 0.1, 0.2, 0.5, 1.0, 100.0])
TIME = np.linspace(0.0, 300.0, 61)
DOCUMENT = {
    "inputs": {"dimension": 10000},
    "teachers": {
        "count": 3,
        "hidden": 1,
        "rotation": {"teacher": 1, "towards": 2, "rate": 0.1, "start": 100.0, "until": "reached"},
    },
    "student": {"hidden": 2},
    "training": {"learning_rate": 1.0},
    "curriculum": {"order": [0, 1], "switch_times": [100.0]},
}


def stationary(law=1.0, fast=10.0):
    """Errors behind the teacher that follow the law, with decay that helps at rate 0.1 only."""
    rates, turns, decays = np.array([0.1, 1.0]), np.array([0.0003, 0.01, 0.1]), np.array([0.0, 0.001, 0.03])
    eta, omega, gamma = np.meshgrid(rates, turns, decays, indexing="ij")
    decay = np.where(omega > 0.05, 1.0 - fast * gamma, 1.0 + 100.0 * gamma)
    error = law * figure.LAW * (omega / eta) ** 2 * decay
    axes = {RATE: rates, TURN: turns, DECAY: decays}
    return curves(axes, [0.0, 2000.0], error[..., None, None, None] * np.ones((2, 1)), document=DOCUMENT)


def changed(similarity, sudden=0.001, slow=1.0, swap=False, online=8.0):
    """Errors and overlaps of a change: the old unit is used again if the change takes more than 3."""
    duration = np.arccos(similarity) / SPEEDS
    again = duration > 3.0 if similarity < 0.3 else np.ones(len(SPEEDS), dtype=bool)
    after = TIME >= 100.0
    old = np.where(again, slow * figure.full(similarity), sudden)[:, None] * after
    mean = np.where(duration < 0.1, online, 1.0)[:, None] * 1e-3 * np.ones(len(TIME))
    errors = np.stack([old, mean, mean], axis=-1)[:, None]
    h = np.zeros((len(SPEEDS), 1, len(TIME), 3, 2))
    h[..., 0, swap * 1] = 1.0
    h[:, 0, :, 1, swap * 1] = again[:, None]
    h[:, 0, :, 1, 1 - swap] = ~again[:, None]
    Q = np.broadcast_to(np.eye(2), (*h.shape[:3], 2, 2))
    named = {"student_readouts": h, "student_overlaps": Q}
    return curves({TURN: SPEEDS}, TIME, errors, document=DOCUMENT, **named)


def made(law=1.0, fast_decay=10.0, gap=0.3, **change):
    """All experiments, whose claims all hold by default."""
    experiments = {
        name: {"ode": changed(similarity, **change)} for similarity, name in figure.CHANGES.items()
    }
    experiments[figure.CHANGES[0.0]]["network"] = networks(gap)
    return {figure.ROTATION: {"ode": stationary(law, fast_decay)}, **experiments}


def networks(gap):
    """Two runs whose errors of the original task are larger by a gap after the slow change."""
    last = np.array([0.35, 0.35 - gap])[:, None] + np.array([-0.01, 0.01])
    errors = last[:, :, None, None] * np.ones((len(TIME), 3))
    return curves({TURN: [0.1, 10.0]}, TIME, errors, engine="network", document=DOCUMENT)


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Reference numbers of these runs, with one that is not on the grid."""
    numbers = {(0.1, 0.01, 0.0): figure.LAW * 0.01, (0.5, 0.01, 0.0): 1.0}
    monkeypatch.setattr(figure, "KNOWN", numbers)


@pytest.mark.parametrize("swap", [False, True])
def test_panels_show_the_runs(swap):
    axes = figure.figure(made(swap=swap)).axes
    ratio, error = data(axes[0], "theory")["eta = 1"]
    np.testing.assert_allclose(error, figure.LAW * ratio**2)
    np.testing.assert_allclose(data(axes[1], "theory")["omega = 0.1"][1], [1.0, 0.99, 0.7])
    duration, error = data(axes[3], "theory")["V = 0"]
    np.testing.assert_allclose(duration, np.pi / 2.0 / SPEEDS)
    np.testing.assert_allclose(error, np.where(duration > 3.0, 1.0 / 3.0, 0.001))
    np.testing.assert_allclose(data(axes[3], "simulation")["V = 0"][1], [0.35, 0.05])
    np.testing.assert_allclose(data(axes[4], "theory")["V = 0"][1], [*[1e-3] * 5, 8e-3])
    np.testing.assert_array_equal(data(axes[5], "theory")["V = 0"][1], duration > 3.0)


def test_claims_read_the_numbers():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    between = np.sqrt(np.pi / 2.0 / 0.5 * np.pi / 2.0)  # of the two durations around 3
    assert by_words(found, "carries half").value == pytest.approx(between)
    assert by_words(found, "1 combinations").value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sudden": 0.1}, "after a sudden change"),
        ({"slow": 1.2}, "The slowest changes"),
        ({"online": 2.0}, "mean error of the trained task"),
        ({"fast_decay": 1.0}, "Weight decay helps"),
        ({"gap": 0.1}, "Networks of"),
    ],
)
def test_claims_can_fail(change, words):
    found = figure.claims(made(**change))
    assert [claim.statement for claim in found if not claim.holds] == [by_words(found, words).statement]


def test_another_law_is_noticed():
    found = figure.claims(made(law=1.2))
    assert not by_words(found, "vanishing rates").holds
    assert not by_words(found, "combinations").holds
