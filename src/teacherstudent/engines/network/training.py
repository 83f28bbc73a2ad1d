"""A run of engine `network` during training: networks, source of inputs, and records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from teacherstudent.engines.network.checks import needs_stages, trains_in_blocks
from teacherstudent.engines.network.errors import errors_of
from teacherstudent.engines.network.interventions import Interventions
from teacherstudent.engines.network.layers import Layered
from teacherstudent.engines.network.tasks import constants_of, phase_stages, stage_before
from teacherstudent.engines.network.weights import InBlocks, InMemory, WithClusters, WithLaws, in_memory
from teacherstudent.engines.observables import recorded
from teacherstudent.engines.phases import Phase, head_to_copy
from teacherstudent.engines.rates import Stage, stages
from teacherstudent.engines.start import Snapshot, Start, State, history, of_state, steps_from
from teacherstudent.engines.trajectory import stored_R
from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import interruptible_by
from teacherstudent.inputs.sources import source_of
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.kernels.network.stages import INPUTS, TASKS
from teacherstudent.networks.clusters import cluster_means
from teacherstudent.networks.sampling import (
    Networks,
    sample_biases,
    sample_inner,
    sample_networks,
)
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

OVERLAPS = {"student_overlaps", "student_teacher_overlaps"}
# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 400_000_000
# Number of multiply-adds that take as long as to draw one number of an input.
DRAWING = 8
STATE, ROWS = "state/", "rows/"  # prefixes of the names of arrays in a snapshot


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps with the same constants, for one run.

    Parameters
    ----------
    run : Training
        The run.
    constants : StepConstants
        The constants.
    labels : int
        Number of the teacher of the labels, counted from 0.
    train : callable
        Trains the run alone: first step, number of steps -> steps done.
    """

    run: "Training"
    constants: StepConstants
    labels: int
    train: Callable[[int, int], int]

    @cached_property
    def work(self) -> int:
        """Multiply-adds of a step."""
        constants, run = self.constants, self.run
        weights = run.networks.W.size + constants.V.size
        return (weights + DRAWING * constants.N + run.source.work) * constants.batch


class Training:
    """A run during training: its networks, the current step, and the records up to it.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.
    progress : callable
        Called with the fraction of the run that is done, from 0 to 1.
    start : Start
        The start of the run.
    saved : mapping
        Snapshot of an interrupted run to resume from, empty for a run without one.
    """

    def __init__(self, spec: Spec, seed: int, run: int, progress, start: Start, saved):
        self.spec, self.progress = spec, progress
        self.due, self.recorded = steps_from(spec, start.time).tolist(), recorded(spec)
        if saved:
            start = of_state(replace(start, state=_part(saved, STATE)))
        source = source_of(spec)
        with np.errstate(over="ignore"):  # a weight beyond single precision diverges at once
            self.networks = _networks(spec, seed, run, start.state, source.has_wide_kernel)
        self.source = source(spec, self.networks, seed, run)
        self.errors = errors_of(spec, self.networks, self.source)
        state = start.state or {}
        self.in_blocks = in_blocks(spec)
        if self.in_blocks:
            self.networks.read_block(state, self.source.key)
        self.step, self.finite = self.step_at(start.time), True
        self.interventions = Interventions(
            spec, self.networks, self.source, seed, run, state, len(start.switches), self.step
        )
        self.last = self.step_at(spec.duration)
        self.rows = _rows(_part(saved, ROWS))
        self.switches, self.sequence = list(start.switches), list(start.sequence)
        self.followers: Sequence[Training] = ()

    @property
    def starts_alike(self) -> bool:
        """Whether the run has not started, and does not depend on later teachers until the first switch."""
        spec = self.spec
        others = spec.has_moving_teachers or spec.curriculum.mixture is not None
        others = others or any(window.teacher is not None for window in spec.training.deficits or ())
        independent = self.source.is_independent_of_later_teachers and not others
        return self.step == 0 and not self.sequence and independent

    @property
    def began(self) -> float:
        """Time t = steps / N at which the present phase began."""
        return self.switches[-1] if self.switches else 0.0

    def step_at(self, time: float) -> int:
        """Return the step nearest to a time."""
        return step_at(time, self.spec.inputs.dimension)

    def begin(self, phase: Phase) -> None:
        """Start a phase; it is a switch unless it is the first phase."""
        if self.sequence:
            self._end_task()
            self.switches.append(self.step / self.spec.inputs.dimension)
        copied, h = head_to_copy(self.spec, self.sequence, phase.teacher), self.networks.h
        if copied is not None:
            h[self.spec.head_of(phase.teacher)] = h[copied]
        self.sequence.append(phase.teacher)

    def _end_task(self) -> None:
        """Add the penalties and store the inputs of the task before a switch."""
        more, now = self.interventions, self.step / self.spec.inputs.dimension
        teacher, head = self.sequence[-1], self.spec.head_of(self.sequence[-1])
        past = self.sequence, self.began, now, more.angle
        if self.spec.has_anchors or self.spec.training.consolidation is not None:
            stage, task = stage_before(self.spec, *past)
            student, number = self.networks.student(), len(self.switches)
            fisher = partial(more.fisher, stage, task, number)
            self.finite = self.finite and more.anchors.at_switch(student, self.networks.h[head], fisher)
        if more.buffers is not None:
            listed = phase_stages(self.spec, *past)
            steps = [self.step_at(self.began), *(self.step_at(stage.end) for stage in listed)]
            keys = more.keys[TASKS], more.keys[INPUTS]
            more.buffers.store(teacher, listed, steps, *keys)

    def stages(self, phase: Phase) -> list[Stage]:
        """Return the stages of a phase from the present step on."""
        now = self.step / self.spec.inputs.dimension
        return stages(self.spec, phase, self.sequence, self.began, now, self.interventions.angle)

    def steps_in(self, stage: Stage, teacher: int) -> Steps:
        """Return the steps of a stage.

        Parameters
        ----------
        stage : Stage
            The stage.
        teacher : int
            The main task of its phase.
        """
        job, task = self.interventions.job(stage, teacher), stage.tasks[0]
        if job is not None:
            return Steps(self, job.constants, task.labels, partial(self.interventions.train, job))
        constants = constants_of(self.networks, self.spec, stage, task)
        train = partial(self.source.train, self.networks, constants, task.labels)
        return Steps(self, constants, task.labels, train)

    def made(self, steps: int, done: int) -> None:
        """Add steps that were made, the wanted number or fewer, to the number of the present step."""
        self.step, self.finite = self.step + done, done == steps

    def follow(self, leader: "Training") -> None:
        """Copy the student of another run and record it."""
        self.networks.copy_student(leader.networks)
        if self.interventions.anchors is not None:
            self.interventions.anchors.path[:] = leader.interventions.anchors.path
        self.step, self.finite = leader.step, self.finite and leader.finite
        self.record()
        self.progress(self.step / self.last)

    def record(self) -> None:
        """Record the present state if this step is recorded and all numbers are finite."""
        if self.finite and len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            row = self.measure()
            self.finite = all(np.isfinite(part).all() for part in row.values())
            if self.finite:
                self.rows.append(row)
        for follower in self.followers:
            follower.follow(self)

    def snapshot(self) -> Snapshot:
        """Return the snapshot from which the run can resume: its state and the records up to it."""
        parts = {STATE: self.state(), ROWS: self.stacked()}
        return {prefix + name: array for prefix, part in parts.items() for name, array in part.items()}

    def state(self) -> State:
        """Return the state to resume from; random numbers of a step depend only on its number."""
        N, networks = self.spec.inputs.dimension, self.networks
        weights = {"student_weights": networks.student().copy(), "teacher_weights": networks.teachers.copy()}
        readouts = {"student_readouts": networks.readouts().copy(), "teacher_readouts": networks.v.copy()}
        past = history(self.step / N, self.switches, self.sequence) | weights | readouts
        further = networks.state_of_further() | self.interventions.state()
        return past | further | (networks.state_of_block(self.source.key) if self.in_blocks else {})

    def stacked(self) -> dict[str, np.ndarray]:
        """Return the records stacked along time; without records the arrays have length 0."""
        with interruptible_by(None):  # `check_signals` may call this
            like = self.rows[0] if self.rows else self.measure()
        return {
            name: np.array([row[name] for row in self.rows]).reshape(-1, *np.shape(like[name]))
            for name in like
        }

    def measure(self) -> dict:
        """Return the quantities to record at the present step, by name."""
        due = self.recorded
        needed = self.errors.needs_overlaps or due.keys() & OVERLAPS
        now = self.networks.order_parameters() if needed else self.networks.without_overlaps()
        measured = {
            "student_readouts": now.h,
            "student_overlaps": now.Q,
            "student_teacher_overlaps": stored_R(now.R, self.spec.teachers.count),
        }
        measured |= self.networks.further() | self.interventions.observe(now)
        row = {"time": self.step / self.spec.inputs.dimension}
        row |= {name: array for name, array in measured.items() if name in due}
        if self.spec.record.weights:
            row["student_weights"] = self.networks.student().copy()
        found = self.errors.observe(now)
        return row | {name: array for name, array in found.items() if name in due}


def in_blocks(spec: Spec) -> bool:
    """Return whether runs of a spec are trained in blocks of steps."""
    return source_of(spec).has_blocks and trains_in_blocks(spec)


def _part(snapshot: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays of a snapshot with a prefix: its state or its records."""
    return {name.removeprefix(prefix): array for name, array in snapshot.items() if name.startswith(prefix)}


def _rows(stacked: Mapping[str, np.ndarray]) -> list[dict]:
    """Return the records of stacked arrays: the inverse of `Training.stacked`."""
    return [dict(zip(stacked, row, strict=True)) for row in zip(*stacked.values(), strict=True)]


def _networks(spec: Spec, seed: int, run: int, state: State | None, may_be_wide: bool) -> InMemory:
    """Return the networks of a state or of the start of a run, as they are trained."""
    if spec.inputs.is_structured:
        setting = setting_of(spec, seed, run)
        initial = setting.networks if state is None else _networks_of(state)
        if not np.allclose(initial.V, setting.networks.V):  # equal on processors of the same type
            raise RunError(
                "teacher_weights: those of the state are not the teachers of this seed and run, and neither "
                "are its inputs; continue a run with its own seed and number"
            )
        return WithLaws(spec, initial, setting)
    initial = sample_networks(spec, seed, run) if state is None else _networks_of(state)
    if spec.inputs.clusters is not None:
        means = cluster_means(spec, seed, run) if state is None else np.array(state["cluster_means"])
        return WithClusters(spec, initial, means)
    if spec.is_deep:
        inner = sample_inner(spec, seed, run) if state is None else state["student_inner"]
        return Layered(spec, initial, inner)
    if in_blocks(spec):
        return InBlocks(spec, initial)
    biases = _biases(spec, seed, run, state) if spec.student.biases else None
    return in_memory(spec, initial, may_be_wide and not needs_stages(spec), biases)


def _networks_of(state: State) -> Networks:
    """Return networks with copies of the arrays of a state."""
    names = "student_weights", "student_readouts", "teacher_weights", "teacher_readouts"
    return Networks(*(np.array(state[name]) for name in names))


def _biases(spec: Spec, seed: int, run: int, state: State | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the biases of a state or of the start of a run, in the form of `WithBiases`."""
    units, heads = sample_biases(spec, seed, run)
    if state is None:
        return np.sqrt(spec.inputs.dimension) * units, heads
    return np.array(state["bias_weights"]), np.array(state.get("readout_biases", heads))
