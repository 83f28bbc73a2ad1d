"""The interface to checkpoints: where interrupted runs are saved and resumed from."""

from collections.abc import Callable, Mapping, Sequence

from teacherstudent.engines.start import Snapshot, Start
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.spec.model import Spec


class CheckpointStore:
    """The interface to checkpoints of runs; this class stores none, `store.checkpoints` has one that does.

    Runs have an index, counted in the order of `simulate_points`. Several threads call the methods.
    """

    def open(self, tasks: Sequence[tuple[Spec, Start]], engine: str, seed: int, runs: int) -> None:
        """Called once, before anything runs.

        Parameters
        ----------
        tasks
            Spec and start of each run; the number of run i is i % runs.
        engine
            The name of the engine.
        seed
            The seed of all runs.
        runs
            The number of runs of each spec.
        """

    def finished(self) -> Mapping[int, Trajectory]:
        """Return the trajectories of finished runs, by their indices."""
        return {}

    def saved(self, index: int) -> Snapshot:
        """Return the snapshot that a run resumes from, empty for a run without one."""
        return {}

    def save(self, snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        """Save the snapshots of some runs between two steps, by their indices; RunError ends the work."""

    def look(self) -> None:
        """Raise RunError to end the work: before runs start, and during those without snapshots."""

    def save_finished(self, indices: Sequence[int], trajectories: Sequence[Trajectory]) -> None:
        """Save some finished runs."""


NO_CHECKPOINTS = CheckpointStore()
