"""Sums over lines, for losses with a margin and for the classification error, see `cubature`."""

import math

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.maths.growing import EXACTLY, STILL, add_readouts, is_growing
from teacherstudent.kernels.maths.special import exp_minus
from teacherstudent.kernels.ode.cubature_block import activate_units, add_block, clear, combine, erf_of
from teacherstudent.kernels.ode.cubature_fields import fill_axes, fit_of_axis, turn_to_growth
from teacherstudent.kernels.ode.cubature_law import (
    ALLOWED,
    BLOCK,
    DENSITY,
    FIRST,
    HIGH,
    HINGE,
    LABEL,
    LOW,
    PHI,
    PRODUCT,
    ROWS,
    SECOND,
    TAU,
    THIRD,
    Lines,
    add_up,
    fit_of,
    probability_of_error,
)

NEWTON_STEPS = 50
CONVERGED = 1e-8  # of a step of Newton's method: the next one would be a rounding error
SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)
# The growth along lines may be larger by this factor before nodes are chosen again; with a margin readouts
# may change by a fraction of their sum, and the direction of lines may turn.
MOST_GROWTH, MOST_CHANGE, LEAST_COSINE = 1.25, 0.05, 0.3


@variant(add_up, Lines)
def _add_up_lines(lines, reference, flip):
    """Compute the sums over lines."""
    _sum_lines(lines, reference, flip, reference[0].kappa, 1)


@variant(probability_of_error, Lines)
def _probability_of_error(lines, reference):
    """Return twice the probability of a negative output at the label +1."""
    g, total = reference[0].space, 0.0
    add_readouts(g.Q, g.free, g.h, True, EXACTLY, g.sums)
    for a in range(len(g.h)):
        total += abs(g.sums[a]) * g.Q[a, a]
    if total == 0.0:
        return 0.5
    if len(g.h) == 1 and g.A.shape[1] == 1:
        return math.acos(min(max(math.copysign(1.0, g.h[0]) * g.c[0], -1.0), 1.0)) / math.pi
    return _sum_lines(lines, reference, 0.0, 0.0, 0)


@inner
def _sum_lines(lines, reference, flip, kappa, with_sums):
    """Compute the sums over lines, and return twice the probability that phi < kappa at the label +1."""
    law = reference[0]
    g, work = law.space, law.space.block
    n, d, s, turned, mass = len(g.h), g.A.shape[1] - 1, g.rest[0], 1.0 - 2.0 * flip, 0.0
    turn_to_growth(g, lines)
    fill_axes(g, g.O)
    clear(g)
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
                combine(g.W, a, points, count, base, fields)
            activate_units(law.student, g, work[PHI])
            density = work[SECOND]
            for i in range(BLOCK):  # twice the density of tau
                density[i] = SQRT_2_OVER_PI * exp_minus(0.5 * tau[i] * tau[i])
            erf_of(t, work[LABEL], work[DENSITY])
            mass += _fill_margin(law.loss, kappa, turned, w, lines.reach, weights, work)
            if with_sums > 0:
                add_block(g, points, count, tau)
    return mass


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
            combine(g.W, a, points, count, base, fields)
            for i in range(BLOCK):
                fields[i] += f * tau[i]
        activate_units(law.student, g, phi)
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


@variant(fit_of, Lines)
def _fit_of_lines(lines, reference):
    """Return the smallest fit of the lines; -1 where they must be chosen again for another reason."""
    law = reference[0]
    g, fit = law.space, ALLOWED - 1.0
    n, d, total, change = len(g.h), g.A.shape[1] - 1, 0.0, 0.0
    for a in range(n):
        total += abs(g.h[a])
        change += abs(g.h[a] - lines.h[a])
    if turn_to_growth(g, lines) < LEAST_COSINE or (
        change > MOST_CHANGE * max(total, law.kappa) and law.kappa > 0.0
    ):
        return -1.0
    fill_axes(g, g.O)
    add_readouts(g.Q, g.free, g.h, True, STILL, g.sums)
    if not is_growing(g.sums, g.W):
        add_readouts(g.Q, g.free, g.h, True, EXACTLY, g.sums)
        if not is_growing(g.sums, g.W):
            return -1.0
    length = 0.0
    for a in range(n):
        length = max(length, abs(g.W[a, d + n - 1]))
    for j in range(len(lines.steps)):
        fit = min(fit, fit_of_axis(reference, j, lines.steps[j], True, 0.0))
    growth = 1.0 + (2.0 * length * length if law.student == ERF else 0.0) + g.rate[d + n - 1] ** 2
    return min(fit, MOST_GROWTH - growth / lines.growth)
