"""The laws of one linear unit that learns signs: Hebb's rule, the perceptron rule and the AdaTron.

The student's output is h x_1 and the label y is the sign of v x_2, turned with probability p, with readouts
c = (h, -v) and covariance C of the two fields. In terms of the correlation r of the output with v x_2, the
angle theta = arccos r, and w = 1 - 2 p, the derivative D of the loss with respect to the output has the means

    Hebb         D = -y                 weights (0, -s w sqrt(2 / pi C_22))
                 < D^2 > = 1
    perceptron   D = -y [y h x_1 < 0]   weights (a / sqrt(2 pi C_11), -s w / sqrt(2 pi C_22))
                 < D^2 > = e(theta)
    AdaTron      D = h x_1 [y h x_1 < 0]   weights (h e(theta), -s w |h| sqrt(C_11 / C_22) sin theta / pi)
                 < D^2 > = h^2 C_11 E(theta)

with the signs a of h and s of v, e = (1 - p) theta / pi + p (1 - theta / pi) and, with both angles weighted
in the same way, E = (theta - sin theta cos theta) / pi. The weights are the means of derivatives of D with
respect to the two fields (Stein's identity), jumps of D included. They are one-unit cases of rules of Biehl &
Riegler, Europhys. Lett. 28 (1994) 525, derived here.
"""

import math
from typing import NamedTuple

from teacherstudent.kernels.compile.flags import ROUNDED_PART, inlined
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import select
from teacherstudent.kernels.maths.special import acos, within_one
from teacherstudent.kernels.ode import means


class Hebb(NamedTuple):
    """Hebbian loss, -y phi. The number distinguishes the laws in the state of a run."""

    number: int = 0


class Perceptron(NamedTuple):
    """Hinge loss with margin 0."""

    number: int = 1


class AdaTron(NamedTuple):
    """Squared hinge loss with margin 0."""

    number: int = 2


@means.for_lanes.register(Hebb)
@means.for_lanes.register(Perceptron)
@means.for_lanes.register(AdaTron)
def _(law, K, D):
    """Return the law, which has no work space."""
    return law


@inlined
def _label_variance(model, output_variance):
    """Return the variance of x_2 plus noise whose sign is the label; noise is for linear teachers only."""
    return model.C[1, 1] + output_variance / (model.c[1] * model.c[1])


@inlined
def _sign(x):
    """Return 1, or -1 for negative numbers."""
    return select(x < 0.0, -1.0, 1.0)


@inlined
def _cosine(model, variance):
    """Return the cosine of the angle between the output and a label; 0 for an output of 0."""
    h, v, C = model.c[0], -model.c[1], model.C
    length = math.sqrt(C[0, 0] * variance)
    cosine = within_one(_sign(h) * _sign(v) * C[0, 1] / length)
    return select(abs(h) * length <= 0.0, 0.0, cosine)


@inlined
def _write(found, C, own, pull, power):
    """Write the means from the weights of the two fields."""
    found.weights[0, 0], found.weights[0, 1], found.power[0, 0] = own, pull, power
    found.output[0] = own * C[0, 0] + pull * C[0, 1]


@variant(means.fill_means, Hebb, ROUNDED_PART)
def _hebb(law, model, output_variance, flip, found, progress):
    """See `means.fill_means`; the weights are (0, -s w sqrt(2 / pi C_22))."""
    variance = _label_variance(model, output_variance)
    pull = _sign(model.c[1]) * (1.0 - 2.0 * flip) * math.sqrt(2.0 / (math.pi * variance))
    _write(found, model.C, 0.0, pull, 1.0)
    return True


@variant(means.fill_means, Perceptron, ROUNDED_PART)
def _perceptron(law, model, output_variance, flip, found, progress):
    """See `means.fill_means`; the weights are (a / sqrt(2 pi C_11), -s w / sqrt(2 pi C_22))."""
    variance = _label_variance(model, output_variance)
    theta = acos(_cosine(model, variance))
    own = _sign(model.c[0]) / math.sqrt(2.0 * math.pi * model.C[0, 0])
    pull = _sign(model.c[1]) * (1.0 - 2.0 * flip) / math.sqrt(2.0 * math.pi * variance)
    wrong = (1.0 - flip) * theta + flip * (math.pi - theta)
    _write(found, model.C, own, pull, wrong / math.pi)
    return True


@variant(means.fill_means, AdaTron, ROUNDED_PART)
def _adatron(law, model, output_variance, flip, found, progress):
    """See `means.fill_means`; the weights are (h e, -s w |h| sqrt(C_11 / C_22) sin theta / pi)."""
    variance, h, Q = _label_variance(model, output_variance), model.c[0], model.C[0, 0]
    cosine = _cosine(model, variance)
    theta, sine = acos(cosine), math.sqrt((1.0 - cosine) * (1.0 + cosine))
    wrong = (1.0 - flip) * theta + flip * (math.pi - theta)
    size = abs(h) * math.sqrt(Q / variance) * sine / math.pi
    pull = _sign(model.c[1]) * (1.0 - 2.0 * flip) * size
    square = wrong - (1.0 - 2.0 * flip) * sine * cosine
    _write(found, model.C, h * wrong / math.pi, pull, h * h * Q * square / math.pi)
    return True


def _error(law, model):
    """Return the classification error, theta / pi."""
    return acos(_cosine(model, model.C[1, 1])) / math.pi


for _law in (Hebb, Perceptron, AdaTron):
    variant(means.error_of_task, _law, ROUNDED_PART)(_error)
