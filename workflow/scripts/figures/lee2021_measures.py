"""How forgetting and transfer are measured, shown on one run with two equal tasks.

Believed to be the sketch of the measures in the appendix of Lee, Goldt & Saxe 2021. The reader should see
that the error of task 1 increases to a maximum after the switch and then decreases in part: the largest and
the final distance to the error at the switch are the maximal and the long-time forgetting. Transfer is
defined in the same way by the decrease of the error of task 2.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import PLOTTED, errors

from teacherstudent import measures
from teacherstudent.experiments.claims import Claim

FIGURE = "lee2021_measures"
SWITCH, END = 50.0, 100.0
SLOPE_ROWS = 100  # rows of 0.01 units of time for the initial rate
SLOPE_LENGTH = 2.0  # length of its segment in units of time
CAPTION = """
Measures of forgetting (a) and transfer (b), on one solution of the equations with two equal tasks (V =
1). The dashed vertical line is the switch. The distance in log10 from the error at the switch (grey line)
to the extreme after it (dashed) is the maximal forgetting or transfer, the distance to the end (dotted)
the long-time forgetting or transfer; in (b) the smallest error is that at the end, so that both lines
coincide. The thick segments are two units of time long; their slope is the initial rate, measured over the
first unit of time.
Believed to be the sketch of the measures in the appendix of Lee, Goldt and Saxe (ICML 2021), where both
errors are in one panel. V, the switch at t = 50 and the end at t = 100 were read in the authors'
notebook. Their learning rate and initial networks are not known. Here the rate is 1, and the initial
networks were selected from 100 draws as one of those with the error closest to the published one at the
switch, so that other levels differ from the published ones.
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
    """State the maximum and the following decrease of the plotted run, and the signs in all runs."""
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
