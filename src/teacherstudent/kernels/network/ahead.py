"""Inputs of several steps at once, for networks with few inputs.

The random numbers of one step are too few to fill vectors; those of a step and the next ones do. They are
the same numbers as those of each step by itself, for they depend on its number alone.
"""

from teacherstudent.kernels.compile.flags import by_column, inner
from teacherstudent.kernels.maths.philox import BLOCK, random_bits
from teacherstudent.kernels.maths.single_normals import box_muller_float32

STEPS = 32  # steps whose inputs are drawn at once
FEW = 64  # the largest number of inputs for which that is faster


def steps_ahead(N: int) -> int:
    """Return for how many steps the inputs are drawn at once."""
    return STEPS if N <= FEW else 1


@inner
def draw_ahead(X, sample, bits, rows, key0, key1, first, stream):
    """Draw the inputs of one sample of each of several steps, as `fill_single_normals` does for each.

    Parameters
    ----------
    X : array (steps, batch, N)
        Receives normals in its elements (all, `sample`, all).
    sample : int
        Number of the sample in the batch.
    bits : array (2, S) of uint64
        Work space for random bits, S >= steps.
    rows : array (BLOCK, S)
        Work space for normals, of single precision.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    first : int
        Number of the first step.
    stream : int
        Number of the stream in each step.
    """
    N = X.shape[2]
    for start in range(0, N, BLOCK):
        _fill_bits(bits[0], bits[1], start // BLOCK, key0, key1, first, stream)
        _transform(rows[0], rows[1], bits[0])
        _transform(rows[2], rows[3], bits[1])
        for step in range(len(X)):
            for n in range(start, min(start + BLOCK, N)):
                X[step, sample, n] = rows[n - start, step]


@by_column
def _fill_bits(one, other, block, key0, key1, first, stream):
    """Fill two rows with the random bits of one block in consecutive steps."""
    for i in range(len(one)):
        one[i], other[i] = random_bits(block, key0, key1, first + i, stream)


@by_column
def _transform(one, other, bits):
    """Turn one row of random bits into two rows of normals."""
    for i in range(len(bits)):
        one[i], other[i] = box_muller_float32(bits[i])
