"""Data sets: images from files, with labels of the teachers or of the files."""

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
        """Whether a spec has a data set."""
        return spec.inputs.distribution == "dataset"

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError if the files cannot be read or do not agree with the spec."""
        scaled_images(spec.inputs, spec.numerics.precision)

    def _drawn(self, networks, seed: int, run: int) -> LabelledSet:
        """Return the training set of a run: labels with noise, in random order if the spec sets it."""
        inputs, count = self.spec.inputs, self.spec.inputs.samples
        X = scaled_images(inputs, self.spec.numerics.precision)
        if inputs.dataset.labels == "teacher":
            clean = teacher_labels(self.spec, networks.V, networks.v, X)
        else:
            clean = labels_of_files(self.spec, load_samples(inputs))
        labels, test = np.split(clean, [count], axis=1)
        self.test_set = LabelledSet(X[count:], test)
        labels = labels + label_noise(self.spec, seed, run)
        if inputs.dataset.shuffle_labels:
            labels = np.take(labels, random_order(count, seed, run), axis=1)
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
def scaled_images(inputs: Inputs, precision: str) -> np.ndarray:
    """Return the images of training and test samples, (samples, n): centred, scaled and padded.

    Mean and standard deviation are those of all pixels of the training samples. Raises SpecError if this
    standard deviation is zero or not finite.
    """
    images = load_samples(inputs).images.astype(float)
    train = images[: inputs.samples]
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = train.mean(), train.std()
    if not 0.0 < deviation < np.inf:
        raise SpecError(
            f"inputs.dataset: {inputs.dataset.file}: the standard deviation of the pixels is {deviation}; "
            "it must be positive and finite"
        )
    images -= mean
    images /= deviation
    return padded(images, np.dtype(precision))


def labels_of_files(spec: Spec, samples: FileSamples) -> np.ndarray:
    """Return the labels of all samples, (P, samples), from the targets in the files."""
    block, targets = spec.inputs.dataset, samples.targets.astype(float)
    if block.labels == "given":
        return targets[None]
    if block.labels == "parity":
        return np.where(targets % 2 == 0, 1.0, -1.0)[None]
    return np.where(targets == np.array(block.classes)[:, None], 1.0, -1.0)


def random_order(count: int, seed: int, run: int) -> np.ndarray:
    """Return a random order of some numbers: each order has the same probability.

    Parameters
    ----------
    count : int
        Length of the order, which has the numbers from 0 to count - 1.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (count,)
        The order in which independent normal numbers increase.
    """
    return np.argsort(normals(seed, run, Purpose.SAMPLE_LABEL_ORDER, (count,)), kind="stable")
