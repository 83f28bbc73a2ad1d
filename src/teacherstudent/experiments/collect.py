"""Collects the runs of an experiment from the files of its jobs into curves."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.errors import RunError
from teacherstudent.experiments.division import Axes
from teacherstudent.experiments.grid import Grid
from teacherstudent.spec.axes import points
from teacherstudent.store.curves import Curves
from teacherstudent.store.runs import read_runs
from teacherstudent.store.stored_run import StoredRun

# The group of a file in which a job stores its points.
RUNS = "/runs"


def collect(grid: Grid, files: Mapping[str | Path, Axes], quantities: Sequence[str]) -> Curves:
    """Stack the runs of a grid over its axes; the values of a run after its divergence are NaN.

    Parameters
    ----------
    grid : Grid
        The grid of one engine.
    files : mapping of path to dict
        The files of its jobs in the order of the outer axes, each with the inner axes of the job.
    quantities : sequence of str
        The names of the collected quantities; those that only other engines record are left out.

    Returns
    -------
    Curves
        Each quantity over (axes..., run, time, ...).

    Raises
    ------
    RunError
        If a point is missing, if a quantity is not recorded, or if points differ in recorded times or shape.
    """
    quantities = [name for name in quantities if grid.engine in (OBSERVABLES[name].engines or (grid.engine,))]
    entries = [_selected(run, quantities) for path, axes in files.items() for run in _in_order(path, axes)]
    lengths = [len(values) for values in grid.axes.values()]

    def over_axes(name: str) -> np.ndarray:
        stacked = _stacked([entry[name] for entry in entries], name)
        return stacked.reshape(*lengths, *stacked.shape[1:])

    return Curves(
        engine=grid.engine,
        axes={key: np.array(values) for key, values in grid.axes.items()},
        runs=grid.runs,
        seed=grid.seed,
        time=_common_times(entries),
        quantities={name: over_axes(name) for name in quantities},
        diverged=over_axes("diverged"),
        switch_times=over_axes("switch_times"),
        document=grid.spec,
    )


def _in_order(path: str | Path, axes: Axes) -> Iterator[StoredRun]:
    """Yield the runs in a file in the order of the points of its axes."""
    runs = {run.group: run for run in read_runs(path)}
    for name, _ in points(axes):
        if f"{RUNS}/{name}" not in runs:
            raise RunError(f"{path}: there is no run {name}")
        yield runs[f"{RUNS}/{name}"]


def _selected(run: StoredRun, quantities: Sequence[str]) -> dict[str, np.ndarray]:
    """Select arrays of the runs at one point, so that the memory of the others is freed."""
    for name in quantities:
        if name not in run.arrays:
            raise RunError(
                f"{name}: the runs of engine {run.engine} do not record it; remove it from `collect`"
            )
    arrays = {name: run.arrays[name] for name in ("time", "switch_times", *quantities)}
    count = len(run.arrays["generalisation_error"])
    diverged = np.isfinite(run.attributes.get("diverged_at", np.full(count, np.nan)))
    step = 1.0 / json.loads(run.attributes["spec"])["inputs"]["dimension"]
    return {**arrays, "diverged": diverged, "step": step}


def _stacked(arrays: list[np.ndarray], name: str) -> np.ndarray:
    """Stack arrays (run, time or switch, ...); shorter ones are filled up to the length of the longest."""
    if name in OBSERVABLES and OBSERVABLES[name].dimensions[0] in ("time", "switch"):
        longest = max(array.shape[1] for array in arrays)
        arrays = [_filled(array, longest) for array in arrays]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise RunError(
            f"{name} has shape {shapes[0]} at one point and {shapes[-1]} at another: it cannot be collected"
        )
    return np.stack(arrays)


def _filled(array: np.ndarray, length: int) -> np.ndarray:
    """Extend the second axis to a length, with NaN or, for integers, -1."""
    filler = np.nan if array.dtype.kind == "f" else -1
    missing = [(0, 0)] * array.ndim
    missing[1] = (0, length - array.shape[1])
    return np.pad(array, missing, constant_values=filler)


def _common_times(entries: list[dict]) -> np.ndarray:
    """Return the times of the longest run; the times of the others must agree with them up to one step.

    A run that did not diverge is shorter only if several times fall on one step at some points.
    """
    longest = max((entry["time"] for entry in entries), key=len)
    for entry in entries:
        shorter = len(entry["time"]) < len(longest) and not entry["diverged"].all()
        if shorter or np.any(np.abs(entry["time"] - longest[: len(entry["time"])]) > entry["step"]):
            raise RunError(
                "the points of this grid are recorded at different times: define one experiment for each"
            )
    return longest
