"""What engine `network` cannot do, or needs other kernels for; no compiled code. Errors are one line."""

from teacherstudent.engines.penalties import check_strength
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec


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
