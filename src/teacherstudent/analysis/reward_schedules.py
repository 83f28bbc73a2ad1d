"""Optimal schedules of the reward rule: learning rate and length of episodes for which rho rises fastest.

For episodes without penalty in which all T decisions must be right, with p = 1 - arccos(rho) / pi,

    d rho / dt = p^T [eta (1 - rho^2) / (sqrt(2 pi Q) p) - rho eta^2 / (2 Q T)].

At the optimal rate this depends on rho alone: d rho / dt = T (1 - rho^2)^2 p^(T - 2) / (4 pi rho).
"""

import math

from teacherstudent.analysis.reward_flow import check_rewards
from teacherstudent.engines.ode.rewards import episodes_of
from teacherstudent.errors import SpecError
from teacherstudent.kernels.ode.episodes import OPTIMAL
from teacherstudent.kernels.ode.rewards import episode_at
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import SpecLike, as_spec


def optimal_reward_rate(spec: SpecLike, cosine: float, squared_norm: float = 1.0) -> float:
    """Return the learning rate at which the cosine between student and teacher rises fastest.

    For n of T right decisions eta = T sqrt(Q) (1 - rho^2) P(X' = n - 1) / (sqrt(2 pi) rho P(X >= n)), where
    X and X' are the numbers of right decisions among T and T - 1.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward without penalty, with condition: all or at_least; its learning rate has no
        effect.
    cosine : float
        Cosine rho between student and teacher, in (0, 1).
    squared_norm : float
        Q > 0.

    Returns
    -------
    float
        Learning rate, in units of training.learning_rate.

    Raises
    ------
    SpecError
        Where the spec has another rule or condition, or a penalty.
    ValueError
        Where the cosine or the squared norm is not possible.
    """
    spec = as_spec(spec)
    _check(spec, ("all", "at_least"), cosine, squared_norm)
    episodes = episodes_of(spec)._replace(rate=OPTIMAL)
    return episode_at(episodes, 1.0, cosine, squared_norm)[1]


def optimal_episode_length(spec: SpecLike, cosine: float, squared_norm: float = 1.0) -> int:
    """Return the number of decisions of an episode at which the cosine rises fastest, at a given rate.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward without penalty, with condition: all; the length of its episodes is the
        largest number.
    cosine : float
        Cosine rho between student and teacher, in (0, 1).
    squared_norm : float
        Q > 0.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    SpecError
        Where the spec has another rule or condition, or a penalty.
    ValueError
        Where the cosine or the squared norm is not possible.
    """
    spec = as_spec(spec)
    _check(spec, ("all",), cosine, squared_norm)
    episodes = episodes_of(spec)._replace(lengths=OPTIMAL)
    return episode_at(episodes, spec.training.learning_rate, cosine, squared_norm)[0]


def optimal_schedule_error(time: float, length: int | None = None) -> float:
    """Return the probability of a wrong decision at long times with an optimal learning rate.

    sqrt(2 / (pi T t)) with T decisions in all episodes, 4 e / (pi t) with an optimal number of them.

    Parameters
    ----------
    time : float
        t = episodes / N, much larger than 1.
    length : int, optional
        T; None for the optimal one.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Where time or length is not positive.

    Examples
    --------
    >>> round(optimal_schedule_error(1000.0, length=4), 5)
    0.01262
    >>> round(optimal_schedule_error(1000.0), 5)
    0.00346
    """
    if not (time > 0.0 and (length is None or length > 0)):
        raise ValueError(f"time {time:g} and length {length} must be positive")
    return 4.0 * math.e / (math.pi * time) if length is None else math.sqrt(2.0 / (math.pi * length * time))


def _check(spec: Spec, conditions: tuple[str, ...], cosine: float, squared_norm: float) -> None:
    check_rewards(spec)
    reward = spec.training.episode.reward
    if reward.condition not in conditions or reward.penalty or not reward.value:
        raise SpecError(
            "training.episode.reward: an optimal schedule needs condition: "
            f"{' or '.join(conditions)}, penalty: 0 and a value above 0"
        )
    if not (0.0 < cosine < 1.0 and squared_norm > 0.0):
        raise ValueError(
            f"no optimal schedule at cosine {cosine:g} and squared norm {squared_norm:g}: "
            "the cosine must be between 0 and 1, the squared norm positive"
        )
