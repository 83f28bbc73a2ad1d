"""Equations of students with L hidden layers of K units: state y = (Q, R, h, U).

The first layer sees the inputs; with lambda = W x / sqrt N, a_1 = g(lambda) and a_l = g(U_l a_(l-1)) the
output is sum_k h_k a_Lk. With the error d and the derivatives s_l of the output with respect to the fields of
layer l, b = s_1, online gradient descent has the limit

    dR_kz = -eta <d b_k z> - decay R_kz,
    dQ_ik = -eta (<d b_i lambda_k> + i <-> k) + (eta^2 / batch) (1 + s^2) <d^2 b_i b_k> - 2 decay Q_ik,
    dU_l = -eta_u <d s_l a_(l-1)^T> - decay_u U_l,   dh = -eta_h <d a_L> - decay_h h,

as for two layers (Saad & Solla, Phys. Rev. E 52 (1995) 4225), since a step moves w_k along the input by a
function of the fields. The means depend on the units of a student by its type: `deep_linear`, `deep_erf`.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inlined, inner
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.variants import declared
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.models import Rates, move_readouts
from teacherstudent.kernels.ode.pauses import CALL, LEFT, UNITS_PER_NUMBER
from teacherstudent.kernels.ode.state import Layout, at_h, at_Q, at_R


class Work(NamedTuple):
    """Covariances of the D = M + K fields, those of the active teacher first, and means over them."""

    C: np.ndarray  # (D, D) covariance of the fields
    B: np.ndarray  # (D, K + F) their covariance with the inputs along all weights
    output: np.ndarray  # (K,) <d a_L>
    inner: np.ndarray  # (L - 1, K, K) <d s_l a_(l-1)^T>
    drift: np.ndarray  # (K, K + F) <d b_k z> for the inputs z along all weights
    power: np.ndarray  # (K, K) <d^2 b_i b_k>


class Layers(NamedTuple):
    """What is constant while one teacher is active, and work space."""

    units: tuple  # NamedTuple whose type gives the means: `deep_linear.Linear` or `deep_erf.Sums`
    layout: Layout  # of (Q, R, h); U (L - 1, K, K) follows
    T: np.ndarray  # (F, F) overlaps of all teachers
    v: np.ndarray  # (M,) readouts of the active teacher
    first: int  # column in R of its first unit
    power: float  # variance 1 + s^2 of the inputs that the student sees
    output_variance: float  # of the noise on the labels
    threshold: float  # the integration ends when the error falls below; 0 for never
    rates: Rates
    eta_u: float  # learning rate of the inner layers
    decay_u: float  # their weight decay
    work: Work
    progress: np.ndarray  # (2,) int64, as in `equations.Constants`


@declared
def fill_means(units, p, h, U):
    """Compute the means in `Work` from the covariances in it.

    Parameters
    ----------
    units : NamedTuple
        Units of the student; its type selects the variant.
    p : Layers
        Constants of the phase, with the work space.
    h : array (K,)
        Readouts of the trained head.
    U : array (L - 1, K, K)
        Inner weights.
    """


@declared
def error_of(units, p, h, U):
    """Return the generalisation error 1/2 <d^2> for the covariances in `Work`.

    Parameters
    ----------
    units : NamedTuple
        Units of the student; its type selects the variant.
    p : Layers
        Constants of the phase, with the work space.
    h : array (K,)
        Readouts of the trained head.
    U : array (L - 1, K, K)
        Inner weights.

    Returns
    -------
    float
    """


@declared
def margin_of(units, p, U):
    """Return a number that is negative where the means are not precise for the covariances in `Work`.

    Parameters
    ----------
    units : NamedTuple
        Units of the student; its type selects the variant.
    p : Layers
        Constants of the phase, with the work space.
    U : array (L - 1, K, K)
        Inner weights.

    Returns
    -------
    float
    """


@declared
def work_of(units):
    """Return the work of one evaluation of the means, in units of `pauses`."""


def work_for(K: int, M: int, F: int, layers: int) -> Work:
    """Allocate the work space.

    Parameters
    ----------
    K, M, F : int
        Numbers of units of the student, of the active teacher and of all teachers.
    layers : int
        Number L of hidden layers.

    Returns
    -------
    Work
        Arrays of zeros.
    """
    D = M + K
    shapes = (D, D), (D, K + F), (K,), (layers - 1, K, K), (K, K + F), (K, K)
    return Work(*map(np.zeros, shapes))


@inner
def set_covariances(p, y, clean):
    """Compute the covariances of the fields from a state.

    Parameters
    ----------
    p : Layers
        Constants of the phase; its work space is changed.
    y : array (n,)
        State.
    clean : bool
        Whether to leave out the noise on the student's inputs.
    """
    K, F, M, first, w = p.layout.K, p.layout.F, len(p.v), p.first, p.work
    variance = 1.0 if clean else p.power
    for m in range(M):
        for n in range(M):
            w.C[m, n] = p.T[first + m, first + n]
        for k in range(K):
            w.C[m, M + k] = w.C[M + k, m] = w.B[m, k] = y[at_R(p.layout, k, first + m)]
        for b in range(F):
            w.B[m, K + b] = p.T[first + m, b]
    for i in range(K):
        for k in range(K):
            w.C[M + i, M + k] = w.B[M + i, k] = variance * y[at_Q(p.layout, i, k)]
        for b in range(F):
            w.B[M + i, K + b] = variance * y[at_R(p.layout, i, b)]


@inner
def derivative(y, reference, dy):
    """Write the time derivative of a state; return False at a pause.

    Parameters
    ----------
    y : array (n,)
        State.
    reference : reference to Layers
        Everything else that the equations depend on.
    dy : array (n,)
        Written: dy/dt, t = steps / N.

    Returns
    -------
    bool
    """
    p = reference[0]
    if p.progress[LEFT] < 0:
        return False
    p.progress[LEFT] -= CALL + UNITS_PER_NUMBER * len(y) + work_of(p.units)
    layout, rates, w = p.layout, p.rates, p.work
    set_covariances(p, y, False)
    h, U = _parameters(p, y)
    fill_means(p.units, p, h, U)
    _move_features(y, p, dy)
    move_readouts(y[: layout.size], at_h(layout, 0, 0), rates, w.output, dy)
    means, moved = w.inner.reshape(-1), dy[layout.size :]
    for e in range(len(moved)):
        moved[e] = -p.eta_u * means[e] - p.decay_u * y[layout.size + e]
    return True


@inlined
def _parameters(p, y):
    """Return views of the trained head (K,) and of the inner weights (L - 1, K, K) in a state."""
    K, start = p.layout.K, at_h(p.layout, p.rates.head, 0)
    return y[start : start + K], y[p.layout.size :].reshape(p.work.inner.shape)


@inner
def _move_features(y, p, dy):
    """Write the derivatives of Q and R."""
    layout, rates, drift, power = p.layout, p.rates, p.work.drift, p.work.power
    K, F, noise = layout.K, layout.F, p.power / rates.batch
    for i in range(K):
        eta_i, decay_i = rates.eta * rates.moving[i], rates.decay * rates.moving[i]
        for b in range(F):
            ib = at_R(layout, i, b)
            dy[ib] = -eta_i * drift[i, K + b] - decay_i * y[ib]
        for k in range(i, K):
            eta_k, decay_k = rates.eta * rates.moving[k], rates.decay * rates.moving[k]
            gradient = eta_i * drift[i, k] + eta_k * drift[k, i]
            ik, ki = at_Q(layout, i, k), at_Q(layout, k, i)
            change = noise * eta_i * eta_k * power[i, k] - gradient - (decay_i + decay_k) * y[ik]
            dy[ik], dy[ki] = change, change


@inner
def events(y, reference):
    """Event function: negative below the threshold of the phase, and where the means lose precision."""
    p = reference[0]
    h, U = _parameters(p, y)
    set_covariances(p, y, False)
    margin = margin_of(p.units, p, U)
    if p.threshold > 0.0:
        set_covariances(p, y, True)
        margin = min(margin, error_of(p.units, p, h, U) - p.threshold)
    return margin


@inner
def record_of(y, reference, row):
    """Record a state as it is.

    Parameters
    ----------
    y : array (n,)
        State.
    reference : reference to Layers
        Not used.
    row : array (n,)
        Written: the state.
    """
    for e in range(len(row)):
        row[e] = y[e]


@entry
def integrate_layers(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations while one teacher is active.

    Parameters
    ----------
    p : Layers
        Everything that the right-hand side takes as given.
    y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work
        As in `integrator.integrate`.

    Returns
    -------
    tuple
        Status, time and number of rows written, as `integrator.integrate` returns them.
    """
    return integrate(
        derivative,
        events,
        record_of,
        reference_to(p),
        y,
        start,
        end,
        times,
        rows,
        tableau,
        rtol,
        atol,
        restart,
        max_tries,
        work,
    )


@entry
def margin(p, y):
    """Return the margin of the precision of the means at a state, negative where new nodes are necessary.

    Parameters
    ----------
    p : Layers
        Constants of the phase.
    y : array (n,)
        State.

    Returns
    -------
    float
    """
    set_covariances(p, y, False)
    return margin_of(p.units, p, _parameters(p, y)[1])


@entry
def rate_of_change(p, y):
    """Return the time derivative of a state as a new array.

    Parameters
    ----------
    p : Layers
        Constants of the phase.
    y : array (n,)
        State.

    Returns
    -------
    array (n,)
        dy/dt, t = steps / N.
    """
    dy = np.empty_like(y)
    p.progress[LEFT] = 2**62
    derivative(y, reference_to(p), dy)
    return dy
