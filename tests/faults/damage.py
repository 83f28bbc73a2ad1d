"""Damaged forms of a file, the same ones in every run of the tests."""

import io
import random
import zipfile
import zlib
from collections.abc import Iterator

import h5py
import numpy as np

from faults.counts import COUNTS


def damaged(content: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield as many damaged forms of a file as `counts` says, each with what was done."""
    rng = random.Random(seed)
    for _ in range(COUNTS.flipped_bits):
        bit = rng.randrange(8 * len(content))
        yield f"bit {bit}", flipped(content, bit)
    for _ in range(COUNTS.files_cut_short):
        length = rng.randrange(len(content))
        yield f"cut at {length}", content[:length]
    foreign = foreign_files(content)
    assert len(foreign) == COUNTS.foreign_files
    yield from foreign.items()


def flipped(content: bytes, bit: int) -> bytes:
    """Return a content with one bit changed."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def foreign_files(content: bytes) -> dict[str, bytes]:
    """Files that are something else."""
    return {
        "nothing": b"",
        "a text": "time,error\n0.0,é\n".encode(),
        "a spec": b"inputs: {dimension: 10}\n",
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "noise": random.Random(0).randbytes(len(content)),
        "zeros": bytes(len(content)),
        "an archive of other arrays": _npz(),
        "an archive of texts": _zip(),
        "a compressed text": zlib.compress(b"text" * 100),
        "HDF5 of something else": _hdf5(),
    }


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.arange(3.0))
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("weights.npy", "no array")
        archive.writestr("readouts.npy", "no array")
        archive.writestr("images.npy", "no array")
    return file.getvalue()


def _hdf5() -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as target:
        target["x"] = np.arange(3.0)
        target.create_group("ode").attrs.update(spec="{}", engine="ode")
    return file.getvalue()
