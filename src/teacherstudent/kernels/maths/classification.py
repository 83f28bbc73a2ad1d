"""Classification errors and mean losses on labels that are signs, from order parameters.

Sums over nodes (`class_sums`) for erf students, closed forms where there are some. Students are odd
functions of the inputs, as labels are, so that means over labels +1 are half of the means over all labels.
"""

import math

import numpy as np

from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.kernels.maths.class_sums import mean_below_margin, mean_of_smooth
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.maths.growing import EXACTLY, sums_of_readouts
from teacherstudent.kernels.maths.sums import LOGISTIC, PRODUCT, fields_of
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes

# Largest power (kappa - phi)^n of each loss that is zero above a margin.
POWERS = {"hinge": 1, "squared_hinge": 2}
WEIGHTS = {"hinge": 1.0, "squared_hinge": 0.5}


def classification_error(student, teacher: TeacherAxes, Q, R, h, tolerance: float) -> float:
    """Return the probability that the signs of student and teacher differ; an output of 0 has the label -1.

    Parameters
    ----------
    student : int
        Activation code: erf or linear with any number of units, relu with two units at most and a teacher
        whose label depends on one field.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    Q : (K, K) array
        Overlaps of the student units.
    R : (K, M) array
        Overlaps with the units of the teacher.
    h : (K,) array
        Readouts of the student.
    tolerance : float
        Error of the sums.

    Returns
    -------
    float
        arccos(R / sqrt(Q T)) / pi for one unit each; NaN where there is no sum (`mean_below_margin`).
    """
    Q, R, h = merged(student, Q, R, h)
    if not len(h):
        return 0.5
    fields = fields_of(teacher, Q, R)
    if student == RELU:
        return _error_of_relu(Q, R @ teacher.inverse[-1], h)
    if len(h) == 1 and not len(teacher.slopes):
        return _angle(h, fields) / math.pi
    return 2.0 * mean_below_margin(0, 0.0, student, teacher, fields, h, tolerance)


def mean_loss(loss: str, margin: float, student, teacher: TeacherAxes, Q, R, h, tolerance: float) -> float:
    """Return the mean of a loss on the labels of a teacher.

    Parameters
    ----------
    loss : str
        squared, logistic, hinge, squared_hinge or hebbian.
    margin : float
        Margin of the hinge losses.
    student : int
        Activation code; relu for squared and hebbian only.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    Q, R, h, tolerance
        As in `classification_error`.

    Returns
    -------
    float
    """
    if loss in ("squared", "hebbian"):
        product = sum(h[k] * _mean_product(student, teacher, Q[k, k], R[k], tolerance) for k in range(len(h)))
        return _half_square(student, Q, h) + 0.5 - product if loss == "squared" else -product
    Q, R, h = merged(student, Q, R, h)
    if not len(h):
        return math.log(2.0) if loss == "logistic" else WEIGHTS[loss] * margin ** POWERS[loss]
    fields = fields_of(teacher, Q, R)
    if loss == "logistic":
        return mean_of_smooth(LOGISTIC, student, teacher, fields, h, tolerance)
    if student == LINEAR and margin == 0.0 and not len(teacher.slopes):
        return _loss_of_one_unit(loss, h[0], _angle(h, fields))
    return (
        2.0 * WEIGHTS[loss] * mean_below_margin(POWERS[loss], margin, student, teacher, fields, h, tolerance)
    )


def _angle(h: np.ndarray, fields) -> float:
    """Return the angle between the output of one unit and a label of one field."""
    return math.acos(min(max(math.copysign(1.0, h[0]) * fields.c[0], -1.0), 1.0))


def _loss_of_one_unit(loss: str, length: float, angle: float) -> float:
    """Return the mean loss without margin of an output of a standard deviation, at an angle to the label."""
    if loss == "hinge":
        return length * (1.0 - math.cos(angle)) / math.sqrt(2.0 * math.pi)
    return length**2 * (angle - math.sin(angle) * math.cos(angle)) / (2.0 * math.pi)


def _half_square(student: int, Q: np.ndarray, h: np.ndarray) -> float:
    """Return 1/2 <phi^2>."""
    nothing = np.zeros((len(h), 1)), np.ones((1, 1))
    return generalisation_error(student, LINEAR, Q, *nothing, h, np.zeros(1))


def merged(student: int, Q, R, h) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the units of a student that matter: a linear one is one unit, and equal units are one.

    Parameters
    ----------
    student : int
        Activation code.
    Q, R, h : (K, K), (K, M) and (K,) arrays
        Order parameters.

    Returns
    -------
    tuple of arrays
        Of the same form, with fewer units; none if the output is 0 everywhere.
    """
    Q, R, h = (np.asarray(part, dtype=float) for part in (Q, R, h))
    if student == LINEAR:
        length = np.sqrt(h @ Q @ h)  # a unit of length 1, however long or short the student is
        Q, R, h = np.ones((1, 1)), (h @ R)[None] / (length or 1.0), np.array([length])
    given = map(np.ascontiguousarray, (Q, np.diag(Q), h))
    sums = sums_of_readouts(*given, student != RELU, EXACTLY)
    first = np.flatnonzero((sums != 0.0) & (np.diag(Q) > 0.0))
    return np.ascontiguousarray(Q[np.ix_(first, first)]), np.ascontiguousarray(R[first]), sums[first]


def _mean_product(student: int, teacher: TeacherAxes, Q: float, R: np.ndarray, tolerance: float) -> float:
    """Return <g(lambda) y> of one unit; only the odd part x/2 of a relu contributes."""
    if Q <= 0.0:
        return 0.0
    A = R @ teacher.inverse.T
    if not len(teacher.slopes):
        if student == ERF:
            return 2.0 / math.pi * math.asin(A[0] / math.sqrt(1.0 + Q))
        return math.sqrt(2.0 / math.pi) * A[0] * (0.5 if student == RELU else 1.0)
    factor, code = (0.5, LINEAR) if student == RELU else (1.0, student)
    fields = fields_of(teacher, np.array([[Q]]), R[None])
    return factor * mean_of_smooth(PRODUCT, code, teacher, fields, np.ones(1), tolerance)


def _error_of_relu(Q: np.ndarray, a: np.ndarray, h: np.ndarray) -> float:
    """Return the classification error of one or two relu units, a their covariances (K,) with the label's."""
    if (h < 0.0).all():
        return 0.5
    if len(h) == 1:
        return math.acos(min(max(a[0] / math.sqrt(Q[0, 0]), -1.0), 1.0)) / math.pi
    if (h > 0.0).all():  # phi = 0 where both fields are negative
        return 0.5 - _orthant(Q, -a, -1.0) + _orthant(Q, -a, 1.0)
    # phi > 0 where the field with h > 0 and h lambda are positive
    mix = np.array([[1.0, 0.0] if h[0] > 0.0 else [0.0, 1.0], h])
    return 0.5 - _orthant(mix @ Q @ mix.T, mix @ a, 1.0) + _orthant(mix @ Q @ mix.T, mix @ a, -1.0)


def _orthant(Q: np.ndarray, a: np.ndarray, sign: float) -> float:
    """Return the probability that two fields and sign u are positive: 1/8 + (sum of three asin) / (4 pi)."""
    root = np.sqrt(np.diag(Q))
    pairs = Q[0, 1] / (root[0] * root[1]), sign * a[0] / root[0], sign * a[1] / root[1]
    return 0.125 + sum(math.asin(min(max(r, -1.0), 1.0)) for r in pairs) / (4.0 * math.pi)
