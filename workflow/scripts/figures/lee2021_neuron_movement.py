"""Movement of the weights of single units after the switch, against the size of their readout.

Read in a notebook of Lee, Goldt & Saxe 2021, probably not published. The reader should see that the units
with the largest movement have readouts of intermediate size, and that all units move less if the readouts
of the tasks are more similar.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import PLOTTED, inputs
from _lee2021_maps import UNITS, as_published, switch

from teacherstudent.experiments.claims import Claim

FIGURE, MOVEMENT = "lee2021_neuron_movement", "lee2021_weight_movement"
EARLY = 15_000
STEPS = (5_000, 10_000, EARLY, 1_000_000)  # after the switch
MOST = 0.1  # part of the units
MIDDLE = (3.0, 6.0)  # sizes of readouts of the units that move most, as published
CAPTION = """
Mean squared movement of the weights of single units since the switch, against the size |u| of their
readout for task 1 at the switch, in wide students of two teachers with equal features. Colours:
similarity of the teachers' readouts, with one simulation each. Panels: four numbers of steps after the
switch (fewer in the small form, in proportion to the units).
The panels were read in the authors' notebook (Lee, Goldt and Saxe, ICML 2021); they are probably not
published.
"""
claim = partial(Claim, FIGURE, source="scatter in the authors' notebook")


def figure(curves):
    """Draw a panel for each number of steps."""
    units = curves[MOVEMENT]["network"]
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.7)
    similarity, sizes = units.axis("similarity"), readouts(units)
    for ax, steps in zip(axes.flat, STEPS, strict=True):
        moved = movement(units, steps)
        for value, color, x, y in zip(
            similarity, _figures.colors_along(similarity), sizes, moved, strict=True
        ):
            style = {"color": color, "marker": ".", "markersize": 2, "rasterized": True}
            _figures.plot_simulation(ax, x, y, f"readout similarity {value:g}", label=f"{value:g}", **style)
        ax.set(xlabel="size of the readout $|u|$ at the switch", ylabel="mean squared movement")
        ax.set_title(f"{steps:,} steps")
    axes[0, 0].legend(title="readout similarity", ncol=2, markerscale=3)
    _figures.letter(axes)
    return fig


def readouts(units):
    """Return |u| of the head of task 1 at the switch, before the output scale, (similarity, unit)."""
    row = np.searchsorted(units.time, switch(units)[0, PLOTTED])
    return np.abs(units.values("student_readouts")[:, PLOTTED, row, 0]) * units.spec.student.hidden


def movement(units, steps):
    """Return the mean squared movement of each unit some steps after the switch, (similarity, unit)."""
    moment = switch(units)[0, PLOTTED]
    shorter = units.spec.student.hidden / UNITS
    start, later = (
        np.flatnonzero(np.isclose(units.time, when))[0]
        for when in (moment, moment + steps / inputs(units) * shorter)
    )
    weights = units.values("student_weights")[:, PLOTTED]
    return np.mean((weights[:, later] - weights[:, start]) ** 2, axis=2)


def claims(curves):
    """State which units move most, and that movement decreases with the similarity of readouts."""
    units = curves[MOVEMENT]["network"]
    sizes, moved = readouts(units), movement(units, STEPS[-1])
    falls = claim(
        "Movement at the end decreases with the similarity of readouts: largest step of its mean over units.",
        value=np.diff(moved.mean(axis=1)).max(),
        high=0.0,
    )
    return [falls, *unrelated(sizes[0], movement(units, EARLY)[0])] if as_published(units) else [falls]


def unrelated(sizes, moved):
    """State which units move most if readouts are unrelated, and their movement."""
    most = moved >= np.quantile(moved, 1.0 - MOST)
    yield claim(
        f"{EARLY} steps, unrelated readouts: median size of the readouts of the tenth of the units that "
        "moves most.",
        value=np.median(sizes[most]),
        low=MIDDLE[0] - 1.0,
        high=MIDDLE[1] + 1.0,
    )
    yield claim(
        f"{EARLY} steps, unrelated readouts: largest movement of a unit; 0.77 in the authors' notebook.",
        value=moved.max(),
        low=0.5,
        high=1.1,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
