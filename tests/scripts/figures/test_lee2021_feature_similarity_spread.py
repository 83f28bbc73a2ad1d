"""The figure of the spread over seeds shows mean and percentiles, and its claims read known curves right."""

import _figures
import lee2021_feature_similarity_spread as script
import numpy as np
import pytest

from lee2021_samples import SIMILARITY, by_words, curves, data

TIME = np.array([100.0, 105.0, 300.0])
GRID = np.linspace(0.0, 1.0, 11)
RUNS = 101


def grown(runs, seed):
    """log10 of both errors: forgetting 3 - 4 (V - 0.4)^2, transfer 4 + (V - 0.3)^2, and normal deviations."""
    V, deviations = GRID[:, None], np.random.default_rng(seed).normal(scale=0.2, size=runs)
    forgetting, transfer = 3.0 - 4.0 * (V - 0.4) ** 2 + deviations, 4.0 + (V - 0.3) ** 2 - deviations
    passed = np.array([0.0, 0.5, 1.0])
    return -4.0 + forgetting[..., None] * passed, -1.0 - transfer[..., None] * passed


def made(shift=0.0):
    one, other = grown(RUNS, 0), grown(RUNS, 1)
    chain = curves(TIME, one[0] + shift * (TIME > 200), one[1], {SIMILARITY: GRID}, "chain", 1000)
    return {script.FIGURE: {"chain": chain, "ode": curves(TIME, *other, {SIMILARITY: GRID})}}


def test_mean_and_spread_are_drawn():
    fig = script.figure(made())
    after = grown(RUNS, 0)[0][..., 2] + 4.0
    x, y = data(fig.axes[0], "simulation")["t - s = 200"]
    np.testing.assert_array_equal(x, GRID)
    np.testing.assert_allclose(y, after.mean(axis=1))
    shown = [row for row in _figures.numbers(fig) if row["series"] == "t - s = 200" and row["panel"] == "a"]
    low, high = (np.array([float(row[name]) for row in shown if name in row]) for name in ("low", "high"))
    np.testing.assert_allclose((after < low[:, None]).mean(axis=1), 0.16, atol=0.01)
    np.testing.assert_allclose((after > high[:, None]).mean(axis=1), 0.16, atol=0.01)
    line = data(fig.axes[0], "theory")["t - s = 200"][1]
    np.testing.assert_allclose(line, (grown(RUNS, 1)[0][..., 2] + 4.0).mean(axis=1))


def test_claims_read_the_shape():
    found = script.claims(made())
    assert by_words(found, "Similarity with the largest mean forgetting").value == pytest.approx(0.4)
    assert by_words(found, "minus the larger").value == pytest.approx(4 * 0.4**2)
    assert by_words(found, "at V = 1 minus its smallest").value == pytest.approx(0.7**2)
    assert all(claim.holds for claim in found)


def test_a_shift_of_the_mean_is_noticed():
    """By 0.2, where the standard error of the difference is 0.2 sqrt(2 / RUNS)."""
    claim = by_words(script.claims(made(shift=0.2)), "Mean forgetting of chain at N = 1000")
    assert claim.value == pytest.approx(1.0 / np.sqrt(2 / RUNS), rel=0.4)
    assert not claim.holds
