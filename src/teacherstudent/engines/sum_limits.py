"""How fine sums over nodes are, and how many nodes they may have, for a spec."""

from teacherstudent.kernels.maths.nodes import MOST_NODES, TOLERANCE
from teacherstudent.spec.model import Spec


def tolerance_of(spec: Spec) -> float:
    """Return the tolerance of means that are sums over nodes."""
    return spec.numerics.cubature_tolerance or TOLERANCE


def most_nodes_of(spec: Spec) -> int:
    """Return the largest number of nodes of a sum."""
    return spec.numerics.most_nodes or MOST_NODES
