"""Arrays that start at a line of the cache."""

import math

import numpy as np

LINE = 64  # bytes, of the cache and of the longest vectors


def aligned_zeros(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Return zeros that start at a line; each row does where a row has whole lines."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def aligned(array: np.ndarray) -> np.ndarray:
    """Copy an array to such memory, in C order."""
    copy = aligned_zeros(array.shape, array.dtype)
    copy[...] = array
    return copy
