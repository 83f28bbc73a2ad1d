"""Square roots of chi-square variates, exact for any number of degrees of freedom.

For two or more degrees of freedom by rejection: G. Marsaglia & W. W. Tsang, "A simple method for generating
gamma variables", ACM Transactions on Mathematical Software 26 (2000) 363. With d = dof / 2 - 1/3 and
t = x / (3 sqrt d), x normal, the proposal 2 d (1 + t)^3 is accepted with probability exp(a),
a = 3 d (log(1 + t) - t + t^2 / 2 - t^3 / 3), that is if u > 1 - exp(a) for a uniform u. Here
u = erf(|y| / sqrt 2), y normal. Since 1 - exp(a) < x^4 / (108 d (1 - |t|)) and u > 0.68 min(|y|, 1), almost
every proposal is accepted without evaluation of erf or logarithm.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import by_column, column_loop, entry
from teacherstudent.kernels.maths.philox import four_normals
from teacherstudent.kernels.maths.special import erf_and_derivative

ERF_SLOPE = 0.6826  # erf(|y| / sqrt 2) is above ERF_SLOPE min(|y|, 1): it is concave


@by_column
def chi(y, x, dof, key0, key1, step, stream):
    """Turn standard normals into square roots of chi-square variates, in place.

    If a proposal is rejected, which is rare, column c draws further normals with its own key.

    Parameters
    ----------
    y : (C,) array
        Standard normals; receives the variates.
    x : (C,) array
        Further standard normals, independent of y; changed where a proposal is rejected.
    dof : int
        Degrees of freedom, >= 0.
    key0, key1 : (C,) uint64 array
        Keys of the columns.
    step, stream : int
        Counters of the normals that are drawn here; no other random numbers may use them.
    """
    if dof >= 2:
        if _propose(y, x, dof):
            _repair(y, x, dof, key0, key1, step, stream)
    else:
        for c in range(len(y)):
            y[c] = abs(y[c]) * dof


@entry
def fill_chi(out, degrees, key0, key1):
    """Draw square roots of independent chi-square variates.

    Element i depends only on degrees[i], i and the key.

    Parameters
    ----------
    out : (n,) array
        Receives the variates.
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


@column_loop
def _propose(y, x, dof):
    """Replace y by the proposal from x if it is surely accepted, else by -|y|; return how many are not."""
    d = dof / 2.0 - 1.0 / 3.0
    scale, bound, doubtful = 1.0 / (3.0 * math.sqrt(d)), 1.0 / (108.0 * d * ERF_SLOPE), 0
    for c in range(len(y)):
        t, square, size = scale * x[c], x[c] * x[c], abs(y[c])
        root = (1.0 + t) * math.sqrt(2.0 * d * (1.0 + t))
        accepted = (1.0 if size > 1.0 else size) * (1.0 - abs(t)) > bound * square * square
        y[c] = root if accepted else -size
        doubtful += 0 if accepted else 1
    return doubtful


@by_column
def _repair(y, x, dof, key0, key1, step, stream):
    """Decide where y is not positive: with the exact probability first, and then with new normals."""
    for c in range(len(y)):
        attempt = 0
        while not y[c] > 0.0:
            if attempt > 0:
                y[c], x[c], _, _ = four_normals(attempt, key0[c], key1[c], step, stream)
            y[c] = _one_try(y[c], x[c], dof)
            attempt += 1


@by_column
def _one_try(y, x, dof):
    """Return the square root of the proposal from x, or -1 if it is rejected."""
    d = dof / 2.0 - 1.0 / 3.0
    t, (u, _) = x / (3.0 * math.sqrt(d)), erf_and_derivative(abs(y))
    if t <= -1.0 or u <= -math.expm1(3.0 * d * (math.log1p(t) - t * (1.0 - t * (0.5 - t / 3.0)))):
        return -1.0
    return (1.0 + t) * math.sqrt(2.0 * d * (1.0 + t))
