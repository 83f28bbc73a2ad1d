"""Axes, steps and numbers of points of sums over nodes for means over labels that are signs."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.maths.activations import ERF, LINEAR
from teacherstudent.kernels.maths.growing import NEARLY, has_growing_output, sums_of_readouts
from teacherstudent.kernels.maths.nodes import logarithm, reach_of, steps_for
from teacherstudent.kernels.maths.sums import Fields
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes, with_last_column

# Steps along z are at most this number divided by ln(1 / tolerance): branch points of the root b(z).
FINEST_Z = 9.0
# Slope of a crossing from which on no number of nodes is enough.
STEEPEST = 1e12
# Variance of a field given the earlier ones, relative to its own, below which it depends on them.
DEPENDENT = 1e-12
SMALLEST_GROWTH = 1e-300  # of a field along a line
# Bound of numbers of points that cannot be represented.
UNLIMITED = 1e12


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


class Growth(NamedTuple):
    """Axes of sums over lines."""

    axes: np.ndarray  # (K, K) of zeta; along one of those before the last at most the label is sharp
    signs: np.ndarray  # (K,) of the terms of the output, which do not fall along the last axis; 0: not used


def growing_axes(fields: Fields, h: np.ndarray) -> Growth | None:
    """Return axes of zeta, along the last of which the output grows.

    Parameters
    ----------
    fields : Fields
        Fields of the student, with F lower triangular.
    h : (K,) array
        Readouts.

    Returns
    -------
    Growth or None
        None if fields depend on each other so that not all terms of the output grow.
    """
    P, F, c, s = fields
    W = np.concatenate([P, F], axis=1)
    sums = sums_of_readouts(W @ W.T, (F * F).sum(axis=1), h, True, NEARLY)
    signs = np.sign(sums)
    e = np.zeros(len(signs))
    for k in range(len(signs)):
        if signs[k] and F[k, k] ** 2 > DEPENDENT * (F[k] @ F[k] + P[k] @ P[k]):
            e[k] = (signs[k] - F[k, :k] @ e[:k]) / F[k, k]
    if not e.any():
        e[-1] = 1.0
    O = with_last_column(e / np.linalg.norm(e))
    others = O[:, :-1]
    sharp = 2.0 * F.T @ F + np.outer(c, c) / s**2
    O[:, :-1] = others @ np.linalg.eigh(others.T @ sharp @ others)[1]
    return Growth(O, signs) if has_growing_output(sums, F @ O) else None


def line_steps(
    student: int, teacher: TeacherAxes, fields: Fields, signs: np.ndarray, tolerance: float
) -> np.ndarray:
    """Return the steps along all axes but the last one of a sum over lines.

    Parameters
    ----------
    student : int
        Activation code.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    fields : Fields
        Fields of the student, turned to `growing_axes`.
    signs : (K,) array
        Signs of `growing_axes`.
    tolerance : float
        Error of the sum.

    Returns
    -------
    (d + K - 1,) array
    """
    P, F, c, s = fields
    sizes = np.abs(np.concatenate([P, F[:, :-1]], axis=1))
    lengths = sizes.max(axis=0)
    taus = np.concatenate([teacher.slopes, np.abs(c[:-1])]) / s
    # The slope of a crossing is a mean of those of the units.
    slopes = np.abs(signs[:, None]) * sizes / np.maximum(np.abs(F[:, -1:]), SMALLEST_GROWTH)
    steep = np.minimum(slopes.max(axis=0), STEEPEST)
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
