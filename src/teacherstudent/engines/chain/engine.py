"""Engine `chain`: the exact Markov chain of the order parameters at finite N.

It needs no vectors of N numbers.
"""

from collections.abc import Callable, Hashable, Sequence

import numpy as np

from teacherstudent.engines.chain.axes import axes, teacher_axes
from teacherstudent.engines.chain.block import Block
from teacherstudent.engines.chain.cluster_block import ClusterBlock
from teacherstudent.engines.chain.group_block import GroupBlock, input_groups
from teacherstudent.engines.chain.law import law_key
from teacherstudent.engines.chain.layers import LayeredBlock
from teacherstudent.engines.chain.motion import same_rotation
from teacherstudent.engines.chain.reward_block import RewardBlock
from teacherstudent.engines.start import Start, State
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.spec.model import Spec

# Numbers in a vector register; the number of columns is a multiple of it.
LANES = 8
# The arrays of a state, which `engines.state_variables` describes.
STATE_NAMES = (
    "time",
    "switch_times",
    "teachers",
    "dimension",
    "student_coordinates",
    "student_readouts",
    "teacher_coordinates",
    "teacher_readouts",
)


def can_resume(spec: Spec, state: State) -> bool:
    """Return whether a run of a spec can start from a state: it needs the same numbers of inputs and axes."""
    p, r, _ = axes(spec)
    has = state["student_coordinates"].shape[1], state["teacher_coordinates"].shape[1]
    same_frame = has == (p + r, teacher_axes(spec)) and ("anchor_coordinates" in state) == spec.has_anchors
    same_inputs = np.array_equal(state.get("input_groups", ()), input_groups(spec))
    return (
        same_frame
        and same_inputs
        and int(state["dimension"]) == spec.inputs.dimension
        and same_rotation(spec, state)
    )


def batch_key(spec: Spec, run: int) -> Hashable:
    """Return the common properties of the chains of a batch, which may belong to different runs."""
    teachers, student, rule = spec.teachers, spec.student, spec.training.consolidation
    sizes = spec.inputs, teachers.count, teachers.hidden, student.hidden, spec.heads, spec.training.batch_size
    clock = spec.duration, spec.record, spec.curriculum.look_every
    anchors = rule is not None, rule is not None and rule.kind == "path_integral", spec.has_anchors
    turning = teachers.rotation and (teachers.rotation.teacher, teachers.rotation.towards)
    drifting = teachers.drift or (0.0,) * teachers.count
    moving = tuple(rate > 0.0 for rate in drifting), turning
    episode = spec.training.episode
    rewards = episode and (episode.length, episode.reward.condition, episode.schedule)
    units = [student.depth, *((layer.activation, layer.activation_sha256) for layer in (teachers, student))]
    return sizes, *units, clock, anchors, moving, rewards, law_key(spec)


def simulate(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start],
) -> list[Trajectory]:
    """Simulate a batch of chains, one for each spec and its run (`Engine.simulate`).

    Parameters
    ----------
    specs : sequence of Spec
        The spec of each run; all have one batch key.
    seed : int
        The seed of all runs.
    runs : sequence of int
        The number of each run.
    progress : callable
        Called with the fraction of the batch that is done, from 0 to 1.
    starts : sequence of Start
        The start of each run. All have the same time, and either all have states or none.

    Returns
    -------
    list of Trajectory
        One for each run; its times and switches fall on steps.
    """
    block = _kind_of_block(specs[0])(_filled(specs), seed, _filled(runs), _filled(starts))
    while True:
        block.record()
        block.begin_phases()
        if block.step >= block.last or not block.finite.any():
            return block.trajectories(len(specs))
        block.train()
        progress(block.step / block.last)


def _kind_of_block(spec: Spec) -> type[Block]:
    """Return the class of the chains of a batch."""
    if spec.has_rewards:
        return RewardBlock
    if spec.inputs.clusters is not None:
        return ClusterBlock
    if spec.is_deep:
        return LayeredBlock
    return GroupBlock if spec.inputs.is_structured else Block


def _filled(items: Sequence) -> list:
    """Repeat the last item until the number of items is a multiple of `LANES`."""
    return [*items, *[items[-1]] * (-len(items) % LANES)]
