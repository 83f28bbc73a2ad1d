"""Forgetting of a task of classification against the similarity of two tasks.

No published figure: the question of Lee et al. 2022 (Maslow's Hammer) for labels that are signs. The reader
should see that the first task is forgotten most at an intermediate similarity, and that the logistic loss
forgets later.
"""

from functools import partial

import _figures
import numpy as np
from _continual import legend_above

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import Curves, mean_over, sem_over

FIGURE = "classification_forgetting"
LOSSES = {"squared": "Squared loss", "logistic": "Logistic loss"}
CAPTION = """
Two erf units learn the signs of a teacher with one unit until t = 100, then those of a second teacher, with a
head of their own. Classification error of the first task against the similarity of the two teachers, at the
switch and at several times after it, for (a) the squared and (b) the logistic loss; learning rate 1, initial
weights and readouts of standard deviation 0.5. (c) Error of the second task 20 after the switch. Lines:
equations of motion, means over initial students (fewer in the small form). Points: means over samples of the
exact chain for 100 000 inputs from other initial students, with standard errors. For regression with an erf
teacher Lee et al. (ICML 2022) find that forgetting is worst at an intermediate similarity; whether this is
so for labels that are signs is the question of this figure, whose settings are our own.
"""
DELAYS = (0.0, 20.0, 50.0, 100.0)  # times after the switch
COLORS = dict(zip(DELAYS, _figures.colors_along(range(len(DELAYS))), strict=True))
# Errors of the first task 100 after the switch by an independent program, five other initial students.
KNOWN = {
    "squared": {0.0: 0.061, 0.2: 0.137, 0.4: 0.197, 0.6: 0.289, 0.8: 0.200, 1.0: 0.030},
    "logistic": {0.0: 0.175, 0.2: 0.324, 0.4: 0.293, 0.6: 0.247, 0.8: 0.199, 1.0: 0.038},
}
AT_SWITCH = {"squared": 0.0394, "logistic": 0.0478}
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
compared = partial(claim, source="independent integration of the equations, other initial students")


def figure(curves):
    """Draw the error of the first task for both losses, and that of the second one."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.9)
    for ax, (loss, title) in zip(axes[0], LOSSES.items(), strict=False):
        engines = of_loss(curves, loss)
        for delay in DELAYS:
            style = {"color": COLORS[delay]}
            plot_error(ax, engines, 0, delay, f"{delay:g} after the switch", **style)
        ax.set(title=title, ylabel="error of the first task", ylim=(0.0, 0.4))
    for index, (loss, title) in enumerate(LOSSES.items()):
        style = {"color": _figures.series_color(index)}
        plot_error(axes[0, 2], of_loss(curves, loss), 1, 20.0, title.lower(), **style)
    axes[0, 2].set(title="20 after the switch", ylabel="error of the second task", ylim=(0.0, None))
    axes[0, 2].legend()
    for ax in axes[0]:
        ax.set(xlabel="similarity of the teachers")
    legend_above(fig, [axes[0, 0]])
    _figures.letter(axes)
    return fig


def of_loss(curves, loss: str) -> dict[str, Curves]:
    """Return the curves of a loss by engine."""
    return {engine: entry.select(loss=loss) for engine, entry in curves[FIGURE].items()}


def wrong(entry: Curves, task: int, delay: float) -> np.ndarray:
    """Return the errors of a task at a time after the switch, (similarity, run)."""
    time = entry.spec.curriculum.switch_times[0] + delay
    return entry.values("classification_error")[..., np.argmin(np.abs(entry.time - time)), task]


def plot_error(ax, engines, task: int, delay: float, series: str, **style):
    """Draw the error of a task after the switch against the similarity, by equations and chain."""
    ode, chain = engines["ode"], engines["chain"]
    line = mean_over(wrong(ode, task, delay), -1)
    _figures.plot_theory(ax, ode.axis("similarity"), line, series, **style)
    values = wrong(chain, task, delay)
    mean, error = mean_over(values, -1), sem_over(values, -1)
    style |= {"label": None, "markersize": 3.0}
    _figures.plot_simulation(ax, chain.axis("similarity"), mean, series, error, **style)


def claims(curves):
    """State errors by another program, where forgetting is worst, and which loss forgets later."""
    for loss, title in LOSSES.items():
        entry = of_loss(curves, loss)["ode"]
        yield compared(
            f"{title}: mean error of the first task at the switch minus that of the other computation.",
            value=float(mean_over(wrong(entry, 0, 0.0), -1).mean()) - AT_SWITCH[loss],
            low=-0.006,
            high=0.006,
        )
        found = mean_over(wrong(entry, 0, 100.0), -1)
        near = [int(np.argmin(np.abs(entry.axis("similarity") - V))) for V in KNOWN[loss]]
        yield compared(
            f"{title}: mean over similarities 0, 0.2 ... 1 of the error of the first task 100 after the "
            "switch, minus "
            "that of the other computation.",
            value=float(found[near].mean() - np.mean(list(KNOWN[loss].values()))),
            low=-0.08,  # students differ by 0.1 or more
            high=0.08,
        )
        yield claim(
            f"{title}: largest error of the first task 100 after the switch, divided by the larger one of "
            "those at "
            "similarities 0 and 1.",
            value=float(found.max() / max(found[0], found[-1])),
            low=1.2,
            high=10.0,
        )
        yield claim(
            f"{title}: similarity with the largest error 100 after the switch.",
            value=float(entry.axis("similarity")[np.argmax(found)]),
            low=0.1,
            high=0.8,
        )
    yield later(curves)


def forgotten(entry: Curves) -> float:
    """Return the increase of the error of the first task until 20 after the switch, a mean."""
    return float((wrong(entry, 0, 20.0) - wrong(entry, 0, 0.0)).mean())


def later(curves):
    """State that with the logistic loss less is forgotten soon after the switch."""
    squared, logistic = (forgotten(of_loss(curves, loss)["ode"]) for loss in LOSSES)
    return claim(
        "Increase of the error of the first task until 20 after the switch, mean over similarities: logistic "
        "over squared loss.",
        value=logistic / squared,
        low=0.2,
        high=0.95,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
