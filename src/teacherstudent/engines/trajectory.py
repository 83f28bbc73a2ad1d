"""What every engine returns: the history of one run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import record_steps

OVERLAPS = ("student_overlaps", "student_teacher_overlaps", "teacher_overlaps")
# record.quantities: what is left out.
LEFT_OUT = {"all": (), "readouts": OVERLAPS, "errors": (*OVERLAPS, "student_readouts")}


@dataclass(frozen=True)
class Trajectory:
    """Order parameters, readouts and errors at the T recorded times of one run.

    P teachers of M units, a student of K units with H heads; `diverged_at` is the time at which the run
    stopped being finite (the arrays end before it), or None. Readouts, overlaps and weights are there if they
    are to be recorded. Only runs on a finite training set have a training error, only those on a data set a
    classification error.
    """

    time: np.ndarray  # (T,) t = steps / N
    generalisation_error: np.ndarray  # (T, P)
    teacher_readouts: np.ndarray  # (P, M)
    active_teacher: np.ndarray  # (T,) int
    switch_times: np.ndarray  # (S,)
    diverged_at: float | None = None
    student_readouts: np.ndarray | None = None  # (T, H, K)
    student_overlaps: np.ndarray | None = None  # (T, K, K)
    student_teacher_overlaps: np.ndarray | None = None  # (T, P, K, M)
    teacher_overlaps: np.ndarray | None = None  # (P, P, M, M)
    student_weights: np.ndarray | None = None  # (T, K, N)
    training_error: np.ndarray | None = None  # (T, P)
    classification_error: np.ndarray | None = None  # (T, P)
    state: Mapping[str, np.ndarray] | None = None  # of the engine at the end, where that is to be recorded


def as_recorded(trajectory: Trajectory, spec: Spec) -> Trajectory:
    """Return a trajectory without what is not to be recorded."""
    left_out = LEFT_OUT[spec.record.quantities]
    return replace(trajectory, **dict.fromkeys(left_out)) if left_out else trajectory


def record_times(spec: Spec) -> np.ndarray:
    """Return the times at which a run is recorded on every engine: steps / N, increasing, shape (T,)."""
    return record_steps(spec) / spec.inputs.dimension


def active_teachers(times: np.ndarray, switches: list[float], sequence: list[int]) -> np.ndarray:
    """Return the teacher trained on at each time.

    Parameters
    ----------
    times
        Times t = steps / N, shape (T,).
    switches
        The times of the switches.
    sequence
        The teachers in order, one more than the switches.

    Returns
    -------
    ndarray of int64, shape (T,)
        At the time of a switch it is the new teacher.
    """
    return np.array(sequence, dtype=np.int64)[np.searchsorted(switches, times, side="right")]


def stored_R(R: np.ndarray, P: int) -> np.ndarray:
    """Bring R from (..., K, P M), the order of the kernels, to (..., P, K, M), the order of the store."""
    *lead, K, columns = R.shape
    return np.moveaxis(R.reshape(*lead, K, P, columns // P), -2, -3)


def stored_T(T: np.ndarray, P: int) -> np.ndarray:
    """Bring T from (P M, P M) to (P, P, M, M)."""
    M = len(T) // P
    return T.reshape(P, M, P, M).transpose(0, 2, 1, 3)
