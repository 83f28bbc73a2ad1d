"""Curves: the runs of one engine in one experiment, stacked along the axes of the experiment."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from teacherstudent.engines.observables import DIMENSIONS, OBSERVABLES
from teacherstudent.errors import RunError
from teacherstudent.files.content import attribute, groups_of
from teacherstudent.files.hdf5 import add_array, opened_hdf5, write_hdf5
from teacherstudent.spec.axes import short_names, with_values
from teacherstudent.spec.model import Spec


@dataclass(frozen=True)
class Curves:
    """Collected observables of one engine, each an array over (axes..., run, time, ...).

    Observables of a run that diverged are NaN from this time on. Axes are named by their key or by the end of
    the key: `similarity` for `teachers.features.similarity`.

    Parameters
    ----------
    engine : str
        The name of the engine.
    axes : dict of str to ndarray
        The values along each axis by the dotted key of the spec, outer axes first.
    runs : int
        The number of runs at each point.
    seed : int
        The seed of their random numbers.
    time : ndarray of shape (T,)
        The recorded times t = steps / N.
    quantities : dict of str to ndarray
        The observables by name, (axes..., run, time, ...); those of the teachers alone have no axis of time.
    diverged : ndarray of bool, shape (axes..., run)
        Whether a run diverged.
    switch_times : ndarray of shape (axes..., run, S)
        The times of the switches, NaN for switches that did not happen.
    document : dict
        The base spec as it was given; the values of the axes replace some of its values.
    """

    engine: str
    axes: dict[str, np.ndarray]
    runs: int
    seed: int
    time: np.ndarray
    quantities: dict[str, np.ndarray]
    diverged: np.ndarray
    switch_times: np.ndarray
    document: dict = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return a description in one line."""
        axes = ", ".join(f"{key} ({len(values)})" for key, values in self.axes.items()) or "none"
        named = ", ".join(self.quantities)
        return f"<Curves: engine {self.engine}, seed {self.seed}, runs {self.runs}, axes {axes}; {named}>"

    @cached_property
    def spec(self) -> Spec:
        """The complete spec, with all defaults, at the first value of each axis.

        After `select` it has the selected values of the removed axes. The files of weights and data in the
        base spec are not read. Raises SpecError if the base spec is not complete without them.
        """
        from teacherstudent.spec.parse import parse_spec  # slow, and not needed to read or write curves

        first = {key: values.tolist()[0] for key, values in self.axes.items()}
        return parse_spec(with_values(self.document, first), files=False)

    def key(self, name: str) -> str:
        """Return the dotted key of the axis with a name. Raises KeyError unless there is exactly one."""
        keys = [name] if name in self.axes else [key for key in self.axes if key.endswith(f".{name}")]
        if len(keys) != 1:
            axes = ", ".join(self.axes) or "no axes"
            found = "several axes" if keys else "no axis"
            raise KeyError(f"{name} is the name of {found} of engine {self.engine}, which has {axes}")
        return keys[0]

    def axis(self, name: str) -> np.ndarray:
        """Return the values along an axis.

        Parameters
        ----------
        name : str
            Its key, or the end of the key.

        Returns
        -------
        ndarray

        Raises
        ------
        KeyError
            If no axis has this name, or several have it.
        """
        return self.axes[self.key(name)]

    def select(self, **values) -> "Curves":
        """Return the curves at one value of some axes, which are removed.

        Parameters
        ----------
        **values
            The value by the name of the axis; numbers are compared to 9 digits.

        Returns
        -------
        Curves
            They have all other axes.

        Raises
        ------
        KeyError
            If an axis does not exist, or if it does not have the value.
        """
        chosen = self
        for name, value in values.items():
            chosen = chosen._at(chosen.key(name), value)
        return chosen

    def _at(self, key: str, value) -> "Curves":
        index, position = _index(self.axes[key], value, key), list(self.axes).index(key)

        def cut(array):
            return np.take(array, index, axis=position)

        return dataclasses.replace(
            self,
            axes={other: values for other, values in self.axes.items() if other != key},
            document=with_values(self.document, {key: self.axes[key][index].item()}),
            quantities={name: cut(array) for name, array in self.quantities.items()},
            diverged=cut(self.diverged),
            switch_times=cut(self.switch_times),
        )

    def values(self, quantity: str) -> np.ndarray:
        """Return a quantity, NaN at all times for runs that diverged.

        Parameters
        ----------
        quantity : str
            Its name.

        Returns
        -------
        ndarray of shape (axes..., run, time, ...)

        Raises
        ------
        KeyError
            If it was not collected.
        """
        if quantity not in self.quantities:
            collected = ", ".join(self.quantities)
            raise KeyError(f"{quantity} is not a quantity of these curves, which have {collected}")
        array = self.quantities[quantity].astype(float)
        array[self.diverged] = np.nan
        return array

    def mean(self, quantity: str) -> np.ndarray:
        """Return the mean of a quantity over the runs that did not diverge.

        Parameters
        ----------
        quantity : str
            Its name.

        Returns
        -------
        ndarray of shape (axes..., time, ...)
            NaN if all runs diverged.
        """
        return mean_over(self.values(quantity), axis=len(self.axes))

    def sem(self, quantity: str) -> np.ndarray:
        """Return the standard error of `mean`.

        Parameters
        ----------
        quantity : str
            Its name.

        Returns
        -------
        ndarray of shape (axes..., time, ...)
            NaN for fewer than two runs that did not diverge.
        """
        return sem_over(self.values(quantity), axis=len(self.axes))

    @property
    def excluded(self) -> int:
        """Number of runs that diverged, which are not in `values`, `mean` and `sem`."""
        return int(self.diverged.sum())


def mean_over(array: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean along an axis without the entries that are NaN."""
    count = np.isfinite(array).sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nansum(array, axis=axis) / count


def sem_over(array: np.ndarray, axis: int) -> np.ndarray:
    """Return the standard error of `mean_over`."""
    count = np.isfinite(array).sum(axis=axis)
    squares = (array - np.expand_dims(mean_over(array, axis), axis)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(np.nansum(squares, axis=axis) / (count - 1) / count)


def _index(values: np.ndarray, value, key: str) -> int:
    numeric = np.issubdtype(values.dtype, np.number)
    found = np.flatnonzero(np.isclose(values, value, rtol=1e-9, atol=1e-12) if numeric else values == value)
    if len(found) != 1:
        raise KeyError(f"{key} = {value} is not among {', '.join(map(str, values))}")
    return int(found[0])


def write_curves(path: str | Path, curves: Iterable[Curves]) -> None:
    """Write the curves of an experiment to HDF5; the file appears complete or not at all.

    There is one group for each engine. Dimensions are named, so that xarray can open a group.
    """

    def fill(file: h5py.File) -> None:
        for entry in curves:
            _write(file.create_group(entry.engine), entry)

    write_hdf5(path, fill)


def _write(group: h5py.Group, curves: Curves) -> None:
    names = short_names(curves.axes)
    group.attrs.update(axes=json.dumps(names), quantities=json.dumps(list(curves.quantities)))
    group.attrs.update(
        engine=curves.engine, runs=curves.runs, seed=curves.seed, spec=json.dumps(curves.document)
    )
    for key, name in names.items():
        _coordinate(group, name, curves.axes[key], key)
    _coordinate(group, "time", curves.time, OBSERVABLES["time"].description)
    lead = (*names.values(), "run")
    for name, array in curves.quantities.items():
        entry = OBSERVABLES[name]
        _dataset(group, name, array, lead + entry.dimensions, entry.description)
    _dataset(group, "diverged", curves.diverged.astype(np.int8), lead, "1 where the run diverged")
    switches = OBSERVABLES["switch_times"]
    _dataset(group, switches.name, curves.switch_times, lead + switches.dimensions, switches.description)


def _coordinate(group: h5py.Group, name: str, values: np.ndarray, description: str) -> None:
    add_array(group, name, values.astype(object) if values.dtype.kind == "U" else values)
    group[name].attrs["description"] = description
    group[name].make_scale(name)


def _dataset(
    group: h5py.Group, name: str, array: np.ndarray, dimensions: tuple[str, ...], description: str
) -> None:
    add_array(group, name, array)
    group[name].attrs["description"] = description
    for axis, dimension in enumerate(dimensions):
        if dimension not in group:
            _coordinate(group, dimension, np.arange(array.shape[axis]), DIMENSIONS[dimension].description)
        group[name].dims[axis].attach_scale(group[dimension])


def read_curves(path: str | Path) -> dict[str, Curves]:
    """Read the curves of an experiment.

    Parameters
    ----------
    path : str or Path
        An HDF5 file that the workflow has written.

    Returns
    -------
    dict of str to Curves
        The curves of each engine, by its name.

    Raises
    ------
    RunError
        If the file has no curves, is damaged or was changed.
    """
    with opened_hdf5(path) as file:
        return curves_in(file)


def curves_in(file: h5py.File) -> dict[str, Curves]:
    """Read the curves in an open file; see `read_curves`."""
    found = [_read(group) for group in groups_of(file) if is_curves(group)]
    if not found:
        raise RunError("the file contains no curves")
    return {curves.engine: curves for curves in found}


def holds_curves(path: str | Path) -> bool:
    """Return whether a file contains curves. Raises RunError if it cannot be read."""
    with opened_hdf5(path) as file:
        return any(map(is_curves, groups_of(file)))


def is_curves(item: object) -> bool:
    """Return whether an item of a file is a group of curves."""
    return isinstance(item, h5py.Group) and "axes" in item.attrs and "quantities" in item.attrs


def _read(group: h5py.Group) -> Curves:
    about = {name: attribute(group, name) for name in group.attrs}
    return Curves(
        engine=about["engine"],
        axes={key: _values(group[name]) for key, name in json.loads(about["axes"]).items()},
        runs=int(about["runs"]),
        seed=int(about["seed"]),
        time=group["time"][()],
        quantities={name: group[name][()] for name in json.loads(about["quantities"])},
        diverged=group["diverged"][()].astype(bool),
        switch_times=group["switch_times"][()],
        document=json.loads(about["spec"]),
    )


def _values(dataset: h5py.Dataset) -> np.ndarray:
    return dataset.asstr()[()].astype(str) if h5py.check_string_dtype(dataset.dtype) else dataset[()]
