"""Clusters arranged as an exclusive or: what the figure shows, and what its claims read."""

import numpy as np
import pytest
import refinetti2021_xor as figure
from scipy.stats import norm

from continual_samples import FEATURES, curves
from lee2021_samples import by_words, data

ACTIVATION, STD = "student.activation", "inputs.clusters.std"
STDS = (0.35, 0.5, 0.8)
TIME = np.concatenate([[0.0], np.geomspace(1.0, 2000.0, 12)])
LEARNED = {2: 0, 4: 6, 8: 9}  # of ten runs


def engine(axes, time, errors, name="chain"):
    """Curves from errors, (axes..., run, time)."""
    wrong = np.asarray(errors)[..., None]
    return curves(axes, time, wrong, name, FEATURES, classification_error=wrong)


def over_time(runs, end, network=False):
    """Errors that fall from 1/2 to `end` times the best ones, and stay at 1/2 with erf units."""
    stds = STDS[:1] if network else STDS[:2]
    fallen = np.array([np.geomspace(0.5, end * figure.best(std), len(TIME)) for std in stds])
    spread = np.linspace(1.0, 1.1, runs)[:, None]
    relu = fallen[:, None] * spread
    if network:
        return engine({STD: stds}, TIME, relu, "network")
    return engine({ACTIVATION: ["relu", "erf"], STD: stds}, TIME, [relu, np.full_like(relu, 0.5)])


def last(ends):
    """Errors at the start and at the end, from those at the end, (stds, runs)."""
    ends = np.asarray(ends)
    return {"chain": engine({STD: STDS}, [0.0, 2000.0], np.stack([np.full_like(ends, 0.5), ends], axis=-1))}


def near(learned, end=1.05):
    """Errors of ten runs, of which some are near the best error and the others at three times it."""
    factors = np.where(np.arange(10) < learned, end, 3.0)
    return figure.best(np.array(STDS))[:, None] * factors


def made(learned=None, end=1.05, odd=0.5, network=1.05):
    """All experiments, whose claims all hold by default."""
    learned = LEARNED | (learned or {})
    found = {name: last(near(learned[units], end)) for units, name in figure.UNITS.items()}
    found[figure.ODD] = last(np.tile([[0.5], [0.5], [odd]], 10))
    found[figure.TIME] = {"chain": over_time(3, 1.05), "network": over_time(4, network, network=True)}
    return found


def test_the_best_error_is_that_of_two_signs():
    """The label is the product of the signs of two independent fields, each wrong with probability q."""
    for std in STDS:
        wrong = norm.sf(1.0, scale=std)
        assert figure.best(std) == pytest.approx(wrong * (1 - wrong) + (1 - wrong) * wrong, rel=1e-12)


def test_panels_show_medians_and_shares():
    time, ends, share = figure.figure(made()).axes
    lines = data(time, "theory")
    assert set(lines) == {f"{name}, sigma = {std:g}" for name in ("relu", "erf") for std in STDS[:2]}
    middle = 1.05 * 1.05 * figure.best(0.5)  # the second of three runs
    np.testing.assert_allclose(lines["relu, sigma = 0.5"][1][-1], middle)
    np.testing.assert_allclose(lines["erf, sigma = 0.5"][1], 0.5)
    (network,) = data(time, "simulation").values()
    np.testing.assert_allclose(network[1][-1], 1.05 * figure.best(0.35))  # the best of four
    np.testing.assert_allclose(data(ends, "simulation")["ReLU, K = 8"][1], 1.05 * figure.best(np.array(STDS)))
    shares = {name: y for name, (_, y) in data(share, "simulation").items()}
    np.testing.assert_allclose(shares["ReLU, K = 4"], 0.6)
    np.testing.assert_allclose(shares["ReLU, K = 2"], 0.0)
    assert list(data(ends, "theory")) == ["best possible"]


def test_claims_hold():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "sigma = 0.5").value == pytest.approx(1.05)
    assert by_words(found, "eight").value == pytest.approx(0.3)
    assert by_words(found, "Erf").value == 0.5
    assert by_words(found, "simulated networks").value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end": 1.4}, ["sigma = 0.35: median", "sigma = 0.5"]),
        ({"learned": {4: 4}}, ["sigma = 0.35: median", "sigma = 0.5"]),
        ({"learned": {2: 1}}, ["Two ReLU units"]),
        ({"learned": {8: 5}}, ["eight"]),
        ({"odd": 0.45}, ["Erf"]),
        ({"network": 1.3}, ["simulated networks"]),
        ({"network": 0.9}, ["simulated networks"]),
    ],
)
def test_claims_can_fail(change, words):
    found = figure.claims(made(**change))
    failed = {claim.statement for claim in found if not claim.holds}
    assert failed == {by_words(found, text).statement for text in words}
