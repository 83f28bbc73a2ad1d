"""Covariance models: what the equations need to know about the inputs.

In every model the covariances of all fields are linear in the state, and the state moves linearly once the
means over the fields are known. A model is a NamedTuple type with the fields

    c  (D,)    signed readouts (h, -v) of the error units: the K student units, then the active teacher's
    C  (D, D)  their covariance

and three functions of its own, registered in the module that defines it. `covariances(y, model)` fills c and
C from the state y. `motion(y, model, rates, means, dy)` writes the derivative of the state from `Means`.
`record(y, model, row)` writes what is recorded of a state to a row. The functions here stand for those of the
type of `model`, which is known when they are compiled; they can be called from compiled code only.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba.core import types
from numba.extending import overload


class Means(NamedTuple):
    """Means over the fields, d the error (student - noisy teacher), as the equations of motion use them."""

    output: np.ndarray  # (K,) < d g(x_i) >
    weights: np.ndarray  # (K, D) < d g'(x_i) z > = sum_a weights[i, a] < x_a z > for any Gaussian z
    power: np.ndarray  # (K, K) < d^2 g'(x_i) g'(x_k) > for i <= k


class Rates(NamedTuple):
    """How the student learns while one teacher is active; t = steps / N."""

    moving: np.ndarray  # (K,) 1, or 0 for a frozen unit
    eta: float  # learning rate of the first layer, and of the readouts; 0 where a layer is not trained
    eta_h: float
    decay: float  # weight decay of the first layer, and of the readouts
    decay_h: float
    batch: int  # samples of a step
    head: int  # row of h that is trained


def covariances(y, model):
    """Fill the signed readouts c and the covariance C of a model from a state."""
    raise NotImplementedError("only compiled code chooses the covariance model")


def motion(y, model, rates, means, dy):
    """Write the derivative of a state, given the means over the fields.

    Parameters
    ----------
    y : (n,) array
        State, in the layout of the model.
    model : NamedTuple
        Covariance model, whose c and C are those of the state.
    rates : Rates
        How the student learns.
    means : Means
        Means over the fields.
    dy : (n,) array
        Written: the derivative, t = steps / N.
    """
    raise NotImplementedError("only compiled code chooses the covariance model")


def record(y, model, row):
    """Write what is recorded of a state to a row.

    Parameters
    ----------
    y : (n,) array
        State, in the layout of the model.
    model : NamedTuple
        Covariance model.
    row : (m,) array
        Written: the order parameters (Q, R, h) in the layout of `state`.
    """
    raise NotImplementedError("only compiled code chooses the covariance model")


def covariance_model(
    of_type: type, covariances_of: Callable, motion_of: Callable, record_of: Callable
) -> None:
    """Register the functions of a covariance model, plain Python that is compiled into its callers.

    Parameters
    ----------
    of_type : type
        NamedTuple type of the model; subclasses are other models.
    covariances_of, motion_of, record_of : callable
        Functions (y, model), (y, model, rates, means, dy) and (y, model, row).
    """

    def chosen(model):
        return isinstance(model, types.BaseNamedTuple) and model.instance_class is of_type

    @overload(covariances, inline="always")
    def choose_covariances(y, model):
        return covariances_of if chosen(model) else None

    @overload(motion, inline="always")
    def choose_motion(y, model, rates, means, dy):
        return motion_of if chosen(model) else None

    @overload(record, inline="always")
    def choose_record(y, model, row):
        return record_of if chosen(model) else None
