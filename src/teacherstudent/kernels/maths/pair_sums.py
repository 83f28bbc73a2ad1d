"""The Gaussian integral of pairs of units by sums over nodes, for activations without closed forms.

Both axes are divided at the zero of their field, into panels that are the smaller the closer they are to it:
there a user's activation may have a kink, and the poles of tanh and sigmoid in the complex plane are near.
Fields beyond `REACH` standard deviations are left out.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import exact
from teacherstudent.kernels.maths.activations import LINEAR, QUADRATIC, RELU, activate
from teacherstudent.kernels.maths.integrals import I2

REACH = 7.0
# Ends of the panels as parts of the longest possible one, and nodes of each.
ENDS, POINTS = (0.0, 0.04, 0.2, 0.6, 1.0), 12


def _half_line() -> tuple[np.ndarray, np.ndarray]:
    """Return nodes between 0 and 1 and their weights, by Gauss-Legendre in each panel."""
    x, w = np.polynomial.legendre.leggauss(POINTS)
    panels = list(zip(ENDS[:-1], ENDS[1:], strict=True))
    nodes = [start + (end - start) * 0.5 * (1.0 + x) for start, end in panels]
    return np.concatenate(nodes), np.concatenate([0.5 * (end - start) * w for start, end in panels])


NODES, WEIGHTS = _half_line()
NORM = 1.0 / math.sqrt(2.0 * math.pi)


@exact
def pair_mean(a, b, c11, c12, c22):
    """Return E[g_a(x1) g_b(x2)] for any activations.

    Closed forms where both are linear, erf or relu (`integrals.I2`), or quadratic: c11 c22 + 2 c12^2 for two
    quadratic units, and 0 for a quadratic and an odd one. Otherwise a sum over 96 nodes for each field. Its
    error is at most 1e-7 of the root of the product of the mean squares, for tanh and sigmoid with variances
    from 0.1 to 100, and for other functions that are as smooth, but for a kink at 0.

    Parameters
    ----------
    a, b : int
        Activation codes of x1 and x2.
    c11, c12, c22 : float
        Covariances of x1 and x2.

    Returns
    -------
    float
    """
    if a <= RELU and b <= RELU:
        return I2(a, b, c11, c12, c22)
    if a == QUADRATIC and b == QUADRATIC:
        return c11 * c22 + 2.0 * c12 * c12
    if (a == QUADRATIC and LINEAR <= b < RELU) or (b == QUADRATIC and LINEAR <= a < RELU):
        return 0.0
    return _double_sum(a, b, c11, c12, c22)


@exact
def _double_sum(a, b, c11, c12, c22):
    """Return the sum over nodes of x1, and for each of these over nodes of x2 given x1."""
    n = 2 * len(NODES)
    x, y, first, second, slope = np.empty((5, n))
    slope_along = c12 / c11 if c11 > 0.0 else 0.0
    free = math.sqrt(max(c22 - slope_along * c12, 0.0))
    weights, values, total = np.empty(n), np.empty(n), 0.0
    _place(x, weights, math.sqrt(c11), 0.0)
    activate(a, x, first, slope)
    if free == 0.0:
        for i in range(n):
            y[i] = slope_along * x[i]
        activate(b, y, second, slope)
        for i in range(n):
            total += weights[i] * first[i] * second[i]
        return total
    for i in range(n):
        _place(y, values, free, slope_along * x[i])
        activate(b, y, second, slope)
        mean = 0.0
        for j in range(n):
            mean += values[j] * second[j]
        total += weights[i] * first[i] * mean
    return total


@exact
def _place(x, weights, deviation, mean):
    """Fill nodes of a normal number and their weights; panels begin at its zero, or at the end next to it."""
    n, zero = len(NODES), 0.0
    if deviation > 0.0:
        zero = min(max(-mean / deviation, -REACH), REACH)
    for i in range(n):
        for side in (0, 1):
            length = REACH - zero if side else -REACH - zero
            z, j = zero + length * NODES[i], i + n * side
            x[j] = mean + deviation * z
            weights[j] = abs(length) * WEIGHTS[i] * NORM * math.exp(-0.5 * z * z)
