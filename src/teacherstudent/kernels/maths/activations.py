"""Activations g and their derivatives g', selected by an integer code."""

import math

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.maths.callbacks import call
from teacherstudent.kernels.maths.special import erf_and_derivative

LINEAR, ERF, RELU, SIGMOID, TANH, QUADRATIC = 0, 1, 2, 3, 4, 5
CODES = {
    "linear": LINEAR,
    "erf": ERF,
    "relu": RELU,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "quadratic": QUADRATIC,
}
# Larger codes are addresses of functions of users (`callbacks`).
LARGEST = 4095

SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)


@inner
def activate(code, x, value, slope):
    """Compute activations and their derivatives at fields x.

    linear: g(x) = x, g'(x) = 1; erf: g(x) = erf(x / sqrt 2), g'(x) = sqrt(2 / pi) exp(-x^2 / 2); relu:
    g(x) = max(0, x), g'(x) = 1 for x > 0 and 0 otherwise; sigmoid: g(x) = 1 / (1 + exp(-x)),
    g'(x) = g(x) (1 - g(x)); tanh: g'(x) = 1 - g(x)^2; quadratic: g(x) = x^2, g'(x) = 2 x. Saad & Solla 1995
    and Goldt et al. 2019 use erf.

    Parameters
    ----------
    code : int
        LINEAR, ERF, RELU, SIGMOID, TANH or QUADRATIC, or an address (`callbacks.compiled`).
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
    elif code == SIGMOID:
        _sigmoid(x, value, slope)
    elif code > SIGMOID:
        _others(code, x, value, slope)
    else:
        for i in range(len(x)):
            value[i] = x[i]
            slope[i] = 1.0


@inner
def _sigmoid(x, value, slope):
    """Compute 1 / (1 + exp(-x)) and its derivative; in its own function, other units are faster."""
    for i in range(len(x)):
        small = math.exp(-abs(x[i]))  # at most 1: it cannot overflow
        total = 1.0 + small
        value[i] = small / total if x[i] < 0.0 else 1.0 / total
        slope[i] = small / (total * total)


@inner
def _others(code, x, value, slope):
    """Compute the activations that few runs use, and those of users."""
    if code == TANH:
        for i in range(len(x)):
            value[i] = math.tanh(x[i])
            slope[i] = (1.0 - value[i]) * (1.0 + value[i])
    elif code == QUADRATIC:
        for i in range(len(x)):
            value[i] = x[i] * x[i]
            slope[i] = 2.0 * x[i]
    elif code > LARGEST:
        call(code, x, value, slope)
