"""Chains that advance together, from start to trajectory."""

import numpy as np

from teacherstudent.engines.chain.networks import initial, measured, new_constants, resumed, set_constants
from teacherstudent.engines.phases import Phase, check_interval_steps, head_to_copy, phases_left, under_way
from teacherstudent.engines.start import Start, State, history, steps_from
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_R, stored_T
from teacherstudent.kernels.chain import arrays, recursion, thresholds
from teacherstudent.kernels.compile.alignment import aligned
from teacherstudent.networks.randomness import Purpose, counter_key
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
        if starts[0].state is None:
            nets = [sample_coordinates(spec, seed, run) for spec, run in zip(specs, runs, strict=True)]
            self.shape, self.teachers, self.state, self.h = initial(specs[0], nets)
        else:
            states = [start.state for start in starts]
            self.shape, self.teachers, self.state, self.h = resumed(specs[0], states)
            self.state.steps[:] = self.step
        keys = np.array([counter_key(seed, run, Purpose.CHAIN) for run in runs], dtype=np.uint64)
        self.keys = arrays.Keys(*(aligned(words) for words in keys.T))
        K, M = specs[0].student.hidden, specs[0].teachers.hidden
        self.constants = new_constants(self.shape, K, M, C)
        self.buffers = arrays.new_buffers(self.shape, K, M, C)
        self.last = step_at(specs[0].duration, self.shape.N)
        self.due = steps_from(specs[0], starts[0].time).tolist()
        self.rows: list[tuple] = []
        self.recorded = np.zeros(C, dtype=int)
        self.begin_first_phases(starts)

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
        self.head, self.end = np.zeros(C, dtype=int), np.zeros(C, dtype=int)
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
        copied = head_to_copy(spec, sequence, phase.teacher)
        if copied is not None:
            self.h[spec.head_of(phase.teacher), :, c] = self.h[copied, :, c]
        sequence.append(phase.teacher)
        self.set_phase(c, phase)

    def set_phase(self, c: int, phase: Phase) -> None:
        """Set the constants and the trained head of a chain for a phase."""
        spec = self.specs[c]
        self.head[c], self.end[c] = spec.head_of(phase.teacher), self.step_at(phase.end)
        self.state.h[:, c] = self.h[self.head[c], :, c]
        set_constants(self.constants, c, spec, phase, self.teachers)

    def put_heads_back(self) -> None:
        """Copy the trained heads into the array of all heads, (H, K, C)."""
        self.h[self.head, :, np.arange(len(self.head))] = self.state.h.T

    def begin_phases(self) -> None:
        """Start the next phase of all chains whose phase has ended, before the end of the run."""
        while self.step < self.last:
            over = self.finite & ((self.step >= self.end) | self.below_threshold())
            if not over.any():
                return
            for c in np.flatnonzero(over):
                self.begin_next_phase(c)

    def below_threshold(self) -> np.ndarray:
        """Return whether errors are below their thresholds, (C,); False at steps without a comparison."""
        if not self.interval or self.step % self.interval:
            return np.zeros(len(self.specs), dtype=bool)
        return thresholds.below_threshold(self.shape, self.teachers, self.state, self.constants)

    @property
    def interval(self) -> int:
        """Number of steps between two comparisons with the thresholds, 0 without thresholds."""
        return check_interval_steps(self.specs[0]) if self.constants.threshold.any() else 0

    def record(self) -> None:
        """Record the present state if this step is recorded; chains with numbers that are not finite end."""
        if len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            self.put_heads_back()
            Q, R, errors = measured(self.shape, self.teachers, self.state.S, self.h)
            self.rows.append((Q, R, np.moveaxis(self.h, -1, 0).copy(), errors))
            finite = [np.isfinite(part).reshape(len(part), -1).all(axis=1) for part in self.rows[-1]]
            self.state.finite[~np.logical_and.reduce(finite)] = 0
            self.recorded += self.finite

    def train(self) -> None:
        """Train until the next event: a recorded step, the end of a phase, or a report of progress."""
        piece = max(1, WORK_PER_REPORT // (self.state.S.size * self.shape.batch))
        due = self.due[len(self.rows) : len(self.rows) + 1]
        end = min(self.step + piece, self.last, self.end[self.finite].min(), *due)
        self.step = recursion.train(
            self.shape,
            arrays.terms_of(self.constants),
            self.teachers,
            self.state,
            self.constants,
            self.keys,
            self.buffers,
            self.step,
            end,
            self.interval,
        )

    def trajectory(self, c: int) -> Trajectory:
        """Return the trajectory of one chain."""
        N, P, K, H = self.shape.N, self.specs[c].teachers.count, self.specs[c].student.hidden, len(self.h)
        times, rows = np.array(self.due[: self.recorded[c]]) / N, self.rows[: self.recorded[c]]
        Q, R, h, errors = (np.array([row[part][c] for row in rows]) for part in range(4))
        T = self.teachers.T[c].copy()
        return Trajectory(
            time=times,
            generalisation_error=errors.reshape(-1, P),
            student_overlaps=Q.reshape(-1, K, K),
            student_teacher_overlaps=stored_R(R.reshape(-1, K, len(T)), P),
            student_readouts=h.reshape(-1, H, K),
            teacher_overlaps=stored_T(T, P),
            teacher_readouts=self.teachers.v[c].copy(),
            active_teacher=active_teachers(times, self.switches[c], self.sequence[c]),
            switch_times=np.array(self.switches[c]),
            diverged_at=None if self.finite[c] else self.state.steps[c] / N,
            state=state_of(self, c) if self.specs[c].record.state else None,
        )


def state_of(block: Block, c: int) -> State:
    """Return the state from which one chain can resume; random numbers of a step depend only on its number.

    It has no coordinates outside the frame of the networks: each step computes them at its start.
    """
    block.put_heads_back()
    n, N = block.shape.p + block.shape.r, block.shape.N
    return history(block.step / N, block.switches[c], block.sequence[c]) | {
        "dimension": np.array(N),
        "student_coordinates": block.state.S[:, :n, c].copy(),
        "student_readouts": block.h[:, :, c].copy(),
        "teacher_coordinates": block.teachers.B[:, :, c].copy(),
        "teacher_readouts": block.teachers.v[c].copy(),
    }
