"""A run of engine `network` under way: its networks, and what is recorded of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from teacherstudent.engines.network.weights import in_memory
from teacherstudent.engines.observables import recorded
from teacherstudent.engines.phases import Phase, head_to_copy
from teacherstudent.engines.start import Snapshot, Start, State, history, of_state, steps_from
from teacherstudent.engines.trajectory import stored_R
from teacherstudent.errors.interruption import looking
from teacherstudent.inputs.training_sets import LabelledSet, activities, labelled_sets
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_error, generalisation_errors
from teacherstudent.kernels.network import samples as samples_kernel
from teacherstudent.kernels.network import sgd as kernel
from teacherstudent.kernels.network.passes import passes_through
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import Networks, OrderParameters, order_parameters, sample_networks
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 400_000_000
# Multiply-adds in whose time a number of an input is drawn.
DRAWING = 8
STATE, ROWS = "state/", "rows/"  # how the names of the arrays in a snapshot begin


class Run:
    """A run under way: networks, step count, and the history recorded so far.

    It goes on from what is `kept` of it, if anything is.
    """

    def __init__(self, spec: Spec, seed: int, run: int, progress, start: Start, kept, keep):
        self.spec, dtype = spec, np.dtype(spec.numerics.precision)
        self.progress, self.keep = progress, keep
        self.due = steps_from(spec, start.time).tolist()
        if kept:
            start = of_state(replace(start, state=_part(kept, STATE)))
        initial = sample_networks(spec, seed, run) if start.state is None else _networks_of(start.state)
        self.V, self.h, self.v = initial.V, initial.h, initial.v
        with np.errstate(over="ignore"):  # what single precision cannot hold diverges at once
            self.weights = in_memory(spec, initial)
            # The teachers as the kernel sees them: rounded, where precision is single.
            self.seen_V = initial.V.astype(dtype).astype(float)
        self.training_set, self.test_set = labelled_sets(spec, self.weights.V, self.v, seed, run)
        purpose = Purpose.TRAINING if self.training_set is None else Purpose.SAMPLE_CHOICE
        self.key = counter_key(seed, run, purpose)
        epochs = spec.training.sampling == "epochs"
        self.passes = passes_through(spec.inputs.samples if epochs else 0)
        self.step, self.finite = self.step_at(start.time), True
        self.last = self.step_at(spec.duration)
        self.rows = _rows(_part(kept, ROWS))
        self.switches, self.sequence = list(start.switches), list(start.sequence)
        self.followers: Sequence[Run] = ()

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

    def train_until(self, end: int, teacher: int, constants: kernel.Phase) -> None:
        """Train to a step, in pieces short enough to report on; stops where the error is not finite."""
        work = (self.weights.W.size + constants.V.size + DRAWING * constants.N) * constants.batch
        piece = max(1, WORK_PER_REPORT // work)
        while self.step < end and self.finite:
            steps = min(piece, end - self.step)
            done = self.train(steps, teacher, constants)
            self.step, self.finite = self.step + done, done == steps
            if self.finite:
                self.keep()
            self.progress(self.step / self.last)

    def train(self, steps: int, teacher: int, constants: kernel.Phase) -> int:
        """Make some steps, on fresh inputs or on those of the training set; return how many were done."""
        when = *self.key, self.step, steps
        if self.training_set is None:
            return self.weights.train(self.h, constants, *when)
        distinct = self.spec.training.sampling == "without_replacement"
        labels = self.training_set.labels[teacher]
        samples = samples_kernel.Samples(self.training_set.X, labels, distinct, self.passes)
        return samples_kernel.train(self.weights.W, self.h, constants, samples, self.weights.work, *when)

    def follow(self, leader: "Run") -> None:
        """Take over the student of another run and record it."""
        self.weights.W[:], self.h[:] = leader.weights.W, leader.h
        self.step, self.finite = leader.step, self.finite and leader.finite
        self.record()
        self.progress(self.step / self.last)

    def record(self) -> None:
        """Record the present state, if it is finite and this step is to be recorded."""
        if self.finite and len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            row = self.measure()
            self.finite = all(np.isfinite(part).all() for part in row.values())
            if self.finite:
                self.rows.append(row)
        for follower in self.followers:
            follower.follow(self)

    def snapshot(self) -> Snapshot:
        """Return all that is needed to go on, with the history recorded so far."""
        parts = {STATE: self.state(), ROWS: self.stacked()}
        return {prefix + name: array for prefix, part in parts.items() for name, array in part.items()}

    def state(self) -> State:
        """Return all that is needed to go on; the random numbers of a step depend on its number only."""
        N = self.spec.inputs.dimension
        weights = {"student_weights": self.weights.student().copy(), "teacher_weights": self.V.copy()}
        readouts = {"student_readouts": self.h.copy(), "teacher_readouts": self.v.copy()}
        return history(self.step / N, self.switches, self.sequence) | weights | readouts

    def stacked(self) -> dict[str, np.ndarray]:
        """Stack the rows along time; without any, the arrays have the shapes that rows would give."""
        with looking(None):  # it may be called at a look
            like = self.rows[0] if self.rows else self.measure()
        return {
            name: np.array([row[name] for row in self.rows]).reshape(-1, *np.shape(like[name]))
            for name in like
        }

    def order_parameters(self) -> OrderParameters:
        """Measure the networks of this moment."""
        W = self.weights.student().astype(float, copy=False)
        return order_parameters(Networks(W, self.h, self.seen_V, self.v))

    def measure(self) -> dict:
        """Return what is recorded, by name."""
        now, P = self.order_parameters(), self.spec.teachers.count
        codes = CODES[self.spec.student.activation], CODES[self.spec.teachers.activation]
        row = {"time": self.step / self.spec.inputs.dimension}
        measured = {
            "student_readouts": now.h,
            "student_overlaps": now.Q,
            "student_teacher_overlaps": stored_R(now.R, P),
        }
        due = recorded(self.spec)
        row |= {name: array for name, array in measured.items() if name in due}
        if self.spec.record.weights:
            row["student_weights"] = self.weights.student().copy()
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
        return np.einsum(
            "pk,sk->ps", heads, activities(code, self.weights.W, labelled.X, spec.inputs.dimension)
        )

    def error(self, teacher: int) -> float:
        """Return the error on a teacher that is compared with thresholds."""
        if self.test_set is not None:
            return self.test_set.mean_squares(self.outputs(self.test_set))[teacher]
        now, M, spec = self.order_parameters(), self.spec.teachers.hidden, self.spec
        own = slice(teacher * M, (teacher + 1) * M)
        codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
        return generalisation_error(
            *codes, now.Q, now.R[:, own], now.T[own, own], now.h[spec.head_of(teacher)], now.v[teacher]
        )


def _part(kept: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the state or the rows of a snapshot."""
    return {name.removeprefix(prefix): array for name, array in kept.items() if name.startswith(prefix)}


def _rows(stacked: Mapping[str, np.ndarray]) -> list[dict]:
    """Undo `Run.stacked`."""
    return [dict(zip(stacked, row, strict=True)) for row in zip(*stacked.values(), strict=True)]


def _networks_of(state: State) -> Networks:
    """Return networks of their own from a state."""
    names = "student_weights", "student_readouts", "teacher_weights", "teacher_readouts"
    return Networks(*(np.array(state[name]) for name in names))
