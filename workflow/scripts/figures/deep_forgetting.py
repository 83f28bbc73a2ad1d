"""Forgetting of students with one, two and three hidden layers: not a published figure.

The reader should see that students with inner layers forget more of the first task than those of two layers
soon after the switch, at every similarity of the tasks, that this is clearest for an identical task under a
new head, and that forgetting is largest at intermediate similarity.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import errors

from teacherstudent.experiments.claims import Claim
from teacherstudent.measures import forgetting, transfer
from teacherstudent.store.curves import Curves, mean_over, sem_over

FIGURE = "deep_forgetting"
LAYERS = (1, 2, 3)
SOON, LATER = 5.0, 20.0  # times after the switch
EXAMPLE = 0.5  # similarity in the panel over time
CAPTION = """
Students with L hidden layers of two erf units (L = 1 is the usual student of two layers; inner layers start
near 1.2 times the identity with deviations of 0.3, and all layers are trained at rate 1), a head per task,
two teachers of one unit, and a switch at t = 150. (a) Error of the first task for half similar teachers.
(b, c) Forgetting, the increase of its log10 error since the switch, 5 and 20 units of time later, and (d)
transfer to the second task after 5 units, against the similarity of the teachers. Lines: means over students
of the equations of motion, for which means over the fields are sums over nodes; points: chains of 2000
inputs with other initial weights and standard errors; there are 20 and 16 students (fewer in the small
form). This is a figure of the project itself: scale of the initial weights and times are our choice. How
much a student forgets depends on its initial weights: standard errors of the lines are 0.1 to 0.2 decades
with one hidden layer, and smaller with more. After 20 units of time the depths are equal within these errors
at similarities of about 0.8 and 0.9.
"""
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
PROTOTYPE = "an independent integration for three other students"


def figure(curves):
    """Draw the error over time, forgetting at two times, and transfer."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.7)
    for index, layers in enumerate(LAYERS):
        engines = of_depth(curves, layers)
        style = {"series": f"L = {layers}", "color": _figures.series_color(index)}
        plot_errors(axes[0, 0], engines, **style)
        for ax, measure in zip(axes.flat[1:], MEASURES, strict=True):
            plot_measure(ax, engines, measure, **style)
    axes[0, 0].legend(title="hidden layers")
    _figures.log_axes(axes[0, 0])
    _figures.mark_switch(axes[0, 0], 150.0)
    axes[0, 0].set(xlabel="time $t$", ylabel=r"error of task 1", xlim=(100.0, 300.0), ylim=(1e-5, 0.3))
    labels = "forgetting at 5 (decades)", "forgetting at 20 (decades)", "transfer at 5 (decades)"
    for ax, label in zip(axes.flat[1:], labels, strict=True):
        ax.set(xlabel="similarity of the teachers", ylabel=label)
    _figures.letter(axes)
    return fig


def of_depth(curves, layers: int) -> dict[str, Curves]:
    """Return the curves of students with a number of hidden layers by engine."""
    if layers == 1:
        return curves[f"{FIGURE}_1"]
    return {engine: entry.select(layers=layers) for engine, entry in curves[f"{FIGURE}_inner"].items()}


def forgotten(entry, after):
    """Return the forgetting of the first task, (similarities, runs)."""
    return forgetting(entry.time, errors(entry, 0), 150.0, after)


MEASURES = (
    partial(forgotten, after=SOON),
    partial(forgotten, after=LATER),
    lambda entry: transfer(entry.time, errors(entry, 1), 150.0, SOON),
)


def plot_errors(ax, engines, series, color):
    """Draw the geometric mean of the errors of the first task at one similarity."""
    for entry, plot in ((engines["ode"], _figures.plot_theory), (engines["chain"], _figures.plot_simulation)):
        logs = np.log10(errors(entry.select(similarity=EXAMPLE), 0))
        mean, shown = 10.0 ** mean_over(logs, 0), np.flatnonzero(entry.time >= 100.0)
        if plot is _figures.plot_theory:
            plot(ax, entry.time[shown], mean[shown], series, label=series[-1], color=color)
        else:
            few = shown[::12]
            plot(ax, entry.time[few], mean[few], series, color=color, label=None, markersize=2.5)


def plot_measure(ax, engines, measure, series, color):
    """Draw means over students against similarity, with standard errors of the chains."""
    ode, chain = engines["ode"], engines["chain"]
    mean = mean_over(measure(ode), 1)
    _figures.plot_theory(ax, ode.axis("similarity"), mean, series, color=color, label=None)
    values = measure(chain)
    style = {"color": color, "label": None, "markersize": 3.5}
    _figures.plot_simulation(
        ax, chain.axis("similarity"), mean_over(values, 1), series, sem_over(values, 1), **style
    )


def claims(curves):
    """State which depth forgets more, where it is clearest, the worst similarity, transfer, and chains."""
    ode = {layers: of_depth(curves, layers)["ode"] for layers in LAYERS}
    return [
        *more_with_layers(ode),
        clearest(ode),
        worst_similarity(ode),
        identical_task(ode),
        chain_claim(curves),
    ]


def more_with_layers(ode):
    """State that two and three hidden layers forget more: soon at every similarity, later on average."""
    for after, which, of in ((SOON, "smallest", np.min), (LATER, "average", np.mean)):
        one = mean_over(forgotten(ode[1], after), 1)
        others = [mean_over(forgotten(ode[layers], after), 1) - one for layers in (2, 3)]
        yield claim(
            f"Forgetting at {after:g} after the switch with two and three hidden layers minus that with one, "
            f"in decades, mean over students: {which} of all similarities.",
            value=float(of(others)),
            low=0.0,
            source=PROTOTYPE,
        )


def clearest(ode):
    """State how much more is forgotten of an identical task."""
    found = [forgotten(ode[layers].select(similarity=1.0), SOON) for layers in LAYERS]
    difference = 0.5 * (mean_over(found[1], 0) + mean_over(found[2], 0)) - mean_over(found[0], 0)
    return claim(
        "An identical task under a new head: forgetting at 5 with two and three hidden layers minus that "
        "with one, in decades.",
        value=difference,
        low=0.3,
        high=1.6,
        source=PROTOTYPE,
        uncertainty=float(np.hypot(sem_over(found[0], 0), sem_over(found[2], 0))),
    )


def worst_similarity(ode):
    """State that forgetting is largest at intermediate similarity."""
    margins = []
    for entry in ode.values():
        values = mean_over(forgotten(entry, SOON), 1)
        margins.append(values[1:-1].max() - max(values[0], values[-1]))
    return claim(
        "Forgetting at 5: largest mean over students between the ends of similarity minus the larger one at "
        "the ends; the smallest of the three depths, in decades.",
        value=float(min(margins)),
        low=0.0,
        source=PROTOTYPE,
    )


def identical_task(ode):
    """State that the transfer of an identical task becomes smaller with depth."""
    found = [
        transfer(o.time, errors(o, 1), 150.0, SOON) for o in (e.select(similarity=1.0) for e in ode.values())
    ]
    return claim(
        "Transfer of an identical task at 5 with three hidden layers minus that with one, in decades.",
        value=mean_over(found[2], 0) - mean_over(found[0], 0),
        high=0.0,
        source=PROTOTYPE,
        uncertainty=float(np.hypot(sem_over(found[0], 0), sem_over(found[2], 0))),
    )


def chain_claim(curves):
    """State that chains forget as the equations do."""
    scores = []
    for layers in LAYERS:
        ode, chain = (of_depth(curves, layers)[engine] for engine in ("ode", "chain"))
        for similarity in chain.axis("similarity").tolist():
            pair = [forgotten(entry.select(similarity=similarity), LATER) for entry in (ode, chain)]
            error = np.hypot(*(sem_over(values, 0) for values in pair))
            scores.append((mean_over(pair[1], 0) - mean_over(pair[0], 0)) / error)
    return claim(
        f"Forgetting at 20, {len(scores)} depths and similarities: root mean square of the differences of "
        "means over chains and over the equations, in standard errors (their students differ).",
        value=float(np.sqrt(np.mean(np.square(scores)))),
        low=0.0,
        high=2.0,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
