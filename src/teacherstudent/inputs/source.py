"""The interface of sources of inputs: the samples for training, and the errors that are recorded."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from teacherstudent.kernels.maths.generalisation import generalisation_error, generalisation_errors
from teacherstudent.kernels.network.tasks import Stored
from teacherstudent.networks.activations import codes_of
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec


class Source(ABC):
    """Inputs and labels of one run of engine `network`.

    A source is one class in one file and one entry of `sources.SOURCES`. By default the recorded error is
    the mean over all Gaussian inputs, computed from the overlaps.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : InMemory
        Networks that are trained, in the memory layout of engine `network`: `W`, `h` and `buffers` of the
        student, padded first layers `V` and readouts `v` of the teachers.
    seed, run : int
        Seed of all random numbers, and number of the run.
    """

    # Whether training on the first teacher is the same for all specs that differ only in the other teachers.
    is_independent_of_later_teachers = False
    # Whether the source can train weights in the layout `ByInput`; stored samples need `ByUnit`.
    has_wide_kernel = False
    # Whether its inputs are those of the kernel `network.blocks`, which draws them itself.
    has_blocks = False

    # Keys of the random numbers of fresh inputs, or of the choice of samples; for runs with interventions.
    key: tuple | None = None
    choice_key: tuple | None = None

    # Multiply-adds for an input besides those with weights, for the times between reports of progress.
    work = 0

    def __init__(self, spec: Spec, networks, seed: int, run: int):
        self.spec = spec
        self.codes = codes_of(spec)

    @classmethod
    @abstractmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether this is the source of the inputs of a spec."""

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError if the inputs of a spec are not available."""
        return  # only files can be missing

    @abstractmethod
    def train(self, networks, constants, teacher: int, first: int, steps: int) -> int:
        """Train for some steps.

        Parameters
        ----------
        networks : InMemory
            Networks that are trained; their student is changed in place.
        constants : StepConstants
            Constants of the phase, with the law of one step.
        teacher : int
            Number of the active teacher, counted from 0.
        first, steps : int
            Number of the first step, counted from the start of the run, and number of steps.

        Returns
        -------
        int
            The number of steps done; it is smaller than `steps` if an error was not finite.
        """

    def train_tasks(self, networks, constants, tasks, first: int, steps: int) -> int:
        """Train for some steps of a stage with several tasks, for sources with an own kernel for it.

        Parameters
        ----------
        networks : InMemory
            Networks that are trained; their student is changed in place.
        constants : StepConstants
            Constants of the stage.
        tasks : Tasks
            The tasks of the stage.
        first, steps : int
            Number of the first step, counted from the start of the run, and number of steps.

        Returns
        -------
        int
            The number of steps done, as for `train`.
        """
        raise NotImplementedError

    def release(self) -> None:
        """Free memory that only training needs; training can continue later."""
        return

    def stored(self, teachers: Sequence[int]) -> Stored | None:
        """Return the samples of the source with the labels of some teachers; None for fresh inputs."""
        return None

    def observe(self, networks, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the errors to record.

        Parameters
        ----------
        networks : InMemory
            Networks that are trained.
        now : OrderParameters
            Their present order parameters.

        Returns
        -------
        dict of str to array (P,)
            One number for each teacher, by the name of an observable.
        """
        direct = networks.has_direct_errors
        errors = networks.direct_errors() if direct else generalisation_errors(*self.codes, *now)
        return {"generalisation_error": errors}

    def error(self, networks, teacher: int) -> float:
        """Return the error that is compared with the threshold of a phase.

        Parameters
        ----------
        networks : InMemory
            Networks that are trained.
        teacher : int
            Number of the teacher, counted from 0.

        Returns
        -------
        float
            The generalisation error.
        """
        if networks.has_direct_errors:
            return float(networks.direct_errors()[teacher])
        now, M = networks.order_parameters(), self.spec.teachers.hidden
        own = slice(teacher * M, (teacher + 1) * M)
        h, v = now.h[self.spec.head_of(teacher)], now.v[teacher]
        return generalisation_error(*self.codes, now.Q, now.R[:, own], now.T[own, own], h, v)
