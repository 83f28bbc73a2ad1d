"""Engine `network`: the experiment, SGD of real weights on sampled inputs.

Runs whose teachers differ only in what comes after the first one are the same network until the first switch:
together they train it once.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from teacherstudent.curriculum import (
    Phase,
    head_to_copy,
    phases_left,
    step_at,
    steps_between_looks,
    under_way,
)
from teacherstudent.engines.weights import in_memory
from teacherstudent.kernels import network as kernel
from teacherstudent.kernels import samples as samples_kernel
from teacherstudent.kernels.activations import CODES
from teacherstudent.kernels.generalisation import generalisation_error, generalisation_errors
from teacherstudent.networks import (
    Networks,
    OrderParameters,
    check_overlaps_fit,
    order_parameters,
    sample_networks,
)
from teacherstudent.randomness import Purpose, counter_key
from teacherstudent.spec import Spec
from teacherstudent.start import BEGINNING, Snapshot, Start, State, history, of_state
from teacherstudent.training_sets import LabelledSet, check_sets, labelled_sets
from teacherstudent.trajectory import (
    LEFT_OUT,
    Trajectory,
    active_teachers,
    record_times,
    stored_R,
    stored_T,
)

# Runs that are kept in memory together.
TOGETHER = 16
# Multiply-adds between two reports of progress.
WORK_PER_REPORT = 2_000_000_000
# Runs can be kept on their way, see `simulation`.
INTERRUPTIBLE = True
STATE, ROWS = "state/", "rows/"  # how the names of the arrays in a snapshot begin


def check(spec: Spec) -> None:
    """Raise SpecError where a network of this size, or a data set, cannot have what is asked for."""
    check_sets(spec)
    check_overlaps_fit(spec)


def fits(spec: Spec, state: State) -> bool:
    """Say whether a run of a spec can go on from a state: it has as many inputs."""
    return state["student_weights"].shape[1] == spec.inputs.dimension


def company(spec: Spec, run: int) -> Hashable:
    """Return what runs must have in common to be trained together: all but the similarity of teachers."""
    if spec.inputs.samples is not None:
        return run, spec
    teachers = spec.teachers
    features, readouts = (replace(part, similarity=None) for part in (teachers.features, teachers.readouts))
    return run, replace(spec, teachers=replace(teachers, features=features, readouts=readouts))


class _Run:
    """A run under way: networks, step count, and the history recorded so far.

    It goes on from what is `kept` of it, if anything is.
    """

    def __init__(self, spec: Spec, seed: int, run: int, progress, start: Start, kept, keep):
        self.spec, dtype = spec, np.dtype(spec.numerics.precision)
        self.progress, self.keep = progress, keep
        first = self.step_at(start.time)
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
        self.step, self.finite = self.step_at(start.time), True
        self.last = self.step_at(spec.duration)
        steps = map(self.step_at, record_times(spec))
        self.due = [step for step in steps if step >= first]
        self.rows = _rows(_part(kept, ROWS))
        self.switches, self.sequence = list(start.switches), list(start.sequence)
        self.followers: Sequence[_Run] = ()

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
        piece = max(1, WORK_PER_REPORT // (self.weights.W.size * constants.batch))
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
        samples = samples_kernel.Samples(self.training_set.X, self.training_set.labels[teacher], distinct)
        return samples_kernel.train(self.weights.W, self.h, constants, samples, self.weights.work, *when)

    def follow(self, leader: "_Run") -> None:
        """Take over the student of another run and record it."""
        self.weights.W[:], self.h[:] = leader.weights.W, leader.h
        self.step, self.finite = leader.step, self.finite and leader.finite
        self.record()
        self.progress(self.step / self.last)

    def record(self) -> None:
        """Record the present state, while it is finite, at every recorded time that falls on this step."""
        while self.finite and len(self.rows) < len(self.due) and self.due[len(self.rows)] == self.step:
            row = self.measure()
            self.finite = all(np.isfinite(part).all() for part in row.values())
            if self.finite:
                self.rows.append(row)
        for follower in self.followers:
            follower.follow(self)

    def snapshot(self) -> Snapshot:
        """Return all that is needed to go on, with the history recorded so far."""
        parts = {STATE: state_of(self), ROWS: _stacked(self)}
        return {prefix + name: array for prefix, part in parts.items() for name, array in part.items()}

    def order_parameters(self) -> OrderParameters:
        """Measure the networks of this moment."""
        W = self.weights.student().astype(float, copy=False)
        return order_parameters(Networks(W, self.h, self.seen_V, self.v))

    def measure(self) -> dict:
        """Return what is recorded, by name."""
        now, P = self.order_parameters(), self.spec.teachers.count
        codes = CODES[self.spec.student.activation], CODES[self.spec.teachers.activation]
        row = {"time": self.step / self.spec.inputs.dimension}
        recorded = {
            "student_readouts": now.h,
            "student_overlaps": now.Q,
            "student_teacher_overlaps": stored_R(now.R, P),
        }
        left_out = LEFT_OUT[self.spec.record.quantities]
        row |= {name: array for name, array in recorded.items() if name not in left_out}
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
        activities = samples_kernel.activities(code, self.weights.W, labelled.X, spec.inputs.dimension)
        return np.einsum("pk,sk->ps", heads, activities)


def simulate(
    spec: Spec, seed: int, run: int, progress: Callable[[float], None], start: Start = BEGINNING
) -> Trajectory:
    """Train one network from its start on and record it; times and switches fall on whole steps.

    `progress` is called with the fraction done.
    """
    return simulate_together([spec], seed, [run], progress, [start])[0]


def simulate_together(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start],
    kept: Sequence[Snapshot] = (),
    keep: Callable[[Mapping[int, Callable[[], Snapshot]]], None] = lambda snapshots: None,
) -> list[Trajectory]:
    """Train a network for each spec and its run; those that begin alike are trained once until they part.

    The trajectory of a network does not depend on the others. `progress` is called with the fraction done,
    `keep` with functions, by the places of the networks, that return all that is needed to go on from the
    present step: given as `kept`, one for each network, it leads to the same trajectories.
    """
    done, networks = np.zeros(len(specs)), []

    def report(place: int, fraction: float) -> None:
        done[place] = fraction
        progress(float(done.mean()))

    def keep_all() -> None:
        keep({place: network.snapshot for place, network in enumerate(networks) if network.finite})

    every = zip(specs, runs, starts, kept or [{}] * len(specs), strict=True)
    for place, (spec, run, start, own) in enumerate(every):
        networks.append(_Run(spec, seed, run, partial(report, place), start, own, keep_all))
    for leader, *followers in _that_begin_alike(networks):
        _train_first_phase(leader, followers)
    for network in networks:
        _train_to_the_end(network)
    return [_trajectory(network) for network in networks]


def _that_begin_alike(networks: Iterable[_Run]) -> list[list[_Run]]:
    """Group the networks that are at their beginning by student and first teacher."""
    groups: dict = {}
    for network in networks:
        if network.step == 0 and not network.sequence and network.training_set is None:
            first = network.spec.curriculum.order[0]
            alike = network.weights.W, network.h, network.weights.teacher(first), network.v[first]
            groups.setdefault(tuple(array.tobytes() for array in alike), []).append(network)
    return [group for group in groups.values() if len(group) > 1]


def _train_first_phase(leader: _Run, followers: Sequence[_Run]) -> None:
    """Train one network on its first teacher, and let others follow it until then."""
    phase = phases_left(leader.spec, 0, [], leader.step_at)[0]
    for network in (leader, *followers):
        network.begin(phase)
    leader.followers = followers
    _train_phase(leader, phase)
    leader.followers = ()
    for follower in followers:
        follower.follow(leader)


def _train_to_the_end(state: _Run) -> None:
    """Train through the phases that are left."""
    left = phases_left(state.spec, state.step, state.switches, state.step_at)
    if under_way(left[0], state.sequence):
        _train_phase(state, left.pop(0))
    for phase in left:
        if state.sequence and (state.step >= state.last or not state.finite):
            break
        state.begin(phase)
        _train_phase(state, phase)


def _part(kept: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the state or the rows of a snapshot."""
    return {name.removeprefix(prefix): array for name, array in kept.items() if name.startswith(prefix)}


def _rows(stacked: Mapping[str, np.ndarray]) -> list[dict]:
    """Undo `_stacked`."""
    return [dict(zip(stacked, row, strict=True)) for row in zip(*stacked.values(), strict=True)]


def _networks_of(state: State) -> Networks:
    """Return networks of their own from a state."""
    names = "student_weights", "student_readouts", "teacher_weights", "teacher_readouts"
    return Networks(*(np.array(state[name]) for name in names))


def state_of(run: _Run) -> State:
    """Return all that is needed to go on; the random numbers of a step depend on its number only."""
    N = run.spec.inputs.dimension
    weights = {"student_weights": run.weights.student().copy(), "teacher_weights": run.V.copy()}
    readouts = {"student_readouts": run.h.copy(), "teacher_readouts": run.v.copy()}
    return history(run.step / N, run.switches, run.sequence) | weights | readouts


def _train_phase(state: _Run, phase: Phase) -> None:
    """Train on one teacher until the phase's end or threshold, recording on the way."""
    spec, constants = state.spec, _constants(state, phase)
    end = state.step_at(phase.end)
    interval = steps_between_looks(spec) if phase.threshold else end + 1
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
        V=state.weights.teacher(p),
        v=state.v[p],
        head=spec.head_of(p),
        moving=state.weights.per_unit(moving),
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
    recorded = _stacked(state)
    return Trajectory(
        **recorded,
        teacher_overlaps=stored_T(state.order_parameters().T, spec.teachers.count),
        teacher_readouts=state.v,
        active_teacher=active_teachers(recorded["time"], state.switches, state.sequence),
        switch_times=np.array(state.switches),
        diverged_at=None if state.finite else state.step / N,
        state=state_of(state) if spec.record.state else None,
    )


def _stacked(state: _Run) -> dict[str, np.ndarray]:
    """Stack the recorded rows along time; without any, the arrays have the shapes that rows would give."""
    like = state.rows[0] if state.rows else state.measure()
    return {
        name: np.array([row[name] for row in state.rows]).reshape(-1, *np.shape(like[name])) for name in like
    }
