"""From a spec to trajectories: the one entry to all engines.

An engine is a module with `check(spec)` and `simulate(spec, seed, run, progress)`. One that advances many
runs together also has TOGETHER, the largest number of them, `company(spec)`, equal for specs whose runs can
do so, and `simulate_together(specs, seed, runs, progress)`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import pairwise
from threading import Event

from teacherstudent.spec import Spec
from teacherstudent.trajectory import Trajectory

ENGINES = ("network", "chain", "ode")


def engine_module(engine: str):
    """Import the module of an engine by its name."""
    return import_module(f"teacherstudent.engines.{engine}")


def check(spec: Spec, engine: str) -> None:
    """Raise SpecError with the reason where a spec lies outside an engine's range."""
    engine_module(engine).check(spec)


def simulate(
    spec: Spec,
    engine: str,
    seed: int = 0,
    run: int = 0,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Trajectory:
    """Turn a spec into one trajectory.

    The result depends on (spec, engine, seed, run) only. `progress` is called with the fraction done now and
    then. Raises SpecError where the engine cannot do what the spec asks for.
    """
    check(spec, engine)
    return engine_module(engine).simulate(spec, seed, run, progress)


def simulate_runs(
    spec: Spec,
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda run, fraction: None,
) -> Iterator[Trajectory]:
    """Yield the trajectories of runs 0, 1, ... in order, computed on several threads; same numbers for any
    number of them.

    `progress` is called with a run and its fraction done.
    """
    return simulate_points([spec], engine, seed, runs, threads, progress)


def simulate_points(
    specs: Sequence[Spec],
    engine: str,
    seed: int = 0,
    runs: int = 1,
    threads: int = 1,
    progress: Callable[[int, float], None] = lambda number, fraction: None,
) -> Iterator[Trajectory]:
    """Yield the trajectories of all runs of the first spec, then those of the second, and so on.

    As for `simulate_runs`; `progress` is called with the place in this order and the fraction done.
    """
    for spec in specs:
        check(spec, engine)
    return _in_order(_Work(specs, engine, seed, runs, threads, progress), threads)


class _Work:
    """All runs of some specs, in batches for one thread each; `places` counts the runs, spec by spec."""

    def __init__(self, specs, engine, seed, runs, threads, progress):
        self.specs, self.seed, self.runs, self.progress = specs, seed, runs, progress
        self.module, self.stopped = engine_module(engine), Event()
        self.batches = self._batches(threads)

    def _batches(self, threads: int) -> list[list[int]]:
        places = range(len(self.specs) * self.runs)
        if not hasattr(self.module, "simulate_together"):
            return [[place] for place in places]
        companies: dict = {}
        for place in places:
            companies.setdefault(self.module.company(self.spec(place)), []).append(place)
        return [part for company in companies.values() for part in self._parts(company, threads)]

    def _parts(self, company: list[int], threads: int) -> list[list[int]]:
        """Split places into as few parts as fit, and at least one per thread."""
        count = max(-(-len(company) // self.module.TOGETHER), min(threads, len(company)))
        bounds = [len(company) * i // count for i in range(count + 1)]
        return [company[a:b] for a, b in pairwise(bounds)]

    def spec(self, place: int) -> Spec:
        """The spec of a run."""
        return self.specs[place // self.runs]

    def trajectories(self, batch: list[int]) -> list[Trajectory]:
        """Compute one batch."""

        def report(fraction: float) -> None:
            for place in batch:
                if self.stopped.is_set():
                    raise KeyboardInterrupt
                self.progress(place, fraction)

        report(0.0)  # an interrupt can leave batches in the queue: they do not begin
        numbers = [place % self.runs for place in batch]
        if hasattr(self.module, "simulate_together"):
            specs = [self.spec(place) for place in batch]
            return self.module.simulate_together(specs, self.seed, numbers, report)
        return [self.module.simulate(self.spec(batch[0]), self.seed, numbers[0], report)]


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
