"""Which formulation the equations of a run have."""

from teacherstudent.engines.ode.blocks import Aligned
from teacherstudent.engines.ode.formulation import Formulation
from teacherstudent.engines.ode.frames import Joint
from teacherstudent.engines.ode.independent import Independent
from teacherstudent.engines.ode.structured import Structured
from teacherstudent.spec.model import Spec


def formulation_of(spec: Spec) -> type[Formulation]:
    """Return the class of the formulation of runs of a spec."""
    if spec.has_task_inputs and spec.inputs.manifold.tasks == "interpolated":
        return Aligned if spec.inputs.manifold.projection == "orthogonal" else Joint
    return Structured if spec.inputs.is_structured else Independent
