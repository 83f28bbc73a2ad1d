"""Output files that are either complete or absent, and errors about input and output files."""

import hashlib
import os
import secrets
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from teacherstudent.errors import RunError

# Errors that numpy and HDF5 raise for damaged files.
DAMAGE = (ArithmeticError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError)
DAMAGE += (ValueError, struct.error, zipfile.BadZipFile, zlib.error)

HDF5 = b"\x89HDF\r\n\x1a\n"  # first bytes of a file


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`, and rename it to `path` at the end of the block.

    Until then `path` is not changed; an exception in the block removes the temporary file. Raises RunError if
    no file can be written there.
    """
    check_place(path)
    place = Path(os.path.realpath(path))  # behind a link: the link stays
    temporary = place.parent / f".teacherstudent-{secrets.token_hex(8)}.part"
    try:
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, place)
        _to_disk(place.parent)
    except OSError as error:
        if error.filename not in (None, str(temporary)):  # it is about another file
            raise
        raise RunError(f"{path}: {reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: str | Path, content: bytes) -> None:
    """Write bytes with `whole_file`: for writers without a clear error for a full disk."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole_text(path: str | Path) -> Iterator[TextIO]:
    """Do the same with a text file, open for writing; line ends are not converted."""
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        yield file


def check_place(path: str | Path) -> None:
    """Raise RunError if no file can be written to `path`.

    Its folder does not exist or cannot be written to; or a folder or a file without permission to write has
    this name; or the name is too long.
    """
    place = Path(os.path.realpath(path))
    try:
        if not place.parent.is_dir():
            raise RunError(f"{path}: the folder {place.parent} does not exist")
        longest = os.pathconf(place.parent, "PC_NAME_MAX")
        if len(os.fsencode(place.name)) > longest:
            raise RunError(
                f"{path}: the name of the file is longer than {longest} bytes; choose a shorter one"
            )
        if place.exists() and not place.is_file():
            raise RunError(f"{path}: exists and is not a file")
        if place.exists() and not _is_replaceable(place):
            raise RunError(
                f"{path}: exists and cannot be written to; choose another name or allow it (chmod u+w)"
            )
        if not os.access(place.parent, os.W_OK | os.X_OK):
            raise RunError(f"{path}: the folder {place.parent} cannot be written to")
    except OSError as error:
        raise RunError(f"{path}: {reason(error)}") from error


def _is_replaceable(place: Path) -> bool:
    """Return whether the user may write to a file and replace it."""
    if not os.access(place, os.W_OK):
        return False
    folder = os.stat(place.parent)
    owners = folder.st_uid, os.stat(place).st_uid
    return not folder.st_mode & stat.S_ISVTX or os.getuid() in (0, *owners)  # as in /tmp


def file_digest(path: str | Path) -> str:
    """SHA-256 of the content of a file, in hex."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def check_archive(archive: zipfile.ZipFile) -> None:
    """Raise BadZipFile if a part of an archive has a wrong checksum.

    Numpy does not detect this for an array whose shape was changed to a smaller one.
    """
    damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {damaged!r}")


def reason(error: OSError) -> str:
    """Return the reason of a failed file operation in one line."""
    if error.errno:
        return os.strerror(error.errno)
    return (str(error).splitlines() or [type(error).__name__])[0]


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
