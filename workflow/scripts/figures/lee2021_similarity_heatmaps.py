"""Forgetting and transfer against the similarity of features and that of readouts, in wide networks.

Believed to be a figure of the main part of Lee, Goldt & Saxe 2021. The reader should see that both
similarities have an effect, and different ones: long-time forgetting is small only if both are one, maximal
forgetting has a ridge inside the map, and the initial rates are largest for equal tasks. Long-time transfer
is nearly the same in all cells.
"""

import _figures
import numpy as np
from _lee2021_fixed_switch import collapse, maps_claims
from _lee2021_maps import MEASURES, as_published, draw, measured, similarities

from teacherstudent.experiments.claims import Claim

FIGURE, MAPS, DOUBLE = (
    "lee2021_similarity_heatmaps",
    "lee2021_similarity_maps",
    "lee2021_similarity_precision",
)
CAPTION = """
Forgetting of task 1 (upper row) and transfer to task 2 (lower row), in decades of the error, against the
similarities of the teachers' features and of their readouts; means over runs of simulated wide networks.
Titles: smallest and largest standard error of the cells. (a, d) Change per 100 steps over the first 1000
steps after the switch; (b) forgetting at the time at which the error of task 2 falls to the error that task
1 had at the switch; (e) transfer at the end; (c, f) largest values. 15 inputs, teachers of 250 units,
students of 1000 units with outputs divided by 1000, 3 million steps, the switch after half of them (smaller
and shorter in the small form).
Believed to be a figure of the main part of Lee, Goldt and Saxe (ICML 2021); sizes, rates, times and measures
were read in the authors' code. In their notebooks the labels of the two axes are exchanged, as numbers
printed there prove; here the axes have the labels of what was computed. The published map is thought to be
an average over about 41 seeds; their maps of three seeds are known in numbers. The claims compare trends
with these within the standard errors of both. Settled are the increase of both rates with the similarity of
features, and that only equal tasks are retained in the end. Trends of maximal forgetting and of transfer are
smaller than the differences between runs: three seeds do not determine them.
"""


def figure(curves):
    """Draw the six maps, means over runs."""
    maps = curves[MAPS]["network"]
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.9)
    draw(axes, maps, measured(maps))
    _figures.letter(axes)
    return fig


def claims(curves):
    """State the minimum, and in networks of the published size the trends and the resemblance to theirs."""
    maps = curves[MAPS]["network"]
    compared = maps_claims(FIGURE, maps) if as_published(maps) and maps.runs > 3 else []
    return [*collapse(FIGURE, maps), *compared, single_precision(maps, curves[DOUBLE]["network"])]


def single_precision(single, double):
    """State that single precision, as in the maps, changes measures by less than the spread of runs."""
    chosen = [
        np.flatnonzero(np.isclose(of_map, of_check[:, None]).any(axis=0))
        for of_map, of_check in zip(similarities(single), similarities(double), strict=True)
    ]
    here, there = measured(single), measured(double)
    runs = min(single.runs, double.runs)
    changes = [
        rms((here[name][np.ix_(*chosen)][..., :runs] - there[name][..., :runs]).mean(axis=2))
        / rms(there[name].std(axis=2, ddof=1))
        for name in MEASURES
    ]
    pairs = len(chosen[0]) * len(chosen[1])
    statement = (
        f"Single precision at {pairs} pairs of similarities: change of a measure, mean over runs, divided by "
        "the standard deviation of runs (root mean squares over pairs); largest of the six measures."
    )
    return Claim(
        FIGURE, statement, value=max(changes), high=1.0, source="this project", certainty="recomputed"
    )


def rms(values):
    """Return the root mean square."""
    return float(np.sqrt(np.nanmean(np.square(values))))


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
