"""Engine `network`: the experiment, SGD of real weights on sampled inputs."""

from collections.abc import Callable

import numpy as np

from teacherstudent.curriculum import (
    Phase,
    head_to_copy,
    phases_left,
    step_at,
    steps_between_looks,
    under_way,
)
from teacherstudent.errors import SpecError
from teacherstudent.kernels import network as kernel
from teacherstudent.kernels.activations import CODES
from teacherstudent.kernels.generalisation import generalisation_error, generalisation_errors
from teacherstudent.networks import Networks, OrderParameters, order_parameters, sample_networks
from teacherstudent.randomness import Purpose, counter_key
from teacherstudent.spec import Spec
from teacherstudent.start import BEGINNING, Start, State, history
from teacherstudent.trajectory import Trajectory, active_teachers, record_times, stored_R, stored_T

# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 2_000_000_000


def check(spec: Spec) -> None:
    """Raise SpecError where a network of this size cannot have what is asked for."""
    if spec.initial_overlaps is not None:
        try:
            sample_networks(spec, seed=0, run=0)
        except ValueError as error:
            raise SpecError(str(error)) from error


def fits(spec: Spec, state: State) -> bool:
    """Say whether a run of a spec can go on from a state: it has as many inputs."""
    return state["student_weights"].shape[1] == spec.inputs.dimension


class _Run:
    """A run under way: networks, step count, and the history recorded so far."""

    def __init__(self, spec: Spec, seed: int, run: int, progress: Callable[[float], None], start: Start):
        self.spec, self.progress, dtype = spec, progress, np.dtype(spec.numerics.precision)
        initial = sample_networks(spec, seed, run) if start.state is None else _networks_of(start.state)
        self.W, self.V = kernel.padded(initial.W, dtype), kernel.padded(initial.V, dtype)
        self.h, self.v = initial.h, initial.v
        # The teachers as the kernel sees them: rounded, where precision is single.
        self.seen_V = initial.V.astype(dtype).astype(float)
        self.work = kernel.work_space(
            spec.student.hidden, spec.teachers.hidden, spec.training.batch_size, self.W
        )
        self.key = counter_key(seed, run, Purpose.TRAINING)
        self.step, self.finite = self.step_at(start.time), True
        self.last = self.step_at(spec.duration)
        steps = map(self.step_at, record_times(spec))
        self.due = [step for step in steps if step >= self.step]
        self.rows: list[tuple] = []
        self.switches, self.sequence = list(start.switches), list(start.sequence)

    def step_at(self, time: float) -> int:
        """Return the step nearest to a time."""
        return step_at(time, self.spec.inputs.dimension)

    def begin(self, phase: Phase) -> None:
        """Begin a phase; all but the first come by a switch."""
        if self.sequence:
            self.switches.append(self.step / self.spec.inputs.dimension)
        source = head_to_copy(self.spec, self.sequence, phase.teacher)
        if source is not None:
            self.h[self.spec.head_of(phase.teacher)] = self.h[source]
        self.sequence.append(phase.teacher)

    def train_until(self, end: int, constants: kernel.Phase) -> None:
        """Train to a step, in pieces short enough to report on; stops where the error is not finite."""
        piece = max(1, WORK_PER_REPORT // (self.W.size * constants.batch))
        while self.step < end and self.finite:
            steps = min(piece, end - self.step)
            done = kernel.train(self.W, self.h, constants, self.work, *self.key, self.step, steps)
            self.step, self.finite = self.step + done, done == steps
            self.progress(self.step / self.last)

    def record(self) -> None:
        """Record the present state, while it is finite, at every recorded time that falls on this step."""
        while self.finite and len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            row = self.measure()
            self.finite = all(np.isfinite(part).all() for part in row)
            if self.finite:
                self.rows.append(row)

    def order_parameters(self) -> OrderParameters:
        """Measure the networks of this moment."""
        W = self.W[:, : self.spec.inputs.dimension].astype(float, copy=False)
        return order_parameters(Networks(W, self.h, self.seen_V, self.v))

    def measure(self) -> tuple:
        """Return time, Q, R, h and the errors."""
        now = self.order_parameters()
        codes = CODES[self.spec.student.activation], CODES[self.spec.teachers.activation]
        return (
            self.step / self.spec.inputs.dimension,
            now.Q,
            now.R,
            now.h,
            generalisation_errors(*codes, *now),
        )


def simulate(
    spec: Spec, seed: int, run: int, progress: Callable[[float], None], start: Start = BEGINNING
) -> Trajectory:
    """Train one network from its start on and record it; times and switches fall on whole steps.

    `progress` is called with the fraction done.
    """
    state = _Run(spec, seed, run, progress, start)
    left = phases_left(spec, state.step, state.switches, state.step_at)
    if under_way(left[0], state.sequence):
        _train_phase(state, left.pop(0))
    for phase in left:
        if state.sequence and (state.step >= state.last or not state.finite):
            break
        state.begin(phase)
        _train_phase(state, phase)
    return _trajectory(state)


def _networks_of(state: State) -> Networks:
    """Return networks of their own from a state."""
    names = "student_weights", "student_readouts", "teacher_weights", "teacher_readouts"
    return Networks(*(np.array(state[name]) for name in names))


def state_of(run: _Run) -> State:
    """Return all that is needed to go on; the random numbers of a step depend on its number only."""
    N = run.spec.inputs.dimension
    weights = {"student_weights": run.W[:, :N].copy(), "teacher_weights": run.V[..., :N].copy()}
    readouts = {"student_readouts": run.h.copy(), "teacher_readouts": run.v.copy()}
    return history(run.step / N, run.switches, run.sequence) | weights | readouts


def _train_phase(state: _Run, phase: Phase) -> None:
    """Train on one teacher until the phase's end or threshold, recording on the way."""
    spec, constants = state.spec, _constants(state, phase)
    end = state.step_at(phase.end)
    interval = steps_between_looks(spec.inputs.dimension) if phase.threshold else end + 1
    while state.finite:
        state.record()
        look = phase.threshold and state.step % interval == 0
        if state.step >= end or (look and _error(state, phase.teacher) < phase.threshold):
            return
        due = state.due[len(state.rows)] if len(state.rows) < len(state.due) else end
        state.train_until(min(end, due, (state.step // interval + 1) * interval), constants)


def _error(state: _Run, teacher: int) -> float:
    now, M, spec = state.order_parameters(), state.spec.teachers.hidden, state.spec
    own = slice(teacher * M, (teacher + 1) * M)
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    return generalisation_error(
        *codes, now.Q, now.R[:, own], now.T[own, own], now.h[spec.head_of(teacher)], now.v[teacher]
    )


def _constants(state: _Run, phase: Phase) -> kernel.Phase:
    spec, p = state.spec, phase.teacher
    training = spec.training
    moving = np.ones(spec.student.hidden)
    moving[list(training.frozen_units[p])] = 0.0
    features, readouts = "features" in training.train, "readouts" in training.train
    return kernel.Phase(
        N=spec.inputs.dimension,
        student=CODES[spec.student.activation],
        teacher=CODES[spec.teachers.activation],
        V=state.V[p],
        v=state.v[p],
        head=spec.head_of(p),
        moving=moving,
        eta=training.learning_rate * features,
        eta_h=spec.readout_rate * readouts,
        decay=training.weight_decay * features,
        decay_h=training.weight_decay * readouts,
        output_noise=spec.teachers.output_noise[p],
        input_noise=spec.teachers.input_noise[p],
        batch=training.batch_size,
    )


def _trajectory(state: _Run) -> Trajectory:
    spec, N = state.spec, state.spec.inputs.dimension
    P, K, H = spec.teachers.count, spec.student.hidden, spec.heads
    time, Q, R, h, errors = zip(*state.rows, strict=True) if state.rows else ((), (), (), (), ())
    T = state.order_parameters().T
    columns = len(T)
    return Trajectory(
        time=np.array(time),
        generalisation_error=np.array(errors).reshape(-1, P),
        student_overlaps=np.array(Q).reshape(-1, K, K),
        student_teacher_overlaps=stored_R(np.array(R).reshape(-1, K, columns), P),
        student_readouts=np.array(h).reshape(-1, H, K),
        teacher_overlaps=stored_T(T, P),
        teacher_readouts=state.v,
        active_teacher=active_teachers(np.array(time), state.switches, state.sequence),
        switch_times=np.array(state.switches),
        diverged_at=None if state.finite else state.step / N,
        state=state_of(state) if spec.record.state else None,
    )
