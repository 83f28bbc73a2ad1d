"""Claims about maps of wide networks with a switch at a fixed time, for any number of runs."""

from functools import partial

import numpy as np
from _lee2021_maps import MEASURES, measured, similarities
from _lee2021_recorded import RECORDED
from _lee2021_recorded import SIMILARITIES as GRID
from _lee2021_trends import (
    ERRORS,
    agrees,
    contrast,
    mean_and_error,
    rank_correlation,
    rank_trends,
    resemblance,
    settled,
    slopes,
)

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over

RECORDED_MAPS = "maps over three seeds digitised from the authors' notebooks"
# Trends with feature similarity whose sign eight runs settle, by measure.
SIGNS = {"rate of forgetting": 1, "rate of transfer": 1}
# Differences between equal tasks and all others whose sign eight runs settle, by measure.
CONTRASTS = {"long-time forgetting": -1, "rate of transfer": 1}
# Cells between which maximal forgetting has its ridge: (feature, readout) similarity of the top and the ends.
RIDGES = {"readouts": ((0.6, 1.0), (0.0, 1.0), (1.0, 1.0)), "features": ((1.0, 0.6), (1.0, 0.0), (1.0, 1.0))}


def maps_claims(figure, maps):
    """State which trends are settled, and what the maps share with those of the authors.

    Parameters
    ----------
    figure : str
        The name of the figure.
    maps : Curves
        Runs of the published size, at least four.

    Returns
    -------
    list of Claim
    """
    values, axes = measured(maps), similarities(maps)
    claim = partial(Claim, figure, source=RECORDED_MAPS)
    recorded = {name: RECORDED[name][np.ix_(*(indices(axis) for axis in axes))] for name in MEASURES}
    likenesses = [likeness(claim, name, values[name], recorded[name]) for name in MEASURES]
    return [
        *signs(claim, values, axes),
        *trends(claim, values, recorded, axes),
        *ridge(claim, maps, values),
        *filter(None, likenesses),
    ]


def signs(claim, values, axes):
    """State which trends with feature similarity, and which differences to equal tasks, are settled."""
    for name, sign in SIGNS.items():
        statement = (
            f"The {name} increases with feature similarity: rank correlation of the cells of a run, mean "
            "over runs"
        )
        yield settled(claim, statement, rank_trends(values[name], *axes)["feature"], sign)
    for name, sign in CONTRASTS.items():
        statement = f"The {name} of equal tasks minus the mean of all others, mean over runs"
        yield settled(claim, statement, contrast(values[name]), sign)


def trends(claim, values, recorded, axes):
    """State that the slopes of all measures agree with those of the maps of the authors."""
    for name in MEASURES:
        ours, theirs = slopes(values[name], *axes), slopes(recorded[name][..., None], *axes)
        for similarity in ("feature", "readout"):
            statement = f"Slope of the {name} against {similarity} similarity, mean over runs."
            yield agrees(claim, statement, ours[similarity], float(theirs[similarity][0]))


def indices(axis):
    """Return the positions of similarities in the maps of the authors."""
    return np.flatnonzero(np.isclose(GRID, axis[:, None]).any(axis=0))


def collapse(figure, maps):
    """State that the first task is retained only if features and readouts are equal."""
    late, claim = measured(maps)["long-time forgetting"], partial(Claim, figure, source=RECORDED_MAPS)
    mean = mean_over(late, 2)
    yield claim(
        "Long-time forgetting of equal tasks, mean over runs.", **mean_and_error(late[-1, -1]), high=0.6
    )
    nearest = np.unravel_index(np.argmin(np.where(mean == mean[-1, -1], np.inf, mean)), mean.shape)
    yield claim(
        "Long-time forgetting is smallest for equal tasks: smallest of all others minus that of equal tasks.",
        **mean_and_error(late[nearest] - late[-1, -1]),
        low=0.5,
    )


def ridge(claim, maps, values):
    """State that maximal forgetting is larger at similarity 0.6 than at both ends, if the other is 1."""
    largest, axes = values["maximal forgetting"], similarities(maps)
    if not all(np.isclose(axis, 0.6).any() for axis in axes):
        return

    def at(table, cell):
        return table[tuple(np.abs(axis - value).argmin() for axis, value in zip(axes, cell, strict=True))]

    for equal, (top, *ends) in RIDGES.items():
        for end in ends:
            text = (
                f"Equal {equal}: maximal forgetting at features {top[0]:g}, readouts {top[1]:g} minus that "
                f"at features {end[0]:g}, readouts {end[1]:g}, mean over runs."
            )
            theirs = RECORDED["maximal forgetting"]
            published = theirs[cell_of(top)] - theirs[cell_of(end)]
            yield agrees(claim, text, at(largest, top) - at(largest, end), float(published))


def cell_of(cell):
    """Return the indices of a cell in the maps of the authors."""
    return tuple(int(np.abs(GRID - value).argmin()) for value in cell)


def likeness(claim, name, values, recorded):
    """State the rank correlation of a map with the authors' map; None if three runs do not determine it."""
    found = resemblance(values)
    middle, low = np.median(found), np.median(found) - ERRORS * np.std(found)
    if not low > 0.0:
        return None
    statement = (
        f"The map of the {name} resembles the authors' map as much as maps of three of our runs resemble "
        f"those of the others: rank correlation; among our runs {middle:.2f}, standard deviation "
        f"{np.std(found):.2f}."
    )
    return claim(statement, value=rank_correlation(mean_over(values, 2), recorded), low=low)
