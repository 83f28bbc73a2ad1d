"""Learning from rewards with finitely many inputs: the mean approaches the equations, fluctuations vanish.

Believed to be like a figure of the supplement of Patel et al. The reader should see that runs of small
students scatter widely and lag behind the equations, and that both effects vanish with the number of inputs.
"""

import _figures
import numpy as np
from _patel2023 import OWN, claim_of, overlap

from teacherstudent.store.curves import mean_over

FIGURE, SIZES = "patel2023_finite_size", "patel2023_sizes"
CAPTION = """
Episodes of T = 10 decisions, all of which must be right; no penalty, learning rate 1, rho = 0 and Q = 1 at
the start. (a) Overlap rho, the cosine between student and teacher, against time (episodes / N). Black line:
equations of motion. Coloured lines: mean over 100 runs of the exact chain with N inputs (fewer runs and sizes
in the small form); bands: standard deviation over runs for the smallest and the largest N. (b) Standard
deviation over runs at the end against N; dotted line: N^{-1/2}. (c) Mean over runs at the end; line:
equations. Error bars are standard errors. The exact chain samples overlap and norm alone, with the law that
they have in networks of N inputs. Patel, Lee, Sarao Mannelli, Goldt and Saxe (2023) have networks of 100 to
400 inputs at these parameters; the panels are our own.
"""
# Overlap of the equations at t = 300, means and standard deviations of the chain by N, by another program.
END = 0.536
MEANS = {50: 0.495, 100: 0.518, 200: 0.532, 400: 0.538}
SPREADS = {50: 0.151, 100: 0.116, 200: 0.087, 400: 0.066, 1600: 0.039}
claim, own = claim_of(FIGURE), claim_of(FIGURE, OWN)


def figure(curves):
    """Draw means over time, and standard deviations and means at the end against N."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 1.0)
    ode, chain = curves[SIZES]["ode"], curves[SIZES]["chain"]
    plot_time(axes[0, 0], ode, chain)
    plot_spreads(axes[0, 1], chain)
    plot_means(axes[0, 2], ode, chain)
    _figures.letter(axes)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return fig


def plot_time(ax, ode, chain):
    """Draw the mean overlap over time."""
    _figures.plot_theory(ax, ode.time, overlap(ode)[0], "equations", color="black", zorder=4)
    sizes = chain.axis("dimension")
    for N, color in zip(sizes, _figures.colors_along(np.log(sizes)), strict=True):
        values = overlap(chain.select(dimension=N))
        mean, spread = mean_over(values, 0), np.nanstd(values, axis=0)
        _figures.plot_simulation(
            ax,
            chain.time,
            mean,
            f"N = {N:g}",
            linestyle="-",
            marker="none",
            color=color,
            label=f"$N$ = {N:g}",
        )
        if N in (sizes[0], sizes[-1]):
            ax.fill_between(chain.time, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0.0)
    ax.set(xlabel="time $t$", ylabel=r"overlap $\rho$", xlim=(0.0, ode.time[-1]))


def plot_spreads(ax, chain):
    """Draw the standard deviation over runs at the end."""
    sizes, ends = chain.axis("dimension").astype(float), overlap(chain)[..., -1]
    spread = ends.std(axis=1, ddof=1)
    error = spread / np.sqrt(2.0 * (ends.shape[1] - 1))
    style = {"color": _figures.series_color(0)}
    _figures.plot_simulation(ax, sizes, spread, "standard deviation", error, **style)
    ax.plot(sizes, spread[-1] * np.sqrt(sizes[-1] / sizes), color="0.5", linestyle=":")
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="inputs $N$", ylabel=rf"spread of $\rho$ at $t$ = {chain.time[-1]:g}")


def plot_means(ax, ode, chain):
    """Draw the mean over runs at the end, and that of the equations."""
    sizes, ends = chain.axis("dimension").astype(float), overlap(chain)[..., -1]
    line = np.full(len(sizes), np.interp(chain.time[-1], ode.time, overlap(ode)[0]))
    _figures.plot_theory(ax, sizes, line, "equations", color="black")
    error = ends.std(axis=1, ddof=1) / np.sqrt(ends.shape[1])
    _figures.plot_simulation(ax, sizes, ends.mean(axis=1), "mean", error, color=_figures.series_color(0))
    ax.set(xscale="log", xlabel="inputs $N$", ylabel=rf"mean of $\rho$ at $t$ = {chain.time[-1]:g}")


def claims(curves):
    """State the end of the equations, means and spread of the chain, and the power of the spread."""
    ode, chain = curves[SIZES]["ode"], curves[SIZES]["chain"]
    yield claim(
        "Overlap of the equations at t = 300.",
        value=np.interp(300.0, ode.time, overlap(ode)[0], right=np.nan),
        low=END - 0.0006,
        high=END + 0.0006,
    )
    ends = {int(N): overlap(chain.select(dimension=N))[:, -1] for N in chain.axis("dimension")}
    yield from mean_claims(ends)
    yield power_claim(ends)


def mean_claims(ends):
    """State means and standard deviations of the chain relative to those of the other computation."""
    sizes = [N for N in MEANS if N in ends]
    errors = np.array([ends[N].std(ddof=1) / np.sqrt(len(ends[N])) for N in sizes])
    distances = np.array([ends[N].mean() - MEANS[N] for N in sizes]) / np.hypot(errors, 0.0005)
    yield claim(
        f"Exact chain, {len(sizes)} sizes: root mean square distance of the mean overlap at the end from "
        "that of the other computation, in standard errors; it had runs of its own.",
        value=np.sqrt((distances**2).mean()),
        low=0.0,
        high=2.5,
    )
    ratios = [ends[N].std(ddof=1) / SPREADS[N] for N in SPREADS if N in ends]
    yield claim(
        "Exact chain: mean ratio of standard deviations over runs at the end to those of the other "
        "computation.",
        value=np.mean(ratios),
        low=0.85,
        high=1.15,
    )


def power_claim(ends):
    """State the power of N with which the standard deviation vanishes."""
    sizes = np.array(sorted(ends))
    slope = np.polyfit(np.log(sizes), np.log([ends[N].std(ddof=1) for N in sizes]), 1)[0]
    return own(
        "Power of the number of inputs with which the standard deviation over runs vanishes.",
        value=slope,
        low=-0.6,
        high=-0.3,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
