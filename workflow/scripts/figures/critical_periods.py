"""Critical periods: the error after a deficit of the inputs or of a unit, against its length and its start.

No published figure. The reader should see that a frozen unit does lasting harm only if it is frozen in the
first moments, while noise on the inputs harms more the later it comes; what a deficit costs beyond the time
that is lost; and that the noise of a finite network undoes a part of the harm.
"""

from functools import partial

import _figures
import numpy as np
from _continual import legend_above
from _lee2021 import errors, levels

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over, sem_over

FIGURE = "critical_periods"
NOISE, FROZEN, SIZES = (f"{FIGURE}_{name}" for name in ("noise", "frozen", "sizes"))
CAPTION = """
A soft committee machine (two erf units, readouts 1, only the first layer trained, learning rate 0.5) learns
a teacher with two units. In a window of time the student's inputs have noise, or one of its units is
frozen. (a) Error over time with a deficit from t = 0 to 20 (shaded), without a deficit, and the latter
delayed by 20 (dotted: the deficit as nothing but lost time). (b) Error 120 after the end of a deficit that
starts at t = 0, against its length; grey: the run without deficit at the same time (solid) and 120 after
the start (dotted: lost time only). (c) Error at t = 200 against the start of a deficit of length 20; grey:
the run without deficit at t = 200 (solid) and at t = 180 (dotted). (d, e) Excess: log10 of the error at t =
200 divided by that of the run without deficit at 200 minus the length of the deficit, over start and length
of the deficit; where a deficit would pass the end of the run its length is that up to the end. (a-e)
Equations of motion. (f) As (b), noise of variance 5, 240 after the deficit, from overlaps near the
symmetric state: equations (line) and samples of finite networks from engine chain (points, means of log10
of the error and standard errors over runs), all from the same overlaps. Settings and figure are of this
project; the numbers of (b) and (c) agree with an independent computation. The question is that of Achille,
Rovere and Soatto (ICLR 2019), for other networks and known from memory: no number here is theirs. In trial
runs with both layers trained from small weights no such period was found.
"""
STRONG, WEAK = 5.0, 1.0  # variances of the noise
RECOVERY, SLOW_RECOVERY = 120.0, 240.0  # from the end of the deficit to the error
LENGTH, BUDGET = 20.0, 200.0
REFERENCE = "independent integration of the equations"
# Errors 120 after deficits by their length, integrated by an independent program.
NOISY = {
    0: 0.000375718,
    2: 0.000581965,
    5: 0.00108401,
    10: 0.0020752,
    20: 0.00505635,
    40: 0.0178642,
    80: 0.0730524,
}
HALF_FROZEN = {
    0: 0.000375718,
    2: 0.00046874,
    5: 0.000581316,
    10: 0.00069695,
    20: 0.000798313,
    40: 0.000863544,
    80: 0.000892913,
}
# Errors at 200 by the start of a deficit of length 20.
NOISY_STARTS = {
    0: 0.000417688,
    20: 0.000497479,
    40: 0.000774334,
    60: 0.00163447,
    80: 0.00389645,
    100: 0.00919009,
    120: 0.019549,
    140: 0.0353164,
    160: 0.0561706,
}
HALF_FROZEN_STARTS = {
    0: 5.94541e-05,
    20: 2.52038e-05,
    40: 2.45649e-05,
    60: 2.38979e-05,
    80: 2.33925e-05,
    100: 2.30701e-05,
    120: 2.28857e-05,
    140: 2.27939e-05,
    160: 2.27607e-05,
}
COLORS = [_figures.series_color(index) for index in (3, 1, 0)]  # of strong noise, weak noise, a frozen unit
PLAIN = {"color": "0.5", "linestyle": "-", "linewidth": 0.9}
LOST = {"color": "0.5", "linestyle": ":", "linewidth": 1.2}
CRITICAL = 10.0  # end of the critical period
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
compared = partial(claim, source=REFERENCE)


def figure(curves):
    """Draw time courses, both sections, both maps, and the sizes of networks."""
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.85)
    strong, frozen = noise(curves, STRONG), curves[FROZEN]["ode"]
    cases = {"noise, variance 5": strong, "noise, variance 1": noise(curves, WEAK), "frozen unit": frozen}
    plot_courses(axes[0, 0], strong, frozen)
    plot_lengths(axes[0, 1], cases)
    plot_starts(axes[0, 2], cases)
    plot_excess(axes[1, 0], frozen, "excess, frozen unit", "vlag", vmin=-0.5, vmax=0.5)
    plot_excess(axes[1, 1], strong, "excess, noise", "rocket_r", vmin=0.0, vmax=4.0)
    plot_sizes(axes[1, 2], curves[SIZES])
    legend_above(fig, [axes[0, 2]])
    _figures.letter(axes)
    return fig


def noise(curves, variance):
    """Return the curves with noise of a variance, over start and length."""
    return curves[NOISE]["ode"].select(input_noise=np.sqrt(variance))


def course(entry, length=0.0):
    """Return log10 of the error over time with a deficit that starts at 0, (time,)."""
    return np.log10(errors(entry.select(start=0.0, length=length), 0)[0])


def log_clean(entry, when):
    """Return log10 of the error without a deficit at some times, by interpolation between recorded ones."""
    return np.interp(when, entry.time, course(entry))


def recovered(entry, recovery):
    """Return log10 of the error some time after the end of each deficit, (length, run)."""
    lengths = entry.axis("length").tolist()
    return np.array([levels(entry.select(length=value), 0, value + recovery) for value in lengths])


def in_the_end(entry, length=LENGTH):
    """Return log10 of the error at the end for deficits of a length, (start,)."""
    return levels(entry.select(length=length), 0, BUDGET)[:, 0]


def excess(entry):
    """Return log10 of the error at the end over that of a run delayed by the deficit, (start, length)."""
    start, length = np.meshgrid(entry.axis("start"), entry.axis("length"), indexing="ij")
    lost = np.minimum(length, BUDGET - start)
    return levels(entry, 0, BUDGET)[..., 0] - log_clean(entry, BUDGET - lost)


def plot_courses(ax, strong, frozen):
    """Draw the error over time with and without a deficit at the start, and with a delay."""
    ax.axvspan(0.0, LENGTH, color="0.9", zorder=0)
    time = strong.time
    named = {"noise, variance 5": strong, "frozen unit": frozen}
    for (name, entry), color in zip(named.items(), (COLORS[0], COLORS[2]), strict=True):
        _figures.plot_theory(ax, time, 10.0 ** course(entry, LENGTH), name, label=None, color=color)
    _figures.plot_theory(ax, time, 10.0 ** course(strong), "no deficit", label=None, **PLAIN)
    delayed = time <= BUDGET - LENGTH
    _figures.plot_theory(
        ax, time[delayed] + LENGTH, 10.0 ** course(strong)[delayed], "lost time", label=None, **LOST
    )
    _figures.log_axes(ax)
    ax.set(xlabel="time $t$", ylabel=r"error $\epsilon$", xlim=(0.0, BUDGET), ylim=(5e-6, 1.0))


def plot_lengths(ax, cases):
    """Draw the error some time after deficits from the start on, against their lengths."""
    for (name, entry), color in zip(cases.items(), COLORS, strict=True):
        length, error = entry.axis("length"), 10.0 ** recovered(entry.select(start=0.0), RECOVERY)[:, 0]
        _figures.plot_theory(ax, length, error, name, color=color)
    plain = 10.0 ** log_clean(entry, length + RECOVERY)
    _figures.plot_theory(ax, length, plain, "no deficit", **PLAIN)
    _figures.plot_theory(ax, length, np.full(len(length), plain[0]), "lost time", **LOST)
    _figures.log_axes(ax)
    ax.set(
        xlabel="length of the deficit", ylabel=r"error $\epsilon$, 120 after its end", xlim=(0.0, length[-1])
    )


def plot_starts(ax, cases):
    """Draw the error at the end against the start of a deficit."""
    for (name, entry), color in zip(cases.items(), COLORS, strict=True):
        start = entry.axis("start")
        _figures.plot_theory(ax, start, 10.0 ** in_the_end(entry), name, label=name, color=color)
    for name, when, style in (("no deficit", BUDGET, PLAIN), ("lost time", BUDGET - LENGTH, LOST)):
        level = np.full(len(start), 10.0 ** log_clean(entry, when))
        _figures.plot_theory(ax, start, level, name, label=name, **style)
    _figures.log_axes(ax)
    ax.set(xlabel="start of the deficit", ylabel=r"error $\epsilon$ at $t = 200$", xlim=(0.0, start[-1]))


def plot_excess(ax, entry, label, cmap, **limits):
    """Draw a map of the excess over start and length of the deficit."""
    start, length = entry.axis("start"), entry.axis("length")
    steps = {"xticklabels": max(1, len(start) // 4), "yticklabels": max(1, len(length) // 4)}
    _figures.plot_heatmap(ax, start, length, excess(entry).T, label, "theory", cmap, **limits, **steps)
    ax.set(xlabel="start of the deficit", ylabel="length of the deficit")


def plot_sizes(ax, engines):
    """Draw the error after deficits of strong noise in networks of several sizes, and in the limit."""
    ode, chain = engines["ode"], engines["chain"]
    colors = _figures.colors_along(range(len(chain.axis("dimension"))), "viridis")
    for size, color in zip(chain.axis("dimension").tolist(), colors, strict=True):
        logs = recovered(chain.select(dimension=size), SLOW_RECOVERY)
        name, error = f"N = {size}", sem_over(logs, 1)
        _figures.plot_simulation(
            ax, chain.axis("length"), mean_over(logs, 1), name, error, color=color, label=f"$N = {size}$"
        )
    logs = recovered(ode, SLOW_RECOVERY)[:, 0]
    _figures.plot_theory(ax, ode.axis("length"), logs, "equations", color="black")
    ax.set(
        xlabel="length of the deficit", ylabel=r"$\log_{10} \epsilon$, 240 after its end", ylim=(-5.2, -1.6)
    )
    ax.legend(loc="lower right")


def claims(curves):
    """State what the deficits cost by length and by start, the comparison, and the effect of size."""
    strong, weak, frozen = noise(curves, STRONG), noise(curves, WEAK), curves[FROZEN]["ode"]
    return [
        known_values(strong, frozen),
        *length_claims(strong, weak, frozen),
        *start_claims(strong, frozen),
        size_claim(curves[SIZES]["chain"]),
    ]


def known_values(strong, frozen):
    """State the distance from numbers of another program."""
    distance = []
    for entry, lengths, starts in (
        (strong, NOISY, NOISY_STARTS),
        (frozen, HALF_FROZEN, HALF_FROZEN_STARTS),
    ):
        recovery = recovered(entry.select(start=0.0), RECOVERY)[:, 0]
        distance += distances(entry.axis("length"), recovery, lengths)
        distance += distances(entry.axis("start"), in_the_end(entry), starts)
    return compared(
        "Errors 120 after deficits and at 200: largest distance of log10 from that of the other computation, "
        f"{len(distance)} lengths and starts of strong noise and of a frozen unit.",
        value=max(distance),
        low=0.0,
        high=1e-4,
    )


def distances(axis, found, known):
    """Return the distances of log10 of errors from known errors, where an axis has their values."""
    shared = [value for value in known if np.isclose(axis, value).any()]
    return [abs(found[np.isclose(axis, value)][0] - np.log10(known[value])) for value in shared]


def length_claims(strong, weak, frozen):
    """State how harm grows with the length: on and on, up to a limit, or not at all."""
    at = {
        name: recovered(entry.select(start=0.0), RECOVERY)[:, 0]
        for name, entry in (("strong", strong), ("weak", weak), ("frozen", frozen))
    }
    yield claim(
        "Noise of variance 5 harms more the longer it lasts: smallest increase of log10 of the error 120 "
        "after it between neighbouring lengths.",
        value=np.diff(at["strong"]).min(),
        low=0.0,
    )
    length = frozen.axis("length")
    yield claim(
        "The harm of a frozen unit saturates: increase of log10 of the error 120 after it from length 40 to "
        "80, divided by that from 0 to 40.",
        value=np.diff(np.interp((40.0, 80.0), length, at["frozen"]))[0]
        / np.diff(np.interp((0.0, 40.0), length, at["frozen"]))[0],
        high=0.25,
    )
    yield claim(
        "Noise of variance 1 harms no more than the time it takes: largest log10 of the error 120 after it "
        "over that of the run without a deficit at 120.",
        value=(at["weak"] - at["weak"][0]).max(),
        high=0.01,
    )


def start_claims(strong, frozen):
    """State that a frozen unit has a critical period and that noise has none."""
    beyond = in_the_end(frozen) - log_clean(frozen, BUDGET - LENGTH)
    start = frozen.axis("start")
    yield claim(
        "A unit frozen from the start for a time of 20 costs more than this time: log10 of the error at 200 "
        "over that of the run without a deficit at 180.",
        value=beyond[0],
        low=0.2,
    )
    yield claim(
        "A unit frozen from t = 10 or later costs less than the time: largest value of the same quantity.",
        value=beyond[start >= CRITICAL].max(),
        high=0.0,
    )
    yield claim(
        "Noise harms more the later it comes: smallest increase of log10 of the error at 200 between "
        "neighbouring starts.",
        value=np.diff(in_the_end(strong)).min(),
        low=0.0,
    )


def size_claim(chain):
    """State that finite networks recover better the smaller they are."""
    length = chain.axis("length")[-1]
    last = [
        mean_over(recovered(chain.select(dimension=size), SLOW_RECOVERY)[-1], 0)
        for size in chain.axis("dimension").tolist()
    ]
    return claim(
        f"Finite networks recover better the smaller they are: smallest increase of the mean log10 of the "
        f"error 240 after noise of length {length:g} from each N to the next larger one.",
        value=np.diff(last).min(),
        low=0.0,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
