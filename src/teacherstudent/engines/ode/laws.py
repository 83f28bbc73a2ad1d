"""The law of units and labels that the equations of a spec have, chosen here for `kernels.ode`."""

from teacherstudent.engines.ode.sums_checks import is_single
from teacherstudent.kernels.maths.activations import CODES, RELU
from teacherstudent.kernels.ode.rectified import rectified
from teacherstudent.kernels.ode.signs import signs
from teacherstudent.kernels.ode.single import AdaTron, Hebb, Perceptron
from teacherstudent.kernels.ode.units import units
from teacherstudent.spec.model import Spec

# Laws of one linear unit, by loss.
SINGLE = {"hebbian": Hebb, "hinge": Perceptron, "squared_hinge": AdaTron}


def law_of(spec: Spec):
    """Return the law of a spec (`kernels.ode.means`), with new work space."""
    if is_single(spec):
        return SINGLE[spec.loss]()
    K, D = spec.student.hidden, spec.student.hidden + spec.teachers.hidden
    student, teacher = CODES[spec.student.activation], CODES[spec.teachers.activation]
    if spec.teachers.labels == "sign":
        return signs(student, teacher, K)
    if student == RELU:
        return rectified(teacher, K, D)
    return units(student, teacher, K, D)


def numbers_of_law(law) -> list[float]:
    """Return the numbers of a law that determine the equations; its arrays are work space."""
    numbers = []
    for part in law:
        if isinstance(part, tuple):
            numbers += numbers_of_law(part)
        elif isinstance(part, int | float):
            numbers.append(float(part))
    return numbers
