"""Labels that are signs of the output of the teacher, possibly flipped, and their losses.

The label is y = 1 where sum_m v_m g(rho_m) + sigma zeta is above 0, and -1 elsewhere, also at 0. It changes
its sign where a further normal number is below a quantile.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.columns import subtract
from teacherstudent.kernels.chain.law import differentiate, label, label_numbers
from teacherstudent.kernels.chain.squared_error import add_output
from teacherstudent.kernels.compile.flags import BY_COLUMN, by_column
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.losses import HEBBIAN, HINGE, LOGISTIC, SQUARED_HINGE


class Signs(NamedTuple):
    """Labels 1 and -1."""

    flip: np.ndarray  # (C,) standard normal quantile of the probability of a flip; -inf: never


class ClassLoss(NamedTuple):
    """A loss for labels 1 and -1, the same for all chains."""

    code: int  # see `maths.losses`
    margin: float  # of the losses with a margin


@variant(label_numbers, Signs, BY_COLUMN)
def _two(labels):
    """Two numbers: that of the flip, and zeta."""
    return 2


@variant(label, Signs, BY_COLUMN)
def _label(labels, shape, constants, buffers, b, z, numbers):
    """Implement `law.label`."""
    add_output(shape, constants, buffers, b, z, numbers[1])
    _take_sign(buffers.target[b], labels.flip, numbers[0])


@by_column
def _take_sign(target, flip, number):
    """Replace outputs by labels, all (C,)."""
    for c in range(len(target)):
        y = 1.0 if target[c] > 0.0 else -1.0
        target[c] = -y if number[c] < flip[c] else y


@variant(differentiate, ClassLoss, BY_COLUMN)
def _differentiate(loss, error, target):
    """Implement `law.differentiate`."""
    if loss.code == LOGISTIC:
        _logistic(error, target)
    elif loss.code == HINGE:
        _hinge(error, target, loss.margin)
    elif loss.code == SQUARED_HINGE:
        _squared_hinge(error, target, loss.margin)
    elif loss.code == HEBBIAN:
        _hebbian(error, target)
    else:
        subtract(error, target)


# Outputs that are not finite give errors that are not finite, also where the derivative is bounded.


@by_column
def _logistic(error, y):
    """Replace outputs phi by -y / (1 + exp(y phi))."""
    for c in range(len(error)):
        phi = error[c]
        small = math.exp(-abs(phi))  # at most 1: it cannot overflow
        share = (small if y[c] * phi > 0.0 else 1.0) / (1.0 + small)
        error[c] = -y[c] * share if abs(phi) < np.inf else np.nan


@by_column
def _hinge(error, y, margin):
    """Replace outputs phi by -y where y phi is below the margin, and by 0 elsewhere."""
    for c in range(len(error)):
        phi = error[c]
        error[c] = (-y[c] if y[c] * phi < margin else 0.0) if abs(phi) < np.inf else np.nan


@by_column
def _squared_hinge(error, y, margin):
    """Replace outputs phi by -y (margin - y phi) where y phi is below the margin, and by 0 elsewhere."""
    for c in range(len(error)):
        phi = error[c]
        missing = margin - y[c] * phi
        error[c] = (-y[c] * missing if missing > 0.0 else 0.0) if abs(phi) < np.inf else np.nan


@by_column
def _hebbian(error, y):
    """Replace outputs by -y."""
    for c in range(len(error)):
        error[c] = -y[c] if abs(error[c]) < np.inf else np.nan
