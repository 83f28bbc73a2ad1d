"""Overlap and norm of a student that learns from rewards: simulated networks, the exact chain, and equations.

Believed to be like the first figure of Patel et al. The reader should see that two numbers, the overlap with
the teacher and the norm, describe the student: networks and the chain of their overlaps agree with the
equations, apart from fluctuations that are largest where the student starts to learn.
"""

import _figures
import numpy as np
from _patel2023 import at, claim_of, every, overlap, plot_spread, squared_norm
from matplotlib.lines import Line2D

from teacherstudent.store.curves import mean_over, sem_over

FIGURE, SHORT, LONG = "patel2023_dynamics", "patel2023_short", "patel2023_long"
CAPTION = """
A linear unit makes T decisions sign(w.x) in an episode, which is rewarded if all of them are those of a
teacher; otherwise there is a penalty. Time is episodes / N. (a, c) Overlap rho, the cosine between student
and teacher, and (b, d) squared norm Q of the student, for episodes of T = 8 decisions with a penalty of 0.05
of the reward (a, b), and of T = 12 decisions without penalty (c, d). Lines: equations of motion. Circles:
simulated networks of 900 inputs (20 runs and 4 runs; fewer in the small form), means, and standard deviations
of rho over runs, whose bars can reach beyond 1 although no run does. Squares: the exact chain of rho and Q at
900 inputs (100 and 20 runs; fewer in the small form). The learning rate is 1, and all start with rho = 0 and
Q = 1. A penalty shortens the student, which then turns faster; without it many episodes pass before one is
rewarded. The figure of Patel, Lee, Sarao Mannelli, Goldt and Saxe (2023) has 900 inputs and T = 12; its
panels are from memory, T = 8 is our own.
"""
LATEST = {8: 100.0, 12: 1600.0}  # time that is shown, by the number of decisions
NAMES = {"network": "networks", "chain": "exact chain"}
MARKERS = {"network": "o", "chain": "s"}
COLORS = {"network": _figures.series_color(0), "chain": _figures.series_color(1)}
# Overlap and squared norm of the other computation at T = 8.
KNOWN = {50.0: (0.9528471729, 21.01124424), 100.0: (0.9891, 838.0), 200.0: (0.9958, 8049.0)}
claim, own = claim_of(FIGURE), claim_of(FIGURE, "the equations of this project")


def figure(curves):
    """Draw overlap and squared norm over time, for short and long episodes."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.5)
    for row, name in zip(axes, (SHORT, LONG), strict=True):
        plot(row, curves[name])
    _figures.letter(axes)
    handles = [Line2D([], [], color="0.2")]
    handles += [
        Line2D([], [], color=COLORS[name], marker=MARKERS[name], linestyle="none", markerfacecolor="none")
        for name in NAMES
    ]
    fig.legend(handles, ["equations", *NAMES.values()], loc="outside upper center", ncols=3)
    return fig


def plot(row, engines):
    """Draw overlap and squared norm of one length of episodes."""
    ode = engines["ode"]
    T = ode.spec.training.episode.length
    for ax, quantity, label in zip(row, (overlap, squared_norm), (r"overlap $\rho$", "$Q$"), strict=True):
        _figures.plot_theory(ax, ode.time, quantity(ode)[0], "equations", color="0.2", zorder=4)
        for name, first in (("chain", 0.0), ("network", 0.5)):
            entry = engines[name]
            shown = every(entry, 40, first)
            values = quantity(entry)[:, shown]
            values = values if quantity is overlap else mean_over(values, 0)[None]
            style = {"marker": MARKERS[name], "markersize": 3.0}
            plot_spread(ax, entry.time[shown], values, NAMES[name], COLORS[name], **style)
        end = min(LATEST[T], engines["network"].time[-1])
        ax.set(xlabel="time $t$", ylabel=label, title=f"$T = {T}$", xlim=(0.0, end))
    row[0].set(ylim=(-0.08, 1.03))
    _figures.log_axes(row[1])


def claims(curves):
    """State the comparison, the agreement of the three descriptions, and what a penalty does to the norm."""
    short, long = curves[SHORT], curves[LONG]
    return [
        *known_values(short["ode"]),
        agreement(short["network"], short["chain"]),
        limit_claim(short),
        limit_claim(long),
        shrinking(short["ode"]),
    ]


def known_values(ode):
    """State the distance of the equations from another computation."""
    times = [time for time in KNOWN if time <= ode.time[-1]]
    for quantity, index, name in ((overlap, 0, "overlaps"), (squared_norm, 1, "squared norms")):
        found = np.array(at(ode, quantity(ode)[0], *times)) / [KNOWN[time][index] for time in times]
        yield claim(
            f"T = 8: largest relative distance of {name} at {len(times)} times from those of the other "
            "computation.",
            value=np.abs(found - 1.0).max(),
            low=0.0,
            high=1e-4,
        )


def agreement(network, chain):
    """State that networks and chain have the same mean, in units of its standard error."""
    times = network.time[network.time > 0.0]
    one, other = (overlap(entry)[:, np.isin(entry.time, times)] for entry in (network, chain))
    error = np.hypot(sem_over(one, 0), sem_over(other, 0))
    distances = np.abs(mean_over(one, 0) - mean_over(other, 0)) / error
    return own(
        "T = 8: largest distance of the mean overlaps of networks and of the exact chain over recorded "
        "times, in units of their standard error.",
        value=distances.max(),
        low=0.0,
        high=4.5,
    )


def limit_claim(engines):
    """State how many standard errors the equations are away from the mean of the chain."""
    ode, chain = engines["ode"], engines["chain"]
    T, values = ode.spec.training.episode.length, overlap(chain)
    line = np.interp(chain.time, ode.time, overlap(ode)[0])
    distances = np.abs(mean_over(values, 0) - line)[1:] / sem_over(values, 0)[1:]
    return own(
        f"T = {T}: distance of the equations from the mean overlap of the exact chain of "
        f"{chain.spec.inputs.dimension} inputs, in standard errors, mean over recorded times.",
        value=distances.mean(),
        low=0.0,
        high=4.0,
    )


def shrinking(ode):
    """State that the penalty shortens the student before it learns."""
    return claim(
        "T = 8: smallest squared norm of the student, which starts at 1.",
        value=squared_norm(ode)[0].min(),
        low=0.02,
        high=0.04,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
