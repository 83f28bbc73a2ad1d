"""Activations g and their derivatives g', selected by an integer code."""

import math

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.maths.special import erf_and_derivative

LINEAR, ERF, RELU = 0, 1, 2
CODES = {"linear": LINEAR, "erf": ERF, "relu": RELU}

SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)


@inner
def activate(code, x, value, slope):
    """Compute activations and their derivatives at fields x.

    linear: g(x) = x, g'(x) = 1; erf: g(x) = erf(x / sqrt 2), g'(x) = sqrt(2 / pi) exp(-x^2 / 2); relu:
    g(x) = max(0, x), g'(x) = 1 for x > 0 and 0 otherwise. Saad & Solla 1995 and Goldt et al. 2019 use erf.

    Parameters
    ----------
    code : int
        LINEAR, ERF or RELU.
    x : (n,) array
        Fields.
    value, slope : (n,) array
        Receive g(x) and g'(x).
    """
    if code == ERF:
        for i in range(len(x)):
            value[i], slope[i] = erf_and_derivative(x[i])
    elif code == RELU:
        for i in range(len(x)):
            value[i] = 0.0 if x[i] < 0.0 else x[i]
            slope[i] = 1.0 if x[i] > 0.0 else 0.0
    else:
        for i in range(len(x)):
            value[i] = x[i]
            slope[i] = 1.0
