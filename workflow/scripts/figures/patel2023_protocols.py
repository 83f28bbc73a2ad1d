"""Four kinds of reward: all decisions right, at least some, a bonus for the first ones, a bonus for each.

Believed to be the figure of protocols of Patel et al. The reader should see that a small penalty speeds
learning up and a larger one prevents it, and that rewards that are easier to get speed up the start but lead
to a worse end.
"""

import _figures
import numpy as np
from _patel2023 import OWN, at, claim_of, distance, every, overlap, plot_spread, time_to

FIGURE = "patel2023_protocols"
ALL, AT_LEAST, FIRST, PER_STEP = (f"patel2023_{name}" for name in ("all", "at_least", "first", "per_step"))
CAPTION = """
Overlap rho, the cosine between student and teacher, against time (episodes / N) for four kinds of reward. (a)
All T = 11 decisions of an episode must be right, otherwise there is a penalty. (b) At least n of T = 12
decisions must be right; solid lines without penalty, dashed lines with a penalty of 0.05. (c) All T = 11
decisions must be right, and the first T_0 of them have a bonus of 0.2 when all of these are right. (d) All T
= 11 decisions must be right, and each decision has a bonus r_b for each right decision from it to the end.
Lines: equations of motion. Points: exact chain with 900 inputs, mean and standard deviation of 20 runs, to t
= 1000 (fewer runs and a shorter time in the small form; in b without penalty). Rewards, penalties and bonuses
are in units of the reward for a whole episode; the learning rate is 1, rho = 0 and Q = 1 at the start. In (a)
a penalty of 0.01 makes the student learn four times sooner, one of 0.02 makes it stay near rho = 0.03: it has
a fixed point there. In (b) to (d) easier rewards are learned sooner. They end at a lower overlap in (b),
where many episodes with mistakes are rewarded, and in (d), where the bonuses never stop; in (c) all end
alike. Parameters are those in code of Patel, Lee, Sarao Mannelli, Goldt and Saxe (2023); the panels are from
memory.
"""
PENALTIES, COUNTS, FIRSTS, BONUSES = (0.0, 0.005, 0.01, 0.02), (7, 9, 11), (2, 5, 9), (0.0, 0.01, 0.1, 0.5)
# Times at which rho = 0.9 (a) and 0.5 (c, d), overlaps at the end (b, d), of the other computation.
TIMES_ALL = {0.0: 677.8, 0.005: 274.1, 0.01: 158.4}
ENDS = {7: 0.72268, 9: 0.91739, 11: 0.99316}
ENDS_PENALTY = {7: 0.73277, 9: 0.92498, 11: 0.99616}
TIMES_FIRST = {2: 71.8, 5: 129.6, 9: 339.1}
TIMES_BONUS = {0.0: 520.8, 0.01: 444.3, 0.1: 135.3, 0.5: 38.6}
ENDS_BONUS = {0.0: 0.99986, 0.01: 0.99597, 0.1: 0.88426, 0.5: 0.86238}
# Mean overlap of the chain of 900 inputs at t = 300 by the other computation, with rough errors.
CHAIN = {0.0: (0.177, 0.02), 0.005: (0.965, 0.004), 0.01: (0.995, 0.001)}
claim, own = claim_of(FIGURE), claim_of(FIGURE, OWN)


def figure(curves):
    """Draw the overlap over time for the four kinds of reward."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.62)
    panels = axes.ravel()
    plot(panels[0], curves[ALL], "penalty", PENALTIES, "penalty")
    at_least = curves[AT_LEAST]
    for penalty, line in ((0.0, "-"), (0.05, "--")):
        shown = [name for name in at_least if name == "ode" or penalty == 0.0]
        parts = {name: at_least[name].select(penalty=penalty) for name in shown}
        plot(panels[1], parts, "count", COUNTS, "$n$" if penalty == 0.0 else None, line)
    plot(panels[2], curves[FIRST], "count", FIRSTS, "$T_0$")
    plot(panels[3], curves[PER_STEP], "bonus", BONUSES, "$r_b$")
    titles = ("all right, $T = 11$", "at least $n$ of 12", "bonus for the first $T_0$", "bonus for each")
    for ax, title in zip(panels, titles, strict=True):
        ax.set(xscale="log", xlim=(1.0, 16000.0), ylim=(-0.05, 1.03), title=title)
        ax.set(xlabel="time $t$", ylabel=r"overlap $\rho$")
        ax.legend(loc="upper left", title_fontsize="small", title=ax.get_legend().get_title().get_text())
    _figures.letter(axes)
    return fig


def plot(ax, engines, axis, values, title, line="-"):
    """Draw one kind of reward for some values of a setting; without a title the colours are known."""
    for index, value in enumerate(values):
        color, label = _figures.series_color(index), f"{value:g}" if title else None
        name = f"{axis} = {value:g}" + ("" if line == "-" else ", penalty")
        ode = engines["ode"].select(**{axis: value})
        style = {"color": color, "label": label, "linestyle": line}
        _figures.plot_theory(ax, ode.time, overlap(ode)[0], name, **style)
        if "chain" in engines and np.isclose(engines["chain"].axis(axis), value).any():
            chain = engines["chain"].select(**{axis: value})
            shown = every(chain, 30)
            plot_spread(ax, chain.time[shown], overlap(chain)[:, shown], name, color, markersize=2.5)
    if title:
        ax.legend(title=title)


def claims(curves):
    """State times and ends of all kinds of reward, and the agreement with the chain."""
    return [
        *penalty_claims(curves[ALL]["ode"]),
        *at_least_claims(curves[AT_LEAST]["ode"]),
        *first_claims(curves[FIRST]["ode"]),
        *bonus_claims(curves[PER_STEP]["ode"]),
        *chain_claims(curves[ALL]["chain"]),
    ]


def lines(entry, axis, values):
    """Return the overlaps over time by the value of a setting."""
    return {value: overlap(entry.select(**{axis: value}))[0] for value in values}


def times_to(entry, axis, values, level):
    """Return the time at which the overlap reaches a level by the value of a setting."""
    found = lines(entry, axis, values)
    return {value: float(time_to(entry.time, line, level)) for value, line in found.items()}


def known(words, found, other):
    """State the largest relative distance of several values from known ones."""
    return claim(
        f"{words}: largest relative distance from those of the other computation.",
        value=distance(found, other),
        low=0.0,
        high=1.5e-3,  # half a unit of the last of three digits
    )


def penalty_claims(ode):
    """State how penalties change the time to learn."""
    times = times_to(ode, "penalty", PENALTIES, 0.9)
    yield known(
        "(a) Times at which the overlap is 0.9, for penalties 0, 0.005 and 0.01",
        {value: times[value] for value in TIMES_ALL},
        TIMES_ALL,
    )
    yield claim(
        "(a) Time at which the overlap is 0.9 without penalty, divided by that with a penalty of 0.01.",
        value=times[0.0] / times[0.01],
        low=4.2,
        high=4.4,
    )
    stuck = overlap(ode.select(penalty=0.02))[0]
    yield claim(
        "(a) Overlap at the end with a penalty of 0.02: that of the fixed point.",
        value=stuck[-1],
        low=0.0312,
        high=0.0314,
    )


def at_least_claims(ode):
    """State the overlaps at t = 16000."""
    for penalty, ends in ((0.0, ENDS), (0.05, ENDS_PENALTY)):
        found = lines(ode.select(penalty=penalty), "count", COUNTS)
        yield known(
            f"(b) Overlaps at t = 16000 for n = 7, 9 and 11, penalty {penalty:g}",
            {value: line[-1] for value, line in found.items()},
            ends,
        )


def first_claims(ode):
    """State the times to learn and the errors at the end with a bonus for the first decisions."""
    yield known(
        "(c) Times at which the overlap is 0.5, for T_0 = 2, 5 and 9",
        times_to(ode, "count", FIRSTS, 0.5),
        TIMES_FIRST,
    )
    errors = [np.arccos(line[-1]) / np.pi for line in lines(ode, "count", FIRSTS).values()]
    for what, value in (("smallest", min(errors)), ("largest", max(errors))):
        yield claim(
            f"(c) Probability of a wrong decision at t = 16000: {what} one.",
            value=value,
            low=0.0048,
            high=0.0051,
        )


def bonus_claims(ode):
    """State the times to learn and the overlaps at the end with a bonus for each decision."""
    yield known(
        "(d) Times at which the overlap is 0.5, for the four bonuses",
        times_to(ode, "bonus", BONUSES, 0.5),
        TIMES_BONUS,
    )
    found = {value: line[-1] for value, line in lines(ode, "bonus", BONUSES).items()}
    yield known("(d) Overlaps at t = 16000 for the four bonuses", found, ENDS_BONUS)


def chain_claims(chain):
    """State the mean overlaps of the chain at t = 300."""
    for penalty, (value, error) in CHAIN.items():
        values = overlap(chain.select(penalty=penalty))
        found = [at(chain, run, 300.0)[0] for run in values]
        yield claim(
            f"(a) Exact chain of 900 inputs, penalty {penalty:g}: mean overlap at t = 300.",
            value=np.mean(found),
            low=value - error,
            high=value + error,
            uncertainty=np.std(found) / np.sqrt(len(found) - 1),
        )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
