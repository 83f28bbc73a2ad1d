"""The interface of checkpoint stores, which save runs and resume them after an interruption."""

from collections.abc import Callable, Mapping, Sequence

from teacherstudent.engines.start import Snapshot, Start
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.spec.model import Spec


class CheckpointStore:
    """The interface of checkpoint stores. This class saves nothing; `store.checkpoints` saves to files.

    Runs are numbered by an index in the order of `simulate_points`. Several threads call the methods.
    """

    def open(self, tasks: Sequence[tuple[Spec, Start]], engine: str, seed: int, runs: int) -> None:
        """Prepare the store; called once before the first run starts.

        Parameters
        ----------
        tasks : sequence of tuple
            Spec and start of each run; the run with index i has the number i % runs.
        engine : str
            The name of the engine.
        seed : int
            The seed of all runs.
        runs : int
            The number of runs of each spec.
        """

    def finished(self) -> Mapping[int, Trajectory]:
        """Return the trajectories of finished runs, by their indices."""
        return {}

    def saved(self, index: int) -> Snapshot:
        """Return the snapshot from which a run resumes, empty if there is none."""
        return {}

    def save(self, snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        """Save snapshots of unfinished runs, by their indices; may raise RunError to end the computation."""

    def check_signals(self) -> None:
        """Raise RunError to end the computation; called before runs start and in runs without snapshots."""

    def save_finished(self, indices: Sequence[int], trajectories: Sequence[Trajectory]) -> None:
        """Save finished runs."""


NO_CHECKPOINTS = CheckpointStore()
