"""Estimated time and memory of students with several hidden layers; no compiled code.

The number of nodes depends on the overlaps, so that times of sums over nodes are correct within a factor of
about four.
"""

from teacherstudent.engines.memory import NUMBER
from teacherstudent.spec.model import Spec

# Nodes for two fields at a tolerance of 1e-7, and their factor for each further one: with weights of order 1,
# and along trajectories from small ones.
NODES, FURTHER_FIELD, FURTHER_ON_AVERAGE = 90.0, 20.0, 3.0
MOST_FIELDS = 4  # of recorded errors by sums over nodes (`deep_errors`)
# Sampled fields of other errors, at most and at least, and the multiply-adds that they may take.
SAMPLES, FEWEST_SAMPLES, WORK = 20_000, 1000, 200_000_000
# Seconds of a unit and of a weight of a layer at a node or a sample, and evaluations of equations in a phase.
UNIT, WEIGHT, EVALUATIONS = 12e-9, 0.7e-9, 2500


def fields(spec: Spec) -> int:
    """Return the number of fields of student and active teacher."""
    return spec.student.hidden + spec.teachers.hidden


def nodes(spec: Spec) -> float:
    """Estimate the number of nodes of a sum over the fields."""
    return NODES * FURTHER_FIELD ** max(0, fields(spec) - 2)


def samples(spec: Spec) -> int:
    """Return the number of sampled fields of an error."""
    K, layers = spec.student.hidden, spec.student.depth
    return int(min(SAMPLES, max(FEWEST_SAMPLES, WORK / (layers * K * K + fields(spec) ** 2))))


def error_seconds(spec: Spec, rows: float) -> float:
    """Estimate the seconds to measure errors on all teachers, at some times."""
    if not spec.is_deep or spec.student.activation == "linear":
        return 0.0
    points = min(nodes(spec), SAMPLES) if fields(spec) <= MOST_FIELDS else samples(spec)
    return rows * spec.teachers.count * points * _forward(spec)


def equation_seconds(spec: Spec, runs: int) -> float:
    """Estimate the seconds of the equations of all runs, beyond those of two layers."""
    if not spec.is_deep or spec.student.activation == "linear":
        return 0.0
    phases = 1 + len(spec.curriculum.switch_times or ())
    average = NODES * FURTHER_ON_AVERAGE ** max(0, fields(spec) - 2)
    return runs * phases * EVALUATIONS * average * _forward(spec)


def node_bytes(spec: Spec) -> float:
    """Estimate the bytes of the nodes in the equations."""
    if not spec.is_deep or spec.student.activation == "linear":
        return 0.0
    return NUMBER * nodes(spec) * (1 + fields(spec))


def _forward(spec: Spec) -> float:
    """Return the seconds of all layers at a node."""
    K, layers = spec.student.hidden, spec.student.depth
    return UNIT * layers * K + WEIGHT * (layers - 1) * K * K
