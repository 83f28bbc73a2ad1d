"""Replay of the first task: forgetting and the error of task 2 against similarity, and the replay that is needed.

Believed to correspond to the figure about interleaving of Lee, Mannelli, Clopath, Goldt & Saxe 2022. The reader should see that
a small fraction of replayed steps removes forgetting of dissimilar tasks, because the student activates its idle
unit, and that more replay is needed the more similar the tasks are, unless they are equal.
"""

from functools import partial

import _figures
import _lee2022 as lee
import numpy as np
from _lee2021 import inputs, peak

from teacherstudent import measures
from teacherstudent.experiments.claims import Claim

FIGURE, NEEDED, RANDOM, GRID = (
    "lee2022_replay",
    "lee2022_replay_needed",
    "lee2022_replay_needed_random",
    "lee2022_interleaving_grid",
)
KEY, PERIOD = "fraction", "interleave.new"
FACTOR = 10.0
CAPTION = """
Replay: a fraction r of the steps after the switch is on task 1, with its own head. (a) Forgetting of task 1, the
increase of its error from the switch until 100 after it, and (b) error of task 2 at this time, against the similarity V
of the tasks; specialised student. Lines: equations, mean over 4 initial networks; points: networks of 1000
inputs, mean and standard error of 4 runs. (c) Fraction that reduces forgetting tenfold, specialised and
random students, mean over runs. (d) Forgetting for the authors' schedule, in turn P steps on task 2 and one step on
task 1, at N = 10000 inputs, equations.
The schedule and its grid of P were read in the authors' code; the values and panels of the published figure are not known.
Numbers of (a) to (c) were recomputed with another program.
"""
PEAKS = {0.01: (0.156, 0.30), 0.03: (0.088, 0.45), 0.1: (0.0205, 0.45), 0.3: (0.0048, 0.60)}
NEED = {"specialised": {0.1: 0.037, 0.5: 0.108, 0.9: 0.183}, "random": {0.1: 0.032, 0.5: 0.074, 0.9: 0.161}}
SECOND = {0.0: -5.2, 0.2: -3.1, 0.5: -2.65, 0.8: -2.9, 1.0: -5.1}  # log10 of the error of task 2 for r = 0.1
claim = partial(Claim, FIGURE, source=lee.RECOMPUTED, certainty="recomputed")


def figure(curves):
    """Draw both measures, the replay that is needed, and the schedules in turn."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    theory = curves[FIGURE]["ode"]
    names = {value: f"{value:g}" for value in theory.axis(KEY)}
    lee.plot_family(axes[0], theory, KEY, names, curves[FIGURE]["network"])
    axes[0, 0].legend(title="replay $r$", loc="upper right")
    for index, (name, entry) in enumerate(students(curves).items()):
        similarity, needed = replay_needed(entry)
        _figures.plot_theory(axes[1, 0], similarity, lee.mean(needed), name, color=_figures.series_color(index))
    lee.similarity_axes(axes[1, 0], "replay for a tenfold cut")
    axes[1, 0].set_ylim(bottom=0.0)
    axes[1, 0].legend(loc="upper left")
    plot_grid(axes[1, 1], curves[GRID]["ode"])
    _figures.letter(axes)
    return fig


def plot_grid(ax, entry):
    """Draw forgetting against similarity for steps in turn, a line for each period."""
    periods = entry.axis(PERIOD)
    for period, color in zip(periods, _figures.colors_along(-np.log10(periods)), strict=True):
        line = entry.select(**{PERIOD: period})
        lee.plot_forgetting(ax, line, f"P = {period}", label=power(period), color=color)
    lee.similarity_axes(ax, "forgetting")
    ax.set_ylim(bottom=0.0)
    ax.legend(title="$P$", loc="upper right")


def power(number):
    """Return a number as text, a power of ten from 100 on."""
    return f"{number}" if number < 100 else f"$10^{{{np.log10(number):.0f}}}$"


def students(curves):
    """Return the curves of many fractions by the names of the students."""
    return {"specialised": curves[NEEDED]["ode"], "random": curves[RANDOM]["ode"]}


def replay_needed(entry):
    """Return the similarities, and the fraction that reduces forgetting by FACTOR, (similarity, run)."""
    values = np.moveaxis(lee.forgetting(entry), 0, -1)
    return entry.axis("similarity"), measures.replay_needed(entry.axis(KEY), values, FACTOR)


def claims(curves):
    """State peaks, the replay that is needed, the error of task 2, the schedule in turn, and networks."""
    theory = curves[FIGURE]["ode"]
    return [
        *peak_claims(theory),
        *need_claims(curves),
        second_claim(theory),
        *grid_claims(curves[GRID]["ode"], theory),
        network_claim(theory, curves[FIGURE]["network"]),
    ]


def means(entry, value, measure=lee.forgetting, key=KEY):
    """Return the similarities, and the mean over runs of a measure at one value of an axis."""
    line = entry.select(**{key: value})
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
            f"{name.capitalize()} student: the replay for a tenfold cut of forgetting increases from V = 0.1 to 0.9, "
            "smallest step.",
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
        "Replay r = 0.1: log10 of the error of task 2 at V = 0, 0.2, 0.5, 0.8 and 1 against -5.2, -3.1, -2.65, -2.9 and "
        "-5.1, largest difference.",
        value=gap.max(),
        low=0.0,
        high=0.15,
    )


def grid_claims(entry, theory):
    """State which periods of the authors' grid have an effect."""
    similarity, without = means(theory, 0.0)
    grid, long = means(entry, 10000, key=PERIOD)
    inside = grid > 0.09
    rates = {period: means(entry, period, key=PERIOD)[1] for period in (1000, 10000)}
    before = lee.at(similarity, without, *grid[inside])
    changes = {period: values[inside] / before - 1.0 for period, values in rates.items()}
    yield claim(
        "One step of task 1 after P = 1000 of task 2, N = 10^4: relative change of forgetting from V = 0.1 on, mean over V.",
        value=changes[1000].mean(),
        low=-0.08,
        high=-0.01,
    )
    yield claim(
        "One step of task 1 after P = 10000 of task 2, N = 10^4: largest relative change of forgetting from V = 0.1 on.",
        value=np.abs(changes[10000]).max(),
        low=0.0,
        high=0.01,
    )


def network_claim(theory, simulation):
    """State the agreement of networks with the equations."""
    where = [one for one in simulation.axis("similarity") if one > 0.1]
    points, line = (lee.at(*means(entry, 0.1), *where) for entry in (simulation, theory))
    return claim(
        f"Replay r = 0.1: forgetting of networks of {inputs(simulation)} inputs against the equations from V = 0.2 on, largest "
        "difference of means.",
        value=np.abs(points - line).max(),
        low=0.0,
        high=0.003,
        source="the equations of motion; networks of another program differ by 0.002",
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
