"""Global heaps of HDF5, which hold texts and have no checksum.

The HDF5 library (2.0 and earlier) does not return from reading a heap with an object of size zero. Therefore
heaps are checked before a file is opened. Their content is checked by the digest.
"""

import struct
from mmap import mmap

from teacherstudent.errors import RunError

MARK = b"GCOL\x01"  # signature and version
HEAD = struct.Struct("<8xQ")  # mark and three reserved bytes; size of the heap
OBJECT = struct.Struct("<H6xQ")  # index, 0 for free space; references; size
SIZES = 2**64  # sizes in the library have 64 bits


def check_heaps(content: bytes | mmap) -> None:
    """Raise RunError if an object of a heap takes no space."""
    start = content.find(MARK)
    while start >= 0:
        if start + HEAD.size <= len(content) and _is_endless(content, start):
            raise RunError(
                "it is damaged: a text takes no space in its heap; delete it and run the command again"
            )
        start = content.find(MARK, start + 1)


def _is_endless(content: bytes | mmap, start: int) -> bool:
    """Return whether a heap has an object that takes no space, at which the library would not stop."""
    end = min(start + HEAD.unpack_from(content, start)[0], len(content))
    position = start + HEAD.size
    while position + OBJECT.size <= end:
        index, size = OBJECT.unpack_from(content, position)
        # objects have a head and are aligned, free space counts all of itself
        space = (OBJECT.size + -(-size // 8) * 8) % SIZES if index else size
        if space == 0:
            return True
        position += space
    return False
