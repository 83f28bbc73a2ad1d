"""Layout of the state of the equations: the order parameters (Q, R, h) as one flat vector y.

y contains Q (K, K), R (K, F) and h (H, K) in this order, each in C order. F = P M is the number of units of
all teachers, H the number of heads. Python uses `pack` and `unpack`, compiled code the index of one number.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined


class Layout(NamedTuple):
    """Sizes of the order parameters, and the indices at which R and h start in the state."""

    K: int  # student units
    F: int  # units of all teachers
    H: int  # heads
    R: int  # index of R[0, 0]
    h: int  # index of h[0, 0]
    size: int  # length of the state


def layout_of(K: int, F: int, H: int) -> Layout:
    """Return the layout for K student units with H heads and F units of all teachers.

    Parameters
    ----------
    K, F, H : int
        Numbers of student units, of units of all teachers together, and of heads; at least 1.

    Returns
    -------
    Layout
        Its `size` is K^2 + K F + H K.
    """
    return Layout(K, F, H, K * K, K * (K + F), K * (K + F + H))


def pack(Q: np.ndarray, R: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return order parameters as a new flat state.

    Parameters
    ----------
    Q : (K, K) array
        Overlaps of student units, w_i w_k / N.
    R : (K, F) array
        Overlaps of student units with the units of all teachers, divided by N.
    h : (H, K) array
        Readouts.

    Returns
    -------
    (size,) array
        The state y.
    """
    return np.concatenate([Q.ravel(), R.ravel(), h.ravel()])


def unpack(y: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return views of Q (..., K, K), R (..., K, F) and h (..., H, K) in states (..., size)."""
    K, F, H = layout.K, layout.F, layout.H
    Q, R, h = y[..., : layout.R], y[..., layout.R : layout.h], y[..., layout.h :]
    lead = y.shape[:-1]
    return Q.reshape(*lead, K, K), R.reshape(*lead, K, F), h.reshape(*lead, H, K)


@inlined
def at_Q(layout, i, k):
    """Return the index of Q[i, k] in the state.

    Parameters
    ----------
    layout : Layout
        Layout of the state.
    i, k : int
        Student units, from 0 to K - 1.

    Returns
    -------
    int
    """
    return layout.K * i + k


@inlined
def at_R(layout, i, a):
    """Return the index of R[i, a] in the state.

    Parameters
    ----------
    layout : Layout
        Layout of the state.
    i : int
        Student unit, from 0 to K - 1.
    a : int
        Unit of all teachers, from 0 to F - 1.

    Returns
    -------
    int
    """
    return layout.R + layout.F * i + a


@inlined
def at_h(layout, e, i):
    """Return the index of h[e, i] in the state.

    Parameters
    ----------
    layout : Layout
        Layout of the state.
    e : int
        Head, from 0 to H - 1.
    i : int
        Student unit, from 0 to K - 1.

    Returns
    -------
    int
    """
    return layout.h + layout.K * e + i
