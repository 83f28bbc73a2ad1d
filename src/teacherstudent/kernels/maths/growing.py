"""Whether outputs grow along lines: readouts of equal and nearly equal units are added up before."""

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner

EQUAL = 1e-12  # variance of the difference of equal fields, relative to their own
FARTHEST = 20.0  # largest product of two standard normal numbers in sums, the logarithm of a tolerance
EXACTLY, NEARLY, STILL = 0.0, 1.0, 1.25  # which units are one, see `add_readouts`
GROWING = 1e-9  # outputs that fall by less, relative to the largest terms, are rounding


@inner
def add_readouts(Q, free, h, is_odd, near, sums):
    """Add the readouts of equal units to that of the first of them.

    The sum h g(x) + h' g(x + d) of erf units with readouts of different signs grows with x, or falls, where
    |x d| < atanh(r), r = |h + h'| / (|h| + |h'|). If it does so in the whole sum over nodes, and if d moves
    far less than x along a line, both units are one for the direction in which the output grows.

    Parameters
    ----------
    Q : (K, K) array
        Covariance of the fields of the student.
    free : (K,) array
        Variances of these fields given z.
    h : (K,) array
        Readouts.
    is_odd : bool
        Whether activations are odd, so that the readouts of opposite units are subtracted.
    near : float
        EXACTLY for equal units alone; NEARLY also for those that are one for the direction in which the
        output grows; STILL for those that may stay one until nodes are chosen again.
    sums : (K,) array
        Receives the results; 0 for units that are equal or opposite to earlier ones.
    """
    for k in range(len(h)):
        sums[k] = h[k]
        for e in range(k):
            sign = -1.0 if is_odd and Q[k, e] < 0.0 else 1.0
            distance = Q[k, k] - 2.0 * sign * Q[k, e] + Q[e, e]
            limit, both = 0.0, sums[e] + sign * h[k]
            if near > 0.0 and sums[e] * sign * h[k] < 0.0:
                limit = near * (both / ((abs(sums[e]) + abs(h[k])) * FARTHEST)) ** 2
            is_near = distance * Q[k, k] < limit and distance < limit * free[e]
            if is_near or distance < EQUAL * Q[k, k]:
                sums[e] = both
                sums[k] = 0.0
                break


@inner
def is_growing(sums, W):
    """Return whether no term of an output falls along the last axis.

    Parameters
    ----------
    sums : (K,) array
        Readouts, from `add_readouts`.
    W : (K, d) array
        Fields lambda = W x of points x.

    Returns
    -------
    bool
    """
    last, total, longest = W.shape[1] - 1, 0.0, 0.0
    for k in range(len(sums)):
        total += abs(sums[k])
        longest = max(longest, abs(W[k, last]))
    smallest = 0.0
    for k in range(len(sums)):
        smallest = min(smallest, sums[k] * W[k, last])
    return smallest >= -GROWING * total * longest


@entry
def sums_of_readouts(Q, free, h, is_odd, near):
    """Return the readouts of different units; see `add_readouts`.

    Parameters
    ----------
    Q : (K, K) array
        Covariance of the fields of the student.
    free : (K,) array
        Variances of these fields given z.
    h : (K,) array
        Readouts.
    is_odd : bool
        Whether activations are odd.
    near : float
        EXACTLY, NEARLY or STILL.

    Returns
    -------
    (K,) array
    """
    sums = np.empty(len(h))
    add_readouts(Q, free, h, is_odd, near, sums)
    return sums


@entry
def has_growing_output(sums, W):
    """Return whether no term of an output falls along the last axis; see `is_growing`.

    Parameters
    ----------
    sums : (K,) array
        Readouts, from `sums_of_readouts`.
    W : (K, d) array
        Fields lambda = W x of points x.

    Returns
    -------
    bool
    """
    return is_growing(sums, W)
