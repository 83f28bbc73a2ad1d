"""HDF5 files of this package: they appear whole or not at all, and what changed in them later is noticed.

HDF5 has no checksum of a whole file; hence a seal behind its content, which HDF5 does not mind, and an
attribute that says so. Files of versions without seals have no such attribute and are read unchecked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from teacherstudent.errors import RunError
from teacherstudent.files import DAMAGE, HDF5, reason, whole_file
from teacherstudent.seals import check_seal, seal

BLOCK = 2**20  # bytes by which a file in memory grows
LOCKING = "best-effort"  # some network file systems have no locks
SEALED = "checksum"  # attribute of the root
WHERE = "sha256 of all bytes before the last line, which it is in"


def write_hdf5(path: str | Path, fill: Callable[[h5py.File], None]) -> None:
    """Let a function fill a new file, which then appears at `path`; equal content gives equal bytes.

    Raises RunError where it cannot be written.
    """
    # in memory, since HDF5 prints tracebacks past all handlers when a disk is full
    with h5py.File(path, "w", driver="core", backing_store=False, block_size=BLOCK) as file:
        fill(file)
        file.attrs[SEALED] = WHERE
        file.flush()
        content = file.id.get_file_image()
    with _failing_in_one_line(path), whole_file(path) as temporary:
        with temporary.open("xb") as written:
            written.write(content)
            written.write(seal(content))
        with temporary.open("rb") as written:
            check_seal(written)


@contextmanager
def opened_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """Open a file for reading once its seal is checked.

    Raises RunError with one line that names the file where it is none of HDF5, where it is damaged, and for
    whatever goes wrong with it in the block.
    """
    with _failing_in_one_line(path):
        with Path(path).open("rb") as content:
            if content.read(len(HDF5)) != HDF5:
                raise RunError("not an HDF5 file")
            has_seal = check_seal(content)
        with h5py.File(path, "r", locking=LOCKING) as file:
            check_sealed(file, has_seal)
            yield file


def check_sealed(file: h5py.File, has_seal: bool) -> None:
    """Raise RunError where a file should have a seal and has none: something cut it off or wrote to it."""
    if SEALED in file.attrs and not has_seal:
        raise RunError("its checksum is missing: it was changed after it was written; make it again")


@contextmanager
def _failing_in_one_line(path: str | Path) -> Iterator[None]:
    """Turn all that h5py and the system raise over a file into RunError."""
    try:
        yield
    except RunError as error:
        raise RunError(f"{path}: {error}") from error
    except OSError as error:
        raise RunError(f"{path}: {reason(error)}") from error
    except DAMAGE as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise RunError(f"{path}: cannot be read: {said}") from error
