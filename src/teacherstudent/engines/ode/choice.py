"""Which formulation the equations of a run have, and whether runs are integrated side by side.

Estimates ask this too, so that compiled code is only imported with the formulation of a run.
"""

from teacherstudent.engines.ode.joint_estimates import has_joint_space
from teacherstudent.engines.ode.structured_estimates import has_few_groups
from teacherstudent.engines.ode.sums_checks import has_sums
from teacherstudent.spec.model import Spec

# Larger networks have enough pairs of units to fill vectors; their runs are integrated one by one.
MOST_STUDENT_UNITS = 8
MOST_TEACHER_UNITS = 8
# From this number of runs on, vectors of runs are faster than vectors of pairs of units, with the same bits.
# Students with more units than 4 have enough pairs to fill vectors, and twice as many runs are needed.
FEWEST = 3
FEW_UNITS = 4


def kind_of(spec: Spec) -> str:
    """Return the name of the formulation of runs of a spec."""
    if spec.has_rewards:
        return "Rewarded"
    if spec.is_deep:
        return "DeepStudents"
    if has_sums(spec):
        return "Summed"
    if has_joint_space(spec):
        return "Joint"
    if spec.has_task_inputs and spec.inputs.manifold.projection == "orthogonal":
        return "Aligned"
    return "Structured" if spec.inputs.is_structured else "Independent"


def formulation_of(spec: Spec) -> type:
    """Return the class of the formulation of runs of a spec (`formulation.Formulation`)."""
    match kind_of(spec):
        case "Rewarded":
            from teacherstudent.engines.ode.rewards import Rewarded as chosen
        case "DeepStudents":
            from teacherstudent.engines.ode.layers import DeepStudents as chosen
        case "Summed":
            from teacherstudent.engines.ode.summed import Summed as chosen
        case "Joint":
            from teacherstudent.engines.ode.frames import Joint as chosen
        case "Aligned":
            from teacherstudent.engines.ode.blocks import Aligned as chosen
        case "Structured":
            from teacherstudent.engines.ode.structured import Structured as chosen
        case _:
            from teacherstudent.engines.ode.independent import Independent as chosen
    return chosen


def has_lanes(spec: Spec) -> bool:
    """Return whether runs of a spec are integrated side by side: few units and few order parameters."""
    student, teachers = spec.student, spec.teachers
    few = student.hidden <= MOST_STUDENT_UNITS and teachers.hidden <= MOST_TEACHER_UNITS
    same = student.activation == teachers.activation and student.activation in ("erf", "linear")
    squared = teachers.labels != "sign" and spec.loss == "squared"
    kind = kind_of(spec)
    of_few = kind in ("Independent", "Aligned") or (kind == "Structured" and has_few_groups(spec))
    return few and same and squared and of_few
