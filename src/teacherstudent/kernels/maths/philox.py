"""Standard normal numbers as a function of (key, step, stream, position): Philox4x32-10 and Box-Muller.

Without a state, results do not depend on threads, order or batching. Salmon, Moraes, Dror, Shaw, "Parallel
random numbers: as easy as 1, 2, 3", SC 2011.

Throughout, key0 and key1 are the two uint32 words of the key, step is an int64 >= 0 and stream a uint32. The
counter of Philox is (number of the block, stream, low and high word of the step).
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from teacherstudent.kernels.compile.flags import entry, exact, scalar
from teacherstudent.kernels.maths.special import (
    UNIT_32,
    UNIT_64,
    log,
    log_float32,
    sincos_turns,
    sincos_turns_float32,
)

# The 32-bit words live in 64-bit lanes, the form of the vector unit's multiplication.
WORD_BITS = np.uint64(32)
WORD_MASK = np.uint64(0xFFFFFFFF)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)
ROUNDS = 10

HALF_WORD = np.uint64(16)
LOWER_HALF = np.uint64(0xFFFF)
UPPER_HALF = np.uint64(0xFFFF0000)
LOWEST_BIT = np.uint64(1)
LOWEST_BIT_32 = np.uint32(1)
MINUS_2_FLOAT32 = np.float32(-2.0)

BLOCK = 4  # normals that are drawn together
PART = 1024  # normals whose bits wait together in the first-level cache


@scalar
def philox(c0, c1, c2, c3, key0, key1):
    """Philox4x32-10 of the counter (c0, c1, c2, c3); each word, given or returned, is a uint64 < 2^32."""
    for _ in range(ROUNDS):
        product0 = MULTIPLIER_0 * (c0 & WORD_MASK)
        product1 = MULTIPLIER_1 * (c2 & WORD_MASK)
        # Words keep rubbish above their 32 bits, masked where it would matter.
        c0, c1 = (product1 >> WORD_BITS) ^ c1 ^ key0, product1
        c2, c3 = (product0 >> WORD_BITS) ^ c3 ^ key1, product0
        key0 = (key0 + WEYL_0) & WORD_MASK
        key1 = (key1 + WEYL_1) & WORD_MASK
    return c0 & WORD_MASK, c1 & WORD_MASK, c2 & WORD_MASK, c3 & WORD_MASK


@scalar
def random_words(block, key0, key1, step, stream):
    """Four random 32-bit words for the number of a block.

    Parameters
    ----------
    block : int
        Number of the block.
    key0, key1 : uint64
        Key: the two words that name a stream of random numbers.
    step, stream : int
        Counters within the key; numbers differ where one of them does.

    Returns
    -------
    tuple of uint64
        Four words below 2^32.
    """
    low, high = np.uint64(step) & WORD_MASK, np.uint64(step) >> WORD_BITS
    return philox(
        np.uint64(block) & WORD_MASK, np.uint64(stream), low, high, np.uint64(key0), np.uint64(key1)
    )


@scalar
def random_bits(block, key0, key1, step, stream):
    """Two random uint64 for the number of a block.

    Parameters
    ----------
    block, key0, key1, step, stream
        As in `random_words`.

    Returns
    -------
    tuple of uint64
    """
    w0, w1, w2, w3 = random_words(block, key0, key1, step, stream)
    return (w0 << WORD_BITS) | w1, (w2 << WORD_BITS) | w3


@scalar
def box_muller(bits):
    """
    Two independent standard normals from a random uint64, half of it for the angle.

    sqrt(-2 log u) (cos, sin)(angle) with u = (high word + f) / 2^32. The fraction 0 < f < 1 is the word of
    the angle with its halves swapped, so that f and the angle share no leading digits. Thus u has 64 bits,
    is never 0, and the radius reaches 9.4.
    """
    fraction = ((bits << HALF_WORD) & UPPER_HALF) | ((bits >> HALF_WORD) & LOWER_HALF)
    u = np.float64((bits & ~WORD_MASK) | fraction | LOWEST_BIT) * UNIT_64
    radius = math.sqrt(-2.0 * log(u))
    sine, cosine = sincos_turns(bits << WORD_BITS)
    return radius * cosine, radius * sine


@scalar
def box_muller_float32(bits):
    """The same in single precision, where u is the high word alone; the radius reaches 6.6."""
    high = np.uint32(bits >> WORD_BITS)
    u = np.float32(np.uint32(high | LOWEST_BIT_32)) * UNIT_32
    radius = np.float32(math.sqrt(MINUS_2_FLOAT32 * log_float32(u)))
    sine, cosine = sincos_turns_float32(np.uint32(bits))
    return radius * cosine, radius * sine


@scalar
def four_normals(block, key0, key1, step, stream):
    """
    Elements 4 block to 4 block + 3 of what `fill_normals` fills.

    To be called in a loop over keys, streams or blocks, which vectorises if it is a function of its own with
    one-dimensional arrays as arguments; indexing rows of a matrix in the loop prevents it.

    Parameters
    ----------
    block, key0, key1, step, stream
        As in `random_words`.

    Returns
    -------
    tuple of float
    """
    first, second = random_bits(block, key0, key1, step, stream)
    return *box_muller(first), *box_muller(second)


@exact
def normal(key0, key1, step, stream):
    """One standard normal: the first that `fill_normals` fills.

    Parameters
    ----------
    key0, key1, step, stream
        As in `random_words`.

    Returns
    -------
    float
    """
    return four_normals(0, key0, key1, step, stream)[0]


@entry
def fill_normals(out, key0, key1, step, stream):
    """
    Fill a contiguous float64 or float32 array (n,) with standard normals.

    Element i depends on (key, step, stream, i) and the precision alone, bit for bit: a shorter array holds
    the beginning of a longer one. Filling n and then m elements repeats the n; distinct numbers need another
    step or stream.

    Parameters
    ----------
    out : (n,) array
        Contiguous, float64 or float32.
    key0, key1 : uint64
        Key: the two words that name a stream of random numbers.
    step, stream : int
        Counters within the key; numbers differ where one of them does.
    """
    fill_normals_from(0, out, key0, key1, step, stream)


@entry
def fill_normals_from(first, out, key0, key1, step, stream):
    """Fill an array with elements from the middle of one that `fill_normals` fills.

    Parameters
    ----------
    first : int
        Number of its first element, a multiple of 4.
    out : (n,) array
        Contiguous, float64 or float32.
    key0, key1, step, stream
        As in `fill_normals`.
    """
    bits = np.empty(PART // 2, np.uint64)
    for start in range(0, out.size, PART):
        fill_part(out[start : start + PART], bits, first + start, key0, key1, step, stream)


@exact
def fill_part(out, bits, start, key0, key1, step, stream):
    """Fill at most PART elements from the middle of an array that `fill_normals` fills.

    Parameters
    ----------
    out : (n,) array
        n at most PART.
    bits : (PART / 2,) uint64 array
        Work space.
    start : int
        Number of the first element, a multiple of 4.
    key0, key1, step, stream
        As in `fill_normals`.
    """
    fill_bits(bits, (out.size + 3) // 4, start // 4, key0, key1, step, stream)
    _transform(bits, out)


@exact
def fill_bits(bits, blocks, first, key0, key1, step, stream):
    """Fill an array with the bits of consecutive blocks.

    Parameters
    ----------
    bits : (2 blocks or more,) uint64 array
        Two numbers for each block.
    blocks, first : int
        Number of blocks, and number of the first one.
    key0, key1, step, stream
        As in `random_words`.
    """
    for i in range(blocks):
        bits[2 * i], bits[2 * i + 1] = random_bits(first + i, key0, key1, step, stream)


def _transform(bits, out):
    """Make out (n,) from the bits of its (n + 1) // 2 pairs."""
    transform = _transform_float32 if out.dtype == np.float32 else _transform_float64
    transform(bits, out)


@overload(_transform)
def _compiled_transform(bits, out):
    return _transform_float32 if out.dtype == types.float32 else _transform_float64


def _transform_float64(bits, out):
    pairs = out.size // 2
    for i in range(pairs):
        out[2 * i], out[2 * i + 1] = box_muller(bits[i])
    if out.size % 2:
        out[2 * pairs], _ = box_muller(bits[pairs])


def _transform_float32(bits, out):
    pairs = out.size // 2
    for i in range(pairs):
        out[2 * i], out[2 * i + 1] = box_muller_float32(bits[i])
    if out.size % 2:
        out[2 * pairs], _ = box_muller_float32(bits[pairs])
