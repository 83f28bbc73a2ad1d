"""Means over the fields for the right-hand side of `ode`, the same for all covariance models.

c (D,) and C (D, D) are signed readouts and covariance of the error units, the K student units first. For erf
units all pairs are done at once, in `erf`; for any activations the means are sums over I2, I3 and I4 here.
Saad & Solla 1995, appendix.
"""

from teacherstudent.kernels.compile.flags import inlined, inner
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.maths.integrals import I2, J2, pair_tilt, tilt, tilted
from teacherstudent.kernels.ode.erf import means_of_erf
from teacherstudent.kernels.ode.pauses import DONE, PAIR, row_done


@inlined
def fill_means(p, c, C):
    """Fill the means of `Constants` p from c and C; return False at a pause, where the next call resumes."""
    if p.student == ERF and p.teacher == ERF:
        finished = means_of_erf(c, C, p.output_variance, p.lanes, p.means, p.progress)
    else:
        finished = _means_of_any(p.student, p.teacher, c, C, p.output_variance, p.means, p.progress)
    return finished


@inlined
def _means_of_any(student, teacher, c, C, output_variance, means, progress):
    """Fill the means of units of any activation; return False at a pause between two units."""
    output, weights, power = means.output, means.weights, means.power
    K, D = weights.shape
    for i in range(progress[DONE], K):
        output[i] = _output_of(i, K, student, teacher, c, C)
        pull = 0.0
        for a in range(D):
            weights[i, a] = c[a] * J2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
            pull += weights[i, a] * C[i, a]
        weights[i, i] -= tilt(student, C[i, i], pull)
        for k in range(i, K):
            norm = J2(student, student, C[i, i], C[i, k], C[k, k])
            power[i, k] = norm * (_square_of_error(i, k, K, student, teacher, c, C) + output_variance)
        if row_done(progress, i, K, PAIR * (K - i) * D * D):
            return False
    return True


@inner
def _output_of(i, K, student, teacher, c, C):
    """< d g(x_i) > = sum_a c_a I2(i, a)."""
    total = 0.0
    for a in range(len(c)):
        total += c[a] * I2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
    return total


@inner
def _square_of_error(i, k, K, student, teacher, c, C):
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
