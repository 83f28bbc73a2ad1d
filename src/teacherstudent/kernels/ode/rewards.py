"""The N -> infinity limit of the reward rule: ordinary differential equations of the overlaps.

A linear student makes the decisions a_t = sign(lambda_t) in an episode of T inputs; one is right where it is
the sign of the output of the teacher. The student moves by eta / (T sqrt N) sum_t G_t a_t x_t, and time is
episodes / N. For any vector with the field z, u = lambda / sqrt Q, s the field of the active teacher divided
by its length, rho = <u s> and p = 1 - arccos(rho) / pi the probability of a right decision,

    < a z; right > = (<u z> + <s z>) / sqrt(2 pi),   < a z; wrong > = (<u z> - <s z>) / sqrt(2 pi),

so that with A and B, the means of G_t given a right and a wrong decision, averaged over t,

    dR_q = eta / sqrt(2 pi) [A (<u z_q> + <s z_q>) + B (<u z_q> - <s z_q>)],
    dQ = 2 eta sqrt(Q / (2 pi)) [A (1 + rho) + B (1 - rho)] + eta^2 / T^2 sum_t <G_t^2>.

Model: Patel, Lee, Sarao Mannelli, Goldt & Saxe, The RL perceptron.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.pauses import CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER
from teacherstudent.kernels.ode.state import Layout, at_h, at_Q, at_R

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


class RewardConstants(NamedTuple):
    """What is constant while one teacher is active."""

    episodes: Episodes
    eta: float  # learning rate; with an optimal one 1 where the weights are trained and 0 where they are not
    layout: Layout
    active: int  # column in R of the active teacher
    teacher: np.ndarray  # (F,) overlaps of its unit vector with all teachers, with the sign of its readout
    length: float  # its length, sqrt(T_pp)
    threshold: float  # the integration ends when the probability of a wrong decision falls below; 0 for never
    progress: np.ndarray  # (2,) int64 as in `equations.Constants`


def reward_constants(
    episodes: Episodes, eta: float, layout: Layout, T: np.ndarray, active: int, sign: float, threshold: float
) -> RewardConstants:
    """Return the constants of the equations while one teacher is active.

    Parameters
    ----------
    episodes : Episodes
        Episodes and rewards.
    eta : float
        Learning rate, >= 0.
    layout : Layout
        Layout of the state (Q, R, h).
    T : (F, F) array
        Overlaps of the teachers.
    active : int
        Number of the active teacher.
    sign : float
        Sign of its readout, +1 or -1.
    threshold : float
        Probability of a wrong decision at which the integration ends; 0 for never.

    Returns
    -------
    RewardConstants
    """
    length = math.sqrt(T[active, active])
    progress = np.array([0, NO_PAUSE])
    return RewardConstants(
        episodes, eta, layout, active, sign / length * T[active], length, threshold, progress
    )


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


@inner
def overlap(y, p):
    """Return the cosine rho of the angle between the student and the active teacher; 0 without a student.

    Parameters
    ----------
    y : (n,) array
        State (Q, R, h).
    p : RewardConstants
        Everything else.

    Returns
    -------
    float
        From -1 to 1.
    """
    Q, R = y[at_Q(p.layout, 0, 0)], y[at_R(p.layout, 0, p.active)]
    sign = 1.0 if p.teacher[p.active] > 0.0 else -1.0
    return min(1.0, max(-1.0, sign * R / (math.sqrt(Q) * p.length))) if Q > 0.0 else 0.0


@inner
def derivative(y, p, dy):
    """Write the time derivative of a state.

    Parameters
    ----------
    y : (n,) array
        State (Q, R, h).
    p : RewardConstants
        Everything else that the equations depend on.
    dy : (n,) array
        Written: dy/dt, t = episodes / N.

    Returns
    -------
    bool
        False where no work is left before a pause; the next call resumes.
    """
    if p.progress[LEFT] < 0:
        return False
    p.progress[LEFT] -= CALL + UNITS_PER_NUMBER * len(y)
    episodes, Q, rho = p.episodes, y[at_Q(p.layout, 0, 0)], overlap(y, p)
    root, right_one = math.sqrt(Q), 1.0 - math.acos(rho) / math.pi
    # 1. Length and rate of the episode.
    T, eta = scheduled(episodes, p.eta, rho, right_one, Q)
    # 2. Means, and motion along all teachers and along the student.
    right, wrong, square = means_of_rewards(episodes, T, right_one)
    factor = eta / math.sqrt(2.0 * math.pi)
    for q in range(len(p.teacher)):
        along = y[at_R(p.layout, 0, q)] / root if Q > 0.0 else 0.0
        dy[at_R(p.layout, 0, q)] = factor * (right * (along + p.teacher[q]) + wrong * (along - p.teacher[q]))
    gain = 2.0 * root * factor * (right * (1.0 + rho) + wrong * (1.0 - rho))
    dy[at_Q(p.layout, 0, 0)] = gain + eta * eta * square / T
    for head in range(p.layout.H):
        dy[at_h(p.layout, head, 0)] = 0.0
    return True


@inner
def above_threshold(y, p):
    """Event function: probability of a wrong decision minus the threshold; 1 where there is none.

    Parameters
    ----------
    y : (n,) array
        State (Q, R, h).
    p : RewardConstants
        Everything else.

    Returns
    -------
    float
    """
    return math.acos(overlap(y, p)) / math.pi - p.threshold if p.threshold > 0.0 else 1.0


@inner
def record_of(y, p, row):
    """Record the state as it is.

    Parameters
    ----------
    y : (n,) array
        State.
    p : RewardConstants
        Not used.
    row : (n,) array
        Written.
    """
    for i in range(len(row)):
        row[i] = y[i]


@entry
def integrate_rewards(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations while one teacher is active.

    Parameters
    ----------
    p : RewardConstants
        Everything that the right-hand side takes as given.
    y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work
        As in `integrator.integrate`.

    Returns
    -------
    tuple
        Status, time and number of rows written, as `integrator.integrate` returns them.
    """
    return integrate(
        derivative,
        above_threshold,
        record_of,
        p,
        y,
        start,
        end,
        times,
        rows,
        tableau,
        rtol,
        atol,
        restart,
        max_tries,
        work,
    )


@entry
def rate_of_rewards(p, y):
    """Return the time derivative of a state as a new array.

    Parameters
    ----------
    p : RewardConstants
        Everything that the right-hand side takes as given.
    y : (n,) array
        State (Q, R, h).

    Returns
    -------
    (n,) array
        dy/dt, t = episodes / N.
    """
    dy = np.empty_like(y)
    p.progress[LEFT] = NO_PAUSE
    derivative(y, p, dy)
    return dy


@entry
def episode_at(episodes, eta, rho, Q):
    """Return the length of an episode and the learning rate, at a state, as `scheduled` does.

    Parameters
    ----------
    episodes, eta, rho, Q
        As for `scheduled`.

    Returns
    -------
    length : int
    rate : float
    """
    return scheduled(episodes, eta, rho, 1.0 - math.acos(rho) / math.pi, Q)
