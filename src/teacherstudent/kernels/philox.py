"""Standard normal numbers as a function of (key, step, stream, position): Philox4x32-10 and Box-Muller.

Without a state, results do not depend on threads, order or batching. Salmon, Moraes, Dror, Shaw, "Parallel
random numbers: as easy as 1, 2, 3", SC 2011.

Throughout, key0 and key1 are the two uint32 words of the key, step is an int64 >= 0 and stream a uint32. The
counter of Philox is (number of the block, stream, low and high word of the step).
"""

import math

import numpy as np
from numba import njit

from teacherstudent.kernels.special import (
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

LOWEST_BIT = np.uint64(1)
LOWEST_BIT_32 = np.uint32(1)
MINUS_2_FLOAT32 = np.float32(-2.0)

BATCH = 512  # pairs of normals whose bits wait together in the first-level cache


@njit(cache=True, error_model="numpy", forceinline=True)
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


@njit(cache=True, error_model="numpy", forceinline=True)
def random_words(block, key0, key1, step, stream):
    """Four random 32-bit words, as uint64, for the number of a block."""
    low, high = np.uint64(step) & WORD_MASK, np.uint64(step) >> WORD_BITS
    return philox(
        np.uint64(block) & WORD_MASK, np.uint64(stream), low, high, np.uint64(key0), np.uint64(key1)
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def random_bits(block, key0, key1, step, stream):
    """Two random uint64 for the number of a block."""
    w0, w1, w2, w3 = random_words(block, key0, key1, step, stream)
    return (w0 << WORD_BITS) | w1, (w2 << WORD_BITS) | w3


@njit(cache=True, error_model="numpy", forceinline=True)
def box_muller(radius_bits, angle_bits):
    """
    Two independent standard normals from two random uint64.

    sqrt(-2 log u) (cos, sin)(angle) with u = (radius_bits, made odd) / 2^64: never 0, the radius reaches 9.4.
    """
    radius = math.sqrt(-2.0 * log(np.float64(radius_bits | LOWEST_BIT) * UNIT_64))
    sine, cosine = sincos_turns(angle_bits)
    return radius * cosine, radius * sine


@njit(cache=True, error_model="numpy", forceinline=True)
def box_muller_float32(radius_bits, angle_bits):
    """Two independent standard normals in single precision from two random uint32; the radius reaches 6.6."""
    u = np.float32(np.uint32(radius_bits | LOWEST_BIT_32)) * UNIT_32
    radius = np.float32(math.sqrt(MINUS_2_FLOAT32 * log_float32(u)))
    sine, cosine = sincos_turns_float32(angle_bits)
    return radius * cosine, radius * sine


@njit(cache=True, error_model="numpy", forceinline=True)
def normal_pair(pair, key0, key1, step, stream):
    """
    Elements 2 pair and 2 pair + 1 of what `fill_normals` fills.

    To be called in a loop over keys, streams or pairs, which vectorises if it is a function of its own with
    one-dimensional arrays as arguments; indexing rows of a matrix in the loop prevents it.
    """
    radius_bits, angle_bits = random_bits(pair, key0, key1, step, stream)
    return box_muller(radius_bits, angle_bits)


@njit(cache=True, error_model="numpy")
def normal(key0, key1, step, stream):
    """One standard normal: the first that `fill_normals` fills."""
    first, _ = normal_pair(0, key0, key1, step, stream)
    return first


@njit(cache=True, error_model="numpy")
def fill_normals(out, key0, key1, step, stream):
    """
    Fill a contiguous float64 array (n,) with standard normals.

    Element i depends on (key, step, stream, i) alone, bit for bit: a shorter array holds the beginning of a
    longer one. Filling n and then m elements repeats the n; distinct numbers need another step or stream.
    """
    radius_bits, angle_bits = np.empty(BATCH, np.uint64), np.empty(BATCH, np.uint64)
    for start in range(0, out.size, 2 * BATCH):
        part = out[start : start + 2 * BATCH]
        _fill_bits(radius_bits, angle_bits, (part.size + 1) // 2, start // 2, key0, key1, step, stream)
        _transform(radius_bits, angle_bits, part)


@njit(cache=True, error_model="numpy")
def _fill_bits(radius_bits, angle_bits, pairs, first, key0, key1, step, stream):
    """Fill in the bits of `pairs` pairs, beginning with the pair number `first`."""
    for i in range(pairs):
        radius_bits[i], angle_bits[i] = random_bits(first + i, key0, key1, step, stream)


@njit(cache=True, error_model="numpy")
def _transform(radius_bits, angle_bits, out):
    """Make out (n,) from the bits of its (n + 1) // 2 pairs."""
    pairs = out.size // 2
    for i in range(pairs):
        out[2 * i], out[2 * i + 1] = box_muller(radius_bits[i], angle_bits[i])
    if out.size % 2:
        out[2 * pairs], _ = box_muller(radius_bits[pairs], angle_bits[pairs])


@njit(cache=True, error_model="numpy")
def fill_normals_float32(out, key0, key1, step, stream):
    """
    Fill a contiguous float32 array (n,) with standard normals, four from each block of Philox.

    Like `fill_normals`, but other numbers: not its values rounded.
    """
    radius_bits, angle_bits = np.empty(BATCH, np.uint32), np.empty(BATCH, np.uint32)
    for start in range(0, out.size, 2 * BATCH):
        part = out[start : start + 2 * BATCH]
        _fill_bits_float32(
            radius_bits, angle_bits, (part.size + 3) // 4, start // 4, key0, key1, step, stream
        )
        _transform_float32(radius_bits, angle_bits, part)


@njit(cache=True, error_model="numpy")
def _fill_bits_float32(radius_bits, angle_bits, blocks, first, key0, key1, step, stream):
    """Like `_fill_bits`, for two pairs a block."""
    for i in range(blocks):
        w0, w1, w2, w3 = random_words(first + i, key0, key1, step, stream)
        radius_bits[2 * i], angle_bits[2 * i] = w0, w1
        radius_bits[2 * i + 1], angle_bits[2 * i + 1] = w2, w3


@njit(cache=True, error_model="numpy")
def _transform_float32(radius_bits, angle_bits, out):
    pairs = out.size // 2
    for i in range(pairs):
        out[2 * i], out[2 * i + 1] = box_muller_float32(radius_bits[i], angle_bits[i])
    if out.size % 2:
        out[2 * pairs], _ = box_muller_float32(radius_bits[pairs], angle_bits[pairs])
