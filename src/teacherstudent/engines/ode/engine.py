"""Engine `ode`: the deterministic equations of the limit of infinitely many inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from teacherstudent.engines.ode.anchors import check_pulls, has_penalties, importances, new_penalties
from teacherstudent.engines.ode.columns import (
    angle_of_rotation,
    columns_for,
    moved_anchors,
    overlaps_of_columns,
    start_of_columns,
)
from teacherstudent.engines.ode.constants import Vectors, numbers_of, phase_constants, stage_constants
from teacherstudent.engines.ode.results import trajectory_of
from teacherstudent.engines.ode.states import STATE_NAMES, Position, initial_in, position_in, stored_angle
from teacherstudent.engines.phases import Phase, head_to_copy, phases_left, under_way
from teacherstudent.engines.rates import LONGEST_AVERAGED, Stage, blocks, stages
from teacherstudent.engines.start import Start, State, times_from
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError, SpecError, refuse
from teacherstudent.kernels.ode.equations import Constants, integrate_phase
from teacherstudent.kernels.ode.integrator import (
    DIVERGED,
    EMPTY,
    PAUSED,
    REACHED_END,
    RESUME,
    SAVED,
    STUCK,
    TABLEAU,
    RestartPoint,
    buffers_for,
    empty_restart_point,
)
from teacherstudent.kernels.ode.interventions import Intervened, integrate_stage
from teacherstudent.kernels.ode.pauses import LEFT
from teacherstudent.kernels.ode.state import unpack
from teacherstudent.networks.sampling import initial_order_parameters
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import refuse_finite_sets
from teacherstudent.spec.rules_structured import refuse_structured
from teacherstudent.spec.steps import on_step

__all__ = ["STATE_NAMES", "can_resume", "check", "phase_constants", "simulate"]

# Absolute tolerance divided by the relative one: order parameters can start at 1e-6.
ABSOLUTE_TOLERANCE = 1e-3
# Largest number of steps of a stage, some minutes of computation; only stiff equations need more.
MAX_STEPS = 10_000_000
# Work between two reports of progress, in units of `kernels.ode.pauses`: a tenth of a second or two.
WORK_PER_REPORT = 100_000_000


def check(spec: Spec) -> None:
    """Raise SpecError if there are no equations in closed form."""
    refuse_structured(spec, "ode")
    refuse_finite_sets(spec, "ode")
    replay, block = spec.curriculum.replay, spec.training.consolidation
    if spec.student.activation == "relu":
        raise SpecError(
            "student.activation: engine ode does not support relu; use erf, linear or another engine"
        )
    if spec.training.l1 is not None:
        raise SpecError("training.l1: engine ode does not support it; use engine network")
    if replay is not None and replay.buffer is not None:
        raise SpecError("curriculum.replay.buffer: engine ode has no stored samples; use engine network")
    if block is not None and block.importances == "weights":
        refuse(
            "training.consolidation.importances",
            block.importances,
            "engine ode has one importance per unit; use units or engine network",
        )


def can_resume(spec: Spec, state: State) -> bool:
    """Return whether a run of a spec can start from a state: it has the same anchors and moving teachers."""
    return position_in(spec, columns_for(spec), state) is not None


@dataclass
class AtRestart:
    """What was constant in the stage that has the restart point of the integrator."""

    switches: int = 0  # number of switches before
    constants: np.ndarray = field(default_factory=lambda: np.zeros(0))
    T: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    penalties: np.ndarray = field(default_factory=lambda: np.zeros(0))


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
        self.columns = columns_for(spec)
        if start.state is None:
            self.initial = initial_order_parameters(spec, seed, run)
            y, T = start_of_columns(spec, self.columns, self.initial)
            self.move_to(Position(y, T, np.zeros(spec.student.hidden), []))
        else:
            self.initial = initial_in(start.state, self.columns)
            self.move_to(position_in(spec, self.columns, start.state))
        self.angle = stored_angle(spec, start.state)
        if self.angle is None:
            self.angle = angle_of_rotation(spec, self.T_now(), self.columns, self.t)
        self.times = times_from(spec, start.time)
        self.records = np.empty((len(self.times), self.columns.size))
        self.restart, self.restarts = empty_restart_point(len(self.y)), AtRestart()

    def on_step(self, time: float) -> float:
        """Return the time of the step nearest to a time, as in simulations."""
        return on_step(time, self.spec.inputs.dimension)

    def move_to(self, position: Position) -> None:
        """Take the vectors of a position; the anchors of earlier phases do not matter any more."""
        self.y, self.T, self.penalties, self.importances = position
        if self.columns.anchors:
            self.norms = [self.anchor_norms()] * (len(self.switches) + 1)

    def T_now(self) -> np.ndarray:
        """Return the overlaps (n, n) of all columns."""
        return overlaps_of_columns(self.columns, self.y, self.T)

    def anchor_norms(self) -> np.ndarray:
        """Return the squared lengths (K,) of the anchors, divided by N."""
        return np.diag(self.T_now())[self.columns.first_anchor :]

    def begin(self, phase: Phase) -> None:
        """Start a phase; it is a switch unless it is the first phase."""
        if self.sequence:
            self.switches.append(self.t)
            self.end_task()
            if self.columns.anchors:
                self.move_anchors()
        source = head_to_copy(self.spec, self.sequence, phase.teacher)
        if source is not None:
            _, _, heads = unpack(self.y[: self.columns.layout.size], self.columns.layout)
            heads[self.spec.head_of(phase.teacher)] = heads[source]
        self.sequence.append(phase.teacher)

    def end_task(self) -> None:
        """Find the importances of the units for the task before a switch."""
        if self.spec.training.consolidation is not None:
            arguments = self.y, self.T_now(), self.initial.v, self.sequence[-1]
            self.importances.append(importances(self.spec, self.columns, *arguments))
        if self.columns.S >= 0:
            self.y[self.columns.S :] = 0.0

    def move_anchors(self) -> None:
        """Update penalties and anchors at a switch, which is in `switches` and `importances` already."""
        spec, columns = self.spec, self.columns
        shares = np.ones(columns.anchors)
        if spec.training.consolidation is not None:
            switch = len(self.switches) - 1
            self.penalties, shares = new_penalties(spec, self.penalties, self.importances[-1], switch)
        self.y, self.T = moved_anchors(columns, self.y, self.T_now(), shares)
        self.norms.append(self.anchor_norms())

    def stages(self, phase: Phase) -> list[Stage]:
        """Return the stages of a phase from now on; long blocks of interleaved tasks are stages."""
        began, N = self.switches[-1] if self.switches else 0.0, self.spec.inputs.dimension
        parts, start = [], self.t
        for stage in stages(self.spec, phase, self.sequence, began, start, self.angle):
            long = stage.interleave is not None and sum(stage.interleave) > LONGEST_AVERAGED * N
            parts += blocks(stage, start, N) if long else [stage]
            start = stage.end
        return parts

    def constants(self, phase: Phase, stage: Stage) -> Constants | Intervened:
        """Return the constants of the equations in a stage."""
        vectors = Vectors(self.columns, self.T, self.initial.v, self.penalties)
        return stage_constants(self.spec, vectors, stage, phase)

    def integrate(self, phase: Phase) -> None:
        """Integrate a phase stage by stage, until an event ends it."""
        for stage in self.stages(phase):
            self.integrate_stage(phase, stage)
            if self.status != REACHED_END:
                return

    def integrate_stage(self, phase: Phase, stage: Stage) -> None:
        """Integrate a stage, in several calls between which progress is reported.

        The integrator sets the restart point before the first step that the end of the run shortens; the
        constants of the equations are saved with it.
        """
        constants, before = self.constants(phase, stage), self.restart.mark[0]
        pull = constants.model.pull if isinstance(constants, Intervened) else np.zeros(0)
        if phase.threshold <= 0.0:  # with one the stage may take fewer steps
            check_pulls(self.spec, self.penalties, pull, stage, self.t, MAX_STEPS)
        integrate = integrate_phase if isinstance(constants, Constants) else integrate_stage
        start, work, self.status = self.t, buffers_for(len(self.y), self.controlled()), PAUSED
        while self.status == PAUSED:
            constants.progress[LEFT] = WORK_PER_REPORT
            self.status, self.t, written = integrate(
                constants,
                self.y,
                start,
                stage.end,
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
            check_pulls(self.spec, self.penalties, pull, stage, start, 0.5 * MAX_STEPS)
            self.report_stuck(stage)
        self.row += written
        if stage.end < self.end:
            self.restart.mark[0] = EMPTY
        elif before != SAVED and self.restart.mark[0] == SAVED:
            numbers = _numbers(self.spec, constants)
            self.restarts = AtRestart(len(self.switches), numbers, self.T_now(), self.penalties)

    def controlled(self) -> int:
        """Return how many numbers of the state determine step sizes.

        All where the further columns have an influence on the order parameters.
        """
        columns = self.columns
        matter = self.spec.has_moving_teachers or has_penalties(self.spec)
        return columns.size if matter else columns.layout.size

    def report_stuck(self, stage: Stage) -> None:
        """Raise RunError for equations that are stiff."""
        raise RunError(
            f"engine ode: the equations are stiff: t = {self.t:g} is reached after {MAX_STEPS} steps, the "
            f"stage ends at {stage.end:g}; use learning rates of similar size"
        )


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
        If a stage needs more than 10 million steps, and if a teacher cannot turn as the spec says.
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
    return [trajectory_of(integration)]


def _resumed(run: Integration, state: State | None) -> list[Phase]:
    """Return the remaining phases, after a run has moved back to the restart point of a state, if possible.

    The restart point lies before the end of the stored run. The run resumes from it if the constants of the
    equations are the same; otherwise it starts at the end of the stored run.
    """
    left = phases_left(run.spec, run.t, run.switches, run.on_step)
    if state is None or not len(state["integrator_constants"]):
        return left
    # 1. The restart point, and the phase in which it lies.
    end = run.t, run.switches, run.sequence, Position(run.y, run.T, run.penalties, run.importances)
    run.switches = run.switches[: int(state["integrator_switches"])]
    run.sequence = run.sequence[: len(run.switches) + 1]
    run.t = float(state["integrator_numbers"][0])
    earlier = phases_left(run.spec, run.t, run.switches, run.on_step)
    # 2. The constants of its stage must be those of the stored run, and the stage must reach its end.
    if under_way(earlier[0], run.sequence):
        run.move_to(_at_restart(run, state))
        stage = run.stages(earlier[0])[0]
        numbers = _numbers(run.spec, run.constants(earlier[0], stage))
        if np.array_equal(numbers, state["integrator_constants"]) and stage.end >= end[0]:
            # 3. The run stays there.
            numbers, y, k = (np.array(state[f"integrator_{name}"]) for name in ("numbers", "y", "k"))
            run.restart = RestartPoint(np.full(1, RESUME), numbers, y, k)
            return earlier
    run.t, run.switches, run.sequence = end[:3]
    run.move_to(end[3])
    return left


def _at_restart(run: Integration, state: State) -> Position:
    """Return the vectors of a run at the restart point of a state."""
    position = position_in(run.spec, run.columns, state, at_restart=True)
    return position._replace(importances=position.importances[: len(run.switches)])


def _tolerances(spec: Spec) -> tuple[float, float]:
    relative = spec.numerics.relative_tolerance
    return relative, ABSOLUTE_TOLERANCE * relative


def _numbers(spec: Spec, p: Constants | Intervened) -> np.ndarray:
    """Return the numbers, apart from the teachers, that determine the integration of a stage."""
    return np.concatenate([numbers_of(p), _tolerances(spec)])
