"""Replay, elastic weight consolidation and both: what remains of task 1, and what task 2 costs.

A map of our own. The reader should see that replay needs a larger fraction the more similar the tasks are,
that consolidation helps through the idle unit and costs most of the second task at intermediate similarity,
and which of them has the smaller errors at each similarity.
"""

from dataclasses import replace
from functools import partial

import _figures
import numpy as np
from _continual import legend_above
from _lee2021 import errors, peak

from teacherstudent.experiments.claims import Claim

FIGURE = "continual_interventions"
REPLAY, EWC = "continual_replay", "continual_ewc"
BOTH = 20000.0  # strength of EWC in the map of both
CAPTION = """
Two tasks of feature similarity V are learned one after the other, for a time of 100 each, by a student of
two units, of which one learns the first task. During the second task (a, d) a fraction of the steps replays
the first one, (b, e) elastic weight consolidation (EWC, an importance per unit) pulls the weights to those
at the switch, or (c, f) both, with EWC of strength 20000. (a-c) Forgetting: increase of the error of task 1
from the switch to the end. (d-f) log10 of the error of task 2 at the end. (g) Mean of both errors at the
end, each intervention at its best strength for each V (both: any replayed fraction, and EWC of strength
2000, 20000 or 200000): the smallest mean wins. (h) Both errors at the end for all strengths at V = 0.3,
weakest at the right; both with EWC of strength 20000. (i) log10 of the smallest error of task 2 with
replay, divided by that with EWC, among the strengths (0 included) for which the error of task 1 at the end
is below a bound: blue where replay is better, red where EWC is; grey where one of them does not reach the
bound. Equations of motion, learning rate 1. Replayed steps are steps that task 2 does not have: all runs
have the same number of steps. Not a published figure. The strength of EWC has a meaning only together with
the error at the switch, about 5e-6 here, to which its importances are proportional.
"""
SMALLEST = 1e-12  # forgetting that has a logarithm
SHOWN = 0.3  # similarity of the trade-off
PEAKS = {2e3: 0.25, 2e4: 0.55, 2e5: 0.9}  # similarity of largest forgetting by strength of EWC
BOUNDS = np.logspace(-3.5, -1.0, 26)
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
compared = partial(claim, source="independent integration of the equations")
NAMES = ("no intervention", "replay", "EWC", "both")
COLORS = dict(zip(NAMES, ("0.5", *map(_figures.series_color, (0, 1, 2))), strict=True))


def figure(curves):
    """Draw the maps, the best values, one trade-off, and the comparison at equal protection."""
    fig, axes = _figures.panels(3, 3, _figures.PAGE, 0.85)
    replay, ewc = curves[REPLAY]["ode"], curves[EWC]["ode"]
    columns = {
        "fraction": at_strength(replay, 0.0),
        "strength": without_zero(ewc, "strength"),
        "fraction (both)": at_strength(replay, BOTH),
    }
    for (first, second), (name, entry) in zip(axes[:2].T, columns.items(), strict=True):
        plot_map(first, entry, forgetting(entry), name, "forgetting", "magma", vmin=0.0, vmax=0.26)
        log = np.log10(last(entry, 1))
        plot_map(second, entry, log, name, r"$\log_{10} \epsilon_2$", "viridis", vmin=-6.0, vmax=-1.0)
    plot_best(axes[2, 0], replay, ewc)
    plot_trade_off(axes[2, 1], replay, ewc)
    plot_winner(axes[2, 2], replay, ewc)
    legend_above(fig, [axes[2, 0]], "lines in (g) and (h)")
    _figures.letter(axes)
    return fig


def at_strength(entry, strength):
    """Return the curves over similarity and replayed fraction, without fraction 0."""
    return without_zero(entry.select(strength=strength), "fraction")


def without_zero(entry, name):
    """Return the curves without the value 0 of their last axis."""
    key = entry.key(name)
    positive = entry.axes[key] > 0.0
    quantities = {label: array[:, positive] for label, array in entry.quantities.items()}
    return replace(
        entry,
        axes=entry.axes | {key: entry.axes[key][positive]},
        quantities=quantities,
        diverged=entry.diverged[:, positive],
        switch_times=entry.switch_times[:, positive],
    )


def last(entry, task):
    """Return the error of a task at the end, (axes...)."""
    return errors(entry, task)[..., 0, -1]


def forgetting(entry):
    """Return the increase of the error of task 1 since the switch, (axes...)."""
    first = errors(entry, 0)[..., 0, :]
    return first[..., -1] - first[..., -2]


def mean_error(entry):
    """Return the mean of both errors at the end, (axes...)."""
    return 0.5 * (last(entry, 0) + last(entry, 1))


def smallest(replay, ewc):
    """Return the smallest mean error of each of NAMES over all strengths, {name: (similarity,)}."""
    value = mean_error(replay)  # (similarity, strength, fraction)
    alone = mean_error(ewc)
    both = value[:, 1:, 1:].reshape(len(value), -1)
    found = (value[:, 0, 0], value[:, 0, 1:].min(axis=1), alone[:, 1:].min(axis=1), both.min(axis=1))
    return dict(zip(NAMES, found, strict=True))


def plot_map(ax, entry, values, name, label, cmap, **limits):
    """Draw values over similarity (across) and log10 of the strength (up)."""
    similarity, strength = entry.axes.values()
    steps = {"xticklabels": len(similarity) // 2, "yticklabels": max(1, len(strength) // 4)}
    logs = np.round(np.log10(strength), 2)
    _figures.plot_heatmap(ax, similarity, logs, values.T, label, "theory", cmap, **limits, **steps)
    ax.set(xlabel="similarity $V$", ylabel=rf"$\log_{{10}}$ {name}")


def plot_best(ax, replay, ewc):
    """Draw the smallest mean error of each intervention against similarity."""
    for name, values in smallest(replay, ewc).items():
        style = {"color": COLORS[name], "linestyle": "--" if name == NAMES[0] else "-"}
        _figures.plot_theory(ax, replay.axis("similarity"), values, name, **style)
    _figures.log_axes(ax)
    ax.set(xlabel="similarity $V$", ylabel="smallest mean error", xlim=(0.0, 1.0))


def trade_offs(replay, ewc):
    """Return the curves of each intervention over similarity and one strength."""
    return {
        "replay": at_strength(replay, 0.0),
        "EWC": without_zero(ewc, "strength"),
        "both": at_strength(replay, BOTH),
    }


def plot_trade_off(ax, replay, ewc):
    """Draw the error of task 2 against that of task 1 for growing strength of an intervention."""
    for name, entry in trade_offs(replay, ewc).items():
        chosen = entry.select(similarity=SHOWN)
        _figures.plot_theory(ax, last(chosen, 0), last(chosen, 1), name, color=COLORS[name])
    _figures.log_axes(ax, "xy")
    ax.set(xlabel=r"$\epsilon_1$ at the end", ylabel=r"$\epsilon_2$ at the end")


def smallest_second(entry, bounds):
    """Return the smallest error of task 2 where that of task 1 is below bounds, (similarity, bound)."""
    first, second = last(entry, 0), last(entry, 1)
    allowed = np.where(first[..., None] <= bounds, second[..., None], np.inf)
    best = allowed.min(axis=1)
    return np.where(np.isfinite(best), best, np.nan)


def advantage(replay, ewc, bounds=BOUNDS):
    """Return log10 of the smallest error of task 2 with replay over that with EWC, (similarity, bound)."""
    alone = smallest_second(replay.select(strength=0.0), bounds), smallest_second(ewc, bounds)
    return np.log10(alone[0] / alone[1])


def plot_winner(ax, replay, ewc):
    """Draw which of replay and EWC learns task 2 better at equal protection of task 1."""
    similarity, bounds = replay.axis("similarity"), np.round(np.log10(BOUNDS), 2)
    steps = {"xticklabels": len(similarity) // 2, "yticklabels": len(BOUNDS) // 5}
    values, label = advantage(replay, ewc).T, r"$\log_{10}$ of $\epsilon_2$, replay / EWC"
    span = {"vmin": -1.5, "vmax": 1.5, "center": 0.0}
    _figures.plot_heatmap(ax, similarity, bounds, values, label, "theory", "vlag", **span, **steps)
    ax.set(xlabel="similarity $V$", ylabel=r"$\log_{10}$ bound of $\epsilon_1$")


def claims(curves):
    """State which replay is needed, where EWC protects and what it costs, and which intervention wins."""
    replay, ewc = curves[REPLAY]["ode"], curves[EWC]["ode"]
    return [needed(replay), peaks(ewc), cost(ewc), *winners(replay, ewc)]


def needed(replay):
    """State that similar tasks need more replay for the same relative reduction of forgetting."""
    alone = replay.select(strength=0.0)
    found = [fraction_needed(alone.select(similarity=value)) for value in (0.1, 0.9)]
    return compared(
        "Replay: fraction that reduces forgetting to a tenth, at similarity 0.9 divided by that at 0.1.",
        value=found[1] / found[0],
        low=3.5,
        high=6.5,
    )


def fraction_needed(entry):
    """Return the fraction at which forgetting is a tenth of that without replay, by interpolation."""
    fraction, values = entry.axis("fraction")[1:], np.log(np.maximum(forgetting(entry), SMALLEST))
    below = int(np.argmax(values[1:] <= values[0] - np.log(10.0)))
    pair = slice(below - 1, below + 1)
    place = np.interp(np.log(10.0), values[0] - values[1:][pair], np.log(fraction[pair]))
    return float(np.exp(place))


def peaks(ewc):
    """State that EWC moves the similarity of largest forgetting upwards."""
    similarity, forgot = ewc.axis("similarity"), forgetting(ewc)
    found = [peak(similarity, forgot[:, place(ewc.axis("strength"), strength)]) for strength in PEAKS]
    strengths, at = (", ".join(f"{value:g}" for value in values) for values in (PEAKS, PEAKS.values()))
    return compared(
        f"EWC of strengths {strengths}: largest distance of the similarity of largest forgetting from {at}.",
        value=np.abs(np.array(found) - list(PEAKS.values())).max(),
        low=0.0,
        high=0.05,
    )


def place(strengths, strength):
    """Return the place of a strength on the axis; ValueError if it is not there."""
    (found,) = np.flatnonzero(np.isclose(strengths, strength))
    return int(found)


def cost(ewc):
    """State that strong EWC costs task 2 most for tasks of intermediate similarity."""
    similarity = ewc.axis("similarity")
    strong = place(ewc.axis("strength"), BOTH)
    ratio = last(ewc, 1)[:, strong] / last(ewc, 1)[:, 0]
    return compared(
        f"EWC of strength {BOTH:g}: similarity at which it increases the error of "
        "task 2 by the largest factor.",
        value=similarity[np.argmax(ratio)],
        low=0.3,
        high=0.7,
    )


def winners(replay, ewc):
    """State which intervention has the smallest mean error at its best strength."""
    similarity, found = replay.axis("similarity"), smallest(replay, ewc)
    ratio, better = found["replay"] / found["EWC"], np.minimum(found["replay"], found["EWC"])
    for name, low, high, least in (
        ("Dissimilar tasks", 0.1, 0.3, False),
        ("Tasks of intermediate similarity", 0.5, 0.7, True),
        ("Similar tasks", 0.8, 0.9, False),
    ):
        inside = ratio[(similarity > low - 1e-9) & (similarity < high + 1e-9)]
        yield claim(
            f"{name} (V from {low:g} to {high:g}): smallest mean error with replay divided by that with EWC; "
            f"its {'smallest' if least else 'largest'} value.",
            value=inside.min() if least else inside.max(),
            **({"low": 1.0} if least else {"high": 1.0}),
        )
    gain = (better / found["both"])[(similarity > 0.2 - 1e-9) & (similarity < 0.9 + 1e-9)]
    yield claim(
        "Both together are better than the better one alone for V from 0.2 to 0.9: smallest gain, as a "
        "factor of the mean error.",
        value=gain.min(),
        low=1.0,
    )
    yield claim(
        "The largest gain of both together, as a factor of the mean error.", value=gain.max(), low=1.3
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
