"""The blocks of learning rules, deeper students and clusters as frozen dataclasses.

Their keys are described in `schemas/spec.yaml`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reward:
    """When an episode is rewarded, and by how much."""

    condition: str  # all, at_least, first or per_step
    value: float  # eta_1 / learning rate: of the reward
    penalty: float  # eta_2 / learning rate: of an episode without reward
    count: int | None = None  # right decisions (at_least), or first decisions (first)
    bonus: float | None = None  # of the first decisions, or of each right one


@dataclass(frozen=True)
class Schedules:
    """Optimal schedules of the learning rate and of the length of episodes: constant or optimal."""

    learning_rate: str
    length: str


@dataclass(frozen=True)
class Episode:
    """An episode of the reward rule: `length` decisions, then one step."""

    length: int
    reward: Reward
    schedule: Schedules | None = None

    @property
    def has_optimal_rate(self) -> bool:
        """Whether the learning rate follows the optimal schedule."""
        return self.schedule is not None and self.schedule.learning_rate == "optimal"

    @property
    def has_optimal_length(self) -> bool:
        """Whether the length of episodes follows the optimal schedule."""
        return self.schedule is not None and self.schedule.length == "optimal"


@dataclass(frozen=True)
class Inner:
    """Initial weights of the inner layers of a student."""

    scheme: str  # gaussian or identity
    std: float | None = None
    gain: float | None = None


@dataclass(frozen=True)
class Clusters:
    """Gaussian clusters of inputs, with a label each."""

    means: str  # orthogonal, opposite, xor or file
    norm: float | None = None  # length of each mean, / sqrt N
    std: tuple[float, ...] | None = None  # one per cluster
    probabilities: tuple[float, ...] | None = None  # one per cluster
    labels: tuple | None = None  # one per cluster, in a row for each teacher
    file: str | None = None
    sha256: str | None = None
