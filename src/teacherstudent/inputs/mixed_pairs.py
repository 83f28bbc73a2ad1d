"""Pairs of classes of a data set, one pair for each task, mixed with the first pair."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from teacherstudent.errors import refuse
from teacherstudent.inputs.data_files import load_file
from teacherstudent.inputs.data_sets import random_order, scale_of, with_constant
from teacherstudent.inputs.labelled_sets import LabelledSet, activities_of, label_noise, outputs
from teacherstudent.inputs.training_sets import TrainingSetInputs
from teacherstudent.kernels.network.by_unit import padded
from teacherstudent.kernels.network.tasks import Stored
from teacherstudent.networks.randomness import Purpose
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Inputs, Spec


class MixedPairInputs(TrainingSetInputs):
    """Images of two classes for each task; those of later tasks contain a share of the first pair.

    Image i of a class is a x_i + (1 - a) x'_i with image i, x_i, of the class of the first pair in the same
    position, image i, x'_i, of the class itself, and a = `mixing`; so are the labels, which are equal (data
    mixing of Lee, Mannelli, Clopath, Goldt & Saxe 2022).
    """

    training_sets: list[LabelledSet]  # one for each task; the rows of labels have the noise of each task
    test_sets: list[LabelledSet]  # the same; labels have no noise

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether a spec has pairs of classes."""
        return spec.inputs.dataset is not None and spec.inputs.dataset.labels == "pairs"

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError if the files cannot be read or have too few images of a class."""
        every = images_of_classes(spec.inputs, None)
        scale_of(spec.inputs, np.concatenate(list(every.values())))
        needed = (spec.inputs.samples + spec.inputs.dataset.test_samples) // 2
        for number, images in every.items():
            if len(images) < needed:
                there = f"{spec.inputs.dataset.file} has {len(images)} images of class {number}"
                most = f"{there}, and half of samples and of test_samples are needed"
                refuse("inputs.samples", spec.inputs.samples, most)

    def _drawn(self, networks, seed: int, run: int) -> LabelledSet:
        """Draw the sets of a run; return the training set of the first task."""
        inputs, block = self.spec.inputs, self.spec.inputs.dataset
        total = len(load_file(_without_mixing(inputs)).targets)
        order = random_order(total, seed, run, Purpose.IMAGE_ORDER)
        images = images_of_classes(inputs, order)
        train, test = inputs.samples // 2, block.test_samples // 2
        classes = dict.fromkeys(number for pair in block.pairs for number in pair)
        scale = scale_of(inputs, np.concatenate([images[number][:train] for number in classes]))
        tasks = [[scale(images[number][: train + test]) for number in pair] for pair in block.pairs]
        mixed = [tasks[0], *(mixtures(tasks[0], task, block.mixing) for task in tasks[1:])]
        noise = label_noise(self.spec, seed, run)
        self.training_sets = [self._labelled(task, slice(train)) for task in mixed]
        self.training_sets = [LabelledSet(X, labels + noise) for X, labels in self.training_sets]
        self.test_sets = [self._labelled(task, slice(train, train + test)) for task in mixed]
        return self.training_sets[0]

    def _labelled(self, task: Sequence[np.ndarray], part: slice) -> LabelledSet:
        """Return a part of the images of a task; labels have no noise and one equal row for each task."""
        X, values = np.concatenate([images[part] for images in task]), self.spec.inputs.dataset.label_values
        labels = np.tile(np.repeat(values, len(X) // 2), (self.spec.teachers.count, 1))
        X = with_constant(X) if self.spec.student.biases else X
        return LabelledSet(padded(X, np.dtype(self.spec.numerics.precision)), labels)

    def samples_of(self, teacher: int) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs and labels of the training set of a task."""
        X, labels = self.training_sets[teacher]
        return X, labels[teacher]

    def stored(self, teachers: Sequence[int]) -> Stored:
        """Return the training sets of some tasks in one array (`Source.stored`)."""
        sets = [self.samples_of(teacher) for teacher in teachers]
        X, labels = (np.concatenate(part) for part in zip(*sets, strict=True))
        counts = np.array([len(own) for _, own in sets])
        rows = np.column_stack([np.cumsum(counts) - counts, counts])
        return Stored(X, np.tile(labels, (len(sets), 1)), rows, self.is_distinct, self.passes)

    def observe(self, networks, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return errors, and variances of activations, over the samples of each task (`Source.observe`)."""
        middle = float(np.mean(self.spec.inputs.dataset.label_values))
        tests = list(enumerate(self.test_sets))
        found = [outputs(self.spec, networks, own) for _, own in tests]
        units = [activities_of(self.spec, networks, own)[:, : self.spec.student.hidden] for _, own in tests]
        wrong = [own.wrong_signs(found[task], middle)[task] for task, own in tests]
        return {
            "training_error": self._errors(networks, self.training_sets),
            "classification_error": np.array(wrong),
            "generalisation_error": self._errors(networks, self.test_sets),
            "activation_variances": np.array([part.var(axis=0) for part in units]),
        }

    def _errors(self, networks, sets: Sequence[LabelledSet]) -> np.ndarray:
        """Return 1/2 mean (output - label)^2 of each task over its own set, (P,)."""
        return np.array([self.mean_squares(networks, own)[task] for task, own in enumerate(sets)])

    def error(self, networks, teacher: int) -> float:
        """Return the generalisation error on a task, the mean over its test samples."""
        return self.mean_squares(networks, self.test_sets[teacher])[teacher]


def images_of_classes(inputs: Inputs, order: np.ndarray | None) -> dict[int, np.ndarray]:
    """Return the images of each class in the pairs, in the order of the file or in a given order.

    Parameters
    ----------
    inputs : Inputs
        Complete block with `dataset.pairs`.
    order : array of int (samples of the file,) or None
        Numbers of all samples of the file; None for the order of the file.

    Returns
    -------
    dict of int to array (images, N)
        Pixels as in the file, by class.
    """
    file = load_file(_without_mixing(inputs))
    order = np.arange(len(file.targets)) if order is None else order
    classes = dict.fromkeys(number for pair in inputs.dataset.pairs for number in pair)
    return {number: file.images[order[file.targets[order] == number]].astype(float) for number in classes}


def mixtures(first: Sequence[np.ndarray], task: Sequence[np.ndarray], share: float) -> list[np.ndarray]:
    """Return a x + (1 - a) x' for images x of the first pair and x' of another one, for both classes.

    Parameters
    ----------
    first, task : pairs of arrays (images, N)
        Images of both classes of the first pair, and of another one.
    share : float
        The share a of the first pair, from 0 to 1.

    Returns
    -------
    list of two arrays (images, N)
    """
    return [share * x + (1.0 - share) * own for x, own in zip(first, task, strict=True)]


def _without_mixing(inputs: Inputs) -> Inputs:
    """Return the block without the share: the files of runs that differ in it are read once."""
    return replace(inputs, dataset=replace(inputs.dataset, mixing=None))
