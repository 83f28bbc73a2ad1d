"""Writing and reading of runs in HDF5.

A run is a group: the root of a file, or `/runs/<key>` in a file with many groups. It contains the arrays of a
trajectory and, as attributes, spec, engine and seed, with which the run can be repeated. Several runs of one
spec are stored in one group, along a leading axis `run`. `engines.observables` describes the layout.
"""

import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np

from teacherstudent.engines.observables import (
    DIMENSIONS,
    OBSERVABLES,
    SCHEMA_VERSION,
    Dimension,
    Observable,
    attributes_of,
    dimensions_of,
)
from teacherstudent.engines.state_variables import STATE, STATE_VARIABLES, StateVariable
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import check_interruption
from teacherstudent.files.content import BLOCK, DIGEST, attribute, groups_of, recorded_in
from teacherstudent.files.hdf5 import LINE, add_array, add_dataset, opened_hdf5, write_blocks, write_hdf5
from teacherstudent.spec.model import Spec
from teacherstudent.store.curves import is_curves
from teacherstudent.store.digest import engine_digest
from teacherstudent.store.stacking import common_times, filler, padded_shape, stacked
from teacherstudent.store.stored_run import StoredRun

CURVES = (
    "contains the curves of an experiment, not runs; use `teacherstudent show`, "
    "teacherstudent.read_curves or xarray to read them"
)
NAMED = 3  # groups in a message
OF_THE_FILE = (DIGEST, LINE)  # attributes that describe the file, not the runs


def write_run(path: str | Path, spec: Spec, engine: str, seed: int, trajectory: Trajectory) -> None:
    """Write one trajectory as the root of an HDF5 file, which appears complete or not at all.

    Parameters
    ----------
    path : str or Path
        The file, which is replaced if it exists.
    spec : Spec
        The spec of the run.
    engine : str
        The name of the engine that computed it.
    seed : int
        The seed of its random numbers.
    trajectory : Trajectory
        The recorded arrays.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    write_runs(path, [("/", spec, engine, seed, [trajectory])], run_axis=False)


def write_runs(
    path: str | Path,
    entries: Iterable[tuple[str, Spec, str, int, list[Trajectory]]],
    run_axis: bool,
    attributes: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write groups of runs to an HDF5 file, which appears complete or not at all.

    Equal content gives equal bytes. A run that diverged has fewer recorded times: along an axis `run` its
    arrays are filled up with NaN (integers with -1), and so are missing switch times. The attribute
    `diverged_at` exists if a run diverged, along an axis `run` with NaN for the others. The group `state`
    contains the states at the end, if the trajectories have them.

    Parameters
    ----------
    path : str or Path
        The file, which is replaced if it exists.
    entries : iterable of tuple
        Groups of runs: (group, spec, engine, seed, trajectories), with "/" or a path such as "/runs/<key>" as
        the group.
    run_axis : bool
        Whether all datasets but `time` have a leading axis `run`; without it each entry has one trajectory.
    attributes : mapping
        Attributes that are added to every group, or replace its own.

    Raises
    ------
    RunError
        If the file cannot be written.
    ValueError
        If runs of one group were recorded at different times, or if there are several without `run_axis`.
    """

    def fill(file: h5py.File) -> None:
        shapes = {}
        for group, spec, engine, seed, trajectories in entries:
            target = file.require_group(group)
            own = run_attributes(spec, engine, seed, trajectories, run_axis)
            target.attrs.update(own | dict(attributes))
            shapes[group] = _write_arrays(target, trajectories, run_axis)
            if trajectories[0].state is not None:
                shapes[f"{group}/{STATE}"] = _write_states(target.create_group(STATE), trajectories, run_axis)
        _check(file, shapes)

    write_hdf5(path, fill)


def read_run(path: str | Path, group: str = "/", states: bool = False) -> StoredRun:
    """Read one group of a file.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with runs.
    group : str
        The path of the group in the file.
    states : bool
        Whether the recorded states at the end are read too.

    Returns
    -------
    StoredRun
        The run or runs of this group.

    Raises
    ------
    RunError
        If the group has no run, or if the file cannot be read.
    """
    with opened_hdf5(path) as file:
        if not is_run(file.get(group)):
            raise RunError(_without_run(file, group))
        return _read(file[group], states)


def _without_run(file: h5py.File, group: str) -> str:
    """Return the message about a group without a run, with the groups that have runs."""
    if any(map(is_curves, groups_of(file))):
        return CURVES
    names = [found.name for found in groups_of(file) if is_run(found)]
    if not names:
        return f"there is no run in group {group}"
    others = f" and {len(names) - NAMED} others" if len(names) > NAMED else ""
    return f"there is no run in group {group}; its groups of runs are {', '.join(names[:NAMED])}{others}"


def read_runs(path: str | Path, states: bool = False) -> list[StoredRun]:
    """Read all groups of runs in a file, ordered by name.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with runs.
    states : bool
        Whether the recorded states at the end are read too.

    Returns
    -------
    list of StoredRun
        One entry for each group.

    Raises
    ------
    RunError
        If the file has no runs, or if it cannot be read.
    """
    with opened_hdf5(path) as file:
        return runs_in(file, states)


def runs_in(file: h5py.File, states: bool = False) -> list[StoredRun]:
    """Read all groups of runs in an open file; see `read_runs`."""
    groups = [group for group in groups_of(file) if is_run(group)]
    if not groups:
        raise RunError(CURVES if any(map(is_curves, groups_of(file))) else "the file contains no runs")
    return [_read(group, states) for group in groups]


def run_attributes(
    spec: Spec, engine: str, seed: int, trajectories: Sequence[Trajectory], run_axis: bool
) -> dict[str, Any]:
    """Return the attributes of a group of runs.

    Parameters
    ----------
    spec : Spec
        The spec, which is stored as JSON with all defaults.
    engine : str
        The name of the engine; the digest of its code and the versions of packages are stored beside it.
    seed : int
        The seed of the random numbers.
    trajectories : sequence of Trajectory
        The runs, for the times at which they diverged.
    run_axis : bool
        Whether these times are an array with one entry for each run.

    Returns
    -------
    dict
        Values by name.
    """
    attributes = {"spec": spec.to_json(), "engine": engine, "seed": seed, **_provenance(engine)}
    diverged = [trajectory.diverged_at for trajectory in trajectories]
    if any(time is not None for time in diverged):
        times = np.array(diverged, dtype=float)  # None becomes NaN
        attributes["diverged_at"] = times if run_axis else times[0]
    return attributes


def is_run(item: object) -> bool:
    """Return whether an item of a file is a group of runs."""
    named = isinstance(item, h5py.Group) and "spec" in item.attrs and "engine" in item.attrs
    return named and not is_curves(item)


def _read(group: h5py.Group, states: bool = False) -> StoredRun:
    present = recorded_in(group)
    missing = [name for name, entry in OBSERVABLES.items() if entry.when is None and name not in present]
    if missing:
        raise RunError(f"dataset {missing[0]} is missing in group {group.name}")
    attributes = {name: attribute(group, name) for name in group.attrs}
    state = group.get(STATE) if states else None
    run = StoredRun(
        group=group.name,
        engine=attributes["engine"],
        seed=int(attributes["seed"]),
        attributes=attributes,
        arrays={name: group[name][()] for name in OBSERVABLES if name in present},
        state=state and {name: state[name][()] for name in STATE_VARIABLES if name in state},
    )
    if run.has_run_axis and "diverged_at" in attributes:
        attributes["diverged_at"] = np.atleast_1d(attributes["diverged_at"])
    return run


@cache
def _provenance(engine: str) -> dict:
    """Return the versions of code and packages that the runs of an engine depend on."""
    return {
        "schema_version": SCHEMA_VERSION,
        "code_digest": engine_digest(engine),
        "python_version": platform.python_version(),
        **{f"{package}_version": version(package) for package in ("teacherstudent", "numpy", "numba")},
    }


def _write_states(group: h5py.Group, trajectories: Sequence[Trajectory], run_axis: bool) -> dict[str, tuple]:
    """Write the states at the end; return the shapes of all datasets by name."""
    shapes = {}
    for name in [name for name in STATE_VARIABLES if name in trajectories[0].state]:
        arrays = [trajectory.state[name] for trajectory in trajectories]
        shapes[name] = _write_dataset(group, STATE_VARIABLES[name], arrays, run_axis).shape
    return shapes


def _write_arrays(group: h5py.Group, trajectories: Sequence[Trajectory], run_axis: bool) -> dict[str, tuple]:
    """Write all datasets with their dimension scales; return their shapes by name."""
    if not run_axis and len(trajectories) > 1:
        raise ValueError("several runs need an axis: set run_axis")
    time = common_times(trajectories)
    scales = {"time": _write_dataset(group, OBSERVABLES["time"], [time], run_axis=False)}
    scales["time"].make_scale("time")
    shapes = {"time": scales["time"].shape}
    for name in trajectories[0].arrays:
        if name == "time":  # the same for all runs, and already written
            continue
        arrays = [getattr(trajectory, name) for trajectory in trajectories]
        dataset = _write_dataset(group, OBSERVABLES[name], arrays, run_axis)
        for axis, dimension in enumerate(dimensions_of(name, run_axis)):
            if dimension not in scales:
                scales[dimension] = _write_scale(group, dimension, dataset.shape[axis])
            dataset.dims[axis].attach_scale(scales[dimension])
        shapes[name] = dataset.shape
    return shapes | {name: scale.shape for name, scale in scales.items()}


def _write_scale(group: h5py.Group, dimension: str, size: int) -> h5py.Dataset:
    scale = _write_dataset(group, DIMENSIONS[dimension], [np.arange(size)], run_axis=False)
    scale.make_scale(dimension)
    return scale


def _write_dataset(
    group: h5py.Group,
    entry: Observable | Dimension | StateVariable,
    arrays: Sequence[np.ndarray],
    run_axis: bool,
) -> h5py.Dataset:
    """Write one array, or the arrays of all runs along an axis, without a copy of all of them."""
    if run_axis:
        shape, dtype = padded_shape(arrays), arrays[0].dtype
        dataset = add_dataset(group, entry.name, (len(arrays), *shape), dtype, filler(dtype))
        step = BLOCK // max(1, math.prod(shape) * dtype.itemsize)  # number of runs that are stacked at a time
        for first in range(0, len(arrays), max(1, step)):
            check_interruption()
            if step > 1:
                dataset[first : first + step] = stacked(arrays[first : first + step], shape)
            else:
                write_blocks(dataset, (first,), arrays[first])
    else:
        dataset = add_array(group, entry.name, arrays[0])
    dataset.attrs.update(attributes_of(entry))
    return dataset


def _check(file: h5py.File, shapes: dict[str, dict[str, tuple]]) -> None:
    """Raise RunError if a dataset is missing or does not have the expected shape."""
    for group, expected in shapes.items():
        for name, shape in expected.items():
            dataset = file.get(f"{group}/{name}")
            if dataset is None or dataset.shape != shape:
                raise RunError(f"dataset {group}/{name} was not written completely")
