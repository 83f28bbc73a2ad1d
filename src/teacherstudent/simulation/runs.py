"""From a spec to trajectories: the one entry to all engines.

An engine is a module with `check(spec)`, `fits(spec, state)`, which says whether it can go on from one of its
states, and `simulate(spec, seed, run, progress, start)`. One that advances many runs together also has
TOGETHER, the largest number of them, `company(spec, run)`, equal for those that can do so, and
`simulate_together(specs, seed, runs, progress, starts)`. With INTERRUPTIBLE, that takes `kept` and `keep`
too: it calls `keep` between steps with functions by place that return snapshots, and goes on exactly from
`kept`, such snapshots.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from threading import Event

from teacherstudent.engines.base import engine_module
from teacherstudent.engines.start import BEGINNING, Snapshot, Start, start_for
from teacherstudent.engines.trajectory import Trajectory, as_recorded
from teacherstudent.errors import SpecError, refuse
from teacherstudent.errors.interruption import looking
from teacherstudent.simulation.memory import check_memory, check_stored
from teacherstudent.spec.model import Spec
from teacherstudent.spec.whole_numbers import RUN, RUNS, SEED, THREADS


class Keeper:
    """What keeps runs in case they are interrupted. This one keeps nothing; `checkpoints.Checkpoints` does.

    Runs are known by their places: they are counted in the order of `simulate_points`. Several threads call.
    """

    def open(self, begun: Sequence[tuple[Spec, Start]], engine: str, seed: int, runs: int) -> None:
        """Hear of the work; `begun` has spec and start at every place, the run's number is place % runs."""

    def finished(self) -> Mapping[int, Trajectory]:
        """Return the runs that are finished already, by their places."""
        return {}

    def kept(self, place: int) -> Snapshot:
        """Return what a run that was interrupted goes on from, nothing for one that begins."""
        return {}

    def keep(self, snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        """Keep what the functions return, between two steps of some runs; RunError ends the work."""

    def look(self) -> None:
        """Raise RunError to end the work: before runs begin, and on the way of those that are never kept."""

    def keep_finished(self, places: Sequence[int], trajectories: Sequence[Trajectory]) -> None:
        """Keep some runs that are finished."""


NOTHING_KEPT = Keeper()


def check(spec: Spec, engine: str) -> None:
    """Raise SpecError with the reason where a spec lies outside an engine's range."""
    if spec.record.weights and engine != "network":
        refuse("record.weights", "true", f"engine {engine} has no weights; only engine network has")
    engine_module(engine).check(spec)


def begin(spec: Spec, engine: str, start: Start) -> tuple[Spec, Start]:
    """Return spec and start as the engine takes them (`start.start_for`).

    Raises SpecError with the reason where the engine cannot do what the spec asks for.
    """
    own_spec, own_start = start_for(spec, engine, start, engine_module(engine).fits)
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

    The result depends on (spec, engine, seed, run, start) only. `progress` is called with the fraction done
    now and then. Raises SpecError where the engine cannot do what the spec asks for, where the spec describes
    other networks or data than that of the run to start from (`start.MAY_CHANGE`), and for a seed or a run
    that is not a whole number within bounds.
    """
    seed, run = SEED.checked("seed", seed), RUN.checked("run", run)
    spec, start = begin(spec, engine, start)
    check_memory([[spec]], engine, runs=1, threads=1)
    return as_recorded(engine_module(engine).simulate(spec, seed, run, progress, start), spec)


def simulate_runs(
    spec: Spec,
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda run, fraction: None,
    starts: Sequence[Start] = (),
    keeper: Keeper = NOTHING_KEPT,
) -> Iterator[Trajectory]:
    """Yield the trajectories of runs 0, 1, ... in order, computed on several threads; same numbers for any
    number of them.

    `progress` is called with a run and its fraction done. With `starts`, one per run, run i starts from the
    i-th. `keeper` knows what an interrupted call has left behind.
    """
    return simulate_points([spec], engine, seed, runs, threads, progress, starts, keeper)


def simulate_points(
    specs: Sequence[Spec],
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda number, fraction: None,
    starts: Sequence[Start] = (),
    keeper: Keeper = NOTHING_KEPT,
) -> Iterator[Trajectory]:
    """Yield the trajectories of all runs of the first spec, then those of the second, and so on.

    As for `simulate_runs`; `progress` is called with the place in this order and the fraction done. Raises
    SpecError for seed, runs or threads that are not whole numbers within bounds.
    """
    seed, runs = SEED.checked("seed", seed), RUNS.checked("runs", runs)
    threads = THREADS.checked("threads", threads)
    if starts and len(starts) != runs:
        raise SpecError(f"runs: {runs} is not allowed; there are {len(starts)} to start from")
    check_stored(specs, runs)
    begun: list[tuple[Spec, Start]] = []
    for spec in specs:
        begun += [begin(spec, engine, start) for start in starts] or [begin(spec, engine, BEGINNING)] * runs
    keeper.open(begun, engine, seed, runs)
    work = _Work(begun, engine, seed, runs, threads, progress, keeper)
    check_memory([[begun[place][0] for place in batch] for batch in work.batches], engine, runs, threads)
    return _in_order(work, threads)


class _Work:
    """All runs of some specs, in batches for one thread each; places count the runs, spec by spec.

    `begun` has spec and start at every place; `finished` the trajectories that are there already.
    """

    def __init__(self, begun, engine, seed, runs, threads, progress, keeper):
        self.begun, self.seed, self.runs, self.progress, self.keeper = begun, seed, runs, progress, keeper
        self.module, self.stopped = engine_module(engine), Event()
        self.interruptible = hasattr(self.module, "INTERRUPTIBLE")
        self.finished = dict(keeper.finished())
        for place in self.finished:
            progress(place, 1.0)
        self.batches = self._batches(threads)

    def _batches(self, threads: int) -> list[list[int]]:
        places = [place for place in range(len(self.begun)) if place not in self.finished]
        if not hasattr(self.module, "simulate_together"):
            return [[place] for place in places]
        companies: dict = {}
        for place in places:
            spec, start = self.begun[place]
            alike = self.module.company(spec, place % self.runs), start.time, start.state is None
            companies.setdefault(alike, []).append(place)
        return [part for company in companies.values() for part in self._parts(company, threads)]

    def _parts(self, company: list[int], threads: int) -> list[list[int]]:
        """Split places into as few parts as fit, and at least one per thread."""
        count = max(-(-len(company) // self.module.TOGETHER), min(threads, len(company)))
        bounds = [len(company) * i // count for i in range(count + 1)]
        return [company[a:b] for a, b in pairwise(bounds)]

    def trajectories(self, batch: list[int]) -> list[Trajectory]:
        """Compute one batch."""

        done = 0.0

        def report(fraction: float) -> None:
            nonlocal done
            done = fraction
            if not self.interruptible:
                self.keeper.look()
            for place in batch:
                if self.stopped.is_set():
                    raise KeyboardInterrupt
                self.progress(place, fraction)

        def look() -> None:
            self.keeper.look()
            report(done)

        look()  # an interrupt can leave batches in the queue: they do not begin
        specs, starts = zip(*(self.begun[place] for place in batch), strict=True)
        with looking(look):
            found = self._simulate(batch, specs, starts, report)
        recorded = [as_recorded(trajectory, spec) for trajectory, spec in zip(found, specs, strict=True)]
        self.keeper.keep_finished(batch, recorded)
        return recorded

    def _simulate(self, batch, specs, starts, report) -> Sequence[Trajectory]:
        numbers = [place % self.runs for place in batch]
        if not hasattr(self.module, "simulate_together"):
            return [self.module.simulate(specs[0], self.seed, numbers[0], report, starts[0])]
        options = {}
        if self.interruptible:
            options = {
                "kept": [self.keeper.kept(place) for place in batch],
                "keep": partial(self._keep, batch),
            }
        return self.module.simulate_together(specs, self.seed, numbers, report, starts, **options)

    def _keep(self, batch: list[int], snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        self.keeper.keep({batch[number]: snapshot for number, snapshot in snapshots.items()})


def _in_order(work: _Work, threads: int) -> Iterator[Trajectory]:
    ready = work.finished
    with ThreadPoolExecutor(threads) as pool:
        try:
            found = zip(work.batches, pool.map(work.trajectories, work.batches), strict=True)
            for place in range(len(work.begun)):
                while place not in ready:
                    ready.update(zip(*next(found), strict=True))
                yield ready.pop(place)
        except BaseException:
            work.stopped.set()  # the threads end at their next report; the pool waits for them
            raise
