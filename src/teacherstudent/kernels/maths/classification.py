"""Classification errors and mean losses on labels that are signs, from order parameters.

Sums over nodes (`nodes`, `sums`) for erf students, closed forms where there are some. Students are odd
functions of the inputs, as labels are, so that means over labels +1 are half of the means over all labels.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.maths.nodes import ball, logarithm, number_of_nodes, reach_of, steps_for
from teacherstudent.kernels.maths.sums import (
    LOGISTIC,
    PRODUCT,
    Fields,
    crossings,
    fields_of,
    mean_below,
    smooth_mean,
)
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes, roots, with_last_column

# Steps along z are at most this number divided by ln(1 / tolerance): branch points of the root b(z).
FINEST_Z = 9.0
# Growth of the fields relative to that along a line, above which the slope of a crossing does not matter.
STEEPEST = 6.0
# Variance of a field given the earlier ones, relative to its own, below which it depends on them.
DEPENDENT = 1e-12
# Largest power (kappa - phi)^n of each loss that is zero above a margin.
POWERS = {"hinge": 1, "squared_hinge": 2}
WEIGHTS = {"hinge": 1.0, "squared_hinge": 0.5}
# A sum over more nodes is replaced by a coarser one, with at most this tolerance if possible.
MOST, COARSEST = 200_000, 1e-3
# Points on a line: at most so many in errors, and a bound of numbers that cannot be represented.
MOST_POINTS, UNLIMITED = 500, 1e12


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
        arccos(R / sqrt(Q T)) / pi for one unit each.
    """
    Q, R, h = merged(student, Q, R, h)
    if not len(h):
        return 0.5
    fields = fields_of(teacher, Q, R)
    if student == RELU:
        return _error_of_relu(Q, R @ teacher.inverse[-1], h)
    if len(h) == 1 and not len(teacher.slopes):
        return _angle(h, fields) / math.pi
    return 2.0 * _mean_below(0, 0.0, student, teacher, fields, h, tolerance)


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
        return _smooth(LOGISTIC, student, teacher, fields, h, tolerance)
    if student == LINEAR and margin == 0.0 and not len(teacher.slopes):
        return _loss_of_one_unit(loss, h[0], _angle(h, fields))
    return 2.0 * WEIGHTS[loss] * _mean_below(POWERS[loss], margin, student, teacher, fields, h, tolerance)


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
    """Return the units of a student that matter: a linear student is one unit, and equal units are one.

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
    used = np.flatnonzero((h != 0.0) & (np.diag(Q) > 0.0))
    first = []
    h = h.copy()
    for k in used:
        for e in first:
            if Q[k, e] > 0.0 and abs(Q[e, e] - 2.0 * Q[k, e] + Q[k, k]) < 1e-13 * Q[e, e]:
                h[e] += h[k]
                break
        else:
            first.append(k)
    first = [k for k in first if h[k] != 0.0]
    return np.ascontiguousarray(Q[np.ix_(first, first)]), np.ascontiguousarray(R[first]), h[first]


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
    return factor * _smooth(PRODUCT, code, teacher, fields, np.ones(1), tolerance)


def _smooth(kind: int, student: int, teacher: TeacherAxes, fields: Fields, h, tolerance: float) -> float:
    """Return the mean of a smooth function of output and label."""
    fields = turned(fields, sharpest_axes(fields))
    P, F, c, s = fields
    W, c = np.concatenate([P, F], axis=1), np.concatenate([np.zeros(P.shape[1]), c])
    radius = tolerance if student != LINEAR else 0.01 * tolerance
    nodes = ball(
        _at_most(lambda eps: smooth_steps(student, teacher, fields, h, eps, kind == LOGISTIC), tolerance),
        radius,
        half=True,
    )
    b = roots(teacher, nodes.points[: P.shape[1]])
    return smooth_mean(kind, student, h, W, c, b, s, *nodes)


def _at_most(steps_of: Callable, tolerance: float) -> np.ndarray:
    """Return steps for a tolerance, or for a larger one if these need too many nodes."""
    for larger in (1.0, 10.0, 100.0, 1000.0, 1e4):
        steps = steps_of(min(larger * tolerance, COARSEST))
        count = number_of_nodes(steps, tolerance)
        if count <= MOST:
            return steps
    return steps * (count / MOST) ** (1.0 / len(steps))


def turned(fields: Fields, axes: np.ndarray) -> Fields:
    """Return the fields with other axes zeta, the columns of an orthogonal matrix (K, K)."""
    return Fields(fields.P, fields.F @ axes, axes.T @ fields.c, fields.s)


def sharpest_axes(fields: Fields) -> np.ndarray:
    """Return the eigenvectors (K, K) of 2 F^T F + c c^T / s^2: along one axis only the label is sharp."""
    return np.linalg.eigh(2.0 * fields.F.T @ fields.F + np.outer(fields.c, fields.c) / fields.s**2)[1]


def smooth_steps(
    student: int, teacher: TeacherAxes, fields: Fields, h: np.ndarray, tolerance: float, poles: bool
) -> np.ndarray:
    """Return the steps along z and zeta of a sum over a smooth function.

    Parameters
    ----------
    student : int
        Activation code.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    fields : Fields
        Fields of the student.
    h : (K,) array
        Readouts.
    tolerance : float
        Error of the sum.
    poles : bool
        Whether the function has the poles of 1 / (1 + exp(phi)).

    Returns
    -------
    (d + K,) array
    """
    P, F, c, s = fields
    lengths = np.abs(np.concatenate([P, F], axis=1)).max(axis=0)
    taus = np.concatenate([teacher.slopes, np.abs(c)]) / s
    growth = 2.0 * lengths**2 if student == ERF else 0.0
    steps = steps_for(1.0 + growth + taus**2, tolerance)
    steps[: len(teacher.slopes)] = np.minimum(steps[: len(teacher.slopes)], FINEST_Z / logarithm(tolerance))
    if poles:
        nearest = 2.0 * math.pi * nearest_pole(student, np.abs(h).sum()) / logarithm(tolerance)
        steps = np.minimum(steps, nearest / np.maximum(lengths, 1e-300))
    return steps


def nearest_pole(student: int, total: float) -> float:
    """Return y where the output i pi of the student is reached at fields i y, or later.

    Parameters
    ----------
    student : int
        Activation code, erf or linear.
    total : float
        Sum of the |h_k|.

    Returns
    -------
    float
        With total erfi(y / sqrt 2) = pi for erf units, total y = pi for linear ones.
    """
    if student == LINEAR or total == 0.0:
        return math.pi / total if total > 0.0 else math.inf
    low, high = 0.0, 40.0
    for _ in range(30):
        y = 0.5 * (low + high)
        low, high = (low, y) if total * _erfi(y / math.sqrt(2.0)) > math.pi else (y, high)
    return low


def _erfi(x: float) -> float:
    """Return 2 / sqrt(pi) times the integral of exp(t^2) from 0 to x, to some digits."""
    if x > 26.0:
        return math.inf
    nodes, weights = gauss_legendre(32)
    return x / math.sqrt(math.pi) * float(weights @ np.exp((0.5 * x * (1.0 + nodes)) ** 2))


@cache
def gauss_legendre(m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the Gauss-Legendre rule with m points on (-1, 1)."""
    return np.polynomial.legendre.leggauss(m)


def _mean_below(
    power: int, kappa: float, student: int, teacher: TeacherAxes, fields: Fields, h, tolerance: float
) -> float:
    """Return the mean of (kappa - phi)^power where phi < kappa and the label is +1."""
    fields = turned(fields, growing_axes(fields, np.sign(h)))
    P, F, c, s = fields
    steps = _at_most(lambda eps: line_steps(student, teacher, fields, eps), tolerance)
    lines = ball(steps, tolerance, half=False)
    d = P.shape[1]
    b = roots(teacher, lines.points[:d])
    t0 = (c[:-1] @ lines.points[d:] - b) / s
    W, f = np.concatenate([P, F[:, :-1]], axis=1), np.ascontiguousarray(F[:, -1])
    reach = reach_of(tolerance)
    line = kappa, student, h, W, f, lines.points, reach
    tops = crossings(*line)
    count = points_of_lines(student, fields, tolerance, tops, lines.weights)
    x, w = gauss_legendre(min(count, MOST_POINTS))
    return mean_below(power, *line, t0, c[-1] / s, lines.weights, tops, x, w)


def growing_axes(fields: Fields, signs: np.ndarray) -> np.ndarray:
    """Return axes (K, K) of zeta, along the last of which every field with the sign of its readout grows.

    Parameters
    ----------
    fields : Fields
        Fields of the student, with F lower triangular.
    signs : (K,) array
        Signs of the readouts; those of fields that depend on earlier ones are not used.

    Returns
    -------
    (K, K) array
        Along one of the other axes at most the label is sharp.
    """
    P, F, c, s = fields
    e = np.zeros(len(signs))
    for k in range(len(signs)):
        if F[k, k] ** 2 > DEPENDENT * (F[k] @ F[k] + P[k] @ P[k]):
            e[k] = (signs[k] - F[k, :k] @ e[:k]) / F[k, k]
    if not e.any():
        e[-1] = 1.0
    O = with_last_column(e / np.linalg.norm(e))
    others = O[:, :-1]
    sharp = 2.0 * F.T @ F + np.outer(c, c) / s**2
    O[:, :-1] = others @ np.linalg.eigh(others.T @ sharp @ others)[1]
    return O


def line_steps(student: int, teacher: TeacherAxes, fields: Fields, tolerance: float) -> np.ndarray:
    """Return the steps along all axes but the last one of a sum over lines.

    Parameters
    ----------
    student : int
        Activation code.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    fields : Fields
        Fields of the student, turned to `growing_axes`.
    tolerance : float
        Error of the sum.

    Returns
    -------
    (d + K - 1,) array
    """
    P, F, c, s = fields
    lengths = np.abs(np.concatenate([P, F[:, :-1]], axis=1)).max(axis=0)
    taus = np.concatenate([teacher.slopes, np.abs(c[:-1])]) / s
    steep = np.minimum(lengths / max(np.abs(F[:, -1]).min(), 1e-300), STEEPEST)
    growth = 2.0 * lengths**2 if student == ERF else 0.0
    steps = steps_for(1.0 + growth + taus**2 + steep**2, tolerance)
    d = len(teacher.slopes)
    steps[:d] = np.minimum(steps[:d], FINEST_Z / logarithm(tolerance))
    if student == ERF and fields.F.shape[0] > 1:  # branch points of the crossing, as for b(z)
        steps = np.minimum(steps, FINEST_Z / logarithm(tolerance) / np.maximum(lengths, 1e-300))
    return steps


def points_of_lines(
    student: int, fields: Fields, tolerance: float, tops: np.ndarray, weights: np.ndarray
) -> int:
    """Return the number of points on lines from -reach to `tops`.

    The dependence on width and growth of the integrand was fitted to integrals of typical functions.

    Parameters
    ----------
    student : int
        Activation code.
    fields : Fields
        Fields of the student, turned to `growing_axes`.
    tolerance : float
        Error of the sum.
    tops : (n,) array
        Ends of the lines.
    weights : (n,) array
        Weights of the lines.

    Returns
    -------
    int
    """
    length = np.abs(fields.F[:, -1]).max() if student == ERF else 0.0
    growth = 1.0 + 2.0 * length**2 + (fields.c[-1] / fields.s) ** 2
    reach = reach_of(tolerance)
    digits = np.maximum(logarithm(tolerance) + np.log(weights / weights.max()), 1.0)
    power = 0.375 + 0.125 * np.clip(tops / reach, 0.0, 1.0)
    return int(min(np.max(6.0 + 0.08 * digits * (tops + reach) * growth**power), UNLIMITED))


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
