"""Maps of forgetting and transfer of wide networks with a switch as soon as the first task is learned.

A variant of the maps of Lee, Goldt & Saxe 2021 in their later code; it is not known whether it is
published. The reader should see that equal tasks have the smallest forgetting and the largest transfer also
if the first task is learned well, but that their forgetting is much larger than after fewer steps; transfer
increases with the similarity of features.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import errors
from _lee2021_maps import as_published, draw, similarities, switch

from teacherstudent import measures
from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over

FIGURE, MAPS = "lee2021_threshold_heatmaps", "lee2021_threshold_maps"
CAPTION = """
Forgetting of task 1 (a, b) and transfer to task 2 (c, d), in decades of the error, at the end (a, c) and
at their maximum (b, d), against the similarities of the teachers' features and of their readouts. The
switch comes as soon as the error of task 1 is below 0.0001. Simulated wide networks in single precision:
15 inputs, teachers of 250 units, students of 1000 units with outputs divided by 1000; about 10 million
steps until the switch and 1.5 million after it (smaller and shorter in the small form).
The criterion of the switch was read in the authors' later code (Lee, Goldt and Saxe, ICML 2021). The grid
is coarser than theirs, and the number of steps after the switch is that of the other maps. It is not
known whether such maps are published.
"""
claim = partial(Claim, FIGURE, source="as in the maps with a switch at a fixed time", certainty="recomputed")


def figure(curves):
    """Draw the four maps, means over runs."""
    maps = curves[MAPS]["network"]
    fig, axes = _figures.panels(2, 2, _figures.PAGE * 0.75, 0.85)
    draw(axes, maps, measured(maps))
    return fig


def start(maps):
    """Return the last recorded time before the switch, (feature similarity, readout similarity, run)."""
    return maps.time[np.searchsorted(maps.time, switch(maps), side="right") - 1]


def measured(maps):
    """Return forgetting and transfer at the end and at the largest, (feature, readout similarity, run)."""
    moment, time, (first, second) = start(maps), maps.time, (errors(maps, task) for task in (0, 1))
    return {
        "forgetting at the end": measures.forgetting(time, first, moment),
        "maximal forgetting": measures.maximal_forgetting(time, first, moment),
        "transfer at the end": measures.transfer(time, second, moment),
        "maximal transfer": measures.maximal_transfer(time, second, moment),
    }


def claims(curves):
    """State the error at the switch, the minimum of forgetting, and the increase of transfer."""
    maps = curves[MAPS]["network"]
    means = {name: mean_over(values, 2) for name, values in measured(maps).items()}
    late, features = means["forgetting at the end"], similarities(maps)[0]
    reached = measures.log10_error_at(maps.time, errors(maps, 0), start(maps))
    gained = means["transfer at the end"]
    slope = np.polyfit(features, gained.mean(axis=1), 1)[0]
    return [
        claim(
            "log10 of the error of task 1 at the last recorded time before the switch, largest of all runs.",
            value=reached.max(),
            low=-4.1,
            high=-3.9,
        ),
        claim(
            "Equal tasks have the smallest forgetting at the end: smallest of all others minus that of "
            "equal tasks, in decades.",
            value=np.delete(late.ravel(), -1).min() - late[-1, -1],
            low=0.0,
        ),
        claim(
            "Transfer at the end increases with feature similarity: slope of its mean over readout "
            "similarities.",
            value=slope,
            low=0.0,
        ),
        *([equal_tasks(gained)] if as_published(maps) else []),
    ]


def equal_tasks(gained):
    """State that equal tasks have the largest transfer."""
    return claim(
        "Equal tasks have the largest transfer at the end: their transfer minus the largest of all others, "
        "in decades.",
        value=gained[-1, -1] - np.delete(gained.ravel(), -1).max(),
        low=0.0,
        source="normalised maps over 41 runs in the authors' notebook",
        certainty="read",
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
