"""Replay, EWC and both: what the figure shows, and what its claims read."""

import continual_interventions as figure
import numpy as np
import pytest

from continual_samples import curves
from lee2021_samples import by_words, data

SIMILARITY, FRACTION = "teachers.features.similarity", "curriculum.replay.fraction"
STRENGTH = "training.consolidation.strength"
V = np.linspace(0.0, 1.0, 11)
FRACTIONS = np.array([0.0, *np.geomspace(0.01, 0.8, 20)])
STRENGTHS = np.array([0.0, *np.geomspace(2e3, 2e6, 13)])
BOTH = np.array([0.0, 2e4, 2e5])
TIME = np.array([0.0, 100.0, 200.0])
BEFORE = 1e-6  # error of task 1 at the switch


def two_tasks(axes, first, second):
    """Curves from the errors at the end, (axes...)."""
    first, second = np.broadcast_arrays(first, second)
    start, switch = np.full(first.shape, 0.3), np.full(first.shape, BEFORE)
    errors = np.stack(
        [np.stack([start, switch, first], axis=-1), np.stack([start, start, second], axis=-1)], axis=-1
    )
    return curves(axes, TIME, errors[..., None, :, :])


def bump(similarity, peak):
    """Forgetting that is largest at a similarity."""
    return 0.2 * np.exp(-(((similarity - peak) / 0.3) ** 2))


def made(rise=1.0, shift=1.0, price=0.5, better=(1e-4, 3e-3, 1e-3), joint=0.5):
    """Both experiments, whose claims all hold by default.

    Replay needs a fraction that rises with V; the best mean errors of replay at low, middle and high V are
    given, those of EWC are 1e-3, 2e-3 and 2e-3, and those of both are `joint` of the smaller ones.
    """
    similarity, strength, fraction = np.meshgrid(V, BOTH, FRACTIONS, indexing="ij")
    needed = 0.04 * (1.0 + rise * 4.5 * (similarity - 0.1) / 0.8)
    first = BEFORE + bump(similarity, 0.2) / (1.0 + 9.0 * fraction / needed)
    of_replay = levels_at(better)[:, None, None]
    of_ewc = levels_at((1e-3, 2e-3, 2e-3))
    best = np.where(strength > 0.0, joint * np.minimum(of_replay, of_ewc[:, None, None]), of_replay)
    chosen = fraction == FRACTIONS[-1]
    first, second = np.where(chosen, best, first), np.where(chosen, best, 0.1)
    replay = two_tasks({SIMILARITY: V, STRENGTH: BOTH, FRACTION: FRACTIONS}, first, second)
    alone, force = np.meshgrid(V, STRENGTHS, indexing="ij")
    decades = np.log10(np.maximum(force, 2e3) / 2e3)
    lost = BEFORE + bump(alone, 0.25 + shift * 0.325 * decades)
    cost = 1e-2 * (1.0 + force / 2e4 * np.exp(-(((alone - price) / 0.2) ** 2)))
    last = force == STRENGTHS[-1]
    lost, cost = np.where(last, of_ewc[:, None], lost), np.where(last, of_ewc[:, None], cost)
    return {
        figure.REPLAY: {"ode": replay},
        figure.EWC: {"ode": two_tasks({SIMILARITY: V, STRENGTH: STRENGTHS}, lost, cost)},
    }


def levels_at(values):
    """One of three numbers for low, middle and high similarity, (similarity,)."""
    return np.where(V < 0.45, values[0], np.where(V < 0.75, values[1], values[2]))


def test_maps_show_forgetting_and_the_error_of_task_2():
    made_up = made()
    axes = [ax for ax in figure.figure(made_up).axes if ax.get_xlabel()]
    (map_,) = [item for item in axes[1].get_children() if hasattr(item, "numbers")]
    values = np.asarray(map_.get_array()).reshape(len(STRENGTHS) - 1, len(V))
    np.testing.assert_allclose(values[0], bump(V, 0.25), atol=1e-12)
    best = data(axes[6], "theory")
    np.testing.assert_allclose(best["replay"][1], levels_at((1e-4, 3e-3, 1e-3)))
    np.testing.assert_allclose(best["both"][1], levels_at((5e-5, 1e-3, 5e-4)))
    np.testing.assert_allclose(best["no intervention"][1], (BEFORE + bump(V, 0.2) + 0.1) / 2.0)
    trade = data(axes[7], "theory")
    assert trade["replay"][0][-1] == pytest.approx(1e-4)
    assert trade["replay"][1][-1] == pytest.approx(1e-4)


def test_interventions_are_compared_at_equal_protection():
    made_up = made()
    replay, ewc = made_up[figure.REPLAY]["ode"], made_up[figure.EWC]["ode"]
    found = figure.advantage(replay, ewc, np.array([1e-5, 1.5e-3]))
    np.testing.assert_allclose(found[1:5, 1], np.log10(1e-4 / 1e-3))
    assert np.isnan(
        found[5:8]
    ).all()  # neither reaches the bound where the tasks are of intermediate similarity


def test_claims_read_the_numbers():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "to a tenth").value == pytest.approx(5.5, rel=0.02)
    assert by_words(found, "The largest gain").value == pytest.approx(2.0)
    assert by_words(found, "distance of the similarity").value == pytest.approx(0.025, abs=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rise": 0.1}, "to a tenth"),
        ({"price": 0.1}, "largest factor"),
        ({"better": (2e-3, 3e-3, 1e-3)}, "Dissimilar tasks"),
        ({"better": (1e-4, 1e-3, 1e-3)}, "intermediate similarity"),
        ({"better": (1e-4, 3e-3, 3e-3)}, "Similar tasks"),
        ({"joint": 0.9}, "The largest gain"),
        ({"shift": 0.0}, "distance of the similarity"),
    ],
)
def test_claims_can_fail(change, words):
    found = figure.claims(made(**change))
    assert [claim.statement for claim in found if not claim.holds] == [by_words(found, words).statement]
