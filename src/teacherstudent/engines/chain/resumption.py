"""States from which chains resume. A `block` is one of `engines.chain.block.Block`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from teacherstudent.engines.chain.motion import rotation_of
from teacherstudent.engines.start import Start, State, history


def resume(block: Any, starts: Sequence[Start]) -> None:
    """Set what interventions have changed up to the states of the starts, if they have states."""
    for c, start in enumerate(starts):
        state = start.state or {}
        if "penalties" in state and block.specs[c].training.consolidation is not None:
            block.penalties[c], block.anchors.path[:, c] = state["penalties"], state["path_integral"]
            block.importances[c] = list(state["importances"][: len(start.switches)])
        if "teacher_overlaps" in state:
            _set_overlaps(block, c, start)


def _set_overlaps(block: Any, c: int, start: Start) -> None:
    """Set the teacher overlaps at the start of the stored run, which are those at all times without motion.

    New frames at switches change the last bits of coordinates, and of the overlaps computed from these.
    """
    T = start.state["teacher_overlaps"].reshape(block.initial_T[c].shape)
    if block.moves:
        block.initial_T[c] = T
    elif start.spec is None or not start.spec.has_moving_teachers:
        block.initial_T[c] = block.teachers.T[c] = T


def state_of(block: Any, c: int) -> State:
    """Return the state from which one chain can resume; random numbers of a step depend only on its number.

    It has no coordinates outside the frame of the networks: each step computes them at its start.
    """
    block.put_heads_back()
    n, N, spec = block.shape.p + block.shape.r, block.shape.N, block.specs[c]
    state = history(block.step / N, block.switches[c], block.sequence[c]) | {
        "dimension": np.array(N),
        "student_coordinates": block.state.S[:, :n, c].copy(),
        "student_readouts": block.h[:, :, c].copy(),
        "teacher_coordinates": block.motion.base[:, :, c].copy(),
        "teacher_readouts": block.teachers.v[c].copy(),
    }
    if spec.has_anchors:
        state["anchor_coordinates"] = block.anchors.c[:, :, c].copy()
    if spec.training.consolidation is not None:
        state |= {
            "penalties": block.penalties[c].copy(),
            "path_integral": block.anchors.path[:, c].copy(),
            "importances": np.array(block.importances[c]).reshape(-1, spec.student.hidden),
        }
    if block.moves or spec.has_anchors:
        state["teacher_overlaps"] = block.initial_T[c].flatten()
    if spec.teachers.rotation is not None:
        state |= rotation_of(block.motion, c)
    return state
