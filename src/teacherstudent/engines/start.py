"""Where a run starts from: time 0 of its spec, or a moment of another run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from teacherstudent.errors import SpecError, refuse
from teacherstudent.errors.messages import in_document
from teacherstudent.spec.model import InitialOverlaps, Spec
from teacherstudent.spec.steps import record_steps, step_at

# All that an engine needs to go on exactly, as arrays by name. Every engine has `time`, `switch_times` and
# `teachers`, those trained on so far, the last one still.
State = Mapping[str, np.ndarray]
# All that a run needs to go on from a moment on its way, with what it has recorded so far: arrays by name.
Snapshot = Mapping[str, np.ndarray]

# What a spec may change when its run starts from another: blocks, and keys of the blocks that describe the
# networks and the data. All other keys must agree.
MAY_CHANGE = (
    "training",
    "curriculum",
    "duration",
    "record",
    "numerics",
    "inputs.dimension",  # of a start from order parameters only
    "teachers.output_noise",
    "teachers.input_noise",
    "student.heads",  # their number is compared: without other tasks, both kinds have one
    "student.copy_head_at_switch",
)


@dataclass(frozen=True)
class Start:
    """A moment of a run: its time and what came before; order parameters, or the state of an engine."""

    time: float
    switches: tuple[float, ...] = ()
    sequence: tuple[int, ...] = ()  # teachers trained on so far, the last one still
    overlaps: InitialOverlaps | None = None
    engine: str | None = None  # whose state it is
    state: State | None = None
    spec: Spec | None = None  # of the run that it is a moment of


BEGINNING = Start(0.0)


def start_for(
    spec: Spec, engine: str, start: Start, fits: Callable[[Spec, State], bool]
) -> tuple[Spec, Start]:
    """Return the spec and the start of a run of an engine, with its own state or else order parameters.

    Order parameters become the initial overlaps of the spec. `fits(spec, state)` says whether the engine can
    go on from a state of its own. Raises SpecError where the run is over by then, and where the spec has
    other networks or data than that of the run to start from: what `MAY_CHANGE` does not name.
    """
    if start.overlaps is None:
        return spec, start
    _check_sizes(spec, start.overlaps)
    if start.spec is not None:
        _check_agreement(spec, start.spec)
    own = start.engine == engine and start.state is not None
    if own and fits(spec, start.state):
        start = of_state(start)
    elif own and start.spec is not None and spec.inputs.dimension != start.spec.inputs.dimension:
        has = start.spec.inputs.dimension
        reason = f"the state to start from has {has}; --at TIME starts from order parameters, which fit any"
        refuse("inputs.dimension", spec.inputs.dimension, reason)
    else:
        start = replace(start, state=None)
        spec = replace(spec, initial_overlaps=start.overlaps)
    if spec.duration <= start.time:
        refuse("duration", spec.duration, f"the run starts at t = {start.time:g} and must go on from there")
    if not len(times_from(spec, start.time)):
        raise SpecError(f"record.times: none is left from t = {start.time:g} on, where the run starts")
    return spec, start


def of_state(start: Start) -> Start:
    """Return the moment at which the state was kept, which may be after the last recorded time."""
    state = start.state
    switches, sequence = tuple(state["switch_times"].tolist()), tuple(state["teachers"].tolist())
    return replace(start, time=float(state["time"]), switches=switches, sequence=sequence)


def history(time: float, switches: list[float], sequence: list[int]) -> dict[str, np.ndarray]:
    """Return the part of a state that all engines have."""
    return {
        "time": np.array(float(time)),
        "switch_times": np.array(switches, dtype=float),
        "teachers": np.array(sequence, dtype=np.int64),
    }


def steps_from(spec: Spec, time: float) -> np.ndarray:
    """Return the steps at which a run is recorded that starts at the step nearest to a time."""
    steps = record_steps(spec)
    return steps[steps >= step_at(time, spec.inputs.dimension)]


def times_from(spec: Spec, time: float) -> np.ndarray:
    """Return the recorded times of a run that starts at the step nearest to a time."""
    return steps_from(spec, time) / spec.inputs.dimension


def _check_sizes(spec: Spec, overlaps: InitialOverlaps) -> None:
    P, M = np.shape(overlaps.teacher_readouts)
    H, K = np.shape(overlaps.student_readouts)
    sizes = {
        "teachers.count": (spec.teachers.count, P),
        "teachers.hidden": (spec.teachers.hidden, M),
        "student.hidden": (spec.student.hidden, K),
        "student.heads": (spec.heads, H),
    }
    for key, (asked, stored) in sizes.items():
        if asked != stored:
            shown = spec.student.heads if key == "student.heads" else asked
            what = f"{stored} of them" if key == "student.heads" else stored
            refuse(key, shown, f"the run to start from has {what}")


def _check_agreement(spec: Spec, stored: Spec) -> None:
    """Raise SpecError where a spec contradicts what the run to start from has already, or has not.

    Of files the digests of their content count: they may have been moved.
    """
    asked, has = (dict(_leaves(part.to_dict())) for part in (spec, stored))
    keys = [key for key in (asked | has) if not key.endswith("file") and not _may_change(key)]
    for key in sorted(keys, key=_rank):
        if asked.get(key) == has.get(key):
            continue
        said = in_document(has.get(key))
        if key.endswith("sha256"):
            key = key.replace("sha256", "file")
            said = f"{has[key]} with the SHA-256 {said}" if key in has else "null"
        refuse(key, in_document(asked.get(key)), f"the run to start from has {said}")


def _leaves(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of a document and their values, lists as they are."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _may_change(key: str) -> bool:
    return any(f"{key}.".startswith(f"{free}.") for free in MAY_CHANGE)


def _rank(key: str) -> int:
    """What stands in the place of other keys comes before them."""
    return 0 if key.startswith("initial_overlaps") else 1 if key.endswith("sha256") else 2
