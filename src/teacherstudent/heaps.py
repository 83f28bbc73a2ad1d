"""Global heaps of HDF5, which hold texts and have no checksum.

The HDF5 library never returns from reading a damaged one in which an object takes no space (seen in versions 1.10
to 2.0). Hence they are looked at before a file is opened; whether their content is right the digest tells.
"""

import struct
from mmap import mmap

from teacherstudent.errors import RunError

MARK = b"GCOL\x01\x00\x00\x00"  # how a heap begins: signature, version 1, three reserved bytes
HEAD = struct.Struct("<8xQ")  # mark; size of the heap
OBJECT = struct.Struct("<H6xQ")  # index, 0 for free space; references; size


def check_heaps(content: bytes | mmap) -> None:
    """Raise RunError where the objects of a heap do not fill it."""
    start = content.find(MARK)
    while start >= 0:
        if not _is_filled(content, start):
            raise RunError("it is damaged: a heap of texts is not filled; make it again")
        start = content.find(MARK, start + 1)


def _is_filled(content: bytes | mmap, start: int) -> bool:
    """Return whether one object follows another up to the end of a heap, each with some space."""
    if start + HEAD.size > len(content):
        return False
    end = start + HEAD.unpack_from(content, start)[0]
    position = start + HEAD.size
    while position + OBJECT.size <= min(end, len(content)):
        index, size = OBJECT.unpack_from(content, position)
        space = OBJECT.size + -(-size // 8) * 8 if index else size  # objects are aligned, free space has no head
        if space == 0:
            return False
        position += space
    return position <= end
