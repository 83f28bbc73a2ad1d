"""Replay in turn: average over both tasks, equations of the blocks, samples of networks.

An addition to Lee, Mannelli, Clopath, Goldt & Saxe 2022, whose code interleaves the tasks in turn. The
reader should see that for short periods only the fraction of replayed steps matters, and that in long
blocks the error of task 1 rises and falls, and ends below the average where a block of task 1 comes
last.
"""

from functools import partial

import _figures
import _lee2022 as lee
import numpy as np
from _lee2021 import errors, inputs, levels

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2022_interleaving_period"
NEW, OLD = "interleave.new", "interleave.old"
RATIO = 9  # steps on task 2 for each step on task 1
TRACED = (1.0, 5.0, 20.0)
SHORT = 0.2  # periods up to here have the average law
SURPRISE = 5.0  # largest allowed difference in standard errors
CAPTION = """
Replay of task 1 in turn after the switch: a block of steps on task 2, then one of steps on task 1, and
so on; specialised student, similarity V = 0.3, 1000 inputs. (a) Error of task 1 at the end, 100 after
the switch, when a tenth of the steps is on task 1, against the period, the length of both blocks:
average over the tasks (dashed), equations of the blocks (line; up to a period of 0.2 they are the
average), and samples of networks from engine chain (mean and standard error of 32 runs, fewer in the
small form). (b) The same error over time. (c) Forgetting, its increase from the switch to the end, over
both block lengths in steps; equations.
An addition to Lee, Mannelli, Clopath, Goldt and Saxe (ICML 2022): the schedule, and grids of both block
lengths, were read in the authors' code; no published result is known.
"""
CHANGES = {1.0: (-0.03, 0.0), 20.0: (-0.3, -0.02)}  # of log10 of the error, of the blocks against the average
claim = partial(Claim, FIGURE, certainty="recomputed")


def figure(curves):
    """Draw the error against the period and over time, and the map over both blocks."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.95)
    blocks, average = curves[FIGURE], shortest(curves)
    plot_periods(axes[0, 0], blocks, average)
    plot_traces(axes[0, 1], blocks["ode"], average)
    plot_map(axes[0, 2], blocks["ode"])
    _figures.letter(axes)
    return fig


def plot_periods(ax, blocks, average):
    """Draw the error of task 1 at the end against the period."""
    periods, values = diagonal(blocks["ode"])
    level = 10.0 ** end(average)
    style = {"color": "0.2", "linestyle": "--"}
    _figures.plot_theory(ax, periods, np.full(len(periods), lee.mean(level)), "average", **style)
    _figures.plot_theory(ax, periods, lee.mean(10.0**values), "blocks", color=_figures.series_color(0))
    periods, values = diagonal(blocks["chain"])
    style = {"marker": "s", "color": _figures.series_color(3)}
    _figures.plot_runs(ax, periods, 10.0**values, "chain", **style)
    _figures.log_axes(ax, "x")
    ax.set(xlabel="period", ylabel=r"error of task 1, $\epsilon_1$")
    ax.set_ylim(0.0, 1.25 * np.max(level))
    ax.legend(loc="lower left")


def plot_traces(ax, blocks, average):
    """Draw the error of task 1 over time for some periods."""
    found = pairs(blocks)
    for index, period in enumerate(TRACED):
        if period in found:
            line = blocks.select(**found[period])
            color, width = _figures.series_color(index), 0.8
            values = np.nanmean(errors(line, 0), axis=0)
            _figures.plot_theory(
                ax,
                line.time - lee.SWITCH,
                values,
                f"period {period:g}",
                label=f"{period:g}",
                color=color,
                linewidth=width,
            )
    values = np.nanmean(errors(average, 0), axis=0)
    style = {"color": "0.2", "linestyle": "--", "zorder": 3}
    _figures.plot_theory(ax, average.time - lee.SWITCH, values, "average", **style)
    ax.set(xlabel="time after the switch", ylabel=r"error of task 1, $\epsilon_1$", xlim=(0.0, lee.AFTER))
    ax.set_ylim(bottom=0.0)
    ax.legend(title="period", loc="upper right")


def plot_map(ax, blocks):
    """Draw forgetting over the lengths of both blocks."""
    values = lee.mean(lee.forgetting(blocks)).T
    _figures.plot_heatmap(ax, blocks.axis(NEW), blocks.axis(OLD), values, "forgetting", "theory")
    ax.set(xlabel="block of task 2 (steps)", ylabel="block of task 1 (steps)")
    ax.tick_params(axis="x", rotation=45)


def pairs(entry):
    """Return the block lengths with RATIO by their period in units of time."""
    size = inputs(entry)
    found = [(int(old) * RATIO, int(old)) for old in entry.axis(OLD) if int(old) * RATIO in entry.axis(NEW)]
    return {(new + old) / size: {NEW: new, OLD: old} for new, old in found}


def shortest(curves):
    """Return the equations for the shortest blocks, which are those of the average over the tasks."""
    entry = curves[FIGURE]["ode"]
    found = pairs(entry)
    return entry.select(**found[min(found)])


def end(entry):
    """Return log10 of the error of task 1 at the end, (run,)."""
    return levels(entry, 0, lee.SWITCH + lee.AFTER)


def diagonal(entry):
    """Return the periods, and log10 of the error of task 1 at the end as (period, run)."""
    found = pairs(entry)
    return np.array(list(found)), np.array([end(entry.select(**values)) for values in found.values()])


def claims(curves):
    """State that samples follow the average and the blocks, and the effect of long blocks."""
    periods, theory = diagonal(curves[FIGURE]["ode"])
    _, chain = diagonal(curves[FIGURE]["chain"])
    return [*agreement(curves, periods, theory, chain), *block_claims(curves, periods, theory)]


def agreement(curves, periods, theory, chain):
    """Compare the means of samples and equations, in standard errors."""
    size, short = inputs(curves[FIGURE]["chain"]), periods <= SHORT + 1e-9
    gaps = surprise(10.0**chain, 10.0**theory)
    for name, chosen in (("the average, periods up to 0.2", short), ("the blocks, longer periods", ~short)):
        yield claim(
            f"Samples of networks of {size} inputs against {name}: largest difference of the mean "
            "errors of task 1, in standard errors.",
            value=gaps[chosen].max(),
            low=0.0,
            high=SURPRISE,
            source="engine chain is exact; the equations hold up to terms of order 1/N",
        )


def surprise(samples, theory):
    """Return distances of means over runs, (period, run), in standard errors by the scatter of samples."""
    scatter = samples.std(axis=1, ddof=1) * np.sqrt(1.0 / samples.shape[1] + 1.0 / theory.shape[1])
    return np.abs(lee.mean(samples) - lee.mean(theory)) / scatter


def block_claims(curves, periods, theory):
    """State the change of the final error by long blocks, the last one of which is on task 1."""
    level = float(lee.mean(end(shortest(curves))))
    for period, (low, high) in CHANGES.items():
        yield claim(
            f"Blocks with a period of {period:g}, the last one on task 1: change of log10 of the error "
            "of task 1 against the average.",
            value=float(lee.mean(lee.at(periods, theory, period)[0])) - level,
            low=low,
            high=high,
            source=f"{lee.RECOMPUTED}, another start: -0.010 for 1, -0.129 for 20",
        )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
