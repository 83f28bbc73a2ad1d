"""Networks from files: arrays in an .npz file, or the state at the end of a run of the engine network."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from teacherstudent.errors import RunError, SpecError
from teacherstudent.files.checksum_line import check_line_of
from teacherstudent.files.heaps import check_heaps
from teacherstudent.files.writing import DAMAGE, HDF5, check_archive, file_digest, reason
from teacherstudent.spec.model import Spec

# Keys of such files in a spec.
STUDENT_KEY, TEACHERS_KEY = "student.initial.file", "teachers.file"
# Content of a file: name in the state of a run, shape of the weights, shape of the readouts.
CONTENT = {
    STUDENT_KEY: ("student", "(K, N)", "(H, K)"),
    TEACHERS_KEY: ("teacher", "(P, M, N)", "(P, M)"),
}
ARRAYS = "weights", "readouts"


class Layers(NamedTuple):
    """First layers and effective readouts from a file, and the digest of its content."""

    weights: np.ndarray  # (K, N) or (P, M, N)
    readouts: np.ndarray  # (H, K) or (P, M)
    sha256: str


def student_layers(spec: Spec) -> Layers | None:
    """Return the student from a file, if the spec names one."""
    initial = spec.student.initial
    return initial.file and _checked(STUDENT_KEY, initial.file, initial.sha256)


def teacher_layers(spec: Spec) -> Layers | None:
    """Return the teachers from a file, if the spec names one."""
    return spec.teachers.file and _checked(TEACHERS_KEY, spec.teachers.file, spec.teachers.sha256)


def fill_from_files(document: dict) -> None:
    """Fill in digests of the files that a document names, and P, M, K if they are not given.

    Raises SpecError with one line that names key and file if one cannot be used.
    """
    teachers, student = document.get("teachers"), document.get("student")
    if isinstance(teachers, Mapping) and isinstance(teachers.get("file"), str):
        found = read_layers(TEACHERS_KEY, teachers["file"])
        counts = dict(zip(("count", "hidden"), found.readouts.shape, strict=True))
        document["teachers"] = counts | {"sha256": found.sha256} | dict(teachers)
    initial = student.get("initial") if isinstance(student, Mapping) else None
    if isinstance(initial, Mapping) and isinstance(initial.get("file"), str):
        found = read_layers(STUDENT_KEY, initial["file"])
        initial = {"sha256": found.sha256} | dict(initial)
        document["student"] = {"hidden": len(found.weights)} | dict(student) | {"initial": initial}


def check_files(spec: Spec) -> None:
    """Raise SpecError if the networks in files have other sizes or digests than the spec."""
    P, M, K, N = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.inputs.dimension
    seen = spec.inputs.seen_by_teachers
    _check_shapes(TEACHERS_KEY, spec.teachers.file, teacher_layers(spec), ((P, M, seen), (P, M)))
    _check_shapes(STUDENT_KEY, spec.student.initial.file, student_layers(spec), ((K, N), (spec.heads, K)))


def _check_shapes(key: str, path: str | None, layers: Layers | None, shapes: tuple) -> None:
    for name, array, symbols, shape in zip(ARRAYS, layers or (), CONTENT[key][1:], shapes, strict=False):
        if array.shape != shape:
            raise SpecError(f"{key}: {path}: {name} have shape {array.shape}; {symbols} is {shape}")


def digests(paths: list[str]) -> dict[str, str]:
    """Return the digests of the contents of files by their paths."""
    return {path: file_digest(path) for path in sorted(paths)}


def read_layers(key: str, path: str) -> Layers:
    """Read the networks in the file of a key of a spec; the arrays must not be changed.

    Raises SpecError with one line if that is not possible.
    """
    try:
        status = os.stat(path)
        changed = status.st_mtime_ns, status.st_ctime_ns  # the second cannot be set back
        return _read(key, path, (*changed, status.st_size, status.st_ino, os.path.abspath(path)))
    except OSError as error:
        raise SpecError(f"{key}: {path}: {reason(error)}") from error


def _checked(key: str, path: str, sha256: str | None) -> Layers:
    layers = read_layers(key, path)
    if layers.sha256 != sha256:
        place = key.replace("file", "sha256")
        raise SpecError(
            f"{place}: the digest of {path} is {layers.sha256}, not {sha256};"
            " check the file or remove the key"
        )
    return Layers(layers.weights.copy(), layers.readouts.copy(), layers.sha256)


@lru_cache(maxsize=8)
def _read(key: str, path: str, version: tuple) -> Layers:
    """Read a file once for each version of it."""
    content = Path(path).read_bytes()
    readers = {".npz": _arrays, ".h5": _state_of_run, ".hdf5": _state_of_run}
    ending = os.path.splitext(path)[1]
    if ending not in readers:
        raise SpecError(f"{key}: {path} is not allowed; its name must end in .npz, .h5 or .hdf5")
    try:
        found = readers[ending](key, content)
        arrays = [_numbers(name, array) for name, array in zip(ARRAYS, found, strict=True)]
        _check_dimensions(key, arrays)
    except (SpecError, RunError) as error:
        raise SpecError(f"{key}: {path}: {error}") from error
    except DAMAGE as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise SpecError(f"{key}: {path}: cannot be read: {said}") from error
    return Layers(*arrays, hashlib.sha256(content).hexdigest())


def _arrays(key: str, content: bytes) -> list[np.ndarray]:
    """Read the arrays of an .npz file."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise SpecError("not an .npz file, or cut short")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        check_archive(arrays.zip)
        missing = [name for name in ARRAYS if name not in arrays]
        if missing:
            weights, readouts = CONTENT[key][1:]
            needed = f"the file needs weights {weights} and readouts {readouts}"
            raise SpecError(f"array {missing[0]} is missing; {needed}")
        return [np.asarray(arrays[name]) for name in ARRAYS]


def _state_of_run(key: str, content: bytes) -> list[np.ndarray]:
    """Read the weights at the end of a stored run."""
    import h5py

    from teacherstudent.files.hdf5 import check_file

    if not content.startswith(HDF5):
        raise SpecError("not an HDF5 file")
    has_line = check_line_of(content)
    check_heaps(content)
    with h5py.File(io.BytesIO(content), "r") as file:
        check_file(file, has_line)
        if "spec" not in file.attrs or "engine" not in file.attrs:
            raise SpecError("there is no run in the file")
        if "diverged_at" in file.attrs:
            raise SpecError("the run in this file diverged")
        names = [f"state/{CONTENT[key][0]}_{name}" for name in ARRAYS]
        if any(name not in file for name in names):
            raise SpecError("there are no weights; run engine network with record.state: true to store them")
        arrays = [file[name][()] for name in names]
    if arrays[1].ndim > 2:
        raise SpecError(f"the file contains {len(arrays[1])} runs; a single run without --runs is needed")
    return arrays


def _numbers(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array as finite numbers."""
    if array.dtype.kind not in "fiu":
        raise SpecError(f"{name} are of type {array.dtype}; they must be real numbers")
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise SpecError(f"{name} are not all finite")
    return array


def _check_dimensions(key: str, arrays: list[np.ndarray]) -> None:
    for name, array, shape in zip(ARRAYS, arrays, CONTENT[key][1:], strict=True):
        if array.ndim != shape.count(",") + 1 or 0 in array.shape:
            raise SpecError(f"{name} have shape {array.shape}; it must be {shape}")
