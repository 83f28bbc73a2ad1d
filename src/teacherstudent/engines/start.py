"""The start of a run: time 0 of its spec, or a time of another run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from teacherstudent.engines.base import Engine
from teacherstudent.errors import SpecError, refuse
from teacherstudent.errors.messages import in_document
from teacherstudent.spec.model import InitialOverlaps, Spec
from teacherstudent.spec.steps import record_steps, step_at

# The complete state of a run, from which an engine resumes to the same bits: arrays by name. Every engine has
# `time`, `switch_times` and `teachers` (those trained on up to this time, including the present one).
State = Mapping[str, np.ndarray]
# A state and the records up to it, from which an interrupted run resumes: arrays by name.
Snapshot = Mapping[str, np.ndarray]

# Blocks and keys of a spec that may differ from those of the run to start from. All other keys must be equal.
MAY_CHANGE = (
    "training",
    "curriculum",
    "duration",
    "record",
    "numerics",
    "inputs.dimension",  # only in a start from order parameters
    "teachers.output_noise",
    "teachers.input_noise",
    "teachers.drift",
    "teachers.rotation",
    "student.heads",  # the number of heads is compared: with one task, `shared` and `per_task` have one
    "student.copy_head_at_switch",
)
# Keys in these blocks on which the modes of structured inputs depend.
OF_MODES = ("numerics.latents", "numerics.nodes", "numerics.covariance")


@dataclass(frozen=True)
class Start:
    """A time of a run, with its order parameters or the state of its engine.

    Parameters
    ----------
    time : float
        The time t = steps / N.
    switches : tuple of float
        The times of the switches up to this time.
    sequence : tuple of int
        The teachers trained on up to this time, in order, including the present one; counted from 0.
    overlaps : InitialOverlaps, optional
        The order parameters at this time.
    engine : str, optional
        The name of the engine of the state.
    state : mapping of str to ndarray, optional
        The complete state, from which the engine resumes to the same bits: arrays by name.
    spec : Spec, optional
        The spec of the run that the start is from.
    """

    time: float
    switches: tuple[float, ...] = ()
    sequence: tuple[int, ...] = ()
    overlaps: InitialOverlaps | None = None
    engine: str | None = None
    state: State | None = None
    spec: Spec | None = None


BEGINNING = Start(0.0)


def start_for(spec: Spec, engine: Engine, start: Start) -> tuple[Spec, Start]:
    """Return the spec and the start of a run of an engine, with a state of this engine or order parameters.

    Parameters
    ----------
    spec : Spec
        The spec of the run.
    engine : Engine
        The engine of the run.
    start : Start
        A time of another run, or `BEGINNING`.

    Returns
    -------
    tuple of Spec and Start
        Either the unchanged spec and the time of the state, or the spec with the order parameters as initial
        overlaps, and a start without a state.

    Raises
    ------
    SpecError
        If the duration of the run, or its last recorded time, lies before the start, and if the spec has
        other networks or data than that of the run to start from: a key that is not in `MAY_CHANGE` differs;
        and if it depends on a part of the past that order parameters do not contain, or if there are none.
    """
    if start.overlaps is None and start.spec is None:
        return spec, start
    _check_sizes(spec, start)
    if start.spec is not None:
        _check_agreement(spec, start.spec)
    own = start.engine == engine.name and start.state is not None
    if own:
        _check_penalties(spec, start)
    other_modes = own and spec.inputs.is_structured and _has_other_size(spec, start)
    if own and not other_modes and engine.can_resume(spec, start.state):
        start = of_state(start)
        _check_consolidation(spec, start)
    elif own and _has_other_size(spec, start):
        asked, stored = spec.inputs.dimension, start.spec.inputs.dimension
        other = "" if spec.inputs.is_structured else ", or start from order parameters with --at TIME"
        raise SpecError(
            f"inputs.dimension: {asked} differs from the state to start from, which has {stored}; "
            f"use this value{other}"
        )
    else:
        if spec.inputs.clusters is not None:
            raise SpecError(
                "inputs.distribution: mixture: a run starts from the state at the end of a run of the same "
                "engine (record.state)"
            )
        _check_overlaps(start)
        _check_history(spec, start, own)
        start = replace(start, state=None)
        if spec.has_task_inputs:
            refuse(
                "inputs.manifold.tasks",
                spec.inputs.manifold.tasks,
                "order parameters determine networks for one law of the inputs; use the start of the run",
            )
        spec = replace(spec, initial_overlaps=start.overlaps)
    if spec.duration <= start.time:
        raise SpecError(f"duration: {spec.duration} is too short: the run starts at t = {start.time:g}")
    if not len(times_from(spec, start.time)):
        raise SpecError(f"record.times: all recorded times lie before the start at t = {start.time:g}")
    return spec, start


def _check_penalties(spec: Spec, start: Start) -> None:
    """Raise SpecError if a state has penalties that a run without anchors would lose."""
    block = spec.training.consolidation
    if block is not None and not spec.has_anchors and np.any(start.state.get("penalties", 0.0)):
        raise SpecError(
            f"training.consolidation.strength: {in_document(block.strength)} has no anchors, and the state to"
            " start from has penalties; set record.movement: true to continue with these, or remove"
            " training.consolidation"
        )


def _check_overlaps(start: Start) -> None:
    """Raise SpecError if there are no order parameters to start from."""
    if start.overlaps is None:
        raise SpecError(
            f"record.quantities: the run to start from has {start.spec.record.quantities}, without overlaps,"
            f" and this run cannot resume from its state, of engine {start.engine}; repeat that run with"
            " record.quantities: all"
        )


def _has_other_size(spec: Spec, start: Start) -> bool:
    """Return whether a spec has another number of inputs than the run that the start is from, if any."""
    return start.spec is not None and spec.inputs.dimension != start.spec.inputs.dimension


def _check_history(spec: Spec, start: Start, has_state: bool) -> None:
    """Raise SpecError if a run from order parameters needs more of its past than these contain.

    With `has_state` there is a state of its engine, which does not fit.
    """
    if start.time == 0.0:
        return
    if spec.inputs.is_structured:
        raise SpecError(
            f"inputs.distribution: {spec.inputs.distribution}: order parameters at t = {start.time:g} do not "
            "determine the weights along the modes of the inputs; start from a state that a run with the "
            "same engine stored (record.state)"
        )
    block, replay = spec.training.consolidation, spec.curriculum.replay
    stored = None if start.spec is None else start.spec.training.consolidation
    remedy = "start from a stored state (record.state)"
    if has_state:
        remedy = (
            "start from the state of a run with this kind, and with record.movement where its strength is 0"
        )
    if block is not None and block.kind.startswith("path_integral"):
        raise SpecError(
            f"training.consolidation.kind: {block.kind}: order parameters do not contain the path integral"
            f" up to t = {start.time:g}; {remedy}, or use another kind"
        )
    if block is not None and stored is not None and stored.has_penalties and start.switches:
        raise SpecError(
            f"training.consolidation: order parameters at t = {start.time:g} do not contain the penalties of"
            f" earlier switches; {remedy}, or before the first switch"
        )
    if replay is not None and replay.buffer is not None:
        raise SpecError(f"curriculum.replay.buffer: order parameters do not contain stored samples; {remedy}")


def _check_consolidation(spec: Spec, start: Start) -> None:
    """Raise SpecError if a state lacks path integrals that a run needs, or has penalties of other shape."""
    block = spec.training.consolidation
    if block is None or start.spec is None or start.time == 0.0:
        return
    stored = start.spec.training.consolidation
    if block.kind.startswith("path_integral"):
        if stored is None or (stored.kind, stored.importances) != (block.kind, block.importances):
            raise SpecError(
                f"training.consolidation.kind: {block.kind} with importances: {block.importances}: the state "
                f"to start from does not contain this path integral up to t = {start.time:g}; start from a "
                "run with these keys, or use another kind"
            )
    elif stored is not None and stored.importances == "weights" != block.importances:
        raise SpecError(
            "training.consolidation.importances: units differs from the run to start from, which has "
            "penalties of weights; use importances: weights with kind: ewc"
        )


def of_state(start: Start) -> Start:
    """Return the start at the time of its state, which may be after the last recorded time."""
    state = start.state
    switches, sequence = tuple(state["switch_times"].tolist()), tuple(state["teachers"].tolist())
    return replace(start, time=float(state["time"]), switches=switches, sequence=sequence)


def history(time: float, switches: list[float], sequence: list[int]) -> dict[str, np.ndarray]:
    """Return the part of a state that all engines have.

    Parameters
    ----------
    time : float
        The time t = steps / N.
    switches : list of float
        The times t = steps / N of the switches up to this time.
    sequence : list of int
        The teachers trained on up to this time, in order, including the present one.

    Returns
    -------
    dict of str to ndarray
        `time` of shape (), `switch_times` of shape (S,) and `teachers` of shape (S + 1,).
    """
    return {
        "time": np.array(float(time)),
        "switch_times": np.array(switches, dtype=float),
        "teachers": np.array(sequence, dtype=np.int64),
    }


def steps_from(spec: Spec, time: float) -> np.ndarray:
    """Return the recorded steps of a run that starts at the step nearest to a time."""
    steps = record_steps(spec)
    return steps[steps >= step_at(time, spec.inputs.dimension)]


def times_from(spec: Spec, time: float) -> np.ndarray:
    """Return the recorded times of a run that starts at the step nearest to a time."""
    return steps_from(spec, time) / spec.inputs.dimension


def _check_sizes(spec: Spec, start: Start) -> None:
    """Raise SpecError if a spec has other numbers of teachers, units or heads than the run to start from."""
    overlaps, run = start.overlaps, start.spec
    if overlaps is None:
        P, M, H, K = run.teachers.count, run.teachers.hidden, run.heads, run.student.hidden
    else:
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
            raise SpecError(f"{key}: {shown} differs from the run to start from, which has {what}")


def _check_agreement(spec: Spec, stored: Spec) -> None:
    """Raise SpecError if a spec contradicts that of the run to start from.

    Files are compared by the digests of their content, so that they may be moved.
    """
    asked, has = (dict(_leaves(part.to_dict())) for part in (spec, stored))
    keys = [key for key in (asked | has) if not key.endswith("file") and not _may_change(key)]
    for key in sorted(keys, key=_rank):
        if asked.get(key) == has.get(key):
            continue
        value = in_document(has.get(key))
        if key.endswith("sha256"):
            key = key.replace("sha256", "file")
            value = f"{has[key]} with the SHA-256 {value}" if key in has else "null"
        own = in_document(asked.get(key))
        raise SpecError(f"{key}: {own} differs from the run to start from, which has {value}")


def _leaves(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of a document and their values; lists are not divided."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _may_change(key: str) -> bool:
    return key not in OF_MODES and any(f"{key}.".startswith(f"{free}.") for free in MAY_CHANGE)


def _rank(key: str) -> int:
    """Return the order of comparison: blocks and files that replace other keys come before these."""
    return 0 if key.startswith("initial_overlaps") else 1 if key.endswith("sha256") else 2
