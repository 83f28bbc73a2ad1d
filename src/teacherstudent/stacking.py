"""Arrays of several runs in one: stacked along a leading axis, shorter runs filled up."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.layout import VARIABLES
from teacherstudent.trajectory import Trajectory


def joined(trajectories: Sequence[Trajectory], run_axis: bool) -> dict[str, np.ndarray]:
    """Return the arrays by name, those of several trajectories stacked along a leading axis."""
    names = [name for name in VARIABLES if getattr(trajectories[0], name) is not None]
    if not run_axis:
        (trajectory,) = trajectories
        return {name: getattr(trajectory, name) for name in names}
    arrays = {name: stacked([getattr(trajectory, name) for trajectory in trajectories]) for name in names}
    arrays["time"] = max((trajectory.time for trajectory in trajectories), key=len)
    for trajectory in trajectories:
        if not np.array_equal(trajectory.time, arrays["time"][: len(trajectory.time)]):
            raise ValueError("runs recorded at different times cannot share an axis")
    return arrays


def stacked(arrays: list[np.ndarray]) -> np.ndarray:
    """Stack arrays whose first axes may differ in length, padded with NaN or -1."""
    if arrays[0].ndim == 0:
        return np.array(arrays)
    length, kind = max(len(array) for array in arrays), arrays[0].dtype
    shape = (len(arrays), length, *arrays[0].shape[1:])
    whole = np.full(shape, -1 if np.issubdtype(kind, np.integer) else np.nan, dtype=kind)
    for row, array in zip(whole, arrays, strict=True):
        row[: len(array)] = array
    return whole
