"""Grids in one call: `run_grid` against `run` at each point, and fixed points side by side."""

import statistics
import time
from collections.abc import Iterator

import numpy as np
from timing import Line, faster, seconds, within

from teacherstudent import run, run_grid
from teacherstudent.spec.axes import with_values

SIDE = 100  # values on each axis of the large map
POINTS = 64  # of the comparison
REPEATS = 3
SPEC = {
    "inputs": {"dimension": 1000},
    "teachers": {
        "count": 2,
        "hidden": 1,
        "features": {"relation": "rotated", "similarity": 0.5},
        "readouts": {"norm": 1.0},
    },
    "student": {"hidden": 2},
    "training": {"learning_rate": 1.0},
    "curriculum": {"switch_times": [100.0]},
    "duration": 200.0,
    "record": {"count": 101},
}
SIMILARITY, RATE = "teachers.features.similarity", "training.learning_rate"


def lines() -> Iterator[Line]:
    """A map of two tasks by engine `ode`."""
    yield within(f"run_grid, ode, {SIDE**2} runs of two tasks to t = 200", large_map(), "s", None, 5.0)
    one_call, each = seconds((in_one_call, POINTS), (point_by_point, POINTS))
    yield faster(f"run_grid, ode, {POINTS} of these runs against run for each", one_call, each, None, None)


def large_map() -> float:
    """CPU time of a map over similarity and learning rate."""
    axes = {SIMILARITY: np.linspace(0.0, 1.0, SIDE), RATE: np.linspace(0.5, 2.0, SIDE)}
    run_grid(SPEC, {})
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run_grid(SPEC, axes)
        times.append(time.process_time() - start)
    return statistics.median(times)


def in_one_call(count: int) -> None:
    """Simulate the points of a small map in one call, by a thread of the caller's time.

    The runs are computed in a thread of their own, whose time `seconds` does not see: `run` has one too.
    """
    run_grid(SPEC, {SIMILARITY: np.linspace(0.0, 1.0, count)})


def point_by_point(count: int) -> None:
    """Simulate the same points one at a time."""
    for similarity in np.linspace(0.0, 1.0, count):
        run(with_values(SPEC, {SIMILARITY: float(similarity)}))
