"""Keys and random numbers of many runs, each run with the numbers that it has alone.

A key is the hash by `numpy.random.SeedSequence` of a list of words: M. E. O'Neill, "Developing a seed_seq
alternative" (2015). The constants are those of numpy, which promises that they do not change.
"""

import numpy as np

from teacherstudent.kernels.compile.flags import entry, exact
from teacherstudent.kernels.maths.chi_square import fill_chi
from teacherstudent.kernels.maths.philox import WORD_BITS, WORD_MASK, fill_normals

POOL = 4  # words of the state of the hash
LONGEST = 6  # words of a list: two of seed and run each, and those of purpose and part
HALF_WORD = np.uint64(16)
FIRST_A, NEXT_A = np.uint64(0x43B0D7E5), np.uint64(0x931E8875)
FIRST_B, NEXT_B = np.uint64(0x8B51F9DD), np.uint64(0x58F38DED)
LEFT, RIGHT = np.uint64(0xCA01F9DD), np.uint64(0x4973F715)


@entry
def fill_keys(keys, seed, runs, purpose, part):
    """Hash the words of a seed, a run and a purpose, and of a part if it is not 0, to the keys of some runs.

    Parameters
    ----------
    keys : (n, 2) uint64 array
        Receives the keys, words below 2^32.
    seed : uint64
        Seed of all random numbers.
    runs : (n,) uint64 array
        Number of each run.
    purpose, part : uint64
        Purpose of the random numbers, and number of the part; below 2^32.
    """
    pool, words = np.empty(POOL, np.uint64), np.empty(LONGEST, np.uint64)
    for i in range(len(keys)):
        count = _append(words, _append(words, 0, seed), runs[i])
        words[count], words[count + 1] = purpose, part
        _mix_all(pool, words[: count + (2 if part > 0 else 1)])
        factor = FIRST_B
        for j in range(2):
            word = pool[j] ^ factor
            factor = (factor * NEXT_B) & WORD_MASK
            keys[i, j] = _folded(word * factor)


@exact
def _append(words, count, number):
    """Append the words of a number, the lowest first, to `count` words; return the new count."""
    words[count] = number & WORD_MASK
    if number >> WORD_BITS == 0:
        return count + 1
    words[count + 1] = number >> WORD_BITS
    return count + 2


@exact
def _mix_all(pool, words):
    """Set the pool of the hash to that of a list of words."""
    factor = FIRST_A
    for i in range(POOL):
        pool[i], factor = _hashed(words[i] if i < len(words) else np.uint64(0), factor)
    for source in range(POOL):
        for i in range(POOL):
            if i != source:
                word, factor = _hashed(pool[source], factor)
                pool[i] = _folded(LEFT * pool[i] - RIGHT * word)
    for source in range(POOL, len(words)):
        for i in range(POOL):
            word, factor = _hashed(words[source], factor)
            pool[i] = _folded(LEFT * pool[i] - RIGHT * word)


@exact
def _hashed(word, factor):
    """Return the hash of a word, and the next factor."""
    following = (factor * NEXT_A) & WORD_MASK
    return _folded((word ^ factor) * following), following


@exact
def _folded(word):
    """Return the low 32 bits of a word, the lower half of them changed by the upper half."""
    low = word & WORD_MASK
    return low ^ (low >> HALF_WORD)


@entry
def fill_normals_of_runs(out, keys):
    """Fill the row of each run with standard normals, those of `philox.fill_normals` in step and stream 0.

    Parameters
    ----------
    out : (runs, n) array
        Receives the normals.
    keys : (runs, 2) uint64 array
        The key of each run.
    """
    for i in range(len(out)):
        fill_normals(out[i], keys[i, 0], keys[i, 1], 0, 0)


@entry
def fill_chi_of_runs(out, degrees, keys):
    """Fill the row of each run with square roots of chi-square variates, those of `chi_square.fill_chi`.

    Parameters
    ----------
    out : (runs, n) array
        Receives the variates.
    degrees : (n,) int array
        Degrees of freedom, >= 0, the same for all runs.
    keys : (runs, 2) uint64 array
        The key of each run.
    """
    for i in range(len(out)):
        fill_chi(out[i], degrees, keys[i, 0], keys[i, 1])
