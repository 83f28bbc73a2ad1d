"""The sketch of the measures shows its run, and its claims read a known overshoot right."""

import lee2021_measures as script
import numpy as np
import pytest

from lee2021_samples import by_words, curves, data

TIME = np.linspace(0.0, 100.0, 10001)
# log10 of the errors: up by two decades in two units of time and down by half a decade; down by three decades
FIRST = np.interp(TIME, [0, 50, 52, 100], [-0.8, -4.75, -2.75, -3.25])
SECOND = np.interp(TIME, [0, 50, 56, 100], [-0.8, -0.8, -3.8, -4.3])


def made(log_first=FIRST):
    return {script.FIGURE: {"ode": curves(TIME, np.stack([log_first, FIRST + 0.1]), SECOND)}}


def test_errors_and_slopes_are_drawn():
    fig = script.figure(made())
    for task, (ax, log, name) in enumerate(
        zip(fig.axes, (FIRST, SECOND), ("forgetting", "transfer"), strict=True)
    ):
        shown = data(ax, "theory")
        np.testing.assert_array_equal(shown[f"task {task + 1}"][0], TIME[::20])
        np.testing.assert_allclose(np.log10(shown[f"task {task + 1}"][1]), log[::20])
        x, y = shown[f"initial rate of {name}"]
        slope = np.diff(np.log10(y)) / np.diff(x)
        assert slope == pytest.approx([1.0, -0.5][task])
        assert (ax.get_yscale(), ax.get_ylim()) == ("log", pytest.approx((10**-5.5, 10**-0.5)))
        assert ax.get_ylabel() == rf"error of task {task + 1}, $\epsilon_{task + 1}$"


def test_measures_are_named_on_the_panels():
    words = [{text.get_text() for text in ax.texts} for ax in script.figure(made()).axes]
    assert words[0] == {"", "initial rate\nof forgetting", "maximal\nforgetting", "long-time\nforgetting"}
    assert words[1] == {"", "initial rate\nof transfer", "maximal\ntransfer", "long-time\ntransfer"}


def test_claims_read_the_overshoot():
    found = script.claims(made())
    assert all(claim.holds for claim in found)
    assert by_words(found, "at the switch").value == pytest.approx(-4.75)
    assert by_words(found, "decreases after its maximum").value == pytest.approx(0.5)
    assert by_words(found, "Forgetting remains").value == pytest.approx(1.5)
    assert by_words(found, "Forgetting starts").value == pytest.approx(1.0)
    assert by_words(found, "Transfer starts").value == pytest.approx(0.5)


def test_a_run_without_recovery_is_told():
    found = script.claims(made(np.minimum(FIRST, -3.25)))
    assert by_words(found, "decreases after its maximum").value == pytest.approx(0.0, abs=1e-12)
    assert not by_words(found, "decreases after its maximum").holds
