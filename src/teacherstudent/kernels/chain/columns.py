"""Arithmetic on arrays whose last axis counts columns, each of which is a run.

Each loop over columns is in a function of one-dimensional arrays, which LLVM can vectorise. No operation
mixes columns.
"""

import numpy as np
from numba import njit

from teacherstudent.kernels.compile.flags import by_column
from teacherstudent.kernels.maths.philox import box_muller, random_bits
from teacherstudent.kernels.maths.special import fma

SMALLEST_SQUARE = 1e-290
ONE_BIT = np.int64(1)
# Less half the bits of a number, these are its inverse root to within 3.5 % (Lomont 2003).
INVERSE_ROOT_BITS = np.int64(0x5FE6EB50C7B537A9)


@by_column
def multiply(out, a, b):
    """out = a b."""
    for c in range(len(out)):
        out[c] = a[c] * b[c]


@by_column
def add_product(out, a, b):
    """out += a b."""
    for c in range(len(out)):
        out[c] = fma(a[c], b[c], out[c])


@by_column
def subtract(out, a, b):
    """out = a - b."""
    for c in range(len(out)):
        out[c] = a[c] - b[c]


@by_column
def sum_products(out, a, b):
    """out (C,) = sum_i a_i b_i over the rows of a and b, at least one."""
    multiply(out, a[0], b[0])
    for i in range(1, len(a)):
        add_product(out, a[i], b[i])


@by_column
def add_multiples(out, factor, b):
    """out_i += factor b_i for all rows; factor (C,)."""
    for i in range(len(out)):
        add_product(out[i], factor, b[i])


@by_column
def rotation(x, y, cosine, sine):
    """Find the rotations of vectors (x, y) to (length, 0).

    Parameters
    ----------
    x, y : arrays (C,)
        The vectors; x receives their lengths. Vectors so short that their square underflows are left as they
        are.
    cosine, sine : arrays (C,)
        Receive x / length and y / length, or 1 and 0 for a vector that is too short.
    """
    for c in range(len(x)):
        square = fma(x[c], x[c], y[c] * y[c])
        inverse, long = inverse_root(square), square > SMALLEST_SQUARE
        cosine[c] = x[c] * inverse if long else 1.0
        sine[c] = y[c] * inverse if long else 0.0
        x[c] = square * inverse if long else x[c]


@by_column
def rotate(x, y, cosine, sine):
    """Apply the rotations of `rotation` to the pairs (x, y), arrays (C,)."""
    for c in range(len(x)):
        old = x[c]
        x[c] = fma(cosine[c], old, sine[c] * y[c])
        y[c] = fma(cosine[c], y[c], -sine[c] * old)


@by_column
def rotate_out_of_zero(x, y, cosine, sine):
    """Apply them to the pairs (0, y), whatever x has been."""
    for c in range(len(x)):
        x[c] = sine[c] * y[c]
        y[c] = cosine[c] * y[c]


@njit(error_model="numpy", forceinline=True)
def inverse_root(x):
    """1 / sqrt x for a positive normal number, within a fraction 2e-16 of it.

    In a vector it takes a quarter of the time of root and division.
    """
    y = np.int64(INVERSE_ROOT_BITS - (np.float64(x).view(np.int64) >> ONE_BIT)).view(np.float64)
    return _better_inverse_root(x, _better_inverse_root(x, y))


@njit(error_model="numpy", forceinline=True)
def _better_inverse_root(x, y):
    """y / sqrt(1 - e) with e = 1 - x y^2, by its series up to e^3."""
    e = fma(-x * y, y, 1.0)
    return fma(y * e, fma(e, fma(e, 0.3125, 0.375), 0.5), y)


@by_column
def fill_normal_rows(out, count, bits, key0, key1, step, stream):
    """Fill rows with standard normals.

    Parameters
    ----------
    out : array (n, C)
        The first `count` rows, and up to three more, receive normals; column c those that
        `philox.fill_normals` draws with the key of c.
    count : int
        Number of rows.
    bits : array (2, C) of uint64
        Memory for random bits.
    key0, key1 : arrays (C,) of uint64
        Keys of the random numbers.
    step, stream : int
        Number of the step and of the stream, see `maths.philox`.
    """
    for i in range(0, count, 4):
        _fill_bits(bits[0], bits[1], i // 4, key0, key1, step, stream)
        _transform(out[i], out[i + 1], bits[0])
        _transform(out[i + 2], out[i + 3], bits[1])


@by_column
def _fill_bits(first, second, block, key0, key1, step, stream):
    """The random bits of one block for every column."""
    for c in range(len(first)):
        first[c], second[c] = random_bits(block, key0[c], key1[c], step, stream)


@by_column
def _transform(first, second, bits):
    """Two rows of normals from one of bits."""
    for c in range(len(bits)):
        first[c], second[c] = box_muller(bits[c])
