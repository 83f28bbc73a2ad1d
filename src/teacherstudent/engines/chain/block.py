"""Chains that advance together, from start to trajectory."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.chain import anchors, motion
from teacherstudent.engines.chain.networks import Columns, gram, initial, keys_of, measured, resumed
from teacherstudent.engines.chain.resumption import resume, state_of
from teacherstudent.engines.chain.tasks import constants_of, new_constants, parts_of, set_stage, terms_of
from teacherstudent.engines.chain.trajectories import trajectory_of
from teacherstudent.engines.class_errors import has_class_errors, is_below
from teacherstudent.engines.phases import Phase, check_interval_steps, head_to_copy, phases_left, under_way
from teacherstudent.engines.rates import Stage, at_switch, stages
from teacherstudent.engines.start import Start, State, steps_from
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.kernels.chain import arrays, interventions, recursion, thresholds
from teacherstudent.kernels.chain.law import label_numbers
from teacherstudent.kernels.chain.motion import place_teachers
from teacherstudent.networks.randomness import Purpose
from teacherstudent.networks.sampling import sample_coordinates
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
        self.due = steps_from(specs[0], starts[0].time).tolist()
        self.rows: list[tuple] = []
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
        pairs = zip(self.specs, runs, strict=True)
        return initial(self.specs[0], [sample_coordinates(spec, seed, run) for spec, run in pairs])

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
        left = zip(self.specs, self.switches, strict=True)
        self.phases = [phases_left(spec, self.step, switches, self.step_at) for spec, switches in left]
        self.stages: list[list[Stage]] = [[] for _ in range(C)]
        self.head, self.end, self.stage_end = (np.zeros(C, dtype=int) for _ in range(3))
        for c in range(C):
            if under_way(self.phases[c][0], self.sequence[c]):
                self.set_phase(c, self.phases[c].pop(0))
            else:
                self.begin_next_phase(c)

    def step_at(self, time: float) -> int:
        """Return the step nearest to a time."""
        return step_at(time, self.shape.N)

    def begin_next_phase(self, c: int) -> None:
        """Start the next phase of a chain; it is a switch unless it is the first phase."""
        spec, sequence, phase = self.specs[c], self.sequence[c], self.phases[c].pop(0)
        self.put_heads_back()
        if sequence:
            self.switches[c].append(self.step / self.shape.N)
            self.end_task(c, sequence[-1])
        copied = head_to_copy(spec, sequence, phase.teacher)
        if copied is not None:
            self.h[spec.head_of(phase.teacher), :, c] = self.h[copied, :, c]
        sequence.append(phase.teacher)
        self.set_phase(c, phase)

    def set_phase(self, c: int, phase: Phase) -> None:
        """Set the trained head of a chain for a phase, and the constants of its first stage."""
        spec, constants = self.specs[c], self.constants
        self.head[c], self.end[c] = spec.head_of(phase.teacher), self.step_at(phase.end)
        self.state.h[:, c] = self.h[self.head[c], :, c]
        constants.tasks.main[c] = self.head[c]
        constants.step.active[c], constants.step.threshold[c] = phase.teacher, phase.threshold
        began, now = [0.0, *self.switches[c]][-1], self.step / self.shape.N
        self.stages[c] = stages(spec, phase, self.sequence[c], began, now)
        self.begin_stage(c)

    def begin_stage(self, c: int) -> None:
        """Start the next stage of a phase of a chain."""
        spec, stage, N = self.specs[c], self.stages[c].pop(0), self.shape.N
        self.stage_end[c] = self.step_at(stage.end)
        rule, rows = spec.training.consolidation, []
        for task in stage.tasks:
            kappa = anchors.kappa(spec, self.penalties[c], task)
            proximal = rule is not None and rule.step == "proximal"
            rows.append(constants_of(task, stage, self.teachers.v[c], kappa, proximal, N))
        set_stage(self.constants, c, stage, rows, N)
        self.constants.step.B[:, :, c] = self.rows_of(stage.tasks[0].labels)[:, :, c]

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
            for c in np.flatnonzero(self.finite & (self.step >= self.stage_end) & (self.step < self.end)):
                self.begin_stage(c)
            over = self.finite & ((self.step >= self.end) | self.below_threshold())
            if not over.any():
                return
            for c in np.flatnonzero(over):
                self.begin_next_phase(c)

    def below_threshold(self) -> np.ndarray:
        """Return whether errors are below their thresholds, (C,); False at steps without a comparison."""
        if not self.interval or self.step % self.interval:
            return np.zeros(len(self.specs), dtype=bool)
        self.update_T()
        return self.classes_below_threshold() if self.has_classes else self.errors_below_threshold()

    @property
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
        if len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            self.put_heads_back()
            self.update_T()
            row = self.measured() | {"student_readouts": np.moveaxis(self.h, -1, 0).copy()}
            if self.has_classes:
                del row["generalisation_error"]  # that of class labels follows at the end, for all records
            moving = {"teacher_overlaps_in_time": self.teachers.T.copy()} if self.moves else {}
            if self.specs[0].has_anchors:
                moving |= anchors.measured(self.shape, self.state.S, self.anchors.c)
            self.rows.append(row | moving)
            finite = [np.isfinite(part).reshape(len(part), -1).all(axis=1) for part in row.values()]
            self.state.finite[~np.logical_and.reduce(finite)] = 0
            self.recorded += self.finite

    def measured(self) -> dict[str, np.ndarray]:
        """Return the order parameters and errors of all chains, by name."""
        Q, R, errors = measured(self.shape, self.teachers, self.state.S, self.h)
        return {"student_overlaps": Q, "student_teacher_overlaps": R, "generalisation_error": errors}

    @property
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
        due = self.due[len(self.rows) : len(self.rows) + 1]
        if self.interval and not self.compares_in_kernels:
            due.append((self.step // self.interval + 1) * self.interval)
        end = min(self.step + piece, self.last, self.stage_end[self.finite].min(), *due)
        self.advance(end)

    def advance(self, end: int) -> None:
        """Train to a step, or to an earlier one where a threshold is reached."""
        constants, tasks = self.constants.step, self.constants.tasks
        parts = parts_of(tasks, self.penalties, self.specs[0])
        fixed = self.teachers, self.state, constants, self.keys, self.buffers, self.step, end
        fixed = *fixed, self.kernel_interval
        if any(parts):
            others = tasks, self.anchors, self.motion, self.constants.fidelity
            changes = interventions.Interventions(parts, *others)
            terms = terms_of(self.constants, self.specs[0])
            self.step = interventions.train(self.shape, terms, changes, *fixed)
        else:
            self.step = recursion.train(self.shape, arrays.terms_of(constants), *fixed)

    def trajectory(self, c: int) -> Trajectory:
        """Return the trajectory of one chain."""
        return trajectory_of(self, c)

    def state_of(self, c: int) -> State:
        """Return the state from which one chain can resume."""
        return state_of(self, c)
