"""Coordinates of the fields of a teacher whose labels are signs: one of them decides the label.

For units g that are odd and grow, a teacher with readouts v and covariance T = L L' of its fields has the
label +1 where sum_m v_m g(rho_m) > 0. With e = L^-1 sign(v), normalised, and an orthogonal matrix O whose
last column is e, rho = L O (z, u) with independent standard normal (z, u). Along u every term grows, so that
the label is +1 where u > b(z), with one smooth root b for each z.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry
from teacherstudent.kernels.maths.activations import LINEAR, activate

NEWTON_STEPS = 60  # at most; each either is a step of Newton's method or halves the bracket
SINGULAR = 1e-10  # smallest pivot of T, relative to the largest variance, of a teacher with a sum over z


class TeacherAxes(NamedTuple):
    """Coordinates (z, u) of the fields of a teacher with M units; d of them are z."""

    code: int  # activation code
    v: np.ndarray  # (M,) readouts
    inverse: np.ndarray  # (d + 1, M): (z, u) = inverse rho
    axes: np.ndarray  # (M, d + 1): rho = axes (z, u); empty where there is no z
    slopes: np.ndarray  # (d,) largest |db / dz_j| near the origin
    noise: float  # variance of noise that is added to the field of a single unit


def teacher_axes(code: int, T: np.ndarray, v: np.ndarray, noise: float = 0.0) -> TeacherAxes:
    """Return the coordinates of the fields of a teacher.

    A linear teacher is one unit with the field sum_m v_m rho_m, and has no z.

    Parameters
    ----------
    code : int
        Activation code; of units that are odd and grow, or of one relu unit.
    T : (M, M) array
        Covariance of the fields.
    v : (M,) array
        Readouts; one of them at least is not 0.
    noise : float
        Variance of noise that a linear teacher adds to its output before the sign.

    Returns
    -------
    TeacherAxes

    Raises
    ------
    numpy.linalg.LinAlgError
        If the fields of several units depend on each other.
    """
    v = np.asarray(v, dtype=float)
    if code == LINEAR or len(v) == 1:
        along = v if code == LINEAR else np.sign(v)
        inverse = along[None] / math.sqrt(along @ T @ along + noise)
        return TeacherAxes(code, v, inverse, np.zeros((len(v), 0)), np.zeros(0), noise)
    used = np.flatnonzero(v)
    if len(used) < len(v):  # units without influence on the label
        found = teacher_axes(code, np.ascontiguousarray(T[np.ix_(used, used)]), v[used], noise)
        inverse = np.zeros((len(found.inverse), len(v)))
        inverse[:, used] = found.inverse
        return found._replace(inverse=inverse)
    L = np.linalg.cholesky(T)
    if np.diag(L).min() ** 2 < SINGULAR * np.diag(T).max():
        raise np.linalg.LinAlgError
    e = np.linalg.solve(L, np.sign(v))
    axes = L @ with_last_column(e / np.linalg.norm(e))
    found = TeacherAxes(code, v, np.linalg.inv(axes), axes, np.zeros(len(v) - 1), noise)
    return found._replace(slopes=_largest_slopes(found))


def with_last_column(e: np.ndarray) -> np.ndarray:
    """Return an orthogonal matrix whose last column is a unit vector (n,)."""
    n = len(e)
    last = np.zeros(n)
    last[-1] = -1.0 if e[-1] > 0.0 else 1.0
    mirror = e - last
    found = np.eye(n) - 2.0 * np.outer(mirror, mirror) / (mirror @ mirror)
    found[:, -1] = e
    return found


def roots(teacher: TeacherAxes, z: np.ndarray) -> np.ndarray:
    """Return the root b(z) at points z.

    Parameters
    ----------
    teacher : TeacherAxes
        Coordinates of the fields.
    z : (d, n) array
        Points.

    Returns
    -------
    (n,) array
        0 where there is no z.
    """
    if not len(z):
        return np.zeros(z.shape[1])
    different, where = z, slice(None)
    if len(z) <= 2:  # points of grids, which are the same for many other numbers
        keys, where = np.unique(z[0] if len(z) == 1 else z[0] + 1j * z[1], return_inverse=True)
        different = np.array([keys.real, keys.imag][: len(z)])
    b = np.zeros(different.shape[1])
    v = np.ascontiguousarray(teacher.v[teacher.v != 0.0])
    _find_roots(teacher.code, v, teacher.axes, np.ascontiguousarray(different), b)
    return b[where]


@entry
def _find_roots(code, v, axes, z, b):
    """Write the roots of sum_m v_m g(rho_m) along u to b (n,), by Newton's method with brackets."""
    M, d = len(v), len(z)
    base, fields, value, slope = np.empty(M), np.empty(M), np.empty(M), np.empty(M)
    for node in range(len(b)):
        widest = 0.0
        for m in range(M):
            base[m] = 0.0
            for j in range(d):
                base[m] += axes[m, j] * z[j, node]
            widest = max(widest, abs(base[m] / axes[m, d]))
        low, high, u = -widest, widest, 0.0
        for _ in range(NEWTON_STEPS):
            for m in range(M):
                fields[m] = base[m] + axes[m, d] * u
            activate(code, fields, value, slope)
            total, change = 0.0, 0.0
            for m in range(M):
                total += v[m] * value[m]
                change += v[m] * slope[m] * axes[m, d]
            if total > 0.0:
                high = u
            else:
                low = u
            before = u
            u -= total / change
            if not low < u < high:
                u = 0.5 * (low + high)
            if abs(u - before) < 1e-15 * max(1.0, abs(u)):
                break
        b[node] = u


def _largest_slopes(teacher: TeacherAxes) -> np.ndarray:
    """Return the largest |db / dz_j| (d,) of points with |z| < 6."""
    d, step = teacher.axes.shape[1] - 1, 1e-4
    lines = [np.linspace(-6.0, 6.0, 25 if d == 1 else 13)] * d
    points = np.array(np.meshgrid(*lines)).reshape(d, -1)
    slopes = np.zeros(d)
    for j in range(d):
        change = np.zeros((d, 1))
        change[j] = step
        slopes[j] = np.abs(roots(teacher, points + change) - roots(teacher, points - change)).max() / (
            2 * step
        )
    return slopes
