"""Escape from the fixed point: students of finite size learn where the equations do not.

A figure of our own about a published sweep of penalties, in which learning seems to slow down critically. The
reader should see that this is an escape by fluctuations, whose time grows exponentially with the number of
inputs, and that the equations stay at the node for ever.
"""

import _figures
import numpy as np
from _patel2023 import LEARNED, claim_of, overlap, time_to

FIGURE = "rl_escape"
SIZES, PENALTIES = "rl_escape_sizes", "rl_escape_penalties"
CAPTION = """
At least 9 of T = 12 decisions of an episode must be right; the student starts at 2.04 rad from the teacher
with Q = 1, the learning rate is 1. (a) Overlap rho, the cosine between student and teacher, of single runs of
the exact chain with 400 inputs and a penalty of 1.1 of the reward (coloured), and the equations of motion
(black), which stay at the node: with infinitely many inputs students learn for penalties below 0.9507 only.
(b) Fraction of 40 runs with rho > 0.8 until t = 300 against the penalty, and the equations. (c) Mean time to
reach rho = 0.8 at a penalty of 1.1 against the number N of inputs, with standard errors, by maximum
likelihood for an exponential law if some runs have not learned at the end (t = 2000); dashed: exponential
fit. Fewer runs and sizes in the small form. Patel, Lee, Sarao Mannelli, Goldt and Saxe (2023) have a sweep of
penalties at this start with 400 inputs, read in their code; that its slow learning is an escape by
fluctuations is a result of this project.
"""
DIMENSION, PENALTY = 400, 1.1
CRITICAL = 0.95070735
TIME = 300.0
# Fractions that have learned until t = 300, with numbers of runs, and mean times, by another program.
FRACTIONS = {
    (400, 1.0): (40, 40), (400, 1.1): (40, 40), (400, 1.2): (19, 40), (400, 1.3): (3, 40),
    (400, 1.5): (0, 40), (900, 1.1): (6, 20), (900, 1.2): (0, 20),
}  # fmt: skip
MEANS = {200: 20.0, 300: 36.0, 400: 47.0, 500: 90.0, 700: 177.0}
claim = claim_of(FIGURE)


def figure(curves):
    """Draw single runs, fractions against the penalty, and times against the size."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 1.0)
    plot_runs(axes[0, 0], curves[SIZES]["chain"], curves[PENALTIES]["ode"].select(penalty=PENALTY))
    plot_fractions(axes[0, 1], curves[PENALTIES])
    plot_times(axes[0, 2], curves[SIZES]["chain"])
    _figures.letter(axes)
    return fig


def plot_runs(ax, chain, ode):
    """Draw single runs of the chain, and the equations."""
    chain = chain.select(dimension=DIMENSION)
    shown = chain.time <= TIME
    values = overlap(chain)[:10, shown]
    for run, color in enumerate(_figures.colors_along(range(len(values)))):
        style = {"linestyle": "-", "marker": "none", "linewidth": 0.7, "color": color, "label": None}
        _figures.plot_simulation(ax, chain.time[shown], values[run], f"run {run}", **style)
    _figures.plot_theory(ax, ode.time, overlap(ode)[0], "equations", color="black", zorder=4)
    ax.set(xlabel="time $t$", ylabel=r"overlap $\rho$", xlim=(0.0, TIME), ylim=(-0.5, 1.02))
    ax.set_title(f"$N$ = {DIMENSION}, penalty {PENALTY:g}")


def plot_fractions(ax, engines):
    """Draw the fraction of runs that have learned against the penalty."""
    chain, ode = engines["chain"], engines["ode"]
    for index, N in enumerate(chain.axis("dimension").tolist()):
        entry = chain.select(dimension=N)
        learned = fraction(entry)
        error = np.sqrt(learned * (1.0 - learned) / entry.runs)
        style = {
            "color": _figures.series_color(index),
            "label": f"$N$ = {N:g}",
            "linestyle": "--",
            "linewidth": 0.7,
        }
        _figures.plot_simulation(ax, entry.axis("penalty"), learned, f"N = {N:g}", error, **style)
    style = {"color": "black", "marker": ".", "label": "equations"}
    _figures.plot_theory(ax, ode.axis("penalty"), fraction(ode), "equations", **style)
    ax.axvline(CRITICAL, color="0.6", linestyle=":", linewidth=0.8, zorder=0)
    ax.set(xlabel="penalty", ylabel=f"learned until $t$ = {TIME:g}", xlim=(0.8, 1.55))
    ax.legend(loc="upper right")


def fraction(entry):
    """Return the fraction of runs that have learned until TIME, (axes...)."""
    return (overlap(entry)[..., entry.time <= TIME].max(axis=-1) > LEARNED).mean(axis=-1)


def escape(entry):
    """Return the mean time to learn and its standard error, from runs (run, time) of which some have not."""
    times = time_to(entry.time, overlap(entry), LEARNED)
    escaped = np.isfinite(times).sum()
    mean = np.where(np.isfinite(times), times, entry.time[-1]).sum() / escaped if escaped else np.nan
    return mean, mean / np.sqrt(escaped) if escaped else np.nan


def plot_times(ax, chain):
    """Draw the mean time to learn against the number of inputs."""
    sizes = chain.axis("dimension").astype(float)
    means, errors = np.array([escape(chain.select(dimension=N)) for N in sizes]).T
    _figures.plot_simulation(ax, sizes, means, "mean time", errors, color=_figures.series_color(0))
    slope, offset = growth(chain)
    line = np.linspace(sizes[0], sizes[-1], 50)
    ax.plot(line, np.exp(offset + slope * line), color="0.4", linestyle="--", linewidth=0.9)
    _figures.log_axes(ax)
    ticks = [10, 20, 50, 100, 200]
    ax.set_yticks(ticks, [f"{tick}" for tick in ticks])
    ax.minorticks_off()
    ax.set(xlabel="inputs $N$", ylabel=rf"time to $\rho$ = {LEARNED:g}", title=f"penalty {PENALTY:g}")
    ax.set(ylim=(0.7 * means.min(), 1.6 * means.max()))


def growth(chain):
    """Return slope and offset of the logarithm of the mean time against the number of inputs."""
    sizes = chain.axis("dimension").astype(float)
    means, errors = np.array([escape(chain.select(dimension=N)) for N in sizes]).T
    return np.polyfit(sizes, np.log(means), 1, w=means / errors)


def claims(curves):
    """State fractions, mean times, their growth, and that the equations do not learn."""
    yield from fraction_claims(curves[PENALTIES])
    yield from time_claims(curves[SIZES]["chain"])
    ode = curves[PENALTIES]["ode"].select(penalty=PENALTY)
    yield claim(
        f"Largest overlap of the equations with a penalty of {PENALTY:g}, until t = {ode.time[-1]:g}.",
        value=overlap(ode).max(),
        low=0.0,
        high=0.25,
    )


def fraction_claims(engines):
    """State the fractions of runs that have learned until t = 300."""
    chain, ode = engines["chain"], engines["ode"]
    for (N, penalty), (number, runs) in FRACTIONS.items():
        if not (
            np.isclose(chain.axis("dimension"), N).any() and np.isclose(chain.axis("penalty"), penalty).any()
        ):
            continue
        entry = chain.select(dimension=N, penalty=penalty)
        share, found = number / runs, float(fraction(entry))
        smooth = (number + 1.0) / (runs + 2.0)
        error = np.sqrt(smooth * (1.0 - smooth) * (1.0 / runs + 1.0 / entry.runs))
        yield claim(
            f"Penalty {penalty:g}, {N} inputs: fraction of {entry.runs} runs that have learned until "
            "t = 300.",
            value=found,
            low=max(0.0, share - 3.0 * error),
            high=min(1.0, share + 3.0 * error),
            uncertainty=np.sqrt(found * (1.0 - found) / entry.runs),
        )
    learned = fraction(ode)
    yield claim(
        "Largest penalty of the sweep with which the equations learn; they do below 0.9507.",
        value=ode.axis("penalty")[learned > 0.5].max(),
        low=0.9,
        high=CRITICAL,
    )


def time_claims(chain):
    """State mean times, and how fast they grow with the size."""
    sizes = [N for N in MEANS if np.isclose(chain.axis("dimension"), N).any()]
    ratios = np.array([escape(chain.select(dimension=N))[0] / MEANS[N] for N in sizes])
    yield claim(
        f"Mean time to learn for {len(sizes)} sizes: mean logarithm of the ratio to that of the other "
        "computation, which had runs of its own.",
        value=np.log(ratios).mean(),
        low=-0.3,
        high=0.3,
    )
    yield claim(
        "Growth of the logarithm of the mean time to learn per 100 inputs: an escape with a barrier "
        "proportional to the number of inputs.",
        value=100.0 * growth(chain)[0],
        low=0.3,
        high=0.6,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
