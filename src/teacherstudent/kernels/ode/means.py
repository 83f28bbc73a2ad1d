"""Means over the fields for the right-hand side of `ode`, for any activations, as sums over I2, I3 and I4.

c (D,) and C (D, D) are signed readouts and covariance of the error units, the K student units first.
"""

from teacherstudent.kernels.compile.flags import inlined, inner
from teacherstudent.kernels.maths.integrals import I2, J2, pair_tilt, tilt, tilted
from teacherstudent.kernels.ode.pauses import DONE, PAIR, row_done


@inlined
def means(student, teacher, c, C, output_variance, output, weights, power, place):
    """Fill < d g(x_i) > (K,), weights (K, D) and power (K, K) as in `ode.Work`.

    Returns False where it pauses between two units, at a `place` as there.
    """
    K, D = weights.shape
    for i in range(place[DONE], K):
        output[i] = output_of(i, K, student, teacher, c, C)
        pull = 0.0
        for a in range(D):
            weights[i, a] = c[a] * J2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
            pull += weights[i, a] * C[i, a]
        weights[i, i] -= tilt(student, C[i, i], pull)
        for k in range(i, K):
            norm = J2(student, student, C[i, i], C[i, k], C[k, k])
            power[i, k] = norm * (square_of_error(i, k, K, student, teacher, c, C) + output_variance)
        if row_done(place, i, K, PAIR * (K - i) * D * D):
            return False
    return True


@inner
def output_of(i, K, student, teacher, c, C):
    """< d g(x_i) > = sum_a c_a I2(i, a)."""
    total = 0.0
    for a in range(len(c)):
        total += c[a] * I2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
    return total


@inner
def square_of_error(i, k, K, student, teacher, c, C):
    """sum_ab c_a c_b E[g_a g_b] under the tilt of student units i and k."""
    D, total = len(c), 0.0
    p = pair_tilt(student, C[i, i], C[i, k], C[k, k])
    for a in range(D):
        for b in range(D):
            first, second = student if a < K else teacher, student if b < K else teacher
            saa = tilted(p, C[a, i], C[a, k], C[a, a], C[a, i], C[a, k])
            sab = tilted(p, C[a, i], C[a, k], C[a, b], C[b, i], C[b, k])
            sbb = tilted(p, C[b, i], C[b, k], C[b, b], C[b, i], C[b, k])
            total += c[a] * c[b] * I2(first, second, saa, sab, sbb)
    return total
