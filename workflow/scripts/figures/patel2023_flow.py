"""The plane of overlap and norm: orbits, fixed points and the boundary between learning and not learning.

Believed to be like a figure of Patel et al. The reader should see that below the critical penalty every
student learns; above it there are a node, where students stay that do not learn, and a saddle, whose
separatrix divides the starts.
"""

from dataclasses import replace

import _figures
import numpy as np
from _patel2023 import claim_of, overlap, squared_norm

from teacherstudent.analysis import critical_penalty, reward_fixed_points, separatrix

FIGURE = FLOW = "patel2023_flow"
CAPTION = """
At least 9 of T = 12 decisions of an episode must be right, otherwise there is a penalty; the learning rate is
1. (a) Orbits in the plane of overlap rho (the cosine between student and teacher) and norm sqrt(Q), by the
equations of motion, from Q = 1 (dots) with a penalty of 0.8, below the critical value 0.9507: all students
learn; they first become short, and then turn. (b) The same with a penalty of 1.5, with the node (filled
circle), the saddle (open circle) and its separatrix (dashed): starts above it learn, those below it end at
the node. Grey lines: values of rho at which the projection R on the teacher does not change. (c) Overlap at
the fixed points against penalty, for this reward and for rewards of 12 right decisions only: node (solid) and
saddle (dashed) appear together at the critical penalty, which depends on the ratio of penalty and reward
only. Patel, Lee, Sarao Mannelli, Goldt and Saxe (2023) show flow and fixed points; the panels are from
memory, the parameters our own.
"""
PENALTIES = (0.8, 1.5)
FATES = {True: _figures.series_color(2), False: _figures.series_color(3)}
NORMS = (0.02, 30.0)
# Critical penalty with its overlap, and overlaps and squared norms of node and saddle, by another program.
CRITICAL = {9: (0.95070735, 0.25521), 12: (0.0051233962, 0.135387)}
NODE, SADDLE = (0.1159191, 0.0083299), (0.5114871, 0.0436826)
claim = claim_of(FIGURE)


def figure(curves):
    """Draw orbits below and above the critical penalty, and the fixed points against the penalty."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 1.0)
    ode = curves[FLOW]["ode"]
    for ax, penalty in zip(axes[0, :2], PENALTIES, strict=True):
        plot_orbits(ax, ode.select(penalty=penalty), penalty)
    plot_branches(axes[0, 2], ode.spec)
    _figures.letter(axes)
    return fig


def with_reward(spec, penalty, count=None):
    """Return a spec with another penalty and number of right decisions."""
    episode = spec.training.episode
    reward = replace(episode.reward, penalty=penalty, count=count or episode.reward.count)
    return replace(spec, training=replace(spec.training, episode=replace(episode, reward=reward)))


def plot_orbits(ax, entry, penalty):
    """Draw orbits in the colours of their fates, fixed points and the separatrix."""
    spec = with_reward(entry.spec, penalty)
    for start in entry.axes["initial_overlaps.student_teacher.0.0.0"].tolist():
        orbit = entry.select(**{"initial_overlaps.student_teacher.0.0.0": start})
        rho, s = overlap(orbit)[0], np.sqrt(squared_norm(orbit)[0])
        color = FATES[bool(rho[-1] > 0.9)]
        _figures.plot_theory(ax, rho, s, f"rho = {start:g}", color=color, linewidth=1.0)
        ax.plot(rho[:1], s[:1], color=color, marker=".", linestyle="none")
    curve = separatrix(spec)
    if len(curve):
        shown = (curve[:, 0] > -0.99) & (curve[:, 1] < 2.0 * NORMS[1] ** 2)
        style = {"color": "black", "linestyle": "--", "linewidth": 0.9}
        _figures.plot_theory(ax, curve[shown, 0], np.sqrt(curve[shown, 1]), "separatrix", **style)
    for point in reward_fixed_points(spec):
        face = "black" if point.stable else "white"
        name = "node" if point.stable else "saddle"
        style = {"color": "black", "linestyle": "none", "marker": "o", "markerfacecolor": face, "zorder": 5}
        _figures.plot_theory(ax, [point.cosine], [np.sqrt(point.squared_norm)], name, **style)
        ax.axvline(point.cosine, color="0.8", linewidth=0.7, zorder=0)
    _figures.log_axes(ax)
    ax.set(xlabel=r"overlap $\rho$", ylabel=r"norm $\sqrt{Q}$", xlim=(-1.0, 1.0), ylim=NORMS)
    ax.set_title(f"penalty {penalty:g}")


def plot_branches(ax, spec):
    """Draw the overlaps at fixed points against the penalty."""
    for index, count in enumerate((9, 12)):
        critical = critical_penalty(with_reward(spec, 0.0, count))
        ratios = critical.ratio * (1.0 + np.geomspace(1e-4, 10.0, 40))
        points = [reward_fixed_points(with_reward(spec, ratio, count)) for ratio in ratios]
        for position, line in ((0, "-"), (-1, "--")):
            values = [critical.cosine, *(pair[position].cosine for pair in points)]
            label = f"$n$ = {count}" if position == 0 else None
            name = f"n = {count}, " + ("node" if position == 0 else "saddle")
            style = {"color": _figures.series_color(index), "linestyle": line, "label": label}
            _figures.plot_theory(ax, [1.0, *(ratios / critical.ratio)], values, name, **style)
    ax.set(xscale="log", xlabel="penalty / critical penalty", ylabel=r"overlap $\rho$ of fixed points")
    ax.set(xlim=(0.8, 11.0), ylim=(0.0, 1.0))
    ax.legend(loc="upper left")


def claims(curves):
    """State critical penalties, fixed points, and the fates of the orbits."""
    ode = curves[FLOW]["ode"]
    for count, (ratio, cosine) in CRITICAL.items():
        found = critical_penalty(with_reward(ode.spec, 0.0, count))
        yield claim(
            f"n = {count} of 12: smallest penalty with fixed points.",
            value=found.ratio,
            low=ratio * (1.0 - 1e-6),
            high=ratio * (1.0 + 1e-6),
        )
        yield claim(
            f"n = {count} of 12: overlap at the fixed point that appears.",
            value=found.cosine,
            low=cosine - 1e-5,
            high=cosine + 1e-5,
        )
    points = reward_fixed_points(with_reward(ode.spec, 1.5))
    for name, point, known in zip(("Node", "Saddle"), points, (NODE, SADDLE), strict=True):
        pair = np.array([point.cosine, point.squared_norm]) / known
        yield claim(
            f"{name} with a penalty of 1.5: largest relative distance of overlap and squared norm from those "
            "of the other computation.",
            value=np.abs(pair - 1.0).max(),
            low=0.0,
            high=1e-5,
        )
    yield claim(
        "Smallest overlap at the end of the orbits with a penalty of 0.8: all of them learn.",
        value=overlap(ode.select(penalty=0.8))[..., -1].min(),
        low=0.9,
    )
    ends = overlap(ode.select(penalty=1.5))[..., -1]
    yield claim(
        "Penalty 1.5: largest distance of the overlap from that of the node at the end of orbits that do not "
        "learn.",
        value=np.abs(ends[ends < 0.5] - NODE[0]).max(),
        low=0.0,
        high=1e-4,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
