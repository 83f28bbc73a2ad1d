"""Teachers that move: random drift, and rotation in fixed planes.

After each step a drifting unit B becomes (1 - delta / N) B + sqrt(1 - (1 - delta / N)^2) |B| xi / sqrt N with
a normal xi, and is rescaled to its length |B|. So it leaves the frame: xi has normal coordinates along all
axes, and a remainder along one further axis for each drifting unit, whose square is chi-square distributed.
Then the axes are rotated until the rows of teachers, anchors and students are lower triangular again, which
clears the further axes.
Drift: M. Straat et al., Entropy 20 (2018) 775.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.columns import (
    add_product,
    clear,
    copy,
    fill_normal_rows,
    multiply,
    rescale,
    sum_products,
)
from teacherstudent.kernels.chain.frames import rotate_to_triangle
from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.chi_square import chi
from teacherstudent.kernels.maths.special import fma

# Streams of the random numbers of the unit d that drifts: STREAMS d + stream.
NORMALS, RETRY, STREAMS = 0, 1, 2


class Motion(NamedTuple):
    """Motion of the teachers of all chains."""

    base: np.ndarray  # (P M, s, C) coordinates without the rotation, / sqrt N
    drifting: np.ndarray  # (D,) int64, rows that drift, increasing
    keep: np.ndarray  # (D, C) 1 - delta / N of each of them
    spread: np.ndarray  # (D, C) sqrt(1 - keep^2) / sqrt N
    rows: np.ndarray  # (F, r + p + D, C) work space: teachers, anchors and students, axes of A first
    noise: np.ndarray  # (n, C) work space: coordinates of xi
    length: np.ndarray  # (2, C) work space: lengths before and after
    key0: np.ndarray  # (C,) uint64, first word of the key of the noise
    key1: np.ndarray  # (C,) uint64, second word
    turning: np.ndarray  # (2,) int64, first rows of the teacher that turns and of the other one
    plane: (
        np.ndarray
    )  # (2, M, C) overlap of the other unit with the turning one / T, and length / its remainder
    turn: np.ndarray  # (3, C) angle of a step, first step, and number of steps of the rotation, not rounded


@by_column
def drift(shape, motion, c, S, buffers, step):
    """Let teachers drift after a step.

    Parameters
    ----------
    shape : Shape
        Sizes.
    motion : Motion
        Motion of the teachers; `base` is changed in place.
    c : array (K, r, C)
        Coordinates of the anchors, changed in place with the frame; K = 0 without anchors.
    S : array (K, p + r + q, C)
        Coordinates of the students, changed in place with the frame.
    buffers : Buffers
        Work space.
    step : int
        Number of the step.
    """
    if shape.p > 0:
        _stack(shape, motion.base, c, S, motion.rows)
    for d in range(len(motion.drifting)):
        row, axes = motion.drifting[d], shape.r + (shape.p + d + 1 if shape.p > 0 else 0)
        _draw(shape, motion, buffers, d, axes, step)
        if shape.p > 0:
            _move(motion, motion.rows[row, :axes], d)
        else:
            _move(motion, motion.base[row], d)
    if shape.p > 0:
        first, last = motion.drifting[0], len(motion.rows)
        rotate_to_triangle(motion.rows, first, last, buffers.cosine, buffers.sine)
        _unstack(shape, motion.base, c, S, motion.rows)


@by_column
def _draw(shape, motion, buffers, d, axes, step):
    """Draw the coordinates of the noise of drifting unit d."""
    stream, noise = STREAMS * d, motion.noise
    count = axes + (1 if shape.p > 0 else 0)
    fill_normal_rows(noise, count, buffers.bits, motion.key0, motion.key1, step, stream + NORMALS)
    if shape.p > 0:
        dof = shape.N - shape.p - shape.r - d
        chi(noise[axes - 1], noise[axes], dof, motion.key0, motion.key1, step, stream + RETRY)


@by_column
def _move(motion, row, d):
    """Move a row (n, C) by the noise of drifting unit d, and rescale it to its length."""
    sum_products(motion.length[0], row, row)
    for i in range(len(row)):
        _add_noise(row[i], motion.keep[d], motion.spread[d], motion.length[0], motion.noise[i])
    sum_products(motion.length[1], row, row)
    _divide_roots(motion.length[0], motion.length[1])
    for i in range(len(row)):
        rescale(row[i], motion.length[0])


@by_column
def _add_noise(row, keep, spread, square, noise):
    """Compute row = keep row + spread sqrt(square) noise, all (C,)."""
    for c in range(len(row)):
        row[c] = fma(spread[c] * math.sqrt(square[c]), noise[c], keep[c] * row[c])


@by_column
def _divide_roots(square, other):
    """Compute square = sqrt(square / other), or 1 where the other one is 0."""
    for c in range(len(square)):
        square[c] = math.sqrt(square[c] / other[c]) if other[c] > 0.0 else 1.0


@by_column
def _stack(shape, base, c, S, rows):
    """Copy the rows of teachers, anchors and students, and clear their further coordinates."""
    PM, p, r, first = len(base), shape.p, shape.r, len(rows) - len(S)
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            clear(rows[i, j])
    for i in range(PM):
        _copy(rows[i], base[i])
    for k in range(len(c)):
        _copy(rows[PM + k], c[k])
    for k in range(len(S)):
        _copy(rows[first + k, :r], S[k, p:])
        _copy(rows[first + k, r : r + p], S[k])


@by_column
def _unstack(shape, base, c, S, rows):
    """Copy the rows back."""
    PM, p, r, first = len(base), shape.p, shape.r, len(rows) - len(S)
    for i in range(PM):
        _copy(base[i], rows[i])
    for k in range(len(c)):
        _copy(c[k], rows[PM + k])
    for k in range(len(S)):
        _copy(S[k, p : p + r], rows[first + k])
        _copy(S[k, :p], rows[first + k, r:])


@by_column
def _copy(out, rows):
    """Copy the first rows (n, C) to out (m, C), as many as both have."""
    for i in range(min(len(out), len(rows))):
        copy(out[i], rows[i])


@entry
def place_teachers(motion, B, step):
    """Compute the coordinates of the teachers at a step from those without the rotation.

    A unit u turns to cos(a) u + sin(a) e with the component e of the other unit that is orthogonal to u, of
    the length of u; a follows from the number of the step.

    Parameters
    ----------
    motion : Motion
        Motion of the teachers.
    B : array (P M, s, C)
        Receives the coordinates, / sqrt N.
    step : int
        Number of the step before which the teachers are there.
    """
    M, (row, other) = motion.plane.shape[1], motion.turning
    for i in range(len(B)):
        _copy(B[i], motion.base[i])
    for m in range(M):
        along, across = motion.length
        _combination(along, across, motion.turn, motion.plane[:, m], step)
        for i in range(B.shape[1]):
            multiply(B[row + m, i], along, motion.base[row + m, i])
            add_product(B[row + m, i], across, motion.base[other + m, i])


@by_column
def _combination(along, across, turn, plane, step):
    """Compute the coefficients of the turning and the other unit at a step, all (C,)."""
    for c in range(len(along)):
        steps = min(max(step - turn[1, c], 0.0), turn[2, c])
        sine = math.sin(turn[0, c] * steps) * plane[1, c]
        along[c] = math.cos(turn[0, c] * steps) - sine * plane[0, c]
        across[c] = sine
