"""Errors over time of one pair of wide teachers with the same features and similar readouts.

Believed to be a panel next to the maps of Lee, Goldt & Saxe 2021. The reader should see that the error of
task 1 increases quickly after the switch, decreases while the shared features are used, and then increases
slowly.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import PLOTTED, errors
from _lee2021_maps import FEATURES, READOUTS, SPREAD, as_published, switch

from teacherstudent.experiments.claims import Claim

FIGURE, MAPS = "lee2021_heatmap_trace", "lee2021_similarity_maps"
SIMILARITY = 0.8  # of readouts
MARKERS = 30  # number of markers on a line
CAPTION = """
Errors of both tasks over time for teachers with equal features and readouts of similarity 0.8: one
simulation of a wide network from the maps of forgetting and transfer.
Believed to be a panel next to the maps of Lee, Goldt and Saxe (ICML 2021); the similarities and the
levels were read in the authors' notebook.
"""
TRACE = "trace in the authors' notebook of one seed; forgetting of their seeds differs by 0.4 from its mean"
claim = partial(Claim, FIGURE, source=TRACE)


def trace(curves):
    """Return the curves of the pair of teachers, and log10 of both errors, (task, time)."""
    one = curves[MAPS]["network"].select(**{FEATURES: 1.0, READOUTS: nearest(curves)})
    return one, np.log10(np.stack([errors(one, task)[PLOTTED] for task in (0, 1)]))


def nearest(curves):
    """Return the readout similarity of the grid that is nearest to the one of the trace."""
    grid = curves[MAPS]["network"].axis(READOUTS)
    inside = grid[grid < 1.0]
    return inside[np.abs(inside - SIMILARITY).argmin()]


def figure(curves):
    """Draw both errors."""
    one, logs = trace(curves)
    fig, axes = _figures.panels()
    ax = axes[0, 0]
    for task, line in enumerate(logs):
        style = {"color": _figures.task_color(task), "linestyle": "-", "linewidth": 0.7}
        style["markevery"] = max(1, len(one.time) // MARKERS)
        _figures.plot_simulation(ax, one.time, 10**line, f"task {task + 1}", **style)
    _figures.mark_switch(ax, switch(one)[PLOTTED])
    _figures.log_axes(ax)
    ax.set(xlabel="time $t$", ylabel=r"error $\epsilon$", ylim=(10**-4.0, 10**-0.3))
    ax.locator_params(axis="x", nbins=5)
    ax.legend()
    return fig


def claims(curves):
    """State the levels of the trace."""
    one, logs = trace(curves)
    moment = switch(one)[PLOTTED]
    start = logs[0][np.searchsorted(one.time, moment)]
    later = logs[0][one.time > moment]
    top = later.argmax()
    low = top + later[top:].argmin()
    levels = [
        ("log10 of the error of task 1 at the switch.", start, -3.05, SPREAD),
        ("log10 of the error of task 1 at its maximum after the switch.", later[top], -0.95, SPREAD),
        ("log10 of the error of task 1 at its minimum after this maximum.", later[low], -1.4, SPREAD),
        ("log10 of the error of task 2 at the end.", logs[1][-1], -3.3, SPREAD),
    ]
    return [
        *(
            claim(text, value=value, low=level - slack, high=level + slack)
            for text, value, level, slack in levels
            if as_published(one)
        ),
        claim(
            "The error of task 1 decreases after its maximum: decrease until the following minimum, in "
            "decades.",
            value=later[top] - later[low],
            low=0.1,
        ),
    ]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
