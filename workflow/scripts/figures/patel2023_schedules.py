"""Optimal schedules of the learning rate and of the length of episodes, against constant ones.

Patel et al. derive such schedules; parameters and panels are our own. The reader should see that an optimal
learning rate is better than every constant one at all times, that longer and longer episodes give another
power of time, and that this gain is paid in inputs.
"""

from dataclasses import replace

import _figures
import numpy as np
from _patel2023 import OWN, at, claim_of, overlap, plot_spread, squared_norm

from teacherstudent.analysis import optimal_episode_length, optimal_reward_rate, optimal_schedule_error

FIGURE, FIXED, FREE = "patel2023_schedules", "patel2023_schedules", "patel2023_lengths"
CAPTION = """
All T decisions of an episode must be right; no penalty; rho = 0.1 and Q = 1 at the start. (a) Probability of
a wrong decision against time (episodes / N). Grey: episodes of T = 4 decisions at constant learning rates,
darker for larger ones. Colours: learning rates and lengths of episodes that raise the overlap rho fastest at
each time. Points: exact chain with 900 inputs, mean and standard deviation of 20 runs (fewer in the small
form), in which the schedules follow rho and Q of each run. Dotted lines: sqrt(2 / (pi T t)) for T = 1 and 4,
and 4 e / (pi t). (b) The same against the number of inputs, the integral of T over time. (c) Optimal length T
(steps) and learning rate over the square root of Q (lines) against rho, at T = 1 and 4 and at the optimal
length. With an optimal learning rate only the law of rho is left, in which a larger rate of change at each
time is best for all times. Its formulas and those of the length are derived in this project; the schedules of
Patel, Lee, Sarao Mannelli, Goldt and Saxe (2023) were not read.
"""
RATES = (0.3, 1.0, 3.0, 10.0)
GREYS = dict(zip(RATES, ("0.8", "0.65", "0.5", "0.35"), strict=True))
SHOWN = (0.1, 100000.0)
# Errors at some times by another program.
TIMES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
KNOWN = {
    "T = 4, learning rate 1": (0.44933, 0.41180, 0.29896, 0.16056, 0.07725, 0.04251, 0.02316, 0.01358),
    "T = 1, optimal rate": (0.34706, 0.27489, 0.18994, 0.12420, 0.07332, 0.04392, 0.02459, 0.01435),
    "T = 4, optimal rate": (0.35509, 0.26201, 0.15159, 0.08346, 0.04325, 0.02415, 0.01295, 0.00739),
    "both optimal": (0.33436, 0.24917, 0.14682, 0.07350, 0.02838, 0.01058, 0.00335, 0.00114),
}
COLORS = {
    name: _figures.series_color(index)
    for index, name in enumerate(
        ("T = 1, optimal rate", "T = 4, optimal rate", "both optimal", "optimal length, rate 1")
    )
}
claim, own = claim_of(FIGURE), claim_of(FIGURE, OWN)


def figure(curves):
    """Draw errors against time and inputs, and the schedules."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 1.0)
    plot_errors(axes[0, 0], curves)
    plot_inputs(axes[0, 1], curves)
    plot_schedules(axes[0, 2], curves[FREE]["ode"])
    _figures.letter(axes)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return fig


def wrong(entry):
    """Return the probability of a wrong decision, (axes..., run, time)."""
    return entry.values("classification_error")[..., 0]


def schedules(curves):
    """Return the curves of the optimal schedules by name."""
    fixed, free = curves[FIXED]["ode"], curves[FREE]["ode"]
    optimal = fixed.select(**{"schedule.learning_rate": "optimal", "training.learning_rate": 1.0})
    return {
        "T = 1, optimal rate": optimal.select(length=1),
        "T = 4, optimal rate": optimal.select(length=4),
        "both optimal": free.select(**{"schedule.learning_rate": "optimal"}),
        "optimal length, rate 1": free.select(**{"schedule.learning_rate": "constant"}),
    }


def constants(curves):
    """Return the curves of constant learning rates at T = 4 by rate."""
    fixed = curves[FIXED]["ode"].select(**{"schedule.learning_rate": "constant", "length": 4})
    rates = [rate for rate in RATES if np.isclose(fixed.axis("learning_rate"), rate).any()]
    return {rate: fixed.select(**{"training.learning_rate": rate}) for rate in rates}


def plot_errors(ax, curves):
    """Draw errors against time."""
    for rate, entry in constants(curves).items():
        style = {"color": GREYS[rate], "label": f"$\\eta$ = {rate:g}"}
        _figures.plot_theory(ax, entry.time[1:], wrong(entry)[0, 1:], f"learning rate {rate:g}", **style)
    for name, entry in schedules(curves).items():
        _figures.plot_theory(ax, entry.time[1:], wrong(entry)[0, 1:], name, color=COLORS[name])
    chain = curves[FREE]["chain"]
    for name, kind in (("both optimal", "optimal"), ("optimal length, rate 1", "constant")):
        entry = chain.select(**{"schedule.learning_rate": kind})
        plot_spread(ax, entry.time[1::2], wrong(entry)[:, 1::2], name, COLORS[name], markersize=2.5)
    late = np.array([100.0, SHOWN[1]])
    for length in (1, 4, None):
        limits = [optimal_schedule_error(t, length) for t in late]
        ax.plot(late, limits, color="0.2", linestyle=":", linewidth=0.8)
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="time $t$", ylabel="wrong decisions", xlim=SHOWN, ylim=(1e-5, 0.6))


def lengths(entry):
    """Return the lengths of episodes over time, constant or optimal."""
    episode, rho, Q = entry.spec.training.episode, overlap(entry)[0], squared_norm(entry)[0]
    if episode.schedule.length == "constant":
        return np.full(len(rho), float(episode.length))
    return np.array([optimal_episode_length(entry.spec, *pair) for pair in zip(rho, Q, strict=True)], float)


def inputs(entry):
    """Return the number of inputs / N over time."""
    T, steps = lengths(entry), np.diff(entry.time)
    return np.concatenate([[0.0], np.cumsum(0.5 * (T[1:] + T[:-1]) * steps)])


def plot_inputs(ax, curves):
    """Draw errors against the number of inputs."""
    entries = {1.0: constants(curves)[1.0]} | schedules(curves)
    for name, entry in entries.items():
        series, color = (name, COLORS[name]) if name in COLORS else ("learning rate 1", GREYS[name])
        _figures.plot_theory(ax, inputs(entry)[1:], wrong(entry)[0, 1:], series, color=color)
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="inputs / $N$", ylabel="wrong decisions", xlim=(0.1, 1e7), ylim=(1e-5, 0.6))


def plot_schedules(ax, entry):
    """Draw optimal rates and the optimal length against the overlap."""
    rho = np.linspace(0.05, 0.995, 190)
    both = entry.select(**{"schedule.learning_rate": "optimal"}).spec
    best = np.array([optimal_episode_length(both, value) for value in rho])
    rates = {
        "T = 1, optimal rate": rates_at(both, rho, np.ones(len(rho), int)),
        "T = 4, optimal rate": rates_at(both, rho, np.full(len(rho), 4)),
        "both optimal": rates_at(both, rho, best),
    }
    for name, values in rates.items():
        _figures.plot_theory(ax, rho, values, name, color=COLORS[name])
    style = {"color": COLORS["both optimal"], "linestyle": "--", "drawstyle": "steps-mid"}
    _figures.plot_theory(ax, rho, best, "optimal length", **style)
    _figures.log_axes(ax)
    ax.set(xlabel=r"overlap $\rho$", ylabel=r"$\eta / \sqrt{Q}$ (lines), $T$ (dashed)", xlim=(0.0, 1.0))


def rates_at(spec, rho, lengths):
    """Return the optimal rates at Q = 1 for some overlaps and lengths."""
    pairs = zip(rho, lengths.tolist(), strict=True)
    return np.array([optimal_reward_rate(with_length(spec, T), value) for value, T in pairs])


def with_length(spec, length):
    """Return a spec with another length of episodes."""
    episode = replace(spec.training.episode, length=length)
    return replace(spec, training=replace(spec.training, episode=episode))


def claims(curves):
    """State the comparison, that optimal is best, the powers, and the chain."""
    entries = schedules(curves)
    found = {"T = 4, learning rate 1": constants(curves)[1.0]} | entries
    for name, values in KNOWN.items():
        entry = found[name]
        ratios = np.array(at(entry, wrong(entry)[0], *TIMES)) / values
        yield claim(
            f"{name}: largest relative distance of the error at 8 times from that of the other computation.",
            value=np.abs(ratios - 1.0).max(),
            low=0.0,
            high=5e-3,
        )
    yield best_claim(constants(curves), entries["T = 4, optimal rate"])
    yield from power_claims(entries)
    yield chain_claim(curves[FREE])


def best_claim(fixed, optimal):
    """State that no constant rate is better than the optimal one at any time."""
    ratios = [wrong(entry)[0, 1:] / wrong(optimal)[0, 1:] for entry in fixed.values()]
    return claim(
        f"T = 4: smallest ratio of the error at {len(ratios)} constant learning rates to that at the optimal "
        "one, over all recorded times.",
        value=np.min(ratios),
        low=1.0,
    )


def power_claims(entries):
    """State the powers and the factors at the end."""
    for name, length, power in (
        ("T = 1, optimal rate", 1, -0.5),
        ("T = 4, optimal rate", 4, -0.5),
        ("both optimal", None, -1.0),
    ):
        entry = entries[name]
        error, late = wrong(entry)[0], entry.time >= 0.1 * entry.time[-1]
        yield claim(
            f"{name}: power of time with which the error vanishes, over the last decade.",
            value=np.polyfit(np.log(entry.time[late]), np.log(error[late]), 1)[0],
            low=power - 0.02,
            high=power + 0.02,
        )
        yield claim(
            f"{name}: error at the end divided by its limit "
            + ("4 e / (pi t)." if length is None else "sqrt(2 / (pi T t))."),
            value=error[-1] / optimal_schedule_error(entry.time[-1], length),
            low=0.98,
            high=1.02,
        )


def chain_claim(engines):
    """State the distance of the chain from the equations."""
    distances = []
    for kind in ("constant", "optimal"):
        parts = [engines[name].select(**{"schedule.learning_rate": kind}) for name in ("chain", "ode")]
        chain, ode = parts
        line = np.interp(chain.time, ode.time, overlap(ode)[0])
        distances.append(np.abs(overlap(chain).mean(axis=0) - line).max())
    return own(
        "Optimal length of episodes: largest distance of the mean overlap of the exact chain of 900 inputs "
        "from the equations, over recorded times, at a constant and at the optimal rate.",
        value=max(distances),
        low=0.0,
        high=0.05,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
