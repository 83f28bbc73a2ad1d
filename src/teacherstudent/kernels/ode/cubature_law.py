"""The law of labels that are signs by sums over nodes: its parts, and the functions of nodes.

Nodes are x = (z, zeta) with the fields lambda = P z + F zeta of the student and u = c zeta + s xi of the
label, see `cubature`. A linear student is one unit with the field phi.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.variants import declared, variant

SQUARED, LOGISTIC, HEBBIAN, HINGE, SQUARED_HINGE = 0, 1, 2, 3, 4
LOSSES = {
    "squared": SQUARED,
    "logistic": LOGISTIC,
    "hebbian": HEBBIAN,
    "hinge": HINGE,
    "squared_hinge": SQUARED_HINGE,
}

BLOCK = 64  # nodes that are computed together
ALLOWED = 1.12  # steps may be this much longer than necessary before nodes are chosen again
# Rows of the work space before those of the units.
PHI, LABEL, DENSITY, FIRST, SECOND, THIRD, PRODUCT, TAU, LOW, HIGH, ROWS = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10


class Grid(NamedTuple):
    """Nodes x = (z, zeta) in blocks, for smooth losses."""

    axes: np.ndarray  # (n, n) orthogonal: columns are the axes of zeta
    points: np.ndarray  # (blocks, d + n, BLOCK)
    weights: np.ndarray  # (blocks, BLOCK); 0 for padding
    b: np.ndarray  # (blocks, BLOCK)
    steps: np.ndarray  # (d + n,) distances of nodes
    pole: float  # 0, or steps along an axis are at most 1 / (pole l), l the length of fields, at this `total`
    total: float  # sum of the |h_k|


class Lines(NamedTuple):
    """Lines of (z, zeta) without the last zeta, and nodes on them."""

    axes: np.ndarray  # (n, n) as in `Grid`; the last one is turned to where phi grows
    signs: np.ndarray  # (n,) of the readouts; 0 for units that do not determine where phi grows
    points: np.ndarray  # (blocks, d + n - 1, BLOCK)
    weights: np.ndarray  # (blocks, BLOCK)
    b: np.ndarray  # (blocks, BLOCK)
    tops: np.ndarray  # (blocks, BLOCK) ends of the lines in the state at which they were chosen
    x: np.ndarray  # (m,) nodes and weights of the Gauss-Legendre rule
    w: np.ndarray  # (m,)
    reach: float  # largest |tau| on a line
    steps: np.ndarray  # (d + n - 1,)
    growth: float  # 1 + 2 l^2 + tau^2 of the last axis
    h: np.ndarray  # (n,) readouts for which the nodes on lines were chosen


class Space(NamedTuple):
    """The decomposition of the fields of a state, and work space."""

    A: np.ndarray  # (n, d + 1) covariances of the student's fields with (z, u)
    Q: np.ndarray  # (n, n) of the student's fields
    h: np.ndarray  # (n,)
    free: np.ndarray  # (n,) variances of the student's fields given z
    sums: np.ndarray  # (n,) readouts, added for equal units
    F: np.ndarray  # (n, n) lower triangular
    c: np.ndarray  # (n,)
    O: np.ndarray  # (n, n) axes of zeta
    W: np.ndarray  # (n, d + n): lambda = W x
    rate: np.ndarray  # (d + n,) of t in x
    e: np.ndarray  # (n,) direction in which phi grows
    V: np.ndarray  # (n, d + n + 1)
    output: np.ndarray  # (n,)
    power: np.ndarray  # (n, n)
    rest: np.ndarray  # (1,) s
    block: np.ndarray  # (ROWS + 3 n, BLOCK)


class Absent(NamedTuple):
    """No nodes: what they are for is compiled out."""

    nothing: int


class Cubature(NamedTuple):
    """The law of labels that are signs, by sums over nodes."""

    student: int  # activation code
    loss: int
    kappa: float  # margin
    inverse: np.ndarray  # (d + 1, M): (z, u) = inverse rho
    slopes: np.ndarray  # (d,) largest |db / dz_j|
    digits: float  # ln(1 / tolerance)
    count: int  # number of nodes of a sum
    nodes: Grid  # or Lines, for losses with a margin
    error: Absent  # or Lines, where the classification error is needed
    space: Space


def space_for(n: int, d: int) -> Space:
    """Allocate the work space for n student units and d fields z."""
    fields = (n, d + 1), (n, n), (n,), (n,), (n,), (n, n), (n,)
    axes = (n, n), (n, d + n), (d + n,), (n,)
    results = (n, d + n + 1), (n,), (n, n), (1,)
    return Space(*map(np.zeros, fields + axes + results), aligned_zeros((ROWS + 3 * n, BLOCK)))


@declared
def add_up(nodes, reference, flip):
    """Compute the sums over nodes into the work space.

    Parameters
    ----------
    nodes : Grid or Lines
        Nodes; their type selects the variant.
    reference : reference to Cubature
        The law, with a decomposition of the fields.
    flip : float
        Probability that a label is turned.
    """


@declared
def fit_of(nodes, reference):
    """Return a number that is negative if nodes are too coarse for the decomposition of the fields.

    Parameters
    ----------
    nodes : Grid, Lines or Absent
        Nodes; their type selects the variant.
    reference : reference to Cubature
        The law, with a decomposition of the fields.

    Returns
    -------
    float
        At most ALLOWED - 1, which it is if there are none.
    """


@declared
def probability_of_error(lines, reference):
    """Return the probability that the signs of student and teacher differ.

    Parameters
    ----------
    lines : Lines or Absent
        Nodes; their type selects the variant.
    reference : reference to Cubature
        The law, with a decomposition of the fields.

    Returns
    -------
    float
        1/2 for a student whose output is 0 everywhere; 0 where there are no nodes.
    """


@variant(fit_of, Absent)
def _fit_of_none(nodes, reference):
    """Return the fit of no nodes."""
    return ALLOWED - 1.0


@variant(probability_of_error, Absent)
def _no_probability(lines, reference):
    """Return 0."""
    return 0.0
