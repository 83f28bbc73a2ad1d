"""Finite training sets: Gaussian inputs that are drawn once in a run, with fixed labels."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.errors.interruption import in_pieces
from teacherstudent.inputs.labelled_sets import LabelledSet, label_noise, outputs, teacher_labels
from teacherstudent.inputs.source import Source
from teacherstudent.kernels.network import samples as kernel
from teacherstudent.kernels.network.passes import passes_through
from teacherstudent.kernels.network.tasks import Stored
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec

# Number of multiply-adds that take as long as to draw one normal number.
WORK_PER_NORMAL = 12


class TrainingSetInputs(Source):
    """Samples of a training set of Gaussian inputs, used repeatedly; the training error is recorded."""

    def __init__(self, spec: Spec, networks, seed: int, run: int):
        super().__init__(spec, networks, seed, run)
        self.key = self.choice_key = counter_key(seed, run, Purpose.SAMPLE_CHOICE)
        self.is_distinct = spec.training.sampling == "without_replacement"
        self.passes = passes_through(spec.inputs.samples if spec.training.sampling == "epochs" else 0)
        self.training_set = self._drawn(networks, seed, run)

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether a spec has Gaussian inputs with a number of samples."""
        return spec.inputs.distribution == "gaussian" and spec.inputs.samples is not None

    def _drawn(self, networks, seed: int, run: int) -> LabelledSet:
        """Return the training set of a run; its labels have noise."""
        inputs = self.spec.inputs
        X = np.zeros((inputs.samples, networks.V.shape[-1]), networks.V.dtype)
        key = counter_key(seed, run, Purpose.SAMPLES)
        for part in in_pieces(len(X), WORK_PER_NORMAL * X.shape[1]):
            kernel.fill_samples(X[part], inputs.dimension, part.start, *key)
        labels = teacher_labels(self.spec, networks.V, networks.v, X)
        return LabelledSet(X, labels + label_noise(self.spec, seed, run))

    def train(self, networks, constants, teacher: int, first: int, steps: int) -> int:
        """Train for some steps on samples of the training set (`Source.train`)."""
        samples = kernel.Samples(*self.samples_of(teacher), self.is_distinct, self.passes)
        fixed = constants, samples, networks.buffers, *self.key
        return kernel.train(networks.W, networks.h, *fixed, first, steps)

    def samples_of(self, teacher: int) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs and labels of the training set for a teacher."""
        return self.training_set.X, self.training_set.labels[teacher]

    def stored(self, teachers: Sequence[int]) -> Stored:
        """Return the training set with the labels of some teachers (`Source.stored`)."""
        X, labels = self.training_set
        rows = np.tile(np.array([0, len(X)]), (len(teachers), 1))
        return Stored(X, labels[list(teachers)], rows, self.is_distinct, self.passes)

    def observe(self, networks, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return training and generalisation errors (`Source.observe`)."""
        training_error = self.mean_squares(networks, self.training_set)
        return {"training_error": training_error} | super().observe(networks, now)

    def mean_squares(self, networks, labelled: LabelledSet) -> np.ndarray:
        """Return 1/2 mean (student - label)^2 over a set, for each teacher (P,)."""
        return labelled.mean_squares(outputs(self.spec, networks, labelled))
