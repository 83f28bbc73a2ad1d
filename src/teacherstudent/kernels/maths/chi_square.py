"""Square roots of chi-square variates, exact for any number of degrees of freedom.

From two degrees on by Marsaglia & Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000:
with d = dof / 2 - 1/3 and t = x / (3 sqrt d), x normal, the proposal 2 d (1 + t)^3 is kept with probability
exp(a), a = 3 d (log(1 + t) - t + t^2 / 2 - t^3 / 3), that is where u > 1 - exp(a) for a uniform u. Here u is
erf(|y| / sqrt 2), y normal. Since 1 - exp(a) < x^4 / (108 d (1 - |t|)) and u > 0.68 min(|y|, 1), almost every
proposal is seen to be kept without erf or logarithm.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.philox import four_normals
from teacherstudent.kernels.maths.special import erf_and_derivative

ERF_SLOPE = 0.6826  # erf(|y| / sqrt 2) is above ERF_SLOPE min(|y|, 1): it is concave


@by_column
def chi(y, x, dof, key0, key1, step, stream):
    """Turn standard normals into square roots of chi-square variates, in place.

    Where a proposal is rejected, which is rare, column c draws other normals with its own key.

    Parameters
    ----------
    y : (C,) array
        Standard normals; replaced by the variates.
    x : (C,) array
        More standard normals; changed where a proposal is rejected.
    dof : int
        Degrees of freedom, >= 0.
    key0, key1 : (C,) uint64 array
        Keys of the columns.
    step, stream : int
        Counters of the normals drawn here; no other numbers may have them.
    """
    if dof >= 2:
        if _propose(y, x, dof):
            _repair(y, x, dof, key0, key1, step, stream)
    else:
        for c in range(len(y)):
            y[c] = abs(y[c]) * dof


@entry
def fill_chi(out, degrees, key0, key1):
    """
    Fill out (n,) with square roots of independent chi-square variates with degrees[i] degrees of freedom.

    Element i depends on its degrees, i and the key alone.

    Parameters
    ----------
    out : (n,) array
        Written.
    degrees : (n,) int array
        Degrees of freedom, >= 0.
    key0, key1 : uint64
        Key of the random numbers.
    """
    y, x, keys0, keys1 = np.empty(1), np.empty(1), np.array([key0]), np.array([key1])
    for i in range(out.size):
        y[0], x[0], _, _ = four_normals(0, key0, key1, i, 0)
        chi(y, x, degrees[i], keys0, keys1, i, 1)
        out[i] = y[0]


@by_column
def _propose(y, x, dof):
    """Replace y by the proposal of x where that is clearly kept, else by -|y|; say how often else."""
    d = dof / 2.0 - 1.0 / 3.0
    scale, bound, doubtful = 1.0 / (3.0 * math.sqrt(d)), 1.0 / (108.0 * d * ERF_SLOPE), 0
    for c in range(len(y)):
        t, square, size = scale * x[c], x[c] * x[c], abs(y[c])
        root = (1.0 + t) * math.sqrt(2.0 * d * (1.0 + t))
        kept = (1.0 if size > 1.0 else size) * (1.0 - abs(t)) > bound * square * square
        y[c] = root if kept else -size
        doubtful += 0 if kept else 1
    return doubtful


@by_column
def _repair(y, x, dof, key0, key1, step, stream):
    """Try again where y is not positive: with the exact probability, and then with new normals."""
    for c in range(len(y)):
        attempt = 0
        while not y[c] > 0.0:
            if attempt > 0:
                y[c], x[c], _, _ = four_normals(attempt, key0[c], key1[c], step, stream)
            y[c] = _one_try(y[c], x[c], dof)
            attempt += 1


@by_column
def _one_try(y, x, dof):
    """The proposal of x, or -1 where it is not kept."""
    d = dof / 2.0 - 1.0 / 3.0
    t, (u, _) = x / (3.0 * math.sqrt(d)), erf_and_derivative(abs(y))
    if t <= -1.0 or u <= -math.expm1(3.0 * d * (math.log1p(t) - t * (1.0 - t * (0.5 - t / 3.0)))):
        return -1.0
    return (1.0 + t) * math.sqrt(2.0 * d * (1.0 + t))
