"""How forgetting and transfer are measured, shown on one run with two equal tasks.

Believed to be the sketch of the measures in the appendix of Lee, Goldt & Saxe 2021. The reader should see
the error of task 1 overshoot after the switch and recover in part: the largest and the final distance to
the error at the switch are the maximal and the long-time forgetting. Transfer is the same for the fall of
the error of task 2.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import PLOTTED, errors

from teacherstudent import measures
from teacherstudent.experiments.claims import Claim

FIGURE = "lee2021_measures"
SWITCH, END = 50.0, 100.0
SLOPE_ROWS = 100  # of 0.01 units of time, over which the initial rate is taken
SLOPE_LENGTH = 2.0  # units of time along which it is drawn
CAPTION = """
Measures of forgetting (a) and transfer (b), on one solution of the equations with two equal tasks (V = 1).
After the switch (dashed vertical line), the distance in log10 from the error at the switch (grey line) to
its extreme (dashed) is the maximal forgetting or transfer, that to the end (dotted) the long-time one;
thick segments have the slope of the first unit of time, the initial rate. Believed to be the sketch of the
measures in the appendix of Lee, Goldt and Saxe (ICML 2021), where both errors share one panel. V, the
switch at t = 50 and the end at t = 100 were read in the authors' notebook. Their learning rate and initial
networks are not known; here the rate is 1, and the networks are those, of 100 draws, with one of the errors
closest to theirs at the switch, so that other levels differ from theirs.
"""
NOTEBOOK = "authors' notebook: log10 is about -4.75 at the switch, -3.52 at most, -4.2 at the end"
claim = partial(Claim, FIGURE, source=NOTEBOOK)


def figure(curves):
    """Draw the errors of both tasks with their measures."""
    theory = curves[FIGURE]["ode"]
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.65)
    for task, (ax, name) in enumerate(zip(axes.flat, ("forgetting", "transfer"), strict=True)):
        line, color, shown = errors(theory, task)[PLOTTED], _figures.task_color(task), slice(None, None, 20)
        mark_levels(ax, theory.time, line, name, np.max if task == 0 else np.min)
        _figures.plot_theory(ax, theory.time[shown], line[shown], f"task {task + 1}", color=color)
        mark_slope(ax, theory.time, line, name)
        _figures.mark_switch(ax, SWITCH)
        _figures.log_axes(ax)
        ax.set(xlim=(0, END), ylim=(10**-5.5, 10**-0.5), xlabel="time $t$")
        ax.set_ylabel(rf"error of task {task + 1}, $\epsilon_{task + 1}$")
    _figures.letter(axes)
    return fig


def mark_slope(ax, time, line, name):
    """Draw the initial slope as a thick segment from the switch on."""
    rate = measures.initial_forgetting_rate(time, line, SWITCH, SLOPE_ROWS)
    x = np.array([0.0, SLOPE_LENGTH])
    y = line[np.searchsorted(time, SWITCH)] * 10 ** (rate * x)
    _figures.plot_theory(ax, SWITCH + x, y, f"initial rate of {name}", color="0.2", linewidth=2.5)
    ax.text(SWITCH - 1.5, y[1], f"initial rate\nof {name}", ha="right", va="center")


def mark_levels(ax, time, line, name, extreme):
    """Draw the levels at the switch, at the extreme and at the end, and arrows between them."""
    after = line[time >= SWITCH]
    start, level, end = after[0], extreme(after), after[-1]
    for height, style in ((start, "-"), (level, "--"), (end, ":")):
        ax.hlines(height, SWITCH, END, color="0.5", linestyle=style, linewidth=0.8, zorder=0)
    arrow = {"arrowstyle": "<->", "color": "0.2", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    for x, height, kind in ((77.0, level, "maximal"), (97.0, end, "long-time")):
        ax.annotate("", (x, height), (x, start), arrowprops=arrow)
        ax.text(x - 0.5, np.sqrt(height * start), f"{kind}\n{name}", ha="right", va="center")


def claims(curves):
    """State the overshoot and the recovery of the plotted run, and what all runs have in common."""
    theory = curves[FIGURE]["ode"]
    first, second, time = errors(theory, 0), errors(theory, 1), theory.time
    start = measures.log10_error_at(time, first[PLOTTED], SWITCH)
    late = measures.forgetting(time, first, SWITCH)
    recovery = measures.maximal_forgetting(time, first, SWITCH) - late
    rates = measures.initial_forgetting_rate(time, first, SWITCH, SLOPE_ROWS)
    gains = measures.initial_transfer_rate(time, second, SWITCH, SLOPE_ROWS)
    return [
        claim("log10 of the error of task 1 at the switch.", value=start, low=-4.85, high=-4.65),
        claim(
            "The error of task 1 decreases after its maximum: decrease until the end, in decades.",
            value=recovery[PLOTTED],
            low=0.1,
        ),
        claim(
            "Forgetting remains: smallest long-time forgetting of all runs, in decades.",
            value=late.min(),
            low=0.0,
        ),
        claim(
            "Forgetting starts immediately after the switch: smallest initial rate of all runs.",
            value=rates.min(),
            low=0.0,
        ),
        claim(
            "Transfer starts immediately after the switch: smallest initial rate of all runs.",
            value=gains.min(),
            low=0.0,
        ),
    ]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
