"""The fields of a state for sums over nodes: lambda = P z + F zeta and u = c zeta + s xi, see `cubature`."""

import math

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.maths.activations import ERF, LINEAR
from teacherstudent.kernels.maths.class_steps import DEPENDENT, FINEST_Z, SMALLEST_GROWTH, STEEPEST
from teacherstudent.kernels.maths.sums import SMALLEST_REST, ZERO_PIVOT
from teacherstudent.kernels.ode.cubature_law import ALLOWED


@inner
def decompose(reference, c, C, K):
    """Compute A, Q, h, F, c, s and the variances given z of a state.

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
    for a in range(n):
        g.free[a] = 0.0
        for j in range(a + 1):
            g.free[a] += g.F[a, j] * g.F[a, j]
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
def fill_axes(g, axes):
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
def turn_to_growth(g, lines):
    """Compute the direction e in which every h_k lambda_k grows, and turn the axes so that the last is e.

    The turn is the smallest one, a smooth function of the state. Returns the cosine of its angle.
    """
    n, square, cosine = len(g.h), 0.0, 0.0
    for a in range(n):
        g.e[a] = 0.0
        if lines.signs[a] != 0.0 and g.F[a, a] * g.F[a, a] > DEPENDENT * g.Q[a, a]:
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


@inner
def fit_of_axis(reference, j, step, has_lines, pole):
    """Return ALLOWED minus the step along an axis divided by the one that is necessary.

    Parameters
    ----------
    reference : reference to Cubature
        The law, with W and the rates of t for the axes.
    j : int
        The axis.
    step : float
        Distance of nodes along it.
    has_lines : bool
        Whether the last axis is that of lines, whose ends move along the axis.
    pole : float
        0, or steps are at most 1 / (pole l), l the length of fields.

    Returns
    -------
    float
    """
    law = reference[0]
    g, d, length, steep = law.space, law.space.A.shape[1] - 1, 0.0, 0.0
    n = len(g.h)
    for a in range(n):
        length = max(length, abs(g.W[a, j]))
        if has_lines and g.sums[a] != 0.0:
            slope = abs(g.W[a, j]) / max(abs(g.W[a, d + n - 1]), SMALLEST_GROWTH)
            steep = min(max(steep, slope), STEEPEST)
    tau = law.slopes[j] / g.rest[0] if j < d else g.rate[j]
    growth = 1.0 + (2.0 * length * length if law.student == ERF else 0.0) + tau * tau + steep * steep
    necessary = math.pi * math.sqrt(2.0 / (growth * law.digits))
    if j < d:
        necessary = min(necessary, FINEST_Z / law.digits)
    if has_lines and law.student == ERF and n > 1 and length > 0.0:
        necessary = min(necessary, FINEST_Z / (law.digits * length))
    if pole * length > 0.0:
        necessary = min(necessary, 1.0 / (pole * length))
    return ALLOWED - step / necessary
