"""Which formulation the equations of a run have, and whether runs are integrated side by side.

No compiled code: the classes of the formulations are in `formulations`.
"""

from teacherstudent.engines.ode.joint_estimates import has_joint_space
from teacherstudent.engines.ode.structured_estimates import has_few_groups
from teacherstudent.engines.ode.sums_checks import has_sums
from teacherstudent.spec.model import Spec

REWARDED, DEEP, SUMMED, JOINT, ALIGNED, STRUCTURED, INDEPENDENT = (
    "rewarded",
    "deep",
    "summed",
    "joint",
    "aligned",
    "structured",
    "independent",
)
# Larger networks have enough pairs of units to fill vectors; their runs are integrated one by one.
MOST_STUDENT_UNITS = 8
MOST_TEACHER_UNITS = 8
# From this number of runs on, vectors of runs are faster than vectors of pairs of units, with the same bits.
# Larger students fill vectors with pairs, or with nodes (relu), and twice as many runs are needed.
FEWEST = 3
FEW_UNITS = 4
FEW_RELU_UNITS = 2


def formulation_name(spec: Spec) -> str:
    """Return the name of the formulation of runs of a spec."""
    if spec.has_rewards:
        return REWARDED
    if spec.is_deep:
        return DEEP
    if has_sums(spec):
        return SUMMED
    if has_joint_space(spec):
        return JOINT
    if spec.has_task_inputs and spec.inputs.manifold.projection == "orthogonal":
        return ALIGNED
    return STRUCTURED if spec.inputs.is_structured else INDEPENDENT


def has_lanes(spec: Spec) -> bool:
    """Return whether runs of a spec are integrated side by side: few units and few order parameters."""
    few = spec.student.hidden <= MOST_STUDENT_UNITS and spec.teachers.hidden <= MOST_TEACHER_UNITS
    name = formulation_name(spec)
    return few and (name in (INDEPENDENT, ALIGNED) or (name == STRUCTURED and has_few_groups(spec)))


def fewest_together(spec: Spec) -> int:
    """Return the number of runs of a spec with lanes from which on they are integrated side by side."""
    most = FEW_RELU_UNITS if spec.student.activation == "relu" else FEW_UNITS
    return FEWEST if spec.student.hidden <= most else 2 * FEWEST
