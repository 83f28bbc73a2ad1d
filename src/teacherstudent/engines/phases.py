"""The phases of a run, which follow from the curriculum of its spec."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from teacherstudent.spec.interventions import MixturePiece
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import on_step, step_at


class Phase(NamedTuple):
    """A part of a run with one main task."""

    teacher: int  # counted from 0
    end: float  # time t = steps / N at which it ends at the latest
    threshold: float  # it ends when the error on the teacher is below this value; 0: only at `end`


def phases(spec: Spec) -> list[Phase]:
    """Return all phases of a run in order; those after a threshold that is never reached do not start."""
    rule, order, duration, N = spec.curriculum, spec.curriculum.order, spec.duration, spec.inputs.dimension
    if rule.mixture is not None:
        ends = [(time, 0.0) for time in (*_changes_of_main_task(rule.mixture), duration)]
    elif rule.thresholds:
        ends = [(duration, threshold) for threshold in rule.thresholds] + [(duration, 0.0)]
    else:
        ends = [(time, 0.0) for time in (*_switch_times(rule, duration), duration)]
    return [
        Phase(order[i % len(order)], on_step(end, N), threshold) for i, (end, threshold) in enumerate(ends)
    ]


def phases_left(
    spec: Spec, now: float, switches: Sequence[float], clock: Callable[[float], float] = float
) -> list[Phase]:
    """Return the phases of a run that have not ended at a given time, in order.

    Without thresholds, a phase has ended if its end is earlier, or equal to this time and the last switch
    took place at this time. With thresholds, there is one switch for each phase that has ended.

    Parameters
    ----------
    spec : Spec
        The spec of the run.
    now : float
        The time, in the unit of `clock`.
    switches : sequence of float
        The times t = steps / N of the switches up to now.
    clock : callable
        Converts a time t = steps / N to the unit of the engine, for example to steps.

    Returns
    -------
    list of Phase
        It contains at least the last phase.
    """
    listed = phases(spec)
    ends = [clock(phase.end) for phase in listed]
    if spec.curriculum.thresholds:
        past = len(switches)
    elif switches and clock(switches[-1]) == now:
        past = bisect_right(ends, now)
    else:
        past = bisect_left(ends, now)
    return listed[min(past, len(listed) - 1) :]


def under_way(phase: Phase, sequence: Sequence[int]) -> bool:
    """Return whether a run is in a phase: its last teacher in `sequence` is that of the phase."""
    return bool(sequence) and sequence[-1] == phase.teacher


def _switch_times(rule, duration: float) -> tuple[float, ...]:
    """Return the times of the switches of a curriculum, given in a list or by a period."""
    if rule.period is None:
        return rule.switch_times or ()
    times, count = [], 1
    while count * rule.period < duration:
        times.append(count * rule.period)
        count += 1
    return tuple(times)


def _changes_of_main_task(mixture: Sequence[MixturePiece]) -> list[float]:
    """Return the times at which the task with the largest probability changes."""
    main = [piece.probabilities.index(max(piece.probabilities)) for piece in mixture]
    return [piece.until for piece, now, then in zip(mixture, main, main[1:], strict=False) if now != then]


def head_to_copy(spec: Spec, sequence: Sequence[int], teacher: int) -> int | None:
    """Return the head that is copied to the head of a teacher at a switch to it.

    Parameters
    ----------
    spec : Spec
        The spec of the run. With `copy_head_at_switch: first` a head is copied at the switch to a teacher
        that was not trained on before, with `every` at each switch.
    sequence : sequence of int
        The teachers trained on before, in order.
    teacher : int
        The teacher to which the run switches, counted from 0.

    Returns
    -------
    int or None
        The head of the teacher trained on last; None if no head is copied.
    """
    rule = spec.student.copy_head_at_switch
    if sequence and (rule == "every" or (rule == "first" and teacher not in sequence)):
        return spec.head_of(sequence[-1])
    return None


def comparisons(spec: Spec) -> float:
    """Estimate how often a run compares its error with a threshold."""
    thresholds = len(spec.curriculum.thresholds or ())
    steps = thresholds * share_with_threshold(spec) * spec.duration * spec.inputs.dimension
    return steps / check_interval_steps(spec)


def share_with_threshold(spec: Spec) -> float:
    """Return which part of a run a phase takes that a threshold ends, if the last phase is half as long.

    Runs in which thresholds are never reached compare errors until the end, 1.5 times as long with one.
    """
    return 2.0 / (2 * len(spec.curriculum.thresholds or ()) + 1)


def check_interval_steps(spec: Spec) -> int:
    """Return the number of steps between two comparisons of the error with a threshold, at least one."""
    interval = min(spec.curriculum.look_every, 2.0 * spec.duration)  # longer than the run: no comparison
    return max(1, step_at(interval, spec.inputs.dimension))
