"""Activations g and their derivatives, chosen by a small integer."""

import math

from teacherstudent.kernels.compilation import fast

LINEAR, ERF, RELU = 0, 1, 2
CODES = {"linear": LINEAR, "erf": ERF, "relu": RELU}

SQRT_HALF = math.sqrt(0.5)
SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)


@fast
def g(code, x):
    """Activation: x, erf(x / sqrt 2) or max(0, x)."""
    if code == ERF:
        return math.erf(x * SQRT_HALF)
    if code == RELU:
        return max(x, 0.0)
    return x


@fast
def dg(code, x):
    """Derivative of the activation: 1, sqrt(2 / pi) exp(-x^2 / 2) or the step function."""
    if code == ERF:
        return SQRT_2_OVER_PI * math.exp(-0.5 * x * x)
    if code == RELU:
        return 1.0 if x > 0.0 else 0.0
    return 1.0
