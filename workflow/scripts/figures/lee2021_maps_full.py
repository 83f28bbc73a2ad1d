"""Maps of forgetting and transfer of wide networks over 40 runs, for both criteria of the switch.

The same as the maps over eight runs, with 32 further runs from another seed. The reader should see which
trends are settled by so many runs, and that those of long-time transfer are small.
"""

import _figures
from _lee2021_fixed_switch import collapse, maps_claims
from _lee2021_maps import as_published, draw, joined, measured, plot_trends
from _lee2021_threshold import measured as measured_from_threshold
from _lee2021_threshold import threshold_claims

FIGURE = "lee2021_maps_full"
FIXED, THRESHOLD, MORE = "lee2021_similarity_maps", "lee2021_threshold_maps", "_more"
CAPTION = """
Forgetting of task 1 and transfer to task 2, in decades of the error, against the similarities of the
teachers' features and of their readouts; means over 40 runs of simulated wide networks. Titles: smallest and
largest standard error of the cells. (a-f) Switch after 1.5 million steps, (g, h, j, k) switch as soon as the
error of task 1 is below 0.0001; measures as in the maps over eight runs. (i, l) Slopes of the latter maps
along each similarity, mean and standard error over runs.
The first eight runs are those of the maps that are made by default. The maps of Lee, Goldt and Saxe (ICML
2021) over many seeds, believed to be the published ones, are known with few numbers; the claims compare with
their maps over three seeds.
"""


def both(curves):
    """Return the runs with a switch at a fixed time, and those with a switch at a given error."""
    return [joined(curves[name]["network"], curves[name + MORE]["network"]) for name in (FIXED, THRESHOLD)]


def figure(curves):
    """Draw all maps, two rows for each criterion, and the trends of the second one."""
    fixed, threshold = both(curves)
    fig, axes = _figures.panels(4, 3, _figures.PAGE, 0.9)
    draw(axes[:2], fixed, measured(fixed))
    values = measured_from_threshold(threshold)
    draw(axes[2:, :2], threshold, values)
    plot_trends(axes[2:, 2], threshold, values)
    _figures.letter(axes)
    return fig


def claims(curves):
    """State the same as for the maps over eight runs."""
    fixed, threshold = both(curves)
    compared = maps_claims(FIGURE, fixed) if as_published(fixed) else []
    return [*collapse(FIGURE, fixed), *compared, *threshold_claims(FIGURE, threshold)]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
