"""Estimated time of errors that are sums over nodes or points; no compiled code."""

import math

from teacherstudent.engines.label_sums import has_label_sums, label_fields
from teacherstudent.spec.model import Spec

# Activations whose means of products have closed forms.
CLOSED = {"erf", "relu", "linear"}
# Seconds of a mean of a product of two units by sums, if one is a tanh unit, and of other ones.
TANH_SUM, PAIR_SUM = 7e-5, 4.5e-5
# Points of a cluster; seconds at a point for the errors on a task, and for each unit, by its activation.
POINTS, POINT, POINT_UNIT, POINT_OTHER = 16_384, 9e-9, {"sigmoid": 7e-9, "tanh": 13e-9}, 5e-9
# Seconds of the errors on labels that are signs, by number of fields; of relu units, in closed form.
# With four fields they take 1e-3 at small overlaps, and 2e-2 at large ones.
SIGNS, RELU_SIGNS = {2: 2e-4, 3: 4e-4, 4: 4e-3}, 5e-5
# The same where they are means over sampled fields, and in addition for each unit, by its activation.
SAMPLED, SAMPLED_UNIT, OTHER_UNIT = 0.4e-3, {"relu": 0.6e-4, "linear": 0.6e-4, "tanh": 2.5e-4}, 1.3e-4
# Seconds of a comparison with a threshold; and the share of the samples of an error that it has.
LOOK, LOOK_SHARE = 2.5e-5, 0.2


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
        return (rows * POINTS * len(spec.inputs.clusters.std) * _point_seconds(spec),)
    if spec.teachers.labels == "sign" and not spec.has_rewards and not spec.is_deep:
        return rows * P * _label_seconds(spec), looks * (LOOK + LOOK_SHARE * _units_seconds(spec))
    other = not {spec.student.activation, spec.teachers.activation} <= CLOSED
    if other and not spec.has_classes and spec.inputs.dataset is None:
        pair = TANH_SUM if "tanh" in (spec.student.activation, spec.teachers.activation) else PAIR_SUM
        return (pair * (rows * P + looks) * math.comb(K + M + 1, 2),)
    return ()


def _point_seconds(spec: Spec) -> float:
    """Return the seconds of the errors on all tasks at a point of a cluster."""
    K, activation = spec.student.hidden, spec.student.activation
    units = 1 if activation == "linear" else K  # the output of a linear student is one normal number
    return POINT * spec.teachers.count + POINT_UNIT.get(activation, POINT_OTHER) * units


def _label_seconds(spec: Spec) -> float:
    """Return the seconds of the errors on one task with labels that are signs, in a record."""
    student, teachers = spec.student, spec.teachers
    is_axis = teachers.activation == "linear" or teachers.hidden == 1
    unit = 1 if is_axis else teachers.hidden if teachers.activation == "erf" else None
    if all(has_label_sums(spec, unit)):
        return RELU_SIGNS if student.activation == "relu" else SIGNS[label_fields(spec, unit)]
    return SAMPLED + _units_seconds(spec)


def _units_seconds(spec: Spec) -> float:
    """Return the seconds of all units of the student and of a teacher on sampled fields."""
    layers = spec.student, spec.teachers
    return sum(SAMPLED_UNIT.get(layer.activation, OTHER_UNIT) * layer.hidden for layer in layers)
