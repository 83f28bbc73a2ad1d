"""Chains of the reward rule that advance together."""

import numpy as np

from teacherstudent.engines.chain.block import Block
from teacherstudent.engines.rates import Stage
from teacherstudent.kernels.chain import reward_arrays, reward_schedules, rewards
from teacherstudent.kernels.compile.alignment import aligned
from teacherstudent.spec.model import Spec


class RewardBlock(Block):
    """Chains whose steps are episodes; condition, length and schedule are those of all chains.

    Arguments are those of `Block`.
    """

    can_save_states = False

    def new_buffers(self) -> reward_arrays.EpisodeBuffers:
        """Return the work space of an episode."""
        self.episodes = self._episodes()
        return reward_arrays.new_buffers(self.shape.p, self.shape.r, self.episodes.length, len(self.specs))

    def _episodes(self) -> reward_arrays.Episodes:
        """Return episodes and rewards of all chains as the kernels read them."""
        episode = self.specs[0].training.episode
        conditions = {"first": reward_arrays.FIRST, "per_step": reward_arrays.PER_STEP}
        each = [spec.training.episode.reward for spec in self.specs]

        def column(numbers) -> np.ndarray:
            return aligned(np.array(list(numbers), dtype=float))

        return reward_arrays.Episodes(
            condition=conditions.get(episode.reward.condition, reward_arrays.AT_LEAST),
            length=episode.length,
            has_optimal_rate=episode.has_optimal_rate,
            has_optimal_length=episode.has_optimal_length,
            count=column(reward.count or episode.length for reward in each),
            value=column(reward.value for reward in each),
            penalty=column(reward.penalty for reward in each),
            bonus=column(reward.bonus or 0.0 for reward in each),
        )

    def applied(self, spec: Spec, stage: Stage) -> Stage:
        """Return a stage as steps apply it: with an optimal rate in place of the given one."""
        if not spec.training.episode.has_optimal_rate:
            return stage
        return stage._replace(tasks=tuple(task._replace(learning_rate=1.0) for task in stage.tasks))

    @property
    def work(self) -> int:
        """Multiply-adds of an episode."""
        return super().work * self.episodes.length

    def errors_below_threshold(self) -> np.ndarray:
        """Return whether probabilities of a wrong decision are below their thresholds, (C,)."""
        return reward_schedules.below_threshold(self.shape, self.state, self.constants.step)

    def advance(self, end: int) -> None:
        """Train to an episode, or to an earlier one where a threshold is reached."""
        changing = self.state, self.constants.step, self.keys, self.buffers
        steps = self.step, end, self.interval
        self.step = rewards.train(self.shape, self.episodes, *changing, *steps)
