"""Experiments: a base spec with axes, engines and seeds, and its division into jobs.

A job computes one curve: a cell of the outer axes, or several short neighbouring cells, with the inner axes
and all runs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from teacherstudent.errors import SpecError
from teacherstudent.experiments.cost import Cost, grid_cost
from teacherstudent.experiments.division import Axes, divided
from teacherstudent.experiments.grid import Grid, grids_of
from teacherstudent.experiments.schema import complete_experiment
from teacherstudent.spec.axes import points, with_values
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.weight_files import STUDENT_KEY, TEACHERS_KEY, digests

LONGEST_NAME = 255 - len(".h5.checkpoints")  # bytes; file systems allow 255 including the suffix


@dataclass(frozen=True)
class Experiment:
    """Grids by engine with the cost of their points, and the quantities that figures need."""

    name: str
    grids: dict[str, Grid]  # by engine
    costs: dict[str, Cost]  # by engine
    collect: list[str]  # names of quantities


@dataclass(frozen=True)
class Job:
    """One curve of one engine; `work` is a plain document of everything that determines its result."""

    experiment: str
    engine: str
    curve: str
    work: dict
    seconds: float  # estimated CPU time


def expand(name: str, document: Mapping[str, Any], seconds: float) -> list[Job]:
    """Check an experiment and list its jobs.

    Parameters
    ----------
    name : str
        The name of the experiment.
    document : mapping
        Its entry in the configuration.
    seconds : float
        The largest estimated CPU time of a job with several cells, in seconds.

    Returns
    -------
    list of Job
        The jobs of all engines, in the order of the outer axes.

    Raises
    ------
    SpecError
        If the experiment is not valid; one line that names the experiment and the key.
    """
    return jobs(parse_experiment(name, document), seconds)


def parse_experiment(name: str, document: Mapping[str, Any]) -> Experiment:
    """Check an experiment and write out its axes.

    Each value of each axis is checked in one spec, with the first values on the other axes, and not in all
    combinations. Raises SpecError with one line that names the experiment, the key, the value and the allowed
    values.
    """
    try:
        filled = complete_experiment(document)
        grids = grids_of(filled)
        costs = {engine: _cost(grid) for engine, grid in grids.items()}
    except SpecError as error:
        raise SpecError(f"experiment {name}: {error}") from error
    return Experiment(name, grids, costs, filled["collect"])


def jobs(experiment: Experiment, seconds: float) -> list[Job]:
    """List the jobs of an experiment, in the order of the outer axes.

    Neighbouring cells of the outer axes share a job as long as its estimated CPU time is at most `seconds`.
    Raises SpecError if the name of a file would be too long.
    """
    _check_length(f"experiment {experiment.name[:20]}…: its name", experiment.name, "choose a shorter one")
    listed = []
    for engine, grid in experiment.grids.items():
        for part in _parts(grid, experiment.costs[engine], seconds):
            estimate = experiment.costs[engine].of(part | grid.inner)
            curve, key = _curve(part), f"experiment {experiment.name}: engines.{engine}.outer"
            _check_length(f"{key}: the name of a job", curve, "move axes to `inner`")
            listed.append(Job(experiment.name, engine, curve, _work(grid, part), estimate))
    return listed


def _check_length(what: str, name: str, remedy: str) -> None:
    """Raise SpecError if the files of a job or an experiment would have names that are too long."""
    if len(name.encode()) > LONGEST_NAME:
        raise SpecError(
            f"{what} is longer than {LONGEST_NAME} bytes, too long for a file: {name[:40]}…; {remedy}"
        )


def _parts(grid: Grid, cost: Cost, seconds: float) -> list[Axes]:
    """Divide the outer axes of a grid into the parts of its jobs."""
    return divided(grid.outer, lambda outer: cost.of(outer | grid.inner), seconds)


def _curve(part: Axes) -> str:
    """Name a part of the outer axes by its values, or by the first and the last value."""
    ends = {key: values if len(values) == 1 else [_between(*values)] for key, values in part.items()}
    return next(points(ends))[0]


def _between(first: Any, *others: Any) -> str:
    """Return the first and the last of some values as a range."""
    return "..".join(json.dumps(end).strip('"') for end in (first, others[-1]))


def _work(grid: Grid, part: Axes) -> dict:
    """Return the work of a job: outer axes with one value are set in its spec, the others are inner axes."""
    spec = with_values(grid.spec, {key: values[0] for key, values in part.items() if len(values) == 1})
    inner = {key: values for key, values in part.items() if len(values) > 1} | grid.inner
    work = {"engine": grid.engine, "spec": spec, "inner": inner, "runs": grid.runs, "seed": grid.seed}
    files = _files(spec, inner)
    return work | {"files": digests(files)} if files else work


def _files(spec: dict, inner: dict[str, list]) -> list[str]:
    """List the files of networks that the points of a curve read."""
    initial = spec.get("student", {}).get("initial", {})
    named = {STUDENT_KEY: initial.get("file"), TEACHERS_KEY: spec.get("teachers", {}).get("file")}
    paths = {path for key, path in named.items() for path in inner.get(key, [path])}
    return [path for path in paths if path is not None]


def _cost(grid: Grid) -> Cost:
    """Check every value of every axis, with the first values on the other axes, and estimate their cost."""
    first = _spec_at(grid, *next(((key, axis[0]) for key, axis in grid.axes.items()), ()))
    values = {
        key: {axis[0]: first} | {value: _spec_at(grid, key, value) for value in axis[1:]}
        for key, axis in grid.axes.items()
    }
    return grid_cost(grid.engine, grid.runs, first, values)


def _spec_at(grid: Grid, key: str | None = None, value: Any = None) -> Spec:
    """Return the spec with a value on one axis, and with the first values on the others."""
    first = {key: values[0] for key, values in grid.axes.items()}
    try:
        return parse_spec(with_values(grid.spec, first | ({} if key is None else {key: value})))
    except SpecError as error:
        where = f"engines.{grid.engine}" + (f" at {key} = {value}" if key is not None else "")
        raise SpecError(f"{where}: {error}") from error
