"""Finite training sets and test sets: inputs, and the labels that every teacher gives them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.errors.interruption import pieces
from teacherstudent.inputs.datasets import FileSamples, load_samples
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.network import samples as kernel
from teacherstudent.kernels.network.by_unit import padded
from teacherstudent.networks.randomness import Purpose, counter_key, normals
from teacherstudent.spec.model import Inputs, Spec

# Multiply-adds in whose time a normal is drawn.
WORK_PER_NORMAL = 12


class LabelledSet(NamedTuple):
    """Inputs, padded like the weights, and labels of all teachers."""

    X: np.ndarray  # (samples, n)
    labels: np.ndarray  # (P, samples)

    def mean_squares(self, outputs: np.ndarray) -> np.ndarray:
        """1/2 mean (output - label)^2 for each teacher, (P,), of outputs (P, samples)."""
        with np.errstate(over="ignore", invalid="ignore"):  # of a run that diverges
            return 0.5 * np.mean((outputs - self.labels) ** 2, axis=1)

    def wrong_signs(self, outputs: np.ndarray) -> np.ndarray:
        """Part of the outputs (P, samples) that have not the sign of their label, for each teacher (P,)."""
        right = (outputs > 0.0) & (self.labels > 0.0) | (outputs < 0.0) & (self.labels < 0.0)
        return np.mean(~right, axis=1)


def check_sets(spec: Spec) -> None:
    """Raise SpecError where the files of a data set do not have what is asked for."""
    if spec.inputs.dataset is not None:
        _scaled_images(spec.inputs, spec.numerics.precision)


def labelled_sets(
    spec: Spec, V: np.ndarray, v: np.ndarray, seed: int, run: int
) -> tuple[LabelledSet | None, LabelledSet | None]:
    """Return the training set of one run and the test set of a data set; None where there is none.

    V (P, M, n) and v (P, M) are the teachers, padded. Labels of the training set have noise, and are shuffled
    where that is asked for; those of the test set are clean.
    """
    inputs = spec.inputs
    if inputs.samples is None:
        return None, None
    if inputs.dataset is None:
        X = np.zeros((inputs.samples, V.shape[-1]), V.dtype)
        key = counter_key(seed, run, Purpose.SAMPLES)
        for part in pieces(len(X), WORK_PER_NORMAL * X.shape[1]):
            kernel.fill_samples(X[part], inputs.dimension, part.start, *key)
        labels = _teacher_labels(spec, V, v, X)
        return LabelledSet(X, labels + _noise(spec, seed, run)), None
    X = _scaled_images(inputs, spec.numerics.precision)
    real = inputs.dataset.labels != "teacher"
    clean = _real_labels(spec, load_samples(inputs)) if real else _teacher_labels(spec, V, v, X)
    train, test = np.split(clean, [inputs.samples], axis=1)
    train = train + _noise(spec, seed, run)
    if inputs.dataset.shuffle_labels:
        train = np.take(train, _permutation(inputs.samples, seed, run), axis=1)
    return LabelledSet(X[: inputs.samples], train), LabelledSet(X[inputs.samples :], test)


@lru_cache(maxsize=2)
def _scaled_images(inputs: Inputs, precision: str) -> np.ndarray:
    """Images of the training samples, then of the test samples, (samples, n): centred, scaled and padded.

    Mean and standard deviation are those of all pixels of the training samples.
    """
    images = load_samples(inputs).images.astype(float)
    train = images[: inputs.samples]
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = train.mean(), train.std()
    if not 0.0 < deviation < np.inf:
        raise SpecError(
            f"inputs.dataset: {inputs.dataset.file}: the pixels have the standard deviation {deviation}"
        )
    images -= mean
    images /= deviation
    return padded(images, np.dtype(precision))


def _teacher_labels(spec: Spec, V: np.ndarray, v: np.ndarray, X: np.ndarray) -> np.ndarray:
    code, N = CODES[spec.teachers.activation], spec.inputs.dimension
    return np.array([np.einsum("m,sm->s", v[p], activities(code, V[p], X, N)) for p in range(len(V))])


def activities(code: int, W: np.ndarray, X: np.ndarray, N: int) -> np.ndarray:
    """Return g(w_k x_i / sqrt N), (samples, K), for padded inputs X (samples, n) and weights W (K, n)."""
    values = np.empty((len(X), len(W)))
    for part in pieces(len(X), W.size):
        values[part] = kernel.activities(code, W, X[part], N)
    return values


def _real_labels(spec: Spec, samples: FileSamples) -> np.ndarray:
    block, targets = spec.inputs.dataset, samples.targets.astype(float)
    if block.labels == "given":
        return targets[None]
    if block.labels == "parity":
        return np.where(targets % 2 == 0, 1.0, -1.0)[None]
    return np.where(targets == np.array(block.classes)[:, None], 1.0, -1.0)


def _noise(spec: Spec, seed: int, run: int) -> np.ndarray:
    """Noise of all labels, (P, samples)."""
    shape = spec.teachers.count, spec.inputs.samples
    deviations = np.array(spec.teachers.output_noise)[:, None]
    return deviations * normals(seed, run, Purpose.SAMPLE_LABEL_NOISE, shape)


def _permutation(count: int, seed: int, run: int) -> np.ndarray:
    """Every order of `count` numbers with equal probability: that of as many normals."""
    return np.argsort(normals(seed, run, Purpose.SAMPLE_LABEL_ORDER, (count,)), kind="stable")
