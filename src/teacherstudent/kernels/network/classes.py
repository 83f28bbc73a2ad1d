"""The law of classes: labels that are signs of the output of the teacher, possibly flipped, and their losses.

The label is y = 1 where sum_m v_m g(rho_m) + sigma zeta is above 0, and -1 elsewhere, also at 0. A flip, with
its own probability, changes its sign. The error is the derivative of the loss with respect to the output of
the student.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import exact
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.losses import HEBBIAN, HINGE, LOGISTIC, SQUARED_HINGE
from teacherstudent.kernels.maths.philox import LOW_BITS, UNIT_53, normal, random_bits
from teacherstudent.kernels.network.constants import LABEL_NOISE, STREAMS
from teacherstudent.kernels.network.law import descend, learn, learn_from_labels, output, with_parameters

FLIP = 1  # block of the random numbers of a label; the normal of the noise is in block 0


class Classes(NamedTuple):
    """Labels 1 and -1; given labels contain noise and flips."""

    output_noise: float  # sigma, standard deviation of the noise on the output of the teacher
    flip: float  # probability of a flip
    loss: int  # code of the loss, see `maths.losses`
    margin: float  # of the losses with a margin


@exact
def class_of(value, flip, key0, key1, step, stream):
    """Return the label of an output of the teacher.

    Parameters
    ----------
    value : float
        The output, with its noise.
    flip : float
        Probability of a flip.
    key0, key1, step, stream
        As in `philox.random_words`; the stream is that of the noise on the label.

    Returns
    -------
    float
        1 or -1.
    """
    label = 1.0 if value > 0.0 else -1.0
    if flip > 0.0:
        bits, _ = random_bits(FLIP, key0, key1, step, stream)
        if UNIT_53 * np.float64(bits >> LOW_BITS) < flip:
            label = -label
    return label


@exact
def derivative(loss, margin, phi, y):
    """Return the derivative of a loss with respect to the output.

    squared: phi - y; logistic: -y / (1 + exp(y phi)); hinge: -y where y phi is below the margin, else 0;
    squared_hinge: -y (margin - y phi) there; hebbian: -y.

    Parameters
    ----------
    loss : int
        Code of the loss.
    margin : float
        Margin of hinge and squared_hinge, >= 0.
    phi : float
        Output of the student.
    y : float
        Label, 1 or -1.

    Returns
    -------
    float
    """
    agreement = y * phi
    if loss == LOGISTIC:
        small = math.exp(-abs(agreement))  # at most 1: it cannot overflow
        return -y * (small if agreement > 0.0 else 1.0) / (1.0 + small)
    if loss == HINGE:
        return -y if agreement < margin else 0.0
    if loss == SQUARED_HINGE:
        return -y * max(0.0, margin - agreement)
    if loss == HEBBIAN:
        return -y
    return phi - y


@variant(learn, Classes)
def _from_fields(law, h, p, buffers, key0, key1, step):
    """Implement `law.learn`."""
    for b in range(p.batch):
        phi = output(buffers, p.student, h, buffers.student[b], p.N)
        if not math.isfinite(phi):
            return False
        value, stream = output(buffers, p.teacher, p.v, buffers.teacher[b], p.N), STREAMS * b + LABEL_NOISE
        if law.output_noise > 0.0:
            value += law.output_noise * normal(key0, key1, step, stream)
        y = class_of(value, law.flip, key0, key1, step, stream)
        buffers.errors[b] = derivative(law.loss, law.margin, phi, y)
    descend(buffers, h, p)
    return True


@variant(learn_from_labels, Classes)
def _from_labels(law, h, p, buffers, labels, chosen):
    """Implement `law.learn_from_labels`."""
    for b in range(p.batch):
        phi = output(buffers, p.student, h, buffers.student[b], p.N)
        if not math.isfinite(phi):
            return False
        buffers.errors[b] = derivative(law.loss, law.margin, phi, labels[chosen[b]])
    descend(buffers, h, p)
    return True


@variant(with_parameters, Classes)
def _with_parameters(law, numbers):
    """Implement `law.with_parameters`; all tasks have the same loss."""
    return Classes(numbers[0], numbers[1], law.loss, law.margin)
