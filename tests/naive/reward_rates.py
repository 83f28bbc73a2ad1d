"""Slow, obvious twin of the rates of the RL perceptron: sums over all patterns of right and wrong decisions.

Decisions are independent; each is right with probability p = 1 - theta / pi, with theta the angle between
student and teacher. Given right or wrong, <|lambda|> = sqrt(Q) m and <sign(lambda) rho> = +m or -m, where
m = (1 + rho) / (sqrt(2 pi) p) for a right and (1 - rho) / (sqrt(2 pi) (1 - p)) for a wrong decision.
"""

import itertools
import math

import numpy as np


def rewards(pattern, condition, value, penalty=0.0, count=None, bonus=None):
    """The reward G_t of each decision of an episode, from the list of those that are right."""
    T = len(pattern)
    rewarded = sum(pattern) >= count if condition == "at_least" else all(pattern)
    G = [value if rewarded else -penalty] * T
    if condition == "first" and all(pattern[:count]):
        G = [g + bonus if t < count else g for t, g in enumerate(G)]
    if condition == "per_step":
        G = [g + bonus * sum(pattern[t:]) for t, g in enumerate(G)]
    return G


def rates(rho, Q, T, **reward):
    """The rates (dR, dQ) per unit of time = episodes / N, for a teacher of squared norm 1."""
    p = 1.0 - math.acos(rho) / math.pi
    mean = {True: (1.0 + rho) / (math.sqrt(2.0 * math.pi) * p)}
    mean[False] = (1.0 - rho) / (math.sqrt(2.0 * math.pi) * (1.0 - p)) if p < 1.0 else 0.0
    dR = dQ = 0.0
    for pattern in itertools.product([True, False], repeat=T):
        probability = math.prod(p if right else 1.0 - p for right in pattern)
        c = np.array(rewards(pattern, **reward)) / T
        m = np.array([mean[right] for right in pattern])
        sign = np.array([1.0 if right else -1.0 for right in pattern])
        dR += probability * np.sum(c * sign * m)
        dQ += probability * (2.0 * math.sqrt(Q) * np.sum(c * m) + np.sum(c**2))
    return dR, dQ
