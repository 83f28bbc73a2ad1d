"""Engine `ode`: the deterministic limit of infinitely many inputs."""

from collections.abc import Callable

import numpy as np

from teacherstudent.curriculum import Phase, head_to_copy, phases
from teacherstudent.errors import SpecError
from teacherstudent.inputs import refuse_finite_sets
from teacherstudent.kernels import ode as kernel
from teacherstudent.kernels.activations import CODES
from teacherstudent.kernels.generalisation import generalisation_errors_of_records
from teacherstudent.kernels.integrator import DIVERGED, TABLEAU
from teacherstudent.networks import OrderParameters, initial_order_parameters
from teacherstudent.spec import Spec
from teacherstudent.trajectory import Trajectory, active_teachers, record_times, stored_R, stored_T

# Absolute tolerance in units of the relative one: order parameters of interest start at 1e-6.
ABSOLUTE_TOLERANCE = 1e-3


def check(spec: Spec) -> None:
    """Raise SpecError where the equations do not exist, or not in closed form."""
    refuse_finite_sets(spec, "ode")
    if spec.student.activation == "relu":
        raise SpecError("student.activation: relu is not available with engine ode; allowed are erf, linear")


def simulate(spec: Spec, seed: int, run: int, progress: Callable[[float], None]) -> Trajectory:
    """Integrate one run from the order parameters of its sampled (or given) initial networks.

    `progress` is called with the fraction done.
    """
    check(spec)
    start = initial_order_parameters(spec, seed, run)
    times = record_times(spec)
    state = np.concatenate([start.Q.ravel(), start.R.ravel(), start.h.ravel()])
    states = np.empty((len(times), len(state)))
    t, row, switches, sequence, status = 0.0, 0, [], [], None
    for phase in phases(spec):
        if sequence:
            if t >= spec.duration:
                break
            switches.append(t)
        source = head_to_copy(spec, sequence, phase.teacher)
        if source is not None:
            h = state[-spec.heads * spec.student.hidden :].reshape(spec.heads, -1)
            h[spec.head_of(phase.teacher)] = h[source]
        sequence.append(phase.teacher)
        status, t, written = kernel.integrate_phase(
            phase_constants(spec, start, phase),
            state,
            t,
            phase.end,
            times[row:],
            states[row:],
            TABLEAU,
            *_tolerances(spec),
        )
        row += written
        progress(t / spec.duration)
        if status == DIVERGED:
            break
    diverged_at = t if status == DIVERGED else None
    return _trajectory(spec, start, times[:row], states[:row], switches, sequence, diverged_at)


def _tolerances(spec: Spec) -> tuple[float, float]:
    relative = spec.numerics.relative_tolerance
    return relative, ABSOLUTE_TOLERANCE * relative


def phase_constants(spec: Spec, start: OrderParameters, phase: Phase) -> kernel.Phase:
    """Return what the right-hand side takes as given during a phase."""
    K, M, training, p = spec.student.hidden, spec.teachers.hidden, spec.training, phase.teacher
    moving = np.ones(K)
    moving[list(training.frozen_units[p])] = 0.0
    first, head, input_power = p * M, spec.head_of(p), 1.0 + spec.teachers.input_noise[p] ** 2
    features, readouts = "features" in training.train, "readouts" in training.train
    return kernel.Phase(
        student=CODES[spec.student.activation],
        teacher=CODES[spec.teachers.activation],
        first=first,
        head=head,
        moving=moving,
        eta=training.learning_rate * features,
        eta_h=spec.readout_rate * readouts,
        decay=training.weight_decay * features,
        decay_h=training.weight_decay * readouts,
        output_variance=spec.teachers.output_noise[p] ** 2,
        input_power=input_power,
        batch=training.batch_size,
        threshold=phase.threshold,
        work=kernel.work_space(K, start.T, start.v[p], first, head, input_power),
    )


def _trajectory(spec, start, times, states, switches, sequence, diverged_at) -> Trajectory:
    P, K, columns = spec.teachers.count, spec.student.hidden, len(start.T)
    Q = states[:, : K * K].reshape(-1, K, K)
    R = states[:, K * K : K * (K + columns)].reshape(-1, K, columns)
    h = states[:, K * (K + columns) :].reshape(-1, spec.heads, K)
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    return Trajectory(
        time=times,
        generalisation_error=generalisation_errors_of_records(*codes, Q, R, start.T, h, start.v),
        student_overlaps=Q,
        student_teacher_overlaps=stored_R(R, P),
        student_readouts=h,
        teacher_overlaps=stored_T(start.T, P),
        teacher_readouts=start.v,
        active_teacher=active_teachers(times, switches, sequence),
        switch_times=np.array(switches),
        diverged_at=diverged_at,
    )
