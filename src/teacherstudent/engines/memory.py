"""The memory of runs: what the estimates of all engines share.

The numbers count the large arrays of an engine at the moment when most of them exist: while networks are
sampled, while runs are recorded (the recorded rows, and all of them stacked), or while a result is written.
"""

from teacherstudent.engines.trajectory import LEFT_OUT, OVERLAPS, record_times
from teacherstudent.spec.model import Spec

NUMBER = 8  # bytes of a number in double precision
ROW = 1200  # bytes of the Python objects of a recorded row, without its numbers
COPIES = 2  # of the records while they are stacked or written
ROTATED = 7  # arrays as large as all teachers while rotated ones are sampled

Parts = dict[str, float]  # bytes by the key of the spec that is responsible for them


def record_memory(spec: Spec, quantities: str | None = None) -> float:
    """Return the bytes of the records of one run, of `record.quantities` or of other quantities."""
    P, M, K = spec.teachers.count, spec.teachers.hidden, spec.student.hidden
    left_out, sets = LEFT_OUT[quantities or spec.record.quantities], spec.inputs.samples is not None
    overlaps = 0 if OVERLAPS[0] in left_out else K * (K + P * M)
    readouts = 0 if "student_readouts" in left_out else spec.heads * K
    errors = P * (1 + sets + (spec.inputs.dataset is not None))
    weights = K * spec.inputs.dimension * itemsize(spec) if spec.record.weights else 0
    return len(record_times(spec)) * (NUMBER * (2 + errors + overlaps + readouts) + weights)


def sampling_memory(spec: Spec) -> float:
    """Return the most bytes that it takes to sample weights of N inputs."""
    P, M, K, N = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.inputs.dimension
    rotated = P > 1 and spec.teachers.features.relation in ("rotated", "shared_nodes")
    return NUMBER * N * max((ROTATED if rotated else 1) * P * M, P * M + 2 * K)


def record_key(spec: Spec) -> str:
    """Return the key of the spec that is responsible for the size of the records."""
    if spec.record.weights:
        return "record.weights"
    if spec.student.hidden > len(record_times(spec)):
        return "student.hidden"
    return "record.count" if spec.record.times is None else "record.times"


def with_part(parts: Parts, key: str, size: float) -> Parts:
    """Return parts with some more bytes at a key.

    Parameters
    ----------
    parts
        Bytes by key.
    key
        The key of the spec that is responsible for the bytes.
    size
        The bytes that are added.
    """
    return parts | {key: parts.get(key, 0.0) + size}


def itemsize(spec: Spec) -> int:
    """Return the bytes of a weight."""
    return 4 if spec.numerics.precision == "float32" else NUMBER
