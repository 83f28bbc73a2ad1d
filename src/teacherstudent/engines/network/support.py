"""Which specs engine `network` supports; compiled code only where files or given overlaps are checked."""

from teacherstudent.engines.network.checks import check_interventions
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec


def check(spec: Spec) -> None:
    """Raise SpecError if the inputs are not available, N is too small, an intervention is impossible, or an
    activation cannot be compiled.
    """
    if spec.inputs.distribution != "gaussian":
        from teacherstudent.inputs.sources import source_of  # slow to import

        source_of(spec).check(spec)
    check_interventions(spec)
    if spec.initial_overlaps is not None:
        from teacherstudent.networks.sampling import check_overlaps_fit  # slow to import

        check_overlaps_fit(spec)
    if "custom" in (spec.student.activation, spec.teachers.activation):
        from teacherstudent.networks.activations import codes_of  # slow to import

        codes_of(spec)
    if spec.student.biases and spec.initial_overlaps is not None:
        raise SpecError("student.biases: not part of order parameters; remove them or start from a state")
