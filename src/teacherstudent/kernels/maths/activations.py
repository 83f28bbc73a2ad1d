"""Activations g and their derivatives g', chosen by a small integer."""

import math

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.maths.special import erf_and_derivative

LINEAR, ERF, RELU = 0, 1, 2
CODES = {"linear": LINEAR, "erf": ERF, "relu": RELU}

SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)


@inner
def activate(code, x, value, slope):
    """Write the activation of every x, and its derivative, to the arrays `value` and `slope`.

    x, erf(x / sqrt 2) or max(0, x), with 1, sqrt(2 / pi) exp(-x^2 / 2) or the step function.

    Parameters
    ----------
    code : int
        LINEAR, ERF or RELU.
    x : (n,) array
        Fields.
    value, slope : (n,) array
        Written: g(x) and g'(x).
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
