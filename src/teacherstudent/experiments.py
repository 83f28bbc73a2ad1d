"""Experiments: a base spec with axes, engines and seeds, expanded into jobs.

A job is one curve: the values of the outer axes are fixed, the inner axes and all runs are looped inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from teacherstudent.axes import points, read_axes, with_values
from teacherstudent.documents import complete
from teacherstudent.errors import SpecError
from teacherstudent.simulation import ENGINES
from teacherstudent.spec import parse_spec
from teacherstudent.weight_files import STUDENT_KEY, TEACHERS_KEY, digests


@dataclass(frozen=True)
class Grid:
    """What one engine runs in an experiment: axes map dotted keys to values."""

    engine: str
    spec: dict  # the base document with the settings of this engine
    outer: dict[str, list]
    inner: dict[str, list]
    runs: int
    seed: int

    @property
    def axes(self) -> dict[str, list]:
        """All axes, outer ones first."""
        return self.outer | self.inner


@dataclass(frozen=True)
class Experiment:
    """Grids by engine, and the quantities that figures need of them."""

    name: str
    grids: dict[str, Grid]
    collect: list[str]


@dataclass(frozen=True)
class Job:
    """One curve of one engine; `work` is all that it depends on, as a plain document."""

    experiment: str
    engine: str
    curve: str
    work: dict


def expand(name: str, document: Mapping[str, Any]) -> list[Job]:
    """Check an experiment and list its jobs; SpecError names experiment and key in one line."""
    return jobs(parse_experiment(name, document))


def parse_experiment(name: str, document: Mapping[str, Any]) -> Experiment:
    """Check an experiment and write out its axes.

    Each value of each axis is tried in one spec, with first values on the other axes; the product is not
    walked through. Raises SpecError with one line that names the experiment, the key, the value and what is
    allowed.
    """
    try:
        filled = complete(document, "experiment")
        grids = {engine: _grid(engine, filled["spec"], entry) for engine, entry in filled["engines"].items()}
        for grid in grids.values():
            _check_specs(grid)
    except SpecError as error:
        raise SpecError(f"experiment {name}: {error}") from error
    return Experiment(name, grids, filled["collect"])


def jobs(experiment: Experiment) -> list[Job]:
    """List the jobs of an experiment, in the order of the outer axes."""
    return [
        Job(experiment.name, engine, curve, _work(grid, values))
        for engine, grid in experiment.grids.items()
        for curve, values in points(grid.outer)
    ]


def _work(grid: Grid, values: dict) -> dict:
    spec = with_values(grid.spec, values)
    work = {"engine": grid.engine, "spec": spec, "inner": grid.inner, "runs": grid.runs, "seed": grid.seed}
    files = _files(spec, grid.inner)
    return work | {"files": digests(files)} if files else work


def _files(spec: dict, inner: dict[str, list]) -> list[str]:
    """List the files of networks that the points of a curve take."""
    initial = spec.get("student", {}).get("initial", {})
    named = {STUDENT_KEY: initial.get("file"), TEACHERS_KEY: spec.get("teachers", {}).get("file")}
    paths = {path for key, path in named.items() for path in inner.get(key, [path])}
    return [path for path in paths if path is not None]


def _grid(engine: str, spec: dict, entry: Mapping[str, Any]) -> Grid:
    place = f"engines.{engine}"
    if engine not in ENGINES:
        raise SpecError(f"{place}: unknown engine; allowed are {', '.join(ENGINES)}")
    outer, inner = (read_axes(f"{place}.{part}", entry[part]) for part in ("outer", "inner"))
    for key in outer.keys() & inner.keys():
        raise SpecError(f"{place}.inner.{key}: is an outer axis already")
    own = _sorted(with_values(spec, entry["set"]))
    return Grid(engine, own, outer, inner, entry["runs"], entry["seed"])


def _sorted(value: Any) -> Any:
    """Bring keys into order, so that their order in a file makes no difference to what a job is."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return value


def _check_specs(grid: Grid) -> None:
    first = {key: values[0] for key, values in grid.axes.items()}
    trials = [(key, value) for key, values in grid.axes.items() for value in values] or [None]
    for trial in trials:
        try:
            parse_spec(with_values(grid.spec, first | dict([trial] if trial else [])))
        except SpecError as error:
            where = f"engines.{grid.engine}" + (f" at {trial[0]} = {trial[1]}" if trial else "")
            raise SpecError(f"{where}: {error}") from error
