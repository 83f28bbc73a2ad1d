"""Sums of products of vectors, vectorised."""

from teacherstudent.kernels.compile.flags import long_sum


@long_sum
def dot(a, b):
    """Return sum_e a_e b_e."""
    total = 0.0
    for e in range(len(a)):
        total += a[e] * b[e]
    return total


@long_sum
def dot_of_three(a, b, c):
    """Return sum_e a_e b_e c_e.

    Parameters
    ----------
    a, b, c : (n,) array
        Numbers of one precision.

    Returns
    -------
    float
    """
    total = 0.0
    for e in range(len(a)):
        total += a[e] * b[e] * c[e]
    return total
