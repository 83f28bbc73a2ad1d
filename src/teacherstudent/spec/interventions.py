"""The blocks of a spec that change training in the course of a run, as frozen dataclasses.

Their keys are described in `schemas/spec.yaml`. A block that is not given is None.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interleave:
    """Numbers of consecutive steps on the present task and on earlier tasks, in turn."""

    new: int
    old: int


@dataclass(frozen=True)
class Replay:
    """Steps on earlier tasks after a switch."""

    of: str  # previous or all
    fidelity: float
    fraction: float | tuple[float, ...] | None = None  # of the steps; one number or one per switch
    interleave: Interleave | None = None
    buffer: int | None = None  # stored samples of each task; None for fresh inputs


@dataclass(frozen=True)
class MixturePiece:
    """Probabilities of the tasks up to a time; None for the end of the run."""

    probabilities: tuple[float, ...]
    until: float | None = None


@dataclass(frozen=True)
class RatePiece:
    """A learning rate, one number or one per teacher, up to a time; None for the end of the run."""

    value: float | tuple[float, ...]
    until: float | None = None


@dataclass(frozen=True)
class Consolidation:
    """Penalty for changes of the first layer after a switch."""

    kind: str
    strength: float | tuple[float, ...]  # one number or one per switch
    importances: str  # units or weights
    fisher_samples: int
    normaliser: float
    anchors: str  # sum or latest
    step: str  # explicit or proximal

    @property
    def has_penalties(self) -> bool:
        """Whether a strength is larger than 0."""
        return any(self.strength) if isinstance(self.strength, tuple) else self.strength > 0.0


@dataclass(frozen=True)
class Deficit:
    """What is different in a window of time; None for what is not."""

    start: float
    until: float | None = None
    input_noise: float | None = None
    output_noise: float | None = None
    frozen_units: tuple[int, ...] | None = None
    teacher: int | None = None


@dataclass(frozen=True)
class Rotation:
    """A teacher that turns in the plane of its units and those of another teacher."""

    teacher: int
    towards: int
    rate: float
    start: float
    until: float | str | None = None  # None: to the end of the run; reached: at the other teacher
