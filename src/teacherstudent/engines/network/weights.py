"""Memory layouts of the weights of student and teachers during training by engine `network`."""

from abc import ABC, abstractmethod

import numpy as np

from teacherstudent.engines.network.checks import is_wide
from teacherstudent.inputs.structured.laws import Law
from teacherstudent.inputs.structured.setting import Setting
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.network import blocks, by_unit, sgd, unit_pairs, wide
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.networks.activations import codes_of
from teacherstudent.networks.sampling import Networks, OrderParameters, order_parameters, overlap
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
    has_direct_errors : bool
        Whether `direct_errors` is available; it is faster than the overlaps of many units.
    """

    W: np.ndarray
    V: np.ndarray
    buffers: tuple
    has_direct_errors = False

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

    def readouts(self) -> np.ndarray:
        """Return the readouts of the student, (H, K)."""
        return self.h

    def further(self) -> dict[str, np.ndarray]:
        """Return the further parameters of the student to record, by name."""
        return {}

    def state_of_further(self) -> dict[str, np.ndarray]:
        """Return them in the form in which they are trained, by name, for the state of a run."""
        return {}

    def copy_student(self, other: "InMemory") -> None:
        """Copy the parameters of the student of other networks."""
        self.W[:], self.h[:] = other.W, other.h

    def order_parameters(self) -> OrderParameters:
        """Return the present order parameters."""
        W = self.student().astype(float, copy=False)
        return order_parameters(Networks(W, self.readouts(), self.rounded_teachers, self.v))

    def without_overlaps(self) -> OrderParameters:
        """Return the readouts as order parameters whose overlaps are not numbers."""
        K, units = self.K, self.v.size
        Q, R, T = (np.broadcast_to(np.nan, shape) for shape in ((K, K), (K, units), (units, units)))
        return OrderParameters(Q, R, T, self.readouts().copy(), self.v.copy())

    def direct_errors(self) -> np.ndarray:
        """Return the generalisation errors (P,) from the weights, without overlaps."""
        raise NotImplementedError


class ByUnit(InMemory):
    """The weights of a unit are adjacent in memory: (K, n) and (P, M, n); for many inputs and all stages."""

    def __init__(self, spec: Spec, networks: Networks):
        super().__init__(spec, networks)
        dtype = np.dtype(spec.numerics.precision)
        self.W, self.V = by_unit.padded(networks.W, dtype), by_unit.padded(networks.V, dtype)
        self.buffers = by_unit.new_buffers(len(self.W), self.V.shape[1], spec.inputs_of_step, self.W)

    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""
        return self.W[:, : self.N]

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return the values unchanged."""
        return values

    def train_on_fresh_inputs(self, constants: StepConstants, *when) -> int:
        """Train for some steps (`InMemory.train_on_fresh_inputs`)."""
        return sgd.train(self.W, self.h, constants, self.buffers, *when)


class InBlocks(ByUnit):
    """Networks that are trained in blocks of steps, with the fields of the rest of a block.

    Attributes
    ----------
    fields : array (K, ROWS)
        Fields of the inputs of a block of steps, see `kernels.network.blocks.Group`.
    at : array (1,) of int64
        The number of the step from which on they are valid.
    """

    def __init__(self, spec: Spec, networks: Networks):
        super().__init__(spec, networks)
        self.batch = spec.training.batch_size
        self.buffers = blocks.new_buffers(self.K, self.V.shape[1], self.batch)
        self.fields, self.at = np.zeros((self.K, blocks.ROWS), self.W.dtype), np.array([blocks.NONE])

    def copy_student(self, other: InMemory) -> None:
        """Copy the student and its fields (`InMemory.copy_student`)."""
        super().copy_student(other)
        self.fields[:], self.at[:] = other.fields, other.at

    def state_of_block(self, key: tuple) -> dict[str, np.ndarray]:
        """Return the fields, and what they depend on besides the weights: random numbers and the step."""
        numbers = *key, self.W.itemsize, self.batch, self.at[0]
        return {"block_fields": self.fields.copy(), "block_inputs": np.array(numbers, np.int64)}

    def read_block(self, state, key: tuple) -> None:
        """Read the fields of a state if they are those of the inputs of this run."""
        stored = state.get("block_inputs")
        if stored is not None and [*stored[:-1]] == [*key, self.W.itemsize, self.batch]:
            self.fields[:], self.at[:] = state["block_fields"], stored[-1]


class WithLaws(ByUnit):
    """Networks whose order parameters are covariances of fields with structured inputs.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : Networks
        Networks of the start.
    setting : Setting
        Laws of the inputs of each task, with the same teachers.
    """

    def __init__(self, spec: Spec, networks: Networks, setting: Setting):
        super().__init__(spec, networks)
        self.setting, self.has_one_law = setting, not spec.has_task_inputs
        self.fields = np.concatenate([law.fields for law in setting.laws])

    def covariances(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return Q (K, K) and R (K, M) of each task."""
        laws = self.setting.laws
        if not self.has_one_law:
            return [self.covariances_of_task(task) for task in range(len(laws))]
        Q, R = self._covariances(laws[0]._replace(fields=self.fields))
        return [(Q, own) for own in np.split(R, len(laws), axis=1)]

    def covariances_of_task(self, task: int) -> tuple[np.ndarray, np.ndarray]:
        """Return Q (K, K) and R (K, M) of a task."""
        return self._covariances(self.setting.laws[task])

    def _covariances(self, law: Law) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
            return law.overlaps(self.student().astype(float, copy=False))

    def order_parameters(self) -> OrderParameters:
        """Return the present order parameters, Q with the inputs of the first task."""
        found = self.covariances()
        R = np.concatenate([own for _, own in found], axis=1)
        return OrderParameters(found[0][0], R, self.setting.T.copy(), self.h.copy(), self.v.copy())


class WithClusters(ByUnit):
    """Networks with the means of the clusters of their inputs.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : Networks
        Networks of the start.
    means : array (C, N)
        Means mu of the clusters: inputs have the means mu / sqrt N.
    """

    def __init__(self, spec: Spec, networks: Networks, means: np.ndarray):
        super().__init__(spec, networks)
        self.means = means

    def further(self) -> dict[str, np.ndarray]:
        """Return the overlaps of the student with the means, (K, C)."""
        with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
            W = self.student().astype(float, copy=False)
            return {"student_cluster_overlaps": overlap(W, self.means)}

    def state_of_further(self) -> dict[str, np.ndarray]:
        """Return the means, (C, N)."""
        return {"cluster_means": self.means.copy()}


class WithBiases(ByUnit):
    """Networks with biases: one more input, which is 1, and for biases of the heads one more unit.

    The weight sqrt(N) b_k of unit k for this input adds b_k to its field. The activation of the new unit is
    1: its only weight is that of this input, and it is frozen. Its readouts are the biases of the heads.

    Parameters
    ----------
    spec : Spec
        Spec of the run; `student.biases` names the layers with biases.
    networks : Networks
        Networks without biases.
    biases : arrays (K,), (H,)
        Weights sqrt(N) b_k of the units for the constant input, and biases of the heads.
    """

    def __init__(self, spec: Spec, networks: Networks, biases: tuple[np.ndarray, np.ndarray]):
        N = spec.inputs.dimension
        W, h = np.column_stack([networks.W, biases[0]]), networks.h
        if "readouts" in spec.student.biases:
            constant = np.zeros(N + 1)
            constant[N] = np.sqrt(N) * SATURATED[spec.student.activation]
            W, h = np.vstack([W, constant]), np.column_stack([h, biases[1]])
        V = np.pad(networks.V, [(0, 0), (0, 0), (0, 1)])
        super().__init__(spec, Networks(W, h, V, networks.v))
        self.teachers, self.rounded_teachers = networks.V, self.rounded_teachers[..., :N]

    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""
        return self.W[: self.K, : self.N]

    def readouts(self) -> np.ndarray:
        """Return the readouts of the student, (H, K)."""
        return self.h[:, : self.K]

    def further(self) -> dict[str, np.ndarray]:
        """Return the biases of the units, (K,), and of the heads, (H,)."""
        found = self.state_of_further()
        return {"student_biases": found.pop("bias_weights") / np.sqrt(self.N)} | found

    def state_of_further(self) -> dict[str, np.ndarray]:
        """Return the weights for the constant input, (K,), and the biases of the heads, (H,)."""
        units = {"bias_weights": self.W[: self.K, self.N].astype(float)}
        return units | ({"readout_biases": self.h[:, self.K].copy()} if self.h.shape[1] > self.K else {})

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return the values, with 0 for the unit whose activation is 1: it is frozen."""
        return np.pad(values, (0, len(self.W) - self.K))


class ByInput(InMemory):
    """The weights of an input are adjacent in memory: (N, k) and (P, N, m); for many units, few inputs."""

    def __init__(self, spec: Spec, networks: Networks):
        super().__init__(spec, networks)
        dtype = np.dtype(spec.numerics.precision)
        self.W = wide.across(networks.W, dtype)
        self.V = np.stack([wide.across(rows, dtype) for rows in networks.V])
        self.buffers = wide.new_buffers(self.K, networks.V.shape[1], spec.training.batch_size, self.W)
        self.has_direct_errors = codes_of(spec) == (ERF, ERF)
        self.units = np.stack([unit_pairs.in_blocks(rows) for rows in self.rounded_teachers])

    def student(self) -> np.ndarray:
        """Return the first layer of the student, (K, N)."""
        return self.W[:, : self.K].T

    def per_unit(self, values: np.ndarray) -> np.ndarray:
        """Return the values with zeros for the units of the padding, in the precision of the weights."""
        return np.pad(values, (0, self.W.shape[1] - self.K)).astype(self.W.dtype)

    def train_on_fresh_inputs(self, constants: StepConstants, *when) -> int:
        """Train for some steps (`InMemory.train_on_fresh_inputs`)."""
        return wide.train(self.W, self.h, constants, self.buffers, *when)

    def direct_errors(self) -> np.ndarray:
        """Return the generalisation errors (P,) of networks of erf units (`InMemory.direct_errors`)."""
        student = unit_pairs.in_blocks(self.student().astype(float))
        return unit_pairs.erf_errors(student, self.units, self.h, self.v)


# Fields at which the activations are 1, to rounding.
SATURATED = {"linear": 1.0, "relu": 1.0, "erf": 37.0, "sigmoid": 37.0, "tanh": 37.0, "quadratic": 1.0}


def in_memory(
    spec: Spec,
    networks: Networks,
    may_be_wide: bool,
    biases: tuple[np.ndarray, np.ndarray] | None = None,
) -> InMemory:
    """Return networks in the memory layout that is the faster one for their sizes.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : Networks
        Initial networks; the arrays of their readouts are not copied.
    may_be_wide : bool
        Whether the source of inputs can train weights in the layout `ByInput`.
    biases : arrays (K,), (H,), optional
        Weights for the constant input and biases of the heads, for a student with biases.

    Returns
    -------
    InMemory
    """
    if biases is not None:
        return WithBiases(spec, networks, biases)
    return ByInput(spec, networks) if is_wide(spec) and may_be_wide else ByUnit(spec, networks)
