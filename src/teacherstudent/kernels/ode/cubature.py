"""Means over the fields by sums over nodes, for labels that are signs and any loss.

With (z, u) the fields of the teacher (`kernels.maths.teacher_axes`) and n student units,
lambda = P z + F zeta and u = c zeta + s xi with independent standard normal z (d,), zeta (n,) and xi. Given
x = (z, zeta) the label is +1 with the probability P+ = p + (1 - 2p) Phi(t), t = (c zeta - b(z)) / s, p the
probability of flips. With the slopes D+ and D- of the loss at the two labels

    <D> = P+ D+ + (1 - P+) D-,   <D^2> likewise,   <D xi> = (1 - 2p) (D+ - D-) phi(t),
    output_k = sum <D> g_k,   power_ik = sum <D^2> g'_i g'_k,
    V_kj = sum <D> g'_k x_j,   V_k,xi = sum <D xi> g'_k,

and <D g'_k z> = sum_j V_kj <x_j z> for every field z. Smooth losses are sums over a grid (`Grid`). Losses
with a margin kappa are zero where y phi > kappa. As inputs x and -x are equally probable, twice the mean over
labels +1 is enough, along lines (`Lines`) on which phi grows, up to the point where it is kappa.

A linear student is one unit with the field phi.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import inlined, inner, long_sum
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.variants import declared, variant
from teacherstudent.kernels.maths.activations import ERF, LINEAR, activate
from teacherstudent.kernels.maths.class_steps import DEPENDENT, FINEST_Z, STEEPEST
from teacherstudent.kernels.maths.special import erf_and_derivative, exp_minus
from teacherstudent.kernels.maths.sums import SMALLEST_REST, ZERO_PIVOT

SQUARED, LOGISTIC, HEBBIAN, HINGE, SQUARED_HINGE = 0, 1, 2, 3, 4
LOSSES = {
    "squared": SQUARED,
    "logistic": LOGISTIC,
    "hebbian": HEBBIAN,
    "hinge": HINGE,
    "squared_hinge": SQUARED_HINGE,
}

BLOCK = 64  # nodes that are computed together
NEWTON_STEPS = 50
CONVERGED = 1e-8  # of a step of Newton's method: the next one would be a rounding error
LARGEST = 690.0  # of |phi|: exp(-|phi|) is a normal number
SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)
# Steps may be this much longer than necessary, and the growth along lines larger, before nodes are chosen
# again; with a margin readouts may change by a fraction of their sum, and the direction of lines may turn.
ALLOWED, MOST_GROWTH, MOST_CHANGE, LEAST_COSINE = 1.12, 1.25, 0.05, 0.3
ROUNDING = 1e-9  # of the sum of the readouts: a readout is 0
# Rows of the work space before those of the units.
PHI, LABEL, DENSITY, FIRST, SECOND, THIRD, PRODUCT, TAU, LOW, HIGH, ROWS = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10


class Grid(NamedTuple):
    """Nodes x = (z, zeta) in blocks, for smooth losses."""

    axes: np.ndarray  # (n, n) orthogonal: columns are the axes of zeta
    points: np.ndarray  # (blocks, d + n, BLOCK)
    weights: np.ndarray  # (blocks, BLOCK); 0 for padding
    b: np.ndarray  # (blocks, BLOCK)
    steps: np.ndarray  # (d + n,) distances of nodes
    pole: float  # 0, or steps along an axis are at most 1 / (pole l), l the length of fields, at this `total`
    total: float  # sum of the |h_k|


class Lines(NamedTuple):
    """Lines of (z, zeta) without the last zeta, and nodes on them."""

    axes: np.ndarray  # (n, n) as in `Grid`; the last one is turned to where phi grows
    signs: np.ndarray  # (n,) of the readouts
    points: np.ndarray  # (blocks, d + n - 1, BLOCK)
    weights: np.ndarray  # (blocks, BLOCK)
    b: np.ndarray  # (blocks, BLOCK)
    tops: np.ndarray  # (blocks, BLOCK) ends of the lines in the state at which they were chosen
    x: np.ndarray  # (m,) nodes and weights of the Gauss-Legendre rule
    w: np.ndarray  # (m,)
    reach: float  # largest |tau| on a line
    steps: np.ndarray  # (d + n - 1,)
    growth: float  # 1 + 2 l^2 + tau^2 of the last axis
    h: np.ndarray  # (n,) readouts for which the nodes on lines were chosen
    grouped: int  # 1 if fields of the student depend on each other, so that signs are those of sums


class Space(NamedTuple):
    """The decomposition of the fields of a state, and work space."""

    A: np.ndarray  # (n, d + 1) covariances of the student's fields with (z, u)
    Q: np.ndarray  # (n, n) of the student's fields
    h: np.ndarray  # (n,)
    F: np.ndarray  # (n, n) lower triangular
    c: np.ndarray  # (n,)
    O: np.ndarray  # (n, n) axes of zeta
    W: np.ndarray  # (n, d + n): lambda = W x
    rate: np.ndarray  # (d + n,) of t in x
    e: np.ndarray  # (n,) direction in which phi grows
    V: np.ndarray  # (n, d + n + 1)
    output: np.ndarray  # (n,)
    power: np.ndarray  # (n, n)
    rest: np.ndarray  # (1,) s
    block: np.ndarray  # (ROWS + 3 n, BLOCK)


class Absent(NamedTuple):
    """No nodes: what they are for is compiled out."""

    nothing: int


class Cubature(NamedTuple):
    """The law of labels that are signs, by sums over nodes."""

    student: int  # activation code
    loss: int
    kappa: float  # margin
    inverse: np.ndarray  # (d + 1, M): (z, u) = inverse rho
    slopes: np.ndarray  # (d,) largest |db / dz_j|
    digits: float  # ln(1 / tolerance)
    count: int  # number of nodes of a sum
    nodes: Grid  # or Lines, for losses with a margin
    error: Absent  # or Lines, where the classification error is needed
    space: Space


def space_for(n: int, d: int) -> Space:
    """Allocate the work space for n student units and d fields z."""
    shapes = (n, d + 1), (n, n), (n,), (n, n), (n,), (n, n), (n, d + n), (d + n,), (n,), (n, d + n + 1), (n,)
    return Space(*map(np.zeros, shapes), np.zeros((n, n)), np.zeros(1), aligned_zeros((ROWS + 3 * n, BLOCK)))


@inner
def decompose(reference, c, C, K):
    """Compute A, Q, h, F, c and s of a state.

    Parameters
    ----------
    reference : reference to Cubature
        The law; its work space receives the results.
    c : (D,) array
        Signed readouts, those of the K student units first.
    C : (D, D) array
        Covariance of student and teacher units.
    K : int
        Number of student units.
    """
    law = reference[0]
    g, n, m, M = law.space, law.space.A.shape[0], law.space.A.shape[1], len(C) - K
    for a in range(n):
        for e in range(m):
            g.A[a, e] = 0.0
        for b in range(n):
            g.Q[a, b] = C[a, b]
        g.h[a] = c[a]
        for e in range(m):
            for i in range(M):
                g.A[a, e] += law.inverse[e, i] * C[a, K + i]
    if law.student == LINEAR:
        _as_one_unit(reference, c, C, K)
    total = 0.0
    for a in range(n):
        g.c[a] = 0.0
        for b in range(a + 1):
            g.F[b, a] = 0.0
    for a in range(n):
        for b in range(a, n):
            rest = g.Q[b, a]
            for j in range(m - 1):
                rest -= g.A[b, j] * g.A[a, j]
            for j in range(a):
                rest -= g.F[b, j] * g.F[a, j]
            if b == a:
                g.F[a, a] = math.sqrt(rest) if rest > ZERO_PIVOT else 0.0
            elif g.F[a, a] > 0.0:
                g.F[b, a] = rest / g.F[a, a]
            else:
                g.F[b, a] = 0.0
        if g.F[a, a] > 0.0:
            rest = g.A[a, m - 1]
            for j in range(a):
                rest -= g.F[a, j] * g.c[j]
            g.c[a] = rest / g.F[a, a]
            total += g.c[a] * g.c[a]
    g.rest[0] = math.sqrt(max(1.0 - total, SMALLEST_REST * SMALLEST_REST))


@inner
def _as_one_unit(reference, c, C, K):
    """Write Q, A and h of the field phi = sum_k h_k lambda_k."""
    law = reference[0]
    g, m, M = law.space, law.space.A.shape[1], len(C) - K
    g.Q[0, 0], g.h[0] = 0.0, 1.0
    for e in range(m):
        g.A[0, e] = 0.0
    for k in range(K):
        for i in range(K):
            g.Q[0, 0] += c[k] * c[i] * C[k, i]
        for e in range(m):
            for i in range(M):
                g.A[0, e] += c[k] * law.inverse[e, i] * C[k, K + i]


@inner
def _fill_axes(g, axes):
    """Compute W and the rates of t for axes (n, n) of zeta."""
    n, d = len(g.h), g.A.shape[1] - 1
    for a in range(n):
        for j in range(d):
            g.W[a, j] = g.A[a, j]
        for j in range(n):
            g.W[a, d + j] = 0.0
            for e in range(a + 1):
                g.W[a, d + j] += g.F[a, e] * axes[e, j]
    for j in range(d):
        g.rate[j] = 0.0
    for j in range(n):
        g.rate[d + j] = 0.0
        for e in range(n):
            g.rate[d + j] += g.c[e] * axes[e, j] / g.rest[0]


@inner
def _turn_to_growth(g, lines):
    """Compute the direction e in which every h_k lambda_k grows, and turn the axes so that the last is e.

    The turn is the smallest one, a smooth function of the state. Returns the cosine of its angle.
    """
    n, square, cosine = len(g.h), 0.0, 0.0
    for a in range(n):
        g.e[a] = 0.0
        if g.F[a, a] * g.F[a, a] > DEPENDENT * g.Q[a, a]:
            rest = lines.signs[a]
            for j in range(a):
                rest -= g.F[a, j] * g.e[j]
            g.e[a] = rest / g.F[a, a]
        square += g.e[a] * g.e[a]
    for a in range(n):
        g.e[a] = g.e[a] / math.sqrt(square) if square > 0.0 else lines.axes[a, n - 1]
        cosine += g.e[a] * lines.axes[a, n - 1]
    for j in range(n):
        along = 0.0
        for a in range(n):
            along += g.e[a] * lines.axes[a, j]
        for a in range(n):
            if j == n - 1:
                g.O[a, j] = g.e[a]
            else:
                both = g.e[a] + lines.axes[a, n - 1]
                g.O[a, j] = lines.axes[a, j] - both * along / (1.0 + cosine)
    return cosine


@long_sum
def _dot(a, b):
    """Return sum_i a_i b_i."""
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@inner
def _clear(g):
    """Set the sums to zero."""
    for a in range(len(g.h)):
        g.output[a] = 0.0
        for j in range(g.V.shape[1]):
            g.V[a, j] = 0.0
        for b in range(len(g.h)):
            g.power[a, b] = 0.0


@inner
def _erf_of(x, value, slope):
    """Compute erf(x / sqrt 2) and sqrt(2 / pi) exp(-x^2 / 2) of a row."""
    for i in range(len(x)):
        value[i], slope[i] = erf_and_derivative(x[i])


@inner
def _combine(coefficients, a, points, count, start, out):
    """Write start + sum_j coefficients[a, j] points[j] over the first `count` points to a row."""
    for i in range(len(out)):
        out[i] = start[i]
    for j in range(count):
        factor = coefficients[a, j]
        for i in range(len(out)):
            out[i] += factor * points[j, i]


@inner
def _activate_units(code, g, phi):
    """Compute activities and slopes of all units from their fields, and phi."""
    n, work = len(g.h), g.block
    for i in range(BLOCK):
        phi[i] = 0.0
    for a in range(n):
        fields, values, slopes = work[ROWS + a], work[ROWS + n + a], work[ROWS + 2 * n + a]
        activate(code, fields, values, slopes)
        factor = g.h[a]
        for i in range(BLOCK):
            phi[i] += factor * values[i]


@inner
def _add_block(g, points, count, last):
    """Add the sums over a block, whose means of D, D^2 and D xi, times weights, are in the work space.

    `points` are the first `count` numbers of x; the one after them, if any, is in the row `last`.
    """
    n, work = len(g.h), g.block
    product, first, second, third = work[PRODUCT], work[FIRST], work[SECOND], work[THIRD]
    for a in range(n):
        values, slopes = work[ROWS + n + a], work[ROWS + 2 * n + a]
        g.output[a] += _dot(first, values)
        for i in range(BLOCK):
            product[i] = first[i] * slopes[i]
        for j in range(count):
            g.V[a, j] += _dot(product, points[j])
        if count + 1 < g.V.shape[1]:
            g.V[a, count] += _dot(product, last)
        g.V[a, g.V.shape[1] - 1] += _dot(third, slopes)
        for i in range(BLOCK):
            product[i] = second[i] * slopes[i]
        for b in range(a, n):
            g.power[a, b] += _dot(product, work[ROWS + 2 * n + b])


@inner
def _fill_slopes(loss, turned, weights, work):
    """Compute the weighted means of D, D^2 and D xi of a smooth loss over a block; turned is 1 - 2p."""
    phi, label, density = work[PHI], work[LABEL], work[DENSITY]
    first, second, third = work[FIRST], work[SECOND], work[THIRD]
    if loss == LOGISTIC:
        for i in range(BLOCK):  # D+ = -a and D- = 1 - a with a = 1 / (1 + exp(phi))
            small = exp_minus(min(abs(phi[i]), LARGEST))
            a = small / (1.0 + small) if phi[i] > 0.0 else 1.0 / (1.0 + small)
            positive = 0.5 * (1.0 + turned * label[i])
            first[i] = weights[i] * (1.0 - a - positive)
            second[i] = weights[i] * (positive * a * a + (1.0 - positive) * (1.0 - a) * (1.0 - a))
            third[i] = -0.5 * turned * weights[i] * density[i]
    else:
        output = 1.0 if loss == SQUARED else 0.0  # D = phi - y, or -y
        for i in range(BLOCK):
            value, mean = output * phi[i], turned * label[i]
            first[i] = weights[i] * (value - mean)
            second[i] = weights[i] * (value * value - 2.0 * value * mean + 1.0)
            third[i] = -turned * weights[i] * density[i]


@declared
def add_up(nodes, reference, flip):
    """Compute the sums over nodes into the work space.

    Parameters
    ----------
    nodes : Grid or Lines
        Nodes; their type selects the variant.
    reference : reference to Cubature
        The law, with a decomposition of the fields.
    flip : float
        Probability that a label is turned.
    """


@declared
def fit_of(nodes, reference):
    """Return a number that is negative if nodes are too coarse for the decomposition of the fields.

    Parameters
    ----------
    nodes : Grid, Lines or Absent
        Nodes; their type selects the variant.
    reference : reference to Cubature
        The law, with a decomposition of the fields.

    Returns
    -------
    float
        At most ALLOWED - 1, which it is if there are none.
    """


@declared
def probability_of_error(lines, reference):
    """Return the probability that the signs of student and teacher differ.

    Parameters
    ----------
    lines : Lines or Absent
        Nodes; their type selects the variant.
    reference : reference to Cubature
        The law, with a decomposition of the fields.

    Returns
    -------
    float
        1/2 for a student whose output is 0 everywhere; 0 where there are no nodes.
    """


@variant(fit_of, Absent)
def _fit_of_none(nodes, reference):
    """Return the fit of no nodes."""
    return ALLOWED - 1.0


@variant(probability_of_error, Absent)
def _no_probability(lines, reference):
    """Return 0."""
    return 0.0


@variant(add_up, Grid)
def _add_up_grid(grid, reference, flip):
    """Compute the sums over the grid."""
    law = reference[0]
    g, work = law.space, law.space.block
    n, s = len(g.h), g.rest[0]
    for a in range(n):
        for j in range(n):
            g.O[a, j] = grid.axes[a, j]
    _fill_axes(g, g.O)
    _clear(g)
    count = grid.points.shape[1]
    for p in range(len(grid.points)):
        points, weights, b = grid.points[p], grid.weights[p], grid.b[p]
        zero, t = work[LOW], work[HIGH]
        for i in range(BLOCK):
            zero[i], t[i] = 0.0, -b[i] / s
        for j in range(count):
            factor = g.rate[j]
            for i in range(BLOCK):
                t[i] += factor * points[j, i]
        for a in range(n):
            _combine(g.W, a, points, count, zero, work[ROWS + a])
        _activate_units(law.student, g, work[PHI])
        _erf_of(t, work[LABEL], work[DENSITY])
        _fill_slopes(law.loss, 1.0 - 2.0 * flip, weights, work)
        _add_block(g, points, count, zero)


@inner
def _find_crossings(reference, kappa, lines, p):
    """Write where phi is kappa on the lines of block p to TAU, or the end of the line."""
    law = reference[0]
    g, work = law.space, law.space.block
    n, d, reach = len(g.h), g.A.shape[1] - 1, lines.reach
    points, count, guess = lines.points[p], lines.points.shape[1], lines.tops[p]
    tau, low, high, phi, change, base = work[TAU], work[LOW], work[HIGH], work[PHI], work[FIRST], work[SECOND]
    for i in range(BLOCK):
        low[i], high[i], base[i] = -reach, reach, 0.0
    for step in range(NEWTON_STEPS):
        for i in range(BLOCK):
            tau[i] = -reach if step == 0 else (reach if step == 1 else tau[i])
        for a in range(n):
            fields, f = work[ROWS + a], g.W[a, d + n - 1]
            _combine(g.W, a, points, count, base, fields)
            for i in range(BLOCK):
                fields[i] += f * tau[i]
        _activate_units(law.student, g, phi)
        if step == 0:
            for i in range(BLOCK):
                high[i] = -reach if phi[i] >= kappa else reach
        elif step == 1:
            for i in range(BLOCK):
                low[i] = reach if phi[i] <= kappa and high[i] > -reach else -reach
                tau[i] = min(max(guess[i], low[i]), high[i])
        else:
            largest = 0.0
            for i in range(BLOCK):
                change[i] = 0.0
            for a in range(n):
                slopes, factor = work[ROWS + 2 * n + a], g.h[a] * g.W[a, d + n - 1]
                for i in range(BLOCK):
                    change[i] += factor * slopes[i]
            for i in range(BLOCK):
                above = phi[i] > kappa
                low[i], high[i] = (low[i], min(high[i], tau[i])) if above else (max(low[i], tau[i]), high[i])
                new = tau[i] - (phi[i] - kappa) / change[i]
                new = new if low[i] < new < high[i] else 0.5 * (low[i] + high[i])
                largest = max(largest, abs(new - tau[i]))
                tau[i] = new
            if largest < CONVERGED:
                return


@inner
def _sum_lines(lines, reference, flip, kappa, with_sums):
    """Compute the sums over lines, and return twice the probability that phi < kappa at the label +1."""
    law = reference[0]
    g, work = law.space, law.space.block
    n, d, s, turned, mass = len(g.h), g.A.shape[1] - 1, g.rest[0], 1.0 - 2.0 * flip, 0.0
    _turn_to_growth(g, lines)
    _fill_axes(g, g.O)
    _clear(g)
    count = d + n - 1
    for p in range(len(lines.points)):
        points, weights, b = lines.points[p], lines.weights[p], lines.b[p]
        _find_crossings(reference, kappa, lines, p)
        top, tau, t = work[TAU], work[LOW], work[HIGH]
        for q in range(len(lines.x)):
            x, w = 0.5 * (1.0 + lines.x[q]), 0.5 * lines.w[q]
            rate = g.rate[count]
            for i in range(BLOCK):
                tau[i] = x * (top[i] + lines.reach) - lines.reach
                t[i] = rate * tau[i] - b[i] / s
            for j in range(count):
                factor = g.rate[j]
                for i in range(BLOCK):
                    t[i] += factor * points[j, i]
            for a in range(n):
                fields, f = work[ROWS + a], g.W[a, count]
                base = work[PRODUCT]
                for i in range(BLOCK):
                    base[i] = f * tau[i]
                _combine(g.W, a, points, count, base, fields)
            _activate_units(law.student, g, work[PHI])
            density = work[SECOND]
            for i in range(BLOCK):  # twice the density of tau
                density[i] = SQRT_2_OVER_PI * exp_minus(0.5 * tau[i] * tau[i])
            _erf_of(t, work[LABEL], work[DENSITY])
            mass += _fill_margin(law.loss, kappa, turned, w, lines.reach, weights, work)
            if with_sums > 0:
                _add_block(g, points, count, tau)
    return mass


@inner
def _fill_margin(loss, kappa, turned, w, reach, weights, work):
    """Compute the weighted means of D, D^2 and D xi at the nodes q of lines; return their mass.

    The means are those over labels +1, twice; SECOND has twice the density of tau.
    """
    phi, label, density, top = work[PHI], work[LABEL], work[DENSITY], work[TAU]
    first, second, third, total = work[FIRST], work[SECOND], work[THIRD], 0.0
    for i in range(BLOCK):
        weight = weights[i] * w * (top[i] + reach) * second[i]
        positive = 0.5 * (1.0 + turned * label[i])
        slope = -1.0 if loss == HINGE else phi[i] - kappa
        total += weight * positive
        first[i] = weight * positive * slope
        second[i] = weight * positive * slope * slope
        third[i] = 0.5 * turned * weight * density[i] * slope
    return total


@inlined
def fill_sums(law, c, C, flip, K, means):
    """Compute the means over the fields, as in `models.Means`.

    Parameters
    ----------
    law : Cubature
        The law.
    c : (D,) array
        Signed readouts, those of the K student units first.
    C : (D, D) array
        Covariance of student and teacher units.
    flip : float
        Probability p that a label is turned.
    K : int
        Number of student units.
    means : Means
        Receives the results.
    """
    reference = reference_to(law)
    decompose(reference, c, C, K)
    add_up(law.nodes, reference, flip)
    _write_means(law.space, law.inverse, means.weights, K)
    if law.student == LINEAR:
        _spread(law.space, c, C, K, means)
    else:
        for a in range(K):
            means.output[a] = law.space.output[a]
            for b in range(a, K):
                means.power[a, b] = law.space.power[a, b]


@variant(add_up, Lines)
def _add_up_lines(lines, reference, flip):
    """Compute the sums over lines."""
    _sum_lines(lines, reference, flip, reference[0].kappa, 1)


@variant(probability_of_error, Lines)
def _probability_of_error(lines, reference):
    """Return twice the probability of a negative output at the label +1."""
    g, total = reference[0].space, 0.0
    for a in range(len(g.h)):
        total += abs(g.h[a]) * g.Q[a, a]
    if total == 0.0:
        return 0.5
    if len(g.h) == 1 and g.A.shape[1] == 1:
        return math.acos(min(max(math.copysign(1.0, g.h[0]) * g.c[0], -1.0), 1.0)) / math.pi
    return _sum_lines(lines, reference, 0.0, 0.0, 0)


@inner
def _write_means(g, inverse, weights, K):
    """Write the means <D g'_k x_j> as weights on the fields of the student and of the teacher."""
    n, d = len(g.h), g.A.shape[1] - 1
    for a in range(n):
        V = g.V[a]
        along_u = V[d + n] / g.rest[0]
        # 1. Along the axes of F.
        for j in range(n):
            g.e[j] = -along_u * g.c[j]
            for e in range(n):
                g.e[j] += V[d + e] * g.O[j, e]
        # 2. On the student's fields, from the last one to the first.
        for j in range(n - 1, -1, -1):
            rest = g.e[j]
            for e in range(j + 1, n):
                rest -= g.e[e] * g.F[e, j]
            g.e[j] = rest / g.F[j, j] if g.F[j, j] > 0.0 else 0.0
        # 3. On z, and with u on the teacher's fields.
        for j in range(d):
            for e in range(n):
                V[j] -= g.e[e] * g.A[e, j]
        V[d] = along_u
        for i in range(weights.shape[1] - K):
            weights[a, K + i] = 0.0
            for j in range(d + 1):
                weights[a, K + i] += V[j] * inverse[j, i]
        for e in range(n):
            weights[a, e] = g.e[e]


@inner
def _spread(g, c, C, K, means):
    """Write the means of all units of a linear student from those of its output phi = sum_k h_k lambda_k."""
    output, weights, power = means.output, means.weights, means.power
    along = weights[0, 0]
    for a in range(K):
        for i in range(weights.shape[1]):
            weights[a, i] = along * c[i] if i < K else weights[0, i]
        for b in range(a, K):
            power[a, b] = g.power[0, 0]
    for a in range(K):
        output[a] = 0.0
        for i in range(weights.shape[1]):
            output[a] += weights[a, i] * C[a, i]


@inner
def _fit_of_axis(reference, j, step, steepest, pole):
    """Return ALLOWED minus the step along an axis divided by the one that is necessary."""
    law = reference[0]
    g, d, length = law.space, law.space.A.shape[1] - 1, 0.0
    for a in range(len(g.h)):
        length = max(length, abs(g.W[a, j]))
    tau = law.slopes[j] / g.rest[0] if j < d else g.rate[j]
    steep = min(length / steepest, STEEPEST) if steepest > 0.0 else 0.0
    growth = 1.0 + (2.0 * length * length if law.student == ERF else 0.0) + tau * tau + steep * steep
    necessary = math.pi * math.sqrt(2.0 / (growth * law.digits))
    if j < d:
        necessary = min(necessary, FINEST_Z / law.digits)
    if steep > 0.0 and law.student == ERF:
        necessary = min(necessary, FINEST_Z / (law.digits * length))
    if pole * length > 0.0:
        necessary = min(necessary, 1.0 / (pole * length))
    return ALLOWED - step / necessary


@variant(fit_of, Grid)
def _fit_of_grid(grid, reference):
    """Return the smallest fit of the axes of the grid."""
    g, fit, total = reference[0].space, ALLOWED - 1.0, 0.0
    for a in range(len(g.h)):
        total += abs(g.h[a])
    _fill_axes(g, grid.axes)
    pole = grid.pole * max(1.0, total / grid.total) if grid.total > 0.0 else 0.0
    for j in range(len(grid.steps)):
        fit = min(fit, _fit_of_axis(reference, j, grid.steps[j], 0.0, pole))
    return fit


@variant(fit_of, Lines)
def _fit_of_lines(lines, reference):
    """Return the smallest fit of the lines; -1 where they must be chosen again for another reason."""
    law = reference[0]
    g, fit = law.space, ALLOWED - 1.0
    n, d, total, change = len(g.h), g.A.shape[1] - 1, 0.0, 0.0
    for a in range(n):
        total += abs(g.h[a])
        change += abs(g.h[a] - lines.h[a])
    if _turn_to_growth(g, lines) < LEAST_COSINE or (
        change > MOST_CHANGE * max(total, law.kappa) and law.kappa > 0.0
    ):
        return -1.0
    for a in range(n):
        independent = g.F[a, a] * g.F[a, a] > DEPENDENT * g.Q[a, a]
        if independent and lines.signs[a] * g.h[a] < -ROUNDING * total and not lines.grouped:
            return -1.0
    _fill_axes(g, g.O)
    smallest, length = math.inf, 0.0
    for a in range(n):
        smallest, length = min(smallest, abs(g.W[a, d + n - 1])), max(length, abs(g.W[a, d + n - 1]))
    for j in range(len(lines.steps)):
        fit = min(fit, _fit_of_axis(reference, j, lines.steps[j], max(smallest, 1e-300), 0.0))
    growth = 1.0 + (2.0 * length * length if law.student == ERF else 0.0) + g.rate[d + n - 1] ** 2
    return min(fit, MOST_GROWTH - growth / lines.growth)
