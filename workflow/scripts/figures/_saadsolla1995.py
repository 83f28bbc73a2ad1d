"""Shared parts of the figures of Saad & Solla 1995: one run, one teacher, and times read from its error."""

import numpy as np

from teacherstudent.store.curves import Curves

RUN = TEACHER = 0
ROUNDING = 1e-16  # errors below are rounding


def errors(curves: Curves) -> np.ndarray:
    """Return the generalisation error, (axes..., time), not below rounding."""
    return np.maximum(curves.values("generalisation_error")[..., RUN, :, TEACHER], ROUNDING)


def overlaps(curves: Curves) -> np.ndarray:
    """Return the overlaps Q of student units, (axes..., time, K, K)."""
    return curves.values("student_overlaps")[..., RUN, :, :, :]


def teacher_overlaps(curves: Curves) -> np.ndarray:
    """Return the overlaps R of student with teacher units, (axes..., time, K, M)."""
    return curves.values("student_teacher_overlaps")[..., RUN, :, TEACHER, :, :]


def flattest(time: np.ndarray, error: np.ndarray, learnt: float = 1e-3) -> int:
    """Return the index of the time at which log eps changes least before eps falls to `learnt`."""
    end = int(np.argmax(error < learnt)) or len(error)
    return int(np.argmin(np.abs(np.gradient(np.log(error[:end]), time[:end]))))
