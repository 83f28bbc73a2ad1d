"""The command `accept`: new digests for a file that was changed after it was written."""

import io
from pathlib import Path

import h5py
import numpy as np

from teacherstudent.engines.observables import dimensions_of
from teacherstudent.engines.state_variables import STATE
from teacherstudent.errors import RunError
from teacherstudent.files.checksum_line import check_line
from teacherstudent.files.content import DIGEST, groups_of, is_as_written, present, sign
from teacherstudent.files.hdf5 import LINE, METADATA, failing_in_one_line, naming_damage
from teacherstudent.files.heaps import check_heaps
from teacherstudent.files.writing import HDF5, whole_file
from teacherstudent.store.curves import Curves, curves_in, is_curves
from teacherstudent.store.runs import is_run, runs_in
from teacherstudent.store.stored_run import StoredRun

ACCEPTED = "accepted"  # attribute of a group whose content was changed
WORDS = "by `teacherstudent accept`: this content may differ from what was computed"


def accept(path: str | Path) -> bool:
    """Compute new digests for all groups of a file whose content was changed.

    These groups get the attribute `accepted`. The new file appears complete or not at all.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with runs or curves.

    Returns
    -------
    bool
        Whether a group was changed.

    Raises
    ------
    RunError
        If the file is damaged, or cannot be read as runs or curves.
    """
    with failing_in_one_line(path):
        image = io.BytesIO(Path(path).read_bytes())
        if not image.getbuffer()[: len(HDF5)] == HDF5:
            raise RunError("not an HDF5 file")
        has_line = check_line(image)
        check_heaps(image.getvalue())
        with naming_damage(), h5py.File(image, "r+", libver=METADATA) as file:
            changed = [] if has_line and LINE in file.attrs else _changed(file)
            if changed:
                _check(file)
                file.attrs.pop(LINE, None)
            for group in changed:
                group.attrs[ACCEPTED] = WORDS
                attributes, datasets = present(group)
                sign(group, {*attributes, ACCEPTED}, datasets)
    if changed:
        with whole_file(path) as temporary:
            temporary.write_bytes(image.getbuffer())
    return bool(changed)


def _changed(file: h5py.File) -> list[h5py.Group]:
    """Return the groups of runs, states and curves whose content may differ from the original one."""
    named = [group for group in groups_of(file) if is_run(group) or is_curves(group)]
    states = [group[STATE] for group in named if isinstance(group.get(STATE), h5py.Group)]
    return [group for group in named + states if DIGEST not in group.attrs or not is_as_written(group)]


def _check(file: h5py.File) -> None:
    """Raise RunError if a file cannot be read as runs or curves."""
    groups = groups_of(file)
    if any(map(is_run, groups)):
        for run in runs_in(file, states=True):
            _check_sizes(run)
            _ = run.spec, run.trajectories
    if any(map(is_curves, groups)):
        for curves in curves_in(file).values():
            _check_axes(curves)


def _check_sizes(run: StoredRun) -> None:
    """Raise RunError if the arrays of a run do not have the same sizes along the same dimensions."""
    sizes: dict[str, int] = {}
    for name, array in run.arrays.items():
        dimensions = dimensions_of(name, run.has_run_axis)
        if array.ndim != len(dimensions):
            raise RunError(
                f"dataset {name} has {array.ndim} dimensions; it must have {', '.join(dimensions)}"
            )
        for dimension, size in zip(dimensions, array.shape, strict=True):
            if sizes.setdefault(dimension, size) != size:
                raise RunError(f"dataset {name} has size {size} along {dimension}, others {sizes[dimension]}")
    if np.size(run.attributes.get("diverged_at", np.zeros(sizes.get("run", 1)))) != sizes.get("run", 1):
        raise RunError("attribute diverged_at has another number of runs than the datasets")


def _check_axes(curves: Curves) -> None:
    """Raise RunError if the arrays of curves do not have the sizes of the axes."""
    lead = (*map(len, curves.axes.values()), *curves.diverged.shape[-1:])
    arrays = curves.quantities | {"diverged": curves.diverged, "switch_times": curves.switch_times}
    for name, array in arrays.items():
        if array.shape[: len(lead)] != lead:
            raise RunError(
                f"dataset {name} of engine {curves.engine} has shape {array.shape}, not {lead} first"
            )
