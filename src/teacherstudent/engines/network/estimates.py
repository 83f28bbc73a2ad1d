"""Estimated time and memory of engine `network`.

Times are for one core of a shared virtual server, and correct within a factor of two.
"""

from collections.abc import Sequence

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
from teacherstudent.engines.trajectory import record_times
from teacherstudent.spec.model import Spec

# Seconds of a step, and in addition of each sampled number, weight and unit in it.
STEP, INPUT, WEIGHT, UNIT = 200e-9, 2.5e-9, 0.25e-9, 2.5e-9
SINGLE = 0.65  # factor of these times in single precision
# Seconds of a record for each pair of units in the errors, and for each weight and sample of a set.
PAIR, SAMPLE = 4e-9, 0.5e-9


def cost(spec: Spec, runs: int) -> tuple[float, ...]:
    """Estimate the CPU seconds of all runs of a spec (`Engine.cost`)."""
    N, K, M, inputs = spec.inputs.dimension, spec.student.hidden, spec.teachers.hidden, spec.inputs
    steps, rows = runs * spec.duration * N, runs * len(record_times(spec))
    samples = steps * spec.training.batch_size
    single = SINGLE if spec.numerics.precision == "float32" else 1.0
    stored = inputs.samples or 0
    if inputs.dataset is not None:
        stored = _mixed(spec) or stored + inputs.dataset.test_samples
    return (
        STEP * steps,
        INPUT * samples * N * single * (inputs.samples is None),
        WEIGHT * samples * N * (K + M) * single,
        UNIT * samples * (K + M),
        PAIR * rows * (K + spec.teachers.count * M) ** 2,
        SAMPLE * rows * stored * K * N,
    )


def memory(specs: Sequence[Spec]) -> Parts:
    """Estimate the peak memory of a batch in bytes (`Engine.memory`)."""
    total: Parts = {}
    sampling = rows = 0.0
    for spec in specs:
        own = _trained(spec)
        for key, size in own.items():
            total = with_part(total, key, size)
        sampling = max(sampling, _initial(spec) - sum(own.values()))
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
    return {
        "inputs.dimension": 2 * NUMBER * P * M * N + row * (K + P * M) + single * NUMBER * K * N,
        "training.batch_size": row * (2 * spec.training.batch_size + 1),
        "inputs.samples": own + NUMBER * samples * (2 * P + max(K, M)),
        "student.hidden": COPIES * NUMBER * (K + P * M) ** 2,
    }


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
