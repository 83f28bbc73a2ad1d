"""Files of data sets: images and their targets."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from teacherstudent.errors import SpecError, refuse
from teacherstudent.files.arrays import ZIP, array, check_numbers, images_of, read_content
from teacherstudent.files.writing import HDF5
from teacherstudent.spec.model import DataSet, Inputs


class FileSamples(NamedTuple):
    """Samples of a data set: first those for training, then those for testing."""

    images: np.ndarray  # (samples, N) with the values in the file
    targets: np.ndarray | None  # (samples,) classes or numbers; None if teachers label the images


@lru_cache(maxsize=2)
def load_samples(inputs: Inputs) -> FileSamples:
    """Read the samples of a complete block `inputs`; its digests identify the content of the files.

    Raises SpecError if a file cannot be read or does not agree with the block.
    """
    block = inputs.dataset
    content, images = _images(inputs)
    first_test = len(images) - block.test_samples
    if inputs.samples > first_test:
        total = f"{block.file} has {len(images)} samples, {block.test_samples} of them for testing"
        refuse("inputs.samples", inputs.samples, total)
    chosen = np.r_[: inputs.samples, first_test : len(images)]
    if block.labels == "teacher":
        return FileSamples(images[chosen], None)
    targets = _targets(block, content, len(images))
    _check_classes(block, "classes", block.classes or (), targets[: inputs.samples])
    return FileSamples(images[chosen], targets[chosen])


@lru_cache(maxsize=2)
def load_file(inputs: Inputs) -> FileSamples:
    """Read all samples of the files of a complete block `inputs` with pairs of classes.

    Raises SpecError if a file cannot be read or does not agree with the block.
    """
    content, images = _images(inputs)
    targets, block = _targets(inputs.dataset, content, len(images)), inputs.dataset
    _check_classes(block, "pairs", [number for pair in block.pairs for number in pair], targets)
    return FileSamples(images, targets)


def _images(inputs: Inputs) -> tuple[bytes, np.ndarray]:
    """Return the content of the file of the images, and all images in it."""
    block = inputs.dataset
    content, _ = read_content("file", block.file, block.sha256)
    images = images_of(content, block.file, block.images)
    if inputs.dimension != images.shape[1]:
        refuse(
            "inputs.dimension", inputs.dimension, f"the images in {block.file} have {images.shape[1]} pixels"
        )
    return content, images


def _targets(block: DataSet, content: bytes, count: int) -> np.ndarray:
    path = block.labels_file or block.file
    if block.labels_file is not None:
        content, _ = read_content("labels_file", path, block.labels_sha256)
    elif not content.startswith((ZIP, HDF5)):
        raise SpecError(f"inputs.dataset.labels_file: missing; {path} is an IDX file and has images only")
    targets = array(content, path, block.targets)
    if targets.shape != (count,):
        raise SpecError(
            f"inputs.dataset: {path}: the targets have the shape {targets.shape}; "
            f"for {count} images it must be ({count},)"
        )
    check_numbers(targets, path, "targets")
    if block.labels != "given" and (targets != np.floor(targets)).any():
        raise SpecError(f"inputs.dataset: {path}: labels {block.labels} need targets that are whole numbers")
    return targets


def _check_classes(block: DataSet, key: str, classes: Sequence[int], targets: np.ndarray) -> None:
    for number in classes:
        if number not in targets:
            there = ", ".join(f"{target:g}" for target in np.unique(targets)[:20])
            of = "training samples" if key == "classes" else "samples"
            refuse(f"inputs.dataset.{key}", number, f"the {of} of {block.file} have {there}")
