"""The blocks of a spec as frozen dataclasses. Their keys are described in `schemas/spec.yaml`."""

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any

from teacherstudent.spec.interventions import (
    Consolidation,
    Deficit,
    MixturePiece,
    RatePiece,
    Replay,
    Rotation,
)
from teacherstudent.spec.laws import Clusters, Episode, Inner
from teacherstudent.spec.structured import STRUCTURED, Covariance, Generator, Manifold


@dataclass(frozen=True)
class DataSet:
    """Files of images and labels, with their digests."""

    file: str
    test_samples: int
    images: str
    pixels: str
    labels: str
    targets: str
    shuffle_labels: bool
    sha256: str
    labels_file: str | None = None
    labels_sha256: str | None = None
    classes: tuple[int, ...] | None = None  # one per teacher
    pairs: tuple[tuple[int, int], ...] | None = None  # of classes, one per teacher
    mixing: float | None = None  # share of the first pair in the inputs of all later tasks
    label_values: tuple[float, float] | None = None  # of the first and the second class of each pair


@dataclass(frozen=True)
class Inputs:
    """Distribution and number of the inputs."""

    distribution: str
    samples: int | None  # of the training set; None for fresh samples in every step
    dimension: int
    dataset: DataSet | None = None
    covariance: Covariance | None = None
    manifold: Manifold | None = None
    generator: Generator | None = None
    clusters: Clusters | None = None

    @property
    def is_structured(self) -> bool:
        """Whether the covariance of the inputs is not the identity."""
        return self.distribution in STRUCTURED

    @property
    def latents(self) -> int | None:
        """Number D of latent numbers behind an input; None where there are none."""
        if self.manifold is not None:
            fraction = self.manifold.latent_fraction
            return self.manifold.latent_dimension or max(1, round(fraction * self.dimension))
        if self.generator is not None:
            return self.generator.latent_dimension or self.generator.layers[0]
        return None

    @property
    def seen_by_teachers(self) -> int:
        """Number of inputs of the teachers: the latent numbers, or the inputs of the student."""
        on_inputs = self.manifold is not None and self.manifold.labels_from == "inputs"
        return self.dimension if self.latents is None or on_inputs else self.latents


@dataclass(frozen=True)
class Features:
    """Units of the teachers' first layers, and their relation."""

    units: str
    relation: str
    norm: float | None
    similarity: float | tuple | None = None
    shared: int | None = None


@dataclass(frozen=True)
class Readouts:
    """Relation of the teachers' second layers."""

    relation: str
    norm: float | None
    similarity: float | tuple | None = None
    value: float | None = None


@dataclass(frozen=True)
class Teachers:
    """The fixed networks that label the inputs; noises are tuples with one number per teacher."""

    count: int
    hidden: int
    activation: str
    features: Features
    readouts: Readouts
    output_scale: str
    output_noise: tuple[float, ...]
    input_noise: tuple[float, ...]
    drift: tuple[float, ...] | None = None
    rotation: Rotation | None = None
    file: str | None = None  # of the networks, in place of features and readouts
    sha256: str | None = None  # of its content
    labels: str | None = None  # sign; None: the output
    label_flips: tuple[float, ...] | None = None  # probability per teacher, with labels sign
    activation_file: str | None = None  # of a custom activation
    activation_sha256: str | None = None

    @property
    def scale(self) -> float:
        """Factor of the output of a teacher."""
        return _scale(self.output_scale, self.hidden)


# The keys of `student.initial` that each scheme uses.
INITIAL_KEYS = {
    "gaussian": ("weights_std", "readouts_std", "readouts_value", "readouts", "readouts_imbalance", "inner"),
    "large": ("readouts_value", "inner"),
    "small": ("readouts_value", "inner"),
    "mixed": ("readouts_value", "inner"),
    "informed": ("weights_std", "readouts_std", "readouts_value"),
    "denoising": ("readouts_std",),
    "one_direction": ("readouts_std",),
    "symmetric": ("weights_std", "readouts_std", "readouts_value", "readouts", "asymmetry"),
    "file": ("file", "sha256"),
    "uniform": ("readouts_value",),
}


@dataclass(frozen=True)
class Initial:
    """Initial weights and readouts of the student: a scheme and its parameters."""

    scheme: str
    weights_std: float | None = None
    readouts_std: float | None = None
    readouts_value: float | None = None
    readouts: tuple | None = None  # (H, K), or None in place of a row that is drawn
    readouts_imbalance: float | None = None
    asymmetry: float | None = None
    file: str | None = None
    sha256: str | None = None  # of its content
    inner: Inner | None = None  # of students with more than one hidden layer


@dataclass(frozen=True)
class Student:
    """The network that is trained."""

    hidden: int
    activation: str
    output_scale: str
    heads: str
    copy_head_at_switch: str  # never, first or every
    biases: tuple[str, ...]  # the layers with biases
    initial: Initial
    layers: int | None = None  # hidden layers, each of `hidden` units; None: one
    activation_file: str | None = None  # of a custom activation
    activation_sha256: str | None = None

    @property
    def depth(self) -> int:
        """Number of hidden layers."""
        return self.layers or 1

    @property
    def scale(self) -> float:
        """Factor of the output."""
        return _scale(self.output_scale, self.hidden)


def _scale(name: str, units: int) -> float:
    return {"none": 1.0, "mean": 1.0 / units, "mean_field": 1.0 / math.sqrt(units)}[name]


@dataclass(frozen=True)
class Training:
    """Online SGD, or another rule; `frozen_units` has one tuple of unit numbers per teacher.

    A learning rate is a number, one number per teacher, or a schedule.
    """

    learning_rate: float | tuple[float, ...] | tuple[RatePiece, ...]
    readout_learning_rate: float | tuple[float, ...] | tuple[RatePiece, ...]
    train: tuple[str, ...]
    frozen_units: tuple[tuple[int, ...], ...]
    weight_decay: float
    readout_weight_decay: float
    batch_size: int
    sampling: str
    consolidation: Consolidation | None = None
    l1: float | None = None
    deficits: tuple[Deficit, ...] | None = None
    loss: str | None = None  # of labels that are signs; None: squared
    margin: float | None = None  # of the hinge losses
    rule: str | None = None  # reward; None: gradient
    episode: Episode | None = None  # of the reward rule
    inner_learning_rate: float | tuple[float, ...] | tuple[RatePiece, ...] | None = None


@dataclass(frozen=True)
class Curriculum:
    """Order of the teachers and the rule for switching between them."""

    order: tuple[int, ...]
    look_every: float  # time between two comparisons with a threshold, in network and chain
    switch_times: tuple[float, ...] | None = None
    period: float | None = None
    thresholds: tuple[float, ...] | None = None
    replay: Replay | None = None
    mixture: tuple[MixturePiece, ...] | None = None


@dataclass(frozen=True)
class Record:
    """Recorded times (a spacing with a count, or the times themselves) and recorded quantities."""

    spacing: str | None = None
    count: int | None = None
    first: float | None = None
    times: tuple[float, ...] | None = None
    quantities: str = "all"
    weights: bool = False
    state: bool = False
    movement: bool = False


@dataclass(frozen=True)
class Numerics:
    """Precision of the engines."""

    relative_tolerance: float  # of engine ode
    precision: str  # of engine network: float64 or float32
    latents: str | None = None  # finite or infinite: of structured inputs
    nodes: int | str | None = None  # of the limit of infinitely many latent numbers
    covariance: str | None = None  # loadings or exact: of structured inputs
    cubature_tolerance: float | None = None  # of means by sums over nodes
    most_nodes: int | None = None  # of such a sum


@dataclass(frozen=True)
class InitialOverlaps:
    """Initial order parameters: Q (K, K), R (P, K, M), T (P, P, M, M), h (H, K), v (P, M), and the inner
    layers U (L - 1, K, K) of students with L > 1 hidden layers, as nested tuples.
    """

    student: tuple
    student_teacher: tuple
    teacher: tuple
    student_readouts: tuple
    teacher_readouts: tuple
    student_inner: tuple | None = None


@dataclass(frozen=True)
class Spec:
    """One run, complete and consistent.

    Attributes
    ----------
    inputs : Inputs
        Distribution and number N of the inputs.
    teachers : Teachers
        The fixed networks that label the inputs.
    student : Student
        The network that is trained.
    training : Training
        Stochastic gradient descent or another rule: rates, trained layers, batches.
    curriculum : Curriculum
        Order of the teachers and times of the switches.
    duration : float
        Length of the run in units of t = steps / N, larger than 0.
    record : Record
        Recorded times and quantities.
    numerics : Numerics
        Precision of the engines.
    initial_overlaps : InitialOverlaps or None
        Initial order parameters, if networks are not sampled.
    """

    inputs: Inputs
    teachers: Teachers
    student: Student
    training: Training
    curriculum: Curriculum
    duration: float
    record: Record
    numerics: Numerics
    initial_overlaps: InitialOverlaps | None = None

    @property
    def heads(self) -> int:
        """Number of readout vectors H."""
        return self.teachers.count if self.student.heads == "per_task" else 1

    @property
    def mixes_tasks(self) -> bool:
        """Whether the steps of one phase can be on several tasks."""
        return self.curriculum.replay is not None or self.curriculum.mixture is not None

    @property
    def has_task_inputs(self) -> bool:
        """Whether the inputs of the tasks have different laws."""
        manifold = self.inputs.manifold
        return self.teachers.count > 1 and manifold is not None and manifold.tasks != "shared"

    @property
    def has_classes(self) -> bool:
        """Whether labels are +1 and -1: the signs of the teachers' outputs, or those of clusters."""
        return self.teachers.labels == "sign" or self.inputs.clusters is not None

    @property
    def loss(self) -> str:
        """Loss of a step."""
        return self.training.loss or "squared"

    @property
    def has_rewards(self) -> bool:
        """Whether steps are episodes with a reward, in place of steps of gradient descent."""
        return self.training.rule == "reward"

    @property
    def inputs_of_step(self) -> int:
        """Number of inputs of a step: those of a batch, or the most of an episode."""
        return self.training.episode.length if self.has_rewards else self.training.batch_size

    @property
    def is_deep(self) -> bool:
        """Whether the student has more than one hidden layer."""
        return self.student.depth > 1

    @property
    def has_anchors(self) -> bool:
        """Whether runs have anchors: the weights at the last switch, or the centres of penalties.

        Penalties of strength 0 have none, so that these runs are the same as those without consolidation.
        """
        block = self.training.consolidation
        return self.record.movement or (block is not None and block.has_penalties)

    @property
    def has_moving_teachers(self) -> bool:
        """Whether a teacher drifts or turns."""
        return self.teachers.rotation is not None or any(self.teachers.drift or ())

    def head_of(self, teacher: int) -> int:
        """The head that is trained on a teacher."""
        return teacher if self.student.heads == "per_task" else 0

    def to_dict(self) -> dict:
        """Return the document, complete with defaults; `parse_spec` gives the same spec back."""
        return _plain(self)

    def to_json(self) -> str:
        """Return the complete document as JSON with sorted keys."""
        return json.dumps(self.to_dict(), sort_keys=True)


def _plain(value: Any) -> Any:
    """Turn dataclasses and tuples into mappings and lists, without the optional keys that were not given."""
    if dataclasses.is_dataclass(value):
        items = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {
            field.name: _plain(item) for field, item in items if item is not None or field.default is not None
        }
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
