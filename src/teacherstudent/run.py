"""From a spec to trajectories: the one entry to all engines."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Event

from teacherstudent.spec import Spec
from teacherstudent.trajectory import Trajectory

ENGINES = ("network", "ode")


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
    check(spec, engine)
    module, stopped = engine_module(engine), Event()

    def one(run: int) -> Trajectory:
        report(run, 0.0)  # an interrupt can leave runs in the queue: they do not begin
        return module.simulate(spec, seed, run, lambda fraction: report(run, fraction))

    def report(run: int, fraction: float) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        progress(run, fraction)

    with ThreadPoolExecutor(threads) as pool:
        try:
            yield from pool.map(one, range(runs))
        except BaseException:
            stopped.set()  # the threads end at their next report; the pool waits for them
            raise
