"""Runs in HDF5: the one module that writes and reads them.

A run is a group, the root of a file or one of many (`/runs/<key>`). It holds the arrays of a trajectory, with
a leading axis `run` where several runs of one spec stand together, and all that is needed to repeat it.
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
    OPTIONAL,
    SCHEMA_VERSION,
    STATE,
    STATE_VARIABLES,
    VARIABLES,
)
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import look
from teacherstudent.files.content import BLOCK, DIGEST, attribute, groups_of, recorded_in
from teacherstudent.files.hdf5 import LINE, add_array, add_dataset, opened_hdf5, write_blocks, write_hdf5
from teacherstudent.spec.model import Spec
from teacherstudent.store.curves import is_curves
from teacherstudent.store.digest import engine_digest
from teacherstudent.store.stacking import common_times, filler, names_of, padded_shape, stacked
from teacherstudent.store.stored_run import StoredRun

CURVES = (
    "holds the curves of an experiment, not runs; `teacherstudent show` lists them, "
    "teacherstudent.read_curves and xarray read them"
)
OF_THE_FILE = (DIGEST, LINE)  # attributes that describe the stored form, not the runs


def write_run(path: str | Path, spec: Spec, engine: str, seed: int, trajectory: Trajectory) -> None:
    """Write one trajectory as the root of a file; see `write_runs`."""
    write_runs(path, [("/", spec, engine, seed, [trajectory])], run_axis=False)


def write_runs(
    path: str | Path,
    entries: Iterable[tuple[str, Spec, str, int, list[Trajectory]]],
    run_axis: bool,
    attributes: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write groups of runs to a file that appears whole or not at all; equal content gives equal bytes.

    An entry is (group, spec, engine, seed, trajectories), the group "/" or a path such as "/runs/<key>".
    With `run_axis` all datasets but `time` have a leading axis `run`; without it an entry has one
    trajectory. A run that diverged ends early: with a run axis the rest is NaN (-1 for `active_teacher`), as
    are switches that did not come. The attribute `diverged_at` exists where a run diverged, with a run axis
    as an array that has NaN for the other runs. The group `state` holds the states at the end, where
    trajectories have them. `attributes` are added to each group, or replace its own. Raises RunError where
    the file cannot be written.
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
    """Read one group of a file, with the state that it has if asked for.

    Raises RunError where it is not a run.
    """
    with opened_hdf5(path) as file:
        if not is_run(file.get(group)):
            raise RunError(f"there is no run in group {group}")
        return _read(file[group], states)


def read_runs(path: str | Path, states: bool = False) -> list[StoredRun]:
    """Read all runs of a file in the order of their groups' names, with the states that it has if asked for.

    Raises RunError where there is none.
    """
    with opened_hdf5(path) as file:
        return runs_in(file, states)


def runs_in(file: h5py.File, states: bool = False) -> list[StoredRun]:
    """Do the same with an open file."""
    groups = [group for group in groups_of(file) if is_run(group)]
    if not groups:
        raise RunError(CURVES if any(map(is_curves, groups_of(file))) else "the file holds no run")
    return [_read(group, states) for group in groups]


def run_attributes(
    spec: Spec, engine: str, seed: int, trajectories: Sequence[Trajectory], run_axis: bool
) -> dict[str, Any]:
    """Return the attributes of a group: what was run, with what, and where runs diverged."""
    attributes = {"spec": spec.to_json(), "engine": engine, "seed": seed, **_provenance(engine)}
    diverged = [trajectory.diverged_at for trajectory in trajectories]
    if any(time is not None for time in diverged):
        times = np.array(diverged, dtype=float)  # None becomes NaN
        attributes["diverged_at"] = times if run_axis else times[0]
    return attributes


def is_run(item: object) -> bool:
    """Return whether something in a file is a group of runs."""
    named = isinstance(item, h5py.Group) and "spec" in item.attrs and "engine" in item.attrs
    return named and not is_curves(item)


def _read(group: h5py.Group, states: bool = False) -> StoredRun:
    present = recorded_in(group)
    missing = [name for name in VARIABLES if name not in present and name not in OPTIONAL]
    if missing:
        raise RunError(f"dataset {missing[0]} is missing in group {group.name}")
    attributes = {name: attribute(group, name) for name in group.attrs}
    state = group.get(STATE) if states else None
    run = StoredRun(
        group=group.name,
        engine=attributes["engine"],
        seed=int(attributes["seed"]),
        attributes=attributes,
        arrays={name: group[name][()] for name in VARIABLES if name in present},
        state=state and {name: state[name][()] for name in STATE_VARIABLES if name in state},
    )
    if run.has_run_axis and "diverged_at" in attributes:
        attributes["diverged_at"] = np.atleast_1d(attributes["diverged_at"])
    return run


@cache
def _provenance(engine: str) -> dict:
    """Attributes that say with what an engine's runs were made."""
    return {
        "schema_version": SCHEMA_VERSION,
        "code_digest": engine_digest(engine),
        "python_version": platform.python_version(),
        **{f"{package}_version": version(package) for package in ("numpy", "numba")},
    }


def _write_states(group: h5py.Group, trajectories: Sequence[Trajectory], run_axis: bool) -> dict[str, tuple]:
    """Write the states at the end; return the shapes of all datasets by name."""
    shapes = {}
    for name in [name for name in STATE_VARIABLES if name in trajectories[0].state]:
        arrays = [trajectory.state[name] for trajectory in trajectories]
        shapes[name] = _write_dataset(group, name, arrays, run_axis, *STATE_VARIABLES[name][:2]).shape
    return shapes


def _write_arrays(group: h5py.Group, trajectories: Sequence[Trajectory], run_axis: bool) -> dict[str, tuple]:
    """Write all datasets with their dimension scales; return their shapes by name."""
    if not run_axis and len(trajectories) > 1:
        raise ValueError("several runs need an axis")
    time = common_times(trajectories)
    scales = {"time": _write_dataset(group, "time", [time], False, *VARIABLES["time"][1:])}
    scales["time"].make_scale("time")
    shapes = {"time": scales["time"].shape}
    for name in names_of(trajectories[0]):
        dimensions, symbol, description = VARIABLES[name]
        if name == "time":  # the same for all runs, and written already
            continue
        arrays = [getattr(trajectory, name) for trajectory in trajectories]
        dataset = _write_dataset(group, name, arrays, run_axis, symbol, description)
        for axis, dimension in enumerate(("run", *dimensions) if run_axis else dimensions):
            if dimension not in scales:
                scales[dimension] = _write_scale(group, dimension, dataset.shape[axis])
            dataset.dims[axis].attach_scale(scales[dimension])
        shapes[name] = dataset.shape
    return shapes | {name: scale.shape for name, scale in scales.items()}


def _write_scale(group: h5py.Group, dimension: str, size: int) -> h5py.Dataset:
    scale = _write_dataset(group, dimension, [np.arange(size)], False, *DIMENSIONS[dimension])
    scale.make_scale(dimension)
    return scale


def _write_dataset(
    group: h5py.Group, name: str, arrays: Sequence[np.ndarray], run_axis: bool, symbol: str, description: str
) -> h5py.Dataset:
    """Write the one array, or the arrays of all runs along an axis, without a copy of them all."""
    if run_axis:
        shape, dtype = padded_shape(arrays), arrays[0].dtype
        dataset = add_dataset(group, name, (len(arrays), *shape), dtype, filler(dtype))
        step = BLOCK // max(1, math.prod(shape) * dtype.itemsize)  # so many runs are stacked at a time
        for first in range(0, len(arrays), max(1, step)):
            look()
            if step > 1:
                dataset[first : first + step] = stacked(arrays[first : first + step], shape)
            else:
                write_blocks(dataset, (first,), arrays[first])
    else:
        dataset = add_array(group, name, arrays[0])
    dataset.attrs["symbol"] = symbol
    dataset.attrs["description"] = description
    return dataset


def _check(file: h5py.File, shapes: dict[str, dict[str, tuple]]) -> None:
    """Raise RunError where a dataset is missing or has another shape than what was to be written."""
    for group, expected in shapes.items():
        for name, shape in expected.items():
            dataset = file.get(f"{group}/{name}")
            if dataset is None or dataset.shape != shape:
                raise RunError(f"dataset {group}/{name} was not written as it should be")
