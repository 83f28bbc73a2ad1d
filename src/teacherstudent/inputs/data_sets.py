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
    """Images for training, used again and again, and images for testing; errors are means over samples."""

    test_set: LabelledSet  # its labels have no noise

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Whether a spec has a data set."""
        return spec.inputs.distribution == "dataset"

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError where the files do not have what is asked for."""
        scaled_images(spec.inputs, spec.numerics.precision)

    def _drawn(self, networks, seed: int, run: int) -> LabelledSet:
        """Return the training set of a run: its labels have noise, and another order where asked for."""
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
        """Return training, generalisation and classification errors, see `Source.observe`."""
        found = outputs(self.spec, networks, self.test_set)
        return {
            "training_error": self.mean_squares(networks, self.training_set),
            "classification_error": self.test_set.wrong_signs(found),
            "generalisation_error": self.test_set.mean_squares(found),
        }

    def error(self, networks, teacher: int) -> float:
        """Return the generalisation error on a teacher."""
        return self.mean_squares(networks, self.test_set)[teacher]


@lru_cache(maxsize=2)
def scaled_images(inputs: Inputs, precision: str) -> np.ndarray:
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


def labels_of_files(spec: Spec, samples: FileSamples) -> np.ndarray:
    """Labels of all samples from the classes in the files, (P, samples)."""
    block, targets = spec.inputs.dataset, samples.targets.astype(float)
    if block.labels == "given":
        return targets[None]
    if block.labels == "parity":
        return np.where(targets % 2 == 0, 1.0, -1.0)[None]
    return np.where(targets == np.array(block.classes)[:, None], 1.0, -1.0)


def random_order(count: int, seed: int, run: int) -> np.ndarray:
    """Every order of `count` numbers with equal probability: the order of as many normals.

    Parameters
    ----------
    count : int
        How many numbers, from 0 on.
    seed, run : int
        What the order depends on.
    """
    return np.argsort(normals(seed, run, Purpose.SAMPLE_LABEL_ORDER, (count,)), kind="stable")
