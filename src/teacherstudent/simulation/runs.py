"""Simulation of specs by all engines."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.start import BEGINNING, Start, start_for
from teacherstudent.engines.trajectory import Trajectory, as_recorded
from teacherstudent.errors import SpecError, refuse
from teacherstudent.simulation.batches import Batches, in_order
from teacherstudent.simulation.checkpoints import NO_CHECKPOINTS, CheckpointStore
from teacherstudent.simulation.engine_check import check
from teacherstudent.simulation.memory import check_memory, check_stored
from teacherstudent.spec.model import Spec
from teacherstudent.spec.whole_numbers import RUN, RUNS, SEED, THREADS


def prepare(spec: Spec, engine: str, start: Start) -> tuple[Spec, Start]:
    """Return the spec and the start that an engine simulates (`start.start_for`).

    Parameters
    ----------
    spec : Spec
        The spec of a run.
    engine : str
        The name of the engine.
    start : Start
        The start of the run.

    Returns
    -------
    tuple of Spec and Start
        The spec has the order parameters of the start if the engine cannot resume from its state.

    Raises
    ------
    SpecError
        If the spec contradicts the start, or if the engine does not support the spec.
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
    """Simulate one run of a spec, from its beginning or from another start (`load_start`).

    Parameters
    ----------
    spec : Spec
        The spec.
    engine : str
        The name of the engine.
    seed, run : int
        Seed of all random numbers, and number of the run, from 0 on.
    progress : callable
        Called regularly with the fraction of the run that is done, from 0 to 1.
    start : Start
        The start of the run. Default: time 0 of the spec.

    Returns
    -------
    Trajectory
        It depends only on spec, engine, seed, run and start.

    Raises
    ------
    SpecError
        If the engine does not support the spec, if the spec has other networks or data than the run to start
        from (`start.MAY_CHANGE`), if the seed or the number of the run is out of range, and if there is not
        enough memory.
    """
    _check_kinds([spec], [start])
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
    spec : Spec
        The spec.
    engine : str
        The name of the engine.
    seed : int
        The seed of all runs, from 0 on.
    runs : int
        The number of runs, from 1 on.
    threads : int
        The number of threads, from 1 on; it does not change the trajectories.
    progress : callable
        Called regularly, by several threads, with the number of a run and the fraction of it that is done.
    starts : sequence of Start
        The start of each run. Default: time 0 of the spec.
    checkpoints : CheckpointStore
        The store that saves runs, so that they can be resumed after an interruption.

    Returns
    -------
    iterator of Trajectory
        All specs are checked before it is returned; the first run starts with the first `next`.

    Raises
    ------
    SpecError
        As in `simulate`, and if the number of runs, threads or starts is out of range.
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
    """Return an iterator over the trajectories of all runs of the first spec, of the second, and so on.

    Parameters
    ----------
    specs : sequence of Spec
        The specs.
    engine, seed
        As for `simulate_runs`.
    runs : int
        The number of runs of each spec.
    threads
        As for `simulate_runs`.
    progress : callable
        Called with the index of a run in this order and the fraction of it that is done.
    starts, checkpoints
        As for `simulate_runs`.

    Returns
    -------
    iterator of Trajectory
        All specs are checked before it is returned; the first run starts with the first `next`.

    Raises
    ------
    SpecError
        As in `simulate_runs`.
    """
    _check_kinds(specs, starts, checkpoints)
    seed, runs = SEED.checked("seed", seed), RUNS.checked("runs", runs)
    threads = THREADS.checked("threads", threads)
    if starts and len(starts) != runs:
        raise SpecError(f"runs: {runs} differs from the number of starts, which is {len(starts)}")
    check_stored(specs, runs)
    tasks: list[tuple[Spec, Start]] = []
    for spec in specs:
        tasks += _prepared(spec, engine, starts) or [prepare(spec, engine, BEGINNING)] * runs
    checkpoints.open(tasks, engine, seed, runs)
    batches = Batches(tasks, engine_named(engine), seed, runs, threads, progress, checkpoints)
    check_memory([[tasks[index][0] for index in batch] for batch in batches.indices], engine, runs, threads)
    return in_order(batches, threads)


def _check_kinds(specs: Sequence, starts: Any, checkpoints: Any = NO_CHECKPOINTS) -> None:
    """Raise SpecError for an argument of another type, such as a mapping or a path, that `run` accepts."""
    for spec in specs:
        if not isinstance(spec, Spec):
            refuse("spec", type(spec).__name__, "it must be a Spec, as returned by parse_spec or load_spec")
    for start in starts if isinstance(starts, Sequence) else [starts]:
        if not isinstance(start, Start):
            refuse("start", type(start).__name__, "it must be a Start; load_start returns a list of them")
    if not isinstance(checkpoints, CheckpointStore):
        refuse("checkpoints", type(checkpoints).__name__, "it must be a CheckpointFile")


def _prepared(spec: Spec, engine: str, starts: Sequence[Start]) -> list[tuple[Spec, Start]]:
    """Return `prepare` of all starts; a spec that is the same for all of them is checked once."""
    tasks = [start_for(spec, engine_named(engine), start) for start in starts]
    for own in {id(own): own for own, _ in tasks}.values():
        check(own, engine)
    return tasks
