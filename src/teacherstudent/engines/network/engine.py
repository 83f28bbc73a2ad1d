"""Engine `network`: the experiment, SGD of real weights on sampled inputs.

Runs whose teachers differ only after the first one have the same network until the first switch, which is
trained once for all of them.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from teacherstudent.engines.network.training import Training
from teacherstudent.engines.phases import Phase, phases_left, steps_between_looks, under_way
from teacherstudent.engines.start import BEGINNING, Snapshot, Start, State
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_T
from teacherstudent.errors.interruption import looking
from teacherstudent.inputs.sources import source_of
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.kernels.network.squared_error import SquaredError
from teacherstudent.networks.sampling import check_overlaps_fit
from teacherstudent.spec.model import Spec

# Runs that are kept in memory together.
TOGETHER = 16
# Runs can be kept on their way, see `simulation`.
INTERRUPTIBLE = True


def check(spec: Spec) -> None:
    """Raise SpecError where a network of this size, or a data set, cannot have what is asked for."""
    source_of(spec).check(spec)
    check_overlaps_fit(spec)


def fits(spec: Spec, state: State) -> bool:
    """Say whether a run of a spec can go on from a state: it has as many inputs."""
    return state["student_weights"].shape[1] == spec.inputs.dimension


def company(spec: Spec, run: int) -> Hashable:
    """Return what runs must have in common to be trained together: all but the similarity of teachers."""
    if not source_of(spec).is_independent_of_later_teachers:
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
        networks.append(Training(spec, seed, run, partial(report, place), start, own, keep_all))
    with looking(look):
        for leader, *followers in _starting_alike(networks):
            _train_first_phase(leader, followers)
        for network in networks:
            _train_to_the_end(network)
        found = [_trajectory(network) for network in networks]
    networks.clear()  # they and `keep_all` refer to each other, which would keep their weights in memory
    return found


def _starting_alike(networks: Iterable[Training]) -> list[list[Training]]:
    """Group the networks that have not started by student and first teacher; groups have at least two."""
    groups: dict = {}
    for network in networks:
        if network.starts_alike:
            first, nets = network.spec.curriculum.order[0], network.networks
            alike = nets.W, nets.h, nets.V[first], nets.v[first]
            groups.setdefault(tuple(array.tobytes() for array in alike), []).append(network)
    return [group for group in groups.values() if len(group) > 1]


def _train_first_phase(leader: Training, followers: Sequence[Training]) -> None:
    """Train one network on its first teacher, and copy its student to the others."""
    phase = phases_left(leader.spec, 0, [], leader.step_at)[0]
    for network in (leader, *followers):
        network.begin(phase)
    leader.followers = followers
    _train_phase(leader, phase)
    leader.followers = ()
    for follower in followers:
        follower.follow(leader)


def _train_to_the_end(run: Training) -> None:
    """Train through the remaining phases."""
    left = phases_left(run.spec, run.step, run.switches, run.step_at)
    if under_way(left[0], run.sequence):
        _train_phase(run, left.pop(0))
    for phase in left:
        if run.sequence and (run.step >= run.last or not run.finite):
            break
        run.begin(phase)
        _train_phase(run, phase)


def _train_phase(run: Training, phase: Phase) -> None:
    """Train in one phase until its end or threshold, and record."""
    spec, constants = run.spec, _constants(run, phase)
    end = run.step_at(phase.end)
    interval = steps_between_looks(spec) if phase.threshold else end + 1
    while run.finite:
        run.record()
        look = phase.threshold and run.step % interval == 0
        if run.step >= end or (look and run.source.error(run.networks, phase.teacher) < phase.threshold):
            return
        due = run.due[len(run.rows)] if len(run.rows) < len(run.due) else end
        run.train_until(min(end, due, (run.step // interval + 1) * interval), phase.teacher, constants)


def _constants(run: Training, phase: Phase) -> StepConstants:
    """Return the constants of a phase, with the law of one step."""
    spec, p = run.spec, phase.teacher
    training = spec.training
    moving = np.ones(spec.student.hidden)
    moving[list(training.frozen_units[p])] = 0.0
    features, readouts = "features" in training.train, "readouts" in training.train
    return StepConstants(
        N=spec.inputs.dimension,
        law=SquaredError(spec.teachers.output_noise[p]),
        student=CODES[spec.student.activation],
        teacher=CODES[spec.teachers.activation],
        V=run.networks.V[p],
        v=run.networks.v[p],
        head=spec.head_of(p),
        moving=run.networks.per_unit(moving),
        eta=training.learning_rate * features,
        eta_h=spec.readout_rate * readouts,
        decay=training.weight_decay * features,
        decay_h=training.weight_decay * readouts,
        input_noise=spec.teachers.input_noise[p],
        batch=training.batch_size,
    )


def _trajectory(run: Training) -> Trajectory:
    """Return the records of a finished run."""
    spec, N = run.spec, run.spec.inputs.dimension
    recorded = run.stacked()
    return Trajectory(
        **recorded,
        teacher_overlaps=stored_T(run.networks.order_parameters().T, spec.teachers.count),
        teacher_readouts=run.networks.v,
        active_teacher=active_teachers(recorded["time"], run.switches, run.sequence),
        switch_times=np.array(run.switches),
        diverged_at=None if run.finite else run.step / N,
        state=run.state() if spec.record.state else None,
    )
