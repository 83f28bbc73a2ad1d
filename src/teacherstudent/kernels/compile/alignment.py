"""Arrays that are aligned to lines of the cache."""

import math

import numpy as np

LINE = 64  # bytes of a line of the cache, and of the longest vectors of a processor


def aligned_zeros(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Return an array of zeros that starts at a line; rows that fill whole lines start at a line too."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % LINE
    return np.ndarray(shape, dtype, memory, start)


def aligned(array: np.ndarray) -> np.ndarray:
    """Return a copy of an array that starts at a line, in C order."""
    copy = aligned_zeros(array.shape, array.dtype)
    copy[...] = array
    return copy
