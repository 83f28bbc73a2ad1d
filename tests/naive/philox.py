"""Slow, obvious twin of kernels.philox: integers and `math`, one number after the other."""

import math

import numpy as np

WORD = 2**32


def philox(counter, key):
    """Philox4x32-10 as Salmon et al. 2011 write it: four words for four words and a key of two."""
    left0, right0, left1, right1 = counter
    key0, key1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * left0, WORD)
        high1, low1 = divmod(0xCD9E8D57 * left1, WORD)
        left0, right0, left1, right1 = high1 ^ right0 ^ key0, low1, high0 ^ right1 ^ key1, low0
        key0 = (key0 + 0x9E3779B9) % WORD
        key1 = (key1 + 0xBB67AE85) % WORD
    return left0, right0, left1, right1


def words(block, key, step, stream):
    step_high, step_low = divmod(step, WORD)
    return philox((block, stream, step_low, step_high), key)


def box_muller(u, angle):
    """Two normals from 0 < u <= 1 and the angle in turns, which starts at an eighth before zero."""
    radius = math.sqrt(-2.0 * math.log(u))
    phi = 2.0 * math.pi * (angle - 0.125)
    return [radius * math.cos(phi), radius * math.sin(phi)]


def normals(n, key, step, stream):
    numbers = []
    for high, low in pairs_of_words(n, key, step, stream):
        upper_half, lower_half = divmod(low, 2**16)
        u = ((high * WORD + lower_half * 2**16 + upper_half) | 1) / 2**64
        numbers += box_muller(u, low / WORD)
    return np.array(numbers[:n])


def single_normals(n, key, step, stream):
    """Those of single precision, without their rounding: one word determines the radius."""
    numbers = []
    for high, low in pairs_of_words(n, key, step, stream):
        numbers += box_muller((high | 1) / WORD, low / WORD)
    return np.array(numbers[:n])


def pairs_of_words(n, key, step, stream):
    """The words of each of the pairs that n normals need."""
    for block in range((n + 3) // 4):
        w0, w1, w2, w3 = words(block, key, step, stream)
        yield from [(w0, w1), (w2, w3)]
