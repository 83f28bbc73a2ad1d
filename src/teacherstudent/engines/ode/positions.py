"""Moments of the weights in the joint space of the loadings of all tasks, and states of the equations."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.ode.frames import FrameLayout, Past
from teacherstudent.kernels.ode.moments import MomentLayout
from teacherstudent.networks.linear_algebra import one_thread


class Position(NamedTuple):
    """First and second moments of the weights in the joint space."""

    mu: np.ndarray  # (K, D') means
    S: np.ndarray  # (pairs k <= l, D', D') moments of the fluctuations, or (pairs, 0, 0) where they are zero
    outside: np.ndarray  # (K, K) overlaps outside of the joint space


@one_thread()
def rotated(position: Position, basis: np.ndarray) -> Position:
    """Return moments along the columns of a matrix."""
    mu = np.ascontiguousarray(position.mu @ basis)
    if position.S.shape[1] == 0:
        return position._replace(mu=mu)
    return position._replace(mu=mu, S=np.stack([basis.T @ matrix @ basis for matrix in position.S]))


def _pairs(K: int) -> list[tuple[int, int]]:
    """Return all pairs of units k <= l, in the order of the state."""
    return [(k, i) for k in range(K) for i in range(k, K)]


def without_loadings(position: Position, G: int, N: int) -> np.ndarray:
    """Return the overlaps of the weights in all directions without loadings of the active task.

    Parameters
    ----------
    position : Position
        Moments of the weights, in the modes of the task.
    G : int
        Number of modes with loadings, which come first.
    N : int
        Number of inputs.

    Returns
    -------
    (K, K) array
    """
    mu = position.mu[:, G:]
    rest = position.outside + np.einsum("kb,lb->kl", mu, mu) / N
    if position.S.shape[1] > 0:
        for (k, i), matrix in zip(_pairs(len(mu)), position.S, strict=True):
            rest[k, i] += np.trace(matrix[G:, G:]) / N
            rest[i, k] = rest[k, i]
    return rest


def state_of_modes(layout: FrameLayout, position: Position, h: np.ndarray) -> np.ndarray:
    """Return the state of `kernels.ode.frames` when a task becomes active.

    Parameters
    ----------
    layout : FrameLayout
        Layout of the state.
    position : Position
        Moments of the weights, in the modes of the task.
    h : (H, K) array
        Readouts.

    Returns
    -------
    (size,) array
    """
    K, G, y = layout.K, layout.G, np.zeros(layout.size)
    y[: layout.S] = position.mu[:, :G].ravel()
    if position.S.shape[1] > 0:
        y[layout.S : layout.U] = np.diagonal(position.S, axis1=1, axis2=2)[:, :G].ravel()
    y[layout.U : layout.n] = np.repeat(np.eye(K).ravel(), layout.propagators)
    y[layout.h :] = h.ravel()
    return y


def position_of_modes(layout: FrameLayout, past: Past, N: int, y: np.ndarray) -> Position:
    """Return the moments of a state of `kernels.ode.frames`, in the modes of its task.

    Parameters
    ----------
    layout : FrameLayout
        Layout of the state.
    past : Past
        The weights when the task became active.
    N : int
        Number of inputs.
    y : (size,) array
        State.

    Returns
    -------
    Position
        Without moments of fluctuations where all of these are zero.
    """
    K, G, n = layout.K, layout.G, past.mu.shape[1]
    U = y[layout.U : layout.n].reshape(K, K, -1)
    gained, of_rest = y[layout.n : layout.h].reshape(K, K), U[:, :, -1]
    mu = of_rest @ past.mu
    mu[:, :G] = y[: layout.S].reshape(K, G)
    outside = of_rest @ past.outside @ of_rest.T + (1.0 - n / N) * gained
    variances = y[layout.S : layout.U].reshape(-1, G)
    if not (past.S.shape[1] or variances.any() or gained.any()):
        return Position(mu, past.S, outside)
    S = _propagated(U, past.S, n)
    modes = np.arange(n)
    for (k, i), matrix, variance in zip(_pairs(K), S, variances, strict=True):
        matrix[modes[G:], modes[G:]] += gained[k, i]
        matrix[modes[:G], modes[:G]] = variance
    return Position(mu, S, outside)


def _propagated(U: np.ndarray, start: np.ndarray, n: int) -> np.ndarray:
    """Return S_kl(b, b') = sum_ij U_b[k, i] S0_ij(b, b') U_b'[l, j] for all pairs k <= l."""
    K, S = len(U), np.zeros((len(start), n, n))
    if start.shape[1] == 0:
        return S
    U = U[:, :, np.minimum(np.arange(n), U.shape[2] - 1)]
    for (k, i), matrix in zip(_pairs(K), S, strict=True):
        for (j, o), before in zip(_pairs(K), start, strict=True):
            matrix += U[k, j][:, None] * before * U[i, o]
            if o != j:
                matrix += U[k, o][:, None] * before.T * U[i, j]
    return S


def state_of_moments(layout: MomentLayout, position: Position, h: np.ndarray) -> np.ndarray:
    """Return the state of `kernels.ode.moments`.

    Parameters
    ----------
    layout : MomentLayout
        Layout of the state.
    position : Position
        Moments of the weights, in the joint space.
    h : (H, K) array
        Readouts.

    Returns
    -------
    (size,) array
    """
    y = np.zeros(layout.size)
    y[: layout.S] = position.mu.ravel()
    if position.S.shape[1] > 0:
        y[layout.S : layout.outside] = position.S.ravel()
    y[layout.outside : layout.h] = position.outside.ravel()
    y[layout.h :] = h.ravel()
    return y


def position_of_moments(layout: MomentLayout, y: np.ndarray) -> Position:
    """Return the moments of a state of `kernels.ode.moments`, as new arrays."""
    mu, S, outside, _ = np.split(y.copy(), [layout.S, layout.outside, layout.h])
    return Position(
        mu.reshape(layout.K, -1), S.reshape(-1, layout.n, layout.n), outside.reshape(layout.K, -1)
    )
