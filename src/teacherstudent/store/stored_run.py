"""Runs that were read from HDF5."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError, SpecError
from teacherstudent.spec.model import Spec


@dataclass(frozen=True, eq=False)
class StoredRun:
    """One group of a file: the runs of one spec with one engine and seed.

    Parameters
    ----------
    group : str
        The path of the group in the file.
    engine : str
        The name of the engine.
    seed : int
        The seed of the random numbers.
    attributes : dict
        The attributes of the group.
    arrays : dict of str to ndarray
        The recorded observables by name, of one run or with a leading axis `run` (all but `time`). After the
        divergence of a run, its numbers are NaN and its integers -1.
    state : dict of str to ndarray, optional
        The states at the end, if they were recorded and read.
    """

    group: str
    engine: str
    seed: int
    attributes: dict
    arrays: dict[str, np.ndarray]
    state: dict[str, np.ndarray] | None = None

    @cached_property
    def spec(self) -> Spec:
        """The spec. Raises RunError if this version cannot read it."""
        from teacherstudent.spec.parse import parse_spec  # slow, and not needed to read arrays

        try:
            return parse_spec(json.loads(self.attributes["spec"]), files=False)
        except (SpecError, ValueError) as error:
            raise RunError(f"group {self.group}: the stored spec cannot be read: {error}") from error

    @property
    def has_run_axis(self) -> bool:
        """Whether the arrays have a leading axis `run`."""
        return self.arrays["generalisation_error"].ndim > 2

    @cached_property
    def trajectories(self) -> tuple[Trajectory, ...]:
        """The trajectories of all runs, without padding."""
        if not self.has_run_axis:
            diverged = self.attributes.get("diverged_at")
            diverged = None if diverged is None else float(diverged)
            return (Trajectory(**self.arrays, diverged_at=diverged, state=self.state),)
        return tuple(self._one(run) for run in range(len(self.arrays["generalisation_error"])))

    def _one(self, run: int) -> Trajectory:
        rows = np.count_nonzero(self.arrays["active_teacher"][run] >= 0)
        own = {name: array if name == "time" else array[run] for name, array in self.arrays.items()}
        own |= {name: own[name][:rows] for name in own if OBSERVABLES[name].dimensions[0] == "time"}
        switches = np.isfinite(own["switch_times"])
        own |= {name: own[name][switches] for name in own if OBSERVABLES[name].dimensions[0] == "switch"}
        diverged = float(self.attributes.get("diverged_at", {run: np.nan})[run])
        state = self.state and {name: _unpadded(name, array[run]) for name, array in self.state.items()}
        return Trajectory(**own, diverged_at=diverged if np.isfinite(diverged) else None, state=state)


# Arrays of a state in one row, whose lengths differ between runs in different phases.
ROWS = (
    "order_parameters",
    "integrator_y",
    "integrator_k",
    "integrator_constants",
    "joint_means",
    "joint_moments",
    "joint_outside",
    "integrator_joint_means",
    "integrator_joint_moments",
    "integrator_joint_outside",
)


def _unpadded(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array of a state without its padding."""
    if name in ROWS and array.size:
        return array[: len(array) - int(np.argmin(np.isnan(array[::-1])))]
    filled = {
        "switch_times": np.isfinite,
        "teachers": lambda teachers: teachers >= 0,
        "importances": lambda rows: np.isfinite(rows[:, 0]),
    }
    return array[filled[name](array)] if name in filled else array
