"""Overlaps of chains of the reward rule: optimal rates and lengths of episodes, and thresholds.

Model: Patel, Lee, Sarao Mannelli, Goldt & Saxe, The RL perceptron.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.special import fma

# Optimal rates and lengths are those of this overlap rho where it is smaller; they have a limit only above 0.
SMALLEST_OVERLAP = 1e-3
SMALLEST_PROBABILITY = 1e-12  # of a right decision, in optimal rates and lengths


@by_column
def overlap(shape, S, constants, c):
    """Return rho, the cosine of the angle with the active teacher, and Q of one chain.

    Parameters
    ----------
    shape : Shape
        Sizes, the same for all chains.
    S : array (p + r, C)
        Coordinates of the students, / sqrt N.
    constants : ChainConstants
        Coordinates and readout of the active teacher.
    c : int
        Number of the chain.

    Returns
    -------
    rho, Q : float
        rho is 0 if Q is 0.
    """
    Q, R, T = 0.0, 0.0, 0.0
    for i in range(shape.p + shape.r):
        Q = fma(S[i, c], S[i, c], Q)
    for i in range(constants.B.shape[1]):
        R = fma(constants.B[0, i, c], S[shape.p + i, c], R)
        T = fma(constants.B[0, i, c], constants.B[0, i, c], T)
    R = R if constants.v[0, c] > 0.0 else -R
    return (min(1.0, max(-1.0, R / math.sqrt(Q * T))) if Q > 0.0 else 0.0), Q


@by_column
def schedule(shape, episodes, S, constants, buffers):
    """Set optimal rates and lengths of the next episode; return the largest length.

    eta = T sqrt(Q) (1 - rho^2) / (sqrt(2 pi) rho s_n), s_n = P(at least n of T right) / P(n - 1 of T - 1
    right), with the probability p of a right decision; lengths as in `_best_length`.

    Parameters
    ----------
    shape : Shape
        Sizes, the same for all chains.
    episodes : Episodes
        Episodes and rewards.
    S : array (p + r, C)
        Coordinates of the students, / sqrt N.
    constants : ChainConstants
        Coordinates and readout of the active teacher, and rates.
    buffers : EpisodeBuffers
        `rate` and `lengths` are changed.

    Returns
    -------
    int
    """
    most = 1
    for c in range(len(buffers.rate)):
        rho, Q = overlap(shape, S, constants, c)
        p = max(SMALLEST_PROBABILITY, 1.0 - math.acos(rho) / math.pi)
        rho = max(rho, SMALLEST_OVERLAP)
        T, n = episodes.length, episodes.count[c]
        slope = math.sqrt(Q) * (1.0 - rho * rho) / rho
        if episodes.has_optimal_length:
            eta = constants.rate[0, c] * shape.N * episodes.value[c]
            T = _best_length(T, slope, eta, p, episodes.has_optimal_rate)
            n = T
        if episodes.has_optimal_rate:
            best = T * slope / (math.sqrt(2.0 * math.pi) * _ratio(T, n, p))
            buffers.rate[c] = constants.rate[0, c] * best / episodes.value[c]
        buffers.lengths[c] = T
        most = max(most, T)
    return most


@by_column
def _best_length(most, slope, eta, p, has_optimal_rate):
    """Return the length T, from 1 to `most`, at which rho rises fastest where all decisions must be right.

    At the optimal rate T p^T is largest for the smallest T >= p / (1 - p). At a given rate p^T (s - 1 / T) is
    largest next to the root of l T^2 s - l T + 1 = 0 with l = log p and s = sqrt(2 / pi) slope / (eta p).
    """
    if has_optimal_rate:
        best = p / (1.0 - p) if p < 1.0 else np.inf
        return max(1, int(math.ceil(best))) if best < most else most
    s, log = math.sqrt(2.0 / math.pi) * slope / (eta * p), math.log(p)
    if not s * log < 0.0:
        return most
    root = 0.5 / s + math.sqrt(0.25 / (s * s) - 1.0 / (s * log))
    if not root < most:
        return most
    T = max(1, int(root))
    return T + 1 if p * (s - 1.0 / (T + 1)) > s - 1.0 / T and most > T else T


@by_column
def _ratio(T, n, p):
    """Return P(X >= n) / P(X' = n - 1) for X of T and X' of T - 1 decisions, right with probability p."""
    total, term, i = 0.0, T / n * p, n
    while i <= T:
        total += term
        term *= (T - i) / (i + 1.0) * p / (1.0 - p)
        i += 1
    return total


@entry
def below_threshold(shape, state, constants):
    """Compare the probabilities of a wrong decision of all chains with their thresholds.

    Parameters
    ----------
    shape : Shape
        Sizes, the same for all chains.
    state : State
        The students.
    constants : ChainConstants
        Coordinates and readout of the active teacher, with the thresholds.

    Returns
    -------
    array (C,) of bool
        False for chains without a threshold and for chains that have stopped.
    """
    found = np.zeros(len(state.finite), np.bool_)
    for c in range(len(found)):
        if constants.threshold[c] > 0.0 and state.finite[c]:
            rho, _ = overlap(shape, state.S[0], constants, c)
            found[c] = math.acos(rho) / math.pi < constants.threshold[c]
    return found
