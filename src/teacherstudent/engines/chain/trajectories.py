"""Trajectories of chains. A `block` is one of `engines.chain.block.Block`."""

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
    spec, K = block.specs[c], block.specs[c].student.hidden
    P, times = spec.teachers.count, np.array(block.due[: block.recorded[c]]) / block.shape.N
    rows = block.rows[: block.recorded[c]]
    T, history = block.initial_T[c], (block.switches[c], block.sequence[c])
    found = {
        name: np.array([row[name][c] for row in rows]).reshape(-1, *array.shape[1:])
        for name, array in block.rows[0].items()
    }
    diverged_at = None if block.finite[c] else block.state.steps[c] / block.shape.N
    if block.has_classes:
        T_in_time = found.get("teacher_overlaps_in_time", T)
        order = found["student_overlaps"], found["student_teacher_overlaps"], T_in_time
        found |= class_errors(spec, *order, found["student_readouts"], block.teachers.v[c])
        count = finite_rows(found["generalisation_error"])
        if count < len(times):
            diverged_at, times = float(times[count]), times[:count]
            found = {name: array[:count] for name, array in found.items()}
    if spec.has_rewards:
        R, v = found["student_teacher_overlaps"], block.teachers.v[c]
        found |= reward_observables(spec, found["student_overlaps"], R, T, v)
    found["student_teacher_overlaps"] = stored_R(found["student_teacher_overlaps"], P)
    if block.moves:
        found["teacher_overlaps_in_time"] = stored_T(found["teacher_overlaps_in_time"], P)
    if spec.mixes_tasks:
        found["task_probabilities"] = task_probabilities(spec, times, *history)
    if spec.training.consolidation is not None:
        found["importances"] = stored_importances(block.importances[c], len(block.switches[c]), K)
    return Trajectory(
        time=times,
        **found,
        teacher_overlaps=stored_T(T, P),
        teacher_readouts=block.teachers.v[c].copy(),
        active_teacher=active_teachers(times, *history),
        switch_times=np.array(block.switches[c]),
        diverged_at=diverged_at,
        state=block.state_of(c) if spec.record.state else None,
    )
