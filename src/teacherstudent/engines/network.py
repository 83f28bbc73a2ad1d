"""Engine `network`: the experiment, SGD of real weights on sampled inputs."""

from collections.abc import Callable

import numpy as np

from teacherstudent.curriculum import Phase, head_to_copy, phases, step_at, steps_between_looks
from teacherstudent.errors import SpecError
from teacherstudent.kernels import network as kernel
from teacherstudent.kernels import samples as samples_kernel
from teacherstudent.kernels.activations import CODES
from teacherstudent.kernels.generalisation import generalisation_error, generalisation_errors
from teacherstudent.networks import Networks, OrderParameters, order_parameters, sample_networks
from teacherstudent.randomness import Purpose, counter_key
from teacherstudent.spec import Spec
from teacherstudent.training_sets import LabelledSet, check_sets, labelled_sets
from teacherstudent.trajectory import Trajectory, active_teachers, record_times, stored_R, stored_T

# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 2_000_000_000


def check(spec: Spec) -> None:
    """Raise SpecError where a network of this size, or a data set, cannot have what is asked for."""
    check_sets(spec)
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
        self.training_set, self.test_set = labelled_sets(spec, self.V, self.v, seed, run)
        purpose = Purpose.TRAINING if self.training_set is None else Purpose.SAMPLE_CHOICE
        self.key = counter_key(seed, run, purpose)
        self.step, self.finite = 0, True
        self.last = step_at(spec.duration, spec.inputs.dimension)
        self.due = [step_at(time, spec.inputs.dimension) for time in record_times(spec)]
        self.rows: list[dict] = []
        self.switches: list[float] = []
        self.sequence: list[int] = []

    def train_until(self, end: int, teacher: int, constants: kernel.Phase) -> None:
        """Train to a step, in pieces short enough to report on; stops where the error is not finite."""
        piece = max(1, WORK_PER_REPORT // (self.W.size * constants.batch))
        while self.step < end and self.finite:
            steps = min(piece, end - self.step)
            done = self.train(steps, teacher, constants)
            self.step, self.finite = self.step + done, done == steps
            self.progress(self.step / self.last)

    def train(self, steps: int, teacher: int, constants: kernel.Phase) -> int:
        """Make some steps, on fresh inputs or on those of the training set; return how many were done."""
        rest = self.work, *self.key, self.step, steps
        if self.training_set is None:
            return kernel.train(self.W, self.h, constants, *rest)
        distinct = self.spec.training.sampling == "without_replacement"
        samples = samples_kernel.Samples(self.training_set.X, self.training_set.labels[teacher], distinct)
        return samples_kernel.train(self.W, self.h, constants, samples, *rest)

    def record(self) -> None:
        """Record the present state, while it is finite, at every recorded time that falls on this step."""
        while self.finite and len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            row = self.measure()
            self.finite = all(np.isfinite(part).all() for part in row.values())
            if self.finite:
                self.rows.append(row)

    def order_parameters(self) -> OrderParameters:
        """Measure the networks of this moment."""
        W = self.W[:, : self.spec.inputs.dimension].astype(float, copy=False)
        return order_parameters(Networks(W, self.h, self.seen_V, self.v))

    def measure(self) -> dict:
        """Return what is recorded, by name."""
        now, P = self.order_parameters(), self.spec.teachers.count
        codes = CODES[self.spec.student.activation], CODES[self.spec.teachers.activation]
        row = {
            "time": self.step / self.spec.inputs.dimension,
            "student_overlaps": now.Q,
            "student_teacher_overlaps": stored_R(now.R, P),
            "student_readouts": now.h,
        }
        if self.training_set is not None:
            row["training_error"] = self.training_set.mean_squares(self.outputs(self.training_set))
        if self.test_set is None:
            return row | {"generalisation_error": generalisation_errors(*codes, *now)}
        outputs = self.outputs(self.test_set)
        row["classification_error"] = self.test_set.wrong_signs(outputs)
        row["generalisation_error"] = self.test_set.mean_squares(outputs)
        return row

    def outputs(self, labelled: LabelledSet) -> np.ndarray:
        """Return the student's outputs on a set, (P, samples): those of the head of each teacher."""
        spec = self.spec
        heads = self.h[[spec.head_of(p) for p in range(spec.teachers.count)]]
        code = CODES[spec.student.activation]
        activities = samples_kernel.activities(code, self.W, labelled.X, spec.inputs.dimension)
        return np.einsum("pk,sk->ps", heads, activities)


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
        state.train_until(min(end, due, (state.step // interval + 1) * interval), phase.teacher, constants)


def _error(state: _Run, teacher: int) -> float:
    if state.test_set is not None:
        return state.test_set.mean_squares(state.outputs(state.test_set))[teacher]
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
    history = _stacked(state)
    return Trajectory(
        **history,
        teacher_overlaps=stored_T(state.order_parameters().T, spec.teachers.count),
        teacher_readouts=state.v,
        active_teacher=active_teachers(history["time"], state.switches, state.sequence),
        switch_times=np.array(state.switches),
        diverged_at=None if state.finite else state.step / N,
    )


def _stacked(state: _Run) -> dict[str, np.ndarray]:
    """Stack the recorded rows along time; without any, the arrays have the shapes that rows would give."""
    like = state.rows[0] if state.rows else state.measure()
    return {
        name: np.array([row[name] for row in state.rows]).reshape(-1, *np.shape(like[name])) for name in like
    }
