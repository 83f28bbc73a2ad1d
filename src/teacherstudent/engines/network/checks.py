"""What engine `network` cannot do, or needs other kernels for; no compiled code. Errors are one line."""

from collections.abc import Hashable
from dataclasses import replace

from teacherstudent.engines.penalties import check_strength
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec

# The layout `ByInput` is the faster one for students with at least this number of units for each input.
UNITS_PER_INPUT = 4
# Largest number of samples of a step for which blocks of steps are faster than single steps.
BLOCK_SAMPLES = 4


def check_interventions(spec: Spec) -> None:
    """Raise SpecError for combinations of interventions that are not available."""
    replay = spec.curriculum.replay
    if replay is not None and replay.buffer is not None and spec.has_moving_teachers:
        raise SpecError(
            "curriculum.replay.buffer: not available with teachers that move; remove buffer, or drift and "
            "rotation"
        )
    check_strength(spec)


def needs_stages(spec: Spec) -> bool:
    """Return whether runs of a spec can have stages for the kernel `stages.train`."""
    training = spec.training
    pulls = training.consolidation is not None or bool(training.l1)
    return spec.mixes_tasks or pulls or spec.has_moving_teachers


def is_wide(spec: Spec) -> bool:
    """Return whether the student has so many units that its weights are in the layout `ByInput`."""
    return spec.student.hidden >= UNITS_PER_INPUT * spec.inputs.dimension


def trains_in_blocks(spec: Spec) -> bool:
    """Return whether runs of a spec are trained by the kernel `blocks.train`: it depends on nothing else."""
    inputs, training = spec.inputs, spec.training
    fresh = inputs.distribution == "gaussian" and inputs.samples is None
    other = spec.is_deep or spec.has_rewards or spec.student.biases or needs_stages(spec) or is_wide(spec)
    noisy = any(spec.teachers.input_noise) or any(window.input_noise for window in training.deficits or ())
    return fresh and not other and not noisy and training.batch_size <= BLOCK_SAMPLES


def shapes_in_blocks(spec: Spec) -> Hashable:
    """Return what runs that are trained in blocks side by side have in common: inputs, shapes and laws."""
    student, teachers, training = spec.student, spec.teachers, spec.training
    units = student.hidden, student.activation, teachers.hidden, teachers.activation
    heads = len({spec.head_of(teacher) for teacher in range(teachers.count)})
    law = spec.has_classes, spec.loss if spec.has_classes else None, training.margin
    return spec.inputs, spec.numerics, units, heads, law, training.batch_size


def without_similarity(spec: Spec) -> Spec:
    """Return a spec without the similarity of the teachers: their first one does not depend on it."""
    teachers = spec.teachers
    features, readouts = (replace(part, similarity=None) for part in (teachers.features, teachers.readouts))
    return replace(spec, teachers=replace(teachers, features=features, readouts=readouts))
