"""The figure of feature similarity shows its curves, and its claims read known curves right."""

import lee2021_feature_similarity as script
import numpy as np
import pytest

from lee2021_samples import SIMILARITY, by_words, curves, data

TIME = np.arange(301.0)
GRID = np.linspace(0.0, 1.0, 21)
START = -4.0


def errors_of(grid, runs=1, shift=0.0):
    """log10 of both errors: forgetting peaks at V = 0.8, then moves to 0.3; transfer is V t / 40."""
    V, after = np.asarray(grid)[:, None, None], np.maximum(TIME - 100.0, 0.0)
    top = 0.3 + 0.5 * np.exp(-after / 10)
    forgetting = (1.0 - np.exp(-after / 5)) * (3.0 - 2.0 * (V - top) ** 2)
    spread = 0.01 * (np.arange(runs)[:, None] - (runs - 1) / 2)
    return START + spread + forgetting + shift * (after > 0), -0.778 - V * after / 40


def made(shift=0.0, dimension=10000):
    few = np.array([0.0, 0.5, 1.0])
    simulation = curves(TIME, *errors_of(few, 1, shift), {SIMILARITY: few}, "network", dimension)
    return {
        script.FIGURE: {"ode": curves(TIME, *errors_of(GRID), {SIMILARITY: GRID}), "network": simulation},
        script.SEEDS: {"ode": curves(TIME, *errors_of(GRID, 3), {SIMILARITY: GRID})},
    }


def test_errors_are_drawn_over_time():
    fig = script.figure(made())
    for task, limits in enumerate(((10**-4.5, 10**-0.5), (10**-8, 1))):
        ax, expected = fig.axes[task], errors_of(GRID)[task]
        shown = data(ax, "theory")
        assert len(shown) == len(GRID)
        np.testing.assert_array_equal(shown["V = 0.5"][0], TIME)
        np.testing.assert_allclose(np.log10(shown["V = 0.5"][1]), expected[10, 0])
        assert (ax.get_xlabel(), ax.get_yscale()) == ("time $t$", "log")
        assert ax.get_ylim() == pytest.approx(limits)


def test_sections_are_drawn_against_similarity():
    fig = script.figure(made(shift=0.01))
    for task, name in enumerate(("forgetting", "transfer")):
        ax, log = fig.axes[2 + task], errors_of(GRID)[task][:, 0]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("similarity $V$", f"{name} (decades)")
        lines, points = data(ax, "theory"), data(ax, "simulation")
        assert list(lines) == list(points) == [f"t - s = {after}" for after in script.AFTER]
        change = (log[:, 120] - log[:, 100]) * (1 if task == 0 else -1)
        np.testing.assert_array_equal(lines["t - s = 20"][0], GRID)
        np.testing.assert_allclose(lines["t - s = 20"][1], change, atol=1e-12)
        shift = 0.01 if task == 0 else 0.0
        np.testing.assert_allclose(points["t - s = 20"][1], change[[0, 10, 20]] + shift, atol=1e-12)


def test_legends_name_the_marks_and_the_times():
    legends = [ax.get_legend() for ax in script.figure(made()).axes if ax.get_legend()]
    marks, times = ([text.get_text() for text in legend.get_texts()] for legend in legends)
    assert marks == ["equations", "simulation"]
    assert times == [str(after) for after in script.AFTER]


def test_claims_find_the_moving_peak():
    found = script.claims(made())
    for after in script.AFTER:
        claim = by_words(found, f"maximal forgetting {after} after")
        assert claim.value == pytest.approx(0.3 + 0.5 * np.exp(-after / 10), abs=1e-6)
        assert claim.uncertainty == pytest.approx(0.0, abs=1e-9)


def test_claims_read_levels_and_shape():
    found = script.claims(made())
    level = by_words(found, "log10 of the error of task 1 at V = 0.5")
    assert level.value == pytest.approx(START + 3.0 - 2.0 * 0.04, abs=1e-6)
    assert by_words(found, "Forgetting at V = 0.5").value == pytest.approx(2.92, abs=1e-6)
    assert by_words(found, "inverted U").value == pytest.approx(0.18, abs=0.01)
    assert by_words(found, "Transfer at V = 1.0").value == pytest.approx(5.0)
    assert by_words(found, "smallest step of all runs").value == pytest.approx(0.05 * 20 / 40)
    assert by_words(found, "A second plateau").value == pytest.approx(0.1 * 20 / 40)


@pytest.mark.parametrize(("dimension", "holds"), [(10000, False), (1000, True)])
def test_agreement_is_asked_for_within_fluctuations(dimension, holds):
    found = script.claims(made(shift=0.1, dimension=dimension))
    claim = by_words(found, "on the error of task 1")
    assert claim.value == pytest.approx(0.1)
    assert (claim.high, claim.holds) == (pytest.approx(5.0 / np.sqrt(dimension)), holds)
    assert by_words(found, "on the error of task 2").value == 0.0
