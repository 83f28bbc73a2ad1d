"""The runs of several specs, in batches that are computed on several threads."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from threading import Event

from teacherstudent.engines.base import Engine
from teacherstudent.engines.start import Snapshot
from teacherstudent.engines.trajectory import Trajectory, as_recorded
from teacherstudent.errors.interruption import interruptible_by


class Batches:
    """All runs of several specs, in batches; each batch is computed in one thread.

    Parameters
    ----------
    tasks : list of tuple
        Spec and start of each run, by its index.
    engine : Engine
        The engine.
    seed : int
        The seed of all runs.
    runs : int
        The number of runs of each spec.
    threads : int
        The number of threads.
    progress : callable
        Called with the index of a run and the fraction of it that is done, from 0 to 1.
    checkpoints : CheckpointStore
        The checkpoints of the runs; runs that are finished in them are not computed again.
    """

    def __init__(self, tasks, engine: Engine, seed, runs, threads, progress, checkpoints):
        self.tasks, self.seed, self.runs = tasks, seed, runs
        self.progress, self.checkpoints = progress, checkpoints
        self.engine, self.stopped = engine, Event()
        self.finished = dict(checkpoints.finished())
        for index in self.finished:
            progress(index, 1.0)
        self.indices = self._divided(threads)

    def _divided(self, threads: int) -> list[list[int]]:
        """Divide the runs that are not finished into batches of indices."""
        indices = [index for index in range(len(self.tasks)) if index not in self.finished]
        if self.engine.batch_limit == 1:
            return [[index] for index in indices]
        groups: dict = {}
        for index in indices:
            spec, start = self.tasks[index]
            key = self.engine.batch_key(spec, index % self.runs), start.time, start.state is None
            groups.setdefault(key, []).append(index)
        return [part for group in groups.values() for part in self._parts(group, threads)]

    def _parts(self, group: list[int], threads: int) -> list[list[int]]:
        """Split indices into as few batches as the limit allows, and at least one per thread."""
        count = max(-(-len(group) // self.engine.batch_limit), min(threads, len(group)))
        bounds = [len(group) * i // count for i in range(count + 1)]
        return [group[a:b] for a, b in pairwise(bounds)]

    def trajectories(self, batch: list[int]) -> list[Trajectory]:
        """Compute one batch."""
        done = 0.0

        def report(fraction: float) -> None:
            nonlocal done
            done = fraction
            if not self.engine.supports_checkpoints:
                self.checkpoints.check_signals()
            self._check_stopped()
            for index in batch:
                self.progress(index, fraction)

        def check_signals() -> None:
            self.checkpoints.check_signals()
            self._check_stopped()
            self.progress(batch[0], done)  # one run is enough to show that there is work

        check_signals()  # after an interrupt, waiting batches do not start
        specs, starts = zip(*(self.tasks[index] for index in batch), strict=True)
        options = {}
        if self.engine.supports_checkpoints:
            saved = [self.checkpoints.saved(index) for index in batch]
            options = {"saved": saved, "save": partial(self._save, batch)}
        numbers = [index % self.runs for index in batch]
        with interruptible_by(check_signals):
            found = self.engine.simulate(specs, self.seed, numbers, report, starts, **options)
        recorded = [as_recorded(trajectory, spec) for trajectory, spec in zip(found, specs, strict=True)]
        self.checkpoints.save_finished(batch, recorded)
        return recorded

    def _check_stopped(self) -> None:
        """End the computation of a batch after an error in another one."""
        if self.stopped.is_set():
            raise KeyboardInterrupt

    def _save(self, batch: list[int], snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        """Save snapshots that are given by the index in a batch."""
        self.checkpoints.save({batch[number]: snapshot for number, snapshot in snapshots.items()})


def in_order(batches: Batches, threads: int) -> Iterator[Trajectory]:
    """Compute all batches on some threads and yield the trajectories in the order of their indices."""
    ready = batches.finished
    with ThreadPoolExecutor(threads) as pool:
        try:
            found = zip(batches.indices, pool.map(batches.trajectories, batches.indices), strict=True)
            for index in range(len(batches.tasks)):
                while index not in ready:
                    ready.update(zip(*next(found), strict=True))
                yield ready.pop(index)
        except BaseException:
            batches.stopped.set()  # each thread ends at its next report of progress
            raise
