"""Forgetting and transfer against the similarity of two tasks, at increasing times after the switch.

The reader should see that forgetting starts for similar tasks and its peak then moves to tasks of
intermediate similarity, while transfer to the second task increases for all similarities, and least for
these tasks.
"""

import _animations
import _figures
import numpy as np
from _lee2021 import PLOTTED, errors

from teacherstudent.measures import forgetting, transfer

EXPERIMENT = "lee2021_feature_similarity"
PANELS = (("forgetting of task 1 (decades)", forgetting), ("transfer to task 2 (decades)", transfer))
FIRST = 0.5  # the time after the switch of the second frame; the first is the switch


def animate(curves):
    """Draw the axes; each frame shows all similarities at one time after the switch."""
    theory, simulation = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    switch = theory.spec.curriculum.switch_times[0]
    after = np.r_[0.0, np.geomspace(FIRST, theory.time[-1] - switch, _animations.FRAMES - 1)]
    fig, axes = _animations.panels()
    moving = []
    for task, (ax, (label, measure)) in enumerate(zip(axes, PANELS, strict=True)):
        color = _figures.task_color(task)
        values = [measured(measure, curves, task, switch, after) for curves in (theory, simulation)]
        style = {"linestyle": "none", "marker": "o", "markersize": 5, "markerfacecolor": "none"}
        (line,) = ax.plot(theory.axis("similarity"), values[0][0], color=color)
        (points,) = ax.plot(simulation.axis("similarity"), values[1][0], color=color, **style)
        moving += [(line, values[0]), (points, values[1])]
        low, high = min(map(np.min, values)), max(map(np.max, values))
        ax.set(xlabel="similarity $V$ of the tasks", ylabel=label, xlim=(-0.02, 1.02))
        ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    clock = fig.suptitle("")

    def draw(frame):
        clock.set_text(f"{after[frame]:.1f} after the switch: equations (lines), networks (points)")
        for artist, values in moving:
            artist.set_ydata(values[frame])

    return _animations.Movie(fig, len(after), draw)


def measured(measure, curves, task, switch, after):
    """Return a measure of the plotted run at all times after the switch, (time, similarity)."""
    lines = errors(curves, task)[:, PLOTTED]
    return np.array([measure(curves.time, lines, switch, when) for when in after])


if __name__ == "__main__":
    _animations.make(snakemake, animate)
