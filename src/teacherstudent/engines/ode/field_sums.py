"""The nodes of sums over the fields of units without closed forms (`kernels.ode.field_sums`), for a state."""

import numpy as np

from teacherstudent.engines.ode.cubature import report_most_nodes
from teacherstudent.engines.sum_limits import most_nodes_of, tolerance_of
from teacherstudent.kernels.maths.activations import ERF, LARGEST, LINEAR, QUADRATIC, TANH
from teacherstudent.kernels.maths.field_nodes import steps_of_fields
from teacherstudent.kernels.maths.nodes import (
    Nodes,
    ball,
    logarithm,
    number_of_nodes,
    products,
)
from teacherstudent.kernels.ode.field_sums import FieldSums, field_sums, means_at
from teacherstudent.networks.activations import codes_of
from teacherstudent.spec.model import Spec

# Tolerance of steps and radius, divided by that of means: integrands with linear or quadratic units grow.
FINER = 0.1
SMALLER = {LINEAR: 0.01, QUADRATIC: 1e-4}
# Points along an axis of a Gauss-Hermite rule: exact up to degree 7; products of quadratic units have 6.
POINTS = 4
ODD, POLYNOMIAL = {LINEAR, ERF, TANH}, {LINEAR, QUADRATIC}
# Steps of a user's activation become shorter by this factor until means agree with those of the next step.
NARROWER = 0.8


def field_law(spec: Spec, c: np.ndarray, C: np.ndarray, variance: float, time: float) -> FieldSums:
    """Return the law of a task's units with nodes for a state.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    c : (D,) array
        Signed readouts in this state, those of the K student units first.
    C : (D, D) array
        Covariance of the units of student and teacher.
    variance : float
        Variance of the noise on labels.
    time : float
        Time of the state, for the message of an error.

    Returns
    -------
    FieldSums

    Raises
    ------
    RunError
        If a sum needs more nodes than `numerics.most_nodes`.
    """
    if max(codes_of(spec)) <= LARGEST:
        return _law(spec, C, 1.0, time)
    narrower, law = 1.0, _law(spec, C, 1.0, time)
    found = _means(law, c, C, variance)
    while True:  # until there are too many nodes
        finer = _law(spec, C, NARROWER * narrower, time)
        means = _means(finer, c, C, variance)
        if np.abs(means - found).max() <= tolerance_of(spec) * max(1.0, np.abs(means).max()):
            return law
        law, found, narrower = finer, means, NARROWER * narrower


def _law(spec: Spec, C: np.ndarray, narrower: float, time: float) -> FieldSums:
    """Return the law with nodes whose steps are those for the tolerance times a factor."""
    codes, K = codes_of(spec), spec.student.hidden
    tolerance = tolerance_of(spec) * min(SMALLER.get(code, FINER) for code in codes)
    if set(codes) <= POLYNOMIAL:
        return field_sums(codes, logarithm(tolerance), 1.0, np.zeros(0), *products(len(C), POINTS), K)
    steps = narrower * steps_of_fields(C, K, *codes, logarithm(tolerance))
    is_even = set(codes) <= ODD
    most, count = most_nodes_of(spec), number_of_nodes(steps, tolerance)
    report_most_nodes(0.5 * count if is_even else count, most, time)
    nodes: Nodes = ball(steps, tolerance, half=is_even)
    return field_sums(codes, logarithm(tolerance), narrower, steps, *nodes, K)


def _means(law: FieldSums, c: np.ndarray, C: np.ndarray, variance: float) -> np.ndarray:
    """Return the means in one array, with <d g'_k x_a> in place of the weights."""
    output, weights, power = means_at(law, c, C, variance)
    return np.concatenate([output, (weights @ C).ravel(), power.ravel()])
