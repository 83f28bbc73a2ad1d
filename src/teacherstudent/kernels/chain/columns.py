"""Arithmetic on arrays whose last axis counts columns, each of which is a run.

Each loop over columns is in a function of one-dimensional arrays, so that LLVM can vectorise it. No operation
combines different columns. The arrays of a `column_loop` are different rows.
"""

import numpy as np

from teacherstudent.kernels.compile.flags import by_column, column_loop, exact_part
from teacherstudent.kernels.maths.philox import box_muller, random_bits
from teacherstudent.kernels.maths.special import fma

SMALLEST_SQUARE = 1e-290  # of the length of vectors that are rotated
ONE_BIT = np.int64(1)
# These bits minus half the bits of a number x are 1 / sqrt x within 3.5 %: C. Lomont, "Fast inverse square
# root", technical report, Purdue University, 2003.
INVERSE_ROOT_BITS = np.int64(0x5FE6EB50C7B537A9)


@column_loop
def multiply(out, a, b):
    """Compute out = a b.

    Parameters
    ----------
    out : array (C,)
        Receives the products.
    a, b : array (C,)
        The factors.
    """
    for c in range(len(out)):
        out[c] = a[c] * b[c]


@column_loop
def rescale(out, factor):
    """Compute out *= factor, both (C,)."""
    for c in range(len(out)):
        out[c] *= factor[c]


@column_loop
def copy(out, a):
    """Copy a to out, both (C,)."""
    for c in range(len(out)):
        out[c] = a[c]


@column_loop
def clear(out):
    """Set out (C,) to zero."""
    for c in range(len(out)):
        out[c] = 0.0


@column_loop
def add_product(out, a, b):
    """Compute out += a b, with one rounding.

    Parameters
    ----------
    out : array (C,)
        Changed in place.
    a, b : array (C,)
        The factors.
    """
    for c in range(len(out)):
        out[c] = fma(a[c], b[c], out[c])


@column_loop
def subtract(out, a):
    """Compute out -= a, both (C,)."""
    for c in range(len(out)):
        out[c] -= a[c]


@by_column
def sum_products(out, a, b):
    """Compute out = sum_i a_i b_i over the rows of a and b.

    Parameters
    ----------
    out : array (C,)
        Receives the sums.
    a, b : array (n, C)
        The factors, n >= 1. `b` may have more rows; these are not used.
    """
    n = len(a)
    if n == 1:
        multiply(out, a[0], b[0])
    else:
        _sum_two_products(out, a[0], b[0], a[1], b[1])
    for i in range(2, n - 1, 2):
        _add_two_products(out, a[i], b[i], a[i + 1], b[i + 1])
    if n > 2 and n % 2 > 0:
        add_product(out, a[n - 1], b[n - 1])


@column_loop
def _sum_two_products(out, a, b, c, d):
    """Compute out = a b + c d, all (C,)."""
    for i in range(len(out)):
        out[i] = fma(c[i], d[i], a[i] * b[i])


@column_loop
def _add_two_products(out, a, b, c, d):
    """Compute out = (out + a b) + c d, all (C,)."""
    for i in range(len(out)):
        out[i] = fma(c[i], d[i], fma(a[i], b[i], out[i]))


@by_column
def add_multiples(out, factor, b):
    """Compute out_i += factor b_i for all rows i of out.

    Parameters
    ----------
    out : array (n, C)
        Changed in place.
    factor : array (C,)
        Factor of each column.
    b : array (n, C)
        Terms. It may have more rows; these are not used.
    """
    n = len(out)
    for i in range(0, n - 1, 2):
        _add_two_multiples(out[i], out[i + 1], factor, b[i], b[i + 1])
    if n % 2 > 0:
        add_product(out[n - 1], factor, b[n - 1])


@column_loop
def _add_two_multiples(out, other, factor, a, b):
    """Compute out += factor a and other += factor b, all (C,)."""
    for c in range(len(out)):
        out[c] = fma(factor[c], a[c], out[c])
        other[c] = fma(factor[c], b[c], other[c])


@column_loop
def rotation(x, y, cosine, sine):
    """Find the rotations of vectors (x, y) to (length, 0): Givens rotations.

    Parameters
    ----------
    x, y : array (C,)
        The vectors; x receives their lengths. Vectors whose squared length is at most SMALLEST_SQUARE are not
        rotated.
    cosine, sine : array (C,)
        Receive x / length and y / length, or 1 and 0 for a vector that is not rotated.
    """
    for c in range(len(x)):
        square = fma(x[c], x[c], y[c] * y[c])
        inverse, long = inverse_root(square), square > SMALLEST_SQUARE
        cosine[c] = x[c] * inverse if long else 1.0
        sine[c] = y[c] * inverse if long else 0.0
        x[c] = square * inverse if long else x[c]


@column_loop
def rotate(x, y, cosine, sine):
    """Apply rotations to the pairs (x, y).

    Parameters
    ----------
    x, y : array (C,)
        Changed in place: to cosine x + sine y and cosine y - sine x.
    cosine, sine : array (C,)
        The rotations, from `rotation`.
    """
    for c in range(len(x)):
        old = x[c]
        x[c] = fma(cosine[c], old, sine[c] * y[c])
        y[c] = fma(cosine[c], y[c], -sine[c] * old)


@column_loop
def rotate_two(x, y, other_x, other_y, cosine, sine):
    """Apply the same rotations to two pairs (x, y), as `rotate` does.

    Parameters
    ----------
    x, y, other_x, other_y : array (C,)
        Changed in place.
    cosine, sine : array (C,)
        The rotations, from `rotation`.
    """
    for c in range(len(x)):
        old, other = x[c], other_x[c]
        x[c] = fma(cosine[c], old, sine[c] * y[c])
        y[c] = fma(cosine[c], y[c], -sine[c] * old)
        other_x[c] = fma(cosine[c], other, sine[c] * other_y[c])
        other_y[c] = fma(cosine[c], other_y[c], -sine[c] * other)


@by_column
def rotate_rows(S, first, x, y, cosine, sine):
    """Apply rotations to the pairs (S[k, x], S[k, y]) of the rows k from `first` on.

    Parameters
    ----------
    S : array (K, n, C)
        Changed in place.
    first : int
        The first row.
    x, y : int
        The two axes.
    cosine, sine : array (C,)
        The rotations, from `rotation`.
    """
    K = len(S)
    for k in range(first, K - 1, 2):
        rotate_two(S[k, x], S[k, y], S[k + 1, x], S[k + 1, y], cosine, sine)
    if (K - first) % 2 > 0:
        rotate(S[K - 1, x], S[K - 1, y], cosine, sine)


@column_loop
def rotate_out_of_zero(x, y, cosine, sine):
    """Apply rotations to the pairs (0, y); the old content of x is not used.

    Parameters
    ----------
    x : array (C,)
        Receives sine y.
    y : array (C,)
        Changed in place to cosine y.
    cosine, sine : array (C,)
        The rotations, from `rotation`.
    """
    for c in range(len(x)):
        x[c] = sine[c] * y[c]
        y[c] = cosine[c] * y[c]


@exact_part
def inverse_root(x):
    """Return 1 / sqrt x of a positive normal number, with a relative error below 2e-16.

    In a vectorised loop it takes a quarter of the time of a square root and a division.
    """
    y = np.int64(INVERSE_ROOT_BITS - (np.float64(x).view(np.int64) >> ONE_BIT)).view(np.float64)
    return _better_inverse_root(x, _better_inverse_root(x, y))


@exact_part
def _better_inverse_root(x, y):
    """Return y / sqrt(1 - e) with e = 1 - x y^2, by its Taylor series up to e^3."""
    e = fma(-x * y, y, 1.0)
    return fma(y * e, fma(e, fma(e, 0.3125, 0.375), 0.5), y)


@by_column
def fill_normal_rows(out, count, bits, key0, key1, step, stream):
    """Fill rows with standard normals.

    Parameters
    ----------
    out : array (n, C)
        The first `count` rows, and up to three more, receive normals; column c has those that
        `philox.fill_normals` draws with the key of c. n is at least `count`, rounded up to a multiple of 4.
    count : int
        Number of rows.
    bits : array (2, C) of uint64
        Work space for random bits.
    key0, key1 : array (C,) of uint64
        Keys of the random numbers.
    step, stream : int
        Numbers of the step and of the stream, see `maths.philox`.
    """
    for i in range(0, count, 4):
        _fill_bits(bits[0], bits[1], i // 4, key0, key1, step, stream)
        _transform(out[i], out[i + 1], bits[0])
        _transform(out[i + 2], out[i + 3], bits[1])


@column_loop
def _fill_bits(first, second, block, key0, key1, step, stream):
    """Fill two rows with the random bits of one block for every column."""
    for c in range(len(first)):
        first[c], second[c] = random_bits(block, key0[c], key1[c], step, stream)


@column_loop
def _transform(first, second, bits):
    """Turn one row of random bits into two rows of normals."""
    for c in range(len(bits)):
        first[c], second[c] = box_muller(bits[c])
