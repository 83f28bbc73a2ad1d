"""From specs to trajectories: the one entry to all engines."""

from collections.abc import Callable, Iterator, Sequence

from teacherstudent.engines.base import ENGINES, engine_named
from teacherstudent.engines.start import BEGINNING, Start, start_for
from teacherstudent.engines.trajectory import Trajectory, as_recorded
from teacherstudent.errors import SpecError
from teacherstudent.simulation.batches import Batches, in_order
from teacherstudent.simulation.checkpoints import NO_CHECKPOINTS, CheckpointStore
from teacherstudent.simulation.memory import check_memory, check_stored
from teacherstudent.spec.model import Spec
from teacherstudent.spec.whole_numbers import RUN, RUNS, SEED, THREADS


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
    batches = Batches(tasks, engine_named(engine), seed, runs, threads, progress, checkpoints)
    check_memory([[tasks[index][0] for index in batch] for batch in batches.indices], engine, runs, threads)
    return in_order(batches, threads)


def _prepared(spec: Spec, engine: str, starts: Sequence[Start]) -> list[tuple[Spec, Start]]:
    """Return `prepare` of all starts; a spec that the starts leave as it is is checked once."""
    tasks = [start_for(spec, engine_named(engine), start) for start in starts]
    for own in {id(own): own for own, _ in tasks}.values():
        check(own, engine)
    return tasks
