"""Arrays from .npz, HDF5 and IDX files (the format of MNIST).

Every error is a SpecError of one line that names the file.
"""

import gzip
import hashlib
import io
import math
from pathlib import Path
from typing import NoReturn

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.files.writing import HDF5, check_archive

GZIP, ZIP = b"\x1f\x8b", b"PK"  # how such files begin
# Type of the numbers in an IDX file, by its third byte.
IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_content(key: str, path: str, digest: str | None, block: str = "inputs.dataset") -> tuple[bytes, str]:
    """Read a file that a spec names.

    Parameters
    ----------
    key : {"file", "labels_file", "activation_file"}
        Key of the path in its block.
    path : str
        The file.
    digest : str or None
        Expected SHA-256 in hex; None accepts any.
    block : str, optional
        The block of the spec, for messages.

    Returns
    -------
    tuple of bytes and str
        The content and its SHA-256.

    Raises
    ------
    SpecError
        If the file cannot be read or has another SHA-256.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no path at all
        raise SpecError(f"{block}.{key}: {path}: {getattr(error, 'strerror', error)}") from error
    found = hashlib.sha256(content).hexdigest()
    if digest not in (None, found):
        digest_key = key.replace("file", "sha256")
        raise SpecError(
            f"{block}.{digest_key}: the SHA-256 of {path} is {found}, not {digest};"
            " check the file or remove the key"
        )
    return content, found


def images_of(content: bytes, path: str, name: str) -> np.ndarray:
    """Return the images in the content of a file.

    Parameters
    ----------
    content : bytes
        Content of an .npz, HDF5 or IDX file.
    path : str
        Path of the file, for messages.
    name : str
        Name of the array in .npz and HDF5 files.

    Returns
    -------
    ndarray, shape (samples, pixels)
        Finite numbers, one row for each image.

    Raises
    ------
    SpecError
        If the file cannot be read or does not contain images.
    """
    images = array(content, path, name)
    if images.ndim < 2 or images.size == 0:
        _unusable(
            path,
            f"the images have shape {images.shape}; it must be (samples, pixels, ...) without zeros",
        )
    check_numbers(images, path, "images")
    return images.reshape(len(images), -1)


def array(content: bytes, path: str, name: str, block: str = "inputs.dataset") -> np.ndarray:
    """Return one array from the content of a file, whose format is recognised by its first bytes.

    Parameters
    ----------
    content : bytes
        Content of an .npz, HDF5 or IDX file; an IDX file may be compressed by gzip.
    path : str
        Path of the file, for messages.
    name : str
        Name of the array in .npz and HDF5 files.
    block : str, optional
        The block of the spec that names the file, for messages.

    Returns
    -------
    ndarray
        The array with its shape and type.

    Raises
    ------
    SpecError
        If the file cannot be read or has no such array.
    """
    try:
        if content.startswith(ZIP):
            return _npz_array(content, name)
        if content.startswith(HDF5):
            return _hdf5_array(content, name)
        return _idx_array(gzip.decompress(content) if content.startswith(GZIP) else content)
    except Exception as error:  # a damaged file makes readers raise nearly anything
        words = " ".join(str(error).split()) or type(error).__name__
        raise SpecError(f"{block}: {path}: cannot be read: {words}") from error


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


def check_numbers(array: np.ndarray, path: str, what: str) -> None:
    """Check that an array consists of finite numbers.

    Parameters
    ----------
    array : ndarray
        The array.
    path : str
        Path of its file, for messages.
    what : str
        Plural noun for its elements, for messages.

    Raises
    ------
    SpecError
        If an element is not a finite number.
    """
    if array.dtype.kind not in "buif":
        _unusable(path, f"the {what} are of type {array.dtype}; they must be numbers")
    if not np.isfinite(array).all():
        _unusable(path, f"the {what} are not all finite")


def _unusable(path: str, what: str) -> NoReturn:
    raise SpecError(f"inputs.dataset: {path}: {what}")
