"""Sums over nodes for means over labels that are signs.

Means of smooth functions are sums over balls of nodes; those of functions that are zero above a margin are
sums over lines, each up to where the output crosses the margin.
"""

import math
from collections.abc import Callable
from itertools import pairwise

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
SMALLEST_RATE = 1e-100  # of the label along a line


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

    def steps_of(eps: float) -> np.ndarray:
        return smooth_steps(student, teacher, fields, h, eps, kind == LOGISTIC)

    steps = _finest(steps_of, tolerance)
    if steps is None:
        steps = _with_count(steps_of(COARSEST), tolerance, MOST)
    nodes = ball(steps, radius, half=True)
    b = roots(teacher, nodes.points[: P.shape[1]])
    return smooth_mean(kind, student, h, W, c, b, s, *nodes)


def _finest(steps_of: Callable, tolerance: float) -> np.ndarray | None:
    """Return steps for a tolerance, or for a larger one if these need too many nodes; None if all do."""
    for larger in (1.0, 10.0, 100.0, 1000.0, 1e4):
        steps = steps_of(min(larger * tolerance, COARSEST))
        if number_of_nodes(steps, tolerance) <= MOST:
            return steps
    return None


def _with_count(steps: np.ndarray, tolerance: float, count: int) -> np.ndarray:
    """Return steps of a number of nodes: all changed by one factor, if none of them exceeds WIDEST then.

    Where the label is a function of the fields of the student, one step would have to be nearly 0. With one
    factor for all, the others would be so large that no node is left: then this step gives FEW nodes.
    """
    larger = (number_of_nodes(steps, tolerance) / count) ** (1.0 / len(steps)) * steps
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
        NaN if there is no direction along which the output grows: fields depend on each other, as where a
        student has more units than inputs.
    """
    growth = growing_axes(fields, h)
    if growth is None:
        return math.nan
    fields = turned(fields, growth.axes)
    P, F, c, s = fields
    steps = _finest(lambda eps: line_steps(student, teacher, fields, growth.signs, eps), tolerance)
    is_sharp = steps is None
    if is_sharp:  # an integral along a line changes less than the label
        of_line = fields._replace(s=math.hypot(c[-1], s))
        steps = _with_count(line_steps(student, teacher, of_line, growth.signs, tolerance), tolerance, FEW)
    lines = ball(steps, tolerance, half=False)
    d = P.shape[1]
    b = roots(teacher, lines.points[:d])
    t0 = (c[:-1] @ lines.points[d:] - b) / s
    W, f = np.concatenate([P, F[:, :-1]], axis=1), np.ascontiguousarray(F[:, -1])
    line, reach = (kappa, student, h, W, f, lines.points), reach_of(tolerance)
    tops = crossings(*line, reach)
    lows, rate = np.full_like(tops, -reach), c[-1] / s
    ends = [lows, tops]
    if is_sharp:  # pieces before, where, and after the label changes
        middle, width = -t0 / (rate or SMALLEST_RATE), reach / max(abs(rate), SMALLEST_RATE)
        ends[1:1] = [np.clip(middle + side * width, lows, tops) for side in (-1.0, 1.0)]
        fields = fields._replace(s=max(abs(c[-1]), s))
    count = points_of_lines(student, fields, tolerance, tops, lines.weights)
    x, w = gauss_legendre(min(count, MOST_POINTS))
    pieces = [mean_below(power, *line, t0, rate, lines.weights, *piece, x, w) for piece in pairwise(ends)]
    return sum(pieces)
