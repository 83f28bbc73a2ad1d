"""From the rule for switching to the phases of a run."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import on_step, step_at


class Phase(NamedTuple):
    """A stretch of training on one teacher: until the time of a step, or earlier when its error falls below a
    threshold (0: never).
    """

    teacher: int
    end: float
    threshold: float


def phases(spec: Spec) -> list[Phase]:
    """List the phases of a run in order; thresholds that are never reached leave the later ones out."""
    rule, order, duration, N = spec.curriculum, spec.curriculum.order, spec.duration, spec.inputs.dimension
    if rule.thresholds:
        ends = [(duration, threshold) for threshold in rule.thresholds] + [(duration, 0.0)]
    else:
        ends = [(time, 0.0) for time in (*_switch_times(rule, duration), duration)]
    return [
        Phase(order[i % len(order)], on_step(end, N), threshold) for i, (end, threshold) in enumerate(ends)
    ]


def phases_left(
    spec: Spec, now: float, switches: Sequence[float], clock: Callable[[float], float] = float
) -> list[Phase]:
    """List the phases that are not over at a moment of a run with some switches behind it, in order.

    `now` is the moment on the engine's clock, into which `clock` turns a time: the phases before have ended
    earlier, at this moment if its switch is among those behind, or with thresholds by the switches.
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
    """Say whether a phase has begun already in a run that starts in it, after some teachers."""
    return bool(sequence) and sequence[-1] == phase.teacher


def _switch_times(rule, duration: float) -> tuple[float, ...]:
    if rule.period is None:
        return rule.switch_times or ()
    times, count = [], 1
    while count * rule.period < duration:
        times.append(count * rule.period)
        count += 1
    return tuple(times)


def head_to_copy(spec: Spec, met: list[int], teacher: int) -> int | None:
    """Return the head that is copied to a teacher's own head at a switch to it, or None.

    `met` lists the teachers trained on before, in order. With `first` a head is copied at the
    switch to a teacher that was not trained on before, with `every` at each switch.
    """
    rule = spec.student.copy_head_at_switch
    if met and (rule == "every" or (rule == "first" and teacher not in met)):
        return spec.head_of(met[-1])
    return None


def steps_between_looks(spec: Spec) -> int:
    """Return the number of steps between two looks at a threshold, at least one, and no more than fit."""
    interval = min(spec.curriculum.look_every, 2.0 * spec.duration)  # longer than the run: there is no look
    return max(1, step_at(interval, spec.inputs.dimension))
