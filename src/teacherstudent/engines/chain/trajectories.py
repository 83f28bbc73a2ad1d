"""Trajectories of chains. A `block` is one of `engines.chain.block.Block`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from teacherstudent.engines.class_errors import class_errors, finite_rows
from teacherstudent.engines.rates import task_probabilities
from teacherstudent.engines.rewards import reward_observables
from teacherstudent.engines.trajectory import (
    Trajectory,
    active_teachers,
    stored_importances,
    stored_R,
    stored_T,
)


def trajectory_of(block: Any, c: int) -> Trajectory:
    """Return the trajectory of one chain."""
    spec, count, history = block.specs[c], block.recorded[c], (block.switches[c], block.sequence[c])
    diverged_at = None if block.state.finite[c] else block.state.steps[c] / block.shape.N
    errors = _errors(block, c)
    if block.has_classes:
        finite = finite_rows(errors["generalisation_error"])
        if finite < count:
            diverged_at, count = float(block.times[finite]), finite
    times, v, T = block.times[:count].copy(), *block.stored_constants
    found = {name: array[c, :count] for name, array in block.stored_records.items()}
    found |= {name: array[:count] for name, array in errors.items()}
    if spec.mixes_tasks:
        found["task_probabilities"] = task_probabilities(spec, times, *history)
    if spec.training.consolidation is not None:
        units = spec.student.hidden
        found["importances"] = stored_importances(block.importances[c], len(block.switches[c]), units)
    return Trajectory(
        time=times,
        **found,
        teacher_overlaps=T[c],
        teacher_readouts=v[c],
        active_teacher=active_teachers(times, *history),
        switch_times=np.array(block.switches[c]),
        diverged_at=diverged_at,
        state=block.state_of(c) if spec.record.state else None,
    )


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
