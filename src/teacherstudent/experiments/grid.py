"""The grid of an engine, in a separate module: scripts that only read results import it quickly."""

import math
from dataclasses import dataclass


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
