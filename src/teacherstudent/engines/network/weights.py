"""How engine `network` keeps the weights of student and teachers in memory while it trains."""

import numpy as np

from teacherstudent.kernels.network import by_unit, sgd, wide
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.networks.sampling import Networks
from teacherstudent.spec.model import Spec


class ByUnit:
    """The weights of a unit side by side: for many inputs."""

    def __init__(self, spec: Spec, networks: Networks):
        dtype, self.N = np.dtype(spec.numerics.precision), spec.inputs.dimension
        self.W, self.V = by_unit.padded(networks.W, dtype), by_unit.padded(networks.V, dtype)
        self.buffers = by_unit.new_buffers(len(self.W), self.V.shape[1], spec.training.batch_size, self.W)

    def student(self) -> np.ndarray:
        """The first layer of the student, (K, N)."""
        return self.W[:, : self.N]

    def teacher(self, p: int) -> np.ndarray:
        """The first layer of a teacher, as the kernel takes it."""
        return self.V[p]

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Numbers for each unit of the student (K,), as the kernel takes them."""
        return values

    def train(self, h: np.ndarray, constants: StepConstants, *when) -> int:
        """Make some steps on fresh inputs; return how many were done.

        `when` is the key of the random numbers, the first step and the number of steps.
        """
        return sgd.train(self.W, h, constants, self.buffers, *when)


class ByInput:
    """The weights on an input side by side: for many units and few inputs."""

    def __init__(self, spec: Spec, networks: Networks):
        dtype, self.K = np.dtype(spec.numerics.precision), spec.student.hidden
        self.W = wide.across(networks.W, dtype)
        self.V = np.stack([wide.across(rows, dtype) for rows in networks.V])
        self.buffers = wide.new_buffers(self.K, networks.V.shape[1], spec.training.batch_size, self.W)

    def student(self) -> np.ndarray:
        """The first layer of the student, (K, N)."""
        return self.W[:, : self.K].T

    def teacher(self, p: int) -> np.ndarray:
        """The first layer of a teacher, as the kernel takes it."""
        return self.V[p]

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Numbers for each unit of the student (K,), as the kernel takes them."""
        return np.pad(values, (0, self.W.shape[1] - self.K))

    def train(self, h: np.ndarray, constants: StepConstants, *when) -> int:
        """Make some steps on fresh inputs; return how many were done, see `ByUnit.train`."""
        return wide.train(self.W, h, constants, self.buffers, *when)


# Students with this many units for each input are kept by input: then it is the faster way.
UNITS_PER_INPUT = 4


def in_memory(spec: Spec, networks: Networks) -> ByUnit | ByInput:
    """Choose the way that suits the sizes; finite training sets need the first one."""
    many = spec.student.hidden >= UNITS_PER_INPUT * spec.inputs.dimension
    return ByInput(spec, networks) if many and spec.inputs.samples is None else ByUnit(spec, networks)
