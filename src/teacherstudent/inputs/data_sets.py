"""Data sets: images from files, with labels of the teachers or of the files."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.inputs.data_files import FileSamples, load_samples
from teacherstudent.inputs.labelled_sets import LabelledSet, label_noise, outputs, teacher_labels
from teacherstudent.inputs.training_sets import TrainingSetInputs
from teacherstudent.kernels.network.by_unit import padded
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Inputs, Spec


class DataSetInputs(TrainingSetInputs):
    """Images for training, which are used repeatedly, and for testing; errors are means over samples."""

    test_set: LabelledSet  # its labels have no noise

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Whether a spec has a data set whose images are used as they are."""
        return spec.inputs.dataset is not None and spec.inputs.dataset.labels != "pairs"

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError if the files cannot be read or do not agree with the spec."""
        scaled_images(spec.inputs)

    def _drawn(self, networks, seed: int, run: int) -> LabelledSet:
        """Return the training set of a run: labels with noise, in random order if the spec sets it."""
        inputs, count = self.spec.inputs, self.spec.inputs.samples
        X = network_inputs(inputs, self.spec.numerics.precision, bool(self.spec.student.biases))
        if inputs.dataset.labels == "teacher":
            clean = teacher_labels(self.spec, networks.V, networks.v, X)
        else:
            clean = labels_of_files(self.spec, load_samples(inputs))
        labels, test = np.split(clean, [count], axis=1)
        self.test_set = LabelledSet(X[count:], test)
        labels = labels + label_noise(self.spec, seed, run)
        if inputs.dataset.shuffle_labels:
            labels = np.take(labels, random_order(count, seed, run, Purpose.SAMPLE_LABEL_ORDER), axis=1)
        return LabelledSet(X[:count], labels)

    def observe(self, networks, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return training, generalisation and classification errors (`Source.observe`)."""
        found = outputs(self.spec, networks, self.test_set)
        return {
            "training_error": self.mean_squares(networks, self.training_set),
            "classification_error": self.test_set.wrong_signs(found),
            "generalisation_error": self.test_set.mean_squares(found),
        }

    def error(self, networks, teacher: int) -> float:
        """Return the generalisation error on a teacher, the mean over the test samples."""
        return self.mean_squares(networks, self.test_set)[teacher]


@lru_cache(maxsize=2)
def network_inputs(inputs: Inputs, precision: str, biases: bool) -> np.ndarray:
    """Return the scaled images of training and test samples as the networks need them, (samples, n).

    Parameters
    ----------
    inputs : Inputs
        Complete block with a data set.
    precision : str
        Type of the numbers.
    biases : bool
        Whether there is one more input, which is 1.

    Returns
    -------
    array (samples, n)
        Padded with zeros like the weights.
    """
    images = scaled_images(inputs)
    return padded(with_constant(images) if biases else images, np.dtype(precision))


def with_constant(images: np.ndarray) -> np.ndarray:
    """Return inputs (samples, N + 1) whose last one is 1, for networks with biases."""
    return np.concatenate([images, np.ones((len(images), 1))], axis=1)


def scaled_images(inputs: Inputs) -> np.ndarray:
    """Return the images of training and test samples with scaled pixels, (samples, N).

    Raises SpecError if the pixels of the training samples have no scale.
    """
    images = load_samples(inputs).images.astype(float)
    return scale_of(inputs, images[: inputs.samples])(images)


def scale_of(inputs: Inputs, train: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that scales images as `dataset.pixels` says, by the pixels of training samples.

    Parameters
    ----------
    inputs : Inputs
        Complete block with a data set.
    train : array (samples, N)
        Training samples.

    Returns
    -------
    callable
        From images (samples, N) to new ones: (x - mean) / standard deviation of all pixels of the training
        samples, or x / largest absolute value.

    Raises
    ------
    SpecError
        If the divisor is zero or not finite.
    """
    standardised = inputs.dataset.pixels == "standardised"
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = (train.mean(), train.std()) if standardised else (0.0, np.abs(train).max())
    if not 0.0 < scale < np.inf:
        name = "standard deviation" if standardised else "largest absolute value"
        raise SpecError(
            f"inputs.dataset: {inputs.dataset.file}: the {name} of the pixels is {scale}; "
            "it must be positive and finite"
        )
    return lambda images: (images - mean) / scale


def labels_of_files(spec: Spec, samples: FileSamples) -> np.ndarray:
    """Return the labels of all samples, (P, samples), from the targets in the files."""
    block, targets = spec.inputs.dataset, samples.targets.astype(float)
    if block.labels == "given":
        return targets[None]
    if block.labels == "parity":
        return np.where(targets % 2 == 0, 1.0, -1.0)[None]
    return np.where(targets == np.array(block.classes)[:, None], 1.0, -1.0)


def random_order(count: int, seed: int, run: int, purpose: Purpose) -> np.ndarray:
    """Return a random order of some numbers: each order has the same probability.

    Parameters
    ----------
    count : int
        Length of the order, which has the numbers from 0 to count - 1.
    seed, run : int
        Seed of all random numbers, and number of the run.
    purpose : Purpose
        Purpose of the order: orders of different purposes are independent.

    Returns
    -------
    array (count,)
        The order in which independent normal numbers increase.
    """
    return np.argsort(normals(seed, run, purpose, (count,)), kind="stable")
