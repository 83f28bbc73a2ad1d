"""The memory of runs: functions for the estimates of all engines.

The numbers count the large arrays of an engine at the moment when most of them exist: while networks are
sampled, while runs are recorded (the recorded rows, and all of them stacked), or while a result is written.
"""

from dataclasses import replace

from teacherstudent.engines.observables import OBSERVABLES, row_sizes
from teacherstudent.engines.trajectory import record_times
from teacherstudent.spec.memo import once_per_spec
from teacherstudent.spec.model import Spec

NUMBER = 8  # bytes of a number in double precision
ROW = 1200  # bytes of the Python objects of a recorded row, without its numbers
COPIES = 2  # of the records while they are stacked or written
ROTATED = 7  # arrays as large as all teachers while rotated ones are sampled

Parts = dict[str, float]  # bytes by the key of the spec that is responsible for them


def record_memory(spec: Spec, quantities: str | None = None) -> float:
    """Return the bytes of the arrays that one run records; `quantities` replaces `record.quantities`."""
    if quantities not in (None, spec.record.quantities):
        spec = replace(spec, record=replace(spec.record, quantities=quantities))
    return _record_memory(spec)


@once_per_spec
def _record_memory(spec: Spec) -> float:
    row = sum(size * OBSERVABLES[name].itemsize(spec) for name, size in row_sizes(spec).items())
    return len(record_times(spec)) * row


def sampling_memory(spec: Spec) -> float:
    """Return the peak memory, in bytes, of the sampling of weights of N inputs."""
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
    """Return the parts of an estimate with some bytes added at a key.

    Parameters
    ----------
    parts : dict of str to float
        Bytes by key of the spec.
    key : str
        The key of the spec that is responsible for the bytes.
    size : float
        The number of bytes to add.

    Returns
    -------
    dict of str to float
        A new dictionary.
    """
    return parts | {key: parts.get(key, 0.0) + size}


def itemsize(spec: Spec) -> int:
    """Return the number of bytes of a weight of engine `network`."""
    return 4 if spec.numerics.precision == "float32" else NUMBER
