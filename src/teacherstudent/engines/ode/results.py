"""The trajectory of a run of engine `ode`."""

import numpy as np

from teacherstudent.engines.ode.states import state_of
from teacherstudent.engines.rates import task_probabilities
from teacherstudent.engines.trajectory import (
    Trajectory,
    active_teachers,
    stored_importances,
    stored_R,
    stored_T,
)
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import (
    generalisation_errors,
    generalisation_errors_of_records,
)
from teacherstudent.kernels.ode.integrator import DIVERGED
from teacherstudent.kernels.ode.state import unpack


def trajectory_of(run) -> Trajectory:
    """Return the records of an `Integration`, with the errors computed from them."""
    spec, records, times = run.spec, run.records[: run.row], run.times[: run.row]
    errors = _errors(run, records)
    finite, diverged_at = np.isfinite(errors).all(axis=1), run.t if run.status == DIVERGED else None
    if not finite.all():  # overlaps so large that rounding makes errors undefined
        rows = int(np.argmin(finite))
        diverged_at, times = float(times[rows]), times[:rows]
        errors, records = errors[:rows], records[:rows]
    P, layout = spec.teachers.count, run.columns.layout
    Q, R, h = unpack(records[:, : layout.size], layout)
    return Trajectory(
        time=times,
        generalisation_error=errors,
        student_overlaps=Q,
        student_teacher_overlaps=stored_R(R, P),
        student_readouts=h,
        teacher_overlaps=stored_T(run.initial.T, P),
        teacher_readouts=run.initial.v,
        active_teacher=active_teachers(times, run.switches, run.sequence),
        switch_times=np.array(run.switches),
        diverged_at=diverged_at,
        state=state_of(run) if spec.record.state else None,
        **_of_interventions(run, records, times),
    )


def _errors(run, records: np.ndarray) -> np.ndarray:
    """Return the generalisation errors (T, P) of records."""
    spec, columns = run.spec, run.columns
    P, K, F = spec.teachers.count, columns.layout.K, columns.layout.F
    Q, R, h = unpack(records[:, : columns.layout.size], columns.layout)
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    errors = np.empty((len(records), P))
    for part in in_pieces(len(records), P * (K + F) ** 2):
        if columns.T >= 0:
            rows = zip(Q[part], R[part], _T_of_teachers(columns, records[part]), h[part], strict=True)
            errors[part] = [
                generalisation_errors(*codes, *map(np.ascontiguousarray, row), run.initial.v) for row in rows
            ]
        else:
            records_of_part = Q[part], R[part], run.initial.T, h[part], run.initial.v
            errors[part] = generalisation_errors_of_records(*codes, *records_of_part)
    return errors


def _of_interventions(run, records: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
    """Return the records that only runs with interventions have."""
    spec, columns, arrays = run.spec, run.columns, {}
    if spec.mixes_tasks:
        arrays["task_probabilities"] = task_probabilities(spec, times, run.switches, run.sequence)
    if columns.T >= 0:
        T = _T_of_teachers(columns, records)
        arrays["teacher_overlaps_in_time"] = np.array([stored_T(row, spec.teachers.count) for row in T])
    if columns.anchors:
        row = np.searchsorted(run.switches, times, side="left")  # at a switch the state is that before it
        arrays["anchor_overlaps"] = records[:, columns.index_of_R()[:, columns.first_anchor :]]
        arrays["anchor_norms"] = np.array(run.norms)[row]
    if spec.training.consolidation is not None:
        arrays["importances"] = stored_importances(run.importances, len(run.switches), columns.layout.K)
    return arrays


def _T_of_teachers(columns, records: np.ndarray) -> np.ndarray:
    """Return the overlaps (T, F, F) of teachers that move."""
    F = columns.layout.F
    return records[:, columns.index_of_T()[:F, :F]]
