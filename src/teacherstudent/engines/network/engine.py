"""Engine `network`: the experiment, SGD of real weights on sampled inputs.

Runs whose teachers differ only in what comes after the first one are the same network until the first switch:
together they train it once.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from teacherstudent.engines.network.run import Run
from teacherstudent.engines.phases import Phase, phases_left, steps_between_looks, under_way
from teacherstudent.engines.start import BEGINNING, Snapshot, Start, State
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_T
from teacherstudent.errors.interruption import looking
from teacherstudent.inputs.training_sets import check_sets
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.network import sgd as kernel
from teacherstudent.networks.sampling import check_overlaps_fit
from teacherstudent.spec.model import Spec

# Runs that are kept in memory together.
TOGETHER = 16
# The arrays of a state, which `STATE_VARIABLES` of `engines.observables` describes.
STATE_NAMES = (
    "time",
    "switch_times",
    "teachers",
    "student_weights",
    "student_readouts",
    "teacher_weights",
    "teacher_readouts",
)
# Runs can be kept on their way, see `simulation`.
INTERRUPTIBLE = True


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

    def look() -> None:
        keep_all()
        progress(float(done.mean()))

    every = zip(specs, runs, starts, kept or [{}] * len(specs), strict=True)
    for place, (spec, run, start, own) in enumerate(every):
        networks.append(Run(spec, seed, run, partial(report, place), start, own, keep_all))
    with looking(look):
        for leader, *followers in _that_begin_alike(networks):
            _train_first_phase(leader, followers)
        for network in networks:
            _train_to_the_end(network)
        found = [_trajectory(network) for network in networks]
    networks.clear()  # they and `keep_all` refer to each other, which would keep their weights in memory
    return found


def _that_begin_alike(networks: Iterable[Run]) -> list[list[Run]]:
    """Group the networks that are at their beginning by student and first teacher."""
    groups: dict = {}
    for network in networks:
        if network.step == 0 and not network.sequence and network.training_set is None:
            first = network.spec.curriculum.order[0]
            alike = network.weights.W, network.h, network.weights.teacher(first), network.v[first]
            groups.setdefault(tuple(array.tobytes() for array in alike), []).append(network)
    return [group for group in groups.values() if len(group) > 1]


def _train_first_phase(leader: Run, followers: Sequence[Run]) -> None:
    """Train one network on its first teacher, and let others follow it until then."""
    phase = phases_left(leader.spec, 0, [], leader.step_at)[0]
    for network in (leader, *followers):
        network.begin(phase)
    leader.followers = followers
    _train_phase(leader, phase)
    leader.followers = ()
    for follower in followers:
        follower.follow(leader)


def _train_to_the_end(run: Run) -> None:
    """Train through the phases that are left."""
    left = phases_left(run.spec, run.step, run.switches, run.step_at)
    if under_way(left[0], run.sequence):
        _train_phase(run, left.pop(0))
    for phase in left:
        if run.sequence and (run.step >= run.last or not run.finite):
            break
        run.begin(phase)
        _train_phase(run, phase)


def _train_phase(run: Run, phase: Phase) -> None:
    """Train on one teacher until the phase's end or threshold, recording on the way."""
    spec, constants = run.spec, _constants(run, phase)
    end = run.step_at(phase.end)
    interval = steps_between_looks(spec) if phase.threshold else end + 1
    while run.finite:
        run.record()
        look = phase.threshold and run.step % interval == 0
        if run.step >= end or (look and run.error(phase.teacher) < phase.threshold):
            return
        due = run.due[len(run.rows)] if len(run.rows) < len(run.due) else end
        run.train_until(min(end, due, (run.step // interval + 1) * interval), phase.teacher, constants)


def _constants(run: Run, phase: Phase) -> kernel.Phase:
    spec, p = run.spec, phase.teacher
    training = spec.training
    moving = np.ones(spec.student.hidden)
    moving[list(training.frozen_units[p])] = 0.0
    features, readouts = "features" in training.train, "readouts" in training.train
    return kernel.Phase(
        N=spec.inputs.dimension,
        student=CODES[spec.student.activation],
        teacher=CODES[spec.teachers.activation],
        V=run.weights.teacher(p),
        v=run.v[p],
        head=spec.head_of(p),
        moving=run.weights.per_unit(moving),
        eta=training.learning_rate * features,
        eta_h=spec.readout_rate * readouts,
        decay=training.weight_decay * features,
        decay_h=training.weight_decay * readouts,
        output_noise=spec.teachers.output_noise[p],
        input_noise=spec.teachers.input_noise[p],
        batch=training.batch_size,
    )


def _trajectory(run: Run) -> Trajectory:
    spec, N = run.spec, run.spec.inputs.dimension
    recorded = run.stacked()
    return Trajectory(
        **recorded,
        teacher_overlaps=stored_T(run.order_parameters().T, spec.teachers.count),
        teacher_readouts=run.v,
        active_teacher=active_teachers(recorded["time"], run.switches, run.sequence),
        switch_times=np.array(run.switches),
        diverged_at=None if run.finite else run.step / N,
        state=run.state() if spec.record.state else None,
    )
