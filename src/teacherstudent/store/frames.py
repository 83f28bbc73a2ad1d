"""Runs as tables: a pandas frame in the long form, an xarray dataset with named dimensions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from teacherstudent.engines.observables import DIMENSIONS, OBSERVABLES, attributes_of, dimensions_of
from teacherstudent.errors import RunError, refuse
from teacherstudent.store.stored_run import StoredRun

# Quantities over time that are in a frame only if they are requested by name.
LARGE = ("student_weights",)


def frame_of(stored: StoredRun, quantities: Sequence[str] = ()) -> Any:
    """Return runs as a pandas frame in the long form, with one number in each row.

    Parameters
    ----------
    stored : StoredRun
        The runs.
    quantities : sequence of str
        Names of quantities that are recorded over time. Default: all but the weights.

    Returns
    -------
    pandas.DataFrame
        Columns `engine`, `run`, `time` (steps / N), `quantity`, the indices of the quantities (`teacher`,
        `head`, `student_unit`, `student_unit_other`, `teacher_unit`, as categories; missing if a quantity
        does not have this index), and `value`. Rows after the divergence of a run are left out.

    Raises
    ------
    SpecError
        If a name is not a quantity over time of these runs.
    """
    import pandas

    dimensions = {name: OBSERVABLES[name].dimensions for name in stored.arrays}
    over_time = [name for name, (first, *others) in dimensions.items() if first == "time" and others]
    for name in quantities:
        if name not in over_time:
            refuse("quantities", name, f"these runs have {', '.join(over_time)}")
    names = list(quantities) or [name for name in over_time if name not in LARGE]
    tables = [_columns(stored, name) for name in names]
    lengths = [len(table["value"]) for table in tables]
    columns = {"engine": _repeated([stored.engine], [sum(lengths)])}
    columns |= {name: np.concatenate([table[name] for table in tables]) for name in ("run", "time")}
    columns["quantity"] = _repeated(names, lengths)
    for name in DIMENSIONS:
        if name != "run" and any(name in table for table in tables):
            columns[name] = _categories(
                [table.get(name, np.full(len(table["value"]), -1)) for table in tables]
            )
    columns["value"] = np.concatenate([table["value"] for table in tables])
    return pandas.DataFrame(columns)


def _repeated(texts: Sequence[str], lengths: Sequence[int]) -> Any:
    """Return a column in which each text is repeated."""
    import pandas

    return pandas.Series(texts).repeat(lengths).array


def _columns(stored: StoredRun, name: str) -> dict[str, np.ndarray]:
    """Return the rows of one quantity as columns, without the times after a divergence."""
    array, active = stored.arrays[name], stored.arrays["active_teacher"]
    if not stored.has_run_axis:
        array, active = array[None], active[None]
    run, row = np.nonzero(active >= 0)
    values = array[run, row]
    size = int(np.prod(values.shape[1:]))
    columns = {
        "run": np.repeat(run, size),
        "time": np.repeat(stored.arrays["time"][row], size),
        "value": values.ravel(),
    }
    for axis, dimension in enumerate(OBSERVABLES[name].dimensions[1:], start=1):
        shape = [-1 if other == axis else 1 for other in range(values.ndim)]
        index = np.arange(values.shape[axis], dtype=np.int32).reshape(shape)
        columns[dimension] = np.broadcast_to(index, values.shape).ravel()
    return columns


def _categories(parts: Sequence[np.ndarray]):
    """Return the joined values of an index as categories; -1 becomes a missing value."""
    import pandas

    codes = np.concatenate(parts)
    return pandas.Categorical.from_codes(codes, categories=range(codes.max(initial=-1) + 1))


def dataset_of(stored: StoredRun, attributes: Mapping[str, Any]) -> Any:
    """Return runs as an xarray dataset, the same that xarray reads from their file.

    Raises RunError if xarray is not installed.
    """
    xarray = xarray_for("to_xarray")

    def variable(name: str) -> tuple:
        dimensions = dimensions_of(name, stored.has_run_axis)
        return dimensions, stored.arrays[name], attributes_of(OBSERVABLES[name])

    dataset = xarray.Dataset({name: variable(name) for name in stored.arrays}, attrs=attributes)
    sizes = {name: size for name, size in dataset.sizes.items() if name not in stored.arrays}
    return dataset.assign_coords({name: coordinate(name, size) for name, size in sizes.items()})


def xarray_for(caller: str) -> Any:
    """Return the module xarray. Raises RunError with the name of the caller if it is not installed."""
    try:
        import xarray
    except ImportError as error:
        raise RunError(f"{caller} needs the package xarray: pip install xarray") from error
    return xarray


def coordinate(name: str, size: int) -> tuple:
    """Return the coordinate of a dimension that counts from 0, in the form that xarray takes."""
    return name, np.arange(size), attributes_of(DIMENSIONS[name])
