"""Forgetting and transfer against the similarity of features and that of readouts, in wide networks.

Believed to be a figure of the main part of Lee, Goldt & Saxe 2021. The reader should see that both
similarities have an effect, and different ones: long-time forgetting is small only if both are one, maximal
forgetting has a ridge inside the map, and transfer increases mainly with the similarity of features.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import PLOTTED
from _lee2021_maps import MEASURES, as_published, draw, measured, similarities
from _lee2021_recorded import RECORDED
from _lee2021_recorded import SIMILARITIES as GRID
from scipy.stats import spearmanr

from teacherstudent.experiments.claims import Claim

FIGURE, MAPS, DOUBLE = (
    "lee2021_similarity_heatmaps",
    "lee2021_similarity_maps",
    "lee2021_similarity_precision",
)
CAPTION = """
Forgetting of task 1 (upper row) and transfer to task 2 (lower row), in decades of the error, against the
similarities of the teachers' features and of their readouts; means over runs of simulated wide networks.
(a, d) Change per 100 steps over the first 1000 steps after the switch; (b) forgetting at the time at
which the error of task 2 falls to the error that task 1 had at the switch; (e) transfer at the end; (c,
f) largest values. 15 inputs, teachers of 250 units, students of 1000 units with outputs divided by 1000,
3 million steps, the switch after half of them (smaller and shorter in the small form).
Believed to be a figure of the main part of Lee, Goldt and Saxe (ICML 2021); sizes, rates, times and
measures were read in the authors' code. In their notebooks the labels of the two axes are exchanged, as
numbers printed there prove; here the axes have the labels of what was computed. The published map is
thought to be an average over more seeds; the claims compare with their maps over three seeds. Levels and
transfer depend on the initial networks: our first run resembles the published runs, in which transfer
increases with the similarity of features; our other runs learn task 1 less well and show no such
increase.
"""
RECORDED_MAPS = "maps over three seeds digitised from the authors' notebooks"
claim = partial(Claim, FIGURE, source=RECORDED_MAPS)


def figure(curves):
    """Draw the six maps, means over runs."""
    maps = curves[MAPS]["network"]
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.85)
    draw(axes, maps, measured(maps))
    return fig


def claims(curves):
    """State the minimum, the ridge, the increase of transfer, and the resemblance to the authors' maps."""
    maps = curves[MAPS]["network"]
    values = measured(maps)
    features, _ = similarities(maps)
    return [
        *collapse(np.nanmean(values["long-time forgetting"], axis=2)),
        *ridge(np.nanmean(values["maximal forgetting"], axis=2)),
        growth(features, values["long-time transfer"][..., PLOTTED]),
        *(likeness(maps, name, values[name]) for name in MEASURES if as_published(maps) and maps.runs > 1),
        single_precision(maps, curves[DOUBLE]["network"]),
    ]


def collapse(late):
    """State that the first task is retained only if features and readouts are equal."""
    others = np.delete(late.ravel(), -1)
    yield claim("Long-time forgetting of equal tasks, mean over runs.", value=late[-1, -1], high=0.6)
    yield claim(
        "Long-time forgetting is smallest for equal tasks: smallest of all others minus that of equal tasks.",
        value=others.min() - late[-1, -1],
        low=0.5,
    )


def ridge(largest):
    """State that maximal forgetting has an inner maximum along both edges with one similarity equal to 1."""
    for name, line in (("feature", largest[:, -1]), ("readout", largest[-1])):
        other = "readouts" if name == "feature" else "features"
        yield claim(
            f"Equal {other}: maximal forgetting has its peak at an intermediate {name} similarity: peak "
            "minus "
            "the higher end, mean over runs.",
            value=line[1:-1].max() - max(line[0], line[-1]),
            low=0.0,
        )


def growth(features, transfer):
    """State that transfer increases with the similarity of features."""
    slope = np.polyfit(features, transfer.mean(axis=1), 1)[0]
    statement = (
        "Long-time transfer of the first run increases with feature similarity: slope of its mean over "
        "readouts."
    )
    return claim(statement, value=slope, low=0.0)


def likeness(maps, name, values):
    """State the rank correlation of a map with that of the authors."""
    indices = [np.flatnonzero(np.isclose(GRID, axis[:, None]).any(axis=0)) for axis in similarities(maps)]
    recorded = RECORDED[name][np.ix_(*indices)]
    between = rank_correlations([values[..., run] for run in range(values.shape[2])])
    statement = (
        f"The map of the {name} resembles the authors' map as much as our runs resemble each other: rank "
        "correlation of our mean with their map; pairs of our runs have "
        f"{min(between):.2f} to {max(between):.2f}."
    )
    return claim(statement, value=rank_correlation(np.nanmean(values, axis=2), recorded), low=min(between))


def single_precision(single, double):
    """State that single precision, as in the maps, changes measures by less than the spread of runs."""
    indices = [
        np.flatnonzero(np.isclose(of_map, of_check[:, None]).any(axis=0))
        for of_map, of_check in zip(similarities(single), similarities(double), strict=True)
    ]
    here, there = measured(single), measured(double)
    runs = min(single.runs, double.runs)
    changes = [
        rms((here[name][np.ix_(*indices)][..., :runs] - there[name][..., :runs]).mean(axis=2))
        / rms(there[name].std(axis=2, ddof=1))
        for name in MEASURES
    ]
    pairs = len(indices[0]) * len(indices[1])
    statement = (
        f"Single precision at {pairs} pairs of similarities: change of a measure, mean over runs, divided by "
        "the standard deviation of runs (root mean squares over pairs); largest of the six measures."
    )
    return claim(statement, value=max(changes), high=1.0, source="this project", certainty="recomputed")


def rms(values):
    """Return the root mean square."""
    return float(np.sqrt(np.nanmean(np.square(values))))


def rank_correlation(one, other):
    """Return Spearman's correlation of two maps, without cells that are not numbers."""
    both = np.isfinite(one) & np.isfinite(other)
    return float(spearmanr(one[both], other[both]).statistic)


def rank_correlations(maps):
    """Return the rank correlations of all pairs of maps."""
    return [rank_correlation(one, other) for i, one in enumerate(maps) for other in maps[:i]]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
