"""Penalties of consolidation as far as a spec determines them: those of `kind: quadratic`.

The importances of other kinds follow from the course of a run.
"""

import math

from teacherstudent.engines.base import Engine
from teacherstudent.engines.phases import phases
from teacherstudent.engines.rates import at_switch, stages
from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import far_from_small_steps, penalty_too_strong
from teacherstudent.spec.model import Spec

# Explicit steps by a larger part of the distance to an anchor differ much from small steps.
LARGE_STEP = 0.2


def check_strength(spec: Spec) -> None:
    """Raise SpecError if an explicit step would move a unit to its anchor or beyond."""
    rate, penalty = largest_pull(spec)
    if rate * penalty >= spec.inputs.dimension:
        strength = spec.training.consolidation.strength
        raise SpecError(penalty_too_strong(strength, rate, penalty, inputs=spec.inputs.dimension))


def large_steps(spec: Spec, engine: Engine) -> str | None:
    """Return a sentence about explicit steps by a large part of the distance to the anchors.

    Parameters
    ----------
    spec : Spec
        A spec that the engine supports.
    engine : Engine
        The engine of the run.

    Returns
    -------
    str or None
        None for steps of at most 0.2 of the distance, and for the equations, which have no steps.
    """
    rate, penalty = largest_pull(spec)
    kappa = rate * penalty / spec.inputs.dimension
    if engine.deterministic or kappa <= LARGE_STEP:
        return None
    return far_from_small_steps(spec.training.consolidation.strength, kappa)


def largest_pull(spec: Spec) -> tuple[float, float]:
    """Return the learning rate and the penalty of the stage in which their product is largest.

    Both are 0 without explicit steps, and where the spec does not determine penalties: other kinds than
    quadratic, and switches at thresholds.
    """
    block = spec.training.consolidation
    known = block is not None and block.kind == "quadratic" and block.step == "explicit"
    if not known or spec.curriculum.thresholds:
        return 0.0, 0.0
    penalty, began, sequence, pulls = 0.0, 0.0, [], []
    for switches, phase in enumerate(phases(spec)):
        if switches:  # importances are 1
            before = penalty if block.anchors == "sum" else 0.0
            penalty = before + at_switch(block.strength, switches - 1)
        sequence.append(phase.teacher)
        for stage in stages(spec, phase, sequence, began, began):
            rate = max(task.learning_rate * task.moving.max() for task in stage.tasks)
            pulls.append((float(rate), penalty))
        began = phase.end
    return max(pulls, key=math.prod)
