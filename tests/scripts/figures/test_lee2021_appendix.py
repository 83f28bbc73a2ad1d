"""Early switch, pretraining, transfer against scratch: what figures show, and what claims read."""

import lee2021_early_switch as early
import lee2021_pretraining as pretraining
import lee2021_tabula_rasa as tabula_rasa
import numpy as np
import pytest

from lee2021_samples import SIMILARITY, by_words, curves, data

ORDER = "curriculum.order.0"


def made_early(ends=0.0):
    """Final errors along a parabola with its top, 10^-0.6, at V = 0.3; two runs 0.02 apart."""
    time, V = np.linspace(0.0, 70.0, 281), np.linspace(0.0, 1.0, 25)
    start, final = -2.87, -0.6 - 5.1 * (V - 0.3) ** 2 + ends * (V == 1.0)
    log = np.where(time <= early.SWITCH, start, final[:, None, None]) + np.array([[0.0], [0.02]])
    return V, final - start, {early.FIGURE: {"ode": curves(time, log, -0.8, {SIMILARITY: V})}}


def test_early_switch_shows_errors_and_forgetting():
    V, forgetting, made = made_early()
    fig = early.figure(made)
    assert len(data(fig.axes[0], "theory")) == len(data(fig.axes[1], "theory")) == 25
    assert [ax.get_yscale() for ax in fig.axes[:3]] == ["log", "log", "linear"]
    assert fig.axes[0].get_ylim() == pytest.approx((10**-3.5, 10**-0.5))
    shown = data(fig.axes[2], "theory")
    assert set(shown) == {"run 0", "run 1"}
    np.testing.assert_array_equal(shown["run 0"][0], V)
    np.testing.assert_allclose(shown["run 0"][1], forgetting)


def test_early_switch_claims_read_the_peak():
    found = early.claims(made_early()[2])
    assert by_words(found, "Similarity of maximal").value == pytest.approx(0.3)
    assert by_words(found, "at the peak").value == pytest.approx(-0.59, abs=0.01)
    assert by_words(found, "inverted U").value == pytest.approx(5.1 * 0.09, abs=0.01)
    assert by_words(found, "published").value == pytest.approx(1.541, abs=1e-3)
    assert not by_words(found, "published").holds


@pytest.mark.parametrize(("ends", "holds"), [(0.0, True), (0.5, False)])
def test_early_switch_claims_tell_where_equal_tasks_end(ends, holds):
    assert by_words(early.claims(made_early(ends)[2]), "Equal tasks").holds is holds


LEVELS = np.interp(np.arange(20), [0, 1, 2, 3, 5, 19], [-5.6, -7.5, -6.4, -5.05, -4.3, -4.9])


def made_pretraining(difference=0.0):
    """Errors of the pretrained student fall straight to the published ones, those from scratch to 10^-5."""
    time, V = np.arange(301.0), np.linspace(0.0, 1.0, 20)
    pretrained = -0.8 + (LEVELS[:, None, None] + 0.8) * np.clip((time - 100) / 200, 0, 1)
    scratch = -0.8 - (4.2 + difference * V[:, None, None]) * np.clip(time / 200, 0, 1)
    log = np.stack([pretrained, scratch])
    return {pretraining.FIGURE: {"ode": curves(time, -1.0, log, {ORDER: [0, 1], SIMILARITY: V})}}


def test_pretraining_shows_both_students():
    fig = pretraining.figure(made_pretraining())
    scratch, pretrained = (data(ax, "theory") for ax in fig.axes[:2])
    assert len(scratch) == len(pretrained) == 20
    assert scratch["V = 0"][0][0] == 0.0
    assert pretrained["V = 0"][0][0] == -100.0
    assert [ax.get_xlim() for ax in fig.axes[:2]] == [(0, 200), (0, 200)]
    final = data(fig.axes[2], "theory")
    np.testing.assert_allclose(np.log10(final["pretrained, run 0"][1]), LEVELS)
    np.testing.assert_allclose(np.log10(final["no pretraining, run 0"][1]), -5.0)
    assert [text.get_text() for text in fig.axes[2].get_legend().get_texts()] == [
        "no pretraining",
        "pretrained",
    ]


def test_pretraining_claims_read_the_published_errors():
    found = pretraining.claims(made_pretraining())
    assert all(claim.holds for claim in found)
    assert by_words(found, "V = 0.105").value == pytest.approx(-6.4)
    assert by_words(found, "largest final error").value == pytest.approx(5 / 19, abs=0.03)
    assert by_words(found, "Orthogonal").value == pytest.approx(1.9)


def test_pretraining_claims_tell_when_similarity_matters_from_scratch():
    claim = by_words(pretraining.claims(made_pretraining(difference=0.3)), "Without pretraining")
    assert claim.value == pytest.approx(0.3)
    assert not claim.holds


def made_tabula_rasa(shift=0.0):
    """The student from scratch has 10^-3 left at t = 50; transfer goes straight between published numbers."""
    time, V = np.arange(151.0), np.linspace(0.0, 1.0, 11)
    known = tabula_rasa.PUBLISHED
    transfer = np.interp(V, list(known), list(known.values())) + shift
    pretrained = np.log10(1e-3 - transfer)[:, None, None] * np.ones(len(time))
    log = np.stack([pretrained, np.full_like(pretrained, -3.0)])
    return V, transfer, {tabula_rasa.FIGURE: {"ode": curves(time, -1.0, log, {ORDER: [0, 1], SIMILARITY: V})}}


def test_tabula_rasa_shows_transfer():
    V, transfer, made = made_tabula_rasa()
    ax = tabula_rasa.figure(made).axes[0]
    x, y = data(ax, "theory")["run 0"]
    np.testing.assert_array_equal(x, V)
    np.testing.assert_allclose(y, transfer * 1e3, atol=1e-12)
    assert ax.get_xlabel() == "similarity $V$"


def test_tabula_rasa_claims_read_the_published_numbers():
    found = tabula_rasa.claims(made_tabula_rasa()[2])
    assert all(claim.holds for claim in found)
    assert by_words(found, "largest difference").value == pytest.approx(0.0, abs=1e-12)
    assert by_words(found, "smallest transfer").value == pytest.approx(0.3)


def test_tabula_rasa_claims_tell_a_gain():
    found = tabula_rasa.claims(made_tabula_rasa(shift=3e-4)[2])
    assert by_words(found, "largest difference").value == pytest.approx(3e-4)
    assert not by_words(found, "does not reduce").holds
    assert by_words(found, "hardly reduces").holds
    more = tabula_rasa.claims(made_tabula_rasa(shift=9e-4)[2])
    assert not by_words(more, "hardly reduces").holds
