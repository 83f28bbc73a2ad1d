"""Forgetting and transfer against the similarity of the tasks: the main result.

Believed to be figure 3 of Lee, Goldt & Saxe 2021. The reader should see that tasks of intermediate similarity
interfere most: forgetting is an inverted U whose peak moves to lower similarity with time; orthogonal tasks leave
the first error flat for a while and then spoil it little, equal tasks give it a brief bump; transfer in the long run
has a dip where forgetting peaks, and is largest for nearly orthogonal tasks, after a second plateau.
"""

import _figures
import numpy as np
from _lee2021 import (
    DRAWN,
    SWEEP,
    error_axes,
    errors,
    inverted_u,
    levels,
    median,
    peak,
    plot_errors,
    sized,
)

from teacherstudent import measures
from teacherstudent.claims import Claim

FIGURE, SEEDS = "lee2021_feature_similarity", "lee2021_feature_similarity_seeds"
SWITCH = 100.0
AFTER = (1, 5, 10, 20, 50, 200)
TIME_MAP = "cividis"
CAPTION = """
Continual learning of two tasks of feature similarity V. (a, b) Errors of task 1 and 2 over time for V from 0 to 1
(every tenth value of the grid; dark: 0, light: 1), switch at t = 100. (c) Forgetting of task 1, the growth of log10
of its error since the switch, and (d) transfer to task 2, the fall of log10 of its error, at times 1 to 200 after
the switch. Lines: equations for infinitely many inputs, from the initial networks of the simulations, at 401 values
of V: the 402 of the authors' two joined grids, which share V = 0.5. Points: simulations with 10000 inputs, one run
each (fewer in the small form). Learning rate 1, readouts of task 2 start anew. Believed to be figure 3 of Lee, Goldt
and Saxe (ICML 2021); grids and parameters were read in the authors' notebooks, the times of (c) and (d) are a guess.
The solution of task 1 depends on the initial networks; those drawn, of 200 draws, resemble the recomputed sweep most.
"""
# Place of the peak of forgetting by time after the switch: lowest and highest of four initial conditions, on a grid of 0.05.
PEAKS = {1: (0.75, 0.80), 5: (0.60, 0.60), 10: (0.45, 0.45), 20: (0.25, 0.40), 50: (0.25, 0.40), 200: (0.25, 0.35)}
GRID_STEP = 0.05
# Final log10 of the error of task 1 by similarity, over the initial conditions recomputed, and what 0.02 in V changes:
# teachers drawn at random have their similarity to that precision.
LEVELS = {0.0: (-2.30, -1.03, 0.0), 0.25: (-0.756, -0.608, 0.04), 0.5: (-0.733, -0.70, 0.01), 1.0: (-2.90, -2.74, 0.0)}
# Forgetting 200 after the switch for the initial condition that the drawn one resembles.
FORGETTING = {0.0: 2.19, 0.5: 3.43, 1.0: 1.35}
ALIKE = 0.1  # spread of log10 of an error among initial conditions that find the same solution of task 1


def figure(curves):
    """Draw errors over time, and forgetting and transfer against similarity."""
    theory, simulation = curves[FIGURE]["ode"], sized(curves[FIGURE]["network"])[1]
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    for task, (low, high) in enumerate(((-4.5, -0.5), (-8, 0))):
        ax = axes[0, task]
        plot_errors(ax, theory, task, every=max(1, len(theory.axis("similarity")) // 40))
        _figures.mark_switch(ax, SWITCH)
        error_axes(ax, task, low, high, xlabel="time $t$", xlim=(0, 300))
    for ax, task, name in zip(axes[1], (0, 1), ("forgetting", "transfer"), strict=True):
        plot_sections(ax, theory, simulation, task)
        ax.set(xlabel="similarity $V$", ylabel=f"{name} (decades)", xlim=(-0.02, 1.02))
    axes[1, 1].legend(title="time after\nswitch", loc="center left", bbox_to_anchor=(1.0, 0.5))
    _figures.letter(axes)
    return fig


def plot_sections(ax, theory, simulation, task):
    """Draw forgetting (task 0) or transfer (task 1) against similarity, at some times after the switch."""
    colors = _figures.colors_along(range(len(AFTER)), TIME_MAP)
    for after, color in zip(AFTER, colors, strict=True):
        for curves, plot, label in ((theory, _figures.plot_theory, str(after)), (simulation, _figures.plot_simulation, None)):
            change = gain(curves, task, after)[..., DRAWN]
            plot(ax, curves.axis("similarity"), change, f"t - s = {after}", color=color, label=label)


def gain(curves, task, after):
    """Return forgetting (task 0) or transfer (task 1) at a time after the switch, (similarity, run)."""
    change = levels(curves, task, SWITCH + after) - levels(curves, task, SWITCH)
    return change if task == 0 else -change


def claims(curves):
    """State the numbers that were recomputed, the shape of the curves, and the agreement with simulations."""
    theory, runs = curves[FIGURE]["ode"], curves[SEEDS]["ode"]
    size, simulation = sized(curves[FIGURE]["network"])
    return [
        *peak_claims(runs),
        *level_claims(runs),
        *drawn_claims(theory),
        *shape_claims(theory, runs),
        *agreement(theory, simulation, size),
    ]
