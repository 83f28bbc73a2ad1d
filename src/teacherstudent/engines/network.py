"""Engine `network`: the experiment, SGD of real weights on sampled inputs."""

from collections.abc import Callable

import numpy as np

from teacherstudent.curriculum import Phase, head_to_copy, phases, step_at, steps_between_looks
from teacherstudent.errors import SpecError
from teacherstudent.kernels import network as kernel
from teacherstudent.kernels.activations import CODES
from teacherstudent.kernels.generalisation import generalisation_error, generalisation_errors
from teacherstudent.networks import Networks, OrderParameters, order_parameters, sample_networks
from teacherstudent.randomness import Purpose, counter_key
from teacherstudent.spec import Spec
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


class _Run:
    """A run under way: networks, step count, and the history recorded so far."""

    def __init__(self, spec: Spec, seed: int, run: int, progress: Callable[[float], None]):
        self.spec, self.progress = spec, progress
        sampled, dtype = sample_networks(spec, seed, run), np.dtype(spec.numerics.precision)
        self.W, self.V = kernel.padded(sampled.W, dtype), kernel.padded(sampled.V, dtype)
        self.h, self.v = sampled.h, sampled.v
        # The teachers as the kernel sees them: rounded, where precision is single.
        self.seen_V = sampled.V.astype(dtype).astype(float)
        self.work = kernel.work_space(
            spec.student.hidden, spec.teachers.hidden, spec.training.batch_size, self.W
        )
        self.key = counter_key(seed, run, Purpose.TRAINING)
        self.step, self.finite = 0, True
        self.last = step_at(spec.duration, spec.inputs.dimension)
        self.due = [step_at(time, spec.inputs.dimension) for time in record_times(spec)]
        self.rows: list[tuple] = []
        self.switches: list[float] = []
        self.sequence: list[int] = []

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


def simulate(spec: Spec, seed: int, run: int, progress: Callable[[float], None]) -> Trajectory:
    """Train one sampled network and record it; times and switches fall on whole steps.

    `progress` is called with the fraction done.
    """
    state = _Run(spec, seed, run, progress)
    for phase in phases(spec):
        if state.sequence:
            if state.step >= state.last or not state.finite:
                break
            state.switches.append(state.step / spec.inputs.dimension)
        source = head_to_copy(spec, state.sequence, phase.teacher)
        if source is not None:
            state.h[spec.head_of(phase.teacher)] = state.h[source]
        state.sequence.append(phase.teacher)
        _train_phase(state, phase)
    return _trajectory(state)


def _train_phase(state: _Run, phase: Phase) -> None:
    """Train on one teacher until the phase's end or threshold, recording on the way."""
    spec, constants = state.spec, _constants(state, phase)
    end = step_at(phase.end, spec.inputs.dimension)
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
    )
