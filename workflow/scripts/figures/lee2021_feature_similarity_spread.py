"""Forgetting and transfer against the similarity of the tasks, as a mean and a spread over many seeds.

An addition to figure 3 of Lee, Goldt & Saxe 2021, which shows one initial condition. The reader should see
the results that do not depend on the seed, and the spread of single students: forgetting is an inverted U
whose peak moves to lower similarity, and long-time transfer has a minimum where forgetting has its maximum.
"""

import _figures
import numpy as np
from _lee2021 import inputs
from _lee2021_similarity import LOW, gain

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2021_feature_similarity_spread"
AFTER = (5, 200)
TIME_MAP = "cividis"
SPREAD = ("pi", 68)  # 16th to 84th percentile: one standard deviation on each side for a normal distribution
NAMES = ("forgetting", "transfer")
SURPRISE = 4.0  # largest allowed difference in standard errors
CAPTION = """
Continual learning of two tasks of feature similarity V by many students, each with its own initial
networks and teachers. (a) Forgetting of task 1, the increase of log10 of its error since the switch, and
(b) transfer to task 2, the decrease of log10 of its error, at two times after the switch. Points and
bands: mean, and 16th to 84th percentile, of exact samples of the order parameters of networks with a
finite number of inputs (10000; fewer in the small form) from engine chain. Lines: mean of the equations
for infinitely many inputs over the same number of initial networks with the same distribution. Both
differ at V = 0, where students of finite size leave a plateau at random times.
Parameters as in figure 3 of Lee, Goldt and Saxe (ICML 2021), which shows one initial condition; this
figure is not in the paper.
"""


def figure(curves):
    """Draw mean and spread of forgetting and transfer against similarity."""
    chain, ode = curves[FIGURE]["chain"], curves[FIGURE]["ode"]
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.72)
    for task, (ax, name) in enumerate(zip(axes[0], NAMES, strict=True)):
        colors = _figures.colors_along(range(len(AFTER)), TIME_MAP)
        for after, color in zip(AFTER, colors, strict=True):
            plot_spread(ax, chain, ode, task, after, color)
        ax.set(xlabel="similarity $V$", ylabel=f"{name} (decades)", xlim=(-0.02, 1.02))
    axes[0, 0].legend(title="time after the switch", loc="lower center")
    _figures.letter(axes)
    return fig


def plot_spread(ax, chain, ode, task, after, color):
    """Draw one time: mean and band of the samples, and the mean of the equations."""
    style, runs = {"series": f"t - s = {after}", "color": color}, gain(chain, task, after)
    band = {"errorbar": SPREAD, "band": True, "label": None}
    _figures.plot_runs(ax, chain.axis("similarity"), runs, **band, **style)
    mean = np.nanmean(gain(ode, task, after), axis=1)
    _figures.plot_theory(ax, ode.axis("similarity"), mean, label=f"{after}", **style)


def claims(curves):
    """State the shape of the means over seeds, and the agreement of samples and equations."""
    chain, ode = curves[FIGURE]["chain"], curves[FIGURE]["ode"]
    return [*shape(chain), *agreement(chain, ode)]


def shape(chain):
    """State the inverted U of forgetting and the dip of transfer of the mean."""
    similarity = chain.axis("similarity")
    source = "tasks of intermediate similarity interfere most"
    forgetting, transfer = (np.nanmean(gain(chain, task, 200), axis=1) for task in (0, 1))
    statement = "Similarity with the largest mean forgetting 200 after the switch."
    yield Claim(FIGURE, statement, similarity[np.argmax(forgetting)], 0.15, 0.55, source, "read")
    statement = (
        "Largest mean forgetting 200 after the switch minus the larger of its values at V = 0 and V = 1."
    )
    height = forgetting.max() - max(forgetting[0], forgetting[-1])
    yield Claim(FIGURE, statement, height, 0.4, np.inf, source, "read")
    statement = (
        "Mean transfer 200 after the switch at V = 1 minus its smallest value between V = 0.1 and 0.6."
    )
    inside = (similarity > 0.05) & (similarity < 0.65)
    yield Claim(FIGURE, statement, transfer[-1] - transfer[inside].min(), 0.4, np.inf, source, "read")


def agreement(chain, ode):
    """Compare the means of samples and equations, except for orthogonal tasks with their random plateau."""
    source = "the chain has the distribution of simulations, which follow the equations"
    for task, name in enumerate(NAMES):
        statement = (
            f"Mean {name} of chain at N = {inputs(chain)} and of the equations: largest difference from "
            f"V = {LOW} on, at {' and '.join(map(str, AFTER))} after the switch, in standard errors."
        )
        value = largest_surprise(chain, ode, task)
        yield Claim(FIGURE, statement, value, 0.0, SURPRISE, source, "recomputed")


def largest_surprise(one, other, task):
    """Return the largest difference of the means of two independent sets of runs, in standard errors."""
    inside = one.axis("similarity") >= LOW
    return max(
        np.max(surprise(gain(one, task, after)[inside], gain(other, task, after)[inside])) for after in AFTER
    )


def surprise(one, other):
    """Return the differences of two means over runs, (similarity, run), in standard errors."""
    difference = np.nanmean(one, axis=1) - np.nanmean(other, axis=1)
    variance = sum(np.nanvar(part, axis=1, ddof=1) / np.isfinite(part).sum(axis=1) for part in (one, other))
    return np.abs(difference) / np.sqrt(variance)


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
