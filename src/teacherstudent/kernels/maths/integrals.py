"""Gaussian integrals of activations, for zero-mean fields x1, x2, ... with covariances c11, c12, ...

For erf units they are those of Saad & Solla, Phys. Rev. E 52 (1995) 4225, appendix, and of Goldt et al.,
NeurIPS 2019, supplement. All follow from two facts. A factor g'(x) of an erf unit is a Gaussian: it only
tilts the distribution of the fields, that is, it changes their covariances and adds a constant factor. By
Stein's identity E[x2 f(x3)] = c23 E[f'(x3)].
"""

import math

from teacherstudent.kernels.compile.flags import fast
from teacherstudent.kernels.maths.activations import ERF, RELU, SQRT_2_OVER_PI
from teacherstudent.kernels.maths.special import asin


@fast
def I2(a, b, c11, c12, c22):
    """Return E[g_a(x1) g_b(x2)] for any pair of activations, in closed form.

    erf and erf: (2/pi) asin(c12 / sqrt((1 + c11)(1 + c22))), Saad & Solla 1995, appendix. relu and relu:
    (s + c12 (pi - theta)) / (2 pi) with s^2 = c11 c22 - c12^2, tan theta = s / c12, the arc-cosine kernel of
    first order (Cho & Saul, NeurIPS 2009). A linear factor is removed by Stein's identity. relu and erf or
    linear: only the odd part x/2 of relu contributes.

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
    if a < b:
        a, b, c11, c22 = b, a, c22, c11
    if a == RELU:
        return _relu_I2(c11, c12, c22) if b == RELU else 0.5 * _I2_linear(b, c12, c22)
    if b == ERF:
        return 2.0 / math.pi * asin(c12 / math.sqrt((1.0 + c11) * (1.0 + c22)))
    return _I2_linear(a, c12, c11)


@fast
def _I2_linear(b, c12, c22):
    """Return E[x1 g_b(x2)] = c12 E[g_b'(x2)] for b linear or erf."""
    return c12 * SQRT_2_OVER_PI / math.sqrt(1.0 + c22) if b == ERF else c12


@fast
def _relu_I2(c11, c12, c22):
    """Return I2 of two relu units."""
    s = math.sqrt(max(c11 * c22 - c12 * c12, 0.0))
    # For equal fields s is a rounding error of order 1e-8; it cancels because the angle contains the same s.
    return (s + c12 * (math.pi - math.atan2(s, c12))) / (2.0 * math.pi)


@fast
def J2(a, b, c11, c12, c22):
    """Return E[g_a'(x1) g_b'(x2)] for a erf or linear.

    erf and erf: (2/pi) / sqrt((1 + c11)(1 + c22) - c12^2). A relu factor contributes 1/2, because its
    derivative is 1/2 plus an odd part.

    Parameters
    ----------
    a, b : int
        Activation codes of x1 and x2; a is erf or linear.
    c11, c12, c22 : float
        Covariances of x1 and x2.

    Returns
    -------
    float
    """
    if a == ERF and b == ERF:
        return 2.0 / math.pi / math.sqrt((1.0 + c11) * (1.0 + c22) - c12 * c12)
    half = 0.5 if b == RELU else 1.0
    if a == ERF:
        return half * SQRT_2_OVER_PI / math.sqrt(1.0 + c11)
    return SQRT_2_OVER_PI / math.sqrt(1.0 + c22) if b == ERF else half


@fast
def tilt(a, c11, c12):
    """Return q in I3 = J2(1, 3) (c23 - q c13), which describes how a factor g_a'(x1) tilts x2.

    Parameters
    ----------
    a : int
        Activation code of x1, erf or linear.
    c11, c12 : float
        Variance of x1, and its covariance with x2.

    Returns
    -------
    float
        c12 / (1 + c11), or 0 for a linear unit.
    """
    return c12 / (1.0 + c11) if a == ERF else 0.0


@fast
def I3(a, b, c11, c12, c13, c22, c23, c33):
    """Return E[g_a'(x1) x2 g_b(x3)] = J2(x1, x3) (c23 - q c13) by Stein's identity, q as in `tilt`.

    Saad & Solla 1995, appendix, for erf units.

    Parameters
    ----------
    a, b : int
        Activation codes of x1, erf or linear, and of x3.
    c11, c12, c13, c22, c23, c33 : float
        Covariances of the three fields.

    Returns
    -------
    float
    """
    return J2(a, b, c11, c13, c33) * (c23 - tilt(a, c11, c12) * c13)


@fast
def pair_tilt(a, c11, c12, c22):
    """Return the tilt p of a Gaussian by the factors g_a'(x1) g_a'(x2), a erf or linear.

    Covariances of other fields y, z become c_yz - sum_ij c_yi p_ij c_zj. For erf units p is the inverse of
    the 2 x 2 matrix 1 + C of x1 and x2, for linear units it is zero.

    Parameters
    ----------
    a : int
        Activation code of x1 and x2.
    c11, c12, c22 : float
        Their covariances.

    Returns
    -------
    tuple of float
        p11, p12 and p22.
    """
    if a != ERF:
        return 0.0, 0.0, 0.0
    det = (1.0 + c11) * (1.0 + c22) - c12 * c12
    return (1.0 + c22) / det, -c12 / det, (1.0 + c11) / det


@fast
def tilted(p, cy1, cy2, cyz, cz1, cz2):
    """Return the covariance c_yz - sum_ij c_yi p_ij c_zj of fields y and z under the tilt of `pair_tilt`.

    Parameters
    ----------
    p : tuple of float
        The tilt (p11, p12, p22) by fields x1 and x2.
    cy1, cy2, cyz, cz1, cz2 : float
        Covariances of y with x1, x2 and z, and of z with x1 and x2.

    Returns
    -------
    float
    """
    return cyz - cz1 * (p[0] * cy1 + p[1] * cy2) - cz2 * (p[1] * cy1 + p[2] * cy2)


@fast
def I4(a, b, d, c11, c12, c13, c14, c22, c23, c24, c33, c34, c44):
    """Return E[g_a'(x1) g_a'(x2) g_b(x3) g_d(x4)]: J2(x1, x2) times I2(x3, x4) under the tilt of x1 and x2.

    Saad & Solla 1995, appendix, for erf units.

    Parameters
    ----------
    a, b, d : int
        Activation codes of x1 and x2, erf or linear, of x3 and of x4.
    c11, c12, c13, c14, c22, c23, c24, c33, c34, c44 : float
        Covariances of the four fields.

    Returns
    -------
    float
    """
    p = pair_tilt(a, c11, c12, c22)
    s33 = tilted(p, c13, c23, c33, c13, c23)
    s34 = tilted(p, c13, c23, c34, c14, c24)
    s44 = tilted(p, c14, c24, c44, c14, c24)
    return J2(a, a, c11, c12, c22) * I2(b, d, s33, s34, s44)
