"""The check of memory: an error is raised before runs start that need more than is available."""

import heapq
from collections.abc import Sequence
from operator import attrgetter

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.memory import COPIES, Parts, record_key, record_memory
from teacherstudent.engines.trajectory import record_times
from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import in_document, size_in_words
from teacherstudent.spec.model import Spec

SLACK = 1.25  # the estimate may be too large by this factor
SMALL = 2.0**26  # bytes; smaller estimates are not compared with the available memory
RESULT = 1500  # bytes of the Python objects of a finished run


def check_memory(batches: Sequence[Sequence[Spec]], engine: str, runs: int, threads: int) -> None:
    """Raise SpecError with the responsible key if runs need more memory than is available.

    Parameters
    ----------
    batches : sequence of sequence of Spec
        The specs of the runs of each batch.
    engine : str
        The name of the engine.
    runs : int
        The number of runs of each spec, whose results are written together.
    threads : int
        The number of batches that are computed at the same time.

    Raises
    ------
    SpecError
        If the estimate is more than 1.25 times the available memory.
    """
    different = {tuple(map(id, batch)): batch for batch in batches}
    costs = {key: engine_named(engine).memory(batch) for key, batch in different.items()}
    totals = {key: sum(parts.values()) for key, parts in costs.items()}
    largest = heapq.nlargest(threads, (totals[tuple(map(id, batch))] for batch in batches))
    specs = {id(spec): spec for batch in different.values() for spec in batch}.values()
    stored = max((stored_memory(spec, runs) for spec in specs), default=0.0)
    needed = max(sum(largest), stored)
    if needed > SMALL:
        parts = max(costs.values(), key=lambda parts: sum(parts.values()))
        spec = max(specs, key=record_memory)
        _compare(needed, stored, parts, spec, runs, len(largest))


def check_stored(specs: Sequence[Spec], runs: int) -> None:
    """Raise SpecError if the results of the runs of one spec need more memory than is available.

    In contrast to `check_memory` it needs no list of all runs, which could be too large itself.
    """
    spec = max(specs, key=record_memory)
    stored = stored_memory(spec, runs)
    if stored > SMALL:
        _compare(stored, stored, {}, spec, runs, threads=1)


def check_grid(spec: Spec, points: int, runs: int, times: int) -> None:
    """Raise SpecError if the arrays of all runs of a grid need more memory than is available.

    Parameters
    ----------
    spec : Spec
        The spec whose runs record most.
    points : int
        The number of points of the grid.
    runs : int
        The number of runs at each point.
    times : int
        The number of times of the grid, at least those that the spec records.

    Raises
    ------
    SpecError
        If the estimate is more than 1.25 times the available memory.
    """
    padding = times / len(record_times(spec))
    needed = points * runs * (COPIES * padding * record_memory(spec) + RESULT)
    if needed <= SMALL:
        return
    from teacherstudent.simulation.available import available_memory

    available, limit = available_memory()
    if needed > SLACK * available:
        raise SpecError(
            f"axes: {points} points with {runs} runs of {times} times need about {size_in_words(needed)} of "
            f"memory, and {size_in_words(available)} are available ({limit}); use fewer values, runs or "
            "times, or record.quantities: errors"
        )


def stored_memory(spec: Spec, runs: int) -> float:
    """Return the bytes of the results of all runs of a spec while they are written."""
    return runs * (COPIES * record_memory(spec) + RESULT)


def _compare(needed: float, stored: float, parts: Parts, spec: Spec, runs: int, threads: int) -> None:
    from teacherstudent.simulation.available import available_memory

    available, limit = available_memory()
    if needed <= SLACK * available:
        return
    if max(sum(parts.values()), stored / runs) > SLACK * available:  # one run alone is too large
        key = max(parts, key=parts.get) if sum(parts.values()) > stored / runs else record_key(spec)
        value = _shown(spec, key)
    else:
        key, value = ("runs", runs) if stored == needed else ("threads", threads)
    raise SpecError(
        f"{key}: {value} needs about {size_in_words(needed)} of memory, and {size_in_words(available)} are "
        f"available ({limit}); use a smaller value"
    )


def _shown(spec: Spec, key: str) -> str:
    """Return a description of the value at a key."""
    if key == "record.times":
        return f"a list of {len(spec.record.times)}"
    if key == "record.weights":
        return f"true, at {len(record_times(spec))} times,"
    return in_document(attrgetter(key)(spec))
