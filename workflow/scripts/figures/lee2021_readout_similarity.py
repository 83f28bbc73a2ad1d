"""Transfer and movement of weights against the similarity of readouts, for the same features.

Believed to be a figure of Lee, Goldt & Saxe 2021, of its appendix. The reader should see that the first layer
moves least if the readouts are aligned. With the same features the recorded run has more transfer for more
similar readouts; in the mean over runs no such increase is settled.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import PLOTTED
from _lee2021_maps import FEATURES, SPREAD, as_published, measured, similarities, switch
from _lee2021_trends import agrees

from teacherstudent.experiments.claims import Claim

FIGURE, MAPS, MOVEMENT = "lee2021_readout_similarity", "lee2021_similarity_maps", "lee2021_weight_movement"
CAPTION = """
Two wide teachers with equal features, against the similarity of their readouts. (a) Long-time transfer to
task 2 in decades of its error: simulated wide networks from the maps of forgetting and transfer, mean and
standard error over runs; small points: run 0, which is also the run of (b). (b) Movement of the first
layer relative to the switch, |W(t) - W(s)|^2 / |W(s)|^2, of one simulation for each similarity of
readouts. 15 inputs, teachers of 250 units, students of 1000 units (fewer in the small form).
Believed to be a figure of the appendix of Lee, Goldt and Saxe (ICML 2021); parameters and measures were
read in the authors' notebook, which has one seed: there transfer increases with similarity.
"""
MARKERS = 20  # number of markers on a line
PUBLISHED = {0.0: (2.619, 0.77), 1.0: (2.777, 0.23)}  # of readouts: transfer, movement
claim = partial(Claim, FIGURE, source="numbers and curves in the authors' notebook, one seed")


def figure(curves):
    """Draw transfer against similarity, and movement over time."""
    fig, axes = _figures.panels(1, 2, _figures.PAGE)
    plot_transfer(axes[0, 0], curves)
    plot_movement(axes[0, 1], curves[MOVEMENT]["network"])
    _figures.letter(axes)
    return fig


def plot_transfer(ax, curves):
    """Draw transfer: the mean over runs, and run 0."""
    similarity, values = transfer(curves)
    color = _figures.task_color(1)
    style = {"color": color, "linestyle": "-", "linewidth": 0.7}
    _figures.plot_runs(ax, similarity, values, "mean over runs", **style)
    small = {"color": color, "marker": ".", "alpha": 0.6}
    _figures.plot_simulation(ax, similarity, values[:, PLOTTED], "run 0", **small)
    ax.set(xlabel="readout similarity", ylabel="long-time transfer (decades)")
    ax.legend()


def transfer(curves):
    """Return the similarities of readouts and long-time transfer for the same features, (similarity, run)."""
    maps = curves[MAPS]["network"]
    row = np.flatnonzero(np.isclose(maps.axis(FEATURES), 1.0))[0]
    return similarities(maps)[1], measured(maps)["long-time transfer"][row]


def plot_movement(ax, curves):
    """Draw the relative movement of the first layer over time, a line for each similarity."""
    similarity = curves.axis("similarity")
    for value, color, line in zip(
        similarity, _figures.colors_along(similarity), movement(curves), strict=True
    ):
        style = {"color": color, "linestyle": "-", "linewidth": 0.7, "markersize": 2.5}
        style["markevery"] = max(1, len(curves.time) // MARKERS)
        _figures.plot_simulation(
            ax, curves.time, line, f"readout similarity {value:g}", label=f"{value:g}", **style
        )
    _figures.mark_switch(ax, float(switch(curves)[0, PLOTTED]))
    ax.set(xlabel="time $t$", ylabel=r"$|W(t) - W(s)|^2 / |W(s)|^2$", ylim=(0.0, 1.4))
    ax.locator_params(axis="x", nbins=5)
    ax.legend(title="readout similarity", ncol=2)


def movement(curves):
    """Return |W(t) - W(s)|^2 / |W(s)|^2 of the plotted run, (similarity, time)."""
    weights = curves.values("student_weights")[:, PLOTTED]
    start = weights[:, np.searchsorted(curves.time, switch(curves)[0, PLOTTED])]
    return np.sum((weights - start[:, None]) ** 2, axis=(2, 3)) / np.sum(start**2, axis=(1, 2))[:, None]


def claims(curves):
    """State the ends of both curves, and that movement decreases with similarity."""
    ends = movement(curves[MOVEMENT]["network"])[:, -1]
    return [
        *(plotted_transfer(curves) if as_published(curves[MAPS]["network"]) else []),
        claim(
            "The first layer moves less for more similar readouts: largest step of its movement at the end.",
            value=np.diff(ends).max(),
            high=0.02,
        ),
        *(
            claim(
                f"Movement of the first layer at the end, readout similarity {value:g}.",
                value=ends[np.isclose(curves[MOVEMENT]["network"].axis("similarity"), value)][0],
                low=level - 0.15,
                high=level + 0.15,
            )
            for value, (_, level) in PUBLISHED.items()
        ),
    ]


def plotted_transfer(curves):
    """State that transfer changes with readout similarity as in their run, and the levels of one run."""
    similarity, gains = transfer(curves)
    plotted = gains[:, PLOTTED]
    statement = "Long-time transfer: equal readouts minus unrelated readouts, mean over runs."
    (first, _), (last, _) = PUBLISHED[0.0], PUBLISHED[1.0]
    yield agrees(claim, statement, gains[-1] - gains[0], last - first, seeds=1)
    for value, (level, _) in PUBLISHED.items():
        yield claim(
            f"Long-time transfer of the plotted run at readout similarity {value:g}.",
            value=plotted[np.isclose(similarity, value)][0],
            low=level - SPREAD,
            high=level + SPREAD,
        )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
