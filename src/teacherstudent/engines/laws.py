"""What engines do not support yet of clusters."""

from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec


def refuse_clusters(spec: Spec, engine: str) -> None:
    """Raise SpecError for clusters of inputs."""
    if spec.inputs.clusters is not None:
        raise SpecError(f"inputs.distribution: engine {engine} does not support mixture")
