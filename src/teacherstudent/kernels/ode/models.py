"""Covariance models: what the equations need to know about the inputs.

In every model the covariances of all fields are linear in the state, and the state moves linearly once the
means over the fields are known. A model is a NamedTuple type with the fields

    c  (D,)    signed readouts (h, -v) of the error units: the K student units, then the active teacher's
    C  (D, D)  their covariance

and one variant (`compile.variants`) of each of the three functions below, in the module that defines it.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined
from teacherstudent.kernels.compile.variants import declared
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.ode.forms import form


@form(work=("output", "weights", "power"))
class Means(NamedTuple):
    """Means over the fields, d the error (student - noisy teacher), as the equations of motion use them."""

    output: np.ndarray  # (K,) < d g(x_i) >
    weights: np.ndarray  # (K, D) < d g'(x_i) z > = sum_a weights[i, a] < x_a z > for any Gaussian z
    power: np.ndarray  # (K, K) < d^2 g'(x_i) g'(x_k) > for i <= k


def means_for(K: int, D: int) -> Means:
    """Allocate the means for K student units and D error units, which include them."""
    return Means(np.zeros(K), np.zeros((K, D)), np.zeros((K, K)))


@form(numbers=("moving", "eta", "eta_h", "decay", "decay_h"), zeros=("decay",))
class Rates(NamedTuple):
    """How the student learns while one teacher is active; t = steps / N."""

    moving: np.ndarray  # (K,) 1, or 0 for a frozen unit
    eta: float  # learning rate of the first layer, and of the readouts; 0 where a layer is not trained
    eta_h: float
    decay: float  # weight decay of the first layer, and of the readouts
    decay_h: float
    batch: int  # samples of a step
    head: int  # row of h that is trained


@declared
def covariances(model, y, clean):
    """Fill the signed readouts c and the covariance C of a model from a state; both are linear in it.

    Parameters
    ----------
    model : NamedTuple
        Covariance model, changed in place; its type chooses the variant.
    y : (n,) array
        State, in the layout of the model.
    clean : bool
        Whether to leave out the noise on the student's inputs, as in the generalisation error.
    """


@declared
def motion(model, y, rates, means, dy):
    """Write the derivative of a state, given the means over the fields; it is linear in the state.

    Parameters
    ----------
    model : NamedTuple
        Covariance model, whose c and C are those of the state.
    y : (n,) array
        State, in the layout of the model.
    rates : Rates
        How the student learns.
    means : Means
        Means over the fields.
    dy : (n,) array
        Written: the derivative, t = steps / N.
    """


@declared
def record(model, y, row):
    """Write what is recorded of a state to a row.

    Parameters
    ----------
    model : NamedTuple
        Covariance model.
    y : (n,) array
        State, in the layout of the model.
    row : (m,) array
        Written: the order parameters (Q, R, h) in the layout of `state`.
    """


@inlined
def move_readouts(y, first, rates, output, dy):
    """Write dh_k = -eta_h <d g_k> - decay_h h_k for the head that is trained, and 0 for the others.

    Parameters
    ----------
    y : (n,) array
        State, which ends with h (H, K).
    first : int
        Index of h[0, 0] in the state.
    rates : Rates
        How the student learns.
    output : (K,) array
        Means <d g_k>.
    dy : (n,) array
        Written from `first` on.
    """
    for e in range(first, len(y)):
        dy[e] = 0.0
    for k in range(len(output)):
        e = first + len(output) * rates.head + k
        dy[e] = fma(-rates.eta_h, output[k], -rates.decay_h * y[e])
