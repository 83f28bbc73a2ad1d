"""Seals: the last line of a file is the SHA-256 of all before it, so that no changed byte goes unnoticed."""

import hashlib
import io
import os
from typing import BinaryIO

from teacherstudent.errors import RunError

MARK = b"\nsha256 "
LENGTH = len(MARK) + 64 + 1  # of the line, with its end
BLOCK = 2**20


def seal(content: bytes) -> bytes:
    """Return the line that belongs behind the content of a file."""
    return MARK + hashlib.sha256(content).hexdigest().encode() + b"\n"


def check_seal(file: BinaryIO) -> bool:
    """Return whether a file, open for reading, ends in a seal; raises RunError where that is another's."""
    size = file.seek(0, os.SEEK_END) - LENGTH
    if size < 0:
        return False
    file.seek(size)
    found = file.read()
    if not found.startswith(MARK):
        return False
    if found != MARK + _digest(file, size).encode() + b"\n":
        raise RunError("its content does not have its checksum: it is damaged; make it again")
    return True


def check_seal_of(content: bytes) -> bool:
    """Do the same for the content of a file."""
    return check_seal(io.BytesIO(content))


def _digest(file: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(min(BLOCK, size)):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()
