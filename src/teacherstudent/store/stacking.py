"""Arrays of several runs, stacked along a leading axis; shorter ones are padded."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.trajectory import Trajectory


def joined(trajectories: Sequence[Trajectory], run_axis: bool) -> dict[str, np.ndarray]:
    """Return the arrays of trajectories by name, with `run_axis` stacked along a leading axis."""
    if not run_axis:
        (trajectory,) = trajectories
        return trajectory.arrays
    arrays = [trajectory.arrays for trajectory in trajectories]
    found = {name: stacked([own[name] for own in arrays]) for name in arrays[0]}
    return found | {"time": common_times(trajectories)}


def common_times(trajectories: Sequence[Trajectory]) -> np.ndarray:
    """Return the times of the longest run. Raises ValueError if those of another run differ."""
    longest = max((trajectory.time for trajectory in trajectories), key=len)
    for trajectory in trajectories:
        if not np.array_equal(trajectory.time, longest[: len(trajectory.time)]):
            raise ValueError("runs recorded at different times cannot share an axis")
    return longest


def stacked(arrays: Sequence[np.ndarray], shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Stack arrays whose axes may differ in length, each padded to the longest or to a shape."""
    shape = padded_shape(arrays) if shape is None else shape
    if not shape:
        return np.array(arrays)
    whole = np.full((len(arrays), *shape), filler(arrays[0].dtype), dtype=arrays[0].dtype)
    for row, array in zip(whole, arrays, strict=True):
        row[tuple(map(slice, array.shape))] = array
    return whole


def padded_shape(arrays: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Return the largest length of each axis of several arrays."""
    return tuple(map(max, zip(*(array.shape for array in arrays), strict=True)))


def filler(dtype: np.dtype) -> float:
    """Return the padding of an array: -1 for integers, NaN for other numbers."""
    return -1 if np.issubdtype(dtype, np.integer) else np.nan
