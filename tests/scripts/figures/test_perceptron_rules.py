"""Single-layer rules: what the figure shows, and what its claims read."""

import numpy as np
import perceptron_rules as figure
import pytest

from continual_samples import FEATURES, curves
from lee2021_samples import by_words, data

TIME = np.concatenate([[0.0], np.geomspace(0.1, 1e5, 121)])
SHORT = np.concatenate([[0.0], np.geomspace(1.0, 1e3, 24)])
FLIPS, RATES = "teachers.label_flips", "training.learning_rate"


def engine(key, values, errors, time, name="ode", runs=1):
    """Curves of an engine from one error over time per value of an axis."""
    wrong = np.array(errors)[..., None, :, None] * np.linspace(0.99, 1.01, runs)[:, None, None]
    wrong = wrong if runs > 1 else np.array(errors)[..., None, :, None]
    return curves({key: values}, time, wrong, name, FEATURES, classification_error=wrong)


def law(name, flips, time):
    """The error of a rule: its limit at long times, or where flips stop it."""
    _, power, factor = figure.LIMITS[name]
    fallen = np.minimum(0.45, factor * np.maximum(time, 1e-3) ** -power)
    if flips == 0.0:
        return fallen
    if name == figure.HEBB:
        return np.minimum(0.45, fallen / (1.0 - 2.0 * flips))
    end = figure.stopped(flips) if name == figure.PERCEPTRON else figure.KNOWN_ADATRON.get(flips, 0.26)
    return np.maximum(fallen, end)


def made(slow=None, stopped=1.0, fixed=1.0, chain=1.0):
    """All experiments, whose claims all hold by default; `slow` is the rule with another power."""
    found, adatron = {}, []
    for name in (figure.HEBB, figure.PERCEPTRON, figure.ADATRON, figure.FAST):
        rows = [law(name, flips, TIME) for flips in figure.FLIPS]
        rows[0] = rows[0] * np.maximum(TIME, 1.0) ** (0.1 if name == slow else 0.0)
        if name in (figure.PERCEPTRON, figure.ADATRON):
            rows[1:] = [row * stopped for row in rows[1:]]
        if name in (figure.FAST, figure.ADATRON):
            adatron.append(rows[0])
        if name == figure.FAST:
            continue
        few = [chain * law(name, flips, SHORT) for flips in (0.0, 0.1)]
        found[figure.FLIPPED if name == figure.ADATRON else name] = {
            "ode": engine(FLIPS, figure.FLIPS, rows, TIME),
            "chain": engine(FLIPS, (0.0, 0.1), few, SHORT, "chain", runs=4),
        }
    rates = list(figure.ADATRON_RATES.values())
    found[figure.ADATRON] = {"ode": engine(RATES, rates, adatron, TIME)}
    ends = [figure.fixed_error(rate) * np.array([1.0, fixed])[[0] * 121 + [1]] for rate in figure.RATES]
    few = [figure.fixed_error(rate) * np.ones(len(SHORT)) for rate in (0.1, 1.0)]
    found[figure.SQUARED] = {
        "ode": engine(RATES, figure.RATES, ends, TIME),
        "chain": engine(RATES, (0.1, 1.0), few, SHORT, "chain", runs=4),
    }
    return found


def test_each_rule_has_a_panel():
    axes = figure.figure(made()).axes
    assert [ax.get_title() for ax in axes] == ["Hebb", "Perceptron rule", "AdaTron", "Squared loss"]
    lines = data(axes[1], "theory")
    assert list(lines) == ["p = 0", "p = 0.05", "p = 0.1", "p = 0.2"]
    np.testing.assert_allclose(lines["p = 0.1"][1][-1], 0.204833, rtol=1e-5)
    assert list(data(axes[3], "simulation")) == ["eta = 0.1", "eta = 1"]


def test_fixed_points_of_the_squared_loss():
    found = [figure.fixed_error(rate) for rate in figure.RATES]
    np.testing.assert_allclose(found, [0.0546287, 0.1309253, 0.2059524], atol=1e-7)


def test_claims_hold():
    found = list(figure.claims(made()))
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "Hebb without flips").value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slow": figure.HEBB}, ["Hebb without flips"]),
        ({"slow": figure.FAST}, ["AdaTron at learning rate 1.5 without flips"]),
        ({"stopped": 1.01}, [*(f"Perceptron rule, flips {p:g}" for p in (0.05, 0.1, 0.2)),
                             *(f"AdaTron, flips {p:g}" for p in (0.05, 0.1))]),
        ({"fixed": 1.01}, [f"Squared loss, learning rate {rate:g}:" for rate in figure.RATES]),
        ({"chain": 1.3}, ["Samples of the chain"]),
    ],
)  # fmt: skip
def test_claims_can_fail(change, words):
    found = list(figure.claims(made(**change)))
    failed = {claim.statement for claim in found if not claim.holds}
    assert {by_words(found, text).statement for text in words} <= failed
