"""Output files that appear whole or not at all; what input files are, and what goes wrong with them."""

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

# What the readers of numpy and HDF5 make of damaged files.
DAMAGE = (ArithmeticError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError)
DAMAGE += (ValueError, struct.error, zipfile.BadZipFile, zlib.error)

HDF5 = b"\x89HDF\r\n\x1a\n"  # how such a file begins


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; what is there at the end of the block takes its place.

    Until then nothing is at `path`, or the file from before; an exception in the block removes the temporary
    file and goes on. Raises RunError where no file can be put there, and where the disk fails.
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
    """Write a content with `whole_file`: for what does not fail well itself where a disk is full."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole_text(path: str | Path) -> Iterator[TextIO]:
    """Do the same with a text, open for writing; line ends are those that are written."""
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        yield file


def check_place(path: str | Path) -> None:
    """Raise RunError where no file can be put at `path`.

    There is no such folder, or it cannot be written to; something else is there, or a file that cannot be
    written to; or the name is too long.
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
    """Return whether the user may write to a file and put another in its place."""
    if not os.access(place, os.W_OK):
        return False
    folder = os.stat(place.parent)
    owners = folder.st_uid, os.stat(place).st_uid
    return not folder.st_mode & stat.S_ISVTX or os.getuid() in (0, *owners)  # as in /tmp


def file_digest(path: str | Path) -> str:
    """SHA-256 of the content of a file, in hex."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def check_archive(archive: zipfile.ZipFile) -> None:
    """Raise BadZipFile where a part of an archive does not have its checksum.

    Numpy alone takes an array whose shape was changed to a smaller one, since it reads no further.
    """
    damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {damaged!r}")


def reason(error: OSError) -> str:
    """Say in one line why a file operation failed."""
    if error.errno:
        return os.strerror(error.errno)
    return (str(error).splitlines() or [type(error).__name__])[0]


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
