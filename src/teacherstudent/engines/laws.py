"""What engines do not support yet of learning rules, labels, layers and clusters."""

from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec


def refuse_classes(spec: Spec, engine: str) -> None:
    """Raise SpecError for labels that are signs."""
    if spec.teachers.labels == "sign" and not spec.has_rewards:
        raise SpecError(f"teachers.labels: engine {engine} does not support sign")


def refuse_layers(spec: Spec, engine: str) -> None:
    """Raise SpecError for students with more than one hidden layer."""
    if spec.is_deep:
        raise SpecError(f"student.layers: engine {engine} does not support more than one hidden layer")


def refuse_clusters(spec: Spec, engine: str) -> None:
    """Raise SpecError for clusters of inputs."""
    if spec.inputs.clusters is not None:
        raise SpecError(
            f"inputs.distribution: engine {engine} does not support mixture: it has erf units, whose "
            "networks are odd functions and cannot learn clusters such as xor; use engine chain"
        )


def refuse_laws(spec: Spec, engine: str) -> None:
    """Raise SpecError for all of these."""
    for refuse in (refuse_classes, refuse_layers, refuse_clusters):
        refuse(spec, engine)
