"""Engine `ode`: the deterministic equations of the limit of infinitely many inputs."""

from collections.abc import Callable, Sequence

import numpy as np

from teacherstudent.engines.phases import Phase, head_to_copy, phases_left, under_way
from teacherstudent.engines.rates import rates_of, refuse_interventions
from teacherstudent.engines.start import Start, State, history, times_from
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_R, stored_T
from teacherstudent.errors import RunError, SpecError
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_errors_of_records
from teacherstudent.kernels.ode.equations import Constants, constants_of, integrate_phase
from teacherstudent.kernels.ode.integrator import (
    DIVERGED,
    EMPTY,
    PAUSED,
    RESUME,
    SAVED,
    STUCK,
    TABLEAU,
    RestartPoint,
    buffers_for,
    empty_restart_point,
)
from teacherstudent.kernels.ode.isotropic import isotropic
from teacherstudent.kernels.ode.models import Rates
from teacherstudent.kernels.ode.pauses import LEFT
from teacherstudent.kernels.ode.state import Layout, layout_of, pack, unpack
from teacherstudent.networks.sampling import OrderParameters, initial_order_parameters
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import refuse_finite_sets
from teacherstudent.spec.steps import on_step

# Absolute tolerance divided by the relative one: order parameters can start at 1e-6.
ABSOLUTE_TOLERANCE = 1e-3
# Largest number of steps of a phase, some minutes of computation; only stiff equations need more.
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
# Work between two reports of progress, in units of `kernels.ode.pauses`: a tenth of a second or two.
WORK_PER_REPORT = 100_000_000


def check(spec: Spec) -> None:
    """Raise SpecError if there are no equations in closed form."""
    refuse_interventions(spec, "ode")
    refuse_finite_sets(spec, "ode")
    if spec.student.activation == "relu":
        raise SpecError(
            "student.activation: engine ode does not support relu; use erf, linear or another engine"
        )


def can_resume(spec: Spec, state: State) -> bool:
    """Return whether a run of a spec can start from a state: always, since the sizes are equal."""
    return True


class Integration:
    """A run during integration: the state of the equations, and the records up to it.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run: they determine the initial networks.
    progress : callable
        Called with the fraction of the duration that is done, from 0 to 1.
    start : Start
        The start of the run.
    """

    def __init__(self, spec: Spec, seed: int, run: int, progress: Callable[[float], None], start: Start):
        self.spec, self.progress = spec, progress
        self.t, self.end = self.on_step(start.time), self.on_step(spec.duration)
        self.status, self.row = None, 0
        self.switches, self.sequence = list(start.switches), list(start.sequence)
        self.layout = layout_of(spec.student.hidden, spec.teachers.count * spec.teachers.hidden, spec.heads)
        if start.state is None:
            self.initial = initial_order_parameters(spec, seed, run)
        else:
            self.initial = _order_parameters(start.state, self.layout)
        self.y = pack(self.initial.Q, self.initial.R, self.initial.h)
        self.times = times_from(spec, start.time)
        self.records = np.empty((len(self.times), self.layout.size))
        self.restart = empty_restart_point(len(self.y))
        self.switches_at_restart, self.constants_at_restart = 0, np.zeros(0)

    def on_step(self, time: float) -> float:
        """Return the time of the step nearest to a time, as in simulations."""
        return on_step(time, self.spec.inputs.dimension)

    def begin(self, phase: Phase) -> None:
        """Start a phase; it is a switch unless it is the first phase."""
        if self.sequence:
            self.switches.append(self.t)
        source = head_to_copy(self.spec, self.sequence, phase.teacher)
        if source is not None:
            _, _, heads = unpack(self.y, self.layout)
            heads[self.spec.head_of(phase.teacher)] = heads[source]
        self.sequence.append(phase.teacher)

    def integrate(self, phase: Phase) -> None:
        """Integrate a phase, in several calls between which progress is reported.

        The integrator sets the restart point before the first step that the end of the run shortens; the
        constants of the equations are saved with it.
        """
        constants, before = phase_constants(self.spec, self.initial, phase), self.restart.mark[0]
        start, work, self.status = self.t, buffers_for(len(self.y)), PAUSED
        while self.status == PAUSED:
            constants.progress[LEFT] = WORK_PER_REPORT
            self.status, self.t, written = integrate_phase(
                constants,
                self.y,
                start,
                phase.end,
                self.times[self.row :],
                self.records[self.row :],
                TABLEAU,
                *_tolerances(self.spec),
                self.restart,
                MAX_STEPS,
                work,
            )
            self.progress(min(1.0, self.t / self.spec.duration))
        if self.status == STUCK:
            reached = f"t = {self.t:g} is reached after {MAX_STEPS} steps, the phase ends at {phase.end:g}"
            raise RunError(
                f"engine ode: the equations are stiff: {reached}; use learning rates of similar size"
            )
        self.row += written
        if phase.end < self.end:
            self.restart.mark[0] = EMPTY
        elif before != SAVED and self.restart.mark[0] == SAVED:
            self.switches_at_restart = len(self.switches)
            self.constants_at_restart = _numbers(self.spec, constants)


def simulate(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start],
) -> list[Trajectory]:
    """Integrate one run from its start, or from the order parameters of its initial networks.

    Parameters
    ----------
    specs : sequence of Spec
        One spec (`Engine.simulate`). N determines the initial networks and rounds times to steps.
    seed : int
        The seed: with the number of the run it determines the initial networks.
    runs : sequence of int
        The number of the run.
    progress : callable
        Called with the fraction of the duration that is done, from 0 to 1.
    starts : sequence of Start
        The start of the run.

    Returns
    -------
    list of Trajectory
        One trajectory, which ends early if the run diverges.

    Raises
    ------
    RunError
        If a phase needs more than 10 million steps.
    """
    (spec,), (run,), (start,) = specs, runs, starts
    integration = Integration(spec, seed, run, progress, start)
    left = _resumed(integration, start.state)
    if under_way(left[0], integration.sequence):
        integration.integrate(left.pop(0))
    for phase in left:
        if integration.status == DIVERGED or (integration.sequence and integration.t >= integration.end):
            break
        integration.begin(phase)
        integration.integrate(phase)
    return [_trajectory(integration)]


def state_of(run: Integration) -> State:
    """Return the state from which a run can resume: its end, and the restart point before the end."""
    _, _, T, _, v = run.initial
    end = {"order_parameters": run.y.copy(), "teacher_overlaps": T, "teacher_readouts": v}
    restart = {f"integrator_{name}": getattr(run.restart, name).copy() for name in ("numbers", "y", "k")}
    before = {
        "integrator_switches": np.array(run.switches_at_restart),
        "integrator_constants": run.constants_at_restart,
    }
    return history(run.t, run.switches, run.sequence) | end | restart | before


def _order_parameters(state: State, layout: Layout) -> OrderParameters:
    """Return the order parameters of a stored state."""
    names = "order_parameters", "teacher_overlaps", "teacher_readouts"
    y, T, v = (np.array(state[name]) for name in names)
    Q, R, h = unpack(y, layout)
    return OrderParameters(Q, R, T, h, v)


def _resumed(run: Integration, state: State | None) -> list[Phase]:
    """Return the remaining phases, after a run has moved back to the restart point of a state, if possible.

    The restart point lies before the end of the stored run. The run resumes from it if the constants of the
    equations are the same; otherwise it starts at the end of the stored run.
    """
    left = phases_left(run.spec, run.t, run.switches, run.on_step)
    if state is None:
        return left
    # 1. The restart point, and the phase in which it lies.
    switches = run.switches[: int(state["integrator_switches"])]
    sequence = run.sequence[: len(switches) + 1]
    (t, *_), y, k = (state[f"integrator_{name}"] for name in ("numbers", "y", "k"))
    earlier = phases_left(run.spec, t, switches, run.on_step)
    # 2. The constants of this phase must be those of the stored run, and the phase must reach its end.
    numbers = _numbers(run.spec, phase_constants(run.spec, run.initial, earlier[0]))
    same = np.array_equal(numbers, state["integrator_constants"]) and under_way(earlier[0], sequence)
    if not same or earlier[0].end < run.t:
        return left
    # 3. The run moves back.
    run.t, run.switches, run.sequence = float(t), switches, sequence
    numbers = np.array(state["integrator_numbers"])
    run.restart = RestartPoint(np.full(1, RESUME), numbers, np.array(y), np.array(k))
    return earlier


def _tolerances(spec: Spec) -> tuple[float, float]:
    relative = spec.numerics.relative_tolerance
    return relative, ABSOLUTE_TOLERANCE * relative


def _numbers(spec: Spec, p: Constants) -> np.ndarray:
    """Return the numbers, apart from the teachers, that determine the integration of a phase."""
    active, head, r = p.model.first, p.rates.head, p.rates
    before = p.student, p.teacher, active, head, *r.moving, r.eta, r.eta_h, r.decay, r.decay_h
    numbers = *before, p.output_variance, p.model.power, r.batch, p.threshold, *_tolerances(spec)
    return np.array(numbers, dtype=float)


def phase_constants(spec: Spec, start: OrderParameters, phase: Phase) -> Constants:
    """Return the constants of the equations during a phase.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    start : OrderParameters
        T and v of the teachers are used, the other parts are not.
    phase : Phase
        The active teacher, and the threshold that ends the phase.

    Returns
    -------
    Constants
    """
    K, M, p, of_phase = spec.student.hidden, spec.teachers.hidden, phase.teacher, rates_of(spec, phase)
    rates = Rates(
        moving=of_phase.moving,
        eta=of_phase.learning_rate,
        eta_h=of_phase.readout_rate,
        decay=of_phase.weight_decay,
        decay_h=of_phase.readout_decay,
        batch=of_phase.batch_size,
        head=spec.head_of(p),
    )
    power = 1.0 + of_phase.input_noise**2
    inputs = K, spec.heads, start.T, start.v[p], p * M, rates.head
    model = isotropic(*inputs, power)
    return constants_of(
        CODES[spec.student.activation],
        CODES[spec.teachers.activation],
        of_phase.output_noise**2,
        phase.threshold,
        rates,
        model,
    )


def _trajectory(run: Integration) -> Trajectory:
    """Return the records of a run, with the errors computed from them."""
    spec, times = run.spec, run.times[: run.row]
    P, K, F = spec.teachers.count, run.layout.K, run.layout.F
    Q, R, h = unpack(run.records[: run.row], run.layout)
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    errors = np.empty((len(times), P))
    for part in in_pieces(len(times), P * (K + F) ** 2):
        records = Q[part], R[part], run.initial.T, h[part], run.initial.v
        errors[part] = generalisation_errors_of_records(*codes, *records)
    finite, diverged_at = np.isfinite(errors).all(axis=1), run.t if run.status == DIVERGED else None
    if not finite.all():  # overlaps so large that rounding makes errors undefined
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
