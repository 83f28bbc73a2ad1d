"""The law of a step that the spec of chains asks for."""

import numpy as np
from scipy.special import ndtri

from teacherstudent.kernels.chain.clusters import Clusters
from teacherstudent.kernels.chain.law import Law
from teacherstudent.kernels.chain.squared_error import Outputs, SquaredError
from teacherstudent.kernels.chain.two_layers import TwoLayers
from teacherstudent.spec.model import Spec


def law_of(spec: Spec) -> Law:
    """Return the law of a step."""
    if spec.inputs.clusters is not None:
        return Law(clusters_of(spec), SquaredError(), TwoLayers())
    return Law(Outputs(), SquaredError(), TwoLayers())


def clusters_of(spec: Spec) -> Clusters:
    """Return the clusters of the inputs of all chains."""
    block = spec.inputs.clusters
    ends = np.minimum(np.cumsum(block.probabilities)[:-1], 1.0)
    return Clusters(np.append(ndtri(ends), np.inf), np.array(block.std))
