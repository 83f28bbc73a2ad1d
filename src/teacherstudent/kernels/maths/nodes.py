"""Nodes and weights of sums over Gaussian fields, and how fine they are for a given error.

A sum with equal steps h of a function that is analytic in a strip converges like exp(-2 pi a / h), a the
width of the strip. An integrand of erf units along an axis on which the fields have the standard deviations l
grows like exp(S a^2 / 2), S = 1 + 2 max l^2 + ..., so that its error is exp(-2 pi^2 / (S h^2)).
"""

import math
from typing import NamedTuple

import numpy as np

TOLERANCE = 1e-7  # of sums, by default
MOST_NODES = 600_000  # of a sum, by default


class Nodes(NamedTuple):
    """Points of a sum over a standard normal vector of d numbers."""

    points: np.ndarray  # (d, n)
    weights: np.ndarray  # (n,) with the sum 1


def logarithm(tolerance: float) -> float:
    """Return ln(1 / tolerance)."""
    return math.log(1.0 / tolerance)


def reach_of(tolerance: float) -> float:
    """Return the radius outside of which standard normal numbers are left out."""
    return math.sqrt(2.0 * logarithm(tolerance))


def steps_for(widths: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the steps along axes, from the sums S of the module's docstring.

    Parameters
    ----------
    widths : (d,) array
        S of each axis, at least 1.
    tolerance : float
        Error of the sum, between 0 and 1.

    Returns
    -------
    (d,) array
        h = pi sqrt(2 / (S ln(1 / tolerance))).
    """
    return math.pi * np.sqrt(2.0 / (np.asarray(widths) * logarithm(tolerance)))


def number_of_nodes(steps: np.ndarray, tolerance: float) -> float:
    """Return about how many nodes `ball` has, from its volume."""
    d = len(steps)
    volume = math.pi ** (d / 2.0) / math.gamma(d / 2.0 + 1.0) * reach_of(tolerance) ** d
    return volume / float(np.prod(steps))


def ball(steps: np.ndarray, tolerance: float, half: bool) -> Nodes:
    """Return the nodes of a grid at odd multiples of half a step that are in a ball.

    Parameters
    ----------
    steps : (d,) array
        Steps along the axes; d = 0 gives one node.
    tolerance : float
        Error of the sum: it determines the radius of the ball.
    half : bool
        Whether to leave out one of each pair of opposite nodes, for functions that are even.

    Returns
    -------
    Nodes
    """
    d, reach = len(steps), reach_of(tolerance)
    if d == 0:
        return Nodes(np.zeros((0, 1)), np.ones(1))
    sides = [np.arange(-math.ceil(reach / h), math.ceil(reach / h)) + 0.5 for h in steps]
    if half:
        sides[0] = sides[0][sides[0] > 0.0]
    squares = np.zeros(())
    for side, h in zip(sides, steps, strict=True):
        squares = np.add.outer(squares, (side * h) ** 2)
    inside = np.nonzero(squares < reach * reach)
    points = np.array([side[i] * h for side, i, h in zip(sides, inside, steps, strict=True)])
    weights = np.exp(-0.5 * squares[inside])
    return Nodes(points, weights / weights.sum())


def products(d: int, points: int) -> Nodes:
    """Return the nodes of the product of Gauss-Hermite rules, exact for polynomials.

    Parameters
    ----------
    d : int
        Number of axes.
    points : int
        Points along each axis; the degree along an axis is at most 2 points - 1.

    Returns
    -------
    Nodes
    """
    x, w = np.polynomial.hermite_e.hermegauss(points)
    weights = np.prod(np.meshgrid(*[w / w.sum()] * d), axis=0).ravel()
    return Nodes(np.array(np.meshgrid(*[x] * d)).reshape(d, -1), weights)
