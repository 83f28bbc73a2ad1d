"""What engine `network` cannot do, and pulls that are too strong. Each error is one line."""

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
