"""A slow twin of the reward rule: episodes of real weights, written from the definition, for many runs."""

import numpy as np
from scipy.stats import binom

GAINS = {
    "all": lambda right, value, penalty, count, bonus: _all_or_penalty(
        right.all(axis=1), right, value, penalty
    ),
    "at_least": lambda right, value, penalty, count, bonus: _all_or_penalty(
        right.sum(axis=1) >= count, right, value, penalty
    ),
    "first": lambda right, value, penalty, count, bonus: (
        value * right.all(axis=1)[:, None]
        + bonus * right[:, :count].all(axis=1)[:, None] * (np.arange(right.shape[1]) < count)
    ),
    "per_step": lambda right, value, penalty, count, bonus: (
        value * right.all(axis=1)[:, None] + bonus * np.cumsum(right[:, ::-1], axis=1)[:, ::-1]
    ),
}


def _all_or_penalty(rewarded, right, value, penalty):
    return np.where(rewarded, value, -penalty)[:, None] * np.ones(right.shape[1])


def gains(condition, right, value=1.0, penalty=0.0, count=None, bonus=0.0):
    """Return the rewards G_t (runs, T) of episodes from which of their decisions are right (runs, T)."""
    return GAINS[condition](right, value, penalty, count, bonus)


def episode(W, V, inputs, eta, condition, **reward):
    """Return students (runs, N) after an episode with inputs (runs, T, N) and the teacher V (runs, N)."""
    N, T = W.shape[1], inputs.shape[1]
    decisions = np.where(np.einsum("rtn,rn->rt", inputs, W) > 0.0, 1.0, -1.0)
    labels = np.where(np.einsum("rtn,rn->rt", inputs, V) > 0.0, 1.0, -1.0)
    steps = gains(condition, decisions == labels, **reward) * decisions
    return W + eta / (T * np.sqrt(N)) * np.einsum("rt,rtn->rn", steps, inputs)


def train(Q, R, T_overlaps, N, episodes, length, eta, condition, runs, seed, **reward):
    """Return R (runs, P) and Q (runs,) after episodes with the first teacher, from given overlaps."""
    rng = np.random.default_rng(seed)
    P = len(T_overlaps)
    C = np.block([[np.array([[Q]]), np.array([R])], [np.array([R]).T, np.array(T_overlaps)]])
    rows = np.zeros((P + 1, N))
    rows[:, : P + 1] = np.linalg.cholesky(C) * np.sqrt(N)
    W, V = np.tile(rows[0], (runs, 1)), np.tile(rows[1], (runs, 1))
    for _ in range(episodes):
        W = episode(W, V, rng.standard_normal((runs, length, N)), eta, condition, **reward)
    return W @ rows[1:].T / N, (W**2).sum(axis=1) / N


def rate_of_overlap(eta, length, count, rho, Q):
    """Return d rho / dt where at least `count` right decisions are rewarded by 1, without penalty."""
    p = 1.0 - np.arccos(rho) / np.pi
    rewarded = binom.sf(count - 1, length, p)
    # of a decision: P(reward and right), P(reward and wrong)
    right, wrong = p * binom.sf(count - 2, length - 1, p), (1.0 - p) * binom.sf(count - 1, length - 1, p)
    along_teacher = eta * (right * (1.0 + rho) / p - wrong * (1.0 - rho) / (1.0 - p)) / np.sqrt(2.0 * np.pi)
    along_student = eta * (right * (1.0 + rho) / p + wrong * (1.0 - rho) / (1.0 - p)) / np.sqrt(2.0 * np.pi)
    dQ = 2.0 * np.sqrt(Q) * along_student + eta**2 * rewarded / length
    return along_teacher / np.sqrt(Q) - 0.5 * rho * dQ / Q


def best(rho, Q, length, count, eta, has_best_rate, has_best_length):
    """Return rate and length at which rho rises fastest: a parabola in the rate, all lengths tried."""
    found = []
    for T in range(1, length + 1) if has_best_length else [length]:
        n = T if has_best_length else count
        one, two = (rate_of_overlap(factor, T, n, rho, Q) for factor in (1.0, 2.0))
        linear, square = 2.0 * one - 0.5 * two, 0.5 * two - one
        rate = -0.5 * linear / square if has_best_rate else eta
        found.append((rate_of_overlap(rate, T, n, rho, Q), rate, T))
    return max(found)[1:]
