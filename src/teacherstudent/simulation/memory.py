"""How much memory runs take, roughly: what cannot fit is refused before it begins.

The numbers count the large arrays of each engine at the moment when most of them exist: while networks are
drawn, while runs are recorded (the recorded rows, and all of them stacked), or while a result is written.
"""

import heapq
from collections.abc import Sequence
from dataclasses import replace

from teacherstudent.engines.observables import OBSERVABLES, row_sizes
from teacherstudent.engines.trajectory import record_times
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec

SLACK = 1.25  # the estimate may be too large by so much: what could fit begins
SMALL = 2.0**26  # bytes: less than this is not compared with what is available
NUMBER = 8  # bytes of a number in double precision
ROW = 1200  # bytes of the Python objects of a recorded row, its numbers aside
RESULT = 1500  # bytes of the Python objects of a finished run
COPIES = 2  # of the records while they are stacked or written
ROTATED = 7  # arrays as large as all teachers while rotated ones are drawn
STAGES = 41  # states of the equations that the integrator holds
LANES = 8  # chains are filled up to a multiple of it

Parts = dict[str, float]  # bytes by the key of the spec that is responsible for them


def check_memory(batches: Sequence[Sequence[Spec]], engine: str, runs: int, threads: int) -> None:
    """Raise SpecError where runs need more memory than there is, with both numbers and the key to change.

    Parameters
    ----------
    batches
        The specs of the runs that one thread computes together, for all batches of the work.
    engine
        The name of the engine.
    runs
        The number of runs of each spec, which are written together.
    threads
        The number of batches that are computed at the same time.

    Raises
    ------
    SpecError
        Where the estimate is more than 1.25 times what is available.
    """
    different = {tuple(map(id, batch)): batch for batch in batches}
    costs = {key: batch_memory(batch, engine) for key, batch in different.items()}
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
    """Raise SpecError where the results of the runs of one spec need more memory than there is.

    In contrast to `check_memory`, this needs no list of the runs, of which there may be too many.
    """
    spec = max(specs, key=record_memory)
    stored = stored_memory(spec, runs)
    if stored > SMALL:
        _compare(stored, stored, {}, spec, runs, threads=1)


def stored_memory(spec: Spec, runs: int) -> float:
    """Return the bytes that the results of all runs of a spec take while they are written."""
    return runs * (COPIES * record_memory(spec) + RESULT)


def _compare(needed: float, stored: float, parts: Parts, spec: Spec, runs: int, threads: int) -> None:
    from teacherstudent.simulation.available import available_memory

    available, limit = available_memory()
    if needed <= SLACK * available:
        return
    if max(sum(parts.values()), stored / runs) > SLACK * available:  # one run alone is too large
        key = max(parts, key=parts.get) if sum(parts.values()) > stored / runs else _record_key(spec)
        value = _shown(spec, key)
    else:
        key, value = ("runs", runs) if stored == needed else ("threads", threads)
    raise SpecError(
        f"{key}: {value} needs about {_gigabytes(needed)} of memory, and {_gigabytes(available)} are "
        f"available ({limit}); use a smaller value"
    )


def batch_memory(specs: Sequence[Spec], engine: str) -> Parts:
    """Return the most memory that a batch of runs takes while it is computed, by responsible key."""
    return {"network": _networks, "chain": _chains, "ode": _equations}[engine](specs)


def record_memory(spec: Spec, quantities: str | None = None) -> float:
    """Return the bytes of the arrays that one run records, with its `record.quantities` or others."""
    if quantities is not None:
        spec = replace(spec, record=replace(spec.record, quantities=quantities))
    row = sum(size * OBSERVABLES[name].itemsize(spec) for name, size in row_sizes(spec).items())
    return len(record_times(spec)) * row


def _networks(specs: Sequence[Spec]) -> Parts:
    held: Parts = {}
    drawing = rows = 0.0
    for spec in specs:
        own = _held_by_network(spec)
        for key, size in own.items():
            held = _with(held, key, size)
        drawing = max(drawing, _drawing(spec) - sum(own.values()))
        rows += COPIES * record_memory(spec) + ROW * len(record_times(spec))
    key = "inputs.dimension" if drawing > rows else _record_key(specs[0])
    return _with(held, key, max(drawing, rows))


def _with(parts: Parts, key: str, size: float) -> Parts:
    return parts | {key: parts.get(key, 0.0) + size}


def _held_by_network(spec: Spec) -> Parts:
    """Return what a network holds while it is trained, as `Run` of engine `network` does."""
    P, M, K, N = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.inputs.dimension
    row, samples = _itemsize(spec) * _padded(N), spec.inputs.samples or 0
    single = spec.numerics.precision == "float32"
    own = 0 if spec.inputs.dataset is not None else samples * row  # a data set has been read by now
    return {
        "inputs.dimension": 2 * NUMBER * P * M * N + row * (K + P * M) + single * NUMBER * K * N,
        "training.batch_size": row * (2 * spec.training.batch_size + 1),
        "inputs.samples": own + NUMBER * samples * (2 * P + max(K, M)),
        "student.hidden": COPIES * NUMBER * (K + P * M) ** 2,
    }


def _drawing(spec: Spec) -> float:
    """Return the most memory that initial networks take until they are ready to be trained."""
    P, M, K, N = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.inputs.dimension
    row = _itemsize(spec) * _padded(N)
    copies = (3 * NUMBER * P * M + NUMBER * K) * N + row * (K + P * M)
    return max(copies, _sampling(spec))


def _sampling(spec: Spec) -> float:
    """Return the most memory that it takes to draw weights of N inputs."""
    P, M, K, N = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.inputs.dimension
    rotated = P > 1 and spec.teachers.features.relation in ("rotated", "shared_nodes")
    return NUMBER * N * max((ROTATED if rotated else 1) * P * M, P * M + 2 * K)


def _chains(specs: Sequence[Spec]) -> Parts:
    from teacherstudent.kernels.chain.frames import axes  # slow to import; the engine needs it anyway

    spec, C = specs[0], -(-len(specs) // LANES) * LANES
    M, K, batch = spec.teachers.hidden, spec.student.hidden, spec.training.batch_size
    PM, count = spec.teachers.count * M, len(record_times(spec))
    p, r, q = axes(spec.inputs.dimension, K, PM, batch)
    frame = NUMBER * C * (K + PM) * (p + r + q)
    rows = (C + len(specs)) * record_memory(spec, "all") + ROW * count
    drawing = max(0.0, 2 * frame - rows)  # networks are drawn, then their frame is turned
    parts = {
        "student.hidden": frame + drawing,
        "training.batch_size": NUMBER * C * batch * (p + 2 * r + batch + 3 * K),
    }
    return _with(parts, _record_key(spec), rows)


def _equations(specs: Sequence[Spec]) -> Parts:
    (spec,) = specs
    K, PM = spec.student.hidden, spec.teachers.count * spec.teachers.hidden
    state = K * (K + PM) + spec.heads * K
    drawn = 0.0 if spec.initial_overlaps is not None else _sampling(spec)
    work = NUMBER * (STAGES * state + 6 * (K + PM) ** 2)
    parts = {"inputs.dimension": max(0.0, drawn - work), "student.hidden": work}
    return _with(parts, _record_key(spec), record_memory(spec, "all"))


def _record_key(spec: Spec) -> str:
    """Return the key that makes records large."""
    if spec.record.weights:
        return "record.weights"
    if spec.student.hidden > len(record_times(spec)):
        return "student.hidden"
    return "record.count" if spec.record.times is None else "record.times"


def _shown(spec: Spec, key: str) -> str:
    """Return the value at a key in words."""
    if key == "record.times":
        return f"a list of {len(spec.record.times)}"
    if key == "record.weights":
        return f"true, at {len(record_times(spec))} times,"
    block, name = key.split(".")
    return str(getattr(getattr(spec, block), name))


def _itemsize(spec: Spec) -> int:
    return 4 if spec.numerics.precision == "float32" else NUMBER


def _padded(N: int) -> int:
    return -(-N // 32) * 32


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.3g} GB"
