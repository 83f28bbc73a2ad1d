"""The arrays of all runs of a grid of specs, and their dataset with named dimensions."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from teacherstudent.engines.observables import (
    DIMENSIONS,
    OBSERVABLES,
    attributes_of,
    dimensions_of,
)
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import SpecError
from teacherstudent.spec.axes import names_of_axes
from teacherstudent.store.frames import coordinate, xarray_for
from teacherstudent.store.stacking import filler

ONE_STEP = 1.0 + 1e-6  # the distance of times that count as equal, in steps: one step with rounding errors


class GridArrays:
    """Arrays over (point, run, ...) by name, which are filled run by run.

    Where a run has no entry, there is NaN, or -1 in arrays of integers: after its divergence, at times that
    are recorded at other points only, and for units and tasks that other points have more of.

    Parameters
    ----------
    points, runs : int
        The number of points, and of runs at each of them.
    time : ndarray of shape (T,)
        The times of the grid.
    tolerance : float
        The largest difference of times that count as equal.
    """

    def __init__(self, points: int, runs: int, time: np.ndarray, tolerance: float):
        self.lead, self.time, self.tolerance = (points, runs), time, tolerance
        self.arrays: dict[str, np.ndarray] = {}
        self.diverged_at = np.full(self.lead, np.nan)

    @property
    def diverged(self) -> int:
        """The number of runs that diverged."""
        return int(np.isfinite(self.diverged_at).sum())

    def add(self, point: int, run: int, trajectory: Trajectory) -> None:
        """Copy the arrays of a run.

        Parameters
        ----------
        point, run : int
            The numbers of the point and of the run.
        trajectory : Trajectory
            The run.
        """
        if trajectory.diverged_at is not None:
            self.diverged_at[point, run] = trajectory.diverged_at
        rows = rows_of(trajectory.time, self.time, self.tolerance)
        whole = isinstance(rows, slice) and len(trajectory.time) == len(self.time)
        for name, array in trajectory.arrays.items():
            if name == "time":
                continue
            stored = self.arrays.get(name)
            if (
                whole
                and stored is not None
                and (stored.shape[2:], stored.dtype) == (array.shape, array.dtype)
            ):
                stored[point, run] = array
            else:
                self._add_part(name, array, (point, run), rows)

    def _add_part(
        self, name: str, array: np.ndarray, index: tuple[int, int], rows: slice | np.ndarray
    ) -> None:
        """Copy an array to a part of the entries of a run, which there are more of."""
        over_time = OBSERVABLES[name].dimensions[0] == "time"
        shape = (len(self.time), *array.shape[1:]) if over_time else array.shape
        entries = tuple(map(slice, array.shape))
        target = self._with_room(name, shape, array.dtype)[index]
        target[(rows, *entries[1:]) if over_time else entries] = array

    def _with_room(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array by name with at least a shape; a larger one takes the place of a smaller one."""
        old = self.arrays.get(name)
        if old is not None and all(map(int.__le__, shape, old.shape[2:])) and dtype == old.dtype:
            return old
        if old is not None:
            shape, dtype = tuple(map(max, shape, old.shape[2:])), np.result_type(dtype, old.dtype)
        new = self.arrays[name] = np.full((*self.lead, *shape), filler(dtype), dtype)
        if old is not None:
            new[tuple(map(slice, old.shape))] = old
        return new

    def dataset(self, axes: Mapping[str, Sequence], attributes: Mapping[str, Any]) -> Any:
        """Return the arrays as an xarray dataset.

        Parameters
        ----------
        axes : mapping of str to sequence
            The values of each axis by its dotted key, in the order of the points: the last axis fastest.
        attributes : mapping
            Attributes of the dataset; `axes` is added to them.

        Returns
        -------
        xarray.Dataset
            Variables over (axes..., run, ...), with the names of `spec.axes.names_of_axes`.
        """
        xarray = xarray_for("run_grid")
        names = names_of_axes(axes, reserved=(*OBSERVABLES, *DIMENSIONS, "diverged_at"))
        lengths = tuple(map(len, axes.values()))

        def over_axes(array: np.ndarray) -> np.ndarray:
            return array.reshape(*lengths, *array.shape[1:])

        lead = (*names.values(), "run")
        variables = {"diverged_at": (lead, over_axes(self.diverged_at), DIVERGED_AT)}
        for name in [name for name in OBSERVABLES if name in self.arrays]:
            dimensions = (*names.values(), *dimensions_of(name, run_axis=True))
            variables[name] = dimensions, over_axes(self.arrays[name]), attributes_of(OBSERVABLES[name])
        coordinates = {
            name: (name, np.array(axes[key]), {"key": key, "long_name": name.replace("_", " ")})
            for key, name in names.items()
        }
        coordinates["time"] = "time", self.time, attributes_of(OBSERVABLES["time"])
        about = dict(attributes) | {"axes": json.dumps({names[key]: key for key in axes})}
        dataset = xarray.Dataset(variables, coordinates, about)
        indices = [name for name in dataset.sizes if name in DIMENSIONS]
        return dataset.assign_coords({name: coordinate(name, dataset.sizes[name]) for name in indices})


DIVERGED_AT = {
    "symbol": "-",
    "description": "time of the divergence of a run, NaN if it did not diverge",
    "long_name": "time of divergence",
    "units": OBSERVABLES["time"].units,
}


def common_times(recorded: Sequence[tuple[np.ndarray, int]]) -> tuple[np.ndarray, float]:
    """Return the times of a grid: those of the point with most of them, or the union of all.

    Parameters
    ----------
    recorded : sequence of tuple
        The recorded times of points, increasing, and their numbers N of inputs.

    Returns
    -------
    ndarray of shape (T,)
        The longest of the given arrays (of equal ones that with the largest N), if each of the others agrees
        with a part of it up to one step of the point with the smallest N; otherwise all times that occur.
    float
        The largest difference of times that count as equal.

    Raises
    ------
    SpecError
        If the times do not agree, and points differ in N: their times fall on different steps.
    """
    dimensions = {dimension for _, dimension in recorded}
    longest, _ = max(recorded, key=lambda point: (len(point[0]), point[1]))
    step = ONE_STEP / min(dimensions)
    if all(rows_of(times, longest, step) is not None for times, _ in recorded):
        return longest, step
    if len(dimensions) > 1:
        raise SpecError(
            "axes: points with different inputs.dimension are recorded at times without a common grid; "
            "give record.times whose distances are at least one step at every point"
        )
    return np.unique(np.concatenate([times for times, _ in recorded])), 0.0


def rows_of(own: np.ndarray, time: np.ndarray, tolerance: float) -> slice | np.ndarray | None:
    """Return the indices of the times of one run in the times of a grid.

    Parameters
    ----------
    own : ndarray of shape (t,)
        The times of the run, increasing.
    time : ndarray of shape (T,)
        The times of the grid, increasing.
    tolerance : float
        The largest difference of times that count as equal.

    Returns
    -------
    slice, ndarray of shape (t,), or None
        None if a time has no equal one, or if two of them have the same.
    """
    if np.array_equal(own, time):
        return slice(None)
    if not len(own):
        return slice(0, 0)
    after = np.clip(np.searchsorted(time, own), 1, max(len(time) - 1, 1))
    nearest = np.where(own - time[after - 1] <= time[after % len(time)] - own, after - 1, after)
    agree = np.abs(time[nearest] - own).max() <= tolerance
    return nearest if agree and (np.diff(nearest) > 0).all() else None
