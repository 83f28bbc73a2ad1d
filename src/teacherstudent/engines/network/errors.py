"""Kinds of errors that engine `network` records and compares with thresholds: a class for each kind."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from teacherstudent.engines.class_errors import class_errors, has_class_errors, is_below
from teacherstudent.engines.cluster_errors import cluster_errors
from teacherstudent.engines.deep_errors import deep_errors
from teacherstudent.engines.network.weights import InMemory
from teacherstudent.engines.rewards import reward_observables
from teacherstudent.inputs.source import Source
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec


class Errors(ABC):
    """Errors of a run of engine `network`.

    A kind of errors is one class and one entry of `KINDS`.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : InMemory
        Networks that are trained.
    source : Source
        The source of their inputs.

    Attributes
    ----------
    needs_overlaps : bool
        Whether `observe` uses the overlaps of its order parameters.
    """

    needs_overlaps = True

    def __init__(self, spec: Spec, networks: InMemory, source: Source):
        self.spec, self.networks, self.source = spec, networks, source

    @classmethod
    @abstractmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether the errors of a spec are of this kind."""

    @abstractmethod
    def observe(self, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the errors (P,) and the other observables of this kind, by name.

        `now` are the present order parameters of the networks.
        """

    def is_below(self, threshold: float, teacher: int) -> bool:
        """Return whether the error on a teacher (of classes, the classification error) is below a value."""
        found = self.observe(self.networks.order_parameters())
        return found.get("classification_error", found["generalisation_error"])[teacher] < threshold


class RewardErrors(Errors):
    """Errors and reward rates of students that are trained by rewards."""

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether students are trained by rewards."""
        return spec.has_rewards

    def observe(self, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the errors and the reward rates (`Errors.observe`)."""
        return _only_record(reward_observables(self.spec, now.Q[None], now.R[None], now.T, now.v))


class DeepErrors(Errors):
    """Errors of students with inner layers, for labels that are numbers or signs."""

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether students have inner layers."""
        return spec.is_deep

    def observe(self, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the errors (`Errors.observe`)."""
        (Q, R, T, h, v), inner = now, self.networks.further()["student_inner"]
        return _only_record(deep_errors(self.spec, Q[None], R[None], T, h[None], inner[None], v))


class ClusterErrors(Errors):
    """Mean losses and classification errors on inputs of clusters."""

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether inputs are drawn from clusters."""
        return spec.inputs.clusters is not None

    def observe(self, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the errors (`Errors.observe`)."""
        m = self.networks.further()["student_cluster_overlaps"]
        return _only_record(cluster_errors(self.spec, now.Q[None], m[None], now.h[None]))


class ClassErrors(Errors):
    """Mean losses and classification errors on labels that are signs, for one hidden layer."""

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether labels are signs, for one hidden layer and without rewards."""
        return has_class_errors(spec)

    def observe(self, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the errors, and what the source observes (`Errors.observe`)."""
        found = class_errors(self.spec, now.Q[None], now.R[None], now.T, now.h[None], now.v)
        return self.source.observe(self.networks, now) | _only_record(found)

    def is_below(self, threshold: float, teacher: int) -> bool:
        """Return whether the classification error on a teacher is below a value (`Errors.is_below`)."""
        now, M = self.networks.order_parameters(), self.spec.teachers.hidden
        own = slice(teacher * M, (teacher + 1) * M)
        order = now.Q, now.R[:, own], now.T[own, own]
        return is_below(self.spec, threshold, *order, now.h[self.spec.head_of(teacher)], now.v[teacher])


class SourceErrors(Errors):
    """All other errors: the source of inputs computes them."""

    def __init__(self, spec: Spec, networks: InMemory, source: Source):
        super().__init__(spec, networks, source)
        self.needs_overlaps = not networks.has_direct_errors

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return True."""
        return True

    def observe(self, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return what the source observes (`Errors.observe`)."""
        return self.source.observe(self.networks, now)

    def is_below(self, threshold: float, teacher: int) -> bool:
        """Return whether the error on a teacher is below a value (`Errors.is_below`)."""
        return self.source.error(self.networks, teacher) < threshold


KINDS: tuple[type[Errors], ...] = (RewardErrors, DeepErrors, ClusterErrors, ClassErrors, SourceErrors)


def errors_of(spec: Spec, networks: InMemory, source: Source) -> Errors:
    """Return the errors of a run.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : InMemory
        Networks that are trained.
    source : Source
        The source of their inputs.

    Returns
    -------
    Errors
        Of the first kind in `KINDS` that the spec has.
    """
    return next(kind for kind in KINDS if kind.provides(spec))(spec, networks, source)


def _only_record(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return observables of the only record, by name."""
    return {name: array[0] for name, array in found.items()}
