"""The trajectory of a run of engine `ode`."""

import numpy as np

from teacherstudent.engines.ode.states import state_of
from teacherstudent.engines.rates import task_probabilities
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_R, stored_T
from teacherstudent.kernels.ode.integrator import DIVERGED


def trajectory_of(run) -> Trajectory:
    """Return the records of an `Integration`, with the errors computed from them."""
    spec, form, records, times = run.spec, run.form, run.records[: run.row], run.times[: run.row]
    errors = form.errors(records)
    finite = np.all([np.isfinite(values).all(axis=1) for values in errors.values()], axis=0)
    diverged_at = run.t if run.status == DIVERGED else None
    if not finite.all():  # overlaps so large that rounding makes errors undefined
        rows = int(np.argmin(finite))
        diverged_at, times = float(times[rows]), times[:rows]
        errors, records = {name: values[:rows] for name, values in errors.items()}, records[:rows]
    P = spec.teachers.count
    Q, R, h = form.overlaps(records)
    return Trajectory(
        time=times,
        student_overlaps=Q,
        student_teacher_overlaps=stored_R(R, P),
        student_readouts=h,
        teacher_overlaps=stored_T(form.T, P),
        teacher_readouts=form.v,
        active_teacher=active_teachers(times, run.switches, run.sequence),
        switch_times=np.array(run.switches),
        diverged_at=diverged_at,
        state=state_of(run) if spec.record.state else None,
        **errors,
        **_probabilities(run, times),
        **form.observables(records, times, run.switches),
    )


def _probabilities(run, times: np.ndarray) -> dict[str, np.ndarray]:
    """Return the probabilities of the tasks where tasks are mixed."""
    if not run.spec.mixes_tasks:
        return {}
    return {"task_probabilities": task_probabilities(run.spec, times, run.switches, run.sequence)}
