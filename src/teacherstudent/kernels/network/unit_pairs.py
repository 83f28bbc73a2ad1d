"""Generalisation errors of wide networks of erf units, by sums over all pairs of units.

E[g(x) g(y)] = (2/pi) asin(a b) with the vectors a = w / sqrt(N + w w) of the units (Saad & Solla, Phys. Rev.
E 52 (1995) 4225, appendix). Products of these vectors, arcsines and sums are found in blocks of units that
stay in the cache; the matrices of the overlaps are never in memory. Pairs of units of the student are the
same for all of its heads.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import entry, inner, long_sum
from teacherstudent.kernels.maths.special import asin
from teacherstudent.kernels.network.input_rows import add_fields

BLOCK = 256  # the largest number of units in a block
LANES = 16  # a block has a multiple of these


def in_blocks(weights: np.ndarray) -> np.ndarray:
    """Return the vectors of units in blocks, padded by zeros.

    Parameters
    ----------
    weights : array (K, N)
        Weights of the units.

    Returns
    -------
    array (blocks, N, L)
        w / sqrt(N + w w) for each unit, by input.
    """
    K, N = weights.shape
    length = min(BLOCK, -(-K // LANES) * LANES)
    blocks = aligned_zeros((-(-K // length), N, length), np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
        norms = np.sqrt(N + np.einsum("kn,kn->k", weights, weights))
        for number, block in enumerate(blocks):
            part = slice(number * length, (number + 1) * length)
            own = weights[part] / norms[part, None]
            block[:, : len(own)] = own.T
    return blocks


@entry
def erf_errors(student, teachers, h, v):
    """Return the generalisation errors against every teacher, as `generalisation.generalisation_errors`.

    Parameters
    ----------
    student : array (blocks, N, L)
        Units of the student, from `in_blocks`.
    teachers : array (P, blocks, N, L)
        Units of the teachers.
    h : array (H, K)
        Readouts of the student, one row per teacher or a single shared one.
    v : array (P, M)
        Readouts of the teachers.

    Returns
    -------
    array (P,)
        Errors, at least 0.
    """
    _, N, length = student.shape
    work = np.empty(N), np.empty(max(length, teachers.shape[3]))
    own, errors = np.zeros(len(h)), np.zeros(len(v))
    _add_squares(student, h, own, work)
    for p in range(len(v)):
        head, square, product = p % len(h), np.zeros(1), np.zeros(1)
        _add_squares(teachers[p], v[p : p + 1], square, work)
        _add_products(student, h[head], teachers[p], v[p], product, work)
        eps = (own[head] + square[0] - 2.0 * product[0]) / math.pi
        errors[p] = max(eps, 0.0)
    return errors


@inner
def _add_squares(blocks, readouts, sums, work):
    """Add sum_ij c_i c_j asin(a_i a_j) to the sum of each row of readouts c; each pair is computed once."""
    count, _, length = blocks.shape
    a, angles, units = work[0], work[1][:length], readouts.shape[1]
    for block in range(count):
        start = block * length
        end = min(start + length, units)
        for i in range(end):
            _find_angles(blocks, i, blocks[block], a, angles)
            after = max(i + 1, start)
            for row in range(len(readouts)):
                c = readouts[row]
                total = 2.0 * _dot(c[after:end], angles[after - start : end - start])
                if i >= start:
                    total += c[i] * angles[i - start]
                sums[row] += c[i] * total


@inner
def _add_products(blocks, c, others, d, sums, work):
    """Add sum_ij c_i d_j asin(a_i b_j) to sums[0], for units a of `blocks` and b of `others`."""
    count, _, length = others.shape
    a, angles = work[0], work[1][:length]
    for block in range(count):
        start = block * length
        end = min(start + length, len(d))
        for i in range(len(c)):
            _find_angles(blocks, i, others[block], a, angles)
            sums[0] += c[i] * _dot(d[start:end], angles[: end - start])


@inner
def _find_angles(blocks, i, others, a, angles):
    """Compute asin(a_i b_j) for unit i of `blocks` and all units of one block; a is work space."""
    length = blocks.shape[2]
    for n in range(len(a)):
        a[n] = blocks[i // length, n, i % length]
    angles[:] = 0.0
    add_fields(others, a, angles)
    for j in range(len(angles)):
        angles[j] = asin(angles[j])


@long_sum
def _dot(c, angles):
    """Return the sum of c_j angles_j."""
    total = 0.0
    for j in range(len(c)):
        total += c[j] * angles[j]
    return total
