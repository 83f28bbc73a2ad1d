"""The result of every engine: the recorded quantities of one run."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np

from teacherstudent.engines.observables import OBSERVABLES, recorded
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import record_steps

# The observables of every run.
REQUIRED = {name for name, entry in OBSERVABLES.items() if entry.when is None}


class Trajectory:
    """Order parameters, readouts and errors of one run at its T recorded times; it is immutable.

    Arrays are attributes with the names of `OBSERVABLES`, which describes them and their shapes. An attribute
    is None if its quantity is not recorded in the run.

    Parameters
    ----------
    diverged_at : float, optional
        The time t = steps / N at which a number of the run was not finite; all arrays end before it. None if
        the run did not diverge.
    state : mapping of str to ndarray, optional
        The state of the engine at the end, if it is recorded: arrays by name.
    **arrays : ndarray
        The recorded quantities by name: `time` of shape (T,), `generalisation_error` of shape (T, P),
        `active_teacher` (T,) and `switch_times` (S,) in every run, and `teacher_readouts` (P, M) where there
        are teachers.

    Raises
    ------
    TypeError
        If an array has a name that is not in `OBSERVABLES`, or if one is missing that every run has.
    """

    diverged_at: float | None
    state: Mapping[str, np.ndarray] | None

    def __init__(
        self,
        *,
        diverged_at: float | None = None,
        state: Mapping[str, np.ndarray] | None = None,
        **arrays: np.ndarray | None,
    ) -> None:
        present = {name: array for name, array in arrays.items() if array is not None}
        _check_names(tuple(arrays), tuple(present))
        self.__dict__.update(present, diverged_at=diverged_at, state=state)

    @classmethod
    def of_rows(
        cls,
        arrays: Mapping[str, Iterable[np.ndarray]],
        diverged_at: Iterable[float | None],
        states: Iterable[Mapping[str, np.ndarray] | None],
    ) -> list["Trajectory"]:
        """Return many trajectories with the same quantities.

        Parameters
        ----------
        arrays : mapping of str to iterable of ndarray
            The arrays of all runs by name: an array with a leading axis of runs, or one array for each.
        diverged_at : iterable of float or None
            As for a trajectory, for each run.
        states : iterable of mapping or None
            As for a trajectory, for each run.

        Returns
        -------
        list of Trajectory
            One for each run.

        Raises
        ------
        TypeError
            As for a trajectory.
        """
        names, found = tuple(arrays), []
        _check_names(names, names)
        rows = zip(*arrays.values(), strict=True)
        for row, end, state in zip(rows, diverged_at, states, strict=True):
            one = cls.__new__(cls)
            one.__dict__.update(zip(names, row, strict=True), diverged_at=end, state=state)
            found.append(one)
        return found

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The recorded arrays by name, in the order in which they are stored."""
        own = vars(self)
        return {name: own[name] for name in OBSERVABLES if name in own}

    def __getattr__(self, name: str) -> None:
        """Return None for an observable that the run does not have."""
        if name not in OBSERVABLES:
            raise AttributeError(f"a trajectory has no {name}")

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        """Raise AttributeError: a trajectory is immutable."""
        raise AttributeError(f"{name} of a trajectory cannot be changed")


@lru_cache(maxsize=64)
def _check_names(names: tuple[str, ...], present: tuple[str, ...]) -> None:
    """Raise TypeError if a name is not that of an observable, or if one is missing that every run has."""
    if not OBSERVABLES.keys() >= set(names):
        raise TypeError(f"not an observable: {', '.join(sorted(set(names) - OBSERVABLES.keys()))}")
    if not set(present) >= REQUIRED:
        raise TypeError(f"a trajectory needs {', '.join(sorted(REQUIRED - set(present)))}")


def as_recorded(trajectory: Trajectory, spec: Spec) -> Trajectory:
    """Return a trajectory without the quantities that are not recorded in runs of a spec."""
    wanted = recorded(spec).keys()
    if trajectory.arrays.keys() <= wanted:
        return trajectory
    arrays = {name: array for name, array in trajectory.arrays.items() if name in wanted}
    return Trajectory(**arrays, diverged_at=trajectory.diverged_at, state=trajectory.state)


def record_times(spec: Spec) -> np.ndarray:
    """Return the times at which a run is recorded on every engine: steps / N, increasing, shape (T,)."""
    return record_steps(spec) / spec.inputs.dimension


def active_teachers(times: np.ndarray, switches: list[float], sequence: list[int]) -> np.ndarray:
    """Return the teacher trained on at each time.

    Parameters
    ----------
    times : ndarray of shape (T,)
        Times t = steps / N.
    switches : list of float
        The times of the switches, in order.
    sequence : list of int
        The teachers in order, one more than the switches.

    Returns
    -------
    ndarray of int64, shape (T,)
        Counted from 0; at the time of a switch it is the new teacher.
    """
    if not switches:
        return np.full(len(times), sequence[0], dtype=np.int64)
    return np.array(sequence, dtype=np.int64)[np.searchsorted(switches, times, side="right")]


def stored_importances(found: list[np.ndarray], switches: int, units: int) -> np.ndarray:
    """Return the importances of student units at all switches.

    Parameters
    ----------
    found : list of ndarray of shape (K,)
        Those at the last switches. A run that starts from another one has none for earlier switches.
    switches : int
        The number S of switches.
    units : int
        The number K of student units.

    Returns
    -------
    ndarray of shape (S, K)
        0 at switches without importances.
    """
    rows = np.zeros((switches, units))
    if found:
        rows[-len(found) :] = found
    return rows


def stored_R(R: np.ndarray, P: int) -> np.ndarray:
    """Return R in the layout of files.

    Parameters
    ----------
    R : ndarray of shape (..., K, P M)
        Overlaps of student and teachers, in the layout of the kernels.
    P : int
        The number of teachers.

    Returns
    -------
    ndarray of shape (..., P, K, M)
    """
    *lead, K, columns = R.shape
    return R.reshape(*lead, K, P, columns // P).swapaxes(-2, -3)


def stored_T(T: np.ndarray, P: int) -> np.ndarray:
    """Return T in the layout of files.

    Parameters
    ----------
    T : ndarray of shape (..., P M, P M)
        Overlaps of teachers, in the layout of the kernels.
    P : int
        The number of teachers.

    Returns
    -------
    ndarray of shape (..., P, P, M, M)
    """
    *lead, _, columns = T.shape
    M = columns // P
    return T.reshape(*lead, P, M, P, M).swapaxes(-2, -3)
