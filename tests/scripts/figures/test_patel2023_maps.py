"""Figures of the RL perceptron that use its analysis: orbits, maps and schedules."""

import numpy as np
import patel2023_flow as flow
import patel2023_phase as phase
import patel2023_schedules as schedules
import pytest

from lee2021_samples import by_words, data
from patel2023_samples import (
    LENGTH,
    PENALTY,
    RATE,
    RATE_SCHEDULE,
    START,
    VALUE,
    at_least,
    curves,
    document,
)
from teacherstudent.analysis import optimal_schedule_error


def failing(claims):
    return [claim.statement for claim in claims if not claim.holds]


def made_orbits(low=0.95, end=None):
    """Orbits that learn with the small penalty, and with the large one from some starts."""
    time, starts = np.linspace(0.0, 300.0, 31), np.array([-0.5, 0.0, 0.6])
    ends = np.array([[low] * 3, [end or flow.NODE[0], flow.NODE[0], 0.95]])
    rho = starts[None, :, None] + (ends - starts)[..., None] * (time / 300.0)
    norms = np.exp(-time / 100.0)
    axes = {PENALTY: [0.8, 1.5], START: starts}
    return {flow.FLOW: {"ode": curves(axes, time, rho[:, :, None], norms=norms, document=at_least())}}


def test_flow_shows_orbits_fixed_points_and_separatrix():
    axes = flow.figure(made_orbits()).axes
    rho, s = data(axes[1], "theory")["rho = 0.6"]
    np.testing.assert_allclose([rho[-1], s[-1]], [0.95, np.exp(-1.5)])
    rho, s = data(axes[1], "theory")["saddle"]
    np.testing.assert_allclose([rho[0], s[0] ** 2], flow.SADDLE, rtol=1e-5)
    assert "separatrix" in data(axes[1], "theory")
    assert "separatrix" not in data(axes[0], "theory")
    ratio, rho = data(axes[2], "theory")["n = 12, node"]
    np.testing.assert_allclose([ratio[0], rho[0]], [1.0, flow.CRITICAL[12][1]], rtol=1e-4)


@pytest.mark.parametrize(
    "change, words", [({}, None), ({"low": 0.6}, "all of them learn"), ({"end": 0.2}, "end of orbits")]
)
def test_claims_of_flow(change, words):
    found = list(flow.claims(made_orbits(**change)))
    assert failing(found) == ([] if words is None else [by_words(found, words).statement])


ANGLES = np.array([-0.695563, phase.ANGLE])


def made_map(name, spec, penalties, shift=1.0):
    """A map of students that learn up to the penalties of the other computation."""
    values = np.linspace(0.4, 2.0, 5)
    ratios = np.interp(np.log(values), np.log(list(phase.RATIOS[name])), list(phase.RATIOS[name].values()))
    known = shift * np.array([phase.CRITICAL[name] * values, ratios * values])
    axes = {START: ANGLES, VALUE: values, PENALTY: penalties}
    rho = np.where(penalties < known[..., None], 0.95, 0.1)[..., None, None] * np.array([0.0, 1.0])
    return curves(axes, [0.0, 100.0], rho, document=spec)


@pytest.fixture(scope="module")
def maps():
    return {shift: made_maps(shift) for shift in (1.0, 1.5, 0.5)}


def made_maps(shift):
    """Maps of both rewards, with a chain that has learned at small penalties."""
    found = {}
    for name, spec, top in ((phase.ALL, document(13), 0.02), (phase.AT_LEAST, at_least(), 2.4)):
        entry = made_map(name, spec, np.linspace(0.0, top, 9), shift)
        axes = {START: ANGLES[1:], VALUE: [0.4, 2.0], PENALTY: [0.0, top]}
        ends = np.array([0.9, 0.1])[None, None, :, None, None] * np.ones((1, 2, 1, 1, 2))
        chain = curves(axes, [0.0, 1.0], ends, "chain", document=spec)
        found[name] = {"ode": entry, "chain": chain}
    return found


def test_maps_show_cells_and_boundaries(maps):
    axes = phase.figure(maps[1.0]).axes
    meshes = [ax.collections[0] for ax in axes[:4]]
    assert all(mesh.get_array().reshape(9, 5)[0].min() > 0.9 for mesh in meshes)
    assert [len(data(ax, "theory")) for ax in axes[:4]] == [0, 1, 0, 1]
    reward, penalty = (data_of(axes[3])[key] for key in ("x", "y"))
    ratios = np.interp([1.0], reward[::-1], (penalty / reward)[::-1])
    np.testing.assert_allclose(ratios, 1.0152549, rtol=3e-3)  # between two points of the line


def data_of(ax):
    """Numbers of the boundary of one map."""
    (line,) = [line for line in ax.get_lines() if hasattr(line, "numbers")]
    return line.numbers


@pytest.mark.parametrize(
    "shift, words", [(1.0, None), (1.5, "above the boundary"), (0.5, "below the boundary")]
)
def test_claims_of_maps(maps, shift, words):
    found = failing(phase.claims(maps[shift]))
    assert len(found) == (0 if words is None else 2)
    assert words is None or all(words in statement for statement in found)


TIMES = np.concatenate([[0.0], np.geomspace(0.1, 1e5, 241)])


def made_schedules(better=1.0, late=1.0, chain=0.0):
    """Errors through the known ones, with the limits at the end."""

    def line(name, length, factor=1.0):
        known = dict(
            zip(schedules.TIMES, schedules.KNOWN.get(name, schedules.KNOWN["both optimal"]), strict=True)
        )
        ends = {t: late * optimal_schedule_error(t, length) for t in (1e4, 1e5)}
        points = {0.1: 0.468} | known | ends
        error = np.exp(np.interp(np.log(TIMES[1:]), np.log(list(points)), np.log(list(points.values()))))
        return np.cos(np.pi * factor * np.concatenate([[0.468], error]))[None]

    constant = [line("T = 4, learning rate 1", 1, factor) for factor in (1.0, 1.01)]
    optimal = [line(f"T = {T}, optimal rate", T) for T in (1, 4)]
    optimal[1] = np.cos(better * np.arccos(optimal[1]))
    rho = [[[constant[i], optimal[j]] for j in (0, 1)] for i in (0, 1)]
    rho = np.moveaxis(rho, 2, 1)  # rate, schedule, length
    fixed = {"schedule": {"learning_rate": "constant", "length": "constant"}}
    free = {"schedule": {"learning_rate": "constant", "length": "optimal"}}
    axes = {RATE: [1.0, 3.0], RATE_SCHEDULE: ["constant", "optimal"], LENGTH: [1, 4]}
    both = {RATE_SCHEDULE: ["constant", "optimal"]}
    lengths = np.array([line("both optimal", None)] * 2)
    runs = lengths + chain * np.ones((2, 1))
    return {
        schedules.FIXED: {"ode": curves(axes, TIMES, rho, document=document(4, **fixed))},
        schedules.FREE: {
            "ode": curves(both, TIMES, lengths, document=document(100000, **free)),
            "chain": curves(both, TIMES, np.minimum(runs, 1.0), "chain", document=document(100000, **free)),
        },
    }


def test_schedules_are_shown_against_time_and_inputs():
    axes = schedules.figure(made_schedules()).axes
    time, error = data(axes[0], "theory")["both optimal"]
    np.testing.assert_allclose(np.interp(100.0, time, error), 0.02838, rtol=5e-3)
    inputs, error = data(axes[1], "theory")["T = 4, optimal rate"]
    np.testing.assert_allclose(np.interp(400.0, inputs, error), 0.04325, rtol=5e-3)
    rho, length = data(axes[2], "theory")["optimal length"]
    p = 1 - np.arccos(rho) / np.pi
    assert np.abs(length + 1 / np.log(p)).max() <= 1.0


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, None),
        ({"better": 1.5}, "smallest ratio"),
        ({"late": 1.1}, "both optimal: error at the end"),
        ({"chain": 0.2}, "largest distance of the mean overlap"),
    ],
)
def test_claims_of_schedules(change, words):
    found = list(schedules.claims(made_schedules(**change)))
    if words is None:
        assert failing(found) == []
    else:
        assert by_words(found, words).statement in failing(found)
