"""Means of products of two units and the error of a task, for laws that are compiled for vectors of runs."""

import math

from teacherstudent.kernels.compile.flags import rounded
from teacherstudent.kernels.compile.vectors import fma, select
from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU, SQRT_2_OVER_PI
from teacherstudent.kernels.maths.special import HALF_PI, asin, at_least, within_one
from teacherstudent.kernels.ode.erf import TWO_OVER_PI


@rounded
def mean_of_relus(c11, c12, c22):
    """Return < g(x1) g(x2) > of two relu units (Cho & Saul, NeurIPS 2009, the kernel of first order).

    With s_a the standard deviations, r the correlation, and q = sqrt(1 - r^2), it is
    s_1 s_2 (q + r (pi/2 + asin r)) / (2 pi); errors of r cancel to first order where r is near 1 or -1.

    Parameters
    ----------
    c11, c12, c22 : float
        Covariances of x1 and x2; negative variances, rounding errors, are taken as 0.

    Returns
    -------
    float
    """
    scale = math.sqrt(at_least(0.0, c11) * at_least(0.0, c22))
    r = select(scale > 0.0, within_one(c12 / scale), 0.0)
    q = math.sqrt((1.0 - r) * (1.0 + r))
    return 0.5 / math.pi * scale * fma(r, HALF_PI + asin(r), q)


@rounded
def mean_slope(code, variance):
    """Return < g'(x) > of a linear, erf or relu unit, so that < z g(x) > = < z x > < g'(x) >.

    Parameters
    ----------
    code : int
        Activation code.
    variance : float
        Variance of x.

    Returns
    -------
    float
    """
    if code == ERF:
        return SQRT_2_OVER_PI / math.sqrt(1.0 + variance)
    return 0.0 * variance + (1.0 if code == LINEAR else 0.5)


@rounded
def mean_of_pair(a, b, c11, c12, c22):
    """Return < g_a(x1) g_b(x2) > of linear, erf or relu units (Saad & Solla 1995, appendix, for erf units).

    Only the odd part x/2 of a relu unit contributes to products with the others.

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
    if a == ERF and b == ERF:
        return TWO_OVER_PI * asin(c12 / math.sqrt((1.0 + c11) * (1.0 + c22)))
    if a == RELU and b == RELU:
        return mean_of_relus(c11, c12, c22)
    return c12 * mean_slope(a, c11) * mean_slope(b, c22)


@rounded
def square_of_pairs(first, last, student, teacher, K, c, C):
    """Return sum_ab c_a c_b < g(x_a) g(x_b) > over error units from a first to before a last one.

    Parameters
    ----------
    first, last : int
        The error units.
    student, teacher : int
        Activation codes.
    K : int
        Number of student units.
    c : (D,) array
        Signed readouts of the error units.
    C : (D, D) array
        Covariance of the error units.

    Returns
    -------
    float
    """
    total = 0.0
    for a in range(first, last):
        for b in range(first, a + 1):
            one, other = student if a < K else teacher, student if b < K else teacher
            weight = c[a] * c[b] if a == b else 2.0 * c[a] * c[b]
            total = fma(weight, mean_of_pair(one, other, C[a, a], C[a, b], C[b, b]), total)
    return total
