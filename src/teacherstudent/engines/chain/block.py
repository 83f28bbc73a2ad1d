"""Chains that advance together, from start to trajectory."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from teacherstudent.engines.chain import anchors, motion
from teacherstudent.engines.chain.networks import (
    Columns,
    drawn,
    gram,
    initial,
    keys_of,
    resumed,
)
from teacherstudent.engines.chain.phases import PhasedChains
from teacherstudent.engines.chain.records import RecordedChains
from teacherstudent.engines.chain.resumption import resume, state_of
from teacherstudent.engines.chain.tasks import new_constants
from teacherstudent.engines.chain.trajectories import trajectories_of
from teacherstudent.engines.class_errors import has_class_errors, is_below
from teacherstudent.engines.phases import check_interval_steps
from teacherstudent.engines.start import Start, State, steps_from
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.kernels.chain import arrays, interventions, recursion, thresholds
from teacherstudent.kernels.chain.law import label_numbers
from teacherstudent.networks.randomness import Purpose
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 200_000_000


class Block(PhasedChains, RecordedChains):
    """Chains that advance together, one in each column: states, current step, and the records up to it.

    Parameters
    ----------
    specs : list of Spec
        The spec of each chain; all have one batch key, and their number is a multiple of `engine.LANES`.
    seed : int
        Seed of all random numbers.
    runs : list of int
        Number of the run of each spec.
    starts : list of Start
        The start of each chain. All have the same time, and either all have states or none.
    """

    def __init__(self, specs: list[Spec], seed: int, runs: list[int], starts: list[Start]):
        self.specs, self.step, C = specs, step_at(starts[0].time, specs[0].inputs.dimension), len(specs)
        self.shape, self.teachers, self.state, self.h, c = self.columns(seed, runs, starts)
        self.state.steps[:] = self.step
        self.keys = keys_of(seed, runs, Purpose.CHAIN)
        K = specs[0].student.hidden
        self.constants = new_constants(
            specs[0], self.teachers.B.shape[1], self.h, self.teachers.v, seed, runs
        )
        self.set_law(seed, runs, starts)
        self.anchors = anchors.new_anchors(c, self.constants.pull, self.constants.path_rate)
        self.penalties, self.initial_T = np.zeros((C, K)), self.teachers.T.copy()
        self.importances: list[list[np.ndarray]] = [[] for _ in range(C)]
        self.motion = motion.moved(specs, self.shape, self.teachers.B, seed, runs, starts, self.step)
        resume(self, starts)
        self.buffers = self.new_buffers()
        self.last = step_at(specs[0].duration, self.shape.N)
        steps = steps_from(specs[0], starts[0].time)
        self.due, self.times, self.count = steps.tolist(), steps / self.shape.N, 0
        self.begin_records()
        self.begin_first_phases(starts)

    def columns(self, seed: int, runs: Sequence[int], starts: Sequence[Start]) -> Columns:
        """Return the networks of all chains at their starts.

        Parameters
        ----------
        seed : int
            Seed of all random numbers.
        runs : sequence of int
            Number of the run of each chain.
        starts : sequence of Start
            The start of each chain.

        Returns
        -------
        Columns
        """
        if starts[0].state is not None:
            return resumed(self.specs[0], [start.state for start in starts])
        return initial(self.specs[0], drawn(self.specs, seed, runs))

    def set_law(self, seed: int, runs: Sequence[int], starts: Sequence[Start]) -> None:  # noqa: B027
        """Set parameters of the law of a step that depend on the start of each chain: none by default.

        Parameters
        ----------
        seed : int
            Seed of all random numbers.
        runs : sequence of int
            Number of the run of each chain.
        starts : sequence of Start
            The start of each chain.
        """

    def new_buffers(self) -> arrays.Buffers:
        """Return the work space of a step."""
        K, M = self.specs[0].student.hidden, self.specs[0].teachers.hidden
        numbers = label_numbers(self.constants.step.law.labels)
        return arrays.new_buffers(self.shape, K, M, len(self.specs), self.input_groups, numbers)

    @property
    def input_groups(self) -> int:
        """Number of groups of inputs."""
        return 1

    @property
    def finite(self) -> np.ndarray:
        """Whether all numbers of a chain are finite, (C,)."""
        return self.state.finite > 0

    def below_threshold(self) -> np.ndarray:
        """Return whether errors are below their thresholds, (C,); False at steps without a comparison."""
        if not self.interval or self.step % self.interval:
            return np.zeros(len(self.specs), dtype=bool)
        self.update_T()
        return self.classes_below_threshold() if self.has_classes else self.errors_below_threshold()

    @cached_property
    def has_classes(self) -> bool:
        """Whether errors are those of labels that are signs."""
        return has_class_errors(self.specs[0])

    def classes_below_threshold(self) -> np.ndarray:
        """Return whether classification errors are below their thresholds, (C,)."""
        step, T = self.constants.step, self.teachers.T
        found, M = self.measured(), self.specs[0].teachers.hidden
        Q, R, below = found["student_overlaps"], found["student_teacher_overlaps"], np.zeros(len(T), bool)
        for c in np.flatnonzero(self.finite & (step.threshold > 0.0)):
            p = step.active[c]
            own = slice(p * M, (p + 1) * M)
            h, v = self.state.h[:, c], self.teachers.v[c, p]
            below[c] = is_below(self.specs[c], step.threshold[c], Q[c], R[c, :, own], T[c, own, own], h, v)
        return below

    def errors_below_threshold(self) -> np.ndarray:
        """Return whether errors are below their thresholds, (C,)."""
        return thresholds.below_threshold(self.shape, self.teachers, self.state, self.constants.step)

    @property
    def interval(self) -> int:
        """Number of steps between two comparisons with the thresholds, 0 without thresholds."""
        return check_interval_steps(self.specs[0]) if self.constants.step.threshold.any() else 0

    @property
    def kernel_interval(self) -> int:
        """As `interval`, for the comparisons that kernels make."""
        return self.interval if self.compares_in_kernels else 0

    @property
    def compares_in_kernels(self) -> bool:
        """Whether kernels compare errors with thresholds; otherwise training ends at each comparison."""
        return not self.has_classes

    @cached_property
    def moves(self) -> bool:
        """Whether teachers move."""
        return self.specs[0].has_moving_teachers

    @cached_property
    def has_further_quantities(self) -> bool:
        """Whether at least one chain has quantities that are not measured at the recorded steps."""
        if self.has_classes or self.specs[0].has_rewards:
            return True
        specs = {id(spec): spec for spec in self.specs}.values()
        return any(spec.mixes_tasks or spec.training.consolidation is not None for spec in specs)

    def update_T(self) -> None:
        """Compute the overlaps of teachers that move."""
        if self.moves:
            self.teachers.T[...] = gram(self.teachers.B)

    @property
    def work(self) -> int:
        """Multiply-adds of a step."""
        return self.state.S.size * self.shape.batch

    def train(self) -> None:
        """Train until the next event: a recorded step, the end of a stage, or a report of progress."""
        piece = max(1, WORK_PER_REPORT // self.work)
        due = self.due[self.count : self.count + max(1, self.places)][-1:]
        if self.interval and not self.compares_in_kernels:
            due.append((self.step // self.interval + 1) * self.interval)
        end = min(self.step + piece, self.last, self.stage_end[self.finite].min(), *due)
        self.advance(end)
        self.record_saved()

    def advance(self, end: int) -> None:
        """Train to a step, or to an earlier one where a threshold is reached."""
        parts, terms = self.modes()
        fixed = self.teachers, self.state, self.constants.step, self.keys, self.buffers
        steps = self.step, end, self.kernel_interval
        if any(parts):
            others = self.constants.tasks, self.anchors, self.motion, self.constants.fidelity
            changes = interventions.Interventions(parts, *others)
            self.step = interventions.train(self.shape, terms, changes, *fixed, *steps)
        else:
            self.step = recursion.train(self.shape, terms, *fixed, self.history(), *steps)

    def trajectories(self, number: int) -> list[Trajectory]:
        """Return the trajectories of the first chains."""
        return trajectories_of(self, number)

    def state_of(self, c: int) -> State:
        """Return the state from which one chain can resume."""
        return state_of(self, c)
