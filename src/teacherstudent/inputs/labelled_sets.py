"""Inputs and the labels of all teachers: labels, and the outputs of a student beside them."""

from typing import NamedTuple

import numpy as np

from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.network import samples as kernel
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec


class LabelledSet(NamedTuple):
    """Inputs, padded like the weights, and labels of all teachers."""

    X: np.ndarray  # (samples, n)
    labels: np.ndarray  # (P, samples)

    def mean_squares(self, outputs: np.ndarray) -> np.ndarray:
        """1/2 mean (output - label)^2 for each teacher, (P,), of outputs (P, samples)."""
        with np.errstate(over="ignore", invalid="ignore"):  # of a run that diverges
            return 0.5 * np.mean((outputs - self.labels) ** 2, axis=1)

    def wrong_signs(self, outputs: np.ndarray) -> np.ndarray:
        """Fraction of the outputs (P, samples) without the sign of their label, for each teacher (P,)."""
        right = (outputs > 0.0) & (self.labels > 0.0) | (outputs < 0.0) & (self.labels < 0.0)
        return np.mean(~right, axis=1)


def outputs(spec: Spec, networks, labelled: LabelledSet) -> np.ndarray:
    """Return the outputs of a student on a set.

    Parameters
    ----------
    spec : Spec
        The run; its activation and heads are used.
    networks : InMemory
        Networks under training, by unit.
    labelled : LabelledSet
        The inputs.

    Returns
    -------
    array (P, samples)
        The outputs of the head of each teacher.
    """
    heads = networks.h[[spec.head_of(p) for p in range(spec.teachers.count)]]
    code, N = CODES[spec.student.activation], spec.inputs.dimension
    return np.einsum("pk,sk->ps", heads, activities(code, networks.W, labelled.X, N))


def teacher_labels(spec: Spec, V: np.ndarray, v: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the labels sum_m v_m g(V_m x / sqrt N) of all teachers without noise.

    Parameters
    ----------
    spec : Spec
        The run; its activation and number of inputs N are used.
    V : array (P, M, n)
        First layers of the teachers, padded.
    v : array (P, M)
        Their readouts.
    X : array (samples, n)
        Inputs, padded.

    Returns
    -------
    array (P, samples)
    """
    code, N = CODES[spec.teachers.activation], spec.inputs.dimension
    return np.array([np.einsum("m,sm->s", v[p], activities(code, V[p], X, N)) for p in range(len(V))])


def activities(code: int, W: np.ndarray, X: np.ndarray, N: int) -> np.ndarray:
    """Return the activations g(w_k x_i / sqrt N), with looks in between.

    Parameters
    ----------
    code, W, X, N
        As for `kernels.network.samples.activities`.

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
        The run; numbers of teachers and samples and the standard deviations are used.
    seed, run : int
        What the noise depends on.

    Returns
    -------
    array (P, samples)
    """
    shape = spec.teachers.count, spec.inputs.samples
    deviations = np.array(spec.teachers.output_noise)[:, None]
    return deviations * normals(seed, run, Purpose.SAMPLE_LABEL_NOISE, shape)
