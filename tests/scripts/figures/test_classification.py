"""Figures of classification: what they show, and what their claims read."""

import classification_dynamics as dynamics
import classification_forgetting as forgetting
import classification_losses as losses
import numpy as np
import pytest

from continual_samples import FEATURES, curves
from lee2021_samples import data

SWITCHED = FEATURES | {
    "teachers": {"count": 2, "hidden": 1, "labels": "sign"},
    "curriculum": {"switch_times": [20.0]},
}
FLIPS, LOSS = "teachers.label_flips", "training.loss"


def of_errors(axes, time, wrong, engine="ode", document=SWITCHED):
    return curves(axes, time, wrong, engine, document, classification_error=np.array(wrong))


def made_dynamics(shift=0.0, networks=0.0):
    """Errors that pass through those of the other computation."""
    time, found = np.linspace(0.0, 40.0, 81), {}
    for name, values in dynamics.KNOWN.items():
        tasks = np.stack([np.interp(time, dynamics.TIMES, column) for column in np.transpose(values)], -1)
        runs = tasks + networks + np.array([-0.01, 0.01])[:, None, None]
        found[name] = {"ode": of_errors({}, time, tasks[None] + shift)}
        found[name] |= {engine: of_errors({}, time, runs, engine) for engine in ("network", "chain")}
    return found


def test_both_tasks_are_shown_for_each_loss():
    axes = dynamics.figure(made_dynamics()).axes
    assert [ax.get_title() for ax in axes] == list(dynamics.PANELS.values())
    assert list(data(axes[0], "theory")) == ["task 1", "task 2"]
    assert list(data(axes[2], "simulation")) == [
        f"task {task}, {engine}" for task in (1, 2) for engine in ("network", "chain")
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"shift": 1e-5}, [f"{title}: largest" for title in dynamics.PANELS.values()]),
        ({"networks": 0.02}, [f"engine {engine} and the equations" for engine in ("network", "chain")]),
    ],
)
def test_claims_about_dynamics(change, words):
    failed = [claim.statement for claim in dynamics.claims(made_dynamics(**change)) if not claim.holds]
    assert all(any(text in statement for text in words) for statement in failed)
    assert all(any(text in statement for statement in failed) for text in words)


def made_losses(power=0.0, stopped=1.0, chain=1.0):
    """Errors that pass through those of the other computation, as powers between them."""
    time, found = np.unique([0.0, *np.geomspace(0.1, 100.0, 40), *losses.TIMES]), []
    for name in losses.NAMES:
        rows = []
        for flips in losses.FLIPS:
            ends = np.log(losses.KNOWN.get((name, flips), (0.06, 0.045, 0.03)))
            rows.append(np.exp(np.interp(np.log(np.maximum(time, 1e-3)), np.log(losses.TIMES), ends)))
            rows[-1] *= np.maximum(time / 100.0, 1.0) ** power
        if name == losses.PERCEPTRON:
            rows[1] = np.full(len(time), losses.stopped(0.1) * stopped)
        found.append(np.array(rows)[:, None, :, None])
    axes = {LOSS: [losses.LOGISTIC, losses.SQUARED], FLIPS: list(losses.FLIPS)}
    runs = chain * np.array(found[:2]) * np.array([0.99, 1.01])[:, None, None]
    both = {"ode": of_errors(axes, time, found[:2]), "chain": of_errors(axes, time, runs, "chain")}
    alone = {"ode": of_errors({FLIPS: list(losses.FLIPS)}, time, found[2])}
    return {losses.FIGURE: both, losses.PERCEPTRON: alone}


def test_errors_and_powers_are_shown():
    axes = losses.figure(made_losses()).axes
    assert len(data(axes[0], "theory")) == len(data(axes[1], "theory")) == 6
    _, power = data(axes[1], "theory")["squared loss, flips 0"]
    assert power[-1] == pytest.approx(np.log(0.0170 / 0.0259) / np.log(1000.0 / 300.0), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"power": 0.1}, ["power of the time", "largest distance"]),
        ({"stopped": 1.1}, ["Perceptron rule"]),
        ({"chain": 1.2}, ["Samples of the chain"]),
    ],
)
def test_claims_about_losses(change, words):
    failed = [claim.statement for claim in losses.claims(made_losses(**change)) if not claim.holds]
    assert all(any(text in statement for text in words) for statement in failed)
    assert all(any(text in statement for statement in failed) for text in words)


def made_forgetting(at_switch=0.0, later=0.0, flat=False, early=0.7):
    """Errors of two tasks; those of the first one 100 after the switch are the known ones."""
    teachers = SWITCHED["teachers"] | {"features": {"relation": "rotated", "similarity": 0.5}}
    document = SWITCHED | {"curriculum": {"switch_times": [100.0]}, "teachers": teachers}
    time, similarity, found = np.array([0.0, 100.0, 120.0, 150.0, 200.0]), np.linspace(0.0, 1.0, 6), []
    for loss, known in forgetting.KNOWN.items():
        late = np.interp(similarity, list(known), list(known.values())) + later
        late = np.full(6, late.mean()) if flat else late
        start = np.full(6, forgetting.AT_SWITCH[loss] + at_switch)
        soon = np.full(6, 0.1 if loss == "squared" else 0.1 * early)
        first = np.stack([np.full(6, 0.45), start, soon, 0.5 * (soon + late), late], -1)
        found.append(np.stack([first, np.full_like(first, 0.2)], -1)[:, None])
    axes = {LOSS: list(forgetting.KNOWN), "teachers.features.similarity": similarity}
    runs = np.array(found) * np.array([0.9, 1.1])[:, None, None]
    engines = {"ode": of_errors(axes, time, found, "ode", document)}
    return {forgetting.FIGURE: engines | {"chain": of_errors(axes, time, runs, "chain", document)}}


def test_forgetting_is_shown_at_four_times():
    axes = forgetting.figure(made_forgetting()).axes
    lines = data(axes[0], "theory")
    assert list(lines) == [f"{delay:g} after the switch" for delay in forgetting.DELAYS]
    np.testing.assert_allclose(lines["100 after the switch"][1], list(forgetting.KNOWN["squared"].values()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"at_switch": 0.01}, ["at the switch minus"]),
        ({"later": 0.1}, ["100 after the switch, minus"]),
        ({"flat": True}, ["divided by the larger", "similarity with the largest"]),
        ({"early": 1.1}, ["logistic over squared"]),
    ],
)
def test_claims_about_forgetting(change, words):
    found = list(forgetting.claims(made_forgetting(**change)))
    failed = [claim.statement for claim in found if not claim.holds]
    assert all(any(text in statement for text in words) for statement in failed)
    assert all(any(text in statement for statement in failed) for text in words)
