"""From specs to trajectories: the one entry to all engines."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from threading import Event

from teacherstudent.engines.base import ENGINES, Engine, engine_named
from teacherstudent.engines.start import BEGINNING, Snapshot, Start, start_for
from teacherstudent.engines.trajectory import Trajectory, as_recorded
from teacherstudent.errors import SpecError
from teacherstudent.errors.interruption import looking
from teacherstudent.simulation.memory import check_memory, check_stored
from teacherstudent.spec.model import Spec
from teacherstudent.spec.whole_numbers import RUN, RUNS, SEED, THREADS


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


def check(spec: Spec, engine: str) -> None:
    """Raise SpecError with the reason where a spec lies outside the range of an engine."""
    own = engine_named(engine)
    if spec.record.weights and not own.has_weights:
        others = " or ".join(other.name for other in ENGINES.values() if other.has_weights)
        raise SpecError(f"record.weights: engine {engine} has no weights; use engine {others}")
    own.check(spec)


def prepare(spec: Spec, engine: str, start: Start) -> tuple[Spec, Start]:
    """Return the spec and the start that an engine simulates (`start.start_for`).

    Parameters
    ----------
    spec
        The spec of a run.
    engine
        The name of the engine.
    start
        The start of the run.

    Returns
    -------
    tuple of Spec and Start
        The spec with the order parameters of the start, if the engine cannot resume from its state.

    Raises
    ------
    SpecError
        Where the spec contradicts the start, or asks for something that the engine does not have.
    """
    own_spec, own_start = start_for(spec, engine_named(engine), start)
    check(own_spec, engine)
    return own_spec, own_start


def simulate(
    spec: Spec,
    engine: str,
    seed: int = 0,
    run: int = 0,
    progress: Callable[[float], None] = lambda fraction: None,
    start: Start = BEGINNING,
) -> Trajectory:
    """Turn a spec into one trajectory, from its beginning or from another start (`load_start`).

    Parameters
    ----------
    spec
        The spec.
    engine
        The name of the engine.
    seed, run
        The random numbers are those of (seed, run): whole numbers from 0 on.
    progress
        Called now and then with the fraction done.
    start
        The start, if it is not time 0 of the spec.

    Returns
    -------
    Trajectory
        It depends on spec, engine, seed, run and start only.

    Raises
    ------
    SpecError
        Where the engine does not have what the spec asks for, where the spec describes other networks or data
        than the run to start from (`start.MAY_CHANGE`), and for a seed or a run out of bounds.
    """
    seed, run = SEED.checked("seed", seed), RUN.checked("run", run)
    spec, start = prepare(spec, engine, start)
    check_memory([[spec]], engine, runs=1, threads=1)
    (trajectory,) = engine_named(engine).simulate([spec], seed, [run], progress, [start])
    return as_recorded(trajectory, spec)


def simulate_runs(
    spec: Spec,
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda run, fraction: None,
    starts: Sequence[Start] = (),
    checkpoints: CheckpointStore = NO_CHECKPOINTS,
) -> Iterator[Trajectory]:
    """Return an iterator over the trajectories of runs 0, 1, ... of a spec, in order.

    Parameters
    ----------
    spec
        The spec.
    engine
        The name of the engine.
    seed
        The seed of all runs.
    runs
        The number of runs.
    threads
        The number of threads; the numbers are the same for any.
    progress
        Called now and then, by several threads, with a run and its fraction done.
    starts
        The start of each run, if it is not time 0 of the spec.
    checkpoints
        Where runs are saved, to resume them after an interruption.

    Returns
    -------
    iterator of Trajectory
        The work starts with the first `next`, after all specs are checked.

    Raises
    ------
    SpecError
        As in `simulate`, and for numbers of runs and threads out of bounds.
    """
    return simulate_points([spec], engine, seed, runs, threads, progress, starts, checkpoints)


def simulate_points(
    specs: Sequence[Spec],
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda index, fraction: None,
    starts: Sequence[Start] = (),
    checkpoints: CheckpointStore = NO_CHECKPOINTS,
) -> Iterator[Trajectory]:
    """Return an iterator over all runs of the first spec, then those of the second, and so on.

    Parameters
    ----------
    specs
        The specs.
    engine, seed, runs, threads, starts, checkpoints
        As for `simulate_runs`; `runs` is the number of runs of each spec.
    progress
        Called with the index of a run in this order and the fraction done.

    Returns
    -------
    iterator of Trajectory
        The work starts with the first `next`, after all specs are checked.

    Raises
    ------
    SpecError
        As in `simulate_runs`.
    """
    seed, runs = SEED.checked("seed", seed), RUNS.checked("runs", runs)
    threads = THREADS.checked("threads", threads)
    if starts and len(starts) != runs:
        raise SpecError(f"runs: {runs} differs from the number of starts, which is {len(starts)}")
    check_stored(specs, runs)
    tasks: list[tuple[Spec, Start]] = []
    for spec in specs:
        tasks += _prepared(spec, engine, starts) or [prepare(spec, engine, BEGINNING)] * runs
    checkpoints.open(tasks, engine, seed, runs)
    batches = _Batches(tasks, engine_named(engine), seed, runs, threads, progress, checkpoints)
    check_memory([[tasks[index][0] for index in batch] for batch in batches.indices], engine, runs, threads)
    return _in_order(batches, threads)


def _prepared(spec: Spec, engine: str, starts: Sequence[Start]) -> list[tuple[Spec, Start]]:
    """Return `prepare` of all starts; a spec that the starts leave as it is is checked once."""
    tasks = [start_for(spec, engine_named(engine), start) for start in starts]
    for own in {id(own): own for own, _ in tasks}.values():
        check(own, engine)
    return tasks


class _Batches:
    """All runs of some specs, in batches that are computed in one thread each.

    `tasks` has spec and start of each run by its index; `finished` the trajectories of finished runs.
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
                self.checkpoints.look()
            for index in batch:
                if self.stopped.is_set():
                    raise KeyboardInterrupt
                self.progress(index, fraction)

        def look() -> None:
            self.checkpoints.look()
            report(done)

        look()  # after an interrupt, batches that are still in the queue do not start
        specs, starts = zip(*(self.tasks[index] for index in batch), strict=True)
        options = {}
        if self.engine.supports_checkpoints:
            saved = [self.checkpoints.saved(index) for index in batch]
            options = {"saved": saved, "save": partial(self._save, batch)}
        numbers = [index % self.runs for index in batch]
        with looking(look):
            found = self.engine.simulate(specs, self.seed, numbers, report, starts, **options)
        recorded = [as_recorded(trajectory, spec) for trajectory, spec in zip(found, specs, strict=True)]
        self.checkpoints.save_finished(batch, recorded)
        return recorded

    def _save(self, batch: list[int], snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        """Save snapshots given by the index in a batch."""
        self.checkpoints.save({batch[number]: snapshot for number, snapshot in snapshots.items()})


def _in_order(batches: _Batches, threads: int) -> Iterator[Trajectory]:
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
            batches.stopped.set()  # the threads end at their next report; the pool waits for them
            raise
