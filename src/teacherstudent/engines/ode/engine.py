"""Engine `ode`: the deterministic equations of the limit of infinitely many inputs."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from teacherstudent.engines.memory import record_memory
from teacherstudent.engines.ode.choice import formulation_name, has_lanes
from teacherstudent.engines.ode.constants import phase_constants
from teacherstudent.engines.ode.formulation import Formulation, Origin
from teacherstudent.engines.ode.formulations import formulation_of
from teacherstudent.engines.ode.results import trajectory_of
from teacherstudent.engines.ode.states import STATE_NAMES
from teacherstudent.engines.ode.together import integrate_together
from teacherstudent.engines.phases import Phase, head_to_copy, phases_left, under_way
from teacherstudent.engines.rates import LONGEST_AVERAGED, Stage, blocks, stages
from teacherstudent.engines.start import Start, State, times_from
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.kernels.ode.integrator import (
    DIVERGED,
    EMPTY,
    EVENT,
    PAUSED,
    REACHED_END,
    RESUME,
    SAVED,
    STUCK,
    RestartPoint,
    empty_restart_point,
)
from teacherstudent.kernels.ode.pauses import LEFT
from teacherstudent.kernels.ode.stages import TABLEAU, buffers_for
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import on_step

__all__ = ["STATE_NAMES", "batch_key", "can_resume", "phase_constants", "simulate"]

# Largest number of steps of a stage, some minutes of computation; only stiff equations need more.
MAX_STEPS = 10_000_000
# Bytes of the records of a run above which it is in no batch: the records of a batch are in memory together.
LARGEST_RECORDS = 2**19
# Work between two reports of progress, in units of `kernels.ode.pauses`: a tenth of a second or two.
WORK_PER_REPORT = 100_000_000


def can_resume(spec: Spec, state: State) -> bool:
    """Return whether a run of a spec can start from a state: it has the same variables of the equations."""
    return formulation_of(spec).fits(spec, state)


@dataclass
class AtRestart:
    """What was constant in the stage that has the restart point of the integrator."""

    arrays: dict[str, np.ndarray]  # of `Formulation.between_switches`
    switches: int = 0  # number of switches before
    constants: np.ndarray = field(default_factory=lambda: np.zeros(0))


def _nothing_saved(form: Formulation) -> AtRestart:
    """Return what a run without a restart point has, with empty arrays."""
    arrays = form.between_switches()
    return AtRestart({name: np.zeros((0,) * array.ndim) for name, array in arrays.items()})


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
    times : (T,) array, optional
        The recorded times (`start.times_from`), where another run has the same.
    """

    def __init__(self, spec: Spec, seed: int, run: int, progress: Callable, start: Start, times=None):
        self.spec, self.progress, self.has_lanes = spec, progress, has_lanes(spec)
        self.t, self.end = self.on_step(start.time), self.on_step(spec.duration)
        self.status, self.row = None, 0
        self.switches, self.sequence = list(start.switches), list(start.sequence)
        origin, chosen = Origin(spec, seed, run), formulation_of(spec)
        if start.state is None:
            self.form = chosen.at_start(origin, len(self.switches))
        else:
            self.form = chosen.from_state(origin, start.state)
        self.angle = self.form.angle(self.t, start.state)
        self.times = times_from(spec, start.time) if times is None else times
        self.records = np.empty((len(self.times), self.form.width))
        self.restart, self.restarts = empty_restart_point(len(self.y)), _nothing_saved(self.form)

    @property
    def y(self) -> np.ndarray:
        """State of the equations."""
        return self.form.y

    def on_step(self, time: float) -> float:
        """Return the time of the step nearest to a time, as in simulations."""
        return on_step(time, self.spec.inputs.dimension)

    def begin(self, phase: Phase) -> None:
        """Start a phase; it is a switch unless it is the first phase."""
        if self.sequence:
            self.switches.append(self.t)
            self.form.switch(self.sequence[-1], len(self.switches) - 1)
        source = head_to_copy(self.spec, self.sequence, phase.teacher)
        if source is not None:
            heads = self.form.readouts
            heads[self.spec.head_of(phase.teacher)] = heads[source]
        self.sequence.append(phase.teacher)

    def stages(self, phase: Phase) -> list[Stage]:
        """Return the stages of a phase from now on; long blocks of interleaved tasks are stages."""
        began, N = self.switches[-1] if self.switches else 0.0, self.spec.inputs.dimension
        parts, start = [], self.t
        for stage in stages(self.spec, phase, self.sequence, began, start, self.angle):
            long = stage.interleave is not None and sum(stage.interleave) > LONGEST_AVERAGED * N
            parts += blocks(stage, start, N) if long else [stage]
            start = stage.end
        return parts

    def constants(self, phase: Phase, stage: Stage):
        """Return the constants of the equations in a stage."""
        return self.form.constants(stage, phase)

    def course(self, state: State | None) -> Iterator[tuple[Phase, Stage]]:
        """Yield phase and stage of each integration that is to be done before the next one is asked for."""
        left = _resumed(self, state)
        if under_way(left[0], self.sequence):
            yield from self.stages_until_event(left.pop(0))
        for phase in left:
            if self.status == DIVERGED or (self.sequence and self.t >= self.end):
                return
            self.begin(phase)
            yield from self.stages_until_event(phase)

    def stages_until_event(self, phase: Phase) -> Iterator[tuple[Phase, Stage]]:
        """Yield a phase with each of its stages, until an event ends it."""
        for stage in self.stages(phase):
            yield phase, stage
            if self.status != REACHED_END:
                return

    def integrate_stage(self, phase: Phase, stage: Stage) -> None:
        """Integrate a stage, again from where the nodes of sums become too coarse.

        New nodes are fine enough, so that a third event at the same time is the threshold of the phase; a
        second one can be readouts that start at zero and get their signs. Raises RunError for a third one
        in a phase without a threshold.
        """
        if self.restart.mark[0] != RESUME:
            self.form.choose_nodes(self.t)
        events = 0
        while events < 3:
            before = self.t
            self._integrate_constants(phase, stage, self.constants(phase, stage))
            if self.status != EVENT or not self.form.has_nodes:
                return
            self.form.choose_nodes(self.t)
            events = events + 1 if self.t == before else 1
        if phase.threshold <= 0.0:
            raise RunError(
                f"numerics.cubature_tolerance: at t = {self.t:g} no nodes of the sums over the fields are "
                "fine enough; use engine chain"
            )

    def _integrate_constants(self, phase: Phase, stage: Stage, constants) -> None:
        """Integrate a stage with some constants, in several calls between which progress is reported.

        The integrator sets the restart point before the first step that the end of the run shortens; the
        constants of the equations are saved with it.
        """
        before = self.restart.mark[0]
        if len(self.restart.y) != len(self.y):  # the constants of another task can need another state
            self.restart = empty_restart_point(len(self.y))
        integrate = self.form.integrator(constants)
        start, work, self.status = self.t, buffers_for(len(self.y), self.form.controlled), PAUSED
        self.check_steps(constants, phase, stage)
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
                *self.form.tolerances,
                self.restart,
                MAX_STEPS,
                work,
            )
            self.progress(min(1.0, self.t / self.spec.duration))
        self.after_stage(phase, stage, constants, start, written, before)

    def check_steps(self, constants, phase: Phase, stage: Stage) -> None:
        """Raise RunError if a stage takes far too many steps; one with a threshold may take fewer.

        Parameters
        ----------
        constants : NamedTuple or None
            Constants of the equations in the stage.
        phase : Phase
            The phase.
        stage : Stage
            The stage.
        """
        if phase.threshold <= 0.0:
            self.form.check_steps(constants, stage, self.t, MAX_STEPS)

    def after_stage(
        self, phase: Phase, stage: Stage, constants, start: float, written: int, before: int
    ) -> None:
        """Do what follows the integration of a stage.

        Parameters
        ----------
        phase : Phase
            The phase.
        stage : Stage
            The stage, or its part up to an event.
        constants : NamedTuple or None
            Constants of the equations in it; None if they have not been made for this run alone.
        start : float
            Time at which its integration started.
        written : int
            Number of records.
        before : int
            Mark of the restart point before.

        Raises
        ------
        RunError
            If the equations are stiff.
        """
        if self.status == STUCK:
            constants = self.constants(phase, stage) if constants is None else constants
            self.form.check_steps(constants, stage, start, 0.5 * MAX_STEPS)
            self.form.report_stuck(stage, self.t, MAX_STEPS)
        self.row += written
        if stage.end < self.end:
            self.restart.mark[0] = EMPTY
        elif before != SAVED and self.restart.mark[0] == SAVED and self.spec.record.state:
            constants = self.constants(phase, stage) if constants is None else constants
            numbers = _numbers(self.form, constants)
            self.restarts = AtRestart(self.form.between_switches(), len(self.switches), numbers)


def batch_key(spec: Spec, run: int) -> Hashable:
    """Return the sizes of networks whose runs are integrated side by side; runs of other models are alone."""
    if not has_lanes(spec) or record_memory(spec, "all") > LARGEST_RECORDS:
        return run, spec
    teachers, student = spec.teachers, spec.student
    sizes = teachers.count, teachers.hidden, student.hidden, spec.heads
    law = student.activation, teachers.activation, teachers.labels, spec.loss
    return formulation_name(spec), *sizes, *law


def simulate(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start],
) -> list[Trajectory]:
    """Integrate runs from their starts, or from the order parameters of their initial networks.

    Parameters
    ----------
    specs : sequence of Spec
        The spec of each run (`Engine.simulate`). N determines the initial networks and rounds times to steps.
    seed : int
        The seed: with the number of a run it determines the initial networks.
    runs : sequence of int
        The number of each run.
    progress : callable
        Called with the fraction of the batch that is done, from 0 to 1.
    starts : sequence of Start
        The start of each run.

    Returns
    -------
    list of Trajectory
        One for each run; that of a run that diverges ends early.

    Raises
    ------
    RunError
        If a stage needs more than 10 million steps, and if a teacher cannot turn as the spec says.
    """
    integrations = []

    def report(fraction: float = 0.0) -> None:
        done = sum(min(1.0, run.t / run.spec.duration) for run in integrations)
        progress(min(1.0, done / len(specs)))

    times: dict[Hashable, np.ndarray] = {}
    for spec, run, start in zip(specs, runs, starts, strict=True):
        key = spec.record, spec.duration, spec.inputs.dimension, start.time
        integrations.append(Integration(spec, seed, run, report, start, times.get(key)))
        times[key] = integrations[-1].times
    courses = [run.course(start.state) for run, start in zip(integrations, starts, strict=True)]
    integrate_together(integrations, courses, report, MAX_STEPS)
    return [trajectory_of(run) for run in integrations]


def _resumed(run: Integration, state: State | None) -> list[Phase]:
    """Return the remaining phases, after a run has moved back to the restart point of a state, if possible.

    The restart point lies before the end of the stored run. The run resumes from it if the constants of the
    equations are the same; otherwise it starts at the end of the stored run.
    """
    left = phases_left(run.spec, run.t, run.switches, run.on_step)
    if state is None or not len(state["integrator_constants"]):
        return left
    # 1. The restart point, and the phase in which it lies.
    end = run.t, run.switches, run.sequence, run.form
    run.switches = run.switches[: int(state["integrator_switches"])]
    run.sequence = run.sequence[: len(run.switches) + 1]
    run.t = float(state["integrator_numbers"][0])
    earlier = phases_left(run.spec, run.t, run.switches, run.on_step)
    # 2. The constants of its stage must be those of the stored run, and the stage must reach its end.
    if under_way(earlier[0], run.sequence):
        run.form = run.form.at_restart(state)
        stage = run.stages(earlier[0])[0]
        numbers = _numbers(run.form, run.constants(earlier[0], stage))
        if np.array_equal(numbers, state["integrator_constants"]) and stage.end >= end[0]:
            # 3. The run stays there.
            numbers, y, k = (np.array(state[f"integrator_{name}"]) for name in ("numbers", "y", "k"))
            run.restart = RestartPoint(np.full(1, RESUME), numbers, y, k)
            return earlier
    run.t, run.switches, run.sequence, run.form = end
    return left


def _numbers(form: Formulation, constants) -> np.ndarray:
    """Return the numbers, apart from the teachers, that determine the integration of a stage."""
    return np.concatenate([form.numbers(constants), form.tolerances])
