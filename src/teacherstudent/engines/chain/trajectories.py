"""Trajectories of chains. A `block` is one of `engines.chain.block.Block`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from teacherstudent.engines.class_errors import class_errors, finite_rows
from teacherstudent.engines.rates import task_probabilities
from teacherstudent.engines.rewards import reward_observables
from teacherstudent.engines.start import State
from teacherstudent.engines.trajectory import (
    Trajectory,
    active_teachers,
    stored_importances,
    stored_R,
    stored_T,
)


def trajectories_of(block: Any, number: int) -> list[Trajectory]:
    """Return the trajectories of the first chains of a block.

    Their arrays are rows of arrays of all chains.
    """
    v, T = block.stored_constants
    rows = {
        "time": np.tile(block.times, (number, 1)),
        **{name: array[:number] for name, array in block.stored_records.items()},
        "teacher_overlaps": T[:number],
        "teacher_readouts": v[:number],
        "active_teacher": _active_teachers(block, number),
        "switch_times": [np.array(switches, dtype=float) for switches in block.switches[:number]],
    }
    specs = block.specs[:number]
    states = [block.state_of(c) if spec.record.state else None for c, spec in enumerate(specs)]
    ends = _ends(block)[:number]
    if not block.has_further_quantities and (block.recorded[:number] == len(block.times)).all():
        return Trajectory.of_rows(rows, ends, states)
    chains = (dict(zip(rows, own, strict=True)) for own in zip(*rows.values(), strict=True))
    return [_completed(block, c, own, ends[c], states[c]) for c, own in enumerate(chains)]


def _active_teachers(block: Any, number: int) -> np.ndarray:
    """Return the teachers of the first chains at all times, (number, T)."""
    histories = list(zip(block.switches[:number], block.sequence[:number], strict=True))
    if histories.count(histories[0]) == number:
        return np.tile(active_teachers(block.times, *histories[0]), (number, 1))
    return np.stack([active_teachers(block.times, *history) for history in histories])


def _ends(block: Any) -> list[float | None]:
    """Return the time at which each chain diverged, None for one that is finite."""
    steps = (block.state.steps / block.shape.N).tolist()
    return [None if finite else end for finite, end in zip(block.finite.tolist(), steps, strict=True)]


def _completed(
    block: Any, c: int, found: dict[str, np.ndarray], end: float | None, state: State | None
) -> Trajectory:
    """Return the trajectory of a chain up to its last record, with quantities that only some chains have."""
    spec, count, history = block.specs[c], int(block.recorded[c]), (block.switches[c], block.sequence[c])
    errors = _errors(block, c)
    if block.has_classes:
        finite = finite_rows(errors["generalisation_error"])
        if finite < count:
            count, end = finite, float(block.times[finite])
    found |= {name: found[name][:count] for name in ("time", "active_teacher", *block.stored_records)}
    found |= {name: array[:count] for name, array in errors.items()}
    if spec.mixes_tasks:
        found["task_probabilities"] = task_probabilities(spec, found["time"], *history)
    if spec.training.consolidation is not None:
        units = spec.student.hidden
        found["importances"] = stored_importances(block.importances[c], len(block.switches[c]), units)
    return Trajectory(**found, diverged_at=end, state=state)


def _errors(block: Any, c: int) -> dict[str, np.ndarray]:
    """Return the errors of one chain that follow from all its records: those of classes and rewards."""
    spec, T, v = block.specs[c], block.initial_T[c], block.teachers.v[c]
    if not (block.has_classes or spec.has_rewards):
        return {}
    _, found = block.records_of(c)
    Q, R = found["student_overlaps"], found["student_teacher_overlaps"]
    if spec.has_rewards:
        return reward_observables(spec, Q, R, T, v)
    return class_errors(spec, Q, R, found.get("teacher_overlaps_in_time", T), found["student_readouts"], v)


def in_stored_layout(records: Mapping[str, np.ndarray], P: int) -> dict[str, np.ndarray]:
    """Return the records of all chains in the layout of files, with P teachers."""
    found = dict(records)
    found["student_teacher_overlaps"] = stored_R(found["student_teacher_overlaps"], P)
    if "teacher_overlaps_in_time" in found:
        found["teacher_overlaps_in_time"] = stored_T(found["teacher_overlaps_in_time"], P)
    return found
