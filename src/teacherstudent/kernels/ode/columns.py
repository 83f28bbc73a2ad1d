"""Layout of the state of the equations with interventions: order parameters, and overlaps with more vectors.

The columns of R are the units of all teachers, then vectors on which no labels depend: companions of the
units of a teacher that turns, and anchors, the weights that penalties pull the student to. The state y starts
with (Q, R, h) in the layout of `state`; then come G (K, E), the overlaps of the student with the E further
columns, T (n, n), the overlaps of all n = F + E columns where teachers move, and S (K,), path integrals.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.ode.state import Layout, layout_of, unpack


class Columns(NamedTuple):
    """Sizes and indices of a state with further columns."""

    layout: Layout  # of the first part (Q, R, h)
    companions: int  # columns that turn with the units of a teacher
    anchors: int  # K, or 0 without anchors
    T: int  # index of T[0, 0] in the state; -1 where T is constant
    S: int  # index of S[0] in the state; -1 without path integrals
    size: int  # length of the state

    @property
    def count(self) -> int:
        """Number n of all columns."""
        return self.layout.F + self.companions + self.anchors

    @property
    def first_anchor(self) -> int:
        """Column of the first anchor."""
        return self.layout.F + self.companions

    def index_of_R(self) -> np.ndarray:
        """Return the indices (K, n) in the state of the overlaps with all columns."""
        _, R, _ = unpack(np.arange(self.layout.size), self.layout)
        E = self.companions + self.anchors
        further = self.layout.size + np.arange(self.layout.K * E).reshape(self.layout.K, E)
        return np.concatenate([R, further], axis=1)

    def index_of_T(self) -> np.ndarray:
        """Return the indices (n, n) in the state of the overlaps of columns, where they are part of it."""
        return self.T + np.arange(self.count**2).reshape(self.count, self.count)


def columns_of(K: int, F: int, H: int, companions: int, anchors: int, moving: bool, paths: bool) -> Columns:
    """Return the layout of a state with further columns.

    Parameters
    ----------
    K, F, H : int
        Numbers of student units, of units of all teachers, and of heads.
    companions : int
        Number of columns that turn with the units of a teacher; 0 where no teacher turns.
    anchors : int
        Number of anchors, K or 0.
    moving : bool
        Whether teachers move, so that their overlaps are part of the state.
    paths : bool
        Whether path integrals are part of the state.

    Returns
    -------
    Columns
        Without further columns, moving teachers and path integrals the state is (Q, R, h).
    """
    layout, n = layout_of(K, F, H), F + companions + anchors
    T = layout.size + K * (companions + anchors)
    S = T + n * n * moving
    return Columns(layout, companions, anchors, T if moving else -1, S if paths else -1, S + K * paths)


def combined(weights: np.ndarray, Q: np.ndarray, R: np.ndarray, T: np.ndarray) -> tuple:
    """Return the overlaps of new columns that are linear combinations of columns and student units.

    Parameters
    ----------
    weights : (m, n + K) array
        Coefficients of each new column: of the n columns, then of the student units.
    Q : (K, K) array
        Overlaps of student units, divided by N.
    R : (K, n) array
        Overlaps of student units with the columns.
    T : (n, n) array
        Overlaps of the columns.

    Returns
    -------
    R : (K, m) array
        Overlaps of student units with the new columns.
    T : (m, m) array
        Overlaps of the new columns, exactly symmetric.
    """
    gram = np.block([[T, R.T], [R, Q]])
    # Without BLAS, whose last digits depend on the processor.
    of_new = np.einsum("ab,bc->ac", weights, gram)
    new = np.einsum("ab,cb->ac", of_new, weights)
    return of_new[:, len(T) :].T, 0.5 * (new + new.T)
