"""Trends of maps of forgetting and transfer, with their standard errors over runs, and claims about them.

All cells of a map share the initial networks and the inputs of a run. The errors of its cells are therefore
correlated, and an average over runs has independent terms only after the cells of each run are combined.
"""

from itertools import combinations, islice

import numpy as np
from scipy.stats import spearmanr

from teacherstudent.store.curves import mean_over

THREE = 3  # seeds of the recorded maps
ERRORS = 3.0  # standard errors within which two values agree, and beyond which a sign is settled
SUBSETS = 500  # sets of three runs that are compared with the others


def slopes(maps_of_runs: np.ndarray, features, readouts) -> dict[str, np.ndarray]:
    """Return the slope of each run along both similarities, averaged over the other one.

    Parameters
    ----------
    maps_of_runs : ndarray, shape (feature similarity, readout similarity, run)
        A measure.
    features, readouts : ndarray
        The similarities.

    Returns
    -------
    dict of str to ndarray, shape (run,)
        Change of the measure per unit of "feature" and "readout" similarity.
    """
    return {
        "feature": _slope(features, mean_over(maps_of_runs, 1)),
        "readout": _slope(readouts, mean_over(maps_of_runs, 0)),
    }


def rank_trends(maps_of_runs: np.ndarray, features, readouts) -> dict[str, np.ndarray]:
    """Return rank correlations of the cells of each run with both similarities.

    Unlike slopes they do not depend on the size of the changes, which differs between runs.

    Parameters
    ----------
    maps_of_runs, features, readouts
        As in `slopes`.

    Returns
    -------
    dict of str to ndarray, shape (run,)
        For "feature" and "readout" similarity; NaN for runs with cells that are not numbers.
    """
    coordinates = dict(
        zip(("feature", "readout"), np.meshgrid(features, readouts, indexing="ij"), strict=True)
    )
    cells = np.moveaxis(maps_of_runs, -1, 0)
    return {
        name: np.array([spearmanr(of_run, along, axis=None).statistic for of_run in cells])
        for name, along in coordinates.items()
    }


def contrast(maps_of_runs: np.ndarray) -> np.ndarray:
    """Return the value of equal tasks minus the mean of all other cells, for each run, (run,)."""
    cells = maps_of_runs.reshape(-1, maps_of_runs.shape[-1])
    return cells[-1] - mean_over(cells[:-1], 0)


def _slope(x, y) -> np.ndarray:
    """Return the slope of the straight line through y, (n, runs), by least squares."""
    distance = np.asarray(x) - np.mean(x)
    return distance @ y / (distance @ distance)


def finite(per_run) -> np.ndarray:
    """Return the values of the runs that have one."""
    return np.asarray(per_run)[np.isfinite(per_run)]


def mean_and_error(per_run) -> dict:
    """Return the mean over runs and its standard error, None for one run, with the keys of a claim."""
    values = finite(per_run)
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return {"value": float(values.mean()) if len(values) else np.nan, "uncertainty": error}


def agrees(claim, statement: str, per_run, published: float, seeds: int = THREE):
    """State that the mean over runs agrees with a number that the authors found with some seeds.

    The standard error of their number is that of as many of our runs; the range is ERRORS standard errors of
    the difference on both sides of it.
    """
    found, spread = mean_and_error(per_run), finite(per_run).std(ddof=1)
    width = ERRORS * float(np.hypot(found["uncertainty"], spread / np.sqrt(seeds)))
    return claim(statement, **found, low=published - width, high=published + width)


def settled(claim, statement: str, per_run, sign: int):
    """State that the sign of a mean over runs is settled: it is ERRORS standard errors from 0."""
    found = mean_and_error(per_run)
    bound = ERRORS * found["uncertainty"]
    low, high = (bound, np.inf) if sign > 0 else (-np.inf, -bound)
    return claim(f"{statement}, at least {ERRORS:g} standard errors from 0.", **found, low=low, high=high)


def compatible(claim, statement: str, per_run, sign: int):
    """State that a mean over runs is not ERRORS standard errors from 0 on the side of the other sign."""
    found = mean_and_error(per_run)
    bound = ERRORS * found["uncertainty"]
    low, high = (-bound, np.inf) if sign > 0 else (-np.inf, bound)
    statement = f"{statement}, less than {ERRORS:g} standard errors on the other side of 0."
    return claim(statement, **found, low=low, high=high)


def resemblance(values: np.ndarray) -> np.ndarray:
    """Return rank correlations of means of three runs with means of the others.

    Parameters
    ----------
    values : ndarray, shape (feature similarity, readout similarity, run)
        A measure.

    Returns
    -------
    ndarray, shape (sets,)
        One for each set of three runs, of at most SUBSETS sets.
    """
    runs = range(values.shape[2])
    sets = list(islice(_spread(list(combinations(runs, THREE))), SUBSETS))
    others = [[run for run in runs if run not in chosen] for chosen in sets]
    return np.array(
        [
            rank_correlation(mean_over(values[..., list(chosen)], 2), mean_over(values[..., rest], 2))
            for chosen, rest in zip(sets, others, strict=True)
        ]
    )


def _spread(sets: list) -> list:
    """Return sets in an order in which the first ones are from all parts of the list."""
    order = np.random.default_rng(0).permutation(len(sets))
    return [sets[i] for i in order]


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's correlation of two maps, without cells that are not numbers."""
    both = np.isfinite(one) & np.isfinite(other)
    return float(spearmanr(one[both], other[both]).statistic)
