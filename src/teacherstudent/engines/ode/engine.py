"""Engine `ode`: the deterministic limit of infinitely many inputs."""

from collections.abc import Callable, Sequence

import numpy as np

from teacherstudent.engines.phases import Phase, head_to_copy, phases_left, under_way
from teacherstudent.engines.rates import rates_of
from teacherstudent.engines.start import Start, State, history, times_from
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_R, stored_T
from teacherstudent.errors import RunError, SpecError
from teacherstudent.errors.interruption import pieces
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_errors_of_records
from teacherstudent.kernels.ode import equations as kernel
from teacherstudent.kernels.ode.integrator import (
    DIVERGED,
    KEPT,
    NOTHING,
    PAUSED,
    RESUME,
    STUCK,
    TABLEAU,
    Held,
    nothing_held,
    scratch,
)
from teacherstudent.kernels.ode.pauses import LEFT
from teacherstudent.networks.sampling import OrderParameters, initial_order_parameters
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import refuse_finite_sets
from teacherstudent.spec.steps import on_step

# Absolute tolerance in units of the relative one: order parameters of interest start at 1e-6.
ABSOLUTE_TOLERANCE = 1e-3
# Steps of one phase, some minutes of work; more of them mean that rates are out of proportion.
MAX_STEPS = 10_000_000
# The arrays of a state, which `STATE_VARIABLES` of `engines.observables` describes.
STATE_NAMES = (
    "time",
    "switch_times",
    "teachers",
    "teacher_overlaps",
    "teacher_readouts",
    "order_parameters",
    "integrator_numbers",
    "integrator_y",
    "integrator_k",
    "integrator_switches",
    "integrator_constants",
)
# Work between two reports of progress, in units of `kernels.pauses`: a tenth of a second or two.
WORK_PER_REPORT = 100_000_000


def check(spec: Spec) -> None:
    """Raise SpecError where the equations do not exist, or not in closed form."""
    refuse_finite_sets(spec, "ode")
    if spec.student.activation == "relu":
        raise SpecError("student.activation: relu is not available with engine ode; allowed are erf, linear")


def can_resume(spec: Spec, state: State) -> bool:
    """Return whether a run of a spec can start from a state: always, as units are compared before."""
    return True


class _Run:
    """A run under way: the state of the equations, and what has been recorded so far."""

    def __init__(self, spec: Spec, seed: int, run: int, progress: Callable[[float], None], start: Start):
        self.spec, self.progress = spec, progress
        self.t, self.end = self.on_step(start.time), self.on_step(spec.duration)
        self.status, self.row = None, 0
        self.switches, self.sequence = list(start.switches), list(start.sequence)
        if start.state is None:
            self.initial = initial_order_parameters(spec, seed, run)
        else:
            self.initial = _stored(spec, start.state)
        self.y = np.concatenate([getattr(self.initial, name).ravel() for name in "QRh"])
        self.times = times_from(spec, start.time)
        self.states = np.empty((len(self.times), len(self.y)))
        self.held, self.held_switches, self.held_constants = nothing_held(len(self.y)), 0, np.zeros(0)

    def on_step(self, time: float) -> float:
        """Return the time of the step nearest to a time: where simulations switch and end."""
        return on_step(time, self.spec.inputs.dimension)

    def heads(self) -> np.ndarray:
        """The readouts in the state, (H, K)."""
        H, K = self.spec.heads, self.spec.student.hidden
        return self.y[-H * K :].reshape(H, K)

    def begin(self, phase: Phase) -> None:
        """Begin a phase; all but the first come by a switch."""
        if self.sequence:
            self.switches.append(self.t)
        source = head_to_copy(self.spec, self.sequence, phase.teacher)
        if source is not None:
            self.heads()[self.spec.head_of(phase.teacher)] = self.heads()[source]
        self.sequence.append(phase.teacher)

    def integrate(self, phase: Phase) -> None:
        """Integrate a phase, and note where the end of the run first cuts a step."""
        constants, before = phase_constants(self.spec, self.initial, phase), self.held.mark[0]
        start, work, self.status = self.t, scratch(len(self.y)), PAUSED
        while self.status == PAUSED:
            constants.work.place[LEFT] = WORK_PER_REPORT
            self.status, self.t, written = kernel.integrate_phase(
                constants,
                self.y,
                start,
                phase.end,
                self.times[self.row :],
                self.states[self.row :],
                TABLEAU,
                *_tolerances(self.spec),
                self.held,
                MAX_STEPS,
                work,
            )
            self.progress(min(1.0, self.t / self.spec.duration))
        if self.status == STUCK:
            reached = f"t = {self.t:g} is reached after {MAX_STEPS} steps, the phase ends at {phase.end:g}"
            raise RunError(f"engine ode cannot follow rates as different as these: {reached}")
        self.row += written
        if phase.end < self.end:
            self.held.mark[0] = NOTHING
        elif before != KEPT and self.held.mark[0] == KEPT:
            self.held_switches, self.held_constants = len(self.switches), _numbers(self.spec, constants)


def simulate(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start],
) -> list[Trajectory]:
    """Integrate one run from its start, or else from the order parameters of its initial networks.

    Parameters
    ----------
    specs
        The one spec of a batch (`Engine.simulate`).
    seed
        The seed of the run.
    runs
        The number of the run.
    progress
        Called with the fraction done.
    starts
        The start of the run.

    Returns
    -------
    list of Trajectory
        The one of the run.

    Raises
    ------
    RunError
        Where a phase takes too many steps.
    """
    (spec,), (run,), (start,) = specs, runs, starts
    state = _Run(spec, seed, run, progress, start)
    left = _resumed(state, start.state)
    if under_way(left[0], state.sequence):
        state.integrate(left.pop(0))
    for phase in left:
        if state.status == DIVERGED or (state.sequence and state.t >= state.end):
            break
        state.begin(phase)
        state.integrate(phase)
    return [_trajectory(state)]


def state_of(run: _Run) -> State:
    """Return all that is needed to go on: the end, and the integrator before the end first cut a step."""
    _, _, T, _, v = run.initial
    end = {"order_parameters": run.y.copy(), "teacher_overlaps": T, "teacher_readouts": v}
    held = {f"integrator_{name}": getattr(run.held, name).copy() for name in ("numbers", "y", "k")}
    before = {
        "integrator_switches": np.array(run.held_switches),
        "integrator_constants": run.held_constants,
    }
    return history(run.t, run.switches, run.sequence) | end | held | before


def _stored(spec: Spec, state: State) -> OrderParameters:
    """Return the order parameters of a state."""
    names = "order_parameters", "teacher_overlaps", "teacher_readouts"
    y, T, v = (np.array(state[name]) for name in names)
    K, columns = spec.student.hidden, len(T)
    Q, R, h = np.split(y, [K * K, K * (K + columns)])
    return OrderParameters(Q.reshape(K, K), R.reshape(K, columns), T, h.reshape(-1, K), v)


def _resumed(run: _Run, state: State | None) -> list[Phase]:
    """Return the phases that are left, after bringing back the integrator of a state.

    It had gone less far than the run; hence it is of use only if all that moved it is still the same.
    Otherwise the run starts where the other one ended.
    """
    left = phases_left(run.spec, run.t, run.switches, run.on_step)
    if state is None:
        return left
    switches = run.switches[: int(state["integrator_switches"])]
    sequence = run.sequence[: len(switches) + 1]
    (t, *_), y, k = (state[f"integrator_{name}"] for name in ("numbers", "y", "k"))
    earlier = phases_left(run.spec, t, switches, run.on_step)
    numbers = _numbers(run.spec, phase_constants(run.spec, run.initial, earlier[0]))
    same = np.array_equal(numbers, state["integrator_constants"]) and under_way(earlier[0], sequence)
    if not same or earlier[0].end < run.t:
        return left
    run.t, run.switches, run.sequence = float(t), switches, sequence
    run.held = Held(np.full(1, RESUME), np.array(state["integrator_numbers"]), np.array(y), np.array(k))
    return earlier


def _tolerances(spec: Spec) -> tuple[float, float]:
    relative = spec.numerics.relative_tolerance
    return relative, ABSOLUTE_TOLERANCE * relative


def _numbers(spec: Spec, constants: kernel.Phase) -> np.ndarray:
    """Return all that decides how a phase is integrated, teachers aside, as one row of numbers."""
    parts = [np.ravel(part) for name, part in constants._asdict().items() if name != "work"]
    return np.concatenate([*parts, _tolerances(spec)]).astype(float)


def phase_constants(spec: Spec, start: OrderParameters, phase: Phase) -> kernel.Phase:
    """Return what the right-hand side takes as given during a phase, with the teachers of the start."""
    K, M, p, rates = spec.student.hidden, spec.teachers.hidden, phase.teacher, rates_of(spec, phase)
    first, head, input_power = p * M, spec.head_of(p), 1.0 + rates.input_noise**2
    return kernel.Phase(
        student=CODES[spec.student.activation],
        teacher=CODES[spec.teachers.activation],
        first=first,
        head=head,
        moving=rates.moving,
        eta=rates.learning_rate,
        eta_h=rates.readout_rate,
        decay=rates.weight_decay,
        decay_h=rates.readout_decay,
        output_variance=rates.output_noise**2,
        input_power=input_power,
        batch=rates.batch_size,
        threshold=phase.threshold,
        work=kernel.work_space(K, start.T, start.v[p], first, head, input_power),
    )


def _trajectory(run: _Run) -> Trajectory:
    spec, times, states = run.spec, run.times[: run.row], run.states[: run.row]
    P, K, columns = spec.teachers.count, spec.student.hidden, len(run.initial.T)
    Q = states[:, : K * K].reshape(-1, K, K)
    R = states[:, K * K : K * (K + columns)].reshape(-1, K, columns)
    h = states[:, K * (K + columns) :].reshape(-1, spec.heads, K)
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    errors = np.empty((len(times), P))
    for part in pieces(len(times), P * (K + columns) ** 2):
        records = Q[part], R[part], run.initial.T, h[part], run.initial.v
        errors[part] = generalisation_errors_of_records(*codes, *records)
    finite, diverged_at = np.isfinite(errors).all(axis=1), run.t if run.status == DIVERGED else None
    if not finite.all():  # rounding of overlaps so large that no angle between units is left
        rows = int(np.argmin(finite))
        diverged_at, times = float(times[rows]), times[:rows]
        errors, Q, R, h = (array[:rows] for array in (errors, Q, R, h))
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
    )
