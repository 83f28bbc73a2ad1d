"""Estimated time and memory of engine `network`.

Times are for one core of a shared virtual server, and correct within a factor of two.
"""

import math
from collections.abc import Hashable, Sequence

from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.deep_estimates import error_seconds
from teacherstudent.engines.memory import (
    COPIES,
    NUMBER,
    ROW,
    Parts,
    itemsize,
    record_key,
    record_memory,
    sampling_memory,
    with_part,
)
from teacherstudent.engines.network.checks import (
    is_wide,
    needs_stages,
    shapes_in_blocks,
    trains_in_blocks,
    without_similarity,
)
from teacherstudent.engines.network.structured_estimates import (
    block_memory,
    drawing,
    measuring,
    preparing_memory,
    shared_memory,
)
from teacherstudent.engines.phases import comparisons, phases, share_with_threshold
from teacherstudent.engines.sums_estimates import measured_by_sums
from teacherstudent.engines.trajectory import record_times
from teacherstudent.spec.model import Spec

# Seconds of a step, and in addition of each sampled number, weight and unit in it.
STEP, INPUT, WEIGHT, UNIT = 150e-9, 0.6e-9, 0.12e-9, 6e-9
BLOCK_ROWS = 8  # inputs of a block of steps
SINGLE = 0.65  # factor of these times in single precision
# The times of a weight in blocks of steps, and in single steps on several samples.
BLOCK_WEIGHT, BATCH_WEIGHT = 0.05e-9, 0.28e-9
# The times of a weight and of a unit in wide networks with few inputs, and their factor in single precision.
WIDE_WEIGHT, WIDE_UNIT, WIDE_SINGLE = 0.05e-9, 1.2e-9, 0.5
# Seconds of the start of a run and of a record for each number in the products of all weights.
START, OVERLAPS = 1e-9, 0.2e-9
# Seconds of a record, for each pair of units in the errors, and for each weight and sample of a set.
RECORD, PAIR, SAMPLE = 40e-6, 0.7e-9, 0.42e-9
LOOK = 30e-6  # seconds of a comparison with a threshold, beside those of the error

# Seconds of a step with interventions: in addition, of each weight that is pulled (proximally: beside it), of
# each weight with a path integral, and of each number of a teacher that drifts or turns.
STAGE, PULL, PROXIMAL, PATH, DRIFT, TURN = 150e-9, 0.2e-9, 0.6e-9, 0.2e-9, 0.9e-9, 0.5e-9


def shared(spec: Spec) -> tuple[Hashable, ...]:
    """Return the keys of inputs that are drawn once, and of training until the first switch.

    They are those of `engine.batch_key` and of runs that start alike (`engine.simulate`).
    """
    inputs = shapes_in_blocks(spec) if trains_in_blocks(spec) else None
    alike = _is_fresh(spec) and not spec.has_moving_teachers and spec.curriculum.mixture is None
    return inputs, without_similarity(spec) if alike and _share_before_switch(spec) > 0.0 else None


def _is_fresh(spec: Spec) -> bool:
    """Return whether each input is independent of all others, and used once."""
    return spec.inputs.distribution == "gaussian" and spec.inputs.samples is None


def _share_before_switch(spec: Spec) -> float:
    """Return which part of the steps is before the first switch."""
    if spec.curriculum.thresholds:
        return share_with_threshold(spec)
    return (spec.curriculum.switch_times or (0.0,))[0] / spec.duration


def _shares(spec: Spec, sharing: Sequence[float]) -> tuple[float, float]:
    """Return which parts of its inputs and of its steps a network has to draw and to train for itself."""
    networks, alike = (_per_batch(points) for points in sharing)
    before = _share_before_switch(spec)
    trained = 1.0 - before + before / alike
    return min(trained, 1.0 / networks), trained


def _per_batch(points: float) -> float:
    """Return the mean number of networks in a batch of the points of a grid."""
    return points / math.ceil(points / ENGINES["network"].batch_limit)


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
    steps = runs * spec.duration * spec.inputs.dimension
    samples = steps * spec.inputs_of_step
    numbers = steps * spec.inputs.dimension * (SINGLE if spec.numerics.precision == "float32" else 1.0)
    return (
        *_of_steps(spec, steps, *_shares(spec, sharing)),
        *_of_records(spec, runs),
        *(drawing(spec, samples) + measuring(spec, runs) if spec.inputs.is_structured else ()),
        *_interventions(spec, runs, numbers),
        *((_inner(spec, samples),) if spec.is_deep else ()),
    )


def _of_steps(spec: Spec, steps: float, drawn: float, trained: float) -> tuple[float, ...]:
    """Estimate the seconds of steps, of which shares are drawn and trained for the network alone."""
    N, is_drawn = spec.inputs.dimension, spec.inputs.samples is None and not spec.inputs.is_structured
    samples, (weight, unit) = steps * spec.inputs_of_step, _times_of_weights(spec)
    numbers = N * (2 if any(spec.teachers.input_noise) else 1)
    units = spec.student.hidden + (spec.teachers.hidden if spec.inputs.samples is None else 0)
    single = SINGLE if spec.numerics.precision == "float32" else 1.0
    return (
        STEP * steps * trained,
        INPUT * samples * numbers * single * drawn * is_drawn,
        weight * samples * N * units * trained,
        unit * samples * units * trained,
    )


def _of_records(spec: Spec, runs: int) -> tuple[float, ...]:
    """Estimate the seconds of initial networks, of records and of comparisons with thresholds."""
    inputs, rows, looks = spec.inputs, runs * len(record_times(spec)), runs * comparisons(spec)
    N, K, vectors = inputs.dimension, spec.student.hidden, _vectors(spec)
    stored, tested = inputs.samples or 0, 0
    if inputs.dataset is not None:
        tested = inputs.dataset.test_samples
        stored = _mixed(spec) or stored + tested
    return (
        START * runs * N * vectors**2 * (spec.initial_overlaps is None),
        RECORD * rows + LOOK * looks,
        PAIR * (rows + looks) * vectors**2,
        OVERLAPS * N * (rows + looks) * vectors**2 * _measures_overlaps(spec),
        error_seconds(spec, rows + looks),
        *measured_by_sums(spec, rows, looks),
        SAMPLE * (rows * stored + looks * tested) * K * N,
    )


def _vectors(spec: Spec) -> int:
    """Return the number of units of the student and of all teachers."""
    return spec.student.hidden + spec.teachers.count * spec.teachers.hidden


def _times_of_weights(spec: Spec) -> tuple[float, float]:
    """Return the seconds of a weight and of a unit in a step."""
    single = spec.numerics.precision == "float32"
    if is_wide(spec) and _is_fresh(spec) and not needs_stages(spec) and not spec.is_deep:
        factor = WIDE_SINGLE if single else 1.0
        return factor * WIDE_WEIGHT, factor * WIDE_UNIT
    weight = BLOCK_WEIGHT if trains_in_blocks(spec) else WEIGHT if spec.inputs_of_step == 1 else BATCH_WEIGHT
    return weight * (SINGLE if single else 1.0), UNIT


def _measures_overlaps(spec: Spec) -> bool:
    """Return whether records need the products of all weights."""
    return spec.record.quantities == "all" or not is_wide(spec)


def _inner(spec: Spec, samples: float) -> float:
    """Estimate the seconds of inner layers: three passes through their weights in each sample."""
    K = spec.student.hidden
    return samples * (spec.student.depth - 1) * (2 * UNIT * K + 3 * WEIGHT * K * K)


def _interventions(spec: Spec, runs: int, numbers: float) -> tuple[float, ...]:
    """Estimate the seconds that interventions take; `numbers` are those of one unit in all steps."""
    if not needs_stages(spec):
        return ()
    K, M, block, teachers = (
        spec.student.hidden,
        spec.teachers.hidden,
        spec.training.consolidation,
        spec.teachers,
    )
    pulled = block is not None or spec.training.l1
    proximal = block is not None and block.step == "proximal"
    integrates = block is not None and block.kind.startswith("path_integral")
    drifting = sum(delta > 0.0 for delta in teachers.drift or ())
    fisher = block.fisher_samples if block is not None and block.kind == "ewc" else 0
    return (
        STAGE * runs * spec.duration * spec.inputs.dimension,
        PULL * numbers * K * bool(pulled),
        PROXIMAL * numbers * K * proximal,
        PATH * numbers * K * integrates,
        DRIFT * numbers * M * drifting,
        TURN * numbers * M * (teachers.rotation is not None),
        (INPUT + WEIGHT * (K + M)) * runs * len(phases(spec)[1:]) * fisher * spec.inputs.dimension,
    )


def memory(specs: Sequence[Spec]) -> Parts:
    """Estimate the peak memory of a batch in bytes (`Engine.memory`)."""
    total: Parts = {}
    sampling = rows = 0.0
    if trains_in_blocks(specs[0]):
        total["inputs.dimension"] = BLOCK_ROWS * itemsize(specs[0]) * _padded(specs[0].inputs.dimension)
    if specs[0].inputs.is_structured:
        total = block_memory(specs[0], itemsize(specs[0]) * _padded(specs[0].inputs.dimension))
        total = with_part(total, "inputs.dimension", shared_memory(specs[0]))
    for spec in specs:
        own = _trained(spec)
        for key, size in own.items():
            total = with_part(total, key, size)
        sampling = max(sampling, _initial(spec) - sum(own.values()))
        if spec.inputs.is_structured:
            sampling = max(sampling, preparing_memory(spec, len(specs) == 1))
        rows += COPIES * record_memory(spec) + ROW * len(record_times(spec))
    key = "inputs.dimension" if sampling > rows else record_key(specs[0])
    return with_part(total, key, max(sampling, rows))


def _trained(spec: Spec) -> Parts:
    """Return the bytes of a network during training, by the key of the spec that is responsible."""
    P, M, K, N = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.inputs.dimension
    row = itemsize(spec) * _padded(N + bool(spec.student.biases))
    samples = spec.inputs.samples or 0
    single = spec.numerics.precision == "float32"
    own = samples * row if spec.inputs.dataset is None else _mixed(spec) * row
    in_blocks = trains_in_blocks(spec)
    own_inputs = not (in_blocks or spec.inputs.is_structured)  # others are in the memory of their block
    return {
        "inputs.dimension": 2 * NUMBER * P * M * N + row * (K + P * M) + single * NUMBER * K * N,
        _key_of_step(spec): row * (2 * spec.inputs_of_step * own_inputs + (not in_blocks)),
        "inputs.samples": own + NUMBER * samples * (2 * P + max(K, M)),
        "student.hidden": NUMBER * (COPIES * (K + P * M) ** 2 + (spec.student.depth - 1) * K * K),
    } | _of_interventions(spec, row)


def _key_of_step(spec: Spec) -> str:
    """Return the key of the number of inputs of a step."""
    return "training.episode.length" if spec.has_rewards else "training.batch_size"


def _of_interventions(spec: Spec, row: float) -> Parts:
    """Return the bytes of anchors, penalties, planes and stored inputs; `row` is that of a unit."""
    K, M, N, block = (
        spec.student.hidden,
        spec.teachers.hidden,
        spec.inputs.dimension,
        spec.training.consolidation,
    )
    parts: Parts = {}
    if spec.has_anchors or block is not None:
        weights = 0.0 if block is None or block.importances == "units" else 4 * NUMBER * N
        normalised = block is not None and block.kind == "path_integral_normalised"
        key = "record.movement" if block is None else "training.consolidation.importances"
        parts[key] = K * ((2 + normalised) * row + weights)
    if spec.teachers.rotation is not None:
        parts["teachers.rotation"] = 4 * NUMBER * M * N
    if spec.has_moving_teachers:
        parts["teachers.count"] = NUMBER * spec.teachers.count * M * N
    if spec.curriculum.replay is not None and spec.curriculum.replay.buffer is not None:
        tasks, stored = spec.teachers.count, spec.curriculum.replay.buffer
        earlier = min(tasks, len(phases(spec)) - 1)  # memory of tasks without stored inputs is not touched
        parts["curriculum.replay.buffer"] = stored * (earlier * row + NUMBER * tasks * (1 + tasks))
    return parts


def _mixed(spec: Spec) -> int:
    """Return the number of samples of a data set that each run has in memory for itself."""
    tasks = spec.inputs.dataset.pairs or ()
    return len(tasks) * (spec.inputs.samples + spec.inputs.dataset.test_samples)


def _initial(spec: Spec) -> float:
    """Return the peak memory, in bytes, while the initial networks are made."""
    P, M, K, N = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.inputs.dimension
    row = itemsize(spec) * _padded(N)
    copies = (3 * NUMBER * P * M + NUMBER * K) * N + row * (K + P * M)
    return max(copies, sampling_memory(spec))


def _padded(N: int) -> int:
    """Return the length of a row of N weights after padding to whole vectors."""
    return -(-N // 32) * 32
