"""Sums over nodes for means over labels that are signs.

Means of smooth functions are sums over balls of nodes; those of functions that are zero above a margin are
sums over lines, each up to where the output crosses the margin.
"""

from collections.abc import Callable

import numpy as np

from teacherstudent.kernels.maths.activations import LINEAR
from teacherstudent.kernels.maths.class_steps import (
    gauss_legendre,
    growing_axes,
    line_steps,
    points_of_lines,
    sharpest_axes,
    smooth_steps,
    turned,
)
from teacherstudent.kernels.maths.nodes import ball, number_of_nodes, reach_of
from teacherstudent.kernels.maths.sums import LOGISTIC, Fields, crossings, mean_below, smooth_mean
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes, roots

# A sum over more nodes is replaced by a coarser one, with at most this tolerance if possible.
MOST, COARSEST = 200_000, 1e-3
FEW = 20_000  # nodes where no step is small enough
WIDEST = 1.5  # the largest step that a coarser sum needs: sums over a normal density are then correct to 3e-4
# Points on a line: at most so many in errors.
MOST_POINTS = 500


def mean_of_smooth(
    kind: int, student: int, teacher: TeacherAxes, fields: Fields, h, tolerance: float
) -> float:
    """Return the mean of a smooth function of output and label.

    Parameters
    ----------
    kind : int
        LOGISTIC or PRODUCT, see `sums`.
    student : int
        Activation code, erf or linear.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    fields : Fields
        Fields of the student.
    h : (K,) array
        Readouts.
    tolerance : float
        Error of the sum.

    Returns
    -------
    float
    """
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
    return _coarser(steps, tolerance)


def _coarser(steps: np.ndarray, tolerance: float) -> np.ndarray:
    """Return larger steps that need MOST nodes: all by one factor, if none of them exceeds WIDEST.

    Where the label is a function of the fields of the student, one step would have to be nearly 0. With one
    factor for all, the others would be so large that no node is left: then this step gives FEW nodes.
    """
    larger = (number_of_nodes(steps, tolerance) / MOST) ** (1.0 / len(steps)) * steps
    widest = np.maximum(steps, WIDEST)
    if (larger > widest).any():
        larger = np.minimum(larger, widest)
        larger[np.argmin(larger)] *= max(number_of_nodes(larger, tolerance) / FEW, 1.0)
    return larger


def mean_below_margin(
    power: int, kappa: float, student: int, teacher: TeacherAxes, fields: Fields, h, tolerance: float
) -> float:
    """Return the mean of (kappa - phi)^power where phi < kappa and the label is +1.

    Parameters
    ----------
    power : int
        0, 1 or 2.
    kappa : float
        Margin.
    student : int
        Activation code, erf or linear.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    fields : Fields
        Fields of the student.
    h : (K,) array
        Readouts.
    tolerance : float
        Error of the sum.

    Returns
    -------
    float
    """
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
