"""What engine `network` cannot do, and pulls that are too strong. Each error is one line."""

from teacherstudent.engines.network.anchors import check_strength
from teacherstudent.engines.network.tasks import largest_rates
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec


def check_interventions(spec: Spec) -> None:
    """Raise SpecError for combinations of interventions that are not available."""
    replay, finite = spec.curriculum.replay, spec.inputs.samples is not None
    if finite and replay is not None and (replay.buffer is not None or replay.fidelity != 1.0):
        key = "fidelity" if replay.buffer is None else "buffer"
        raise SpecError(
            f"curriculum.replay.{key}: not available with a finite training set, whose samples are all "
            "stored; remove it"
        )
    if replay is not None and replay.buffer is not None and spec.has_moving_teachers:
        raise SpecError(
            "curriculum.replay.buffer: not available with teachers that move; remove buffer, or drift and "
            "rotation"
        )
    if spec.training.consolidation is not None and spec.training.consolidation.kind == "quadratic":
        check_strength(spec, largest_rates(spec))
