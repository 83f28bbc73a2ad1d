"""Forgetting against the similarity of two tasks for rectified linear units.

Read in a notebook of Lee, Goldt & Saxe 2021; it is not known whether it is published. The reader should see
that there is no inverted U for rectified linear units: the error of the first task after the second one
decreases with their similarity.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import levels

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2021_relu"
CAPTION = """
log10 of the error of task 1 after task 2 against the similarity V of the tasks, for teachers with one and
students with two rectified linear units. Circles and band: mean, and 16th to 84th percentile of runs,
from engine chain, exact for 1000 inputs (500 in the small form). Line: equations of motion from the same
initial networks, mean over runs. Squares: simulated networks of this size, means with standard errors.
The curve was read in a notebook of the authors (Lee, Goldt and Saxe, ICML 2021), with 50 similarities and
50000 steps for each task. The learning rate, the number of inputs and the times are guessed, and it is
not known whether the curve is published.
"""
claim = partial(Claim, FIGURE, source="curve in the authors' notebook")


def figure(curves):
    """Draw the error of task 1 at the end."""
    ode, chain, network = (curves[FIGURE][engine] for engine in ("ode", "chain", "network"))
    fig, axes = _figures.panels()
    ax, color = axes[0, 0], _figures.task_color(0)
    style = {"color": color, "errorbar": ("pi", 68), "band": True}
    _figures.plot_runs(ax, chain.axis("similarity"), at_end(chain), "chain", **style)
    _figures.plot_runs(ax, network.axis("similarity"), at_end(network), "network", color="black", marker="s")
    line = np.nanmean(at_end(ode), axis=1)
    _figures.plot_theory(ax, ode.axis("similarity"), line, "equations of motion", color="black", label="ode")
    ax.set(xlabel="similarity $V$", ylabel=r"$\log_{10} \epsilon_1$ after task 2")
    ax.legend()
    return fig


def at_end(curves):
    """Return log10 of the error of task 1 at the end, (similarity, run)."""
    return levels(curves, 0, curves.spec.duration)


def claims(curves):
    """State that the error decreases with similarity, its values at both ends, and those of the equations."""
    mean = np.nanmean(at_end(curves[FIGURE]["chain"]), axis=1)
    line = np.nanmean(at_end(curves[FIGURE]["ode"]), axis=1)
    return [
        claim(
            "The error of task 1 after task 2 decreases with similarity: largest step of log10, mean over "
            "runs.",
            value=np.diff(mean).max(),
            high=0.0,
        ),
        claim(
            "log10 of the error of task 1 after task 2 at V = 0, mean over runs.",
            value=mean[0],
            low=-0.4,
            high=-0.25,
        ),
        claim(
            "log10 of the error of task 1 after task 2 at V = 1, mean over runs.",
            value=mean[-1],
            low=-2.3,
            high=-1.5,
        ),
        claim(
            "log10 of the error of task 1 after task 2: largest difference of means over runs of engine "
            "chain and the equations of motion.",
            value=np.abs(mean - line).max(),
            low=0.0,
            high=0.1,
            source="the equations of this project",
            certainty="recomputed",
        ),
    ]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
