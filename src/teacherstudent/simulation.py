"""From a spec to trajectories: the one entry to all engines.

An engine is a module with `check(spec)`, `fits(spec, state)`, which says whether it can go on from one of its
states, and `simulate(spec, seed, run, progress, start)`. One that advances many runs together also has
TOGETHER, the largest number of them, `company(spec, run)`, equal for those that can do so, and
`simulate_together(specs, seed, runs, progress, starts)`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import pairwise
from threading import Event

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec import Spec
from teacherstudent.start import BEGINNING, Start, start_for
from teacherstudent.trajectory import Trajectory, as_recorded

ENGINES = ("network", "chain", "ode")


def engine_module(engine: str):
    """Import the module of an engine by its name."""
    return import_module(f"teacherstudent.engines.{engine}")


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
    now and then. Raises SpecError where the engine cannot do what the spec asks for.
    """
    spec, start = begin(spec, engine, start)
    return as_recorded(engine_module(engine).simulate(spec, seed, run, progress, start), spec)


def simulate_runs(
    spec: Spec,
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda run, fraction: None,
    starts: Sequence[Start] = (),
) -> Iterator[Trajectory]:
    """Yield the trajectories of runs 0, 1, ... in order, computed on several threads; same numbers for any
    number of them.

    `progress` is called with a run and its fraction done. With `starts`, one per run, run i starts from the
    i-th.
    """
    return simulate_points([spec], engine, seed, runs, threads, progress, starts)


def simulate_points(
    specs: Sequence[Spec],
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda number, fraction: None,
    starts: Sequence[Start] = (),
) -> Iterator[Trajectory]:
    """Yield the trajectories of all runs of the first spec, then those of the second, and so on.

    As for `simulate_runs`; `progress` is called with the place in this order and the fraction done.
    """
    if starts and len(starts) != runs:
        raise SpecError(f"runs: {runs} is not allowed; there are {len(starts)} to start from")
    begun: list[tuple[Spec, Start]] = []
    for spec in specs:
        begun += [begin(spec, engine, start) for start in starts] or [begin(spec, engine, BEGINNING)] * runs
    return _in_order(_Work(begun, engine, seed, runs, threads, progress), threads)


class _Work:
    """All runs of some specs, in batches for one thread each; places count the runs, spec by spec.

    `begun` has spec and start at every place.
    """

    def __init__(self, begun, engine, seed, runs, threads, progress):
        self.begun, self.seed, self.runs, self.progress = begun, seed, runs, progress
        self.module, self.stopped = engine_module(engine), Event()
        self.batches = self._batches(threads)

    def _batches(self, threads: int) -> list[list[int]]:
        places = range(len(self.begun))
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

        def report(fraction: float) -> None:
            for place in batch:
                if self.stopped.is_set():
                    raise KeyboardInterrupt
                self.progress(place, fraction)

        report(0.0)  # an interrupt can leave batches in the queue: they do not begin
        numbers = [place % self.runs for place in batch]
        specs, starts = zip(*(self.begun[place] for place in batch), strict=True)
        if hasattr(self.module, "simulate_together"):
            found = self.module.simulate_together(specs, self.seed, numbers, report, starts)
        else:
            found = [self.module.simulate(specs[0], self.seed, numbers[0], report, starts[0])]
        return [as_recorded(trajectory, spec) for trajectory, spec in zip(found, specs, strict=True)]


def _in_order(work: _Work, threads: int) -> Iterator[Trajectory]:
    ready: dict[int, Trajectory] = {}
    place = 0
    with ThreadPoolExecutor(threads) as pool:
        try:
            for batch, trajectories in zip(
                work.batches, pool.map(work.trajectories, work.batches), strict=True
            ):
                ready.update(zip(batch, trajectories, strict=True))
                while place in ready:
                    yield ready.pop(place)
                    place += 1
        except BaseException:
            work.stopped.set()  # the threads end at their next report; the pool waits for them
            raise
