"""Penalties, replay and the units of a student: what figures show of known curves, and what claims read."""

import _lee2022 as lee
import _lee2022_units as units
import lee2022_consolidation as consolidation
import lee2022_ewc as ewc
import lee2022_interleaving_period as interleaving
import lee2022_replay as replay
import lee2022_reuse_activation as mechanism
import numpy as np
import pytest

from lee2021_samples import SIMILARITY, by_words, curves, data
from lee2022_samples import GRID, SWITCH, along, finite, hill

STRENGTH, KIND = "training.consolidation.strength", "training.consolidation.kind"
FRACTION = "curriculum.replay.fraction"
FEW = GRID[::4]


# --- elastic weight consolidation ---------------------------------------------------------------------------

TOPS = {0.0: 0.20, 1e3: 0.25, 1e4: 0.55, 1e5: 0.90, 1e6: 0.90}


def penalised(strength, moved=0.0):
    """Forgetting with the peak of this strength; L = 10^4 has the recomputed numbers."""
    L = strength / ewc.SCALE
    if L == 1e4:
        forgetting = np.interp(
            GRID, [0.0, 0.2, 0.4, 0.55, 0.6, 0.8, 1.0], [0.001, 0.019, 0.062, 0.071, 0.070, 0.045, 0.0]
        )
        return forgetting, 10.0 ** (-4.5 + np.interp(GRID, [0, 0.2, 0.6, 1], [0.8, 1.4, 1.8, 0.0]))
    return hill(TOPS[L] + moved), 10.0 ** (-4.5 - 0.5 * (GRID < 0.05))


def made_ewc(moved=0.0, networks=1.0):
    strengths = [ewc.SCALE * L for L in TOPS]
    specialised = along(STRENGTH, strengths, lambda value: penalised(value, moved))
    symmetric = along(STRENGTH, strengths[:4], lambda value: (hill(0.0, 0.005), 10.0**-0.8 + 0.0 * GRID))
    points = networks * np.interp(FEW, GRID, penalised(2e4)[0])
    simulated = finite(points[None, None], [2e4], [0.0], FEW)
    return {
        ewc.FIGURE: {"ode": specialised},
        ewc.SYMMETRIC: {"ode": symmetric},
        lee.FINITE: {"network": simulated},
    }


def test_penalties_have_the_same_colour_in_all_panels():
    fig = ewc.figure(made_ewc())
    assert [len(data(ax, "theory")) for ax in fig.axes] == [5, 5, 4, 4]
    lines = [
        {line.get_label(): tuple(line.get_color()) for line in ax.get_lines() if line.get_linestyle() == "-"}
        for ax in fig.axes
    ]
    assert lines[0] == lines[1]
    assert lines[2] == {label: color for label, color in lines[0].items() if label != "$10^6$"}
    np.testing.assert_allclose(data(fig.axes[0], "theory")["$10^3$"][1], hill(0.25))
    np.testing.assert_array_equal(data(fig.axes[0], "simulation")["$10^4$"][0], FEW)
    assert [ax.get_yscale() for ax in fig.axes] == ["linear", "log"] * 2


def test_claims_about_penalties():
    found = ewc.claims(made_ewc())
    for L, top in {1000: 0.25, 100000: 0.90}.items():
        assert by_words(found, f"L = {L}: similarity of").value == pytest.approx(top)
    assert by_words(found, "against 0.062").value == pytest.approx(0.0, abs=1e-9)
    assert by_words(found, "at V = 0.2: factor").value == pytest.approx(0.2 / 0.019)
    assert by_words(found, "largest cost of task 2, in decades").value == pytest.approx(1.8)
    assert by_words(found, "similarity of the largest cost").value == pytest.approx(0.6, abs=0.02)
    assert by_words(found, "L = 10^4: cost of task 2").value == pytest.approx(1.3)
    assert by_words(found, "symmetric minus").value == pytest.approx(-0.8 + 3.1)
    assert by_words(found, "importances per weight").value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"moved": 0.1}, "L = 1000: similarity"), ({"networks": 1.3}, "importances per weight")],
)
def test_claims_about_penalties_notice_a_difference(changes, words):
    assert by_words(ewc.claims(made_ewc()), words).holds
    assert not by_words(ewc.claims(made_ewc(**changes)), words).holds


# --- penalties of several kinds -----------------------------------------------------------------------------

POWERS = np.linspace(
    0.0, 4.0, 9
)  # forgetting is divided by 10^power at V = 0.2, log10 of the second error rises


def traded_off(excess):
    """Curves along strengths with a straight trade-off: log10 eps_2 = -4 + excess + power / 2."""

    def line(strength):
        power = 0.0 if strength == 0.0 else np.log10(strength) + 4.0
        return 0.2 * 10.0**-power + 0.0 * GRID, 10.0 ** (
            -4.0 + excess * (strength > 0) + power / 2
        ) + 0.0 * GRID

    return line


def made_kinds(quadratic=1.5, node=0.0):
    strengths = [0.0, *10.0 ** (POWERS[1:] - 4.0)]
    others = [along(STRENGTH, strengths, traded_off(excess)) for excess in (0.0, node, quadratic)]
    kinds = np.array(["path_integral", "node", "quadratic"])
    stacked = np.stack([entry.quantities["generalisation_error"] for entry in others])
    axes = {KIND: kinds} | others[0].axes
    both = curves(others[0].time, np.log10(stacked[..., 0]), np.log10(stacked[..., 1]), axes)
    return {
        consolidation.EWC: {"ode": along(STRENGTH, strengths, traded_off(0.0))},
        consolidation.FIGURE: {"ode": both},
    }


def test_kinds_are_compared_at_equal_protection():
    made = made_kinds()
    fig = consolidation.figure(made)
    assert [len(data(ax, "theory")) for ax in fig.axes] == [4, 4, 4, 5]
    x, y = data(fig.axes[0], "theory")["node"]
    np.testing.assert_allclose(np.log10(x), np.log10(0.2) - POWERS)
    np.testing.assert_allclose(np.log10(y), -4.0 + POWERS / 2)
    similarity, cost = data(fig.axes[3], "theory")["quadratic"]
    np.testing.assert_allclose(similarity, GRID[2:-2])
    np.testing.assert_allclose(np.log10(cost), -4.0 + 1.5 + 0.5)


def test_claims_about_kinds(monkeypatch):
    monkeypatch.setattr(consolidation, "PEAKS", {("node", 1.0): 0.2e-4})
    found = consolidation.claims(made_kinds())
    assert by_words(found, "Node penalty, strength 1").value == pytest.approx(0.2e-4)
    assert by_words(found, "node against quadratic").value == pytest.approx(1.5)
    assert by_words(found, "largest difference of EWC").value == pytest.approx(0.0, abs=1e-9)
    assert by_words(found, "smallest excess").value == pytest.approx(1.5)
    assert not by_words(consolidation.claims(made_kinds(node=0.5)), "largest difference of EWC").holds
    assert not by_words(consolidation.claims(made_kinds(quadratic=0.2)), "smallest excess").holds


def test_protection_that_no_strength_reaches_has_no_cost():
    entry = made_kinds()[consolidation.EWC]["ode"]
    assert np.isnan(consolidation.cost_at(entry, 0.5, 1e-9))


# --- replay -------------------------------------------------------------------------------------------------


def with_units(entry, share):
    """Add overlaps and readouts in which unit 0 learned task 1 and carries `share` (axes...) of task 2."""
    lead = (*entry.diverged.shape, len(entry.time))
    share = np.broadcast_to(np.asarray(share, dtype=float)[..., None, None], lead)
    heads = np.zeros((*lead, 2, 2))
    heads[..., 0, 0] = 1.0
    heads[..., 1, :] = np.sqrt(np.stack([share, 1.0 - share], axis=-1))
    overlaps = np.broadcast_to(np.eye(2), (*lead, 2, 2))
    entry.quantities.update(student_overlaps=overlaps, student_readouts=heads)
    return entry


FRACTIONS = np.array([0.0, 0.01, 0.03, 0.1, 0.2, 0.3])


def made_replay(shift=0.0):
    """Forgetting 0.2 / 10^(r / need), with a need that increases with similarity."""
    need = 0.05 + 0.14 * GRID
    specialised = along(FRACTION, FRACTIONS, lambda r: 0.2 * 10.0 ** (-r / need))
    crossings = 0.2 + FRACTIONS[:, None]
    with_units(specialised, 1.0 / (1.0 + np.exp(-10.0 * (GRID - crossings))))
    random = along(FRACTION, FRACTIONS, lambda r: 0.2 * 10.0 ** (-1.2 * r / need))
    points = 0.2 * 10.0 ** (-0.1 / (0.05 + 0.14 * FEW)) + shift
    simulated = finite(points[None, None], [0.0], [0.1], FEW)
    return {
        replay.FIGURE: {"ode": specialised},
        replay.RANDOM: {"ode": random},
        lee.FINITE: {"network": simulated},
    }


def test_replay_shows_what_is_needed():
    fig = replay.figure(made_replay())
    needed = data(fig.axes[3], "theory")
    np.testing.assert_allclose(needed["specialised"][1], 0.05 + 0.14 * GRID[2:-2], rtol=1e-6)
    np.testing.assert_allclose(needed["random"][1], (0.05 + 0.14 * GRID[2:-2]) / 1.2, rtol=1e-6)
    shares = data(fig.axes[2], "theory")
    np.testing.assert_allclose(shares["r = 0.1"][1], 1.0 / (1.0 + np.exp(-10.0 * (GRID - 0.3))), atol=1e-12)
    assert set(data(fig.axes[0], "simulation")) == {"0.1"}


def test_claims_about_replay():
    found = replay.claims(made_replay())
    assert by_words(found, "Specialised student: the replay").value == pytest.approx(0.007, rel=1e-3)
    assert by_words(found, "half of task 2 increases").value == pytest.approx(0.01, rel=0.1)
    assert by_words(found, "against the equations").holds
    assert not by_words(replay.claims(made_replay(shift=0.005)), "against the equations").holds


# --- blocks in turn -----------------------------------------------------------------------------------------

NEW, OLD = (f"curriculum.replay.interleave.{name}" for name in ("new", "old"))


def made_blocks(noise=1.0):
    """Error of task 1 at the end: 0.01, smaller by 10^(-period / 200) on the diagonal."""
    new, old = np.array([9, 180, 900, 18000]), np.array([1, 20, 100, 2000])
    period = (new + old[:, None]).T / 1000.0
    final = 0.01 * 10.0 ** (-np.where(period > 0.25, period, 0.01) / 200.0)
    axes = {NEW: new, OLD: old}
    entries = {}
    for engine, factor, times in (
        ("ode", 1.0, (0.0, 100.0, 150.0, 200.0)),
        ("chain", noise, (0.0, 100.0, 200.0)),
    ):
        spread = 1.0 + 0.05 * np.linspace(-1.0, 1.0, 9)[:, None]  # standard deviation 0.032 x sqrt(9 / 8)
        first = np.where(np.array(times) > SWITCH, factor * final[..., None, None] * spread, 1e-5)
        entries[engine] = curves(times, np.log10(first), -3.0, axes, engine, 1000)
        entries[engine].document["curriculum"]["replay"] = {"interleave": {"new": 9, "old": 1}}
    return {interleaving.FIGURE: entries}


def test_blocks_are_drawn_against_their_period():
    fig = interleaving.figure(made_blocks())
    shown = data(fig.axes[0], "theory")
    np.testing.assert_allclose(shown["blocks"][0], [0.01, 0.2, 1.0, 20.0])
    np.testing.assert_allclose(shown["blocks"][1][-1], 0.01 * 10**-0.1)
    np.testing.assert_allclose(shown["average"][1], 0.01, rtol=1e-3)
    assert "period 20" in data(fig.axes[1], "theory")


def test_claims_about_blocks():
    found = interleaving.claims(made_blocks())
    assert by_words(found, "period of 20").value == pytest.approx(-0.1, abs=1e-3)
    assert all(claim.holds for claim in found)
    wrong = interleaving.claims(made_blocks(noise=1.2))
    deviation = 1.2 * 0.05 * np.linspace(-1.0, 1.0, 9).std(ddof=1) * np.sqrt(2.0 / 9.0)
    assert by_words(wrong, "against the average, periods").value == pytest.approx(0.2 / deviation, rel=1e-3)
    assert not by_words(wrong, "against the blocks").holds


# --- the units ----------------------------------------------------------------------------------------------


def unit_curves(axes, share, length, cosine, grid=GRID):
    """Curves with a given share, squared length of the idle unit and cosine of the used one, (axes...)."""
    times = np.array([0.0, SWITCH, 2 * SWITCH, 3 * SWITCH])
    entry = with_units(curves(times, -3.0 + np.zeros((*map(len, axes.values()), 2, 4)), -3.0, axes), 0.0)
    lead = (*entry.diverged.shape, 4)
    full = [
        np.broadcast_to(np.asarray(one, dtype=float)[..., None, None], lead)
        for one in (share, length, cosine)
    ]
    overlaps, anchors = np.zeros((*lead, 2, 2)), np.zeros((*lead, 2, 2))
    overlaps[..., 0, 0], overlaps[..., 1, 1] = 1.0, full[1]
    anchors[..., 0, 0] = 2.0 * full[2]
    power = (
        2.0
        / np.pi
        * np.arcsin(
            np.diagonal(overlaps, axis1=-2, axis2=-1) / (1.0 + np.diagonal(overlaps, axis1=-2, axis2=-1))
        )
    )
    heads = np.zeros((*lead, 2, 2))
    heads[..., 0, 0] = 1.0
    heads[..., 1, :] = np.sqrt(np.stack([full[0], 1.0 - full[0]], axis=-1) / power)
    entry.quantities.update(
        student_overlaps=overlaps,
        student_readouts=heads,
        anchor_overlaps=anchors,
        anchor_norms=np.broadcast_to([4.0, 1.0], (*lead, 2)),
        student_teacher_overlaps=np.zeros((*lead, 2, 2, 1)),
    )
    return entry


def made_units(shift=0.0):
    def numbers(of):
        return np.interp(GRID, list(of), list(of.values()))

    share = np.clip(numbers(mechanism.SHARES) + shift, 0.0, 1.0)
    cosine = numbers({0.0: 1.0} | mechanism.COSINES)
    specialised = unit_curves({SIMILARITY: GRID}, share, numbers(mechanism.LENGTHS), cosine)
    late = np.clip(GRID - 0.42 + 0.5, 0.0, 1.0)
    axes = {"student.copy_head_at_switch": np.array(["never", "first"]), SIMILARITY: GRID}
    random = unit_curves(axes, np.stack([late, late]), np.ones((2, 21)), np.ones((2, 21)))
    return {mechanism.SPECIALISED: {"ode": specialised}, mechanism.RANDOM: {"ode": random}}


def test_measures_of_units_are_read_from_overlaps_and_readouts():
    entry = unit_curves({SIMILARITY: GRID}, 0.3 * GRID, 0.5 + GRID, 1.0 - GRID)
    np.testing.assert_allclose(units.carried(entry), np.repeat(0.3 * GRID[:, None], 2, axis=1))
    np.testing.assert_allclose(units.length_of_idle(entry, 100.0)[:, 0], 0.5 + GRID)
    np.testing.assert_allclose(units.cosine_of_used(entry, 100.0)[:, 0], 1.0 - GRID)
    with pytest.raises(KeyError, match="150"):
        units.carried(entry, 50.0)


def test_the_used_unit_is_that_of_the_first_task():
    entry = unit_curves({SIMILARITY: GRID}, 0.3, 1.0, 1.0)
    swapped = {
        name: array[..., ::-1] for name, array in entry.quantities.items() if name == "student_readouts"
    }
    entry.quantities.update(swapped)
    np.testing.assert_allclose(units.carried(entry), 0.3)


def test_a_crossing_is_interpolated():
    assert units.crossing(GRID, GRID**2) == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert np.isnan(units.crossing(GRID, 0.0 * GRID))


def test_units_are_drawn():
    fig = mechanism.figure(made_units())
    assert len(data(fig.axes[0], "theory")) == 4
    np.testing.assert_allclose(data(fig.axes[6], "theory")["random"][1], np.clip(GRID + 0.08, 0.0, 1.0))
    np.testing.assert_allclose(data(fig.axes[8], "theory")["full re-use"], [[0.0, 0.5, 1.0]] * 2)


def test_claims_about_units():
    found = mechanism.claims(made_units())
    assert by_words(found, "Random students: similarity").value == pytest.approx(0.42)
    assert by_words(found, "turns most").value == pytest.approx(0.2)
    assert all(claim.holds for claim in found)
    assert not by_words(mechanism.claims(made_units(shift=-0.1)), "used unit, V from 0.3 on").holds
