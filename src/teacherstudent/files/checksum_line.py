"""The checksum of earlier versions: a last line after the HDF5 content with the SHA-256 of the content.

Such files are still read and checked. New files have digests of their content (`content`).
"""

import hashlib
import io
import os
from typing import BinaryIO

from teacherstudent.errors import RunError

MARK = b"\nsha256 "
LENGTH = len(MARK) + 64 + 1  # of the line, with its end
BLOCK = 2**20


def check_line(file: BinaryIO) -> bool:
    """Return whether a file, open for reading, ends in such a line; RunError if the checksum is wrong."""
    size = file.seek(0, os.SEEK_END) - LENGTH
    if size < 0:
        return False
    file.seek(size)
    found = file.read()
    if not found.startswith(MARK):
        return False
    if found != MARK + _digest(file, size).encode() + b"\n":
        raise RunError("checksum mismatch: the file is damaged; delete it and run the command again")
    return True


def check_line_of(content: bytes) -> bool:
    """Do the same for the content of a file."""
    return check_line(io.BytesIO(content))


def _digest(file: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(min(BLOCK, size)):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()
