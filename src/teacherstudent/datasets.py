"""Data sets from files: .npz, HDF5 and IDX (the format of MNIST), and all that can be wrong with them.

Errors are SpecErrors of one line that names the file.
"""

import gzip
import hashlib
import io
import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from teacherstudent.blocks import DataSet, Inputs
from teacherstudent.errors import SpecError, refuse
from teacherstudent.files import HDF5, check_archive

GZIP, ZIP = b"\x1f\x8b", b"PK"  # how such files begin
# Type of the numbers in an IDX file, by its third byte.
IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class FileSamples(NamedTuple):
    """Training samples in front, test samples behind them."""

    images: np.ndarray  # (samples, N) as they are in the file
    targets: np.ndarray | None  # (samples,) classes or numbers; None where teachers label the images


def read_content(key: str, path: str, digest: str | None) -> tuple[bytes, str]:
    """Return the bytes of a file and their SHA-256, which must be the given one."""
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no path at all
        raise SpecError(f"inputs.dataset.{key}: {path}: {getattr(error, 'strerror', error)}") from error
    found = hashlib.sha256(content).hexdigest()
    if digest not in (None, found):
        digest_key = {"file": "sha256", "labels_file": "labels_sha256"}[key]
        refuse(f"inputs.dataset.{digest_key}", digest, f"the SHA-256 of {path} is {found}")
    return content, found


@lru_cache(maxsize=2)
def load_samples(inputs: Inputs) -> FileSamples:
    """Read the samples that a complete block `inputs` asks for; the digests in it make them what they are."""
    block = inputs.dataset
    content, _ = read_content("file", block.file, block.sha256)
    images = images_of(content, block.file, block.images)
    rest = len(images) - block.test_samples
    if inputs.samples > rest:
        total = f"{block.file} has {len(images)} samples, {block.test_samples} of them for testing"
        refuse("inputs.samples", inputs.samples, total)
    if inputs.dimension != images.shape[1]:
        refuse(
            "inputs.dimension", inputs.dimension, f"the images in {block.file} have {images.shape[1]} pixels"
        )
    chosen = np.r_[: inputs.samples, rest : len(images)]
    if block.labels == "teacher":
        return FileSamples(images[chosen], None)
    targets = _targets(block, content, len(images))
    _check_classes(block, targets[: inputs.samples])
    return FileSamples(images[chosen], targets[chosen])


def images_of(content: bytes, path: str, name: str) -> np.ndarray:
    """Return the images in the bytes of a file, one row of finite numbers each."""
    images = _array(content, path, name)
    if images.ndim < 2 or images.size == 0:
        _spoilt(
            path,
            f"the images have the shape {images.shape}; it must be (samples, pixels, ...), none of them 0",
        )
    _check_numbers(images, path, "images")
    return images.reshape(len(images), -1)


def _targets(block: DataSet, content: bytes, count: int) -> np.ndarray:
    path = block.labels_file or block.file
    if block.labels_file is not None:
        content, _ = read_content("labels_file", path, block.labels_sha256)
    elif not content.startswith((ZIP, HDF5)):
        raise SpecError(f"inputs.dataset.labels_file: missing; {path} is an IDX file and has images only")
    targets = _array(content, path, block.targets)
    if targets.shape != (count,):
        _spoilt(path, f"the targets have the shape {targets.shape}; for {count} images it must be ({count},)")
    _check_numbers(targets, path, "targets")
    if block.labels != "given" and (targets != np.floor(targets)).any():
        _spoilt(path, f"the targets are not whole numbers, which labels {block.labels} need")
    return targets


def _check_classes(block: DataSet, targets: np.ndarray) -> None:
    for number in block.classes or ():
        if number not in targets:
            there = ", ".join(f"{known:g}" for known in np.unique(targets)[:20])
            refuse("inputs.dataset.classes", number, f"the training samples of {block.file} have {there}")


def _check_numbers(array: np.ndarray, path: str, what: str) -> None:
    if array.dtype.kind not in "buif":
        _spoilt(path, f"the {what} are of type {array.dtype}; they must be numbers")
    if not np.isfinite(array).all():
        _spoilt(path, f"the {what} are not all finite")


def _spoilt(path: str, what: str) -> NoReturn:
    raise SpecError(f"inputs.dataset: {path}: {what}")


def _array(content: bytes, path: str, name: str) -> np.ndarray:
    """Return one array from the bytes of a file, whose first ones tell what it is."""
    try:
        if content.startswith(ZIP):
            return _npz_array(content, name)
        if content.startswith(HDF5):
            return _hdf5_array(content, name)
        return _idx_array(gzip.decompress(content) if content.startswith(GZIP) else content)
    except Exception as error:  # a damaged file makes readers raise nearly anything
        words = " ".join(str(error).split()) or type(error).__name__
        raise SpecError(f"inputs.dataset: {path}: cannot be read: {words}") from error


def _npz_array(content: bytes, name: str) -> np.ndarray:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        check_archive(archive.zip)
        _check_name(name, archive.files)
        return np.asarray(archive[name])


def _hdf5_array(content: bytes, name: str) -> np.ndarray:
    import h5py  # slow to import

    with h5py.File(h5py.h5f.open_file_image(content)) as file:
        _check_name(name, [key for key, item in file.items() if isinstance(item, h5py.Dataset)])
        return np.asarray(file[name][()])


def _check_name(name: str, names: list[str]) -> None:
    if name not in names:
        raise ValueError(f"there is no array {name}; there are {', '.join(names) or 'none'}")


def _idx_array(content: bytes) -> np.ndarray:
    """Two zeros, type, rank, the lengths as big-endian uint32, then the numbers (Y. LeCun's MNIST page)."""
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise ValueError("not an .npz, HDF5 or IDX file")
    kind, rank = np.dtype(IDX_TYPES[content[2]]), content[3]
    start = 4 + 4 * rank
    shape = [int.from_bytes(content[4 * i : 4 * i + 4], "big") for i in range(1, rank + 1)]
    expected = start + kind.itemsize * math.prod(shape)
    if len(content) != expected:
        raise ValueError(f"{len(content)} bytes, where its header says {expected}")
    return np.frombuffer(content, kind, offset=start).reshape(shape).astype(kind.newbyteorder("="))
