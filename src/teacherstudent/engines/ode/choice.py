"""Which formulation the equations of a run have."""

from teacherstudent.engines.ode.formulation import Formulation
from teacherstudent.engines.ode.independent import Independent
from teacherstudent.engines.ode.structured import Structured
from teacherstudent.spec.model import Spec


def formulation_of(spec: Spec) -> type[Formulation]:
    """Return the class of the formulation of runs of a spec."""
    return Structured if spec.inputs.is_structured else Independent
