"""Changes of the first layer besides gradient descent: decay, L1, pulls to anchors, and path integrals.

With the old weights, and the move of gradient descent as in `law.descend`,

    w_ij <- w_ij + move_ij - (gamma / N) w_ij - (eta l / N) sign(w_ij) - kappa_ij (w_ij - c_ij),

or with `proximal` (w_ij + ... + kappa_ij c_ij) / (1 + kappa_ij), where the dots are all terms but the last.
Here kappa_ij = eta p_ij / N, with penalties p_ij for each weight, or one for all weights of a unit.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import fast, inner, part
from teacherstudent.kernels.network.by_unit import add


class Pulls(NamedTuple):
    """Penalties and anchors of the first layer, and path integrals. Arrays (K, 1) have a number per unit."""

    anchors: np.ndarray  # (K, n) weights c, padded and typed like W
    penalties: np.ndarray  # (K, 1) or (K, n)
    any: bool  # whether a penalty is not 0
    proximal: bool
    l1: float  # l
    path: np.ndarray  # (K, 1) or (K, n), receives the path integrals; (0, 1) where there are none


@part
def change_old_weights(W, p, pulls, start, stop):
    """Apply decay, L1 and explicit pulls to a piece of the old weights, before the move of the step.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, padded; changed in place.
    p : StepConstants
        Constants of the step.
    pulls : Pulls
        Penalties and anchors.
    start, stop : int
        The piece has the inputs `start`, ..., `stop` - 1.
    """
    explicit = pulls.any and not pulls.proximal
    for k in range(len(W)):
        left, l1 = 1.0 - p.moving[k] * p.decay / p.N, p.moving[k] * p.eta * pulls.l1 / p.N
        rate = p.moving[k] * p.eta / p.N if explicit else 0.0
        w, anchor, penalties = W[k, start:stop], pulls.anchors[k, start:stop], pulls.penalties[k]
        if l1 > 0.0:
            _change(w, anchor, penalties, start, left, rate, l1)
        elif rate > 0.0 and len(penalties) > 1:
            _shrink_and_pull_each(w, anchor, penalties[start:stop], left, rate)
        elif rate > 0.0:
            _shrink_and_pull(w, anchor, left, rate * penalties[0])
        elif p.decay > 0.0:
            _shrink(w, left)


@inner
def _shrink(w, left):
    """Multiply weights by a factor."""
    factor = w.dtype.type(left)
    for n in range(len(w)):
        w[n] *= factor


@inner
def _shrink_and_pull(w, anchor, left, kappa):
    """Compute w <- left w - kappa (w - anchor)."""
    factor, rate = w.dtype.type(left), w.dtype.type(kappa)
    for n in range(len(w)):
        w[n] = factor * w[n] - rate * (w[n] - anchor[n])


@inner
def _shrink_and_pull_each(w, anchor, penalties, left, rate):
    """Compute w <- left w - rate penalty (w - anchor) with a penalty for each weight."""
    number = w.dtype.type
    factor = number(left)
    for n in range(len(w)):
        w[n] = factor * w[n] - number(rate * penalties[n]) * (w[n] - anchor[n])


@inner
def _change(w, anchor, penalties, start, left, rate, l1):
    """Compute w <- left w - rate penalty (w - anchor) - l1 sign(w) in the piece that starts at `start`."""
    number = w.dtype.type
    factor, step, kappa = number(left), number(l1), number(rate * penalties[0])
    for n in range(len(w)):
        if len(penalties) > 1:
            kappa = number(rate * penalties[start + n])
        sign = number(w[n] > 0.0) - number(w[n] < 0.0)
        w[n] = factor * w[n] - kappa * (w[n] - anchor[n]) - step * sign


@part
def pull_proximally(W, p, pulls, start, stop):
    """Apply proximal pulls to a piece of the weights, after the move of the step.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, padded; changed in place.
    p : StepConstants
        Constants of the step.
    pulls : Pulls
        Penalties and anchors.
    start, stop : int
        The piece has the inputs `start`, ..., `stop` - 1.
    """
    for k in range(len(W)):
        w, anchor, penalties = W[k, start:stop], pulls.anchors[k, start:stop], pulls.penalties[k]
        rate = p.moving[k] * p.eta / p.N
        if len(penalties) > 1:
            _mix_each(w, anchor, penalties[start:stop], rate)
        else:
            share = rate * penalties[0] / (1.0 + rate * penalties[0])
            _mix(w, anchor, share)


@inner
def _mix(w, anchor, share):
    """Compute w <- w + share (anchor - w)."""
    part = w.dtype.type(share)
    for n in range(len(w)):
        w[n] += part * (anchor[n] - w[n])


@inner
def _mix_each(w, anchor, penalties, rate):
    """Compute w <- (w + kappa anchor) / (1 + kappa) with kappa = rate penalty for each weight."""
    number = w.dtype.type
    for n in range(len(w)):
        kappa = number(rate * penalties[n])
        w[n] = (w[n] + kappa * anchor[n]) / (number(1.0) + kappa)


@part
def move_weights(W, moves, X, start, stop):
    """Compute w_k += sum_b move_bk x_b in a piece of the weights.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, padded; changed in place.
    moves : array (batch, K)
        Moves of each w_k in units of x.
    X : array (batch, n)
        Inputs of the step.
    start, stop : int
        The piece has the inputs `start`, ..., `stop` - 1.
    """
    for b in range(len(X)):
        for k in range(len(W)):
            add(W[k, start:stop], moves[b, k], X[b, start:stop])


@part
def add_to_path(path, eta, moves, X, N):
    """Add the decrease of the loss along the move of a step, to first order in it.

    With the gradient g_ij of the loss of the step, weight j of unit i adds eta g_ij^2 = move_ij^2 / eta; a
    unit has the mean over its N weights. Zenke, Poole & Ganguli, ICML 2017.

    Parameters
    ----------
    path : array (K, 1) or (K, n)
        Changed in place.
    eta : float
        Learning rate of the first layer; where it is 0 nothing is added.
    moves : array (batch, K)
        Moves of each w_k in units of x.
    X : array (batch, n)
        Inputs of the step.
    N : int
        Number of inputs.
    """
    if eta > 0.0:
        for k in range(len(path)):
            if path.shape[1] == 1:
                path[k, 0] += _squared_move(moves, X, k) / (eta * N)
            elif len(X) == 1:
                _add_squares(path[k], X[0], moves[0, k] * moves[0, k] / eta)
            else:
                for n in range(path.shape[1]):
                    path[k, n] += _move_of_weight(moves, X, k, n) ** 2 / eta


@inner
def _add_squares(path, x, factor):
    """Compute path += factor x^2."""
    for n in range(len(x)):
        path[n] += factor * np.float64(x[n]) * np.float64(x[n])


@inner
def _move_of_weight(moves, X, k, n):
    """Return the move of one weight."""
    total = 0.0
    for b in range(len(X)):
        total += moves[b, k] * X[b, n]
    return total


@inner
def _squared_move(moves, X, k):
    """Return the squared length of the move of a unit."""
    total = 0.0
    for b in range(len(X)):
        for c in range(b + 1):
            both = moves[b, k] * moves[c, k] * (1.0 if b == c else 2.0)
            total += both * product(X[b], X[c])
    return total


@fast
def product(x, y):
    """Return the inner product of two arrays (n,), in double precision."""
    total = 0.0
    for n in range(len(x)):
        total += np.float64(x[n]) * np.float64(y[n])
    return total
