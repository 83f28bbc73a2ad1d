"""Engine `chain`: the exact law of the order parameters at finite N, without any vector of N numbers."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np

from teacherstudent.engines.phases import Phase, head_to_copy, phases_left, steps_between_looks, under_way
from teacherstudent.engines.start import BEGINNING, Start, State, history, steps_from
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_R, stored_T
from teacherstudent.errors.interruption import pieces
from teacherstudent.kernels.chain import frames
from teacherstudent.kernels.chain import recursion as kernel
from teacherstudent.kernels.compile.alignment import aligned, aligned_zeros
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import Networks, check_overlaps_fit, sample_coordinates
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import refuse_finite_sets
from teacherstudent.spec.steps import step_at

# Chains that advance together: enough to keep vector units busy, not too many for the first-level cache.
TOGETHER = 64
# Numbers in a whole vector register; the number of columns is a multiple of it.
LANES = 8
# The arrays of a state, which `STATE_VARIABLES` of `engines.observables` describes.
STATE_NAMES = (
    "time",
    "switch_times",
    "teachers",
    "dimension",
    "student_coordinates",
    "student_readouts",
    "teacher_coordinates",
    "teacher_readouts",
)
# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 200_000_000


def check(spec: Spec) -> None:
    """Raise SpecError where inputs are not fresh, or no networks of this size have the overlaps asked for."""
    refuse_finite_sets(spec, "chain")
    check_overlaps_fit(spec)


def fits(spec: Spec, state: State) -> bool:
    """Say whether a run of a spec can go on from a state: it has as many inputs, and a frame as large."""
    p, r, _ = _axes(spec)
    same_frame = state["student_coordinates"].shape[1] == p + r and state["teacher_coordinates"].shape[1] == r
    return same_frame and int(state["dimension"]) == spec.inputs.dimension


def company(spec: Spec, run: int) -> Hashable:
    """Return what specs must have in common for their chains to advance together; the run does not matter."""
    teachers, student = spec.teachers, spec.student
    sizes = spec.inputs, teachers.count, teachers.hidden, student.hidden, spec.heads, spec.training.batch_size
    clock = spec.duration, spec.record, spec.curriculum.look_every
    return sizes, teachers.activation, student.activation, clock


def simulate(
    spec: Spec, seed: int, run: int, progress: Callable[[float], None], start: Start = BEGINNING
) -> Trajectory:
    """Follow one chain; `progress` is called with the fraction done."""
    return simulate_together([spec], seed, [run], progress, [start])[0]


def simulate_together(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start] = (BEGINNING,),
) -> list[Trajectory]:
    """Follow one chain for each spec and its run; the specs are of one company.

    All start at one time, the last start repeated as needed, all from states or none. The trajectory of a
    chain does not depend on the others. `progress` is called with the fraction done.
    """
    starts = [*starts, *[starts[-1]] * (len(specs) - len(starts))]
    block = _Block(_filled(specs), seed, _filled(runs), _filled(starts))
    while True:
        block.record()
        block.begin_phases()
        if block.step >= block.last or not block.alive.any():
            return [block.trajectory(c) for c in range(len(specs))]
        block.train()
        progress(block.step / block.last)


def _filled(items: Sequence) -> list:
    """Repeat the last item up to a whole number of vectors."""
    return [*items, *[items[-1]] * (-len(items) % LANES)]


class _Block:
    """Chains under way, one a column: their state, the step count, and the history recorded so far."""

    def __init__(self, specs: list[Spec], seed: int, runs: list[int], starts: list[Start]):
        self.specs, self.step, C = specs, step_at(starts[0].time, specs[0].inputs.dimension), len(specs)
        if starts[0].state is None:
            nets = [sample_coordinates(spec, seed, run) for spec, run in zip(specs, runs, strict=True)]
            self.shape, self.teachers, self.state, self.h = _initial(specs[0], nets)
        else:
            states = [start.state for start in starts]
            self.shape, self.teachers, self.state, self.h = _resumed(specs[0], states)
            self.state.steps[:] = self.step
        keys = np.array([counter_key(seed, run, Purpose.CHAIN) for run in runs], dtype=np.uint64)
        self.keys = kernel.Keys(*(aligned(words) for words in keys.T))
        K, M = specs[0].student.hidden, specs[0].teachers.hidden
        self.constants = _no_constants(self.shape, K, M, C)
        self.work = kernel.work_space(self.shape, K, M, C)
        self.last = step_at(specs[0].duration, self.shape.N)
        self.due = steps_from(specs[0], starts[0].time).tolist()
        self.rows: list[tuple] = []
        self.recorded = np.zeros(C, dtype=int)
        self.begin_first_phases(starts)

    @property
    def alive(self) -> np.ndarray:
        """Which chains are finite, (C,)."""
        return self.state.alive > 0

    def begin_first_phases(self, starts: list[Start]) -> None:
        """Let every chain begin its curriculum, or go on with it."""
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
        """Let a chain begin its next phase; all but the first come by a switch."""
        spec, sequence, phase = self.specs[c], self.sequence[c], self.phases[c].pop(0)
        self.put_heads_back()
        if sequence:
            self.switches[c].append(self.step / self.shape.N)
        source = head_to_copy(spec, sequence, phase.teacher)
        if source is not None:
            self.h[spec.head_of(phase.teacher), :, c] = self.h[source, :, c]
        sequence.append(phase.teacher)
        self.set_phase(c, phase)

    def set_phase(self, c: int, phase: Phase) -> None:
        """Let a chain train in a phase, whose head is taken from all heads."""
        spec = self.specs[c]
        self.head[c], self.end[c] = spec.head_of(phase.teacher), self.step_at(phase.end)
        self.state.h[:, c] = self.h[self.head[c], :, c]
        _set_constants(self.constants, c, spec, phase, self.teachers)

    def put_heads_back(self) -> None:
        """Copy the heads that are trained to where all heads (H, K, C) are."""
        self.h[self.head, :, np.arange(len(self.head))] = self.state.h.T

    def begin_phases(self) -> None:
        """Let the chains whose phases are over begin their next ones, unless the run is over."""
        while self.step < self.last:
            over = self.alive & ((self.step >= self.end) | self.below_threshold())
            if not over.any():
                return
            for c in np.flatnonzero(over):
                self.begin_next_phase(c)

    def below_threshold(self) -> np.ndarray:
        """Say whose error has fallen below its threshold, at the steps at which that is asked, (C,)."""
        if not self.interval or self.step % self.interval:
            return np.zeros(len(self.specs), dtype=bool)
        return kernel.below_threshold(self.shape, self.teachers, self.state, self.constants)

    @property
    def interval(self) -> int:
        """Steps between two looks at the thresholds, 0 without any."""
        looks = self.constants.threshold.any()
        return steps_between_looks(self.specs[0]) if looks else 0

    def record(self) -> None:
        """Record the present state if this step is to be recorded; it may end a chain."""
        if len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            self.put_heads_back()
            Q, R, errors = _measured(self.shape, self.teachers, self.state.S, self.h)
            self.rows.append((Q, R, np.moveaxis(self.h, -1, 0).copy(), errors))
            finite = [np.isfinite(part).reshape(len(part), -1).all(axis=1) for part in self.rows[-1]]
            self.state.alive[~np.logical_and.reduce(finite)] = 0
            self.recorded += self.alive

    def train(self) -> None:
        """Train to the next event, or as far as is to be reported on."""
        piece = max(1, WORK_PER_REPORT // (self.state.S.size * self.shape.batch))
        due = self.due[len(self.rows) : len(self.rows) + 1]
        end = min(self.step + piece, self.last, self.end[self.alive].min(), *due)
        self.step = kernel.train(
            self.shape,
            kernel.terms_of(self.constants),
            self.teachers,
            self.state,
            self.constants,
            self.keys,
            self.work,
            self.step,
            end,
            self.interval,
        )

    def trajectory(self, c: int) -> Trajectory:
        """Return the history of one chain."""
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
            diverged_at=None if self.alive[c] else self.state.steps[c] / N,
            state=state_of(self, c) if self.specs[c].record.state else None,
        )


def state_of(block: _Block, c: int) -> State:
    """Return all that one chain needs to go on; random numbers of a step depend on its number only.

    Coordinates beyond the frame of the networks are left out: every step begins by filling them in.
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


def _axes(spec: Spec) -> tuple[int, int, int]:
    """Return p, r and q of `frames.axes`."""
    teachers, K = spec.teachers, spec.student.hidden
    return frames.axes(spec.inputs.dimension, K, teachers.count * teachers.hidden, spec.training.batch_size)


def _resumed(spec: Spec, states: Sequence[State]):
    """Return what `_initial` does, of chains that go on from their states."""

    def columns(name: str) -> np.ndarray:
        return np.stack([state[name] for state in states], axis=-1)

    p, r, q = _axes(spec)
    student, B = columns("student_coordinates"), aligned(columns("teacher_coordinates"))
    S = aligned_zeros((len(student), p + r + q, len(states)))
    S[:, : p + r] = student
    v = np.stack([state["teacher_readouts"] for state in states])
    teachers = frames.Teachers(B, _gram(B), v)
    return _complete(spec, S, teachers, columns("student_readouts"))


def _complete(spec: Spec, S: np.ndarray, teachers: frames.Teachers, h: np.ndarray):
    """Return shape, teachers, state and all heads (H, K, C) of students S with heads h."""
    C, (p, r, _) = S.shape[-1], _axes(spec)
    state = kernel.State(S, aligned(h[0]), np.ones(C, dtype=np.int64), np.zeros(C, dtype=np.int64))
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    shape = frames.Shape(spec.inputs.dimension, p, r, spec.training.batch_size, *codes)
    return shape, teachers, state, h


def _initial(spec: Spec, drawn: list[Networks]):
    """Return shape, teachers, initial state and all heads (H, K, C) of networks given by coordinates."""
    nets = Networks(*(np.stack(part) for part in zip(*drawn, strict=True)))
    (C, P, M, _), K, (p, r, q) = nets.V.shape, nets.W.shape[1], _axes(spec)
    PM = P * M
    rows = np.concatenate([nets.V.reshape(C, PM, -1), nets.W], axis=1) / np.sqrt(spec.inputs.dimension)
    rows = np.pad(rows, [(0, 0), (0, 0), (0, p + r - rows.shape[2])])
    rows = aligned(np.moveaxis(rows, 0, -1))
    for part in pieces(min(rows.shape[:2]), rows.size):
        frames.triangularise(rows, part.start, part.stop)
    S = aligned_zeros((K, p + r + q, C))
    S[:, :p], S[:, p : p + r] = rows[PM:, r:], rows[PM:, :r]
    teachers = frames.Teachers(aligned(rows[:PM, :r]), _gram(rows[:PM, :r].copy()), nets.v)
    return _complete(spec, S, teachers, np.moveaxis(nets.h, 0, -1).copy())


def _gram(B: np.ndarray) -> np.ndarray:
    """Return the overlaps of teachers in each column, (C, P M, P M)."""
    T = np.empty((B.shape[-1], len(B), len(B)))
    for part in pieces(len(B), B.size):
        frames.fill_gram(T, B, part.start, part.stop)
    return T


def _measured(
    shape: frames.Shape, teachers: frames.Teachers, S: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Q (C, K, K), R (C, K, P M) and errors (C, P) of all columns."""
    (K, n, C), PM = S.shape, len(teachers.B)
    found = np.empty((C, K, K)), np.empty((C, K, PM)), np.empty(teachers.v.shape[:2])
    for part in pieces(C, K * (K + PM) * n):
        frames.measure(shape, teachers, S, h, *found, part.start, part.stop)
    return found


def _no_constants(shape: frames.Shape, K: int, M: int, C: int) -> kernel.Phase:
    """Return memory for the constants of phases."""
    shapes = {"B": (M, shape.r, C), "v": (M, C), "keep": (K, C), "rate": (K, C)}
    names = [name for name in kernel.Phase._fields if name != "active"]
    constants = {name: aligned_zeros(shapes.get(name, (C,))) for name in names}
    return kernel.Phase(active=np.zeros(C, dtype=np.int64), **constants)


def _set_constants(
    constants: kernel.Phase, c: int, spec: Spec, phase: Phase, teachers: frames.Teachers
) -> None:
    """Fill in the constants of one chain."""
    training, p, M = spec.training, phase.teacher, spec.teachers.hidden
    moving = np.full(spec.student.hidden, float("features" in training.train))
    moving[list(training.frozen_units[p])] = 0.0
    readouts, N = float("readouts" in training.train), spec.inputs.dimension
    constants.active[c] = p
    constants.B[:, :, c] = teachers.B[p * M : (p + 1) * M, :, c]
    constants.v[:, c] = teachers.v[c, p]
    constants.keep[:, c] = 1.0 - training.weight_decay / N * moving
    constants.rate[:, c] = training.learning_rate / (N * training.batch_size) * moving
    constants.keep_h[c] = 1.0 - training.weight_decay / N * readouts
    constants.rate_h[c] = spec.readout_rate / (N * training.batch_size) * readouts
    constants.output_noise[c] = spec.teachers.output_noise[p]
    constants.input_noise[c] = spec.teachers.input_noise[p]
    constants.input_length[c] = np.sqrt(1.0 + spec.teachers.input_noise[p] ** 2)
    constants.threshold[c] = phase.threshold
