"""Estimated time and memory of engine `ode`.

Times are for one core of a shared virtual server, and correct within a factor of two.
"""

import math
from collections.abc import Hashable, Sequence

from teacherstudent.engines.deep_estimates import equation_seconds, error_seconds, node_bytes
from teacherstudent.engines.memory import (
    COPIES,
    NUMBER,
    Parts,
    record_key,
    record_memory,
    sampling_memory,
    with_part,
)
from teacherstudent.engines.ode.choice import ALIGNED, fewest_together, formulation_name, has_lanes
from teacherstudent.engines.ode.joint_estimates import has_joint_space, joint_cost, joint_memory
from teacherstudent.engines.ode.structured_estimates import (
    STAGES,
    largest,
    structured_cost,
    structured_memory,
)
from teacherstudent.engines.ode.sums_estimates import sums_bytes, sums_seconds
from teacherstudent.engines.rates import LONGEST_AVERAGED
from teacherstudent.engines.trajectory import record_times
from teacherstudent.networks.sizes import MOST_FRAME_ROWS
from teacherstudent.spec.model import Spec

# Seconds of a run, and in addition, for each K^3, of a run until t = 1000; later steps are longer.
RUN, UNITS = 0.0012, 0.00006
# The same of one of eight runs that are integrated side by side.
LANES, LANES_RUN, LANES_UNITS = 8, 0.0003, 0.000035
LINEAR = 0.1  # factor of UNITS for linear units
START = 1e-9  # seconds of the start of a run for each number in the products of its initial weights
BLOCK = 7e-5  # seconds of a block of interleaved tasks, a separate integration
# Seconds of a unit of time with pulls at a rate of 1, and for each K^3: steps are at most 6 / rate long.
PULL, PULL_UNITS = 1e-6, 2.5e-8
# K^3 of erf units that take the time of a set of four fields of a relu student.
SET = 10.0


def shared(spec: Spec) -> tuple[Hashable, ...]:
    """Return the keys of runs that are integrated side by side, and of orthogonal projections."""
    student, teachers, inputs = spec.student, spec.teachers, spec.inputs
    name = formulation_name(spec)
    law = student.activation, teachers.activation, teachers.labels, spec.loss
    units = name, teachers.count, teachers.hidden, student.hidden, spec.heads, *law
    projections = units, inputs.dimension, inputs.latents, student.initial
    return units if has_lanes(spec) else None, projections if name == ALIGNED else None


def cost(spec: Spec, runs: int, sharing: Sequence[float] = (1.0, 1.0)) -> tuple[float, ...]:
    """Estimate the CPU seconds of all runs of a spec, as the terms of a sum (`Engine.cost`).

    Parameters
    ----------
    spec : Spec
        The spec.
    runs : int
        The number of its runs.
    sharing : sequence of float
        For each key of `shared`: the number of points of a grid that have it, at least 1.

    Returns
    -------
    tuple of float
        Seconds; those of shared work are the part of this point.
    """
    if has_joint_space(spec):
        return joint_cost(spec, runs)
    filled = _lanes_of_run(spec, runs * sharing[0])
    if spec.inputs.is_structured:
        return structured_cost(spec, runs, sharing[1], filled)
    pulled, units = spec.duration * _largest_pull(spec), _weight_of_units(spec)
    usual = math.sqrt(spec.duration / 1000.0)
    run, unit = (RUN, UNITS) if filled is None else (filled * LANES_RUN, filled * LANES_UNITS)
    return (
        runs * (run + PULL * pulled),
        runs * BLOCK * _blocks(spec),
        runs * units * (unit * usual + PULL_UNITS * pulled),
        START * runs * _numbers_of_products(spec),
        equation_seconds(spec, runs),
        error_seconds(spec, runs * len(record_times(spec))),
        *sums_seconds(spec, runs),
    )


def _lanes_of_run(spec: Spec, runs: float) -> float | None:
    """Return the number of lanes for each of some runs, or None if they are integrated one by one."""
    side_by_side = has_lanes(spec) and runs >= fewest_together(spec)
    return math.ceil(runs / LANES) * LANES / runs if side_by_side else None


def _weight_of_units(spec: Spec) -> float:
    """Return the number K^3 of erf units that take the time of the units of a spec."""
    linear = spec.student.activation == spec.teachers.activation == "linear"
    return spec.student.hidden**3 * (LINEAR if linear else 1.0) + SET * _sets(spec)


def _numbers_of_products(spec: Spec) -> float:
    """Return the multiply-adds of the products of initial weights, if they are sampled."""
    rows = spec.teachers.count * spec.teachers.hidden + spec.student.hidden
    sampled = spec.initial_overlaps is None and rows > MOST_FRAME_ROWS
    return float(spec.inputs.dimension) * rows**2 * sampled


def _sets(spec: Spec) -> int:
    """Return the number of sets of four error units, two of a relu student among them; otherwise 0."""
    if spec.student.activation != "relu":
        return 0
    K, M = spec.student.hidden, 1 if spec.teachers.labels == "sign" else spec.teachers.hidden
    return math.comb(K + M, 4) - math.comb(M, 4) - K * math.comb(M, 3)


def _blocks(spec: Spec) -> float:
    """Return the number of blocks of interleaved tasks that are integrated one by one."""
    replay, N = spec.curriculum.replay, spec.inputs.dimension
    if replay is None or replay.interleave is None:
        return 0.0
    steps = replay.interleave.new + replay.interleave.old
    return 2.0 * spec.duration * N / steps if steps > LONGEST_AVERAGED * N else 0.0


def _largest_pull(spec: Spec) -> float:
    """Return the rate of pulls to anchors where importances are known to be of order 1, otherwise 0."""
    block = spec.training.consolidation
    if block is None or block.kind not in ("quadratic", "node"):
        return 0.0
    return largest(block.strength) * largest(spec.training.learning_rate)


def memory(specs: Sequence[Spec]) -> Parts:
    """Estimate the peak memory of a batch in bytes (`Engine.memory`): its largest run, and all records."""
    parts = [_memory_of_run(spec) for spec in specs]
    first = max(range(len(specs)), key=lambda run: sum(parts[run].values()))
    others = [COPIES * record_memory(spec, "all") for spec in (*specs[:first], *specs[first + 1 :])]
    return with_part(parts[first], record_key(specs[first]), sum(others)) if others else parts[first]


def _memory_of_run(spec: Spec) -> Parts:
    """Estimate the peak memory of one run."""
    if has_joint_space(spec):
        return joint_memory(spec)
    if spec.inputs.is_structured:
        return structured_memory(spec)
    K, columns = spec.student.hidden, _columns(spec)
    state = (
        K * (K + columns)
        + (spec.student.depth - 1) * K * K
        + spec.heads * K
        + columns**2 * spec.has_moving_teachers
    )
    sampling = 0.0 if spec.initial_overlaps is not None else max(sampling_memory(spec), _frame_memory(spec))
    work = NUMBER * (STAGES * state + 6 * (K + columns) ** 2)
    work += node_bytes(spec) + sums_bytes(spec)
    parts = {"inputs.dimension": max(0.0, sampling - work), "student.hidden": work}
    return with_part(parts, record_key(spec), record_memory(spec, "all"))


def _frame_memory(spec: Spec) -> float:
    """Return the bytes of the rows of initial networks and of the axes of their frame."""
    rows = spec.teachers.count * spec.teachers.hidden + spec.student.hidden
    return NUMBER * spec.inputs.dimension * (2 * rows + 2) if rows <= MOST_FRAME_ROWS else 0.0


def _columns(spec: Spec) -> int:
    """Return the number of vectors whose overlaps with the student are part of the state."""
    turning = 0 if spec.teachers.rotation is None else spec.teachers.hidden
    return spec.teachers.count * spec.teachers.hidden + turning + spec.student.hidden * spec.has_anchors
