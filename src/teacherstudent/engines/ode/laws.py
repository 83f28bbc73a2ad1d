"""The law of units and labels that the equations of a spec have, chosen here for `kernels.ode`."""

from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.ode.units import Units, units
from teacherstudent.spec.model import Spec


def law_of(spec: Spec) -> Units:
    """Return the law of a spec, with new work space."""
    K, D = spec.student.hidden, spec.student.hidden + spec.teachers.hidden
    return units(CODES[spec.student.activation], CODES[spec.teachers.activation], K, D)


def numbers_of_law(law) -> list[float]:
    """Return the numbers of a law that determine the equations; its arrays are work space."""
    return [float(number) for number in law if isinstance(number, int | float)]
