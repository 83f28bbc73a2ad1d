"""Numbers of axes of the frame of a spec; no compiled code for most specs."""

import numpy as np

from teacherstudent.engines.chain.frame_axes import frame_axes
from teacherstudent.spec.model import Spec


def axes(spec: Spec) -> tuple[int, int, int]:
    """Return the numbers of axes p, r and q of the frame (`frame_axes`)."""
    if spec.inputs.is_structured:
        from teacherstudent.engines.chain.groups import axes_of, groups_of  # slow to import

        return tuple(map(sum, zip(*(axes_of(spec, group) for group in groups_of(spec)), strict=True)))
    teachers, K, M = spec.teachers, spec.student.hidden, spec.teachers.hidden
    if spec.inputs.clusters is not None:
        from teacherstudent.networks.clusters import directions_of  # slow to import

        return frame_axes(
            spec.inputs.dimension, K, directions_of(spec.inputs.clusters), spec.training.batch_size
        )
    fixed = teachers.count * M + K * spec.has_anchors
    drifting = M * np.count_nonzero(teachers.drift or ())
    return frame_axes(spec.inputs.dimension, K, fixed, spec.training.batch_size, drifting)


def teacher_axes(spec: Spec) -> int:
    """Return the number of axes of the teachers, the first ones of A."""
    p, r, _ = axes(spec)
    if spec.inputs.clusters is not None:
        return r
    return spec.teachers.count * spec.teachers.hidden if p > 0 and not spec.inputs.is_structured else r
