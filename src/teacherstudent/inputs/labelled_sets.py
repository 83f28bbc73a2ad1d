"""Inputs with the labels of all teachers, and the outputs of a student on them."""

from typing import NamedTuple

import numpy as np

from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.network import samples as kernel
from teacherstudent.networks.activations import code_of
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec


class LabelledSet(NamedTuple):
    """Inputs and the labels of all teachers for them."""

    X: np.ndarray  # (samples, n) inputs, padded with zeros like the weights
    labels: np.ndarray  # (P, samples) labels of all teachers

    def mean_squares(self, outputs: np.ndarray) -> np.ndarray:
        """Return 1/2 mean (output - label)^2 for each teacher, (P,), of outputs (P, samples)."""
        with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
            return 0.5 * np.mean((outputs - self.labels) ** 2, axis=1)

    def wrong_signs(self, outputs: np.ndarray, middle: float = 0.0) -> np.ndarray:
        """Return the fraction of outputs (P, samples) on the wrong side of `middle`, for each teacher."""
        above = (outputs > middle) & (self.labels > middle)
        right = above | (outputs < middle) & (self.labels < middle)
        return np.mean(~right, axis=1)


def outputs(spec: Spec, networks, labelled: LabelledSet) -> np.ndarray:
    """Return the outputs of a student for the inputs of a set.

    Parameters
    ----------
    spec : Spec
        Spec of the run; activation and heads of the student are used.
    networks : InMemory
        Networks that are trained, in the layout `ByUnit`.
    labelled : LabelledSet
        The inputs.

    Returns
    -------
    array (P, samples)
        Outputs of the head of each teacher.
    """
    heads = networks.h[[spec.head_of(p) for p in range(spec.teachers.count)]]
    return np.einsum("pk,sk->ps", heads, activities_of(spec, networks, labelled))


def activities_of(spec: Spec, networks, labelled: LabelledSet) -> np.ndarray:
    """Return the activations of the units of a student for the inputs of a set.

    Parameters
    ----------
    spec : Spec
        Spec of the run; the activation of the student is used.
    networks : InMemory
        Networks that are trained, in the layout `ByUnit`.
    labelled : LabelledSet
        The inputs.

    Returns
    -------
    array (samples, K)
        With biases of the heads there is one more unit, whose activation is 1.
    """
    code, N = code_of(spec.student), spec.inputs.dimension
    return activities(code, networks.W, labelled.X, N)


def teacher_labels(spec: Spec, V: np.ndarray, v: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the labels sum_m v_m g(V_m x / sqrt N) of all teachers, without noise.

    Parameters
    ----------
    spec : Spec
        Spec of the run; activation of the teachers and number of inputs N are used.
    V : array (P, M, n)
        First layers of the teachers, padded with zeros from N to n columns.
    v : array (P, M)
        Readouts of the teachers, which include their output scale.
    X : array (samples, n)
        Inputs, padded in the same way.

    Returns
    -------
    array (P, samples)
    """
    code, N = code_of(spec.teachers), spec.inputs.dimension
    return np.array([np.einsum("m,sm->s", v[p], activities(code, V[p], X, N)) for p in range(len(V))])


def activities(code: int, W: np.ndarray, X: np.ndarray, N: int) -> np.ndarray:
    """Return the activations g(w_k x_i / sqrt N) of all samples; the computation can be interrupted.

    Parameters
    ----------
    code : int
        Code of the activation g (`networks.activations.code_of`).
    W : array (K, n)
        Weights, padded with zeros from N to n columns.
    X : array (samples, n)
        Inputs, padded in the same way.
    N : int
        Number of inputs.

    Returns
    -------
    array (samples, K)
    """
    values = np.empty((len(X), len(W)))
    for part in in_pieces(len(X), W.size):
        values[part] = kernel.activities(code, W, X[part], N)
    return values


def label_noise(spec: Spec, seed: int, run: int) -> np.ndarray:
    """Return the noise of the labels of all samples.

    Parameters
    ----------
    spec : Spec
        Spec of the run; numbers of teachers and samples and `teachers.output_noise` are used.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (P, samples)
        Independent normal numbers, with the standard deviation of each teacher.
    """
    shape = spec.teachers.count, spec.inputs.samples
    deviations = np.array(spec.teachers.output_noise)[:, None]
    return deviations * normals(seed, run, Purpose.SAMPLE_LABEL_NOISE, shape)
