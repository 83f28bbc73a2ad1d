"""Standard normal numbers as a function of (key, step, stream, index): Philox4x32-10 and Box-Muller.

The generator has no state, so results do not depend on threads, order or batching. J. K. Salmon, M. A.
Moraes, R. O. Dror & D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; G. E. P. Box & M. E.
Muller, Ann. Math. Stat. 29 (1958) 610.

Throughout, key0 and key1 are the two uint32 words of the key, step is an int64 >= 0 and stream a uint32. The
counter of Philox is (number of the block, stream, low and high word of the step).
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import entry, exact, scalar
from teacherstudent.kernels.maths.special import UNIT_64, log, sincos_turns

# Words of 32 bits are in lanes of 64 bits, as the multiplication of the vector unit requires.
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

# Uniform numbers in [0, 1): UNIT_53 times the bits of a random word that fit in a double.
LOW_BITS = np.uint64(11)  # the bits that do not fit
UNIT_53 = 2.0**-53

BLOCK = 4  # normals of one block, that is, of one counter
PART = 1024  # normals whose bits are in the first-level cache at the same time


@scalar
def philox(c0, c1, c2, c3, key0, key1):
    """Return the output of Philox4x32-10 (Salmon et al. 2011) for a counter and a key.

    Each of the ten rounds maps (c0, c1, c2, c3) to (hi(M1 c2) ^ c1 ^ key0, lo(M1 c2), hi(M0 c0) ^ c3 ^ key1,
    lo(M0 c0)), with the high and low words of products, and then adds the Weyl constants to the key.

    Parameters
    ----------
    c0, c1, c2, c3 : uint64
        Words of the counter, below 2^32.
    key0, key1 : uint64
        Words of the key, below 2^32.

    Returns
    -------
    tuple of uint64
        Four random words below 2^32.
    """
    for _ in range(ROUNDS):
        product0 = MULTIPLIER_0 * (c0 & WORD_MASK)
        product1 = MULTIPLIER_1 * (c2 & WORD_MASK)
        # The upper 32 bits of words are not zero here; they are masked where they would change the result.
        c0, c1 = (product1 >> WORD_BITS) ^ c1 ^ key0, product1
        c2, c3 = (product0 >> WORD_BITS) ^ c3 ^ key1, product0
        key0 = (key0 + WEYL_0) & WORD_MASK
        key1 = (key1 + WEYL_1) & WORD_MASK
    return c0 & WORD_MASK, c1 & WORD_MASK, c2 & WORD_MASK, c3 & WORD_MASK


@scalar
def random_words(block, key0, key1, step, stream):
    """Return the four random words of 32 bits of a block.

    Parameters
    ----------
    block : int
        Number of the block, below 2^32.
    key0, key1 : uint64
        Words of the key, below 2^32.
    step : int
        Number of the step, >= 0.
    stream : int
        Number of the stream within the step, below 2^32.

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
    """Return the random bits of a block as two uint64.

    Parameters
    ----------
    block, key0, key1, step, stream
        As in `random_words`.

    Returns
    -------
    tuple of uint64
        Two numbers of 64 random bits.
    """
    w0, w1, w2, w3 = random_words(block, key0, key1, step, stream)
    return (w0 << WORD_BITS) | w1, (w2 << WORD_BITS) | w3


@scalar
def box_muller(bits):
    """Return two independent standard normals from a random uint64, whose low word gives the angle.

    They are sqrt(-2 log u) (cos, sin)(angle) with u = (high word + f) / 2^32 (Box & Muller 1958). The
    fraction 0 < f < 1 is the word of the angle with its halves exchanged, so that f and the angle have no
    leading digits in common. Thus u has 64 bits and is never 0, and the largest radius is 9.4.
    """
    fraction = ((bits << HALF_WORD) & UPPER_HALF) | ((bits >> HALF_WORD) & LOWER_HALF)
    u = np.float64((bits & ~WORD_MASK) | fraction | LOWEST_BIT) * UNIT_64
    radius = math.sqrt(-2.0 * log(u))
    sine, cosine = sincos_turns(bits << WORD_BITS)
    return radius * cosine, radius * sine


@scalar
def four_normals(block, key0, key1, step, stream):
    """Return the elements 4 block, ..., 4 block + 3 of the normals of `fill_normals`.

    A loop of calls over keys, streams or blocks is vectorised if it is in its own function of one-dimensional
    arrays; rows of a matrix as arrays in the loop prevent it.

    Parameters
    ----------
    block, key0, key1, step, stream
        As in `random_words`.

    Returns
    -------
    tuple of float
        Four independent standard normals.
    """
    first, second = random_bits(block, key0, key1, step, stream)
    return *box_muller(first), *box_muller(second)


@exact
def normal(key0, key1, step, stream):
    """Return one standard normal: element 0 of the normals of `fill_normals`.

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
    """Fill an array with independent standard normals.

    The bits of element i depend only on (key, step, stream, i): a shorter array has the first elements of a
    longer one. Independent numbers need another key, step or stream.

    Parameters
    ----------
    out : (n,) array
        Receives the normals. Contiguous, float64.
    key0, key1 : uint64
        Words of the key, below 2^32.
    step : int
        Number of the step, >= 0.
    stream : int
        Number of the stream within the step, below 2^32.
    """
    fill_normals_from(0, out, key0, key1, step, stream)


@entry
def fill_normals_from(first, out, key0, key1, step, stream):
    """Fill an array with the elements `first`, ..., `first` + n - 1 of the normals of `fill_normals`.

    Parameters
    ----------
    first : int
        Index of the first element, a multiple of 4.
    out : (n,) array
        Receives the normals. Contiguous, float64.
    key0, key1, step, stream
        As in `fill_normals`.
    """
    bits = np.empty(PART // 2, np.uint64)
    for start in range(0, out.size, PART):
        fill_part(out[start : start + PART], bits, first + start, key0, key1, step, stream)


@exact
def fill_part(out, bits, start, key0, key1, step, stream):
    """Fill an array with the elements `start`, ..., `start` + n - 1 of the normals of `fill_normals`.

    Parameters
    ----------
    out : (n,) array
        Receives the normals; n <= PART.
    bits : (PART / 2,) uint64 array
        Work space.
    start : int
        Index of the first element, a multiple of 4.
    key0, key1, step, stream
        As in `fill_normals`.
    """
    fill_bits(bits, (out.size + 3) // 4, start // 4, key0, key1, step, stream)
    _transform(bits, out)


@exact
def fill_bits(bits, blocks, first, key0, key1, step, stream):
    """Fill an array with the random bits of consecutive blocks.

    Parameters
    ----------
    bits : (n,) uint64 array
        Receives two numbers per block; n >= 2 blocks.
    blocks, first : int
        How many blocks, and the number of the first one.
    key0, key1, step, stream
        As in `random_words`.
    """
    for i in range(blocks):
        bits[2 * i], bits[2 * i + 1] = random_bits(first + i, key0, key1, step, stream)


@exact
def _transform(bits, out):
    """Fill out (n,) with normals from the random bits of its (n + 1) // 2 pairs."""
    pairs = out.size // 2
    for i in range(pairs):
        out[2 * i], out[2 * i + 1] = box_muller(bits[i])
    if out.size % 2:
        out[2 * pairs], _ = box_muller(bits[pairs])
