"""The interface of sources of inputs: what networks are trained on, and which errors are recorded."""

from abc import ABC, abstractmethod

import numpy as np

from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_error, generalisation_errors
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec


class Source(ABC):
    """Inputs and labels of one run of engine `network`.

    A source is one class in one file and one entry of `sources.SOURCES`. Errors are those on all Gaussian
    inputs, from the overlaps, unless a class has others.

    Parameters
    ----------
    spec : Spec
        The run.
    networks : InMemory
        Networks under training, in the memory layout of engine `network`: `W`, `h` and `buffers` of the
        student, padded first layers `V` and readouts `v` of the teachers.
    seed, run : int
        What all random numbers depend on.
    """

    # Whether training on the first teacher is the same for all specs that differ in the others only.
    is_independent_of_later_teachers = False
    # Whether the weights may be in memory by input (`wide`); rows of samples need them by unit.
    has_wide_kernel = False

    def __init__(self, spec: Spec, networks, seed: int, run: int):
        self.spec = spec
        self.codes = CODES[spec.student.activation], CODES[spec.teachers.activation]

    @classmethod
    @abstractmethod
    def provides(cls, spec: Spec) -> bool:
        """Whether a spec asks for such inputs."""

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError where the inputs of a spec are not available."""
        return  # only files can be missing

    @abstractmethod
    def train(self, networks, constants, teacher: int, first: int, steps: int) -> int:
        """Make some steps.

        Parameters
        ----------
        networks : InMemory
            Networks under training; their student is changed in place.
        constants : StepConstants
            Constants of the phase, with the law of one step.
        teacher : int
            Number of the active teacher, counted from 0.
        first, steps : int
            Number of the first step, counted from the start of the run, and how many to make.

        Returns
        -------
        int
            The number of steps done, fewer than asked for where an error stopped being finite.
        """

    def observe(self, networks, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the errors to be recorded by name, for each teacher (P,), from order parameters of now."""
        return {"generalisation_error": generalisation_errors(*self.codes, *now)}

    def error(self, networks, teacher: int) -> float:
        """Return the error on a teacher that is compared with thresholds."""
        now, M = networks.order_parameters(), self.spec.teachers.hidden
        own = slice(teacher * M, (teacher + 1) * M)
        h, v = now.h[self.spec.head_of(teacher)], now.v[teacher]
        return generalisation_error(*self.codes, now.Q, now.R[:, own], now.T[own, own], h, v)
