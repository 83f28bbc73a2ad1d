"""Forgetting against the similarity of features at several times after the switch, for equal readouts.

Believed to be a figure of Lee, Goldt & Saxe 2021, of its main part or its appendix. The reader should see
that forgetting increases with similarity shortly after the switch and is an inverted U later: similar tasks
interfere first, but the error of the first task then decreases again.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021_maps import READOUTS, forgetting, measured, similarities

from teacherstudent.experiments.claims import Claim

FIGURE, MAPS = "lee2021_heatmap_sections", "lee2021_similarity_maps"
INTERVALS = (10, 100, 1000, 10_000)  # rows of 100 steps
LATE = 1000
CAPTION = """
Forgetting of task 1 against the similarity of features, for equal readouts: means over runs of simulated
wide networks, with standard errors. Colours: several times after the switch, in rows of 100 steps. Black:
the time at which the error of task 2 falls to the error that task 1 had at the switch. The curves are
sections through the maps of forgetting at readout similarity 1. In the small form the students are
smaller, and rows are shorter by the same factor, because smaller students learn faster.
Believed to be a figure of Lee, Goldt and Saxe (ICML 2021); the times were read in the authors' notebook.
"""
SECTIONS = "sections digitised from the authors' notebook"
claim = partial(Claim, FIGURE, source=SECTIONS)


def figure(curves):
    """Draw a section for each interval."""
    maps = curves[MAPS]["network"]
    fig, axes = _figures.panels(width=_figures.PAGE * 0.7, ratio=0.6)
    ax, (features, _) = axes[0, 0], similarities(maps)
    colors = _figures.colors_along(np.linspace(0.0, 0.9, len(INTERVALS)))
    names = [f"{rows} rows" for rows in INTERVALS]
    for name, color, values in zip(
        [*names, "equal performance"], [*colors, "black"], sections(maps), strict=True
    ):
        _figures.plot_runs(ax, features, values, name, color=color, linestyle="-", linewidth=0.7)
    ax.set(xlabel="feature similarity", ylabel="forgetting (decades)")
    fig.legend(title="after the switch", loc="outside right center")
    return fig


def sections(maps):
    """List forgetting at equal readouts after each interval, and at equal performance, (similarity, run)."""
    full = maps.select(**{READOUTS: 1.0})
    curves = [forgetting(full, rows) for rows in INTERVALS]
    return [*curves, measured(maps)["long-time forgetting"][:, -1]]


def claims(curves):
    """State that forgetting increases with similarity first and is an inverted U later."""
    maps = curves[MAPS]["network"]
    means = [np.nanmean(values, axis=1) for values in sections(maps)]
    early = [
        claim(
            "Forgetting 10 rows after the switch increases with feature similarity: smallest step, in "
            "decades.",
            value=np.diff(means[0]).min(),
            low=-0.05,
        ),
        claim(
            "Forgetting 100 rows after the switch increases and saturates: value at similarity 1 minus "
            "value at 0, in decades.",
            value=means[1][-1] - means[1][0],
            low=0.2,
        ),
    ]
    late = [
        claim(
            f"{name}: forgetting has its peak at an intermediate similarity: peak minus the higher end, in "
            "decades.",
            value=mean[1:-1].max() - max(mean[0], mean[-1]),
            low=0.0,
        )
        for name, mean in zip(
            [f"{rows} rows after the switch" for rows in INTERVALS if rows >= LATE]
            + ["At equal performance"],
            means[2:],
            strict=True,
        )
    ]
    return early + late


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
