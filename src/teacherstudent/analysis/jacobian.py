"""The exact derivatives of the equations of motion in given directions, by the chain rule.

For the covariance model `kernels.ode.isotropic`, with its symbols and shapes: K student units, D error units
with signed readouts c and covariance C, and covariances B of the error units with the projections of the
inputs on all K + F weights. Arrays have a leading axis of V equations with equal sizes, which are computed
side by side; in arrays of changes the next axis counts n directions. Under the tilt of
student units i and k, with p the inverse of the 2 x 2 matrix 1 + C of these units,

    S = C - C_F p C_F',   dS = A dC A',   A = 1 - C_F p E_F',   F = (i, k),

where E_F has the columns i and k of the unit matrix. If G (D, D) is the derivative of
sum_ab c_a c_b I2(S_aa, S_ab, S_bb) with respect to S, its change is tr(A' G A dC).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.maths.slopes import Tables, tables
from teacherstudent.kernels.ode.equations import Constants
from teacherstudent.kernels.ode.isotropic import Fields, fields_at
from teacherstudent.kernels.ode.state import unpack


class Means(NamedTuple):
    """Means over the inputs, with d the error (student minus noisy teacher).

    Arrays of changes have an axis of n directions after the first one.
    """

    output: np.ndarray  # (V, K) < d g(x_i) >
    drift: np.ndarray  # (V, K, K + F) < d g'(x_i) z > for all projections z
    power: np.ndarray  # (V, K, K) < d^2 g'(x_i) g'(x_k) >


def changes_of_rates(equations: Sequence[Constants], y: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the derivatives J dy of the rates of change of states in n directions.

    The rates f(y) are those of `kernels.ode.isotropic`, J is their Jacobian.

    Parameters
    ----------
    equations : sequence of Constants
        V equations with the model `Isotropic`, of equal sizes and with the same trained head.
    y : (V, size) array
        A state for each of them.
    directions : (n, size) array
        Changes dy of the states.

    Returns
    -------
    (V, n, size) array
        Changes of dy/dt, t = steps / N.
    """
    layout, head = equations[0].model.layout, equations[0].rates.head
    K = layout.K
    x, dx, t = _at(equations, y, directions)
    noise = np.array([p.output_variance for p in equations])
    mean, dmean = _means(noise, x, t), _changes_of_means(noise, x, dx, t)
    _, _, h = unpack(y, layout)
    dQ, dR, dh = unpack(directions, layout)
    moving = np.array([p.rates.moving for p in equations])
    eta, eta_h, decay, decay_h, power = (
        np.array([number(p) for p in equations])
        for number in (
            lambda p: p.rates.eta,
            lambda p: p.rates.eta_h,
            lambda p: p.rates.decay,
            lambda p: p.rates.decay_h,
            lambda p: p.model.power / p.rates.batch,
        )
    )
    pull = eta[:, None] * moving * h[:, head]
    dpull = (eta[:, None] * moving)[:, None] * dh[:, head]
    flow = dpull[..., None] * mean.drift[:, None] + pull[:, None, :, None] * dmean.drift
    pairs = dpull[..., None] * pull[:, None, None] + pull[:, None, :, None] * dpull[..., None, :]
    squares = pull[:, :, None] * pull[:, None]
    spread = power[:, None, None, None] * (pairs * mean.power[:, None] + squares[:, None] * dmean.power)
    decay = (decay[:, None] * moving)[:, None, :, None]
    changes = np.zeros((len(y), *directions.shape))
    Q, R, heads = unpack(changes, layout)
    Q[...] = spread - flow[..., :K] - flow[..., :K].swapaxes(-1, -2) - (decay + decay.swapaxes(-1, -2)) * dQ
    R[...] = -flow[..., K:] - decay * dR
    heads[:, :, head] = -eta_h[:, None, None] * dmean.output - decay_h[:, None, None] * dh[:, head]
    return changes


def changes_of_error(equations: Sequence[Constants], y: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the derivatives of the active teacher's generalisation error in n directions.

    Parameters
    ----------
    equations : sequence of Constants
        V equations with the model `Isotropic`, of equal sizes.
    y : (V, size) array
        A state for each of them.
    directions : (n, size) array
        Changes dy of the states.

    Returns
    -------
    (V, n) array
        Changes of eps = 1/2 sum_ab c_a c_b I2(C_aa, C_ab, C_bb), on clean inputs.
    """
    x, dx, t = _at(equations, y, directions, clean=True)
    K = t.J2.shape[1]
    both = np.concatenate(
        [0.5 * x.c[:, :K], x.c[:, K:]], axis=1
    )  # student and teacher occur twice in the sum
    changes = _changes_of_pairs(t.I2_slopes, dx.C)
    along = _applied(_applied(changes, both[:, None]), x.c[:, :K])
    return _applied(dx.c[..., :K], _applied(t.I2, x.c)) + along


def _at(
    equations: Sequence[Constants], y: np.ndarray, directions: np.ndarray, clean: bool = False
) -> tuple[Fields, Fields, Tables]:
    """Return the covariances at states, their changes in directions, and the tables of integrals."""
    K = equations[0].model.layout.K
    points = [fields_at(p.model, state, clean) for p, state in zip(equations, y, strict=True)]
    changes = [fields_at(p.model, directions, clean, constant=0.0) for p in equations]
    found = [tables(p.law.student, p.law.teacher, K, x.C) for p, x in zip(equations, points, strict=True)]
    x, dx = (Fields(*map(np.stack, zip(*parts, strict=True))) for parts in (points, changes))
    return x, dx, Tables(*map(np.stack, zip(*found, strict=True)))


def _applied(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the products (..., m) of matrices (..., m, k) and vectors (..., k), each as if it were alone."""
    return (matrices @ vectors[..., None])[..., 0]


def _means(noise: np.ndarray, x: Fields, t: Tables) -> Means:
    """Return the means at states, with < d g'_i z > = sum_a c_a J2(i, a) (C_az - q_i C_ia C_iz)."""
    K = t.J2.shape[1]
    weights = x.c[:, None] * t.J2
    pull = t.tilt * np.sum(weights * x.C[:, :K], axis=-1)
    drift = weights @ x.B - pull[..., None] * x.B[:, :K]
    return Means(_applied(t.I2, x.c), drift, t.J2[..., :K] * _squares(noise, x, t))


def _squares(noise: np.ndarray, x: Fields, t: Tables) -> np.ndarray:
    """Return the means (V, K, K) of d^2 under the tilt of student units i and k."""
    c = x.c[:, None, None]
    return _applied(_applied(t.tilted_I2, c), c[:, :, 0]) + noise[:, None, None]


def _changes_of_means(noise: np.ndarray, x: Fields, dx: Fields, t: Tables) -> Means:
    """Return the changes of the means in n directions."""
    K = t.J2.shape[1]
    half = np.array([0.5, 1.0, 0.5])[:, None, None]
    dJ2 = -t.J2[:, None] * _changes_of_pairs(half * t.precision, dx.C)
    output = dx.c @ t.I2.swapaxes(-1, -2) + _applied(_changes_of_pairs(t.I2_slopes, dx.C), x.c[:, None])
    power = dJ2[..., :K] * _squares(noise, x, t)[:, None] + t.J2[:, None, :, :K] * _changes_of_squares(
        x, dx, t
    )
    return Means(output, _changes_of_drift(x, dx, t, dJ2), power)


def _changes_of_pairs(slopes: np.ndarray, dC: np.ndarray) -> np.ndarray:
    """Return the changes (V, n, K, D) of a function of c_ii, c_ia and c_aa with slopes (V, 3, K, D)."""
    K, variances = slopes.shape[2], np.diagonal(dC, axis1=-2, axis2=-1)
    own, mixed, other = (slopes[:, None, index] for index in range(3))
    return own * variances[..., :K, None] + mixed * dC[..., :K, :] + other * variances[..., None, :]


def _changes_of_drift(x: Fields, dx: Fields, t: Tables, dJ2: np.ndarray) -> np.ndarray:
    """Return the changes (V, n, K, K + F) of the drift; the tilt q = 1 / (1 + C_ii) changes by -q^2 dC_ii."""
    K = t.J2.shape[1]
    weights = x.c[:, None] * t.J2
    dweights = dx.c[:, :, None] * t.J2[:, None] + x.c[:, None, None] * dJ2
    along = np.sum(weights * x.C[:, :K], axis=-1)
    dalong = np.sum(dweights * x.C[:, None, :K] + weights[:, None] * dx.C[..., :K, :], axis=-1)
    dtilt = -(t.tilt**2)[:, None] * np.diagonal(dx.C, axis1=-2, axis2=-1)[..., :K]
    pull, dpull = t.tilt * along, t.tilt[:, None] * dalong + dtilt * along[:, None]
    changes = dweights @ x.B[:, None] + weights[:, None] @ dx.B - dpull[..., None] * x.B[:, None, :K]
    return changes - pull[:, None, :, None] * dx.B[..., :K, :]


def _changes_of_squares(x: Fields, dx: Fields, t: Tables) -> np.ndarray:
    """Return the changes (V, n, K, K) of sum_ab c_a c_b I2(S_aa, S_ab, S_bb) under the tilt of i and k."""
    V, K, D = t.J2.shape
    pairs = x.c[:, :, None] * x.c[:, None]
    G = pairs[:, None, None, None] * t.tilted_slopes
    diagonal = G[:, 0].sum(axis=-1) + G[:, 2].sum(axis=-2)
    G = G[:, 1] + diagonal[..., None] * np.eye(D)
    for i, k in np.ndindex(K, K):
        A, p = np.repeat(np.eye(D)[None], V, axis=0), t.precision[:, :, i, k, None]
        A[..., i] -= p[:, 0] * x.C[..., i] + p[:, 1] * x.C[..., k]
        A[..., k] -= p[:, 1] * x.C[..., i] + p[:, 2] * x.C[..., k]
        G[:, i, k] = A.swapaxes(-1, -2) @ G[:, i, k] @ A
    linear = np.einsum("vna,vika->vnik", dx.c, _applied(t.tilted_I2, x.c[:, None, None]))
    columns = np.ascontiguousarray(np.moveaxis(G.reshape(V, K * K, D * D), 1, 2))
    return 2.0 * linear + (dx.C.reshape(V, -1, D * D) @ columns).reshape(linear.shape)
