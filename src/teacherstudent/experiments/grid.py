"""The grids of experiments, in a module that is quick to import: it needs neither numpy nor specs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import SpecError
from teacherstudent.spec.axes import read_axes, with_values
from teacherstudent.spec.schema import complete


@dataclass(frozen=True)
class Grid:
    """The part of an experiment that one engine runs."""

    engine: str
    spec: dict  # the base document with the settings of this engine
    outer: dict[str, list]  # axes that are divided into jobs: dotted keys to values
    inner: dict[str, list]  # axes inside each job: dotted keys to values
    runs: int  # at each point
    seed: int

    @property
    def axes(self) -> dict[str, list]:
        """All axes, outer ones first."""
        return self.outer | self.inner

    @property
    def total_runs(self) -> int:
        """The number of runs at all points."""
        return self.runs * math.prod(len(values) for values in self.axes.values())


def read_grids(name: str, document: Mapping[str, Any]) -> dict[str, Grid]:
    """Write out the axes of an experiment, by engine; specs and collected quantities are not checked.

    Raises SpecError with one line that names the experiment and the key.
    """
    try:
        return grids_of(complete(document, "experiment"))
    except SpecError as error:
        raise SpecError(f"experiment {name}: {error}") from error


def grids_of(filled: Mapping[str, Any]) -> dict[str, Grid]:
    """Return the grids of a complete experiment by engine."""
    return {engine: _grid(engine, filled["spec"], entry) for engine, entry in filled["engines"].items()}


def _grid(engine: str, spec: dict, entry: Mapping[str, Any]) -> Grid:
    """Return the grid of one engine from its entry in an experiment."""
    key = f"engines.{engine}"
    if engine not in ENGINES:
        raise SpecError(f"{key}: unknown engine; allowed are {', '.join(ENGINES)}")
    outer, inner = (read_axes(f"{key}.{part}", entry[part]) for part in ("outer", "inner"))
    for axis in outer.keys() & inner.keys():
        raise SpecError(f"{key}.inner.{axis}: is already an outer axis; remove one of the two")
    own = _sorted(with_values(spec, entry["set"]))
    return Grid(engine, own, outer, inner, entry["runs"], entry["seed"])


def _sorted(value: Any) -> Any:
    """Sort keys, so that a job does not depend on their order in a file."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return value
