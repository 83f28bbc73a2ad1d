"""Engine `network`: stochastic gradient descent with sampled inputs.

Runs on fresh Gaussian inputs with the same seed and number have the same inputs. They are trained side by
side, so that each input is drawn once. Runs that differ only in the teachers after the first one have the
same student until the first switch. It is trained once for all of them.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from teacherstudent.engines.network.checks import shapes_in_blocks, without_similarity
from teacherstudent.engines.network.training import Training, in_blocks
from teacherstudent.engines.network.turns import Program, train_in_turn, train_side_by_side
from teacherstudent.engines.phases import Phase, check_interval_steps, phases_left, under_way
from teacherstudent.engines.rates import task_probabilities
from teacherstudent.engines.start import Snapshot, Start, State
from teacherstudent.engines.trajectory import Trajectory, active_teachers, stored_T
from teacherstudent.errors.interruption import interruptible_by
from teacherstudent.inputs.sources import source_of
from teacherstudent.networks.sampling import overlap
from teacherstudent.spec.model import Spec

# The arrays of a state, which `engines.state_variables` describes.
STATE_NAMES = (
    "time",
    "switch_times",
    "teachers",
    "student_weights",
    "student_readouts",
    "teacher_weights",
    "teacher_readouts",
)


def can_resume(spec: Spec, state: State) -> bool:
    """Return whether a run of a spec can start from a state: it needs the same number of inputs."""
    return state["student_weights"].shape[1] == spec.inputs.dimension


def batch_key(spec: Spec, run: int) -> Hashable:
    """Return the common properties of the runs of a batch.

    Runs that are trained in blocks have common inputs, shapes and laws, others all but the similarity of the
    teachers.
    """
    if in_blocks(spec):
        return run, shapes_in_blocks(spec)
    if not source_of(spec).is_independent_of_later_teachers:
        return run, spec
    return run, without_similarity(spec)


def simulate(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start],
    saved: Sequence[Snapshot] = (),
    save: Callable[[Mapping[int, Callable[[], Snapshot]]], None] = lambda snapshots: None,
) -> list[Trajectory]:
    """Train and record a network for each spec and its run (`Engine.simulate`).

    Networks that are equal until their first switch are trained once until this switch.

    Parameters
    ----------
    specs : sequence of Spec
        The spec of each run; all have one batch key.
    seed : int
        The seed of all runs.
    runs : sequence of int
        The number of each run.
    progress : callable
        Called with the fraction of the batch that is done, from 0 to 1.
    starts : sequence of Start
        The start of each run.
    saved : sequence of mapping
        The snapshot from which each run resumes, empty for a run without one.
    save : callable
        Called between steps with functions that return snapshots, by the index of the run.

    Returns
    -------
    list of Trajectory
        One for each run; its times and switches fall on steps.
    """
    done, networks = np.zeros(len(specs)), []

    def report(index: int, fraction: float) -> None:
        done[index] = fraction
        progress(float(done.mean()))

    def save_all() -> None:
        save({index: network.snapshot for index, network in enumerate(networks) if network.finite})

    def check_signals() -> None:
        save_all()
        progress(float(done.mean()))

    every = zip(specs, runs, starts, saved or [{}] * len(specs), strict=True)
    for index, (spec, run, start, own) in enumerate(every):
        networks.append(Training(spec, seed, run, partial(report, index), start, own))
    programs = [_program(leader, followers) for leader, *followers in _starting_alike(networks)]
    with interruptible_by(check_signals):
        if networks[0].in_blocks:
            train_side_by_side(networks, programs, save_all)
        else:
            train_in_turn(programs, save_all)
        found = [_trajectory(network) for network in networks]
    networks.clear()  # networks and `save_all` refer to each other: their weights would stay in memory
    return found


def _starting_alike(networks: Iterable[Training]) -> list[list[Training]]:
    """Group the networks that are equal until their first switch; others are alone in their group."""
    groups: dict = {}
    for network in networks:
        key: tuple = (id(network),)
        if network.starts_alike:
            first, nets = network.spec.curriculum.order[0], network.networks
            alike = nets.W, nets.h, nets.V[first], nets.v[first]
            key = without_similarity(network.spec), *(array.tobytes() for array in alike)
        groups.setdefault(key, []).append(network)
    return list(groups.values())


def _program(leader: Training, followers: Sequence[Training]) -> Program:
    """Train a network on its first teacher if others follow it, then each of them to the end."""
    if followers:
        yield from _first_phase(leader, followers)
        for follower in followers:
            follower.follow(leader)
    return [_to_the_end(run) for run in (leader, *followers)]


def _first_phase(leader: Training, followers: Sequence[Training]) -> Program:
    """Train a network on its first teacher, and record its student for the others too."""
    phase = phases_left(leader.spec, 0, [], leader.step_at)[0]
    for network in (leader, *followers):
        network.begin(phase)
    leader.followers = followers
    yield from _in_phase(leader, phase)
    leader.followers = ()
    leader.source.release()
    return []


def _to_the_end(run: Training) -> Program:
    """Train in the remaining phases."""
    left = phases_left(run.spec, run.step, run.switches, run.step_at)
    if under_way(left[0], run.sequence):
        yield from _in_phase(run, left.pop(0))
    for phase in left:
        if run.sequence and (run.step >= run.last or not run.finite):
            break
        run.begin(phase)
        yield from _in_phase(run, phase)
    run.source.release()
    return []


def _in_phase(run: Training, phase: Phase) -> Program:
    """Train in one phase until its end or until its threshold is reached, and record."""
    interval = check_interval_steps(run.spec) if phase.threshold else run.last + 1
    for stage in run.stages(phase):
        end, wanted = run.step_at(stage.end), run.steps_in(stage, phase.teacher)
        while run.finite:
            run.record()
            if run.step >= end:
                break
            compared = phase.threshold and run.step % interval == 0
            if compared and run.errors.is_below(phase.threshold, phase.teacher):
                return []
            due = run.due[len(run.rows)] if len(run.rows) < len(run.due) else end
            yield wanted, min(end, due, (run.step // interval + 1) * interval)
    return []


def _trajectory(run: Training) -> Trajectory:
    """Return the records of a finished run."""
    spec, N = run.spec, run.spec.inputs.dimension
    recorded, more = run.stacked(), run.interventions
    moves, of_switches = spec.has_moving_teachers, spec.training.consolidation is not None
    past = recorded["time"], run.switches, run.sequence
    T = more.teachers.overlaps if moves else run.networks.order_parameters().T
    clusters = spec.inputs.clusters is not None
    return Trajectory(
        **recorded,
        teacher_overlaps=stored_T(T, spec.teachers.count),
        teacher_readouts=run.networks.v,
        cluster_overlaps=overlap(run.networks.means, run.networks.means) if clusters else None,
        active_teacher=active_teachers(*past),
        switch_times=np.array(run.switches),
        task_probabilities=task_probabilities(spec, *past) if spec.mixes_tasks else None,
        importances=more.anchors.stacked() if of_switches else None,
        diverged_at=None if run.finite else run.step / N,
        state=run.state() if spec.record.state else None,
    )
