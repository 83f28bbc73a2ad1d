"""Two tasks of classification, learned by networks with two layers: theory against simulation.

No published figure. The reader should see that equations, networks and samples of the exact chain agree for a
squared, a logistic and a hinge loss, with flipped labels, also after the switch to a second task.
"""

from functools import partial

import _figures
import numpy as np

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import Curves, mean_over, sem_over

FIGURE = "classification_dynamics"
SQUARED, LOGISTIC, HINGE = (f"classification_dynamics_{name}" for name in ("squared", "logistic", "hinge"))
CAPTION = """
Two erf units learn two tasks of classification one after the other (dashed line: the switch at t = 20), with
a head for each task; labels are signs of the outputs of teachers, and in training some are turned.
Classification error of each task on labels without flips. (a) Squared loss, learning rate 0.5, teachers
with one unit, probability of a flip 0.1. (b) Logistic loss, learning rate 2, teachers with two units,
probability 0.1. (c) Hinge loss with margin 0.5, learning rate 1, teachers with two units, probability 0.05.
Units of the two teachers have overlap 0.5. Lines: equations of motion from given overlaps. Circles: means
over networks; squares: means over samples of the exact chain, both with standard errors, of 2000 inputs
(fewer in the small form). No paper is known to have this set-up: settings are our own, and another program
computed the errors with which the claims compare.
"""
PANELS = {SQUARED: "Squared loss", LOGISTIC: "Logistic loss", HINGE: "Hinge loss"}
TIMES = (0.0, 10.0, 20.0, 30.0, 40.0)
# Errors of both tasks at these times, by an independent program.
KNOWN = {
    SQUARED: (
        (0.4235044362, 0.4419286932),
        (0.1343830671, 0.5523162276),
        (0.09767739574, 0.5846555562),
        (0.1191483502, 0.1514857911),
        (0.1692788139, 0.09770706288),
    ),
    LOGISTIC: (
        (0.4459005214, 0.5366395633),
        (0.1419468912, 0.4929167447),
        (0.1081386091, 0.4850219074),
        (0.1149720626, 0.2243642201),
        (0.1398261567, 0.1312389708),
    ),
    HINGE: (
        (0.4459005214, 0.5366395633),
        (0.1236312823, 0.5046036933),
        (0.09345939948, 0.4981804972),
        (0.1056539621, 0.1402779367),
        (0.111239026, 0.09560674962),
    ),
}
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
compared = partial(claim, source="independent integration of the equations")


def figure(curves):
    """Draw the errors of both tasks over time for each loss."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.9)
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=True):
        for task in (0, 1):
            plot_task(ax, curves[name], task)
        _figures.mark_switch(ax, *curves[name]["ode"].spec.curriculum.switch_times)
        ax.set(xlabel="time $t$", ylabel="classification error", title=title)
    axes[0, 0].legend(loc="upper right")
    _figures.letter(axes)
    return fig


def wrong(entry: Curves, task: int) -> np.ndarray:
    """Return the classification errors of a task (run, time)."""
    return entry.values("classification_error")[..., task]


def plot_task(ax, engines, task: int):
    """Draw the error of a task over time, by each engine."""
    color, name = _figures.task_color(task), f"task {task + 1}"
    ode = engines["ode"]
    _figures.plot_theory(ax, ode.time, wrong(ode, task)[0], name, color=color)
    for engine, marker, first in (("network", "o", 0), ("chain", "s", 4)):
        values, time = wrong(engines[engine], task)[:, first::8], engines[engine].time[first::8]
        mean, error = mean_over(values, 0), sem_over(values, 0)
        style = {"color": color, "label": None, "markersize": 3.0, "marker": marker}
        _figures.plot_simulation(ax, time, mean, f"{name}, {engine}", error, **style)


def claims(curves):
    """State the distance from another program, and of simulations from the equations."""
    for name, title in PANELS.items():
        ode = curves[name]["ode"]
        found = np.array([[wrong(ode, task)[0, index(ode, time)] for task in (0, 1)] for time in TIMES])
        yield compared(
            f"{title}: largest distance of the errors of both tasks at t = 0, 10, 20, 30 and 40 from "
            "those of the "
            "other computation.",
            value=float(np.abs(found - np.array(KNOWN[name])).max()),
            low=0.0,
            high=5e-6,  # both are sums with tolerances near 1e-7, whose errors grow along a run
        )
        for engine in ("network", "chain"):
            yield claim(
                f"{title}: mean over times and tasks of the distance between means over runs of engine "
                f"{engine} and "
                "the equations, in percent of labels.",
                value=100.0 * distance(ode, curves[name][engine]),
                low=0.0,
                high=1.0,
            )


def index(entry: Curves, time: float) -> int:
    """Return the index of the record at a time."""
    return int(np.argmin(np.abs(entry.time - time)))


def distance(ode: Curves, simulated: Curves) -> float:
    """Return the mean distance of the means over runs from the equations, over times and tasks."""
    return float(
        np.mean(
            [np.abs(mean_over(wrong(simulated, task), 0) - wrong(ode, task)[0]).mean() for task in (0, 1)]
        )
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
