"""Chains that advance together, from start to trajectory."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from teacherstudent.engines.chain import anchors, motion
from teacherstudent.engines.chain.networks import (
    Columns,
    drawn,
    gram,
    initial,
    keys_of,
    measured,
    resumed,
    same_items,
)
from teacherstudent.engines.chain.resumption import resume, state_of
from teacherstudent.engines.chain.tasks import constants_of, new_constants, parts_of, set_stage, terms_of
from teacherstudent.engines.chain.trajectories import in_stored_layout, trajectory_of
from teacherstudent.engines.class_errors import has_class_errors, is_below
from teacherstudent.engines.phases import Phase, check_interval_steps, head_to_copy, phases_left, under_way
from teacherstudent.engines.rates import Stage, at_switch, stages
from teacherstudent.engines.start import Start, State, steps_from
from teacherstudent.engines.trajectory import Trajectory, stored_T
from teacherstudent.kernels.chain import arrays, interventions, recursion, thresholds
from teacherstudent.kernels.chain.law import label_numbers
from teacherstudent.kernels.chain.motion import place_teachers
from teacherstudent.networks.randomness import Purpose
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 200_000_000


class Block:
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
        if starts[0].state is not None:
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
        self.records: dict[str, np.ndarray] = {}
        self.recorded = np.zeros(C, dtype=int)
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

    def begin_first_phases(self, starts: list[Start]) -> None:
        """Start the first phase of every chain, or resume in a phase that has started."""
        C = len(self.specs)
        self.switches = [list(start.switches) for start in starts]
        self.sequence = [list(start.sequence) for start in starts]
        self.phases: list[list[Phase]] = [[] for _ in range(C)]
        self.stages: list[list[Stage]] = [[] for _ in range(C)]
        self.head, self.end, self.stage_end = (np.zeros(C, dtype=int) for _ in range(3))
        for chains in same_items(zip(map(id, self.specs), map(id, starts), strict=True)):
            one = chains[0]
            left = phases_left(self.specs[one], self.step, self.switches[one], self.step_at)
            for c in chains:
                self.phases[c] = list(left)
            if under_way(left[0], self.sequence[one]):
                self.set_phase(chains)
            else:
                self.begin_next_phase(chains)

    def alike(self, chains: Iterable[int]) -> list[list[int]]:
        """Divide chains into those with the same spec, switches and phases up to now."""
        chains = list(chains)
        items = (
            (id(self.specs[c]), len(self.stages[c]), (*self.switches[c], None, *self.sequence[c]))
            for c in chains
        )
        return [[chains[i] for i in group] for group in same_items(items)]

    def step_at(self, time: float) -> int:
        """Return the step nearest to a time."""
        return step_at(time, self.shape.N)

    def begin_next_phase(self, chains: list[int]) -> None:
        """Start the next phase of chains that are alike; it is a switch unless it is the first phase."""
        spec, before, phase = self.specs[chains[0]], list(self.sequence[chains[0]]), self.phases[chains[0]][0]
        self.put_heads_back()
        copied = head_to_copy(spec, before, phase.teacher)
        for c in chains:
            if before:
                self.switches[c].append(self.step / self.shape.N)
                self.end_task(c, before[-1])
            self.sequence[c].append(phase.teacher)
        if copied is not None:
            self.h[spec.head_of(phase.teacher), :, chains] = self.h[copied, :, chains]
        self.set_phase(chains)

    def set_phase(self, chains: list[int]) -> None:
        """Set the trained head of chains that are alike for their next phase, and start its first stage."""
        one, step = chains[0], self.constants.step
        spec, phase, head = (
            self.specs[one],
            self.phases[one][0],
            self.specs[one].head_of(self.phases[one][0].teacher),
        )
        self.head[chains] = self.constants.tasks.main[chains] = head
        self.end[chains] = self.step_at(phase.end)
        self.state.h[:, chains] = self.h[head][:, chains]
        step.active[chains], step.threshold[chains] = phase.teacher, phase.threshold
        began, now = [0.0, *self.switches[one]][-1], self.step / self.shape.N
        found = stages(spec, phase, self.sequence[one], began, now)
        for c in chains:
            self.phases[c].pop(0)
            self.stages[c] = list(found)
        self.begin_stage(chains)

    def begin_stage(self, chains: list[int]) -> None:
        """Start the next stage of a phase of chains that are alike."""
        spec, N, rows = self.specs[chains[0]], self.shape.N, []
        stage = self.applied(spec, self.stages[chains[0]][0])
        self.stage_end[chains] = self.step_at(stage.end)
        rule = spec.training.consolidation
        for task in stage.tasks:
            kappa = anchors.kappa(spec, self.penalties[chains], task)
            proximal = rule is not None and rule.step == "proximal"
            rows.append(constants_of(task, stage, self.teachers.v[chains], kappa, proximal, N))
        set_stage(self.constants, chains, stage, rows, N)
        self.constants.step.B[:, :, chains] = self.rows_of(stage.tasks[0].labels)[:, :, chains]
        self.present = None
        for c in chains:
            self.stages[c].pop(0)

    def applied(self, spec: Spec, stage: Stage) -> Stage:
        """Return a stage as steps apply it: unchanged by default."""
        return stage

    def modes(self) -> tuple[interventions.Parts, arrays.Terms]:
        """Return the interventions and the terms of the present stages."""
        if self.present is None:
            spec, constants = self.specs[0], self.constants
            self.present = parts_of(constants.tasks, self.penalties, spec), terms_of(constants, spec)
        return self.present

    def rows_of(self, teacher: int) -> np.ndarray:
        """Return the coordinates that the labels of a teacher depend on, (M, s, C)."""
        M = self.specs[0].teachers.hidden
        return self.teachers.B[teacher * M : (teacher + 1) * M]

    def end_task(self, c: int, teacher: int) -> None:
        """Find the importances of the units of a chain for a task that ends, and set its anchors."""
        spec, n, M = self.specs[c], self.shape.p + self.shape.r, self.specs[c].teachers.hidden
        if spec.training.consolidation is not None:
            own, h = slice(teacher * M, (teacher + 1) * M), self.h[spec.head_of(teacher), :, c]
            path, v, B = self.anchors.path[:, c], self.teachers.v[c, teacher], self.teachers.B[own, :, c]
            found = anchors.importances(spec, self.shape, self.state.S[:, :n, c], B, v, h, path)
            self.importances[c].append(found)
        if spec.has_anchors:
            self.set_anchors(c)
        self.anchors.path[:, c] = 0.0

    def set_anchors(self, c: int) -> None:
        """Set the anchors of a chain at a switch, and its penalties for changes from the task before it."""
        spec, n = self.specs[c], self.shape.p + self.shape.r
        rule, S = spec.training.consolidation, self.state.S[:, :n, c]
        centres = S
        if rule is not None:
            added = at_switch(rule.strength, len(self.switches[c]) - 1) * self.importances[c][-1]
            old = self.penalties[c] * (rule.anchors == "sum")
            present = np.pad(self.anchors.c[:, :, c], [(0, 0), (self.shape.p, 0)])
            self.penalties[c], centres = anchors.combined(old, present, added, S)
        found = anchors.in_new_frame(self.shape, self.motion.base[:, :, c], centres, S)
        self.motion.base[:, :, c], self.anchors.c[:, :, c], self.state.S[:, :n, c] = found
        if spec.teachers.rotation is not None:
            place_teachers(self.motion, self.teachers.B, self.step)

    def put_heads_back(self) -> None:
        """Copy the trained heads into the array of all heads, (H, K, C)."""
        self.h[self.head, :, np.arange(len(self.head))] = self.state.h.T

    def begin_phases(self) -> None:
        """Start the next phase or stage of all chains whose one has ended, before the end of the run."""
        while self.step < self.last:
            new = self.finite & (self.step >= self.stage_end) & (self.step < self.end)
            for chains in self.alike(np.flatnonzero(new)):
                self.begin_stage(chains)
            over = self.finite & ((self.step >= self.end) | self.below_threshold())
            if not over.any():
                return
            for chains in self.alike(np.flatnonzero(over)):
                self.begin_next_phase(chains)

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

    def record(self) -> None:
        """Record the present state if this step is recorded; chains with numbers that are not finite end."""
        if self.count == len(self.due) or self.due[self.count] != self.step:
            return
        self.put_heads_back()
        self.update_T()
        row = self.measured() | {"student_readouts": self.h.transpose(2, 0, 1)}
        if self.has_classes:
            del row["generalisation_error"]  # that of class labels follows at the end, for all records
        if self.moves:
            row["teacher_overlaps_in_time"] = self.teachers.T
        if self.specs[0].has_anchors:
            row |= anchors.measured(self.shape, self.state.S, self.anchors.c)
        for name, part in row.items():
            if self.count == 0:
                self.records[name] = np.empty((len(part), len(self.due), *part.shape[1:]))
            self.records[name][:, self.count] = part
            finite = np.isfinite(part)
            if not finite.all():
                self.state.finite[~finite.reshape(len(part), -1).all(axis=1)] = 0
        self.count += 1
        self.recorded += self.finite

    def records_of(self, c: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the times of the records of one chain, and what was recorded, by name."""
        own = c, slice(self.recorded[c])
        return self.times[own[1]].copy(), {name: array[own] for name, array in self.records.items()}

    def measured(self) -> dict[str, np.ndarray]:
        """Return the order parameters and errors of all chains, by name."""
        Q, R, errors = measured(self.shape, self.teachers, self.state.S, self.h)
        return {"student_overlaps": Q, "student_teacher_overlaps": R, "generalisation_error": errors}

    @cached_property
    def moves(self) -> bool:
        """Whether teachers move."""
        return self.specs[0].has_moving_teachers

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
        due = self.due[self.count : self.count + 1]
        if self.interval and not self.compares_in_kernels:
            due.append((self.step // self.interval + 1) * self.interval)
        end = min(self.step + piece, self.last, self.stage_end[self.finite].min(), *due)
        self.advance(end)

    def advance(self, end: int) -> None:
        """Train to a step, or to an earlier one where a threshold is reached."""
        parts, terms = self.modes()
        fixed = self.teachers, self.state, self.constants.step, self.keys, self.buffers
        fixed = *fixed, self.step, end, self.kernel_interval
        if any(parts):
            others = self.constants.tasks, self.anchors, self.motion, self.constants.fidelity
            changes = interventions.Interventions(parts, *others)
            self.step = interventions.train(self.shape, terms, changes, *fixed)
        else:
            self.step = recursion.train(self.shape, terms, *fixed)

    @cached_property
    def stored_records(self) -> dict[str, np.ndarray]:
        """All records of all chains (C, T, ...), in the layout of files."""
        return in_stored_layout(self.records, self.specs[0].teachers.count)

    @cached_property
    def stored_constants(self) -> tuple[np.ndarray, np.ndarray]:
        """Readouts of the teachers of all chains, and their overlaps at the start in the layout of files."""
        return self.teachers.v.copy(), stored_T(self.initial_T, self.specs[0].teachers.count)

    def trajectory(self, c: int) -> Trajectory:
        """Return the trajectory of one chain."""
        return trajectory_of(self, c)

    def state_of(self, c: int) -> State:
        """Return the state from which one chain can resume."""
        return state_of(self, c)
