"""The formulation of the reward rule: overlaps of a linear student with its teachers."""

from collections.abc import Callable

import numpy as np

from teacherstudent.engines.ode.independent import Independent
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.engines.rewards import reward_observables
from teacherstudent.kernels.ode.episodes import AT_LEAST, CONSTANT, FIRST, OPTIMAL, PER_STEP, Episodes
from teacherstudent.kernels.ode.rewards import RewardConstants, integrate_rewards, reward_constants
from teacherstudent.spec.model import Spec

# Penalties shorten the student to Q of about 1e-6, which the errors of steps must be far below.
LARGEST_ABSOLUTE_TOLERANCE = 1e-13


def episodes_of(spec: Spec) -> Episodes:
    """Return episodes and rewards of a spec as the kernels read them."""
    episode, reward = spec.training.episode, spec.training.episode.reward
    conditions = {"first": FIRST, "per_step": PER_STEP}
    return Episodes(
        condition=conditions.get(reward.condition, AT_LEAST),
        length=episode.length,
        count=reward.count or episode.length,
        value=reward.value,
        penalty=reward.penalty,
        bonus=reward.bonus or 0.0,
        rate=OPTIMAL if episode.has_optimal_rate else CONSTANT,
        lengths=OPTIMAL if episode.has_optimal_length else CONSTANT,
    )


class Rewarded(Independent):
    """The state (Q, R, h) of a student that is rewarded; its readouts h have no influence."""

    @property
    def tolerances(self) -> tuple[float, float]:
        """Relative and absolute tolerance of a step."""
        relative, absolute = super().tolerances
        return relative, min(absolute, LARGEST_ABSOLUTE_TOLERANCE)

    def constants(self, stage: Stage, phase: Phase) -> RewardConstants:
        """Return the constants of the equations in a stage of a phase."""
        (task,), episodes = stage.tasks, episodes_of(self.spec)
        eta = 1.0 if episodes.rate == OPTIMAL else task.learning_rate
        sign = float(np.sign(self.v[task.labels, 0]))
        own = task.labels, sign, phase.threshold
        return reward_constants(episodes, eta * task.moving[0], self.columns.layout, self.T, *own)

    def integrator(self, constants: RewardConstants) -> Callable:
        """Return the compiled function that integrates the equations."""
        return integrate_rewards

    def numbers(self, constants: RewardConstants) -> np.ndarray:
        """Return the numbers that determine the equations of a stage."""
        own = constants.eta, constants.active, constants.length, constants.threshold
        return np.array([*constants.episodes, *own, *constants.teacher], dtype=float)

    def errors(self, records: np.ndarray) -> dict[str, np.ndarray]:
        """Return the probabilities of a wrong decision, and of a reward, (T, P) of records."""
        Q, R, _ = self.overlaps(records)
        return reward_observables(self.spec, Q, R, self.T, self.v)
