"""The classes of the formulations that `choice` names; compiled code is only imported with the chosen one."""

from teacherstudent.engines.ode import choice
from teacherstudent.engines.ode.formulation import Formulation
from teacherstudent.spec.model import Spec


def formulation_of(spec: Spec) -> type[Formulation]:
    """Return the class of the formulation of runs of a spec."""
    match choice.formulation_name(spec):
        case choice.REWARDED:
            from teacherstudent.engines.ode.rewards import Rewarded as chosen
        case choice.DEEP:
            from teacherstudent.engines.ode.layers import DeepStudents as chosen
        case choice.SUMMED:
            from teacherstudent.engines.ode.summed import Summed as chosen
        case choice.JOINT:
            from teacherstudent.engines.ode.frames import Joint as chosen
        case choice.ALIGNED:
            from teacherstudent.engines.ode.blocks import Aligned as chosen
        case choice.STRUCTURED:
            from teacherstudent.engines.ode.structured import Structured as chosen
        case _:
            from teacherstudent.engines.ode.independent import Independent as chosen
    return chosen
