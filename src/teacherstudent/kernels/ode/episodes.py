"""Means of the rewards of an episode, and the lengths and learning rates at which the overlap rises fastest.

Model: Patel, Lee, Sarao Mannelli, Goldt & Saxe, The RL perceptron.
"""

import math
from typing import NamedTuple

from teacherstudent.kernels.compile.flags import inner

# Conditions of a reward; all right is AT_LEAST with as many right decisions as the episode has.
AT_LEAST, FIRST, PER_STEP = range(3)
CONSTANT, OPTIMAL = range(2)
# Optimal rates and lengths are those of this overlap rho where it is smaller; they have a limit only above 0.
SMALLEST_OVERLAP = 1e-3
SMALLEST_PROBABILITY = 1e-12  # of a right decision, in optimal rates and lengths
ROUNDING = 1e-17  # relative size of terms that do not change a sum


class Episodes(NamedTuple):
    """Episodes and their rewards; value, penalty and bonus in units of the learning rate."""

    condition: int  # AT_LEAST, FIRST or PER_STEP
    length: int  # decisions T of an episode; with an optimal length the largest one
    count: int  # right decisions that are necessary (AT_LEAST), or first decisions (FIRST)
    value: float
    penalty: float
    bonus: float
    rate: int  # schedule of the learning rate: CONSTANT or OPTIMAL
    lengths: int  # schedule of the length, OPTIMAL only where all decisions must be right


@inner
def tail_of_binomial(m, n, p):
    """Return P(X >= n) and P(X = n - 1) for a binomial X of m decisions that are right with probability p.

    Parameters
    ----------
    m : int
        Number of decisions, >= 0.
    n : int
        From 1 to m + 1.
    p : float
        From 0 to 1.

    Returns
    -------
    tuple of float
    """
    k, q = n - 1, 1.0 - p
    if p <= 0.0 or q <= 0.0:
        certain = m if q <= 0.0 else 0
        return (1.0 if certain >= n else 0.0), (1.0 if certain == k else 0.0)
    ways = math.lgamma(m + 1.0) - math.lgamma(k + 1.0) - math.lgamma(m - k + 1.0)
    mass = math.exp(ways + k * math.log(p) + (m - k) * math.log1p(-p))
    total, term = 0.0, mass
    if n > m * p:  # the smaller tail is added up
        for i in range(n, m + 1):
            term *= (m - i + 1) / i * (p / q)
            total += term
            if term < ROUNDING * total:
                break
        return total, mass
    for i in range(k, -1, -1):
        total += term
        if term < ROUNDING * total:
            break
        term *= i / (m - i + 1) * (q / p)
    return max(0.0, 1.0 - total), mass


@inner
def means_of_rewards(episodes, T, p):
    """Return the means of the rewards G_t of an episode, averaged over t, in units of the learning rate.

    Parameters
    ----------
    episodes : Episodes
        Episodes and rewards.
    T : int
        Decisions of an episode, >= 1.
    p : float
        Probability of a right decision, from 0 to 1.

    Returns
    -------
    right, wrong, square : float
        Mean of G_t given that decision t is right, given that it is wrong, and mean of G_t^2.
    """
    value, bonus = episodes.value, episodes.bonus
    if episodes.condition == AT_LEAST:
        penalty = episodes.penalty
        more, mass = tail_of_binomial(T - 1, episodes.count if episodes.lengths == CONSTANT else T, p)
        right, wrong = (value + penalty) * (more + mass) - penalty, (value + penalty) * more - penalty
        rewarded = more + p * mass
        return right, wrong, (value**2 - penalty**2) * rewarded + penalty**2
    every = p ** (T - 1.0)  # probability that all other decisions are right
    if episodes.condition == FIRST:
        share, first = episodes.count / T, p ** (episodes.count - 1.0)
        square = p * every * (value**2 + 2.0 * share * value * bonus) + share * p * first * bonus**2
        return value * every + share * bonus * first, 0.0, square
    later = bonus * p * 0.5 * (T - 1)  # bonus for the decisions after the present one
    both = (T + 1.0) * value * bonus * p * every
    square = bonus**2 * p * (T + 1.0) * (0.5 + p * (T - 1.0) / 3.0)
    return value * every + bonus + later, later, value**2 * p * every + both + square


@inner
def optimal_length(episodes, eta, rho, p, Q):
    """Return the whole number of decisions for which rho rises fastest, where all must be right.

    The rate of rho is proportional to p^T (s - 1 / T) with s = sqrt(2 Q / pi) (1 - rho^2) / (eta rho p) at a
    given learning rate, and to T p^T at the optimal one.

    Parameters
    ----------
    episodes : Episodes
        Episodes and rewards; their length is the largest number.
    eta : float
        Learning rate times value of a reward, > 0; not used if the rate is optimal.
    rho : float
        Overlap of student and teacher, from `SMALLEST_OVERLAP` to 1.
    p : float
        Probability of a right decision, from `SMALLEST_PROBABILITY` to 1.
    Q : float
        Squared length of the student, / N.

    Returns
    -------
    int
        From 1 to the largest number.
    """
    most, log = episodes.length, math.log(p)
    if episodes.rate == OPTIMAL:
        s, best = 0.0, -1.0 / log if log < 0.0 else math.inf
    else:
        s = math.sqrt(2.0 * Q / math.pi) * (1.0 - rho * rho) / (eta * rho * p)
        root = log - math.sqrt(log * log - 4.0 * s * log)
        best = root / (2.0 * s * log) if s * log < 0.0 else math.inf
    if not best < most:
        return most
    T = max(1, int(best))
    free = episodes.rate == OPTIMAL
    is_longer = (T + 1) * p > T if free else p * (s - 1.0 / (T + 1)) > s - 1.0 / T
    return min(T + 1 if is_longer else T, most)


@inner
def optimal_rate(episodes, T, rho, p, Q):
    """Return the learning rate at which rho rises fastest, times the value of a reward.

    eta = T sqrt Q (1 - rho^2) P(X' = n - 1) / (sqrt(2 pi) rho P(X >= n)) for n of T right decisions, with the
    numbers X and X' of right ones among T and T - 1.

    Parameters
    ----------
    episodes : Episodes
        Episodes and rewards.
    T : int
        Decisions of an episode, >= 1.
    rho, p, Q : float
        As for `optimal_length`.

    Returns
    -------
    float
    """
    n = episodes.count if episodes.lengths == CONSTANT else T
    more, mass = tail_of_binomial(T - 1, n, p)
    rewarded = more + p * mass
    ratio = mass / rewarded if rewarded > 0.0 else n / (T * p)
    return T * math.sqrt(Q) * (1.0 - rho * rho) * ratio / (math.sqrt(2.0 * math.pi) * rho)


@inner
def scheduled(episodes, eta, rho, p, Q):
    """Return the length of an episode and the learning rate, both either constant or optimal.

    Parameters
    ----------
    episodes : Episodes
        Episodes and rewards, and the schedules.
    eta : float
        Learning rate, >= 0; a factor of the rate if that is optimal.
    rho : float
        Overlap of student and teacher, from -1 to 1.
    p : float
        Probability of a right decision, from 0 to 1.
    Q : float
        Squared length of the student, / N.

    Returns
    -------
    length : int
    rate : float
    """
    T = episodes.length
    bound = max(rho, SMALLEST_OVERLAP), max(p, SMALLEST_PROBABILITY), Q
    if episodes.lengths == OPTIMAL:
        T = optimal_length(episodes, eta * episodes.value, *bound)
    if episodes.rate == OPTIMAL:
        eta *= optimal_rate(episodes, T, *bound) / episodes.value
    return T, eta
