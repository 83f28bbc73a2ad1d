"""The law of the reward rule in the form of the kernels."""

from teacherstudent.kernels.network import rewards
from teacherstudent.kernels.network.rewards import Rewards, ScheduledRewards
from teacherstudent.spec.model import Spec

CONDITIONS = {"first": rewards.FIRST, "per_step": rewards.PER_STEP}


def rewards_of(networks, spec: Spec) -> Rewards | ScheduledRewards:
    """Return the law of one episode.

    Parameters
    ----------
    networks : InMemory
        Networks that are trained; optimal schedules are functions of their weights.
    spec : Spec
        Spec of the run.

    Returns
    -------
    Rewards or ScheduledRewards
    """
    episode, reward = spec.training.episode, spec.training.episode.reward
    law = Rewards(
        condition=CONDITIONS.get(reward.condition, rewards.AT_LEAST),
        count=reward.count or episode.length,
        value=reward.value,
        penalty=reward.penalty,
        bonus=reward.bonus or 0.0,
    )
    if not (episode.has_optimal_rate or episode.has_optimal_length):
        return law
    return ScheduledRewards(law, episode.has_optimal_rate, episode.has_optimal_length, networks.W)
