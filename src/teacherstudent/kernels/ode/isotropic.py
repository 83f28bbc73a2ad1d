"""Covariance model of independent Gaussian inputs: one group of modes, whose state is y = (Q, R, h).

With covariance 1 of the inputs the overlaps are the covariances of the fields:

    C_kl = (1 + s^2) Q_kl,   C_km = R_km,   C_mn = T_mn,

s the standard deviation of the noise on the student's inputs. The equations of motion are those of Saad &
Solla 1995, Phys. Rev. E 52, 4225; with label noise and trained readouts of Goldt et al. 2019; with several
teachers of Lee et al. 2021.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.ode import models
from teacherstudent.kernels.ode.forms import form
from teacherstudent.kernels.ode.state import Layout, at_h, at_Q, at_R, layout_of, unpack


def views_of_values(model) -> dict[str, np.ndarray]:
    """Return c, C and B of a model of eight runs, whose covariances are views of `values`."""
    (K, columns), D = model.drift.shape[:2], len(model.c)
    views = parts(model.values.T, K, D - K, columns - K)
    arrays = (part.transpose(*range(1, part.ndim), 0) for part in views)
    return dict(zip(("c", "C", "B"), arrays, strict=True))


@form(numbers=("power", "factor", "fixed"), work=("drift", "values"), views=views_of_values)
class Isotropic(NamedTuple):
    """The model while one teacher is active, with work space.

    All covariances are values = fixed + factor * y[source], flat: one loop in place of many short ones, each
    of which would cost as much. c, C and B are views of `values`. One factor is with the noise on the
    student's inputs, the other one without.
    """

    c: np.ndarray  # (D,) signed readouts (h, -v)
    C: np.ndarray  # (D, D) covariance of the error units
    B: np.ndarray  # (D, K + F) covariance of the error units with the inputs along all weights
    drift: np.ndarray  # (K, K + F) < d g'(x_i) z > for the same projections z
    layout: Layout
    first: int  # column in R of the first unit of the active teacher
    power: float  # variance 1 + s^2 of the inputs that the student sees
    source: np.ndarray  # (D (1 + D + K + F),) unsigned: one that might be negative costs a comparison
    factor: np.ndarray  # (2, D (1 + D + K + F)): with noise, clean
    fixed: np.ndarray  # (D (1 + D + K + F),)
    values: np.ndarray  # the same shape


def isotropic(K: int, H: int, T: np.ndarray, v: np.ndarray, first: int, head: int, power: float) -> Isotropic:
    """Describe the covariances while one teacher is active.

    Parameters
    ----------
    K, H : int
        Numbers of student units and of heads.
    T : (..., F, F) array
        Overlaps of the units of all teachers.
    v : (..., M) array
        Readouts of the active teacher.
    first : int
        Column in R of its first unit.
    head : int
        Row of h that is trained on it.
    power : float or (...) array
        Variance of the inputs of the student, 1 + s^2 >= 1 with s the standard deviation of their noise.

    Returns
    -------
    Isotropic
        Leading axes are those of several runs, which have equal sizes; work space is that of one run.
    """
    lead, M, F, own = v.shape[:-1], v.shape[-1], T.shape[-1], slice(first, first + v.shape[-1])
    layout, size = layout_of(K, F, H), (K + M) * (1 + K + M + K + F)
    Q, R, h = unpack(np.arange(layout.size), layout)
    source, values = np.zeros(size), np.zeros(size)
    fixed, factors = np.zeros((*lead, size)), np.zeros((*lead, 2, size))

    c, C, B = parts(source, K, M, F)
    c[:K], C[:K, :K], B[:K, :K], B[:K, K:] = h[head], Q, Q, R
    C[:K, K:], C[K:, :K], B[K:, :K] = R[:, own], R[:, own].T, R[:, own].T
    variances = np.stack(np.broadcast_arrays(power, 1.0), axis=-1)[..., None, None]
    c, C, B = parts(factors, K, M, F)
    c[..., :K], C[..., :K, :K], B[..., :K, :] = 1.0, variances, variances
    C[..., :K, K:], C[..., K:, :K], B[..., K:, :K] = 1.0, 1.0, 1.0
    c, C, B = parts(fixed, K, M, F)
    c[..., K:], C[..., K:, K:], B[..., K:, K:] = -v, T[..., own, own], T[..., own, :]
    drift, views = np.zeros((K, K + F)), parts(values, K, M, F)
    return Isotropic(*views, drift, layout, first, power, source.astype(np.uint64), factors, fixed, values)


class Fields(NamedTuple):
    """Covariances at states, with leading axes (...)."""

    c: np.ndarray  # (..., D) as in `Isotropic`
    C: np.ndarray  # (..., D, D)
    B: np.ndarray  # (..., D, K + F)


def fields_at(model: Isotropic, y: np.ndarray, clean: bool = False, constant: float = 1.0) -> Fields:
    """Return the covariances at states, or their changes in directions, without changing the work space.

    Parameters
    ----------
    model : Isotropic
        The model while one teacher is active.
    y : (..., size) array
        States, or directions.
    clean : bool
        Whether to leave out the noise on the student's inputs.
    constant : float
        1 for states; 0 for directions, along which the covariances of the teachers do not change.

    Returns
    -------
    Fields
    """
    D, K, F = len(model.c), model.layout.K, model.layout.F
    values = constant * model.fixed + model.factor[int(clean)] * y[..., model.source]
    return Fields(*map(np.ascontiguousarray, parts(values, K, D - K, F)))


def parts(flat: np.ndarray, K: int, M: int, F: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return views of c, C and B in flat arrays.

    Parameters
    ----------
    flat : (..., size) array
        Readouts and covariances, with size D (1 + D + K + F) and D = K + M.
    K, M : int
        Numbers of units of the student and of the active teacher.
    F : int
        Number of columns of R.

    Returns
    -------
    tuple of arrays (..., D), (..., D, D) and (..., D, K + F)
    """
    D, lead = K + M, flat.shape[:-1]
    c, C, B = flat[..., :D], flat[..., D : D + D * D], flat[..., D + D * D :]
    return c, C.reshape(*lead, D, D), B.reshape(*lead, D, K + F)


@variant(models.covariances, Isotropic, inline=True)
def _covariances(model, y, clean):
    """Fill c, C and B from the state, with or without the noise on the student's inputs."""
    row = 1 if clean else 0
    for e in range(len(model.values)):
        model.values[e] = fma(model.factor[row, e], y[model.source[e]], model.fixed[e])


@variant(models.motion, Isotropic, inline=True)
def _motion(model, y, rates, means, dy):
    """Write the derivative of the state from the means.

    dR_ib = -eta h_i <d g'_i x_b> - decay R_ib,
    dQ_ik = -eta (h_i <d g'_i x_k> + i <-> k) + (eta^2 / batch) (1 + s^2) h_i h_k <d^2 g'_i g'_k>
            - 2 decay Q_ik,
    dh_i = -eta_h <d g_i> - decay_h h_i,

    and 0 for the other heads. Saad & Solla 1995; Goldt et al. 2019; Lee et al. 2021.
    """
    fill_drift(means.weights, model.B, model.drift)
    _move_features(y, model, rates, means.power, dy)
    models.move_readouts(y, at_h(model.layout, 0, 0), rates, means.output, dy)


@variant(models.record, Isotropic, inline=True)
def _record(model, y, row):
    """Record the state as it is."""
    for e in range(len(row)):
        row[e] = y[e]


@inlined
def fill_drift(weights, B, drift):
    """Write drift = weights B.

    Parameters
    ----------
    weights : (K, D) array
        As in `models.Means`.
    B : (D, n) array
        Covariances of the error units with n projections of the inputs.
    drift : (K, n) array
        Written.
    """
    for i in range(drift.shape[0]):
        for b in range(drift.shape[1]):
            drift[i, b] = 0.0
        for a in range(len(B)):
            weight = weights[i, a]
            for b in range(drift.shape[1]):
                drift[i, b] = fma(weight, B[a, b], drift[i, b])


@inlined
def _move_features(y, model, rates, power, dy):
    """Write the derivatives of Q and R."""
    layout, h, drift = model.layout, model.c, model.drift
    K, F = drift.shape[0], drift.shape[1] - drift.shape[0]
    noise = model.power / rates.batch
    for i in range(K):
        eta_i, decay_i = rates.eta * rates.moving[i] * h[i], rates.decay * rates.moving[i]
        for b in range(F):
            ib = at_R(layout, i, b)
            dy[ib] = fma(-eta_i, drift[i, K + b], -decay_i * y[ib])
        for k in range(i, K):
            eta_k, decay_k = rates.eta * rates.moving[k] * h[k], rates.decay * rates.moving[k]
            gradient = fma(eta_i, drift[i, k], eta_k * drift[k, i])
            ik, ki = at_Q(layout, i, k), at_Q(layout, k, i)
            change = fma(noise * eta_i * eta_k, power[i, k], fma(-(decay_i + decay_k), y[ik], -gradient))
            dy[ik], dy[ki] = change, change
