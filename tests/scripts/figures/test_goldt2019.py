"""Dynamics and asymptotic errors: what figures show, and what claims read."""

import dataclasses

import goldt2019_asymptotic_error as asymptotic
import goldt2019_both_layers as both
import goldt2019_dynamics as dynamics
import goldt2019_linear_relu as linear
import numpy as np
import pytest
from _goldt2019 import (
    denoising_error,
    errors,
    half_quartiles,
    in_order,
    informed_error,
    late_errors,
    medians,
)

from goldt2019_samples import HIDDEN, NOISE, RATE, START, curves, document, resting
from lee2021_samples import by_words, data
from teacherstudent.analysis import linear_error, plateau


def failing(found):
    return [claim.statement for claim in found if not claim.holds]


def test_late_errors_are_in_units_of_noise_and_rate():
    axes = {HIDDEN: [2, 3], RATE: [0.05, 0.2]}
    made = resting([[1.0, 2.0], [3.0, 4.0]], axes, spread=0.0, runs=3)
    np.testing.assert_allclose(late_errors(made), np.repeat([[[1.0], [2.0]], [[3.0], [4.0]]], 3, axis=-1))
    np.testing.assert_allclose(errors(made)[1, 0, 0, -1], 3.0 * 0.01**2 * 0.05)


def test_bars_of_medians_are_as_long_as_the_quartiles_are_apart():
    assert medians(np.array([[0.0, 1.0, 2.0, 3.0, 100.0, np.nan]])) == pytest.approx([2.0])
    assert half_quartiles([0.0, 1.0, 2.0, 3.0, 100.0]) == (1.0, 3.0)
    assert half_quartiles([0.0, 0.0, 0.0, 8.0, 8.0]) == (-4.0, 4.0)


def test_units_are_in_the_order_of_the_teacher():
    R = np.array([[0.1, 0.0], [0.0, -0.9], [0.5, 0.0], [0.8, 0.2]])
    assert in_order(R).tolist() == [3, 2, 0, 1]


def made_dynamics(stray=1.0, shift=0.0, height=1.0, noisy=1.0, steps=(1.0, 0.9), drift=0.0):
    """Students that rest on their plateau until t = 500, and then fall to where theory says."""
    time = np.concatenate([[0.0], np.geomspace(0.1, 1e4, 61)])
    tops = {4: plateau(4, 4, 0.2, 0.01), 6: plateau(4, 6, 0.2, 0.01)}
    made = {}
    for K in dynamics.SIZES:
        if K == 2:
            floor = 0.04 * np.array([1.0, noisy])
            top = floor
        else:
            floor = dynamics.floor_of(K) * dict(zip((4, 6), steps, strict=True))[K] * np.array([1.0, 4.0])
            top = np.full(2, height * tops[K].generalisation_error[0])
        top, floor = top[:, None, None], floor[:, None, None] * (1.0 + drift * (time > 5e3))
        error = np.where(time < 10.0, 1.0, np.where(time < 500.0, top * (1.0 + 1e-6 * time), floor))
        R = np.zeros((2, 1, len(time), 1, K, 4))
        R[..., np.arange(min(K, 4)), np.arange(min(K, 4))] = (time > 500.0)[:, None, None]
        network = curves(stray * error[0], time=time, student_teacher_overlaps=R[0] + shift)
        axes = {NOISE: [0.01, 0.02]}
        ode = curves(error, axes, time=time, engine="ode", student_teacher_overlaps=R)
        made[dynamics.EXPERIMENTS[K]] = {"ode": ode, "network": network}
    return made


def test_dynamics_shows_errors_and_overlaps():
    made = made_dynamics(stray=1.01)
    axes = dynamics.figure(made).axes
    theory, points = data(axes[0], "theory"), data(axes[0], "simulation")
    assert set(theory) == {"$K = 2$", "$K = 4$", "$K = 6$", "fixed point, K = 4", "fixed point, K = 6"}
    np.testing.assert_array_equal(theory["$K = 4$"][1], errors(made["goldt2019_dynamics_4"]["ode"])[0, 0, 1:])
    np.testing.assert_allclose(points["K = 4"][1], 1.01 * theory["$K = 4$"][1])
    assert [len(data(ax, "theory")) for ax in axes[1:]] == [8, 16, 24]
    assert [len(data(ax, "simulation")) for ax in axes[1:]] == [4, 4, 4]
    assert [(ax.get_xscale(), ax.get_yscale()) for ax in axes] == [("log", "log")] + [("log", "linear")] * 3


def test_dynamics_claims_read_the_numbers():
    found = dynamics.claims(made_dynamics())
    assert failing(found) == []
    assert by_words(found, "K = 6 divided by that for K = 4").value == pytest.approx(
        0.9 * 0.954117 / 0.437377, rel=1e-4
    )
    assert by_words(found, "K = 4: error at its flattest point").value == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stray": 1.1}, [f"K = {K}: distance of log10 error" for K in (2, 4, 6)]),
        ({"shift": 0.06}, [f"K = {K}: distance of the overlaps" for K in (2, 4, 6)]),
        ({"height": 1.3}, ["K = 4: error at its flattest point", "K = 6: error at its flattest point"]),
        ({"noisy": 1.01}, ["if the noise is doubled"]),
        ({"steps": (1.02, 0.9)}, ["K = 4 >= M: remaining error divided"]),
        ({"steps": (1.0, 0.5)}, ["K = 6 >= M: remaining error divided", "K = 6 divided by that for K = 4"]),
    ],
)
def test_dynamics_claims_can_fail(change, words):
    found = dynamics.claims(made_dynamics(**change))
    assert failing(found) == [by_words(found, some).statement for some in words]


def test_networks_are_compared_with_the_equations_of_their_own_run():
    """There may be more runs of the equations than networks."""
    made = made_dynamics()
    for entry in made.values():
        ode = entry["ode"]
        more = {name: np.concatenate([array, 3.0 + array], axis=1) for name, array in ode.quantities.items()}
        parts = {name: np.repeat(getattr(ode, name), 2, axis=1) for name in ("diverged", "switch_times")}
        entry["ode"] = dataclasses.replace(ode, runs=2, quantities=more, **parts)
    for claim in dynamics.claims(made)[:6]:
        assert "distance" in claim.statement
        assert claim.holds


def test_a_student_that_still_learns_has_no_final_error():
    assert not by_words(dynamics.claims(made_dynamics(drift=0.1)), "last two thirds").holds


def test_curves_are_compared_at_the_same_times():
    made = curves(np.log(0.1 + np.array([[0.0, 1.0, 10.0]])), time=[0.0, 1.0, 10.0])
    np.testing.assert_allclose(
        dynamics.at_times(made, errors(made), np.array([0.0, 3.0, 10.0])), [np.log([0.1, 3.1, 10.1])]
    )


def overlaps_of(R, v=None):
    """Overlaps Q, R (and readouts) of one student for all times of one run, as files have them."""
    R = np.asarray(R, dtype=float)

    def always(values):
        return np.broadcast_to(values, (1, 31, *np.shape(values)))

    found = {"student_overlaps": always(R @ R.T), "student_teacher_overlaps": always(R[None])}
    return found if v is None else found | {"student_readouts": always(np.asarray(v)[None])}


IDLE = [[0.0, 1.0], [0.1, 0.0], [1.0, 0.0], [-0.1, 0.0], [0.0, 0.0]]


def made_asymptotic(factor=1.0, spread=0.01, power=1.0, units=IDLE, random=(0.2, 0.9)):
    sizes = {2: [2, 3, 5], 4: [4, 5]}
    made = {}
    for M, name in asymptotic.INFORMED.items():
        level = np.array([[informed_error(M, K, eta) for eta in (0.05, 0.2)] for K in sizes[M]])
        axes = {HIDDEN: sizes[M], RATE: [0.05, 0.2]}
        made[name] = {"chain": resting(factor * level**power, axes, document(M), spread=spread)}
    made[asymptotic.RANDOM] = {"chain": resting(random, {HIDDEN: [2, 5]}, document(noise=0.1))}
    idle = curves(np.zeros((1, 31)), spec=document(2, 5), engine="ode", **overlaps_of(units))
    return made | {asymptotic.IDLE: {"ode": idle}}


def test_asymptotic_error_shows_runs_fixed_points_and_limit():
    axes = asymptotic.figure(made_asymptotic()).axes
    theory, points = data(axes[0], "theory"), data(axes[0], "simulation")
    np.testing.assert_array_equal(theory[r"$\eta = 0.2$"][0], [0, 1, 3])
    np.testing.assert_allclose(theory[r"$\eta = 0.2$"][1], [informed_error(2, K, 0.2) for K in (2, 3, 5)])
    np.testing.assert_allclose(points[r"runs, $\eta = 0.2$"][1], theory[r"$\eta = 0.2$"][1])
    limit = (np.array([0, 1, 3]) + 2.0 / np.sqrt(3.0)) / (2.0 * np.pi)
    np.testing.assert_allclose(theory[r"$\eta \to 0$"][1], limit)
    np.testing.assert_allclose(points[r"random, $\eta = 0.2$"][1], [0.2, 0.9])


def test_final_units_are_shown_in_the_order_of_the_teacher():
    Q, R = asymptotic.final_overlaps(made_asymptotic()[asymptotic.IDLE]["ode"], 0)
    np.testing.assert_allclose(R[[0, -1]], np.eye(2), atol=1e-12)
    np.testing.assert_allclose(Q, R @ R.T, atol=1e-12)


def test_asymptotic_claims_read_the_numbers():
    found = asymptotic.claims(made_asymptotic())
    assert failing(found) == []
    assert 0.0 < by_words(found, "M = 2, K = 5: error of the fixed point").value < 2e-5
    assert by_words(found, "M = 2: error of runs").value == pytest.approx(0.0, abs=1e-6)
    assert by_words(found, "sum over student units").value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"factor": 1.02, "spread": 0.001}, ["M = 2: distance of the error", "M = 4: distance of the error"]),
        ({"factor": 1.05, "spread": 0.1}, ["M = 2: error of runs", "M = 4: error of runs"]),
        ({"units": [*IDLE[:4], [0.1, 0.0]]}, ["sum over student units"]),
        ({"units": [*IDLE[:3], [-0.9, 0.0], [0.8, 0.0]]}, ["mean length Q"]),
        ({"random": (0.2, 0.2)}, ["M = 2 from random weights"]),
    ],
)
def test_asymptotic_claims_can_fail(change, words):
    found = asymptotic.claims(made_asymptotic(**change))
    assert failing(found) == [by_words(found, some).statement for some in words]


def test_an_error_that_hardly_grows_is_noticed():
    found = asymptotic.claims(made_asymptotic(power=0.2))
    assert not by_words(found, "M = 2: smallest increase").holds
    assert not by_words(found, "M = 4: smallest increase").holds


PAIRS = [[-1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]
READOUTS = [-0.4, 0.4, 0.3, 0.4, 0.4]


def made_both(factor=1.0, power=1.0, random=(0.2, 0.15, 0.1), first=1.0, units=PAIRS):
    sizes = [2, 4, 8]
    informed = np.array([informed_error(2, K, 0.2) for K in sizes])[:, None] ** first * [0.0, 1.0]
    clones = factor * np.array([denoising_error(2, K, 0.2) for K in sizes]) ** power
    loud = document(noise=0.3)
    rest = curves(np.zeros((1, 31)), spec=document(2, 5), engine="ode", **overlaps_of(units, READOUTS))
    return {
        both.FIRST_LAYER: {"chain": resting(informed, {HIDDEN: sizes, RATE: [0.05, 0.2]})},
        both.DENOISING: {"chain": resting(clones, {HIDDEN: sizes})},
        both.RANDOM: {name: resting(random, {HIDDEN: sizes}, loud, engine=name) for name in ("ode", "chain")},
        both.CLONES: {"ode": rest},
    }


def test_both_layers_shows_runs_and_fixed_points():
    axes = both.figure(made_both()).axes
    theory, points = data(axes[0], "theory"), data(axes[0], "simulation")
    np.testing.assert_allclose(points["first layer, runs"][1], theory["first layer"][1])
    np.testing.assert_allclose(points["both, clones, runs"][1], theory["both, clones"][1])
    np.testing.assert_allclose(points["both, random start"][1], [0.2, 0.15, 0.1])
    limit = np.sqrt(3.0) * 4.0 / (6.0 * np.pi * np.array([2, 4, 8]))
    np.testing.assert_allclose(theory[r"both, clones, $\eta \to 0$"][1], limit)
    assert (axes[0].get_xscale(), axes[0].get_yscale()) == ("log", "log")


def test_units_are_shown_with_positive_readouts():
    Q, R, v = both.final_units(made_both()[both.CLONES]["ode"], 0)
    np.testing.assert_allclose(R, [[1, 0], [1, 0], [0.5, 0.5], [0, 1], [0, 1]])
    np.testing.assert_allclose(Q, R @ R.T)
    np.testing.assert_allclose(v, [0.4, 0.4, 0.3, 0.4, 0.4])


def test_both_layers_claims_read_the_numbers():
    found = both.claims(made_both())
    assert failing(found) == []
    assert by_words(found, "smallest |cos|").value == pytest.approx(1.0)
    assert by_words(found, "exponent").value == pytest.approx(-1.05, abs=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"factor": 1.05}, ["from clones: error of runs"]),
        ({"power": 0.5}, ["from clones: error of runs", "exponent"]),
        ({"first": 0.1}, ["First layer"]),
        ({"random": (0.2, 0.2, 0.2)}, ["from random starts"]),
        ({"units": [*PAIRS[:4], [1.0, -1.0]]}, ["smallest |cos|"]),
    ],
)
def test_both_layers_claims_can_fail(change, words):
    found = both.claims(made_both(**change))
    assert failing(found) == [by_words(found, some).statement for some in words]


def made_linear(
    factor=1.0,
    clones=1.0,
    one=1.0,
    first=(0.6, 1.3),
    informed=(0.5, 0.5),
    small=(0.4, 0.4),
    first_line=1.0,
    lines=(1.0, 1.0, 1.0),
):
    """Students at their closed forms, and ReLU students with given errors, where the equations put them.

    `first_line` and `lines` are the errors of the equations divided by those of runs, for the first layer
    and for both layers from each kind of initial weights.
    """
    spec, relu = document(4, rate=0.05, noise=0.1), document(4, rate=0.1, noise=0.1)
    for part in ("teachers", "student"):
        spec[part]["activation"] = "linear"
    fixed = factor * np.array([linear_error(K, 0.05, 1.0) / 0.05 for K in (1, 4, 8)])
    starts = {"denoising": clones * np.array([4.0, 2.0]), "small": np.array([2.0, 2.0])}
    starts["one_direction"] = np.array([4.0, one * 4.0])
    levels = np.array([[starts[name][k] / (4.0 - 0.1 * starts[name][k]) for name in starts] for k in (0, 1)])
    relus = np.transpose([[0.5, 0.25], informed, small])
    names = ["denoising", "informed", "small"]

    def engines(values, line, axes):
        ode = resting(line * np.asarray(values), axes, relu, runs=3, spread=0.02, engine="ode")
        return {"chain": resting(values, axes, relu), "ode": ode}

    return {
        linear.LINEAR_FIRST: {"chain": resting(fixed, {HIDDEN: [1, 4, 8]}, spec)},
        linear.LINEAR_BOTH: {"chain": resting(levels, {HIDDEN: [4, 8], START: list(starts)}, spec)},
        linear.RELU_FIRST: engines(first, first_line, {HIDDEN: [4, 8]}),
        linear.RELU_BOTH: engines(relus, np.array(lines), {HIDDEN: [4, 8], START: names}),
    }


def test_linear_relu_shows_runs_and_closed_forms():
    axes = linear.figure(made_linear()).axes
    theory, points = data(axes[0], "theory"), data(axes[0], "simulation")
    K = np.array([1, 4, 8])
    np.testing.assert_allclose(theory["first layer, formula"][1], K / (4.0 - 0.1 * K))
    starts = {"denoising": "both, clones", "small": "both, random", "one_direction": "both, one direction"}
    for start, name in starts.items():
        np.testing.assert_allclose(points[name][1], theory[f"{start}, formula"][1])
    np.testing.assert_allclose(theory["one_direction, formula"][1], 4.0 / (4.0 - 0.4))
    best = data(axes[1], "simulation")["both, random, best run"][1]
    np.testing.assert_allclose(best, [0.99 * 0.4] * 2)
    assert axes[0].get_legend().get_texts()[0].get_text() == "first layer"


def test_linear_relu_shows_the_equations_of_motion():
    ax = linear.figure(made_linear(first_line=1.1, lines=(1.2, 1.3, 1.4))).axes[1]
    theory = data(ax, "theory")
    expected = {
        "first layer, equations": [1.1 * 0.6, 1.1 * 1.3],
        "denoising, equations": [1.2 * 0.5, 1.2 * 0.25],
        "informed, equations": [1.3 * 0.5] * 2,
        "small, equations": [0.98 * 1.4 * 0.4] * 2,
    }
    assert set(theory) == set(expected)
    for series, values in expected.items():
        np.testing.assert_array_equal(theory[series][0], [4, 8])
        np.testing.assert_allclose(theory[series][1], values)


def test_linear_relu_claims_read_the_numbers():
    found = linear.claims(made_linear())
    assert failing(found) == []
    assert by_words(found, "ReLU, first layer: smallest increase").value == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"factor": 1.06}, ["Linear, first layer: error of runs", "closed form in standard errors"]),
        ({"clones": 1.1}, ["Linear, both layers from denoising starts: error of runs"]),
        ({"one": 0.5}, ["one-direction starts: error of runs", "one-direction starts: error of the largest"]),
        ({"first": (0.6, 0.6)}, ["ReLU, first layer: smallest increase"]),
        ({"informed": (0.5, 0.6)}, ["from the teacher's units: error of the largest"]),
        ({"small": (0.3, 0.4)}, ["small starts, best runs"]),
        ({"first_line": 1.2}, ["ReLU, first layer: error of runs"]),
        ({"lines": (0.8, 1.0, 1.0)}, ["ReLU, both layers from denoising starts: error of runs"]),
        ({"lines": (1.0, 1.2, 1.0)}, ["from the teacher's units: error of runs"]),
    ],
)
def test_linear_relu_claims_can_fail(change, words):
    found = linear.claims(made_linear(**change))
    assert failing(found) == [by_words(found, some).statement for some in words]


def test_clones_share_a_teacher_unit_also_unequally():
    chain = resting([1.0, 1.0], {HIDDEN: [4, 6]}, document(4))
    np.testing.assert_allclose(linear.squared_readouts(chain, "denoising"), [4.0, 3.0])
