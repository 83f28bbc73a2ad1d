"""Students of engine `network` with more than one hidden layer."""

import numpy as np

from teacherstudent.engines.network.weights import ByUnit
from teacherstudent.kernels.network import deep
from teacherstudent.networks.sampling import Networks
from teacherstudent.spec.model import Spec


class Layered(ByUnit):
    """Networks whose student has inner layers.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : Networks
        First layers and readouts.
    inner : array (L - 1, K, K)
        Inner weights; copied.
    """

    def __init__(self, spec: Spec, networks: Networks, inner: np.ndarray):
        super().__init__(spec, networks)
        self.inner = inner.copy()
        self.buffers = deep.new_buffers(self.V.shape[1], spec.training.batch_size, self.W, self.inner)

    def further(self) -> dict[str, np.ndarray]:
        """Return the inner weights, (L - 1, K, K), by name."""
        return {"student_inner": self.inner.copy()}

    def state_of_further(self) -> dict[str, np.ndarray]:
        """Return the inner weights by name, for the state of a run."""
        return self.further()

    def copy_student(self, other: "Layered") -> None:
        """Copy the parameters of the student of other networks."""
        super().copy_student(other)
        self.inner[:] = other.inner
