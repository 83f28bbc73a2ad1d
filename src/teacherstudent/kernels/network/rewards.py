"""The law of the reward rule: a linear unit makes decisions in an episode, and its reward moves it once.

The decision for input t is a_t = sign(w x_t), the right one the sign of the output of the teacher. A batch is
an episode: w moves by eta / (T sqrt N) sum_t G_t a_t x_t, so that the move of input t is
eta / (T sqrt N) G_t a_t. Readouts do not move. Model: Patel, Lee, Sarao Mannelli, Goldt & Saxe, The RL
perceptron.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inner, long_sum
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.network.constants import ACTIVITY, FIELD
from teacherstudent.kernels.network.law import learn

# Conditions of a reward; all right is AT_LEAST with as many right decisions as the episode has.
AT_LEAST, FIRST, PER_STEP = range(3)
# Optimal rates and lengths are those of this overlap rho where it is smaller; they have a limit only above 0.
SMALLEST_OVERLAP = 1e-3
SMALLEST_PROBABILITY = 1e-12  # of a right decision, in optimal rates and lengths


class Rewards(NamedTuple):
    """Rewards of an episode of all samples of a batch, in units of the learning rate."""

    condition: int  # AT_LEAST, FIRST or PER_STEP
    count: int  # right decisions that are necessary (AT_LEAST), or first decisions (FIRST)
    value: float
    penalty: float
    bonus: float


class ScheduledRewards(NamedTuple):
    """Rewards with an optimal learning rate or an optimal length of episodes, at most that of a batch."""

    rewards: Rewards
    has_optimal_rate: bool
    has_optimal_length: bool  # only where all decisions must be right
    W: np.ndarray  # (1, n) the weights of the student, of which the schedules are functions


@variant(learn, Rewards)
def _in_episode(law, h, p, buffers, key0, key1, step):
    """Implement `law.learn` for constant rate and length."""
    return _reward(law, p, buffers, p.batch, law.count, p.eta)


@variant(learn, ScheduledRewards)
def _on_schedule(law, h, p, buffers, key0, key1, step):
    """Implement `law.learn` for optimal rate or length."""
    Q, R, T_teacher = _dot(law.W[0], law.W[0]), _dot(law.W[0], p.V[0]), _dot(p.V[0], p.V[0])
    rho = (R if p.v[0] > 0.0 else -R) / math.sqrt(Q * T_teacher) if Q > 0.0 else 0.0
    right = max(1.0 - math.acos(max(-1.0, min(1.0, rho))) / math.pi, SMALLEST_PROBABILITY)
    rho = min(1.0, max(rho, SMALLEST_OVERLAP))
    slope = math.sqrt(Q / p.N) * (1.0 - rho * rho) / rho
    T, n, eta = p.batch, law.rewards.count, p.eta
    if law.has_optimal_length:
        T = best_length(p.batch, slope, 0.0 if law.has_optimal_rate else eta * law.rewards.value, right)
        n = T
    if law.has_optimal_rate:
        eta = best_rate(T, n, slope, right) / law.rewards.value
    return _reward(law.rewards, p, buffers, T, n, eta)


@inner
def _reward(law, p, buffers, T, n, eta):
    """Compute the moves of the first T inputs of a batch from its fields; the other ones do not move."""
    student, teacher, moves = buffers.student, buffers.teacher, buffers.moves
    total, first = 0, 0
    # 1. Decisions, and whether they are right.
    for t in range(T):
        if not math.isfinite(student[t, FIELD, 0]):
            return False
        decision = 1.0 if student[t, FIELD, 0] > 0.0 else -1.0
        is_right = decision == (1.0 if p.v[0] * teacher[t, FIELD, 0] > 0.0 else -1.0)
        student[t, ACTIVITY, 0], teacher[t, ACTIVITY, 0] = decision, 1.0 if is_right else 0.0
        total += 1 if is_right else 0
        first += 1 if is_right and t < n else 0
    # 2. Rewards G_t.
    needed = n if law.condition == AT_LEAST else T
    G = law.value if total >= needed else -law.penalty
    for t in range(T - 1, -1, -1):
        extra = 0.0
        if law.condition == FIRST and t < n and first == n:
            extra = law.bonus
        elif law.condition == PER_STEP:
            later = teacher[t + 1, ACTIVITY, 0] if t + 1 < T else 0.0
            teacher[t, ACTIVITY, 0] += later
            extra = law.bonus * teacher[t, ACTIVITY, 0]
        moves[t, 0] = p.moving[0] * eta / (T * math.sqrt(p.N)) * (G + extra) * student[t, ACTIVITY, 0]
    for t in range(T, len(moves)):
        moves[t, 0] = 0.0
    return True


@long_sum
def _dot(a, b):
    """Return the product of two vectors in double precision."""
    total = 0.0
    for i in range(len(a)):
        total += np.float64(a[i]) * np.float64(b[i])
    return total


@inner
def best_rate(T, n, slope, p):
    """Return the learning rate, times the value of a reward, at which the overlap rho rises fastest.

    With k right decisions, rewarded for k >= n, the derivative of the probability of a reward with respect to
    p is T C(T-1, n-1) p^(n-1) (1-p)^(T-n); eta is this times slope sqrt(1 / (2 pi)) / P(k >= n).

    Parameters
    ----------
    T : int
        Decisions of an episode.
    n : int
        Right decisions that are necessary, from 1 to T.
    slope : float
        sqrt Q (1 - rho^2) / rho, >= 0.
    p : float
        Probability of a right decision, in (0, 1].

    Returns
    -------
    float
        Of order T; infinite numbers end the run.
    """
    chance, change = 0.0, T / n * p  # P(k >= n) and its terms, in units of C(T-1, n-1) p^(n-1) q^(T-n)
    for k in range(n, T + 1):
        chance += change
        change *= (T - k) / (k + 1.0) * p / (1.0 - p)
    return T * slope / (math.sqrt(2.0 * math.pi) * chance)


@inner
def best_length(most, slope, eta, p):
    """Return the number of decisions at which rho rises fastest, where all must be right.

    The rate of rho is proportional to p^T (s - 1 / T) with s = sqrt(2 / pi) slope / (eta p), and to T p^T at
    the optimal learning rate; both have one maximum, near 1 / s for long episodes and at 1 / log(1 / p).

    Parameters
    ----------
    most : int
        The largest number.
    slope : float
        sqrt Q (1 - rho^2) / rho, >= 0.
    eta : float
        Learning rate times value of a reward; 0 for the optimal one.
    p : float
        Probability of a right decision, in (0, 1].

    Returns
    -------
    int
        From 1 to `most`.
    """
    # The maximum lies where the gain of one more decision changes its sign: found by bisection.
    s = math.sqrt(2.0 / math.pi) * slope / (eta * p) if eta > 0.0 else 0.0
    low, high = 1, most
    while low < high:
        T = (low + high) // 2
        gain = (T + 1) * p - T if eta == 0.0 else p * (s - 1.0 / (T + 1)) - (s - 1.0 / T)
        if gain > 0.0:
            low = T + 1
        else:
            high = T
    return low
