"""The law of a step that the spec of chains asks for."""

from teacherstudent.kernels.chain.law import Law
from teacherstudent.kernels.chain.squared_error import Outputs, SquaredError
from teacherstudent.kernels.chain.two_layers import TwoLayers


def law_of() -> Law:
    """Return the law of a step."""
    return Law(Outputs(), SquaredError(), TwoLayers())
