"""Sums over a grid, for losses that are smooth functions of output and label, see `cubature`."""

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.special import exp_minus
from teacherstudent.kernels.ode.cubature_block import activate_units, add_block, clear, combine, erf_of
from teacherstudent.kernels.ode.cubature_fields import fill_axes, fit_of_axis
from teacherstudent.kernels.ode.cubature_law import (
    ALLOWED,
    BLOCK,
    DENSITY,
    FIRST,
    HIGH,
    LABEL,
    LOGISTIC,
    LOW,
    PHI,
    ROWS,
    SECOND,
    SQUARED,
    THIRD,
    Grid,
    add_up,
    fit_of,
)

LARGEST = 690.0  # of |phi|: exp(-|phi|) is a normal number


@variant(add_up, Grid)
def _add_up_grid(grid, reference, flip):
    """Compute the sums over the grid."""
    law = reference[0]
    g, work = law.space, law.space.block
    n, s = len(g.h), g.rest[0]
    for a in range(n):
        for j in range(n):
            g.O[a, j] = grid.axes[a, j]
    fill_axes(g, g.O)
    clear(g)
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
            combine(g.W, a, points, count, zero, work[ROWS + a])
        activate_units(law.student, g, work[PHI])
        erf_of(t, work[LABEL], work[DENSITY])
        _fill_slopes(law.loss, 1.0 - 2.0 * flip, weights, work)
        add_block(g, points, count, zero)


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


@variant(fit_of, Grid)
def _fit_of_grid(grid, reference):
    """Return the smallest fit of the axes of the grid."""
    g, fit, total = reference[0].space, ALLOWED - 1.0, 0.0
    for a in range(len(g.h)):
        total += abs(g.h[a])
    fill_axes(g, grid.axes)
    pole = grid.pole * max(1.0, total / grid.total) if grid.total > 0.0 else 0.0
    for j in range(len(grid.steps)):
        fit = min(fit, fit_of_axis(reference, j, grid.steps[j], False, pole))
    return fit
