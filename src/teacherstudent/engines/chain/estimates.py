"""Estimated time and memory of engine `chain`.

Times are for one core of a shared virtual server, and correct within a factor of two.
"""

import math
from collections.abc import Hashable, Sequence

import numpy as np

from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.chain.axes import axes
from teacherstudent.engines.deep_estimates import error_seconds
from teacherstudent.engines.memory import NUMBER, Parts, record_key, record_memory, with_part
from teacherstudent.engines.phases import comparisons
from teacherstudent.engines.sums_estimates import measured_by_sums
from teacherstudent.engines.trajectory import record_times
from teacherstudent.spec.model import Spec

LANES = 8  # batches are filled up to a multiple of this number of chains
# Seconds of a step of a batch, by the number p of units: A0 + A1 p for all chains together, and in addition
# B0 + B1 p + B2 p^2 for each chain.
BATCH_COST, CHAIN_COST = (170e-9, 30e-9), (2e-9, 1.5e-9, 0.1e-9)
# Seconds of the start of a batch, of each chain, and of each unit of several teachers in it.
START, START_CHAIN, START_UNIT = 1.3e-3, 20e-6, 25e-6
# Seconds of a record of a batch, which kernels save, or which is measured for itself; and in addition of each
# chain O2 p^2 + O3 p^3.
SAVED, RECORD, OVERLAPS = 0.5e-6, 65e-6, (0.0, 0.0, 1.6e-9, 0.07e-9)
# Seconds of the error of a chain on one task, in addition of each pair of units, and of overlaps for p^3.
ERROR, PAIR, LOOK_OVERLAPS = 0.4e-6, 9e-9, 0.12e-9
LOOK = 1e-6  # seconds of a comparison of a batch with thresholds in a kernel, beside those of the errors

# Seconds of an inner layer for each chain in a step: C0 + C1 K + C2 K^2.
INNER_COST = (0.0, 6e-9, 1.5e-9)

# Factors of a step with several tasks, with anchors, with a rotation and with drift.
TASKS, ANCHORS, ROTATION, DRIFT = 1.6, 1.7, 2.0, 5.0
# Seconds of a decision of an episode: of a batch, and in addition of each chain for every axis; of schedules.
DECISION, DECISION_AXIS, SCHEDULE = 45e-9, 1.2e-9, 20e-9
# Mean optimal length of episodes, divided by the duration of the run.
LENGTH_PER_TIME = 0.15
# Factor of a step with G groups of inputs, divided by 1 + G.
GROUPS = 0.6


def shared(spec: Spec) -> tuple[Hashable, ...]:
    """Return the key of batches: the main properties of `engine.batch_key`."""
    student, teachers, training = spec.student, spec.teachers, spec.training
    units = student.hidden, student.depth, student.activation, teachers.hidden, teachers.activation
    sizes = teachers.count, spec.heads, training.batch_size, spec.loss if spec.has_classes else None
    more = training.consolidation, training.episode, teachers.rotation, teachers.drift
    return ((spec.inputs, units, sizes, spec.duration, spec.record, *map(repr, more)),)


def _batched(runs: int, points: float) -> tuple[float, float]:
    """Return the numbers of batches and of chains, with those that fill lanes, of a point of a grid."""
    chains = math.ceil(runs * points / LANES) * LANES
    return math.ceil(runs * points / ENGINES["chain"].batch_limit) / points, chains / points


def cost(spec: Spec, runs: int, sharing: Sequence[float] = (1.0,)) -> tuple[float, ...]:
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
    batches, chains = _batched(runs, *sharing)
    if spec.has_rewards:
        return *_of_starts(spec, batches, chains), *_cost_of_episodes(spec, batches, chains)
    p = spec.student.hidden + spec.teachers.count * spec.teachers.hidden
    if spec.inputs.clusters is not None:
        p = spec.student.hidden + len(spec.inputs.clusters.std)
    steps, rows, looks = spec.duration * spec.inputs.dimension, len(record_times(spec)), comparisons(spec)
    together, alone = (np.polynomial.Polynomial(terms)(p) for terms in (BATCH_COST, CHAIN_COST))
    batch = spec.training.batch_size
    steps *= TASKS if spec.mixes_tasks else 1.0
    steps *= ANCHORS if spec.training.consolidation else 1.0
    steps *= ROTATION if spec.teachers.rotation else 1.0
    steps *= DRIFT if any(spec.teachers.drift or ()) else 1.0
    if spec.inputs.is_structured:
        steps *= GROUPS * (1 + _groups(spec))
    if spec.is_deep:
        alone += (spec.student.depth - 1) * np.polynomial.Polynomial(INNER_COST)(spec.student.hidden)
    return (
        together * steps * batch * batches,
        alone * steps * batch * chains,
        *_of_starts(spec, batches, chains),
        *_of_records(spec, p, rows, batches, chains),
        *_of_comparisons(spec, p, looks, batches, chains),
        error_seconds(spec, runs * (rows + looks)),
        *measured_by_sums(spec, runs * rows, runs * looks),
    )


def _of_starts(spec: Spec, batches: float, chains: float) -> tuple[float, float, float]:
    """Estimate the seconds of initial networks."""
    related = spec.teachers.count > 1
    units = spec.teachers.count * spec.teachers.hidden
    return START * batches, START_CHAIN * chains, START_UNIT * chains * units * related


def _of_records(spec: Spec, p: int, rows: int, batches: float, chains: float) -> tuple[float, ...]:
    """Estimate the seconds of records: of batches, and of overlaps and errors of chains.

    Parameters
    ----------
    spec : Spec
        Spec of the runs.
    p : int
        Number of units of student and teachers.
    rows : int
        Number of recorded times.
    batches, chains : float
        Numbers of batches and of chains.

    Returns
    -------
    tuple of float
    """
    together = SAVED if _saves_records(spec) else RECORD
    return (
        together * rows * batches,
        np.polynomial.Polynomial(OVERLAPS)(p) * rows * chains,
        _error(spec) * spec.teachers.count * rows * chains * (not _has_erf_units(spec)),
    )


def _of_comparisons(spec: Spec, p: int, looks: float, batches: float, chains: float) -> tuple[float, float]:
    """Estimate the seconds of comparisons with thresholds: of batches, and of chains (`_of_records`)."""
    in_kernel = not (spec.has_classes or spec.is_deep)
    return (
        (LOOK if in_kernel else RECORD) * looks * batches,
        (_error(spec) + LOOK_OVERLAPS * p**3) * looks * chains,
    )


def _error(spec: Spec) -> float:
    """Return the seconds of the error of a chain on one task in closed form, without overlaps."""
    return ERROR + PAIR * (spec.student.hidden + spec.teachers.hidden) ** 2


def _has_erf_units(spec: Spec) -> bool:
    """Return whether errors of all chains are computed together."""
    return spec.student.activation == spec.teachers.activation == "erf"


def _saves_records(spec: Spec) -> bool:
    """Return whether kernels save states at recorded steps (`RecordedChains.places`)."""
    other = spec.inputs.is_structured or spec.inputs.clusters is not None or spec.is_deep
    changes = spec.has_moving_teachers or spec.has_anchors or spec.mixes_tasks
    return not (other or changes or spec.training.consolidation)


def _cost_of_episodes(spec: Spec, batches: float, chains: float) -> tuple[float, ...]:
    """Estimate the CPU seconds of runs of the reward rule."""
    episode, axes = spec.training.episode, 1 + spec.teachers.count
    episodes = spec.duration * spec.inputs.dimension
    scheduled = SCHEDULE * (episode.has_optimal_rate or episode.has_optimal_length)
    length = episode.length
    if episode.has_optimal_length:  # about 1 / error, and the error falls to 4 e / (pi t)
        length = min(length, 1.0 + LENGTH_PER_TIME * spec.duration)
    return (
        DECISION * episodes * length * batches,
        DECISION_AXIS * axes * episodes * length * chains,
        scheduled * episodes * chains,
        (RECORD * len(record_times(spec)) + LOOK * comparisons(spec)) * batches,
    )


def _groups(spec: Spec) -> int:
    """Return the number of groups of structured inputs: levels, or the manifold and what is orthogonal."""
    return 2 if spec.inputs.covariance is None else len(spec.inputs.covariance.values or (1,))


def memory(specs: Sequence[Spec]) -> Parts:
    """Estimate the peak memory of a batch in bytes (`Engine.memory`)."""
    spec, C = specs[0], -(-len(specs) // LANES) * LANES
    M, K, batch = spec.teachers.hidden, spec.student.hidden, spec.training.batch_size
    PM = spec.teachers.count * M
    p, r, q = axes(spec)
    frame = NUMBER * C * (K + PM + K * spec.has_anchors) * (p + r + q)
    rows = C * record_memory(spec, "all")  # trajectories are views of them
    sampling = max(0.0, 2 * frame - rows)  # networks are sampled, then their frame is rotated
    if spec.has_rewards:
        normals = NUMBER * C * (2 + spec.inputs_of_step * (p + r))
        parts = {"student.hidden": frame + sampling, "training.episode.length": normals}
        return with_part(parts, record_key(spec), rows)
    parts = {
        "student.hidden": frame + sampling + NUMBER * C * 2 * (spec.student.depth - 1) * K * (K + 3 * batch),
        "training.batch_size": NUMBER * C * batch * (p + 2 * r + max(q, batch) + 3 * K),
    }
    return with_part(parts, record_key(spec), rows)
