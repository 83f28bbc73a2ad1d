"""HDF5 files of this package: they are either complete or absent, and later changes are detected.

They have the checksums of HDF5: of all metadata, in the file format of HDF5 1.10, and of each chunk of the
datasets (Fletcher-32). Each group also has a digest of its content (`content`). Files of earlier versions
have an attribute `checksum` and end in a line with a checksum (`checksum_line`), or they are not checked.
"""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import check_interruption
from teacherstudent.files.checksum_line import check_line
from teacherstudent.files.content import (
    CHANGED,
    block_shape,
    blocks,
    check_content,
    datasets_of,
    groups_of,
    sign,
)
from teacherstudent.files.heaps import check_heaps
from teacherstudent.files.writing import DAMAGE, HDF5, reason, whole_file

COMPRESSED_FROM = 65536  # bytes; smaller datasets are not worth compressing
LINE = "checksum"  # attribute of the root of files that end in a line with a checksum
# A superblock of version 2 has a checksum. Version 3 would mark a file as open for writing: it would stay
# unreadable after a program that has it open in append mode is killed.
SUPERBLOCK = "v108", "v108"
# The oldest format in which the index of chunks has a checksum too.
METADATA = "v110", "v110"


def write_hdf5(path: str | Path, fill: Callable[[h5py.File], None]) -> None:
    """Write a new file whose content is added by a function; equal content gives equal bytes.

    Each group with attributes or datasets gets a digest of all of them. Raises RunError if the file cannot be
    written.
    """
    # in memory, since HDF5 prints tracebacks past all handlers when a disk is full
    image = io.BytesIO()
    h5py.File(image, "w", libver=SUPERBLOCK).close()
    with h5py.File(image, "r+", libver=METADATA) as file:
        fill(file)
        for group in groups_of(file):
            attributes, datasets = list(group.attrs), datasets_of(group)
            if attributes or datasets:
                sign(group, attributes, datasets)
    with failing_in_one_line(path), whole_file(path) as temporary:
        with temporary.open("xb") as written:
            written.write(image.getbuffer())
        with _opened(temporary) as file:
            check_file(file, has_line=False)


def add_array(group: h5py.Group, name: str, array: np.ndarray) -> h5py.Dataset:
    """Add an array as a dataset with checksums; it is copied in blocks.

    Parameters
    ----------
    group : h5py.Group
        The group.
    name : str
        Name of the dataset.
    array : ndarray
        Numbers, or texts as objects.

    Returns
    -------
    h5py.Dataset
        The dataset.
    """
    dtype = h5py.string_dtype() if array.dtype.kind == "O" else array.dtype
    dataset = add_dataset(group, name, array.shape, dtype)
    write_blocks(dataset, (), array)
    return dataset


def add_dataset(
    group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype, filler: float | None = None
) -> h5py.Dataset:
    """Add an empty dataset with checksums.

    Chunks have checksums, except those of texts, which HDF5 stores elsewhere. A scalar is stored in the
    metadata, which also has a checksum.

    Parameters
    ----------
    group : h5py.Group
        The group.
    name : str
        Name of the dataset.
    shape : tuple of int
        Its shape; () for a scalar.
    dtype : dtype
        Type of its elements.
    filler : float, optional
        Value of elements that are never written.

    Returns
    -------
    h5py.Dataset
        The dataset.
    """
    if not shape:
        return _add_scalar(group, name, dtype)
    how: dict[str, Any] = {}
    if 0 not in shape:
        how = {"chunks": block_shape(shape, dtype.itemsize), "fillvalue": filler}
        how["fletcher32"] = h5py.check_string_dtype(dtype) is None
        if math.prod(shape) * dtype.itemsize > COMPRESSED_FROM:
            how |= {"compression": "gzip", "shuffle": True}
    return group.create_dataset(name, shape, dtype, track_times=False, **how)


def _add_scalar(group: h5py.Group, name: str, dtype: np.dtype) -> h5py.Dataset:
    storage = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    storage.set_layout(h5py.h5d.COMPACT)
    storage.set_obj_track_times(False)
    kind, space = h5py.h5t.py_create(dtype, logical=True), h5py.h5s.create(h5py.h5s.SCALAR)
    return h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, space, storage))


def write_blocks(dataset: h5py.Dataset, index: tuple[int, ...], array: np.ndarray) -> None:
    """Write an array into a dataset in blocks.

    Parameters
    ----------
    dataset : h5py.Dataset
        The dataset.
    index : tuple of int
        Indices of leading axes; () for the whole dataset.
    array : ndarray
        Values for the start of that part of the dataset.
    """
    for block in blocks(array.shape, array.dtype.itemsize):
        check_interruption()
        dataset[(*index, *block)] = array[block]


@contextmanager
def opened_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """Open a file for reading once its checksums are checked.

    Raises RunError with one line that names the file if it is not an HDF5 file, if it is damaged or changed,
    and for errors about it in the block.
    """
    with failing_in_one_line(path):
        with Path(path).open("rb") as content:
            if content.read(len(HDF5)) != HDF5:
                raise RunError("not an HDF5 file")
            has_line = check_line(content)
            with mmap(content.fileno(), 0, access=ACCESS_READ) as mapped:
                check_heaps(mapped)
        with _opened(path) as file:
            check_file(file, has_line)
            yield file


def check_file(file: h5py.File, has_line: bool) -> None:
    """Raise RunError if a file does not have the content that was written."""
    with naming_damage():
        if LINE in file.attrs and not has_line:
            raise RunError(f"its checksum is missing: {CHANGED}")
        check_content(file)


@contextmanager
def naming_damage() -> Iterator[None]:
    """Turn errors of h5py about wrong checksums into RunError."""
    try:
        yield
    except RunError:
        raise
    except DAMAGE as error:
        raise RunError(f"it is damaged: {_said(error)}; delete it and run the command again") from error


def _opened(path: str | Path) -> h5py.File:
    """Open a file for reading, even if another program has it open: the digest detects changes."""
    with naming_damage():
        return h5py.File(path, "r", locking=False)


@contextmanager
def failing_in_one_line(path: str | Path) -> Iterator[None]:
    """Turn errors of h5py and of the system about a file into RunError."""
    try:
        yield
    except RunError as error:
        raise RunError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    except OSError as error:
        raise RunError(f"{path}: {reason(error)}") from error
    except DAMAGE as error:
        raise RunError(f"{path}: cannot be read: {_said(error)}") from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
