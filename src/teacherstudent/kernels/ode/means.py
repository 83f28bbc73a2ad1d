"""Means over the fields for the right-hand side of `ode`, the same for all covariance models.

c (D,) and C (D, D) are signed readouts and covariance of the error units, the K student units first. For erf
units all pairs are computed together, in `erf`; for other activations the means are sums of the integrals I2,
I3 and I4 (Saad & Solla, Phys. Rev. E 52 (1995) 4225, appendix; Goldt et al., NeurIPS 2019, supplement).
"""

from teacherstudent.kernels.compile.flags import inlined, inner
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.maths.integrals import I2, J2, pair_tilt, tilt, tilted
from teacherstudent.kernels.ode.erf import means_of_erf
from teacherstudent.kernels.ode.pauses import DONE, PAIR, row_done


@inlined
def fill_means(student, teacher, c, C, output_variance, lanes, means, progress):
    """Compute the means over the fields, d the error (student minus noisy teacher), as in `models.Means`.

        output_i = < d g(x_i) > = sum_a c_a I2(i, a)
        < d g'(x_i) z > = sum_a c_a I3(i, z, a) = sum_a weights[i, a] < x_a z >
        power_ik = < d^2 g'(x_i) g'(x_k) > = sum_ab c_a c_b I4(i, k, a, b) + sigma^2 J2(i, k)

    Saad & Solla 1995, appendix; with noise on the labels and readouts Goldt et al. 2019, supplement.

    Parameters
    ----------
    student, teacher : int
        Activation codes.
    c : (D,) array
        Signed readouts (h, -v) of the error units: the K student units, then those of the active teacher.
    C : (D, D) array
        Covariance of the error units.
    output_variance : float
        Variance sigma^2 of the noise on the labels, >= 0.
    lanes : Lanes
        Work space for erf units.
    means : Means
        Receives the results.
    progress : (2 or more,) int64 array
        Rows that are done and work left before a pause, see `pauses`.

    Returns
    -------
    bool
        False at a pause, from which the next call resumes; then the means are not complete.
    """
    if student == ERF and teacher == ERF:
        finished = means_of_erf(c, C, output_variance, lanes, means, progress)
    else:
        finished = _means_of_any(student, teacher, c, C, output_variance, means, progress)
    return finished


@inlined
def _means_of_any(student, teacher, c, C, output_variance, means, progress):
    """Compute the means for units of any activation; return False at a pause between two units."""
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
    """Return < d g(x_i) > = sum_a c_a I2(i, a)."""
    total = 0.0
    for a in range(len(c)):
        total += c[a] * I2(student, student if a < K else teacher, C[i, i], C[i, a], C[a, a])
    return total


@inner
def _square_of_error(i, k, K, student, teacher, c, C):
    """Return sum_ab c_a c_b I2(a, b) under the tilt of student units i and k."""
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
