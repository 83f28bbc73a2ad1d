"""Passes (epochs) through a finite training set: each has every sample once, in its own random order."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import exact, inner, part
from teacherstudent.kernels.maths.philox import LOW_BITS, PART, UNIT_53, fill_bits

STEP, PASS, INDEX, ORDERED = range(4)  # entries of `Passes.at`


class Passes(NamedTuple):
    """Order of the samples in one pass, which is replaced when another pass starts."""

    order: np.ndarray  # (samples,) int32, a permutation; empty where training makes no passes
    at: np.ndarray  # (4,) int64: next step, pass and index of its first sample; pass that has this order
    bits: np.ndarray  # (PART,) uint64, random bits


def passes_through(count: int) -> Passes:
    """Allocate the memory for passes through `count` samples; 0 for training without passes."""
    return Passes(np.zeros(count, np.int32), np.array([0, 0, 0, -1]), np.zeros(PART, np.uint64))


@part
def visit(chosen, passes, key0, key1, step):
    """Choose the samples of a step: elements step B, ..., step B + B - 1 of the sequence of all passes.

    Element i of the sequence is the sample `order[i % P]` of pass i // P. If the number P of samples is not a
    multiple of B, a step may contain the end of one pass and the start of the next one, and a sample twice.
    The result depends only on P, B, key and step; `passes` saves the time to compute the order again.

    Parameters
    ----------
    chosen : array (B,) of int64
        Receives the samples, counted from 0; B <= P.
    passes : Passes
        Changed in place where another pass starts.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    step : int
        Number of the step, counted from the start of the run.
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
    """Compute the order (P,) of a pass: all permutations have the same probability, up to rounding.

    It depends only on the key and on the number of the pass. Fisher-Yates shuffle, R. Durstenfeld, Commun.
    ACM 7 (1964) 420. Exchange i uses word i % 2 of block i // 2 of stream 0, with the pass as step.
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
    """Turn 64 random bits into an integer from 0 to bound - 1, uniform up to rounding."""
    return np.int64(UNIT_53 * np.float64(bits >> LOW_BITS) * bound)
