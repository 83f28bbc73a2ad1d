"""Steps and times: t = steps / N for all engines, with the N inputs of the spec."""

from functools import lru_cache

import numpy as np

from teacherstudent.errors.messages import merged
from teacherstudent.spec.model import Record, Spec


def step_at(time: float, dimension: int) -> int:
    """Return the step nearest to a time."""
    return round(time * dimension)


def on_step(time: float, dimension: int) -> float:
    """Return the time of the step nearest to a time."""
    return step_at(time, dimension) / dimension


def record_steps(spec: Spec) -> np.ndarray:
    """Return the steps at which a run is recorded, those nearest to the times of the spec.

    Returns
    -------
    ndarray of int64, shape (T,)
        Increasing, each step once, between 0 and the last step of the run; it cannot be changed.
    """
    return _record_steps(spec.record, spec.duration, spec.inputs.dimension)


@lru_cache(maxsize=4)  # specs of a grid have equal times
def _record_steps(record: Record, duration: float, dimension: int) -> np.ndarray:
    steps = np.rint(_asked_times(record, duration) * dimension).astype(np.int64)
    steps = steps[np.diff(steps, prepend=-1) > 0]
    steps.flags.writeable = False
    return steps


def merged_times(spec: Spec) -> str | None:
    """Return a sentence about recorded times that share a step, which is recorded once.

    Returns
    -------
    str or None
        None if all times have different steps, or if every step of the run is recorded.
    """
    record, N = spec.record, spec.inputs.dimension
    asked = record.count if record.times is None else len(record.times)
    left = len(record_steps(spec))
    if left in (asked, step_at(spec.duration, N) + 1):
        return None
    return merged(asked, left, N)


def _asked_times(record: Record, duration: float) -> np.ndarray:
    if record.times is not None:
        return np.array(record.times)
    if record.spacing == "linear":
        return np.linspace(0.0, duration, record.count)
    times = np.concatenate([[0.0], np.geomspace(record.first, duration, record.count - 1)])
    times[-1] = duration
    return times
