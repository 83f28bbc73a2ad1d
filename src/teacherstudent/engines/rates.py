"""Rates, noise and tasks of a run, as numbers: the meaning of a spec, the same for all engines.

A phase of a run (`phases`) is divided into stages, in which all rates are constant. In each step of a stage
one of its tasks is trained.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.phases import Phase
from teacherstudent.spec.interventions import Deficit, RatePiece
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import on_step, step_at

# Blocks of interleaved tasks of at most this length in time are replaced by their average in the equations.
LONGEST_AVERAGED = 0.2
# Rounding errors of a time, in steps.
STEP_ROUNDING = 1e-6


class Task(NamedTuple):
    """What is trained in a step; rates of a layer that is not trained are 0."""

    teacher: int  # number of the task, counted from 0
    labels: int  # teacher that labels the inputs
    head: int  # head that is trained
    probability: float  # of the task in a step of this stage; the average where tasks are trained in turn
    fidelity: float  # correlation of the inputs of student and teacher; 1 except for imperfect replay
    learning_rate: float  # of the first layer
    readout_rate: float  # of the second layer
    moving: np.ndarray  # (K,) 1.0 for units whose weights are trained, 0.0 for frozen ones
    output_noise: float  # standard deviation at the output of the teacher
    input_noise: float  # standard deviation at each input of the student, in units of that of the input
    label_flip: float  # probability that the label, a sign, is turned
    inner_rate: float  # learning rate of the inner layers; 0 where there are none


class Stage(NamedTuple):
    """A part of a phase with constant rates."""

    end: float  # time t = steps / N at which it ends at the latest
    tasks: tuple[Task, ...]  # with a probability above 0; the main task first where it has one
    interleave: tuple[int, int] | None  # steps on the main task and on the others, in turn; None: at random
    origin: float  # time of the first step of the first block, with `interleave`
    weight_decay: float  # of the first layer
    readout_decay: float  # of the head of the trained task
    batch_size: int  # inputs of a step, all of one task
    drift: np.ndarray  # (P,) rate at which each teacher loses its direction
    rotation: float  # angle per unit of time of the teacher that turns; 0 where none turns
    inner_decay: float  # of the inner layers; 0 where there are none


def stages(
    spec: Spec, phase: Phase, sequence: Sequence[int], began: float, now: float, angle: float = math.inf
) -> list[Stage]:
    """Return the stages of a phase from a time on, in order.

    Parameters
    ----------
    spec : Spec
        The spec of the run.
    phase : Phase
        The phase.
    sequence : sequence of int
        The teachers trained on up to this phase, in order, including its own.
    began : float
        The time t = steps / N at which the phase began.
    now : float
        The time from which stages are returned, at least `began`.
    angle : float
        The angle in radians between the teacher that turns and the other one at the start of the run, for
        `teachers.rotation.until: reached` only.

    Returns
    -------
    list of Stage
        At least one; the last one ends with the phase.
    """
    N = spec.inputs.dimension
    ends = [on_step(time, N) for time in _changes(spec, angle)]
    ends = sorted({end for end in ends if now < end < phase.end} | {phase.end})
    starts = [now, *ends[:-1]]
    return [
        _stage(spec, phase, sequence, began, start, end, angle)
        for start, end in zip(starts, ends, strict=True)
    ]


def blocks(stage: Stage, start: float, dimension: int) -> list[Stage]:
    """Divide a stage in which tasks are trained in turn into stages with one task each.

    Parameters
    ----------
    stage : Stage
        A stage with `interleave`.
    start : float
        The time t = steps / N at which it starts, or from which it is needed.
    dimension : int
        The number N of inputs.

    Returns
    -------
    list of Stage
        The parts from the start to the end of the stage, each with one task of probability 1.
    """
    (new, old), N = stage.interleave, dimension
    main, *others = stage.tasks
    end, origin = step_at(stage.end, N), step_at(stage.origin, N)
    step = math.floor(start * N + STEP_ROUNDING)  # equations can resume within a step
    parts = []
    while step < end:
        turn, index = divmod(step - origin, new + old)
        task, until = (main, new) if index < new else (others[turn % len(others)], new + old)
        step = min(end, origin + turn * (new + old) + until)
        parts.append(stage._replace(end=step / N, tasks=(task._replace(probability=1.0),), interleave=None))
    return parts


def _stage(spec, phase, sequence, began, start, end, angle) -> Stage:
    """Return the stage from a start to an end, between which nothing changes."""
    middle, training, replay = 0.5 * (start + end), spec.training, spec.curriculum.replay
    rotation, drift = spec.teachers.rotation, spec.teachers.drift
    turns = rotation is not None and _is_in(spec, rotation.start, _rotation_end(spec, angle), middle)
    shares = _probabilities(spec, phase.teacher, sequence, middle)
    in_turn = replay is not None and replay.interleave is not None and len(shares) > 1
    return Stage(
        end=end,
        tasks=tuple(
            _task(spec, teacher, probability, middle, replay is not None and teacher != phase.teacher)
            for teacher, probability in shares.items()
        ),
        interleave=(replay.interleave.new, replay.interleave.old) if in_turn else None,
        origin=began,
        weight_decay=training.weight_decay * ("features" in training.train),
        readout_decay=training.readout_weight_decay * ("readouts" in training.train),
        batch_size=training.batch_size,
        drift=np.zeros(spec.teachers.count) if drift is None else np.array(drift),
        rotation=rotation.rate if turns else 0.0,
        inner_decay=training.weight_decay * ("inner" in training.train),
    )


def _task(spec: Spec, teacher: int, probability: float, time: float, is_replayed: bool) -> Task:
    """Return a task at a time."""
    training, teachers, readouts = spec.training, spec.teachers, "readouts" in spec.training.train
    frozen = _changed(spec, "frozen_units", time, training.frozen_units[teacher])
    moving = np.ones(spec.student.hidden)
    moving[list(frozen)] = 0.0
    return Task(
        teacher=teacher,
        labels=_changed(spec, "teacher", time, teacher),
        head=spec.head_of(teacher),
        probability=probability,
        fidelity=spec.curriculum.replay.fidelity if is_replayed else 1.0,
        learning_rate=_rate(spec, "learning_rate", teacher, time) * ("features" in training.train),
        readout_rate=spec.student.scale**2 * _rate(spec, "readout_learning_rate", teacher, time) * readouts,
        moving=moving,
        output_noise=_changed(spec, "output_noise", time, teachers.output_noise[teacher]),
        input_noise=_changed(spec, "input_noise", time, teachers.input_noise[teacher]),
        label_flip=teachers.label_flips[teacher] if teachers.label_flips else 0.0,
        inner_rate=_rate(spec, "inner_learning_rate", teacher, time) if "inner" in training.train else 0.0,
    )


def _changed(spec: Spec, name: str, time: float, usual):
    """Return a property of a task at a time: the usual one, or that of a deficit."""
    windows: tuple[Deficit, ...] = spec.training.deficits or ()
    for window in windows:
        value = getattr(window, name)
        if value is not None and _is_in(spec, window.start, window.until, time):
            return value
    return usual


def _is_in(spec: Spec, start: float, until: float | None, time: float) -> bool:
    """Return whether a time is in a window, whose ends are at the nearest steps."""
    N = spec.inputs.dimension
    if until is None or math.isinf(until):
        return on_step(start, N) <= time
    return on_step(start, N) <= time < on_step(until, N)


def _rate(spec: Spec, name: str, teacher: int, time: float) -> float:
    """Return a learning rate of a task at a time."""
    rate = getattr(spec.training, name)
    if isinstance(rate, tuple) and isinstance(rate[0], RatePiece):
        rate = _piece_at(spec, rate, time).value
    return rate[teacher] if isinstance(rate, tuple) else rate


def _piece_at(spec: Spec, pieces: tuple, time: float):
    """Return the piece of a mixture or of a schedule at a time."""
    ends = [on_step(piece.until, spec.inputs.dimension) for piece in pieces[:-1]]
    return pieces[bisect_right(ends, time)]


def _probabilities(spec: Spec, main: int, sequence: Sequence[int], time: float) -> dict[int, float]:
    """Return the probabilities above 0 of the tasks at a time, by teacher, the main one first."""
    replay, mixture = spec.curriculum.replay, spec.curriculum.mixture
    if mixture is not None:
        row = _piece_at(spec, mixture, time).probabilities
        order = sorted(range(len(row)), key=lambda teacher: teacher != main)
        return {teacher: row[teacher] for teacher in order if row[teacher] > 0.0}
    earlier = [teacher for teacher in dict.fromkeys(sequence[:-1]) if teacher != main]
    if replay is None or not earlier:
        return {main: 1.0}
    if replay.of == "previous":
        earlier = [next(teacher for teacher in reversed(sequence) if teacher != main)]
    share = _replayed(spec, len(sequence) - 2)
    listed = {main: 1.0 - share} | dict.fromkeys(earlier, share / len(earlier))
    return {teacher: probability for teacher, probability in listed.items() if probability > 0.0}


def _replayed(spec: Spec, switch: int) -> float:
    """Return the fraction of replayed steps after a switch, counted from 0."""
    replay = spec.curriculum.replay
    if replay.interleave is not None:
        return replay.interleave.old / (replay.interleave.new + replay.interleave.old)
    return at_switch(replay.fraction, switch)


def at_switch(values: float | tuple[float, ...], switch: int) -> float:
    """Return the value after a switch, counted from 0, of one number or one number per switch."""
    return values[switch] if isinstance(values, tuple) else values


def task_probabilities(
    spec: Spec, times: np.ndarray, switches: Sequence[float], sequence: Sequence[int]
) -> np.ndarray:
    """Return the probability of each task in the step after each time.

    Parameters
    ----------
    spec : Spec
        The spec of the run.
    times : ndarray of shape (T,)
        Times t = steps / N.
    switches : sequence of float
        The times of the switches, in order.
    sequence : sequence of int
        The teachers in order, one more than the switches.

    Returns
    -------
    ndarray of shape (T, P)
        At the time of a switch it is that after the switch; averages where tasks are trained in turn.
    """
    table = np.zeros((len(times), spec.teachers.count))
    for row, time in zip(table, times, strict=True):
        count = bisect_right(switches, time) + 1
        for teacher, share in _probabilities(spec, sequence[count - 1], sequence[:count], time).items():
            row[teacher] = share
    return table


def _changes(spec: Spec, angle: float) -> list[float]:
    """Return the times at which a rate changes, other than switches."""
    times: list[float | None] = []
    for window in spec.training.deficits or ():
        times += [window.start, window.until]
    training = spec.training
    for rate in (training.learning_rate, training.readout_learning_rate, training.inner_learning_rate):
        if isinstance(rate, tuple):
            times += [piece.until for piece in rate[:-1] if isinstance(piece, RatePiece)]
    times += [piece.until for piece in (spec.curriculum.mixture or ())[:-1]]
    if spec.teachers.rotation is not None:
        times += [spec.teachers.rotation.start, _rotation_end(spec, angle)]
    return [time for time in times if time is not None and math.isfinite(time)]


def _rotation_end(spec: Spec, angle: float) -> float:
    """Return the time at which the rotation of a teacher ends."""
    rotation = spec.teachers.rotation
    if rotation.until == "reached":
        return rotation.start + angle / rotation.rate
    return math.inf if rotation.until is None else rotation.until
