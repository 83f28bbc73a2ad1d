"""Standard normal numbers in single precision, for the inputs of networks: Philox4x32-10 and Box-Muller.

The random bits are those of `philox`, but logarithm, sine and cosine are computed in single precision, in
half of the time. Arrays in double precision receive the same numbers. Of the two words of a pair one gives
the radius sqrt(-2 log u), u = (odd word) / 2^32, and the other one the angle. Thus

* u has 2^31 values with the same probability; the largest absolute value is sqrt(64 log 2) = 6.66, which that
  of a normal number exceeds with the probability 3e-11;
* the radius is at least 2.2e-5, with a relative error below 3e-7 everywhere;
* next to 0 the numbers have a spacing of 1.5e-9 times the radius: the angle in a quadrant has 30 bits.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from teacherstudent.kernels.compile.flags import entry, rounded, scalar
from teacherstudent.kernels.maths.philox import PART, WORD_BITS, fill_bits
from teacherstudent.kernels.maths.special import log_of_word, sincos_turns_float32

MINUS_2_FLOAT32 = np.float32(-2.0)


@scalar
def box_muller_float32(bits):
    """Return two independent standard normals from a random uint64, whose low word gives the angle."""
    return _from_words(np.uint32(bits >> WORD_BITS), np.uint32(bits))


@scalar
def _from_words(high, low):
    """Return `box_muller_float32` of two words."""
    radius = np.float32(math.sqrt(MINUS_2_FLOAT32 * log_of_word(high)))
    sine, cosine = sincos_turns_float32(low)
    return radius * cosine, radius * sine


@entry
def fill_single_normals(out, key0, key1, step, stream):
    """Fill an array with independent standard normals of single precision.

    Element i depends only on (key, step, stream, i): it is the same number in both precisions of the array,
    and a shorter array has the first elements of a longer one.

    Parameters
    ----------
    out : (n,) array
        Receives the normals. Contiguous, float64 or float32.
    key0, key1 : uint64
        Words of the key, below 2^32.
    step : int
        Number of the step, >= 0.
    stream : int
        Number of the stream within the step, below 2^32.
    """
    work = np.empty(PART, np.uint64)
    for start in range(0, out.size, PART):
        fill_single_part(out[start : start + PART], work, start, key0, key1, step, stream)


@rounded
def fill_single_part(out, work, start, key0, key1, step, stream):
    """Fill an array with the elements `start`, ..., `start` + n - 1 of the normals of `fill_single_normals`.

    Parameters
    ----------
    out : (n,) array
        Receives the normals; n <= PART.
    work : (PART,) uint64 array
        Work space: random bits, and normals that have single precision.
    start : int
        Index of the first element, a multiple of 4.
    key0, key1, step, stream
        As in `fill_single_normals`.
    """
    fill_bits(work, (out.size + 3) // 4, start // 4, key0, key1, step, stream)
    words = work.view(np.uint32)
    _transform(words[:PART], words[PART:].view(np.float32), out)


def _transform(words, singles, out):
    """Fill out (n,) with normals from the words of its pairs; `singles` (PART,) is work space."""
    transform = _transform_float32 if out.dtype == np.float32 else _transform_float64
    transform(words, singles, out)


@overload(_transform)
def _compiled_transform(words, singles, out):
    """Return the implementation for the precision of `out`."""
    return _transform_float32 if out.dtype == types.float32 else _transform_float64


def _transform_float32(words, singles, out):
    """Implement `_transform` in single precision."""
    _transform_words(words, out)


def _transform_float64(words, singles, out):
    """Implement `_transform` in double precision; in one loop the two lengths of vectors would be slower."""
    _transform_words(words, singles[: out.size])
    _widen(singles, out)


@rounded
def _transform_words(words, out):
    """Fill out (n,) with normals from the words of its pairs, the low one first.

    Without numbers of 64 bits the vectors of the loop are twice as long.
    """
    pairs = out.size // 2
    for i in range(pairs):
        out[2 * i], out[2 * i + 1] = _from_words(words[2 * i + 1], words[2 * i])
    if out.size % 2:
        out[2 * pairs], _ = _from_words(words[2 * pairs + 1], words[2 * pairs])


@rounded
def _widen(singles, out):
    """Copy the first numbers of an array to one of another precision."""
    for i in range(out.size):
        out[i] = singles[i]
