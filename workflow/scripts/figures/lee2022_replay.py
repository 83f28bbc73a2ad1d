"""Replay of the first task: forgetting, the error of task 2, and the replay that is needed.

Believed to correspond to the figure about interleaving of Lee, Mannelli, Clopath, Goldt & Saxe 2022.
The reader should see that a small fraction of replayed steps removes forgetting of dissimilar tasks,
because the student activates its idle unit, and that more replay is needed the more similar the tasks
are, unless they are equal.
"""

from functools import partial

import _figures
import _lee2022 as lee
import _lee2022_units as units
import numpy as np
from _lee2021 import inputs, peak

from teacherstudent import measures
from teacherstudent.experiments.claims import Claim

FIGURE, RANDOM, KEY = "lee2022_replay", "lee2022_replay_random", "fraction"
FACTOR = 10.0
SHOWN = (0.0, 0.01, 0.03, 0.1, 0.3)  # fractions of the lines
CAPTION = """
Replay: after the switch a fraction r of the steps is on task 1, with its own head. (a) Forgetting of
task 1, the increase of its error from the switch until 100 after it, and (b) error of task 2 at this
time, against the similarity V of the tasks; specialised student, whose first unit learns task 1 nearly
alone. (c) Share of task 2 that this unit carries at this time: with little replay the student activates
its idle unit for more similar tasks. (d) Smallest fraction that reduces forgetting tenfold, for
specialised and random students, interpolated between fractions at steps of 0.01 (0.02 in the small
form). Lines: equations, mean over initial networks; points in (a) and (b): networks of 1000 inputs,
mean and standard error of 4 runs, r = 0 and 0.1 (fewer of all in the small form).
Believed to correspond to the figure about interleaving of Lee, Mannelli, Clopath, Goldt and Saxe (ICML
2022). Replay in turn was read in the authors' code; the values and panels of the published figure are
not known, and (c) and (d) are ours. Numbers were recomputed with another program.
"""
PEAKS = {0.01: (0.156, 0.30), 0.03: (0.088, 0.45), 0.1: (0.0205, 0.45), 0.3: (0.0048, 0.60)}
NEED = {"specialised": {0.1: 0.037, 0.5: 0.108, 0.9: 0.183}, "random": {0.1: 0.032, 0.5: 0.074, 0.9: 0.161}}
SECOND = {0.2: -3.10, 0.5: -2.65, 0.8: -2.86, 1.0: -5.06}  # log10 of the error of task 2 for r = 0.1
claim = partial(Claim, FIGURE, source=lee.RECOMPUTED, certainty="recomputed")


def figure(curves):
    """Draw both measures, the share of the used unit, and the replay that is needed."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    theory = curves[FIGURE]["ode"]
    labels = {value: f"{value:g}" for value in SHOWN}
    lee.plot_family(axes[0], theory, KEY, labels, lee.networks(curves, strength=0.0))
    axes[0, 0].legend(title="replay $r$", loc="upper right")
    plot_shares(axes[1, 0], theory)
    plot_needed(axes[1, 1], students(curves))
    _figures.letter(axes)
    return fig


def plot_shares(ax, theory):
    """Draw the share of task 2 that the used unit carries against similarity."""
    for fraction, color in zip(SHOWN, _figures.colors_along(range(len(SHOWN))), strict=True):
        line = theory.select(**{KEY: fraction})
        values = lee.mean(units.carried(line))
        _figures.plot_theory(ax, line.axis("similarity"), values, f"r = {fraction:g}", color=color)
    lee.similarity_axes(ax, "share of task 2, used unit", ylim=(0.0, 1.05))


def plot_needed(ax, found):
    """Draw the fraction for a tenfold cut of forgetting against similarity."""
    for index, (name, entry) in enumerate(found.items()):
        similarity, needed = replay_needed(entry)
        _figures.plot_theory(ax, similarity, lee.mean(needed), name, color=_figures.series_color(index))
    lee.similarity_axes(ax, "replay for a tenfold cut", ylim=(0.0, 0.22))
    ax.legend(loc="upper left")


def students(curves):
    """Return the curves of many fractions by the names of the students."""
    return {"specialised": curves[FIGURE]["ode"], "random": curves[RANDOM]["ode"]}


def replay_needed(entry):
    """Return similarities inside, and the fraction that divides forgetting by FACTOR, (similarity, run)."""
    similarity = entry.axis("similarity")
    inside = (similarity > 0.09) & (similarity < 0.91)
    values = np.moveaxis(lee.forgetting(entry), 0, -1)[inside]
    return similarity[inside], measures.replay_needed(entry.axis(KEY), values, FACTOR)


def claims(curves):
    """State peaks, the replay that is needed, the error of task 2, activation, and networks."""
    theory = curves[FIGURE]["ode"]
    return [
        *peak_claims(theory),
        *need_claims(curves),
        second_claim(theory),
        *activation_claims(theory),
        network_claim(theory, lee.networks(curves, strength=0.0)),
    ]


def means(entry, fraction, measure=lee.forgetting):
    """Return the similarities, and the mean over runs of a measure at one fraction."""
    line = entry.select(**{KEY: fraction})
    return line.axis("similarity"), lee.mean(measure(line))


def peak_claims(entry):
    """State height and similarity of the peak of forgetting for each fraction."""
    for fraction, (height, where) in PEAKS.items():
        similarity, values = means(entry, fraction)
        yield claim(
            f"Replay r = {fraction:g}: largest forgetting over V.",
            value=values.max(),
            low=0.93 * height,
            high=1.07 * height,
        )
        yield claim(
            f"Replay r = {fraction:g}: similarity of maximal forgetting.",
            value=peak(similarity, values),
            low=where - 0.1,
            high=where + 0.1,
        )


def need_claims(curves):
    """State that more replay is needed for more similar tasks, and how much."""
    for name, entry in students(curves).items():
        similarity, needed = replay_needed(entry)
        needed = lee.mean(needed)
        yield claim(
            f"{name.capitalize()} student: the replay for a tenfold cut of forgetting increases from V "
            "= 0.1 to 0.9, smallest step.",
            value=np.diff(needed).min(),
            low=0.0,
        )
        expected = np.array(list(NEED[name].values()))
        yield claim(
            f"{name.capitalize()} student: replay for a tenfold cut at V = 0.1, 0.5 and 0.9 against "
            f"{', '.join(map(str, NEED[name].values()))}, largest relative difference.",
            value=np.abs(lee.at(similarity, needed, *NEED[name]) / expected - 1.0).max(),
            low=0.0,
            high=0.1 if name == "specialised" else 0.25,
        )


def second_claim(entry):
    """State the error of task 2 with a tenth of replay."""
    similarity, errors = means(entry, 0.1, lambda line: np.log10(lee.second(line)))
    gap = np.abs(lee.at(similarity, errors, *SECOND) - np.array(list(SECOND.values())))
    return claim(
        "Replay r = 0.1: log10 of the error of task 2 at V = 0.2, 0.5, 0.8 and 1 against -3.10, -2.65, "
        "-2.86 and -5.06, largest difference.",
        value=gap.max(),
        low=0.0,
        high=0.15,
    )


def activation_claims(entry):
    """State that replay moves the change from activation to re-use to more similar tasks."""
    crossings = [units.crossing(*means(entry, fraction, units.carried)) for fraction in SHOWN]
    yield claim(
        "The similarity from which on the used unit carries half of task 2 increases with replay, r = "
        f"{', '.join(map(str, SHOWN))}: smallest step.",
        value=np.diff(crossings).min(),
        low=0.0,
        source="replay makes the student activate its idle unit, recomputed forgetting at low V",
    )


def network_claim(theory, simulation):
    """State the agreement of networks with the equations."""
    where = [one for one in simulation.axis("similarity") if one > 0.29]
    points, line = (lee.at(*means(entry, 0.1), *where) for entry in (simulation, theory))
    return claim(
        f"Replay r = 0.1: forgetting of networks of {inputs(simulation)} inputs against the equations "
        "from V = 0.3 on, largest difference of means.",
        value=np.abs(points - line).max(),
        low=0.0,
        high=0.003,
        source="the equations of motion; networks of another program differ by 0.002",
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
