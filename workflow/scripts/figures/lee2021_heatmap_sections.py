"""Forgetting against the similarity of features at several times after the switch, for equal readouts.

Believed to be a figure of Lee, Goldt & Saxe 2021, of its main part or its appendix. The reader should see
that forgetting increases with similarity shortly after the switch and is an inverted U later: similar tasks
interfere first, but the error of the first task then decreases again.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021_maps import READOUTS, as_published, forgetting, measured, similarities
from _lee2021_trends import THREE, agrees, mean_and_error

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over

FIGURE, MAPS = "lee2021_heatmap_sections", "lee2021_similarity_maps"
INTERVALS = (10, 100, 1000, 10_000)  # rows of 100 steps
LATE = 1000
TOP = 0.6  # similarity of the peak of the recorded sections
# Recorded forgetting at similarity 0, TOP and 1: after 1000 and 10 000 rows, and at equal performance.
PUBLISHED = ((0.70, 1.89, 1.58), (1.45, 1.63, 0.83), (1.48, 1.63, 0.43))
CAPTION = """
Forgetting of task 1 against the similarity of features, for equal readouts: means over runs of simulated
wide networks, with standard errors. Colours: several times after the switch, in rows of 100 steps. Black:
the time at which the error of task 2 falls to the error that task 1 had at the switch. The curves are
sections through the maps of forgetting at readout similarity 1. In the small form the students are
smaller, and rows are shorter by the same factor, because smaller students learn faster.
Believed to be a figure of Lee, Goldt and Saxe (ICML 2021); the times were read in the authors' notebook. The
recorded sections are means over few seeds, and the claims allow for their standard errors and ours. Levels
depend on the error that the first task reaches, which differs between runs.
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
    means = [mean_over(values, 1) for values in sections(maps)]
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
            **mean_and_error(sections(maps)[1][-1] - sections(maps)[1][0]),
            low=0.2,
        ),
    ]
    if not (as_published(maps) and maps.runs > THREE):
        return early
    names = [f"{rows} rows after the switch" for rows in INTERVALS if rows >= LATE] + ["at equal performance"]
    late = zip(names, sections(maps)[2:], PUBLISHED, strict=True)
    return early + [one for section in late for one in inverted(similarities(maps)[0], *section)]


def inverted(features, name, values, published):
    """State that the differences of a section between its middle and both ends agree with the authors'."""
    at = [int(np.abs(features - similarity).argmin()) for similarity in (0.0, TOP, 1.0)]
    for end, index in ((0, at[0]), (2, at[2])):
        statement = (
            f"Forgetting {name} at similarity {features[at[1]]:.1f} minus that at {features[index]:.0f}, in "
            "decades, mean over runs."
        )
        yield agrees(claim, statement, values[at[1]] - values[index], published[1] - published[end])


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
