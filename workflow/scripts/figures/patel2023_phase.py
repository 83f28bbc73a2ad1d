"""Maps over reward and penalty of the end of learning, for several angles between student and teacher.

Believed to be the phase diagrams of Patel et al. The reader should see that fixed points exist above a
straight line through the origin, but that the boundary of the students that learn is curved and depends on
the start: only starts on the wrong side stop at the line itself.
"""

from functools import cache

import _figures
import numpy as np
from _patel2023 import claim_of, overlap

from teacherstudent.analysis import critical_penalty, critical_reward_rate
from teacherstudent.analysis.reward_flow import with_reward

FIGURE = "patel2023_phase"
ALL, AT_LEAST = "patel2023_map_all", "patel2023_map_at_least"
CAPTION = """
Overlap rho (cosine between student and teacher) at the end of training against reward and penalty, both times
the learning rate, for starts at different angles with Q = 1, by the equations of motion. (a-d) All T = 13
decisions must be right; the end is t = 8000. (e-h) At least 9 of T = 12 decisions must be right. Dotted:
smallest penalty at which there are fixed points, a constant times the reward. Solid: largest penalty with
which the student learns, from the separatrix; where there is no solid line, it is the dotted one. Circles:
exact chain with 900 inputs, one run each, filled where rho > 0.5 after t = 4000 (b) and 300 (g). The dotted
line is straight; the solid one is not, because the scale of rewards matters through the learning rate over
sqrt(Q) at the start: a student that moves slowly has time to turn before the penalty has shortened it. In (c,
d) with a small reward some students that will learn have not done so at the end. The chain can also learn
above the line, where it leaves the fixed point by its fluctuations. Patel, Lee, Sarao Mannelli, Goldt and
Saxe (2023) have maps of 160 x 160 points for these two rewards, T = 13 and T = 12 with n = 9, and for the
latter the angles of (e-h); the panels are from memory.
"""
START = "initial_overlaps.student_teacher.0.0.0"
ANGLE = -0.0192025  # cosine of the start at 1.59 rad
# Ratio of largest penalty and reward at 1.59 rad by reward, and critical ratio, by another program.
RATIOS = {
    ALL: {0.05: 0.00562, 0.1: 0.00517, 0.3: 0.00449, 1.0: 0.00380, 1.99: 0.00345},
    AT_LEAST: {0.05: 1.861, 0.1: 1.583, 0.3: 1.25, 1.0: 1.015, 1.99: 0.953},
}
CRITICAL = {ALL: 0.0027676082, AT_LEAST: 0.95070735}
NAMES = {ALL: "All of 13 right", AT_LEAST: "At least 9 of 12 right"}
STEPS = np.concatenate(
    [np.geomspace(1e-3, 1.5, 16), np.geomspace(2.0, 40.0, 8)]
)  # of the ratio above the critical one
claim = claim_of(FIGURE)


def figure(curves):
    """Draw the maps of both rewards with their boundaries."""
    columns = max(len(curves[name]["ode"].axes[START]) for name in NAMES)
    fig, axes = _figures.panels(2, columns, _figures.PAGE, 0.26 * columns)
    for row, name in zip(axes, NAMES, strict=True):
        plot_row(row, curves[name])
        row[0].set_ylabel(f"{NAMES[name].lower()}\npenalty")
    _figures.letter(axes)
    for ax in axes[-1]:
        ax.set_xlabel("reward")
    return fig


def plot_row(row, engines):
    """Draw the maps of one reward, for all angles."""
    ode, chain = engines["ode"], engines["chain"]
    starts = ode.axes[START]
    ratios, rates = boundaries(ode)
    for index, (ax, start) in enumerate(zip(row, starts, strict=True)):
        entry = ode.select(**{START: start})
        rewards, penalties, values = entry.axis("value"), entry.axis("penalty"), overlap(entry)[..., 0, -1]
        style = {"vmin": -1.0, "vmax": 1.0, "cbar": index == len(starts) - 1}
        label = r"overlap $\rho$"
        _figures.plot_heatmap(
            ax, rewards, penalties, in_rows(entry, values), label, "theory", "cividis", **style
        )
        tick(ax, rewards, penalties)
        ax.set_title(f"{np.arccos(start):.2f} rad", fontsize="small")
        plot_lines(ax, rewards, penalties, critical_of(ode), ratios, rates[:, index])
        if np.isclose(chain.axes[START], start).any():
            plot_chain(ax, rewards, penalties, chain.select(**{START: start}))


def in_rows(entry, values):
    """Return values with a row for each penalty."""
    order = [key.rsplit(".", 1)[1] for key in entry.axes]
    return values if order == ["penalty", "value"] else values.T


def tick(ax, rewards, penalties):
    """Write some numbers at the cells of a map."""
    for axis, values in ((ax.xaxis, rewards), (ax.yaxis, penalties)):
        cells = np.linspace(0, len(values) - 1, 3).round().astype(int)
        axis.set_ticks(cells + 0.5, [f"{values[cell]:.3g}" for cell in cells])


def cell(values, grid):
    """Return the positions of values on an axis of cells."""
    step = grid[1] - grid[0]
    return (np.asarray(values) - grid[0]) / step + 0.5


def critical_of(ode):
    """Return the ratio of penalty and reward above which there are fixed points."""
    return critical_penalty(ode.spec).ratio


def boundaries(ode):
    """Return ratios of penalty and reward, and the largest rewards (ratio, start) that are learned."""
    return _boundaries(with_reward(ode.spec, 1.0, 0.0), tuple(ode.axes[START].tolist()))


@cache
def _boundaries(spec, starts):
    """Return `boundaries` from hashable arguments: the figure and its claims need the same ones."""
    ratios = critical_penalty(spec).ratio * (1.0 + STEPS)
    rates = [critical_reward_rate(with_reward(spec, 1.0, ratio), np.array(starts)) for ratio in ratios]
    return ratios, np.array(rates)


def ratios_at(rewards, ratios, rates, critical):
    """Return the ratios on a boundary at some rewards, with powers between its points."""
    learned = rates > 0.0
    known, beyond = np.log(rates[learned])[::-1], np.log(ratios[learned] / critical - 1.0)[::-1]
    return critical * (1.0 + np.exp(np.interp(np.log(rewards), known, beyond)))


def plot_lines(ax, rewards, penalties, critical, ratios, rates):
    """Draw where fixed points exist, and the boundary of the students that learn."""
    limits = {"xlim": ax.get_xlim(), "ylim": ax.get_ylim()}
    ends = np.array([0.0, 2.0 * rewards[-1]])
    style = {"color": "white", "linestyle": ":", "linewidth": 1.2}
    ax.plot(cell(ends, rewards), cell(critical * ends, penalties), **style)
    learned = rates > 0.0
    if learned.any():
        x, y = rates[learned], (ratios * rates)[learned]
        line = _figures.plot_theory(ax, cell(x, rewards), cell(y, penalties), "boundary", color="white")
        line.numbers.update(x=x, y=y)
    ax.set(**limits)


def plot_chain(ax, rewards, penalties, chain):
    """Draw the points of the chain, filled where the student has learned."""
    values = in_rows(chain, overlap(chain)[..., 0, -1])
    x, y = np.meshgrid(chain.axis("value"), chain.axis("penalty"))
    for kind, face in ((values > 0.5, "white"), (values <= 0.5, "none")):
        ax.plot(
            cell(x[kind], rewards),
            cell(y[kind], penalties),
            linestyle="none",
            marker="o",
            markersize=3.0,
            color="white",
            markerfacecolor=face,
            markeredgewidth=0.7,
        )


def claims(curves):
    """State the boundaries, that they are curved, and the agreement of maps and boundaries."""
    for name in NAMES:
        ode = curves[name]["ode"]
        yield claim(
            f"{NAMES[name]}: ratio of penalty and reward above which there are fixed points.",
            value=critical_of(ode),
            low=CRITICAL[name] * (1.0 - 1e-6),
            high=CRITICAL[name] * (1.0 + 1e-6),
        )
        ratios, rates = boundaries(ode)
        yield from boundary_claims(name, ode, ratios, rates)
        yield from map_claims(name, ode, ratios, rates)


def boundary_claims(name, ode, ratios, rates):
    """State the boundary for the start at 1.59 rad, and how much its ratio changes with the reward."""
    column = rates[:, np.isclose(ode.axes[START], ANGLE)][:, 0]
    found = ratios_at(list(RATIOS[name]), ratios, column, critical_of(ode))
    yield claim(
        f"{NAMES[name]}, start at 1.59 rad: largest relative distance of the boundary at five rewards from "
        "that of the other computation.",
        value=np.abs(found / list(RATIOS[name].values()) - 1.0).max(),
        low=0.0,
        high=0.02,
    )
    yield claim(
        f"{NAMES[name]}, start at 1.59 rad: ratio of penalty and reward on the boundary at the reward 0.05, "
        "divided by that at 1.99; 1 if the boundary was straight.",
        value=found[0] / found[-1],
        low=1.5,
        high=2.1,
    )


def map_claims(name, ode, ratios, rates):
    """State that no student learns above the boundary, and how many do below it."""
    wrong, right = [], []
    for index, start in enumerate(ode.axes[START]):
        entry = ode.select(**{START: start})
        values = in_rows(entry, overlap(entry)[..., 0, -1])
        x, y = np.meshgrid(entry.axis("value"), entry.axis("penalty"))
        known = np.concatenate([[critical_of(ode)], ratios])
        # The largest reward on the boundary at the ratio of a cell; all rewards below the critical ratio.
        largest = np.interp(y / x, known, np.concatenate([[np.inf], rates[:, index]]), left=np.inf, right=0.0)
        above, below = (y / x > known[0]) & (x > 1.1 * largest), x < 0.9 * largest
        wrong.append(values[above] > 0.5)
        right.append(values[below & (x >= 0.4)] > 0.5)
    yield claim(
        f"{NAMES[name]}: fraction of the points above the boundary (by 10 % of the reward) at which students "
        "have learned.",
        value=np.concatenate(wrong).mean(),
        low=0.0,
        high=0.0,
    )
    yield claim(
        f"{NAMES[name]}: fraction of the points below the boundary (by 10 %), with rewards of 0.4 and more, "
        "at which students have learned at the end.",
        value=np.concatenate(right).mean(),
        low=0.9,
        high=1.0,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
