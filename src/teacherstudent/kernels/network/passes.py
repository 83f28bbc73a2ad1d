"""Passes (epochs) through a finite training set: each visits every sample once, in its own random order."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import exact, inner, part
from teacherstudent.kernels.maths.philox import PART, fill_bits

LOW_BITS = np.uint64(11)  # what a double cannot hold of a random word of 64 bits
UNIT_53 = 2.0**-53
STEP, PASS, INDEX, ORDERED = range(4)  # entries of `Passes.at`


class Passes(NamedTuple):
    """Memory for the order of one pass, which is computed again when another pass starts."""

    order: np.ndarray  # (samples,) int32, a permutation; of length 0 where training makes no passes
    at: np.ndarray  # (4,) int64: next step, pass and index of its first sample; pass with this order
    bits: np.ndarray  # (PART,) uint64, random bits


def passes_through(count: int) -> Passes:
    """Return memory for the passes through `count` samples; with 0 samples training makes no passes."""
    return Passes(np.zeros(count, np.int32), np.array([0, 0, 0, -1]), np.zeros(PART, np.uint64))


@part
def visit(chosen, passes, key0, key1, step):
    """Choose the samples of a step: those at the positions step B ... step B + B - 1 of all passes in a row.

    Parameters
    ----------
    chosen : array (B,) of int64
        Receives the samples, counted from 0; B is at most the number of samples P.
    passes : Passes
        Position i is the sample `order[i % P]` of pass i // P.
    key0, key1, step
        Key of the random numbers and number of the step, see `kernels.philox`.

    Where P is not a multiple of B, a step may contain the end of one pass and the start of the next one; a
    sample can be in both. The result depends on P, B, key and step only; the content of `passes` saves time.
    """
    count, batch = len(passes.order), len(chosen)
    number, index = passes.at[PASS], passes.at[INDEX]
    if step != passes.at[STEP]:
        index = step % count * batch  # without overflow: both factors are at most 10^9
        number = step // count * batch + index // count
        index %= count
    for b in range(batch):
        if index == count:
            number, index = number + 1, 0
        if passes.at[ORDERED] != number:
            _shuffle(passes.order, passes.bits, key0, key1, number)
            passes.at[ORDERED] = number
        chosen[b] = passes.order[index]
        index += 1
    passes.at[STEP], passes.at[PASS], passes.at[INDEX] = step + 1, number, index


@inner
def _shuffle(order, bits, key0, key1, number):
    """Fill in the order (P,) of a pass: every permutation with equal probability, to rounding.

    It depends on the key and the number of the pass alone. Fisher & Yates as by Durstenfeld, Commun. ACM 7
    (1964) 420; exchange i takes word i % 2 of block i // 2 of stream 0, with the pass in place of the step.
    """
    count = len(order)
    for i in range(count):
        order[i] = i
    for start in range(0, count, PART):
        end = min(start + PART, count)
        fill_bits(bits, (end - start + 1) // 2, start // 2, key0, key1, number, 0)
        for i in range(start, end):
            j = i + below(bits[i - start], count - i)
            order[i], order[j] = order[j], order[i]


@exact
def below(bits, bound):
    """Turn 64 random bits into a whole number from 0 to bound - 1, uniform to rounding."""
    return np.int64(UNIT_53 * np.float64(bits >> LOW_BITS) * bound)
