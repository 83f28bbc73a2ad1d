"""Fresh inputs of Gaussian clusters, with the label of the cluster for the active task."""

import numpy as np

from teacherstudent.inputs.source import Source
from teacherstudent.kernels.network import clusters as kernel
from teacherstudent.kernels.network.by_unit import padded
from teacherstudent.networks.clusters import check_means
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.spec.model import Spec

# The last sum of probabilities, above all random numbers.
ABOVE_ALL = 2.0


class ClusterInputs(Source):
    """Inputs of random clusters, each of which is used once."""

    def __init__(self, spec: Spec, networks, seed: int, run: int):
        super().__init__(spec, networks, seed, run)
        block = spec.inputs.clusters
        keys = [counter_key(seed, run, use) for use in (Purpose.TRAINING, Purpose.CLUSTERS)]
        self.keys, self.labels = np.array(keys, np.uint32), np.array(block.labels, float)
        self.clusters = kernel.Clusters(
            means=padded(networks.means / np.sqrt(spec.inputs.dimension), networks.W.dtype),
            std=np.array(block.std),
            ends=np.append(np.cumsum(block.probabilities)[:-1], ABOVE_ALL),
            labels=self.labels[0],
            chosen=np.zeros(spec.training.batch_size, np.int64),
        )

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether a spec has clusters."""
        return spec.inputs.clusters is not None

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError if the means in a file do not fit."""
        check_means(spec)

    def train(self, networks, constants, teacher: int, first: int, steps: int) -> int:
        """Train for some steps on new inputs (`Source.train`)."""
        clusters = self.clusters._replace(labels=self.labels[teacher])
        return kernel.train(
            networks.W, networks.h, constants, clusters, networks.buffers, self.keys, first, steps
        )
