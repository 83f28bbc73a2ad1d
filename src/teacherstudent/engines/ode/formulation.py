"""What depends on the layout of the state of the equations: the interface that `Integration` uses.

A formulation has the state y of one run, and everything that is constant between two switches. Each kind of
inputs has one, and `choice` selects it from the spec.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn, Self

import numpy as np

from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.engines.start import State
from teacherstudent.errors import RunError
from teacherstudent.kernels.ode.state import Layout, unpack
from teacherstudent.spec.model import Spec

# Absolute tolerance divided by the relative one: order parameters can start at 1e-6.
ABSOLUTE_TOLERANCE = 1e-3


class Origin(NamedTuple):
    """The run to which a formulation belongs: it determines the initial networks."""

    spec: Spec
    seed: int
    run: int


class Formulation(ABC):
    """The state of the equations of one run, and what is constant between two switches.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    y : (n,) array
        State of the equations, which the integrator changes in place.
    T : (P M, P M) array
        Covariances of the fields of all teachers at the start of the run.
    v : (P, M) array
        Readouts of the teachers.
    """

    # Whether the equations have sums over nodes; events are then, too, that these are too coarse.
    has_nodes = False

    def __init__(self, spec: Spec, y: np.ndarray, T: np.ndarray, v: np.ndarray):
        self.spec, self.y, self.T, self.v = spec, y, T, v

    # Where a run starts

    @classmethod
    @abstractmethod
    def at_start(cls, origin: Origin, switches: int) -> Self:
        """Return the formulation with the initial networks of a run, after a number of switches."""

    @classmethod
    @abstractmethod
    def from_state(cls, origin: Origin, state: State) -> Self:
        """Return the formulation at the end of a stored run; `fits` returns True for the state."""

    @abstractmethod
    def at_restart(self, state: State) -> Self:
        """Return the formulation at the restart point of the state that this one is from."""

    @staticmethod
    @abstractmethod
    def fits(spec: Spec, state: State) -> bool:
        """Return whether a run of a spec can start from a state."""

    # During a run

    @property
    @abstractmethod
    def record_layout(self) -> Layout:
        """Layout of (Q, R, h) at the start of each record."""

    @property
    def width(self) -> int:
        """Length of a record; by default records are states."""
        return len(self.y)

    @property
    def controlled(self) -> int:
        """How many numbers at the start of the state determine the sizes of steps."""
        return len(self.y)

    @property
    def tolerances(self) -> tuple[float, float]:
        """Relative and absolute tolerance of a step."""
        relative = self.spec.numerics.relative_tolerance
        return relative, ABSOLUTE_TOLERANCE * relative

    @property
    @abstractmethod
    def readouts(self) -> np.ndarray:
        """View of the readouts (H, K) in the state."""

    def angle(self, time: float, state: State | None) -> float:
        """Return the angle by which a teacher turns until it is the other one; infinity without this."""
        return math.inf

    def switch(self, earlier: int, switch: int) -> None:  # noqa: B027
        """Change what changes at a switch, apart from readouts.

        Parameters
        ----------
        earlier : int
            The main task before the switch.
        switch : int
            Number of the switch, counted from 0.
        """

    def choose_nodes(self, time: float) -> None:  # noqa: B027
        """Choose the nodes of sums for the present state, where there are such sums."""

    @abstractmethod
    def constants(self, stage: Stage, phase: Phase):
        """Return the constants of the equations in a stage of a phase, with `progress` as in `Constants`."""

    def is_plain(self, stage: Stage, phase: Phase) -> bool:
        """Return whether the constants of several runs in a stage are made together.

        Parameters
        ----------
        stage : Stage
            The stage.
        phase : Phase
            Its phase.

        Returns
        -------
        bool
            By default False: those of each run are made by `constants`.
        """
        return False

    def recorded(self, states: np.ndarray, constants) -> np.ndarray:
        """Return the records (T, width) of states (T, n); by default records are states.

        Parameters
        ----------
        states : (T, n) array
            States at recorded times.
        constants : NamedTuple or None
            Constants of the equations; None if they have not been made for this run alone.

        Returns
        -------
        (T, width) array
        """
        return states

    @abstractmethod
    def integrator(self, constants) -> Callable:
        """Return the compiled function that integrates the equations with some constants."""

    @abstractmethod
    def numbers(self, constants) -> np.ndarray:
        """Return the numbers, apart from `between_switches`, that determine the equations of a stage."""

    def check_steps(self, constants, stage: Stage, start: float, most: float) -> None:  # noqa: B027
        """Raise RunError if a stage takes far too many steps; by default their number is not known.

        Parameters
        ----------
        constants : NamedTuple
            Constants of the equations in the stage.
        stage : Stage
            The stage.
        start : float
            Its start.
        most : float
            Number of steps of the integrator that is still allowed.
        """

    def report_stuck(self, stage: Stage, time: float, steps: int) -> NoReturn:
        """Raise RunError for equations that are stiff.

        Parameters
        ----------
        stage : Stage
            The stage that is not finished.
        time : float
            Time t = steps / N that is reached.
        steps : int
            Steps of the integrator up to this time.
        """
        raise RunError(
            f"engine ode: the equations are stiff: t = {time:g} is reached after {steps} steps, the stage "
            f"ends at {stage.end:g}; use learning rates of similar size"
        )

    # What remains of it

    def between_switches(self) -> dict[str, np.ndarray]:
        """Return arrays that are constant between switches, for states: also at the restart point."""
        return {}

    @abstractmethod
    def state_arrays(self, switches: int) -> dict[str, np.ndarray]:
        """Return further arrays of a state, those of `between_switches` among them."""

    def overlaps(self, records: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return Q (..., K, K), R (..., K, P M) and h (..., H, K) of records."""
        return unpack(records[..., : self.record_layout.size], self.record_layout)

    @abstractmethod
    def errors(self, records: np.ndarray) -> dict[str, np.ndarray]:
        """Return the errors (T, P) of records by name, `generalisation_error` among them."""

    @abstractmethod
    def observables(
        self, records: np.ndarray, times: np.ndarray, switches: Sequence[float]
    ) -> dict[str, np.ndarray]:
        """Return the recorded arrays that not every formulation has.

        Parameters
        ----------
        records : (T, width) array
            Records.
        times : (T,) array
            Their times t = steps / N.
        switches : sequence of float
            Times of the switches of the run.

        Returns
        -------
        dict of str to array
            By the names of `engines.observables`.
        """
