"""Runs in HDF5: the one module that writes and reads them.

A run is a group, the root of a file or one of many (`/runs/<key>`). It holds the arrays of a trajectory, with
a leading axis `run` where several runs of one spec stand together, and all that is needed to repeat it.
"""

import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np

from teacherstudent.digest import engine_digest
from teacherstudent.errors import RunError
from teacherstudent.hdf5 import opened_hdf5, write_hdf5
from teacherstudent.layout import (
    DIMENSIONS,
    OPTIONAL,
    SCHEMA_VERSION,
    STATE,
    STATE_VARIABLES,
    VARIABLES,
    StoredRun,
)
from teacherstudent.spec import Spec
from teacherstudent.stacking import joined, stacked
from teacherstudent.trajectory import Trajectory

LARGE = 65536  # bytes; smaller datasets are not worth compressing


def write_run(path: str | Path, spec: Spec, engine: str, seed: int, trajectory: Trajectory) -> None:
    """Write one trajectory as the root of a file; see `write_runs`."""
    write_runs(path, [("/", spec, engine, seed, [trajectory])], run_axis=False)


def write_runs(
    path: str | Path,
    entries: Iterable[tuple[str, Spec, str, int, list[Trajectory]]],
    run_axis: bool,
    attributes: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write groups of runs to a file that appears whole or not at all; equal content gives equal bytes.

    An entry is (group, spec, engine, seed, trajectories), the group "/" or a path such as "/runs/<key>".
    With `run_axis` all datasets but `time` have a leading axis `run`; without it an entry has one
    trajectory. A run that diverged ends early: with a run axis the rest is NaN (-1 for `active_teacher`), as
    are switches that did not come. The attribute `diverged_at` exists where a run diverged, with a run axis
    as an array that has NaN for the other runs. The group `state` holds the states at the end, where
    trajectories have them. `attributes` are added to each group. Raises RunError where the file cannot be
    written.
    """

    def fill(file: h5py.File) -> None:
        shapes = {}
        for group, spec, engine, seed, trajectories in entries:
            target = file.require_group(group)
            target.attrs.update(run_attributes(spec, engine, seed, trajectories, run_axis))
            target.attrs.update(attributes)
            shapes[group] = _write_arrays(target, joined(trajectories, run_axis), run_axis)
            if trajectories[0].state is not None:
                shapes[f"{group}/{STATE}"] = _write_states(target.create_group(STATE), trajectories, run_axis)
        _check(file, shapes)

    write_hdf5(path, fill)


def read_run(path: str | Path, group: str = "/") -> StoredRun:
    """Read one group of a file. Raises RunError where it is not a run."""
    with opened_hdf5(path) as file:
        if not _is_run(file.get(group)):
            raise RunError(f"there is no run in group {group}")
        return _read(file[group])


def read_runs(path: str | Path, states: bool = False) -> list[StoredRun]:
    """Read all runs of a file in the order of their groups' names, with the states that it has if asked for.

    Raises RunError where there is none.
    """
    with opened_hdf5(path) as file:
        runs = [_read(group, states) for group in _runs_within(file)]
        if not runs:
            raise RunError("the file holds no run")
    return runs


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


def _runs_within(group: h5py.Group) -> list[h5py.Group]:
    if _is_run(group):
        return [group]
    return [run for item in group.values() if isinstance(item, h5py.Group) for run in _runs_within(item)]


def _is_run(item) -> bool:
    return isinstance(item, h5py.Group) and "spec" in item.attrs and "engine" in item.attrs


def _read(group: h5py.Group, states: bool = False) -> StoredRun:
    present = set(group)
    missing = [name for name in VARIABLES if name not in present and name not in OPTIONAL]
    if missing:
        raise RunError(f"dataset {missing[0]} is missing in group {group.name}")
    attributes, state = dict(group.attrs), group.get(STATE) if states else None
    return StoredRun(
        group=group.name,
        engine=attributes["engine"],
        seed=int(attributes["seed"]),
        attributes=attributes,
        arrays={name: group[name][()] for name in VARIABLES if name in present},
        state=state and {name: array[()] for name, array in state.items()},
    )


@cache
def _provenance(engine: str) -> dict:
    """Attributes that say with what an engine's runs were made."""
    return {
        "schema_version": SCHEMA_VERSION,
        "code_digest": engine_digest(engine),
        "python_version": platform.python_version(),
        **{f"{package}_version": version(package) for package in ("numpy", "numba")},
    }


def _write_states(group: h5py.Group, trajectories: list[Trajectory], run_axis: bool) -> dict[str, tuple]:
    """Write the states at the end; return the shapes of all datasets by name."""
    shapes = {}
    for name, array in trajectories[0].state.items():
        if run_axis:
            array = stacked([trajectory.state[name] for trajectory in trajectories])
        shapes[name] = _write_dataset(group, name, array, *STATE_VARIABLES[name][:2]).shape
    return shapes


def _write_arrays(group: h5py.Group, arrays: dict[str, np.ndarray], run_axis: bool) -> dict[str, tuple]:
    """Write all datasets with their dimension scales; return their shapes by name."""
    written = {
        name: _write_dataset(group, name, array, *VARIABLES[name][1:]) for name, array in arrays.items()
    }
    scales = {"time": written["time"]}
    scales["time"].make_scale("time")
    for name in arrays:
        dimensions = VARIABLES[name][0]
        for axis, dimension in enumerate(("run", *dimensions) if run_axis and name != "time" else dimensions):
            if dimension not in scales:
                scales[dimension] = _write_scale(group, dimension, arrays[name].shape[axis])
            if dimension != name:
                written[name].dims[axis].attach_scale(scales[dimension])
    return {name: dataset.shape for name, dataset in (written | scales).items()}


def _write_scale(group: h5py.Group, dimension: str, size: int) -> h5py.Dataset:
    scale = _write_dataset(group, dimension, np.arange(size), *DIMENSIONS[dimension])
    scale.make_scale(dimension)
    return scale


def _write_dataset(
    group: h5py.Group, name: str, array: np.ndarray, symbol: str, description: str
) -> h5py.Dataset:
    packed = {"compression": "gzip", "shuffle": True} if array.nbytes > LARGE else {}
    dataset = group.create_dataset(name, data=array, track_times=False, **packed)
    dataset.attrs["symbol"] = symbol
    dataset.attrs["description"] = description
    return dataset


def _check(file: h5py.File, shapes: dict[str, dict[str, tuple]]) -> None:
    """Read what was written again; raise RunError where a dataset is missing or has another shape."""
    for group, expected in shapes.items():
        for name, shape in expected.items():
            dataset = file.get(f"{group}/{name}")
            if dataset is None or dataset[()].shape != shape:
                raise RunError(f"dataset {group}/{name} was not written as it should be")
