"""Means over the fields for erf students of several layers: sums over nodes (`maths.layer_nodes`).

At a node the fields are L zeta, with L the Cholesky factor of their covariance C. The mean of d b_k z for any
Gaussian z follows from its covariances B with the fields,

    <d b_k z> = sum_j <d b_k zeta_j> G_jz,   L G = B,

so that teachers that are not active need no axes of their own. Nodes do not change between two events.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import ERF, activate
from teacherstudent.kernels.maths.layer_nodes import factor, set_slopes, set_spacings
from teacherstudent.kernels.maths.vector_sums import dot, dot_of_three
from teacherstudent.kernels.ode.deep import error_of, fill_means, margin_of, work_of

BLOCK = 256  # nodes that are in the cache together
COARSEST = 1.12  # ratio of a spacing to the one for the tolerance above which new nodes are necessary


class Sums(NamedTuple):
    """Erf units: nodes, and work space for a block of them."""

    teacher: int  # activation code of the teacher
    tolerance: float  # of the means
    h: np.ndarray  # (D,) spacings of the nodes
    Z: np.ndarray  # (D, n) nodes, n a multiple of BLOCK
    w: np.ndarray  # (n,) weights; 0 for the nodes of the padding
    L: np.ndarray  # (D, D) factor of the covariance of the fields
    G: np.ndarray  # (D, K + F)
    V: np.ndarray  # (K, D) <d b_k zeta_j>
    slopes: np.ndarray  # (L - 1,) of the inner layers, as in `maths.layer_nodes`
    wanted: np.ndarray  # (D,) spacings for the tolerance
    rho: np.ndarray  # (3, M, BLOCK) fields of the teacher, g and g'
    units: np.ndarray  # (L, 3, K, BLOCK) the same of each layer of the student
    d: np.ndarray  # (2, BLOCK) errors times weights, and their squares plus noise times weights


def sums(teacher: int, tolerance: float, h: np.ndarray, Z: np.ndarray, w: np.ndarray, sizes) -> Sums:
    """Return erf units with nodes, padded to whole blocks, and work space.

    Parameters
    ----------
    teacher : int
        Activation code of the teacher.
    tolerance : float
        Tolerance of the means.
    h : array (D,)
        Spacings of the nodes.
    Z, w : arrays (D, n), (n,)
        Nodes and weights.
    sizes : tuple of int
        K, M, F and the number of hidden layers.

    Returns
    -------
    Sums
    """
    K, M, F, layers = sizes
    D, padding = M + K, -len(w) % BLOCK
    shapes = (D, D), (D, K + F), (K, D), (layers - 1,), (D,), (3, M, BLOCK), (layers, 3, K, BLOCK), (2, BLOCK)
    padded = np.pad(Z, [(0, 0), (0, padding)]), np.pad(w, (0, padding))
    return Sums(teacher, tolerance, h, *padded, *map(np.zeros, shapes))


@variant(fill_means, Sums)
def _fill_means(units, p, h, U):
    """Implement `deep.fill_means`."""
    w, K = p.work, len(h)
    factor(w.C, units.L)
    _solve(units.L, w.B, units.G)
    w.output[:], w.inner[:], w.power[:], units.V[:] = 0.0, 0.0, 0.0, 0.0
    for start in range(0, len(units.w), BLOCK):
        _forward(units, p.v, h, U, start)
        _weigh(units.d, units.w, start, p.output_variance)
        _backward(units.units, h, U)
        _add_block(units, w, start)
    for k in range(K):
        for z in range(w.drift.shape[1]):
            w.drift[k, z] = 0.0
            for j in range(len(units.L)):
                w.drift[k, z] += units.V[k, j] * units.G[j, z]


@variant(error_of, Sums)
def _error_of(units, p, h, U):
    """Implement `deep.error_of`."""
    factor(p.work.C, units.L)
    total = 0.0
    for start in range(0, len(units.w), BLOCK):
        _forward(units, p.v, h, U, start)
        for e in range(BLOCK):
            total += units.w[start + e] * units.d[0, e] * units.d[0, e]
    return 0.5 * total


@variant(margin_of, Sums)
def _margin_of(units, p, U):
    """Return the smallest relative distance of a spacing from the largest one that is allowed."""
    factor(p.work.C, units.L)
    set_slopes(U, units.slopes)
    set_spacings(units.L, len(p.v), units.slopes, units.tolerance, units.wanted)
    smallest = math.inf
    for j in range(len(units.h)):
        smallest = min(smallest, COARSEST * units.wanted[j] / units.h[j] - 1.0)
    return smallest


@variant(work_of, Sums)
def _work_of(units):
    """Each unit of each layer takes about ten nanoseconds at a node."""
    return 10 * len(units.w) * units.units.shape[0] * units.units.shape[2]


@inner
def _solve(L, B, G):
    """Solve L G = B, with rows of zeros where the factor has a column of zeros."""
    for j in range(len(L)):
        for z in range(B.shape[1]):
            total = B[j, z]
            for i in range(j):
                total -= L[j, i] * G[i, z]
            G[j, z] = total / L[j, j] if L[j, j] > 0.0 else 0.0


@inner
def _forward(units, v, h, U, start):
    """Compute activities and slopes of all layers at a block of nodes, and the errors d[0]."""
    rho, layers, d, M, K = units.rho, units.units, units.d[0], len(v), len(h)
    for m in range(M):
        _combine(rho[0, m], units.L[m], units.Z, start)
    for k in range(K):
        _combine(layers[0, 0, k], units.L[M + k], units.Z, start)
    activate(units.teacher, rho[0].reshape(-1), rho[1].reshape(-1), rho[2].reshape(-1))
    for layer in range(len(layers)):
        x, value, slope = layers[layer, 0], layers[layer, 1], layers[layer, 2]
        if layer > 0:
            for k in range(K):
                _combine(x[k], U[layer - 1, k], layers[layer - 1, 1], 0)
        activate(ERF, x.reshape(-1), value.reshape(-1), slope.reshape(-1))
    _combine(d, h, layers[len(layers) - 1, 1], 0)
    for m in range(M):
        for e in range(BLOCK):
            d[e] -= v[m] * rho[1, m, e]


@inner
def _backward(layers, h, U):
    """Replace the slopes by the derivatives s_l of the output with respect to the fields of each layer."""
    top, K = len(layers) - 1, len(h)
    for k in range(K):
        _scale(layers[top, 2, k], h[k])
    for layer in range(top - 1, -1, -1):
        for j in range(K):
            sums = layers[layer, 0, j]  # the fields are not needed any more
            for e in range(BLOCK):
                sums[e] = 0.0
            for i in range(K):
                for e in range(BLOCK):
                    sums[e] += U[layer, i, j] * layers[layer + 1, 2, i, e]
            for e in range(BLOCK):
                layers[layer, 2, j, e] *= sums[e]


@inner
def _weigh(d, weights, start, variance):
    """Compute d[1] = w (d^2 + variance) and d[0] = w d."""
    for e in range(BLOCK):
        d[1, e] = weights[start + e] * (d[0, e] * d[0, e] + variance)
        d[0, e] *= weights[start + e]


@inner
def _add_block(units, w, start):
    """Add the sums over a block of nodes."""
    layers, d, K = units.units, units.d, len(w.output)
    for i in range(K):
        b = layers[0, 2, i]
        w.output[i] += dot(d[0], layers[len(layers) - 1, 1, i])
        for j in range(len(units.Z)):
            units.V[i, j] += dot_of_three(d[0], b, units.Z[j, start : start + BLOCK])
        for k in range(i, K):
            w.power[i, k] += dot_of_three(d[1], b, layers[0, 2, k])
        for layer in range(len(w.inner)):
            for j in range(K):
                w.inner[layer, i, j] += dot_of_three(d[0], layers[layer + 1, 2, i], layers[layer, 1, j])


@inner
def _combine(out, weights, rows, start):
    """Compute out_e = sum_j weights_j rows_j,(start + e)."""
    for e in range(len(out)):
        out[e] = weights[0] * rows[0, start + e]
    for j in range(1, len(weights)):
        for e in range(len(out)):
            out[e] += weights[j] * rows[j, start + e]


@inner
def _scale(x, factor):
    """Compute x *= factor."""
    for e in range(len(x)):
        x[e] *= factor
