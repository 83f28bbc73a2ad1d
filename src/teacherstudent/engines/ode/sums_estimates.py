"""Estimated time and memory of engine `ode` where means are sums over nodes; no compiled code.

The number of nodes grows with the overlaps, so that times are correct within a factor of about four.
"""

from teacherstudent.engines.memory import NUMBER
from teacherstudent.engines.ode.sums_checks import MOST_FIELDS, has_sums, number_of_fields
from teacherstudent.engines.sums_estimates import measured_by_sums
from teacherstudent.engines.trajectory import record_times
from teacherstudent.spec.model import Spec

# Nodes at a tolerance of 1e-7 and overlaps of a few, by number of fields; and with a margin.
SMOOTH, MARGIN = {2: 100.0, 3: 900.0, 4: 10_000.0}, {2: 2000.0, 3: 4000.0, 4: 40_000.0}
# Nodes of units without closed forms, by number of units of student and teacher: at most, and on average.
UNITS, UNITS_ON_AVERAGE = {2: 500.0, 3: 8000.0, 4: 150_000.0}, {2: 60.0, 3: 400.0, 4: 15_000.0}
SIGMOID = 0.3  # factor of the largest average for sigmoid units, which change more slowly with their fields
NODE = 12e-9  # seconds of a node
# Right-hand sides of a phase, and of a unit of time up to t = 1000; later steps are longer.
EVALUATIONS, PER_TIME = 300, 7.0
CHOICES = 0.002  # seconds of the choices of nodes in a phase


def sums_seconds(spec: Spec, runs: int) -> tuple[float, ...]:
    """Estimate the seconds of the equations and of the records of all runs; nothing without sums."""
    if not has_sums(spec):
        return ()
    fields = min(max(number_of_fields(spec), 2), MOST_FIELDS)
    phases = 1 + len(spec.curriculum.switch_times or ())
    evaluations = EVALUATIONS * phases + PER_TIME * min(spec.duration, 1000.0)
    signs = spec.teachers.labels == "sign"
    count = _nodes(spec, fields) if signs else _nodes_on_average(spec, fields)
    equations = CHOICES * phases + evaluations * count * NODE
    rows = runs * len(record_times(spec))
    return runs * equations, *measured_by_sums(spec, rows)


def sums_bytes(spec: Spec) -> float:
    """Estimate the bytes of the nodes."""
    if not has_sums(spec):
        return 0.0
    fields = min(max(number_of_fields(spec), 2), MOST_FIELDS)
    return 4.0 * NUMBER * (fields + 2) * _nodes(spec, fields)


def _nodes_on_average(spec: Spec, fields: int) -> float:
    """Estimate the mean number of nodes of a sum for units without closed forms."""
    slow = fields == MOST_FIELDS and spec.student.activation == "sigmoid"
    return UNITS_ON_AVERAGE[fields] * (SIGMOID if slow else 1.0)


def _nodes(spec: Spec, fields: int) -> float:
    """Estimate the number of nodes of a sum, at most."""
    if spec.teachers.labels != "sign":
        return UNITS[fields]
    return (MARGIN if spec.training.margin is not None else SMOOTH)[fields]
