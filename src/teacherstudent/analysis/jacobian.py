"""The exact derivatives of the equations of motion in given directions, by the chain rule.

For the covariance model `kernels.ode.isotropic`, with its symbols and shapes: K student units, D error units
with signed readouts c and covariance C, and covariances B of the error units with the projections of the
inputs on all K + F weights. The first axis of arrays of changes counts n directions. Under the tilt of
student units i and k, with p the inverse of the 2 x 2 matrix 1 + C of these units,

    S = C - C_F p C_F',   dS = A dC A',   A = 1 - C_F p E_F',   F = (i, k),

where E_F has the columns i and k of the unit matrix. If G (D, D) is the derivative of
sum_ab c_a c_b I2(S_aa, S_ab, S_bb) with respect to S, its change is tr(A' G A dC).
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.maths.slopes import Tables, tables
from teacherstudent.kernels.ode.equations import Constants
from teacherstudent.kernels.ode.isotropic import Fields, fields_at
from teacherstudent.kernels.ode.state import unpack


class Means(NamedTuple):
    """Means over the inputs, with d the error (student minus noisy teacher).

    Arrays of changes have a first axis of n directions.
    """

    output: np.ndarray  # (K,) < d g(x_i) >
    drift: np.ndarray  # (K, K + F) < d g'(x_i) z > for all projections z
    power: np.ndarray  # (K, K) < d^2 g'(x_i) g'(x_k) >


def changes_of_rates(p: Constants, y: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the derivatives J dy of the rates of change of a state in n directions.

    The rates f(y) are those of `kernels.ode.isotropic`, J is their Jacobian.

    Parameters
    ----------
    p : Constants
        The equations, with the model `Isotropic`.
    y : (size,) array
        State.
    directions : (n, size) array
        Changes dy of the state.

    Returns
    -------
    (n, size) array
        Changes of dy/dt, t = steps / N.
    """
    r, layout, K = p.rates, p.model.layout, p.model.layout.K
    x, dx = fields_at(p.model, y), fields_at(p.model, directions, constant=0.0)
    t = tables(p.law.student, p.law.teacher, K, x.C)
    mean, dmean = _means(p, x, t), _changes_of_means(p, x, dx, t)
    _, _, h = unpack(y, layout)
    dQ, dR, dh = unpack(directions, layout)
    pull, dpull = r.eta * r.moving * h[r.head], r.eta * r.moving * dh[:, r.head]
    flow = dpull[:, :, None] * mean.drift + pull[:, None] * dmean.drift
    pairs = dpull[:, :, None] * pull + pull[:, None] * dpull[:, None]
    spread = p.model.power / r.batch * (pairs * mean.power + np.outer(pull, pull) * dmean.power)
    decay = r.decay * r.moving[:, None]
    changes = np.zeros_like(directions)
    Q, R, heads = unpack(changes, layout)
    Q[...] = spread - flow[..., :K] - flow[..., :K].swapaxes(1, 2) - (decay + decay.T) * dQ
    R[...] = -flow[..., K:] - decay * dR
    heads[:, r.head] = -r.eta_h * dmean.output - r.decay_h * dh[:, r.head]
    return changes


def changes_of_error(p: Constants, y: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the derivatives of the active teacher's generalisation error in n directions.

    Parameters
    ----------
    p : Constants
        The equations, with the model `Isotropic`.
    y : (size,) array
        State.
    directions : (n, size) array
        Changes dy of the state.

    Returns
    -------
    (n,) array
        Changes of eps = 1/2 sum_ab c_a c_b I2(C_aa, C_ab, C_bb), on clean inputs.
    """
    x, dx = fields_at(p.model, y, clean=True), fields_at(p.model, directions, True, constant=0.0)
    K = p.model.layout.K
    t = tables(p.law.student, p.law.teacher, K, x.C)
    both = np.concatenate([0.5 * x.c[:K], x.c[K:]])  # student and teacher occur twice in the sum
    return dx.c[:, :K] @ (t.I2 @ x.c) + _changes_of_pairs(t.I2_slopes, dx.C) @ both @ x.c[:K]


def _means(p: Constants, x: Fields, t: Tables) -> Means:
    """Return the means at a state, with < d g'_i z > = sum_a c_a J2(i, a) (C_az - q_i C_ia C_iz)."""
    K = len(t.J2)
    weights = x.c * t.J2
    pull = t.tilt * np.sum(weights * x.C[:K], axis=1)
    square = t.tilted_I2 @ x.c @ x.c + p.output_variance
    return Means(t.I2 @ x.c, weights @ x.B - pull[:, None] * x.B[:K], t.J2[:, :K] * square)


def _changes_of_means(p: Constants, x: Fields, dx: Fields, t: Tables) -> Means:
    """Return the changes of the means in n directions."""
    K = len(t.J2)
    half = np.array([0.5, 1.0, 0.5])[:, None, None]
    dJ2 = -t.J2 * _changes_of_pairs(half * t.precision, dx.C)
    square = t.tilted_I2 @ x.c @ x.c + p.output_variance
    return Means(
        output=dx.c @ t.I2.T + _changes_of_pairs(t.I2_slopes, dx.C) @ x.c,
        drift=_changes_of_drift(x, dx, t, dJ2),
        power=dJ2[..., :K] * square + t.J2[:, :K] * _changes_of_squares(x, dx, t),
    )


def _changes_of_pairs(slopes: np.ndarray, dC: np.ndarray) -> np.ndarray:
    """Return the changes (n, K, D) of a function of c_ii, c_ia and c_aa with slopes (3, K, D)."""
    K, variances = slopes.shape[1], np.diagonal(dC, axis1=1, axis2=2)
    return slopes[0] * variances[:, :K, None] + slopes[1] * dC[:, :K] + slopes[2] * variances[:, None]


def _changes_of_drift(x: Fields, dx: Fields, t: Tables, dJ2: np.ndarray) -> np.ndarray:
    """Return the changes (n, K, K + F) of the drift; the tilt q = 1 / (1 + C_ii) changes by -q^2 dC_ii."""
    K = len(t.J2)
    weights, dweights = x.c * t.J2, dx.c[:, None] * t.J2 + x.c * dJ2
    along = np.sum(weights * x.C[:K], axis=1)
    dalong = np.sum(dweights * x.C[:K] + weights * dx.C[:, :K], axis=2)
    dtilt = -(t.tilt**2) * np.diagonal(dx.C, axis1=1, axis2=2)[:, :K]
    pull, dpull = t.tilt * along, t.tilt * dalong + dtilt * along
    return dweights @ x.B + weights @ dx.B - dpull[..., None] * x.B[:K] - pull[:, None] * dx.B[:, :K]


def _changes_of_squares(x: Fields, dx: Fields, t: Tables) -> np.ndarray:
    """Return the changes (n, K, K) of sum_ab c_a c_b I2(S_aa, S_ab, S_bb) under the tilt of i and k."""
    K, D = t.J2.shape
    G = np.outer(x.c, x.c) * t.tilted_slopes
    diagonal = G[0].sum(axis=-1) + G[2].sum(axis=-2)
    G = G[1] + diagonal[..., None] * np.eye(D)
    for i, k in np.ndindex(K, K):
        A, p = np.eye(D), t.precision[:, i, k]
        A[:, i] -= p[0] * x.C[:, i] + p[1] * x.C[:, k]
        A[:, k] -= p[1] * x.C[:, i] + p[2] * x.C[:, k]
        G[i, k] = A.T @ G[i, k] @ A
    return 2.0 * np.einsum("na,ika->nik", dx.c, t.tilted_I2 @ x.c) + np.tensordot(dx.C, G, ([1, 2], [2, 3]))
