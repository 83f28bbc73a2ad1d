"""Starts of runs from stored runs."""

import json
from pathlib import Path

import numpy as np

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.observables import STATE
from teacherstudent.engines.start import Start, State
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError, SpecError
from teacherstudent.files.writing import DAMAGE
from teacherstudent.spec.model import InitialOverlaps
from teacherstudent.store.runs import read_runs
from teacherstudent.store.stored_run import StoredRun

# A requested time may differ from a recorded one by so much: relative, absolute.
TIME_PRECISION = 1e-9, 1e-12


def load_start(path: str | Path, at: float | None = None) -> list[Start]:
    """Return the starts of new runs from the runs of a file, one for each of them.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with one group of runs.
    at : float, optional
        A recorded time, whose order parameters the new runs start from. Without it they start from the end,
        with the recorded states if the file has them.

    Returns
    -------
    list of Start
        One start for each stored run.

    Raises
    ------
    SpecError
        If the file has no runs or several groups of them, if a run diverged, or if the time was not recorded.
    """
    return starts_of(path, stored_runs(path), at)


def stored_runs(path: str | Path) -> StoredRun:
    """Return the one group of runs in a file."""
    try:
        found = read_runs(path, states=True)
    except RunError as error:
        raise SpecError(str(error)) from error
    except DAMAGE as error:
        raise SpecError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if len(found) > 1:
        raise SpecError(f"{path}: holds {len(found)} groups of runs; a run can start from a file with one")
    return found[0]


def starts_of(path: str | Path, stored: StoredRun, at: float | None) -> list[Start]:
    """Return the starts in runs that are stored at a path; see `load_start`."""
    try:
        return [_start(stored, trajectory, at) for trajectory in stored.trajectories]
    except (SpecError, RunError) as error:
        raise SpecError(f"{path}: {error}") from error


def origin(sha256: str | None, start: Start) -> str:
    """Return the origin of a run as JSON: digest of the file if any, time, and whether its state was used."""
    kind = "order parameters" if start.state is None else "state"
    file = {} if sha256 is None else {"sha256": sha256}
    return json.dumps(file | {"time": start.time, "from": kind}, sort_keys=True)


def _start(stored: StoredRun, trajectory: Trajectory, at: float | None) -> Start:
    if trajectory.diverged_at is not None:
        raise SpecError(f"a run diverged at t = {trajectory.diverged_at:g}; none can start from it")
    if trajectory.state is not None:
        _check_state(stored.engine, trajectory.state)
    row = len(trajectory.time) - 1 if at is None else _row(trajectory.time, at)
    time = float(trajectory.time[row])
    switches = [float(switch) for switch in trajectory.switch_times if switch < time]
    order = stored.spec.curriculum.order
    return Start(
        time=time,
        switches=tuple(switches),
        sequence=tuple(order[i % len(order)] for i in range(len(switches) + 1)),
        overlaps=_overlaps(trajectory, row),
        engine=stored.engine,
        state=trajectory.state if at is None else None,
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


def _overlaps(trajectory: Trajectory, row: int) -> InitialOverlaps:
    """Return the order parameters in a row, in the form of a spec."""
    if trajectory.student_overlaps is None:
        raise SpecError("the run has no overlaps to start from (see record.quantities)")
    arrays = {
        "student": trajectory.student_overlaps[row],
        "student_teacher": trajectory.student_teacher_overlaps[row],
        "teacher": trajectory.teacher_overlaps,
        "student_readouts": trajectory.student_readouts[row],
        "teacher_readouts": trajectory.teacher_readouts,
    }
    return InitialOverlaps(**{name: _tupled(array.tolist()) for name, array in arrays.items()})


def _tupled(value):
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
