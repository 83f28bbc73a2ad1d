"""Runs for notebooks: `run(spec)` simulates, and what it returns has the arrays by their names."""

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from teacherstudent.engines.observables import DIMENSIONS, OBSERVABLES, attributes_of, dimensions_of
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import load_spec, parse_spec
from teacherstudent.spec.steps import merged_times
from teacherstudent.spec.whole_numbers import SEED
from teacherstudent.store.stacking import joined

if TYPE_CHECKING:
    import xarray


def run(
    spec: Spec | Mapping[str, Any] | str | os.PathLike,
    engine: str = "ode",
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
) -> "Run":
    """Simulate a spec.

    The numbers depend on spec, engine, seed and the number of a run only. Warns where recorded times are
    merged because they fall on one step.

    Parameters
    ----------
    spec
        A mapping, the path of a YAML or JSON file, or a `Spec`. A mapping may have numpy's numbers, arrays,
        tuples and ranges; they count by value.
    engine
        One of network, chain, ode.
    seed, runs, threads
        Whole numbers within the bounds of the command: seed from 0 to 2^63 - 1, the others from 1 on.

    Returns
    -------
    Run
        Its arrays have time first, after a leading axis `run` if there are several runs.

    Raises
    ------
    SpecError
        Where the spec or another argument is wrong, or the engine cannot do what the spec asks for.

    Examples
    --------
    >>> spec = {"inputs": {"dimension": 100}, "teachers": {"count": 1, "hidden": 1}, "student": {"hidden": 2},
    ...         "training": {"learning_rate": 0.5}, "duration": 10.0, "record": {"count": 3}}
    >>> theory = run(spec, engine="ode", seed=0)
    >>> theory.time
    array([ 0.,  5., 10.])
    >>> theory.generalisation_error.shape  # time, teacher
    (3, 1)
    """
    spec, seed = _spec(spec), SEED.checked("seed", seed)
    if (merged := merged_times(spec)) is not None:
        warnings.warn(merged, stacklevel=2)
    return Run(spec, engine, seed, tuple(simulate_runs(spec, engine, seed, runs, threads)))


def _spec(given: Any) -> Spec:
    if isinstance(given, Spec):
        return given
    return load_spec(given) if isinstance(given, str | os.PathLike) else parse_spec(given)


@dataclass(frozen=True)
class Run:
    """One or more runs of a spec; its arrays are attributes, named as in HDF5 (`engines.observables`).

    Several runs have a leading axis `run` in all arrays but `time`; the rest of a run that diverged is NaN
    (-1 in `active_teacher`).
    """

    spec: Spec
    engine: str
    seed: int
    trajectories: tuple[Trajectory, ...]

    @property
    def has_run_axis(self) -> bool:
        """Whether the arrays have a leading axis `run`."""
        return len(self.trajectories) > 1

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        return joined(self.trajectories, self.has_run_axis)

    def __getattr__(self, name: str) -> np.ndarray:
        """Return an array by its name."""
        if name not in OBSERVABLES or name not in self.arrays:
            raise AttributeError(f"a run has no {name}; its arrays are {', '.join(OBSERVABLES)}")
        return self.arrays[name]

    def __dir__(self) -> list[str]:
        """List the arrays too, for notebooks that complete names."""
        return [*super().__dir__(), *self.arrays]

    def __repr__(self) -> str:
        """Say in one line what was run; the arrays would fill pages."""
        return f"<Run: engine {self.engine}, seed {self.seed}, runs {len(self.trajectories)}>"

    def to_xarray(self) -> "xarray.Dataset":
        """Return the arrays with named dimensions: what xarray reads from the file that `save` writes.

        Only the attribute `content_digest` of that file is missing. Raises RunError where xarray is not
        installed.
        """
        try:
            import xarray
        except ImportError as error:
            raise RunError("to_xarray needs the package xarray: pip install xarray") from error
        dataset = xarray.Dataset({name: self._variable(name) for name in self.arrays}, attrs=self._attributes)
        sizes = {name: size for name, size in dataset.sizes.items() if name not in self.arrays}
        return dataset.assign_coords({name: _coordinate(name, size) for name, size in sizes.items()})

    def save(self, path: str | Path) -> None:
        """Write the runs to an HDF5 file, as the command `teacherstudent run` does."""
        from teacherstudent.store.runs import write_runs

        write_runs(
            path, [("/", self.spec, self.engine, self.seed, list(self.trajectories))], self.has_run_axis
        )

    def _variable(self, name: str) -> tuple:
        dimensions = dimensions_of(name, self.has_run_axis)
        return dimensions, self.arrays[name], attributes_of(OBSERVABLES[name])

    @property
    def _attributes(self) -> dict[str, Any]:
        from teacherstudent.store.runs import run_attributes

        return run_attributes(self.spec, self.engine, self.seed, self.trajectories, self.has_run_axis)


def _coordinate(name: str, size: int) -> tuple:
    return name, np.arange(size), attributes_of(DIMENSIONS[name])
