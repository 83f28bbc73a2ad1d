"""Digests of the content of HDF5 groups. Every group that this package writes has one.

HDF5 has checksums of its metadata and of the chunks of datasets, which detect damage. The digest is computed
from the content, not from its storage: names, types, shapes and values of datasets, and attributes. A copy in
another layout has the same digest. The digest lists its attributes and datasets, so that others can be added.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import check_interruption
from teacherstudent.errors.messages import CHANGED

DIGEST = "content_digest"  # attribute of a group
BLOCK = 2**20  # bytes that are read at a time; also the largest chunk that is written


def attribute(item: h5py.Group | h5py.Dataset, name: str) -> Any:
    """Return the value of an attribute in one form, however a program stored it.

    Texts are `str`, one number is a scalar, several are an array. NetCDF has no scalars, and other texts.
    """
    value = item.attrs[name]
    if isinstance(value, h5py.Empty):
        return ""
    array = np.asarray(value)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.size != 1:
        return array
    only = array.reshape(-1)[0]
    return str(only) if isinstance(only, str) else only


def sign(group: h5py.Group, attributes: Sequence[str], datasets: Sequence[str]) -> None:
    """Store the digest of some attributes and datasets of a group in the group.

    Parameters
    ----------
    group : h5py.Group
        The group.
    attributes, datasets : sequence of str
        Names of the attributes and datasets.
    """
    listed = {"attributes": sorted(attributes), "datasets": sorted(datasets)}
    group.attrs[DIGEST] = json.dumps(listed | {"sha256": content_digest(group, **listed)})


def present(group: h5py.Group) -> tuple[list[str], list[str]]:
    """Return the names of the attributes and datasets for a new digest of a group.

    These are those of the previous digest that still exist; without a digest they are all but the attributes
    of NetCDF, which its programs rewrite.
    """
    attributes = [name for name in group.attrs if name != DIGEST and not name.startswith("_")]
    datasets = datasets_of(group)
    if DIGEST in group.attrs:
        before = listed(group)
        attributes = [name for name in attributes if name in before["attributes"]]
        datasets = [name for name in datasets if name in before["datasets"]]
    return attributes, datasets


def listed(group: h5py.Group) -> dict[str, Any]:
    """Return the content of the digest of a group: names of `attributes` and `datasets`, and `sha256`."""
    try:
        found = json.loads(attribute(group, DIGEST))
        return {key: found[key] for key in ("attributes", "datasets", "sha256")}
    except (ValueError, LookupError, TypeError) as error:
        raise RunError(
            f"the attribute {DIGEST} of group {group.name} is damaged; delete the file and make it again"
        ) from error


def recorded_in(group: h5py.Group) -> set[str]:
    """Return the names of the datasets that were written with a group, without those that others added."""
    return set(group).intersection(listed(group)["datasets"] if DIGEST in group.attrs else group)


def is_as_written(group: h5py.Group) -> bool:
    """Return whether the content of a group has its digest. Damage raises errors of h5py."""
    found = listed(group)
    sha256 = found.pop("sha256")
    return content_digest(group, **found) == sha256


def check_content(file: h5py.File) -> None:
    """Raise RunError if the content of a group does not have the digest that is stored in the group."""
    for group in groups_of(file):
        if DIGEST in group.attrs and not is_as_written(group):
            raise RunError(CHANGED)


def groups_of(file: h5py.File) -> list[h5py.Group]:
    """Return all groups of a file by their paths, the root first; links to elsewhere are not followed."""
    found = [file["/"]]
    file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Group) else None)
    return sorted(found, key=lambda group: group.name.strip("/").split("/"))


def datasets_of(group: h5py.Group) -> list[str]:
    """Return the names of the datasets of a group; links are excluded."""
    hard = [name for name in group if isinstance(group.get(name, getlink=True), h5py.HardLink)]
    return [name for name in hard if isinstance(group[name], h5py.Dataset)]


def content_digest(group: h5py.Group, attributes: Sequence[str], datasets: Sequence[str]) -> str | None:
    """Return the SHA-256 of some attributes and datasets of a group.

    Numbers enter with their kind and size in little-endian order, texts as JSON; all NaN are equal.
    Attributes enter by value: one number is the same as an array of one element.

    Parameters
    ----------
    group : h5py.Group
        The group.
    attributes, datasets : sequence of str
        Names of the attributes and datasets, in the order in which they enter.

    Returns
    -------
    str or None
        The digest in hex; None if an attribute or a dataset is missing.
    """
    digest = hashlib.sha256()
    for name in attributes:
        if name not in group.attrs:
            return None
        value = attribute(group, name)
        plain = value if isinstance(value, str) else np.ravel(value).tolist()
        digest.update(f"attribute {json.dumps([name, plain])}\n".encode())
    for name in datasets:
        if name not in group or not isinstance(dataset := group[name], h5py.Dataset):
            return None
        shape, dtype = dataset.shape, dataset.dtype
        if h5py.check_string_dtype(dtype):
            texts = np.ravel(dataset.asstr()[()]).tolist()
            digest.update(f"dataset {json.dumps([name, 'text', shape, texts])}\n".encode())
            continue
        digest.update(f"dataset {json.dumps([name, f'{dtype.kind}{dtype.itemsize}', shape])}\n".encode())
        for block in blocks(shape, dtype.itemsize):
            check_interruption()
            digest.update(_numbers(dataset[block]))
    return digest.hexdigest()


def block_shape(shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Return the shape of blocks of at most `BLOCK` bytes that follow each other in an array in C order."""
    sizes: list[int] = []
    size = itemsize
    for length in reversed(shape):
        sizes.insert(0, max(1, min(length, BLOCK // size)))
        size *= sizes[0]
    return tuple(sizes)


def blocks(shape: Sequence[int], itemsize: int) -> Iterator[tuple[slice, ...]]:
    """Yield the slices of an array of a shape that are such blocks, in C order."""
    steps = zip(shape, block_shape(shape, itemsize), strict=True)
    yield from itertools.product(
        *([slice(i, i + step) for i in range(0, length, step)] for length, step in steps)
    )


def _numbers(array: np.ndarray) -> bytes:
    """Return numbers in C order, little-endian, as bytes."""
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():  # their bits differ between programs
            array[missing] = np.nan
    return array.tobytes()
