"""Speed and accuracy: how many right decisions of an episode should be rewarded.

Believed to be like a figure of Patel et al. on the trade-off between speed and accuracy. The reader should
see that a weak condition is learned sooner and a strict one better, and that at each accuracy another
condition is the fastest.
"""

import _figures
import numpy as np
from _patel2023 import claim_of, every, overlap, plot_spread, time_to

FIGURE, AT_LEAST = "patel2023_speed_accuracy", "patel2023_at_least"
CAPTION = """
Episodes of T = 12 decisions are rewarded if at least n are right; no penalty, learning rate 1, rho = 0 and Q
= 1 at the start. (a) Overlap rho, the cosine between student and teacher, against time (episodes / N). Lines:
equations of motion. Points: exact chain with 900 inputs, mean and standard deviation of 20 runs (fewer in the
small form). (b) Time to reach an overlap, for each n; black: the envelope, the smallest time of all n. (c)
The n with the smallest time. For n of 6 or less, not more than half of the decisions, most episodes are
rewarded at the start, and the reward says little. That a small n is best for low accuracies holds down to n =
7 only. Patel, Lee, Sarao Mannelli, Goldt and Saxe (2023) show speed and accuracy for some n; the panels are
our own.
"""
SHOWN = range(5, 13)
COLORS = dict(zip(SHOWN, _figures.colors_along(SHOWN), strict=True))
LEVELS = np.linspace(0.02, 0.98, 97)
# Times to reach an overlap, and the error at t = 16000, by another program.
TIMES = {
    (7, 0.1): 1.34, (7, 0.3): 7.35, (7, 0.5): 47.6,
    (9, 0.1): 2.98, (9, 0.3): 8.95, (9, 0.5): 17.7, (9, 0.9): 3875.0,
    (10, 0.1): 8.22, (10, 0.3): 20.7, (10, 0.5): 32.4, (10, 0.9): 229.0,
    (11, 0.1): 38.1, (11, 0.3): 84.0, (11, 0.5): 113.0, (11, 0.9): 209.3,
    (12, 0.1): 392.0, (12, 0.3): 771.0, (12, 0.5): 940.0, (12, 0.9): 1147.0,
}  # fmt: skip
ENDS = {7: 0.2429, 9: 0.1303, 11: 0.0372}
FASTEST = {0.1: 7, 0.2: 7, 0.3: 8, 0.5: 9, 0.9: 11}
claim = claim_of(FIGURE)


def figure(curves):
    """Draw overlaps over time, times to reach them, and the fastest condition."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 1.0)
    engines = {name: entry.select(penalty=0.0) for name, entry in curves[AT_LEAST].items()}
    plot_time(axes[0, 0], engines)
    plot_envelope(axes[0, 1], axes[0, 2], engines["ode"])
    _figures.letter(axes)
    handles, labels = axes[0, 1].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=len(labels), title="right decisions $n$")
    return fig


def plot_time(ax, engines):
    """Draw the overlap over time."""
    ode, chain = engines["ode"], engines["chain"]
    for n in SHOWN:
        _figures.plot_theory(ax, ode.time, overlap(ode.select(count=n))[0], f"n = {n}", color=COLORS[n])
    for n in chain.axis("count").tolist():
        entry = chain.select(count=n)
        shown = every(entry, 30)
        values = overlap(entry)[:, shown]
        plot_spread(ax, entry.time[shown], values, f"n = {n}", COLORS[n], markersize=2.5)
    ax.set(xscale="log", xlim=(1.0, ode.time[-1]), ylim=(-0.02, 1.02))
    ax.set(xlabel="time $t$", ylabel=r"overlap $\rho$")


def times(ode):
    """Return the times to reach LEVELS by the number of right decisions."""
    lines = {n: overlap(ode.select(count=n))[0] for n in SHOWN}
    return {n: np.array([time_to(ode.time, line, level) for level in LEVELS]) for n, line in lines.items()}


def plot_envelope(ax, best, ode):
    """Draw the times to reach overlaps, their envelope, and the fastest condition."""
    found = times(ode)
    for n, values in found.items():
        _figures.plot_theory(ax, LEVELS, values, f"n = {n}", color=COLORS[n], label=f"{n}")
    table = np.array(list(found.values()))
    envelope = np.nanmin(table, axis=0)
    style = {"color": "black", "linewidth": 4.5, "zorder": 0.5, "alpha": 0.35}
    _figures.plot_theory(ax, LEVELS, envelope, "envelope", **style)
    _figures.log_axes(ax)
    ax.set(xlabel=r"overlap $\rho$", ylabel="time to reach it", xlim=(0.0, 1.0), ylim=(0.3, ode.time[-1]))
    fastest = np.array(list(found))[np.nanargmin(table, axis=0)]
    _figures.plot_theory(best, LEVELS, fastest, "fastest n", color="black", drawstyle="steps-mid")
    best.set(xlabel=r"overlap $\rho$", ylabel="fastest $n$", xlim=(0.0, 1.0), yticks=range(6, 13))


def claims(curves):
    """State times, ends, the fastest condition, and that it becomes stricter with the accuracy."""
    ode = curves[AT_LEAST]["ode"].select(penalty=0.0)
    lines = {n: overlap(ode.select(count=n))[0] for n in SHOWN}
    ratios = [time_to(ode.time, lines[n], level) / known for (n, level), known in TIMES.items()]
    yield claim(
        f"{len(ratios)} times to reach the overlaps 0.1, 0.3, 0.5 and 0.9: largest relative distance from "
        "those of the other computation.",
        value=np.abs(np.array(ratios) - 1.0).max(),
        low=0.0,
        high=5e-3,
    )
    for n, error in ENDS.items():
        yield claim(
            f"n = {n}: probability of a wrong decision at t = 16000.",
            value=np.arccos(lines[n][-1]) / np.pi,
            low=error - 0.0001,
            high=error + 0.0001,
        )
    for level, n in FASTEST.items():
        reached = {m: float(time_to(ode.time, line, level)) for m, line in lines.items()}
        yield claim(
            f"Number n of right decisions with which the overlap {level:g} is reached first.",
            value=min((time, m) for m, time in reached.items() if np.isfinite(time))[1],
            low=n,
            high=n,
        )
    yield claim(
        "n = 7: largest overlap; the overlap 0.9 is never reached.", value=lines[7].max(), low=0.0, high=0.9
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
