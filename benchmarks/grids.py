"""Grids in one call: `run_grid` against `run` at each point, and fixed points side by side."""

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
from timing import Line, faster, seconds, within

from teacherstudent import run, run_grid
from teacherstudent.analysis import plateau, plateaus
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
    """A map of two tasks by engine `ode`, and a sweep of the learning rate."""
    run_grid(SPEC, {})
    (large,) = process_seconds(large_map)
    yield within(f"run_grid, ode, {SIDE**2} runs of two tasks to t = 200", large, "s", None, 5.0)
    one_call, each = process_seconds(in_one_call, point_by_point)
    yield faster(f"run_grid, ode, {POINTS} of these runs against `run` of each", one_call, each, None, None)
    side_by_side, alone = seconds((plateaus_side_by_side, POINTS), (plateaus_one_by_one, POINTS))
    yield faster("fixed points of K = M = 2 side by side against alone", side_by_side, alone, None, None)


def process_seconds(*works: Callable[[], object]) -> list[float]:
    """Median CPU time of each work in all threads, timed in turns."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(REPEATS):
        for work, measured in zip(works, times, strict=True):
            start = time.process_time()
            work()
            measured.append(time.process_time() - start)
    return [statistics.median(measured) for measured in times]


def large_map() -> None:
    """Simulate a map over similarity and learning rate."""
    run_grid(SPEC, {SIMILARITY: np.linspace(0.0, 1.0, SIDE), RATE: np.linspace(0.5, 2.0, SIDE)})


def in_one_call() -> None:
    """Simulate the points of a small map in one call."""
    run_grid(SPEC, {SIMILARITY: np.linspace(0.0, 1.0, POINTS)})


def point_by_point() -> None:
    """Simulate the same points one at a time."""
    for similarity in np.linspace(0.0, 1.0, POINTS):
        run(with_values(SPEC, {SIMILARITY: float(similarity)}))


def plateaus_side_by_side(count: int) -> None:
    """Find the plateaus at some learning rates together."""
    plateaus(2, 2, np.linspace(0.1, 1.0, count))


def plateaus_one_by_one(count: int) -> None:
    """Find them one at a time."""
    for rate in np.linspace(0.1, 1.0, count):
        plateau(2, 2, rate)
