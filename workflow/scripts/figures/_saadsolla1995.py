"""Shared parts of the figures of Saad & Solla 1995: quantities of the run, and its plateau."""

import numpy as np

from teacherstudent.store.curves import Curves

RUN = TEACHER = 0
ROUNDING = 1e-16  # smaller errors are rounding errors


def errors(curves: Curves) -> np.ndarray:
    """Return the generalisation error, at least ROUNDING, (axes..., time)."""
    return np.maximum(curves.values("generalisation_error")[..., RUN, :, TEACHER], ROUNDING)


def overlaps(curves: Curves) -> np.ndarray:
    """Return the overlaps Q of student units, (axes..., time, K, K)."""
    return curves.values("student_overlaps")[..., RUN, :, :, :]


def teacher_overlaps(curves: Curves) -> np.ndarray:
    """Return the overlaps R of student with teacher units, (axes..., time, K, M)."""
    return curves.values("student_teacher_overlaps")[..., RUN, :, TEACHER, :, :]


def flattest(time: np.ndarray, error: np.ndarray, learnt: float = 1e-3) -> int:
    """Return the index of the time at which log eps changes least before eps falls to a level.

    Parameters
    ----------
    time, error : ndarray, shape (T,)
        Recorded times and errors eps.
    learnt : float
        The level of the error.
    """
    end = int(np.argmax(error < learnt)) or len(error)
    return int(np.argmin(np.abs(np.gradient(np.log(error[:end]), time[:end]))))
