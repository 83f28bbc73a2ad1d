"""Which formulation the equations of a run have, and whether runs are integrated side by side."""

from teacherstudent.engines.ode.blocks import Aligned
from teacherstudent.engines.ode.formulation import Formulation
from teacherstudent.engines.ode.frames import Joint
from teacherstudent.engines.ode.independent import Independent
from teacherstudent.engines.ode.joint_estimates import has_joint_space
from teacherstudent.engines.ode.layers import DeepStudents
from teacherstudent.engines.ode.rewards import Rewarded
from teacherstudent.engines.ode.structured import Structured
from teacherstudent.engines.ode.structured_estimates import has_few_groups
from teacherstudent.engines.ode.summed import Summed
from teacherstudent.engines.ode.sums_checks import has_sums
from teacherstudent.spec.model import Spec

# Larger networks have enough pairs of units to fill vectors; their runs are integrated one by one.
MOST_STUDENT_UNITS = 8
MOST_TEACHER_UNITS = 8


def formulation_of(spec: Spec) -> type[Formulation]:
    """Return the class of the formulation of runs of a spec."""
    if spec.has_rewards:
        return Rewarded
    if spec.is_deep:
        return DeepStudents
    if has_sums(spec):
        return Summed
    if has_joint_space(spec):
        return Joint
    if spec.has_task_inputs and spec.inputs.manifold.projection == "orthogonal":
        return Aligned
    return Structured if spec.inputs.is_structured else Independent


def has_lanes(spec: Spec) -> bool:
    """Return whether runs of a spec are integrated side by side: few units and few order parameters."""
    student, teachers = spec.student, spec.teachers
    few = student.hidden <= MOST_STUDENT_UNITS and teachers.hidden <= MOST_TEACHER_UNITS
    same = student.activation == teachers.activation and student.activation in ("erf", "linear")
    squared = teachers.labels != "sign" and spec.loss == "squared"
    formulation = formulation_of(spec)
    of_few = formulation in (Independent, Aligned) or (formulation is Structured and has_few_groups(spec))
    return few and same and squared and of_few
