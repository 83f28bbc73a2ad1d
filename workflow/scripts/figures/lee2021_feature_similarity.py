"""Forgetting and transfer against the similarity of the tasks: the main result.

Believed to be figure 3 of Lee, Goldt & Saxe 2021. The reader should see that tasks of intermediate
similarity interfere most: forgetting is an inverted U whose peak moves to lower similarity with time. For
orthogonal tasks the error of the first task is constant for a while and then increases little; for equal
tasks it has a short maximum after the switch. Long-time transfer has a minimum where forgetting has its
maximum, and is largest for nearly orthogonal tasks, after a second plateau.
"""

import _figures
import _lee2021_similarity as similarity
from _lee2021 import PLOTTED, error_axes, plot_errors
from matplotlib.lines import Line2D

FIGURE, SEEDS = "lee2021_feature_similarity", "lee2021_feature_similarity_seeds"
SWITCH, END = 100.0, 300.0
AFTER = (1, 5, 10, 20, 50, 200)
TIME_MAP = "cividis"
CURVES = 40  # lines in a panel of errors
CAPTION = """
Continual learning of two tasks of feature similarity V, switch at t = 100. (a, b) Errors of task 1 and 2
over time for V from 0 (dark) to 1 (light), some values of the grid. (c) Forgetting of task 1, the
increase of log10 of its error since the switch, and (d) transfer to task 2, the decrease of log10 of its
error, at times 1 to 200 after the switch. Lines: equations for infinitely many inputs, from the initial
networks of the simulations. Circles: simulations, one run each. The learning rate is 1, and task 2 has
its own readouts with new initial values.
Believed to be figure 3 of Lee, Goldt and Saxe (ICML 2021). Grids and parameters were read in the authors'
notebooks, where two joined grids share V = 0.5 and give 402 values; the times of (c) and (d) are a guess.
The solution of task 1 depends on the initial networks; those used here were selected from 200 draws as
the most similar to the recomputed sweep.
"""


def figure(curves):
    """Draw errors over time, and forgetting and transfer against similarity."""
    theory, simulation = curves[FIGURE]["ode"], curves[FIGURE]["network"]
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    for task, (low, high) in enumerate(((-4.5, -0.5), (-8, 0))):
        ax = axes[0, task]
        plot_errors(ax, theory, task, every=max(1, len(theory.axis("similarity")) // CURVES))
        _figures.mark_switch(ax, SWITCH)
        error_axes(ax, task, low, high, xlabel="time $t$", xlim=(0, END))
    for ax, task, name in zip(axes[1], (0, 1), ("forgetting", "transfer"), strict=True):
        plot_sections(ax, theory, simulation, task)
        ax.set(xlabel="similarity $V$", ylabel=f"{name} (decades)", xlim=(-0.02, 1.02))
    circle = {"linestyle": "none", "marker": "o", "markersize": 3.5, "markerfacecolor": "none"}
    styles = {"equations": {}, "simulation": circle}
    handles = [Line2D([], [], color="0.3", label=name, **style) for name, style in styles.items()]
    axes[1, 0].legend(handles=handles, loc="center", bbox_to_anchor=(0.58, 0.42))
    axes[1, 1].legend(title="time after the switch", loc="upper right", ncols=3)
    _figures.letter(axes)
    return fig


def plot_sections(ax, theory, simulation, task):
    """Draw forgetting (task 0) or transfer (task 1) against similarity, at some times after the switch."""
    colors = _figures.colors_along(range(len(AFTER)), TIME_MAP)
    for after, color in zip(AFTER, colors, strict=True):
        style = {"series": f"t - s = {after}", "color": color}
        line, points = (similarity.gain(curves, task, after)[:, PLOTTED] for curves in (theory, simulation))
        _figures.plot_theory(ax, theory.axis("similarity"), line, label=f"{after}", **style)
        _figures.plot_simulation(ax, simulation.axis("similarity"), points, label=None, **style)


def claims(curves):
    """State the recomputed numbers, the shape of the curves, and the agreement of simulations."""
    return similarity.claims(curves[FIGURE]["ode"], curves[SEEDS]["ode"], curves[FIGURE]["network"])


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
