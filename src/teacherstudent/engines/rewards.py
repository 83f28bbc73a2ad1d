"""What runs of the reward rule record, from order parameters: a measurement, not dynamics."""

import math

import numpy as np

from teacherstudent.spec.model import Spec

SMALLEST_OVERLAP = 1e-3  # in optimal lengths, which have a limit only for overlaps above 0


def reward_observables(
    spec: Spec, Q: np.ndarray, R: np.ndarray, T: np.ndarray, v: np.ndarray
) -> dict[str, np.ndarray]:
    """Return errors and reward rates of a student that makes decisions, at every record.

    The probability of a wrong decision is arccos(s R / sqrt(Q T)) / pi with the sign s of the readout of the
    teacher; 1/2 for a student of length 0. It is the classification error and the generalisation error.

    Parameters
    ----------
    spec : Spec
        Spec of the run, with `training.episode`.
    Q : (records, 1, 1) array
        Squared length of the student, / N.
    R : (records, 1, P) array
        Overlaps of the student with all teachers, / N.
    T : (P, P) or (records, P, P) array
        Overlaps of the teachers, / N.
    v : (P, 1) or (records, P, 1) array
        Readouts of the teachers.

    Returns
    -------
    dict of str to (records, P) array
        `generalisation_error`, `classification_error` and `reward_rate`, the probability that an episode is
        rewarded: with condition first, that its first decisions are right or all are; with per_step, that all
        decisions are right.
    """
    lengths = Q[:, 0] * np.diagonal(T, axis1=-2, axis2=-1)
    products = np.sign(v[..., 0]) * R[:, 0]
    rho = np.divide(products, np.sqrt(lengths), out=np.zeros_like(R[:, 0]), where=lengths > 0.0)
    rho = np.clip(rho, -1.0, 1.0)
    wrong = np.arccos(rho) / math.pi
    T_now = episode_lengths(spec, Q[:, 0], rho, wrong)
    found = {"generalisation_error": wrong, "classification_error": wrong.copy()}
    return found | {"reward_rate": _rewarded(spec, T_now, 1.0 - wrong)}


def _rewarded(spec: Spec, lengths: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the probabilities that episodes of some lengths are rewarded."""
    reward = spec.training.episode.reward
    if reward.condition == "at_least":
        from scipy.special import bdtrc  # slow to import

        return bdtrc(reward.count - 1, spec.training.episode.length, right)
    needed = reward.count if reward.condition == "first" else lengths
    return right**needed


def episode_lengths(spec: Spec, Q: np.ndarray, rho: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return the decisions of episodes; optimal ones raise the overlap fastest where all must be right.

    With the probability p of a right decision the overlap rises at a rate proportional to p^T (s - 1 / T),
    s = sqrt(2 Q / pi) (1 - rho^2) / (eta rho p), or to T p^T at the optimal learning rate.

    Parameters
    ----------
    spec : Spec
        Spec of the run, with `training.episode`.
    Q : (records, 1) array
        Squared length of the student, / N.
    rho : (records, P) array
        Cosines of its angles with the teachers.
    wrong : (records, P) array
        Probabilities of a wrong decision.

    Returns
    -------
    (records, P) array
        Whole numbers from 1 to `training.episode.length`.
    """
    episode = spec.training.episode
    most = np.full(rho.shape, float(episode.length))
    if not episode.has_optimal_length:
        return most
    p, rho = np.maximum(1.0 - wrong, 1e-12), np.maximum(rho, SMALLEST_OVERLAP)
    with np.errstate(all="ignore"):
        if episode.has_optimal_rate:
            best = np.ceil(p / (1.0 - p))
        else:
            eta = spec.training.learning_rate * episode.reward.value
            s, log = np.sqrt(2.0 * Q / math.pi) * (1.0 - rho**2) / (eta * rho * p), np.log(p)
            best = np.floor((log - np.sqrt(log**2 - 4.0 * s * log)) / (2.0 * s * log))
            best = np.maximum(1.0, best)
            best = best + (p * (s - 1.0 / (best + 1.0)) > s - 1.0 / best)
    return np.clip(np.where(np.isnan(best), most, best), 1.0, most)
