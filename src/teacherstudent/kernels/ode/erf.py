"""Means over the fields of erf units, for the right-hand side of `ode`.

The integrals are those of Saad & Solla, Phys. Rev. E 52 (1995) 4225, appendix, in another form. A factor
g'(x_i) in a mean only tilts the Gaussian. With C the covariance of the error units, g'(x_i) g'(x_k) gives the
norm J2(i, k) and changes the covariance to S_ab = C_ab - u_a u_b - v_a v_b,

    u_a = C_ai / sqrt(1 + C_ii),   v_a = (C_ak - u_a u_k) / sqrt(1 + C_kk - u_k^2),

so that I4 = J2(i, k) (2/pi) asin(S_ab / sqrt((1 + S_aa)(1 + S_bb))). All pairs i <= k are computed together:
each pair is a lane, a column of arrays whose rows are error units. Loops along lanes are vectorised.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.compile.vectors import first_guess, fma
from teacherstudent.kernels.maths.special import asin
from teacherstudent.kernels.ode.pauses import DONE, row_done

# The number of lanes is a multiple of this number, so that loops along lanes consist of whole vectors.
VECTOR = 8

TWO_OVER_PI = 2.0 / math.pi


class Lanes(NamedTuple):
    """Work space for pairs of erf units of the student; the padding, at least one lane, has no tilt."""

    i: np.ndarray  # (lanes,) first unit of each pair; unsigned, since signed indices need a comparison
    k: np.ndarray  # (lanes,) second unit
    root: np.ndarray  # (D or more,) 1 / sqrt(1 + C_aa)
    root_i: np.ndarray  # (K, D) 1 / sqrt(1 + C_aa - u_a^2) for every i
    pair: np.ndarray  # (3, lanes) 1 / sqrt(1 + C_ii), u_k and 1 / sqrt(1 + C_kk - u_k^2)
    tilted: np.ndarray  # (3, D, lanes) u, v and 1 / sqrt(1 + S_aa)
    angle: np.ndarray  # (D, D) asin without tilt, for a <= b
    square: np.ndarray  # (lanes,) < d^2 > under the tilt, without label noise


def lanes_for(K: int, D: int, padded: bool = True) -> Lanes:
    """Allocate the lanes for K student units and D error units, which include them.

    Without padding there is one lane without tilt; vectors of runs need no more.

    Parameters
    ----------
    K, D : int
        Numbers of student units and of error units.
    padded : bool
        Whether the number of lanes is a multiple of `VECTOR`.

    Returns
    -------
    Lanes
    """
    pairs = np.triu_indices(K)
    n, roots = len(pairs[0]) + 1, D
    if padded:
        n, roots = _whole_vectors(n), _whole_vectors(D)
    units = np.zeros((2, n), np.uint64)
    units[:, : len(pairs[0])] = pairs
    shapes = (roots,), (K, D), (3, n), (3, D, n), (D, D), (n,)
    lanes = Lanes(*units, *map(aligned_zeros, shapes))
    lanes.root[:] = 1.0
    return lanes


def _whole_vectors(size: int) -> int:
    """Round up to a multiple of VECTOR."""
    return -(-size // VECTOR) * VECTOR


@inlined
def means_of_erf(c, C, output_variance, lanes, means, progress):
    """Compute the means over the fields, as in `models.Means`, for erf units.

    Parameters
    ----------
    c : (D,) array
        Signed readouts of the error units: the K student units, then those of the active teacher.
    C : (D, D) array
        Covariance of the error units.
    output_variance : float
        Variance sigma^2 of the noise on the labels, >= 0.
    lanes : Lanes
        Work space; it has the intermediate results during a pause.
    means : Means
        Receives the means.
    progress : (2,) int64 array
        Progress and work that is left before a pause, see `pauses`.

    Returns
    -------
    bool
        False at a pause, from which the next call resumes; then `means` is not complete.
    """
    w = lanes
    if progress[DONE] == 0:
        tilt_by_one(C, w.root, w.root_i, w.pair)
        tilt_by_two(C, w.i, w.k, w.pair, w.tilted)
    if not fill_squares(len(c), c, C, w.tilted, w.square, w.angle, progress):
        return False
    fill_output(c, w.angle, means.output)
    fill_weights(c, C, w.root, w.root_i, means.weights)
    fill_power(w.root, w.root_i, w.square, output_variance, means.power)
    return True


@inlined
def tilt_by_one(C, root, root_i, pair):
    """Compute 1 / sqrt(1 + C_aa), 1 / sqrt(1 + C_aa - u_a^2) for every i, and the terms without a.

    Parameters
    ----------
    C : (D, D) array
        Covariance of the error units.
    root, root_i, pair : arrays
        Written, as in `Lanes`.
    """
    K, D = root_i.shape
    for a in range(D):
        root[a] = 1.0 + C[a, a]
    _inverse_roots(root)
    for i in range(K):
        for a in range(D):
            u_a = root[i] * C[i, a]
            root_i[i, a] = fma(-u_a, u_a, 1.0 + C[a, a])
    _inverse_roots(root_i.reshape(-1))
    q = 0
    for i in range(K):
        for k in range(i, K):
            pair[0, q], pair[1, q], pair[2, q] = root[i], root[i] * C[i, k], root_i[i, k]
            q += 1


@inlined
def tilt_by_two(C, i, k, pair, tilted):
    """Compute u, v and 1 / sqrt(1 + S_aa) for every pair.

    Parameters
    ----------
    C : (D, D) array
        Covariance of the error units.
    i, k, pair : arrays
        Pairs of units, as in `Lanes`.
    tilted : (3, D, lanes) array
        Written, as in `Lanes`.
    """
    for a in range(len(C)):
        variance = 1.0 + C[a, a]
        for q in range(len(i)):
            u_a = pair[0, q] * C[a, i[q]]
            v_a = fma(-u_a, pair[1, q], C[a, k[q]]) * pair[2, q]
            tilted[0, a, q], tilted[1, a, q] = u_a, v_a
            tilted[2, a, q] = fma(-v_a, v_a, fma(-u_a, u_a, variance))
    _inverse_roots(tilted[2].reshape(-1))


@rounded
def _inverse_roots(x):
    """Replace every x >= 1 of a vector by y = 1 / sqrt x, with a relative error below 3e-16.

    Two Newton steps y (3 - x y^2) / 2 that start from single precision take a third of the time of a square
    root and a division.
    """
    for e in range(len(x)):
        y, half = first_guess(x[e]), 0.5 * x[e]
        y *= fma(-half * y, y, 1.5)
        x[e] = y * fma(-half * y, y, 1.5)


@inlined
def fill_squares(rows, c, C, tilted, square, angle, progress):
    """Compute square = (2/pi) sum_ab c_a c_b asin(S_ab / sqrt((1 + S_aa)(1 + S_bb))) for every lane.

    Terms of which neither a nor b is below `rows` are left out. `angle` receives the arcsines of the last
    lane, which has no tilt. Indices are unsigned: for signed ones the inner loops would test for negative
    values.

    Parameters
    ----------
    rows : int
        Number of error units a, at most D.
    c : (D,) array
        Signed readouts of the error units.
    C : (D, D) array
        Covariance of the error units.
    tilted : (3, D, lanes) array
        From `tilt_by_two`.
    square, angle : arrays
        Written, as in `Lanes`.
    progress : (2,) int64 array
        Progress and work that is left before a pause, see `pauses`.

    Returns
    -------
    bool
        False at a pause between two values of a.
    """
    D, n, first = np.uint64(len(c)), np.uint64(len(square)), np.uint64(progress[DONE])
    if first == 0:
        for q in range(n):
            square[q] = 0.0
    for a in range(first, np.uint64(rows)):
        for b in range(a, D):
            C_ab, weight = C[a, b], TWO_OVER_PI * c[a] * c[b]
            if a != b:
                weight *= 2.0
            for q in range(n):
                S_ab = fma(-tilted[0, a, q], tilted[0, b, q], C_ab)
                S_ab = fma(-tilted[1, a, q], tilted[1, b, q], S_ab)
                last = asin(S_ab * tilted[2, a, q] * tilted[2, b, q])
                square[q] = fma(weight, last, square[q])
            angle[a, b] = last
        row = np.int64(a)
        if row_done(progress, row, rows, (len(c) - row) * len(square)):
            return False
    return True


@inlined
def fill_output(c, angle, output):
    """Compute output_i = (2/pi) sum_a c_a angle_ia.

    Parameters
    ----------
    c : (D,) array
        Signed readouts of the error units.
    angle : (D, D) array
        From `fill_squares`.
    output : (K,) array
        Written, as in `models.Means`.
    """
    for i in range(len(output)):
        total = 0.0
        for a in range(i):
            total = fma(c[a], angle[a, i], total)
        for a in range(i, len(c)):
            total = fma(c[a], angle[i, a], total)
        output[i] = TWO_OVER_PI * total


@inlined
def fill_weights(c, C, root, root_i, weights):
    """Compute the weights of I3(i, z, a) = J2(i, a) (C_az - C_iz C_ia / (1 + C_ii)) as in `models.Means`.

    They are c_a J2(i, a), and for a = i less by sum_a c_a J2(i, a) C_ia / (1 + C_ii).

    Parameters
    ----------
    c : (D,) array
        Signed readouts of the error units.
    C : (D, D) array
        Covariance of the error units.
    root, root_i : arrays
        From `tilt_by_one`.
    weights : (K, D) array
        Written.
    """
    for i in range(weights.shape[0]):
        norm, pull = TWO_OVER_PI * root[i], 0.0
        for a in range(weights.shape[1]):
            weights[i, a] = norm * c[a] * root_i[i, a]
            pull = fma(weights[i, a], C[i, a], pull)
        weights[i, i] -= pull * root[i] * root[i]


@inlined
def fill_power(root, root_i, square, output_variance, power):
    """Compute power[i, k] = J2(i, k) (square + sigma^2).

    Parameters
    ----------
    root, root_i : arrays
        From `tilt_by_one`.
    square : (lanes,) array
        From `fill_squares`.
    output_variance : float
        Variance sigma^2 of the noise on the labels, >= 0.
    power : (K, K) array
        Written, for i <= k.
    """
    q = 0
    for i in range(len(power)):
        for k in range(i, len(power)):
            power[i, k] = TWO_OVER_PI * root[i] * root_i[i, k] * (square[q] + output_variance)
            q += 1


@rounded
def error_of_erf(c, C):
    """Return 1/2 < d^2 > = (1/pi) sum_ab c_a c_b asin(C_ab / sqrt((1 + C_aa)(1 + C_bb))).

    Parameters
    ----------
    c : (D,) array
        Signed readouts of the error units.
    C : (D, D) array
        Covariance of the error units.

    Returns
    -------
    float
    """
    total = 0.0
    for a in range(len(c)):
        for b in range(a, len(c)):
            scale = math.sqrt((1.0 + C[a, a]) * (1.0 + C[b, b]))
            term = c[a] * c[b] * asin(C[a, b] / scale)
            total += term if a == b else 2.0 * term
    return 0.5 * TWO_OVER_PI * total
