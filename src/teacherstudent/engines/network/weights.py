"""Memory layouts of the weights of student and teachers during training by engine `network`."""

from abc import ABC, abstractmethod

import numpy as np

from teacherstudent.kernels.network import by_unit, sgd, wide
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.networks.sampling import Networks, OrderParameters, order_parameters
from teacherstudent.spec.model import Spec


class InMemory(ABC):
    """Networks that are trained, made from initial networks.

    Attributes
    ----------
    W, V : arrays
        First layers of the student and of all teachers, in the layout of the class.
    h : array (H, K)
        Readouts of the student.
    v : array (P, M)
        Readouts of the teachers.
    buffers : NamedTuple
        Work space of a step.
    """

    W: np.ndarray
    V: np.ndarray
    buffers: tuple

    def __init__(self, spec: Spec, networks: Networks):
        dtype = np.dtype(spec.numerics.precision)
        self.N, self.K = spec.inputs.dimension, spec.student.hidden
        self.h, self.v, self.teachers = networks.h, networks.v, networks.V
        self.rounded_teachers = networks.V.astype(dtype).astype(float)  # as in the kernels, for overlaps

    @abstractmethod
    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""

    @abstractmethod
    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return numbers for each unit of the student, (K,), in the form that the kernel needs."""

    @abstractmethod
    def train_on_fresh_inputs(self, constants: StepConstants, *when) -> int:
        """Train for some steps; return the number of steps done.

        `when` is the key of the random numbers (two numbers), the first step and the number of steps.
        """

    def read_teachers(self) -> None:
        """Read the teachers from the arrays of the kernels, after they have moved."""
        self.teachers = self.rounded_teachers = self.V[..., : self.N].astype(float)

    def order_parameters(self) -> OrderParameters:
        """Return the present order parameters."""
        W = self.student().astype(float, copy=False)
        return order_parameters(Networks(W, self.h, self.rounded_teachers, self.v))


class ByUnit(InMemory):
    """The weights of a unit are adjacent in memory: (K, n) and (P, M, n); for many inputs and all stages."""

    def __init__(self, spec: Spec, networks: Networks):
        super().__init__(spec, networks)
        dtype = np.dtype(spec.numerics.precision)
        self.W, self.V = by_unit.padded(networks.W, dtype), by_unit.padded(networks.V, dtype)
        self.buffers = by_unit.new_buffers(self.K, self.V.shape[1], spec.training.batch_size, self.W)

    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""
        return self.W[:, : self.N]

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return the values unchanged."""
        return values

    def train_on_fresh_inputs(self, constants: StepConstants, *when) -> int:
        """Train for some steps (`InMemory.train_on_fresh_inputs`)."""
        return sgd.train(self.W, self.h, constants, self.buffers, *when)


class ByInput(InMemory):
    """The weights of an input are adjacent in memory: (N, k) and (P, N, m); for many units, few inputs."""

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
        """Train for some steps (`InMemory.train_on_fresh_inputs`)."""
        return wide.train(self.W, self.h, constants, self.buffers, *when)


# `ByInput` is the faster layout for students with at least this number of units for each input.
UNITS_PER_INPUT = 4


def in_memory(spec: Spec, networks: Networks, may_be_wide: bool) -> InMemory:
    """Return networks in the memory layout that is the faster one for their sizes.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : Networks
        Initial networks; the arrays of their readouts are not copied.
    may_be_wide : bool
        Whether the source of inputs can train weights in the layout `ByInput`.

    Returns
    -------
    InMemory
    """
    is_wide = spec.student.hidden >= UNITS_PER_INPUT * spec.inputs.dimension
    return ByInput(spec, networks) if is_wide and may_be_wide else ByUnit(spec, networks)
