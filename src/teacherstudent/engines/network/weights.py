"""Memory layouts of the weights of student and teachers while engine `network` trains."""

from abc import ABC, abstractmethod

import numpy as np

from teacherstudent.kernels.network import by_unit, sgd, wide
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.networks.sampling import Networks, OrderParameters, order_parameters
from teacherstudent.spec.model import Spec


class InMemory(ABC):
    """Networks under training, from initial ones.

    Attributes
    ----------
    W, V : arrays
        First layers of the student and of all teachers in the layout of the class.
    h : array (H, K)
        Readouts of the student.
    v : array (P, M)
        Readouts of the teachers.
    buffers : NamedTuple
        Memory of a step.
    """

    W: np.ndarray
    V: np.ndarray
    buffers: tuple

    def __init__(self, spec: Spec, networks: Networks):
        dtype = np.dtype(spec.numerics.precision)
        self.N, self.K = spec.inputs.dimension, spec.student.hidden
        self.h, self.v, self.teachers = networks.h, networks.v, networks.V
        self.rounded_teachers = networks.V.astype(dtype).astype(float)  # those of the kernels, for overlaps

    @abstractmethod
    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""

    @abstractmethod
    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return numbers for each unit of the student (K,) in the form that the kernel needs."""

    @abstractmethod
    def train_on_fresh_inputs(self, constants: StepConstants, *when) -> int:
        """Make some steps; return how many were done.

        `when` is the key of the random numbers, the first step and the number of steps.
        """

    def order_parameters(self) -> OrderParameters:
        """Measure the overlaps of this moment."""
        W = self.student().astype(float, copy=False)
        return order_parameters(Networks(W, self.h, self.rounded_teachers, self.v))


class ByUnit(InMemory):
    """The weights of a unit side by side: for many inputs, (K, n) and (P, M, n)."""

    def __init__(self, spec: Spec, networks: Networks):
        super().__init__(spec, networks)
        dtype = np.dtype(spec.numerics.precision)
        self.W, self.V = by_unit.padded(networks.W, dtype), by_unit.padded(networks.V, dtype)
        self.buffers = by_unit.new_buffers(self.K, self.V.shape[1], spec.training.batch_size, self.W)

    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""
        return self.W[:, : self.N]

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return the values themselves."""
        return values

    def train_on_fresh_inputs(self, constants: StepConstants, *when) -> int:
        """Make some steps, see `InMemory.train_on_fresh_inputs`."""
        return sgd.train(self.W, self.h, constants, self.buffers, *when)


class ByInput(InMemory):
    """The weights on an input side by side: for many units and few inputs, (N, k) and (P, N, m)."""

    def __init__(self, spec: Spec, networks: Networks):
        super().__init__(spec, networks)
        dtype = np.dtype(spec.numerics.precision)
        self.W = wide.across(networks.W, dtype)
        self.V = np.stack([wide.across(rows, dtype) for rows in networks.V])
        self.buffers = wide.new_buffers(self.K, networks.V.shape[1], spec.training.batch_size, self.W)

    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""
        return self.W[:, : self.K].T

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return the values with zeros for the units of the padding."""
        return np.pad(values, (0, self.W.shape[1] - self.K))

    def train_on_fresh_inputs(self, constants: StepConstants, *when) -> int:
        """Make some steps, see `InMemory.train_on_fresh_inputs`."""
        return wide.train(self.W, self.h, constants, self.buffers, *when)


# Students with this many units for each input are in memory by input: then it is the faster way.
UNITS_PER_INPUT = 4


def in_memory(spec: Spec, networks: Networks, may_be_wide: bool) -> InMemory:
    """Bring networks into the layout that suits their sizes.

    Parameters
    ----------
    spec : Spec
        The run.
    networks : Networks
        Initial networks; their readouts are used themselves, not copied.
    may_be_wide : bool
        Whether the source of inputs can train a `ByInput`.

    Returns
    -------
    InMemory
    """
    is_wide = spec.student.hidden >= UNITS_PER_INPUT * spec.inputs.dimension
    return ByInput(spec, networks) if is_wide and may_be_wide else ByUnit(spec, networks)
