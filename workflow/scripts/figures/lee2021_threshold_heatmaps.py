"""Maps of forgetting and transfer of wide networks with a switch as soon as the first task is learned.

A variant of the maps of Lee, Goldt & Saxe 2021 in their later code; their maps over many seeds are of this
kind. The reader should see that equal tasks have the smallest forgetting also if the first task is learned
well, but that their forgetting is much larger than after fewer steps; transfer differs little between cells.
"""

import _figures
from _lee2021_maps import draw, plot_trends
from _lee2021_threshold import measured, threshold_claims

FIGURE, MAPS = "lee2021_threshold_heatmaps", "lee2021_threshold_maps"
CAPTION = """
Forgetting of task 1 (a, b) and transfer to task 2 (d, e), in decades of the error, 1.5 million steps after
the switch (a, d) and at their maximum until then (b, e), against the similarities of the teachers' features
and of their readouts; means over runs. Titles: smallest and largest standard error of the cells. (c, f)
Slopes of these maps along each similarity, mean and standard error over runs. The switch
comes as soon as the error of task 1 is below 0.0001, after 10 to 14 million steps; runs that do not reach it
in 16.5 million steps have no value. Simulated wide networks in single precision: 15 inputs, teachers of 250
units, students of 1000 units with outputs divided by 1000 (smaller and shorter in the small form).
The criterion of the switch was read in the authors' later code (Lee, Goldt and Saxe, ICML 2021), and so was
that a fixed number of steps follows; the number is not known, and here it is that of the other maps. The
grid is coarser than theirs. Their maps over 41 seeds are known only normalised to the range from 0 to 1, and
with few numbers: in them equal tasks have the least forgetting and the largest transfer. The former is
settled by few of our runs; for the latter the differences between runs are as large as the effect.
"""


def figure(curves):
    """Draw the four maps, means over runs, and their trends."""
    maps = curves[MAPS]["network"]
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.9)
    values = measured(maps)
    draw(axes[:, :2], maps, values)
    plot_trends(axes[:, 2], maps, values)
    _figures.letter(axes)
    return fig


def claims(curves):
    """State the error at the switch, and which differences between equal and other tasks are settled."""
    return threshold_claims(FIGURE, curves[MAPS]["network"])


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
