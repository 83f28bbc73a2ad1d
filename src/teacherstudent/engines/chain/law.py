"""The law of a step that the spec of chains asks for."""

from collections.abc import Hashable
from statistics import NormalDist

import numpy as np

from teacherstudent.kernels.chain.classes import ClassLoss, Signs
from teacherstudent.kernels.chain.clusters import Clusters
from teacherstudent.kernels.chain.law import Law
from teacherstudent.kernels.chain.squared_error import Outputs, SquaredError
from teacherstudent.kernels.chain.two_layers import TwoLayers
from teacherstudent.kernels.maths.losses import LOSSES
from teacherstudent.spec.model import Spec


def law_of(spec: Spec, flip: np.ndarray) -> Law:
    """Return the law of a step.

    Parameters
    ----------
    spec : Spec
        Spec of one of the chains; all have the same labels and the same loss.
    flip : array (C,)
        Quantiles of the flips in a step, a row of the constants of its task.

    Returns
    -------
    Law
    """
    if not spec.has_classes:
        return Law(Outputs(), SquaredError(), TwoLayers())
    loss = ClassLoss(LOSSES[spec.loss], float(spec.training.margin or 0.0))
    if spec.inputs.clusters is not None:
        return Law(clusters_of(spec), loss, TwoLayers())
    return Law(Signs(flip), loss, TwoLayers())


def clusters_of(spec: Spec) -> Clusters:
    """Return the clusters of the inputs of all chains."""
    from scipy.special import ndtri  # slow to import

    block = spec.inputs.clusters
    ends = np.minimum(np.cumsum(block.probabilities)[:-1], 1.0)
    return Clusters(np.append(ndtri(ends), np.inf), np.array(block.std))


def law_key(spec: Spec) -> Hashable:
    """Return what the chains of a batch have in common: labels and loss."""
    return spec.teachers.labels, spec.loss, spec.training.margin


def flip_quantile(probability: float) -> float:
    """Return the standard normal quantile of the probability of a flip; -inf for 0."""
    return NormalDist().inv_cdf(probability) if probability > 0.0 else -np.inf
