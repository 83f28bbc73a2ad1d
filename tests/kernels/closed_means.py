"""The closed means of the equations for one task as arrays, and activations for their oracles."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import erf

from saved_code import saved
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.ode.means import error_of_task, fill_means
from teacherstudent.kernels.ode.models import means_for
from teacherstudent.kernels.ode.pauses import NO_PAUSE
from teacherstudent.kernels.ode.rectified import rectified
from teacherstudent.kernels.ode.signs import signs
from teacherstudent.kernels.ode.units import units

VALUES = {
    "linear": lambda x: x,
    "erf": lambda x: erf(x / math.sqrt(2.0)),
    "relu": lambda x: np.maximum(x, 0.0),
}
SLOPES = {
    "linear": np.ones_like,
    "erf": lambda x: math.sqrt(2.0 / math.pi) * np.exp(-(x**2) / 2.0),
    "relu": lambda x: (x > 0.0) * 1.0,
}


class Model(NamedTuple):
    """Readouts and covariance of the error units."""

    c: np.ndarray
    C: np.ndarray


@saved(__file__, error_model="numpy")
def filled(law, model, variance, flip, means, progress):
    return fill_means(law, model, variance, flip, means, progress)


@saved(__file__, error_model="numpy")
def error(law, model):
    return error_of_task(law, model)


def law_of(student, teacher, K, M, labels):
    if labels == "sign":
        return signs(CODES[student], CODES[teacher], K)
    if student == "relu":
        return rectified(CODES[teacher], K, K + M)
    return units(CODES[student], CODES[teacher], K, K + M)


def means_of(student, teacher, model, K, labels="output", variance=0.0, flip=0.0):
    """Output, drift along the error units, and power."""
    D = len(model.c)
    law, means = law_of(student, teacher, K, D - K, labels), means_for(K, D)
    assert filled(law, model, variance, flip, means, np.array([0, NO_PAUSE]))
    power = np.triu(means.power)
    return means.output, means.weights @ model.C, power + np.triu(power, 1).T
