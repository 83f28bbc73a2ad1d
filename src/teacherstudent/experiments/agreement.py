"""The distance of two engines in the same experiment, in units of its random fluctuations.

Two engines that solve the same model differ by random fluctuations only. With several runs of both, the
difference of their mean errors is divided by its standard error over runs; with one run of either, the
difference of log10 errors is divided by N^-1/2, the size of the fluctuations of a simulation with N inputs.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from teacherstudent.engines.base import engine_named
from teacherstudent.measures import log10_error
from teacherstudent.spec.axes import short_names
from teacherstudent.store.curves import Curves, mean_over, sem_over

QUANTITY, INPUTS = "generalisation_error", "inputs.dimension"
CLASSES = "classification_error"  # of curves that have no other error
STANDARD_ERRORS, ROOT_N = "standard errors", "N^-1/2 in log10 of the error"
ROUNDING = 1e-6  # relative difference up to which errors are equal: single precision has 6 digits
ZERO = 1e-14  # rounding error of the generalisation error of a student that equals its teacher


@dataclass(frozen=True)
class Distance:
    """The largest distance of two engines over the times, tasks and points of the axes that both have."""

    engines: tuple[str, str]
    runs: tuple[int, int]  # numbers of compared runs
    paired: bool  # run i of both starts from the same networks: the differences of such pairs are averaged
    inputs: int  # N at the point of the largest distance
    points: int  # number of common points of the axes
    largest: float  # in the unit below
    unit: str  # STANDARD_ERRORS or ROOT_N
    time: float  # time of the largest distance, in steps / N
    task: int  # task of the largest distance, counted from 1
    point: dict  # dotted keys to values at the point of the largest distance; empty without axes


def distances(curves: Mapping[str, Curves]) -> list[Distance]:
    """Return the distance of each pair of engines of one experiment that has a common point."""
    pairs = itertools.combinations(curves.values(), 2)
    return [found for pair in pairs if (found := distance(*pair)) is not None]


def distance(one: Curves, other: Curves) -> Distance | None:
    """Return the largest distance of two engines, or None if no point of their axes is common.

    The engine with more rows is interpolated linearly in time, in log10 of the error, at the times of the
    other that it covers. Of engines that start from the same networks, only runs that both have are compared.
    """
    fine, coarse = (one, other) if len(one.time) >= len(other.time) else (other, one)
    matched = list(common_points(fine, coarse))
    if not matched:
        return None
    time = coarse.time[(coarse.time >= fine.time[0]) & (coarse.time <= fine.time[-1])]
    paired = same_start(fine, coarse)
    runs = [min(one.runs, other.runs)] * 2 if paired else [one.runs, other.runs]
    used = slice(min(runs)) if paired else slice(None)
    pairs = [(errors_at(fine, i, time)[used], errors_at(coarse, j, time)[used]) for _, i, j in matched]
    inputs = [point.get(INPUTS, _at(coarse.document, INPUTS)) for point, _, _ in matched]
    several = min(runs) > 1
    if several:
        gaps = np.array([in_standard_errors(*pair, paired) for pair in pairs])
    else:
        gaps = np.array([in_root_n(*pair, N) for pair, N in zip(pairs, inputs, strict=True)])
    # NaN where too few runs did not diverge
    where, row, task = np.unravel_index(np.argmax(np.nan_to_num(gaps, nan=-1.0)), gaps.shape)
    return Distance(
        engines=(one.engine, other.engine),
        runs=tuple(runs),
        paired=paired,
        inputs=int(inputs[where]),
        points=len(matched),
        largest=float(gaps[where, row, task]),
        unit=STANDARD_ERRORS if several else ROOT_N,
        time=float(time[row]),
        task=int(task) + 1,
        point=matched[where][0],
    )


def same_start(one: Curves, other: Curves) -> bool:
    """Return whether the runs of two engines start from the same networks, one by one."""
    different = one.engine != other.engine
    sampled = all(engine_named(curves.engine).samples_weights for curves in (one, other))
    return one.seed == other.seed and different and sampled


def in_standard_errors(one: np.ndarray, other: np.ndarray, paired: bool) -> np.ndarray:
    """Return |mean - mean| divided by its standard error.

    Parameters
    ----------
    one, other : ndarray, shape (run, time, task)
        Generalisation errors of two engines; NaN after the divergence of a run.
    paired : bool
        Whether run i of both engines starts from the same networks. Then the standard error is that of the
        mean difference, and otherwise the root of the sum of the squared standard errors of the means.

    Returns
    -------
    ndarray, shape (time, task)
        At least 0; NaN where fewer than two runs did not diverge.
    """
    gap = mean_over(one, 0) - mean_over(other, 0)
    if paired:
        gap, error = mean_over(one - other, 0), sem_over(one - other, 0)
    else:
        error = np.hypot(sem_over(one, 0), sem_over(other, 0))
    equal = np.abs(gap) <= ROUNDING * np.abs(mean_over(one, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(equal, 0.0, np.abs(gap) / error)


def in_root_n(one: np.ndarray, other: np.ndarray, inputs: int) -> np.ndarray:
    """Return |log10 mean - log10 mean| sqrt(N): the distance in units of the fluctuations of one simulation.

    Parameters
    ----------
    one, other : ndarray, shape (run, time, task)
        Generalisation errors of two engines; NaN after the divergence of a run.
    inputs : int
        The number of inputs N.

    Returns
    -------
    ndarray, shape (time, task)
        At least 0.
    """
    logs = (np.log10(np.maximum(mean_over(errors, 0), ZERO)) for errors in (one, other))
    return np.abs(np.subtract(*logs)) * np.sqrt(inputs)


def errors_at(curves: Curves, index: tuple[int, ...], time: np.ndarray) -> np.ndarray:
    """Return the generalisation errors at one point of the axes, interpolated in log10.

    Parameters
    ----------
    curves : Curves
        The curves of one engine.
    index : tuple of int
        The indices of the point along the axes.
    time : ndarray, shape (time,)
        Times in steps / N, between the first and the last recorded time.

    Returns
    -------
    ndarray, shape (run, time, task)
        The errors; linear interpolation in log10 of the error.
    """
    errors = curves.values(QUANTITY if QUANTITY in curves.quantities else CLASSES)[index]
    logs = np.moveaxis(log10_error(errors), 1, -1)
    rows = [np.interp(time, curves.time, row) for row in logs.reshape(-1, len(curves.time))]
    return 10.0 ** np.moveaxis(np.reshape(rows, (*logs.shape[:-1], len(time))), -1, 1)


def common_points(one: Curves, other: Curves) -> Iterator[tuple[dict, tuple[int, ...], tuple[int, ...]]]:
    """Yield the points that two engines have in common, with their indices along the axes of each."""
    keys = list(dict.fromkeys([*one.axes, *other.axes]))
    known = {values: index for values, index in _points(other, keys)}
    for values, index in _points(one, keys):
        if values in known:
            yield dict(zip(keys, values, strict=True)), index, known[values]


def _points(curves: Curves, keys: list[str]) -> Iterator[tuple[tuple, tuple[int, ...]]]:
    """Yield the values of keys at all points; for other keys the value in the spec."""
    spec = curves.spec.to_dict()
    for index in np.ndindex(*(len(values) for values in curves.axes.values())):
        along = {key: values[i] for (key, values), i in zip(curves.axes.items(), index, strict=True)}
        yield tuple(_plain(along[key] if key in along else _at(spec, key)) for key in keys), index


def point_labels(point: Mapping[str, Any]) -> list[str]:
    """Return the values at a point by the short names of their axes, such as `similarity 0.5`."""
    texts = {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in point.items()}
    return [f"{name} {texts[key]}" for key, name in short_names(point).items()]


def _at(spec: dict, key: str):
    """Return the value at a dotted key of a document; None where there is none."""
    value = spec
    for part in key.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _plain(value):
    """Return a hashable value; numbers are rounded to 9 digits, and a list of equal values is one value."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, list) and value and all(item == value[0] for item in value):
        value = value[0]
    return float(f"{value:.9g}") if isinstance(value, (int, float)) else str(value)
