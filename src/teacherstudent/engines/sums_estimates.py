"""Estimated time of errors that are sums over nodes or points; no compiled code."""

from teacherstudent.engines.label_sums import has_label_sums, label_fields
from teacherstudent.spec.model import Spec

# Activations whose means of products have closed forms.
CLOSED = {"erf", "relu", "linear"}
# Seconds of a mean of a product by sums, and of one unit at a point of a cluster, of which there are so many.
PAIR_SUM, POINT, POINTS = 1e-4, 5e-9, 16_384
# Seconds of the errors on labels that are signs, by number of fields; of relu units, in closed form.
# With four fields they take 1e-3 at small overlaps, and 2e-2 at large ones.
SIGNS, RELU_SIGNS = {2: 2e-4, 3: 4e-4, 4: 4e-3}, 5e-5
# The same where they are means over sampled fields, and in addition for each unit, by its activation.
SAMPLED, CLOSED_UNIT, UNIT = 0.4e-3, {"relu": 0.8e-4, "linear": 0.8e-4}, 1.6e-4
# Seconds of a comparison with a threshold by fewer samples, and in addition for each unit.
LOOK, LOOK_UNIT = 4e-5, 1e-5


def measured_by_sums(spec: Spec, rows: float, looks: float = 0.0) -> tuple[float, ...]:
    """Return the seconds of errors that are sums, as the terms of a sum.

    Parameters
    ----------
    spec : Spec
        Spec of the runs.
    rows : float
        Number of recorded times of all runs.
    looks : float
        Number of comparisons with a threshold, of the error on one task each.

    Returns
    -------
    tuple of float
        Nothing for errors in closed form.
    """
    K, P, M = spec.student.hidden, spec.teachers.count, spec.teachers.hidden
    if spec.inputs.clusters is not None:
        units = 1 if spec.student.activation == "linear" else K
        return (POINT * rows * POINTS * (units + 2 * P) * len(spec.inputs.clusters.std),)
    if spec.teachers.labels == "sign" and not spec.has_rewards and not spec.is_deep:
        return rows * P * _label_seconds(spec), looks * (LOOK + LOOK_UNIT * (K + M))
    other = not {spec.student.activation, spec.teachers.activation} <= CLOSED
    if other and not spec.has_classes and spec.inputs.dataset is None:
        return (PAIR_SUM * (rows * P + looks) * ((K * K + M * M) / 2 + K * M),)
    return ()


def _label_seconds(spec: Spec) -> float:
    """Return the seconds of the errors on one task with labels that are signs, in a record."""
    student, teachers = spec.student, spec.teachers
    is_axis = teachers.activation == "linear" or teachers.hidden == 1
    unit = 1 if is_axis else teachers.hidden if teachers.activation == "erf" else None
    if all(has_label_sums(spec, unit)):
        return RELU_SIGNS if student.activation == "relu" else SIGNS[label_fields(spec, unit)]
    units = (student.activation, student.hidden), (teachers.activation, teachers.hidden)
    return SAMPLED + sum(CLOSED_UNIT.get(name, UNIT) * count for name, count in units)
