"""Starts of runs from stored runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.start import Start, State
from teacherstudent.engines.state_variables import STATE
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError, SpecError, refuse
from teacherstudent.files.writing import DAMAGE
from teacherstudent.spec.model import InitialOverlaps
from teacherstudent.store.runs import read_runs
from teacherstudent.store.stored_run import StoredRun

# Largest difference between a requested and a recorded time: relative, absolute.
TIME_PRECISION = 1e-9, 1e-12


def load_start(path: str | Path, at: float | None = None) -> list[Start]:
    """Return the starts of new runs from the runs of a file, one for each of them.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with one group of runs.
    at : float, optional
        A recorded time t = steps / N: the new runs start from the order parameters at this time. Default: the
        end of the runs, with the recorded states if the file has them.

    Returns
    -------
    list of Start
        One start for each stored run.

    Raises
    ------
    SpecError
        If the file has no runs or several groups of them, if a run diverged, or if the time was not recorded.
    """
    check_time(at)
    return starts_of(path, stored_runs(path), at)


def check_time(at: Any) -> None:
    """Raise SpecError if `at` is neither None nor a number."""
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float | np.number)):
        refuse("at", at, "it must be a number, a recorded time")


def stored_runs(path: str | Path) -> StoredRun:
    """Return the runs of a file with one group. Raises SpecError if it cannot be read or has several."""
    try:
        found = read_runs(path, states=True)
    except RunError as error:
        raise SpecError(str(error)) from error
    except DAMAGE as error:
        raise SpecError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if len(found) > 1:
        raise SpecError(f"{path}: contains {len(found)} groups of runs; use a file with one group")
    return found[0]


def starts_of(path: str | Path, stored: StoredRun, at: float | None) -> list[Start]:
    """Return the starts of new runs from stored runs (`load_start`).

    Parameters
    ----------
    path : str or Path
        The file of the runs, for messages.
    stored : StoredRun
        The stored runs.
    at : float, optional
        A recorded time t = steps / N. Default: the end of the runs.

    Returns
    -------
    list of Start
        One start for each stored run.

    Raises
    ------
    SpecError
        If a run diverged, if the time was not recorded, or if an array is missing.
    """
    try:
        return [_start(stored, trajectory, at) for trajectory in stored.trajectories]
    except (SpecError, RunError) as error:
        raise SpecError(f"{path}: {error}") from error


def origin(sha256: str | None, start: Start) -> str:
    """Return the origin of a run as JSON: digest of the file, time, and "state" or "order parameters"."""
    kind = "order parameters" if start.state is None else "state"
    file = {} if sha256 is None else {"sha256": sha256}
    return json.dumps(file | {"time": start.time, "from": kind}, sort_keys=True)


def _start(stored: StoredRun, trajectory: Trajectory, at: float | None) -> Start:
    if trajectory.diverged_at is not None:
        raise SpecError(
            f"a run diverged at t = {trajectory.diverged_at:g}; start from runs that did not diverge"
        )
    if trajectory.state is not None:
        _check_state(stored.engine, trajectory.state)
    row = len(trajectory.time) - 1 if at is None else _row(trajectory.time, at)
    time = float(trajectory.time[row])
    switches = [float(switch) for switch in trajectory.switch_times if switch < time]
    order, state = stored.spec.curriculum.order, trajectory.state if at is None else None
    return Start(
        time=time,
        switches=tuple(switches),
        sequence=tuple(order[i % len(order)] for i in range(len(switches) + 1)),
        overlaps=_overlaps(trajectory, row, state),
        engine=stored.engine,
        state=state,
        spec=stored.spec,
    )


def _check_state(engine: str, state: State) -> None:
    for name in engine_named(engine).state_names:
        if name not in state:
            raise SpecError(f"dataset {STATE}/{name} is missing")
        if not np.isfinite(state[name]).all():
            raise SpecError(f"dataset {STATE}/{name} is not finite")


def _row(times: np.ndarray, at: float) -> int:
    """Return the row of a recorded time."""
    row = int(np.argmin(np.abs(times - at)))
    if not np.isclose(times[row], at, *TIME_PRECISION):
        raise SpecError(f"t = {at:g} was not recorded; the nearest recorded time is {times[row]:.12g}")
    return row


def _overlaps(trajectory: Trajectory, row: int, state: State | None) -> InitialOverlaps | None:
    """Return the order parameters in a row, in the form of a spec; None where there is only a state."""
    if trajectory.student_overlaps is None:
        if state is not None:
            return None
        raise SpecError("the run has no overlaps to start from; repeat it with record.quantities: all")
    if trajectory.student_cluster_overlaps is not None:
        if state is not None:
            return None
        raise SpecError("a run with clusters of inputs starts from a state; repeat it with record.state")
    moving = trajectory.teacher_overlaps_in_time
    arrays = {
        "student": trajectory.student_overlaps[row],
        "student_teacher": trajectory.student_teacher_overlaps[row],
        "teacher": trajectory.teacher_overlaps if moving is None else moving[row],
        "student_readouts": trajectory.student_readouts[row],
        "teacher_readouts": trajectory.teacher_readouts,
    }
    if trajectory.student_inner is not None:
        arrays["student_inner"] = trajectory.student_inner[row]
    return InitialOverlaps(**{name: _tupled(array.tolist()) for name, array in arrays.items()})


def _tupled(value):
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
