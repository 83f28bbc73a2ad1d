"""The law of units and labels that the equations of a spec have, chosen here for `kernels.ode`."""

from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.ode.single import AdaTron, Hebb, Perceptron
from teacherstudent.kernels.ode.units import units
from teacherstudent.spec.model import Spec

# Laws of one linear unit, by loss.
SINGLE = {"hebbian": Hebb, "hinge": Perceptron, "squared_hinge": AdaTron}


def is_single(spec: Spec) -> bool:
    """Return whether a linear unit learns the signs of one unit by a loss in `SINGLE` without a margin."""
    sizes = spec.student.hidden, spec.teachers.hidden, spec.student.depth, spec.student.activation
    return (
        sizes == (1, 1, 1, "linear")
        and spec.teachers.labels == "sign"
        and spec.teachers.activation in ("erf", "linear")
        and spec.loss in SINGLE
        and not spec.training.margin
    )


def is_scale_free(spec: Spec) -> bool:
    """Return whether the length of the student changes by factors only, as with the AdaTron."""
    return is_single(spec) and spec.loss == "squared_hinge" and "readouts" not in spec.training.train


def law_of(spec: Spec):
    """Return the law of a spec, with new work space."""
    if is_single(spec):
        return SINGLE[spec.loss]()
    K, D = spec.student.hidden, spec.student.hidden + spec.teachers.hidden
    return units(CODES[spec.student.activation], CODES[spec.teachers.activation], K, D)


def numbers_of_law(law) -> list[float]:
    """Return the numbers of a law that determine the equations; its arrays are work space."""
    return [float(number) for number in law if isinstance(number, int | float)]
