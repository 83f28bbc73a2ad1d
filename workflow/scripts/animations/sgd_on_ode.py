"""SGD follows the equations: errors and overlaps of the student, through a switch.

The reader should see that the points of one simulated network, which appear as time increases, lie on the
lines of the equations, which are shown from the start and do not depend on the samples of the network.
"""

import _animations
import _figures
import numpy as np
from _lee2021 import PLOTTED

EXPERIMENT = "lee2021_ode_verification"
PAIRS = {(0, 0): ("#3B528B", "$Q_{11}$"), (0, 1): ("#666666", "$Q_{12}$"), (1, 1): ("#7B5EA7", "$Q_{22}$")}


def animate(curves):
    """Draw the lines; each frame shows the points of the simulation up to its time."""
    theory, simulation = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    fig, axes = _animations.panels()
    lines, points = panels(theory), panels(simulation)
    dots = []
    for ax, panel, (label, entries) in zip(axes, points, lines, strict=True):
        for (name, color, line), (*_, values) in zip(entries, panel[1], strict=True):
            ax.plot(theory.time, line, color=color, linewidth=1.0, label=name)
            style = {"linestyle": "none", "marker": "o", "markersize": 4, "markerfacecolor": "none"}
            dots.append((*ax.plot([], [], color=color, **style), values))
        ax.set(xlabel="time $t$ (steps / inputs)", ylabel=label, xlim=(0, theory.time[-1]))
        _figures.mark_switch(ax, *simulation.switch_times[PLOTTED])
        ax.legend(loc="best")
    _figures.log_axes(axes[0])
    clock = fig.suptitle("")

    def draw(frame):
        last = rows[frame]
        clock.set_text(
            f"one network with SGD (points), the equations (lines), $t$ = {simulation.time[last]:.0f}"
        )
        for line, values in dots:
            line.set_data(simulation.time[: last + 1], values[: last + 1])

    rows = np.arange(len(simulation.time))
    return _animations.Movie(fig, len(rows), draw)


def panels(curves):
    """List panels as (label, lines), a line as (name, colour, values)."""
    errors, Q = (curves.values(name)[PLOTTED] for name in ("generalisation_error", "student_overlaps"))
    tasks = [(f"task {p + 1}", _figures.task_color(p), errors[:, p]) for p in (0, 1)]
    overlaps = [(name, color, Q[:, i, k]) for (i, k), (color, name) in PAIRS.items()]
    return [("generalisation error", tasks), ("overlaps of the student's units", overlaps)]


if __name__ == "__main__":
    _animations.make(snakemake, animate)
