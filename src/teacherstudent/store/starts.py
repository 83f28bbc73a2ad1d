"""From a stored run to the starts of others."""

import json
from pathlib import Path

import numpy as np

from teacherstudent.engines.observables import STATE, STATE_VARIABLES
from teacherstudent.engines.start import Start, State
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError, SpecError
from teacherstudent.files.writing import DAMAGE
from teacherstudent.spec.model import InitialOverlaps
from teacherstudent.store.runs import read_runs
from teacherstudent.store.stored_run import StoredRun

# Recorded times are met to this precision, relative to the time and absolutely.
TIME_PRECISION = 1e-9, 1e-12


def load_start(path: str | Path, at: float | None = None) -> list[Start]:
    """Return where the runs of a file end, or the recorded moment `at` a time, one start for each run.

    Without a time they include the states, if the file has any. Raises SpecError where the file holds no run
    or several groups of runs, where a run diverged, and where no time `at` was recorded.
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
    """Return in JSON what a run started from, as `begin` returned it: for an attribute of the result."""
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
    for name, (_, _, engines) in STATE_VARIABLES.items():
        if engine in engines and name not in state:
            raise SpecError(f"dataset {STATE}/{name} is missing")
        if engine in engines and not np.isfinite(state[name]).all():
            raise SpecError(f"dataset {STATE}/{name} is not finite")


def _row(times: np.ndarray, at: float) -> int:
    """Return the row of a recorded time."""
    row = int(np.argmin(np.abs(times - at)))
    if not np.isclose(times[row], at, *TIME_PRECISION):
        raise SpecError(f"t = {at:g} was not recorded; the nearest recorded time is {times[row]:.12g}")
    return row


def _overlaps(trajectory: Trajectory, row: int) -> InitialOverlaps:
    """Return the order parameters in a row as a spec has them."""
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
