"""The classes of the formulations that `choice` names."""

from teacherstudent.engines.ode import choice
from teacherstudent.engines.ode.blocks import Aligned
from teacherstudent.engines.ode.formulation import Formulation
from teacherstudent.engines.ode.frames import Joint
from teacherstudent.engines.ode.independent import Independent
from teacherstudent.engines.ode.layers import DeepStudents
from teacherstudent.engines.ode.rewards import Rewarded
from teacherstudent.engines.ode.structured import Structured
from teacherstudent.engines.ode.summed import Summed
from teacherstudent.spec.model import Spec

FORMULATIONS: dict[str, type[Formulation]] = {
    choice.REWARDED: Rewarded,
    choice.DEEP: DeepStudents,
    choice.SUMMED: Summed,
    choice.JOINT: Joint,
    choice.ALIGNED: Aligned,
    choice.STRUCTURED: Structured,
    choice.INDEPENDENT: Independent,
}


def formulation_of(spec: Spec) -> type[Formulation]:
    """Return the class of the formulation of runs of a spec."""
    return FORMULATIONS[choice.formulation_name(spec)]
