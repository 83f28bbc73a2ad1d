"""The formulation of independent inputs: order parameters, with anchors and teachers that move."""

from collections.abc import Callable, Sequence
from typing import NoReturn, Self

import numpy as np

from teacherstudent.engines.class_errors import class_errors
from teacherstudent.engines.ode.anchors import check_pulls, has_penalties, importances, new_penalties
from teacherstudent.engines.ode.columns import (
    angle_of_rotation,
    columns_for,
    moved_anchors,
    overlaps_of_columns,
    start_of_columns,
)
from teacherstudent.engines.ode.constants import Vectors, is_plain, numbers_of, stage_constants
from teacherstudent.engines.ode.formulation import Formulation, Origin
from teacherstudent.engines.ode.states import (
    Position,
    initial_in,
    position_in,
    rotation_numbers,
    stored_angle,
)
from teacherstudent.engines.ode.sums_checks import is_scale_free
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.engines.start import State
from teacherstudent.engines.trajectory import stored_importances, stored_T
from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.maths.generalisation import (
    generalisation_errors,
    generalisation_errors_of_records,
)
from teacherstudent.kernels.ode.equations import Constants, integrate_phase
from teacherstudent.kernels.ode.interventions import Intervened, integrate_stage
from teacherstudent.kernels.ode.state import Layout, unpack
from teacherstudent.networks.activations import codes_of
from teacherstudent.networks.frames import order_parameters_in_frame
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec

# Absolute tolerance where overlaps have no scale: far below all of them, but not 0.
SMALLEST_TOLERANCE = 1e-300
SHORTEST = 1e-250  # squared length of a student, below which rounding of its products is no longer relative


class Independent(Formulation):
    """State (Q, R, h), then overlaps with further columns (`kernels.ode.columns`).

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    start : OrderParameters
        Order parameters of which T and v are used: those at the start of the run.
    position : Position
        State, overlaps of the columns, penalties and importances.
    switches : int
        Number of switches before.
    """

    def __init__(self, spec: Spec, start: OrderParameters, position: Position, switches: int):
        super().__init__(spec, position.y, start.T, start.v)
        self.columns, self.start = columns_for(spec), start
        self.column_T, self.penalties, self.importances = position[1:]
        # The anchors of earlier phases do not matter any more.
        self.norms = [self._anchor_norms()] * (switches + 1)
        self.angle_of_run = np.inf

    @classmethod
    def at_start(cls, origin: Origin, switches: int) -> Self:
        """Return the formulation with the initial networks of a run, after a number of switches."""
        spec = origin.spec
        start = order_parameters_in_frame(*origin)
        y, T = start_of_columns(spec, columns_for(spec), start)
        return cls(spec, start, Position(y, T, np.zeros(spec.student.hidden), []), switches)

    @classmethod
    def from_state(cls, origin: Origin, state: State) -> Self:
        """Return the formulation at the end of a stored run."""
        columns = columns_for(origin.spec)
        position = position_in(origin.spec, columns, state)
        return cls(origin.spec, initial_in(state, columns), position, len(state["switch_times"]))

    def at_restart(self, state: State) -> Self:
        """Return the formulation at the restart point of the state that this one is from."""
        switches = int(state["integrator_switches"])
        position = position_in(self.spec, self.columns, state, at_restart=True)
        position = position._replace(importances=position.importances[:switches])
        found = type(self)(self.spec, self.start, position, switches)
        found.angle_of_run = self.angle_of_run
        return found

    @staticmethod
    def fits(spec: Spec, state: State) -> bool:
        """Return whether a state has the same anchors and moving teachers as a spec."""
        if "order_parameters" not in state:
            return False
        return position_in(spec, columns_for(spec), state) is not None

    @property
    def record_layout(self) -> Layout:
        """Layout of (Q, R, h) at the start of each record."""
        return self.columns.layout

    @property
    def controlled(self) -> int:
        """All numbers of the state where the further columns have an influence on the order parameters."""
        matter = self.spec.has_moving_teachers or has_penalties(self.spec)
        return self.columns.size if matter else self.columns.layout.size

    @property
    def tolerances(self) -> tuple[float, float]:
        """Relative and absolute tolerance of a step; an AdaTron can become arbitrarily short."""
        relative, absolute = super().tolerances
        return relative, SMALLEST_TOLERANCE if is_scale_free(self.spec) else absolute

    @property
    def readouts(self) -> np.ndarray:
        """View of the readouts (H, K) in the state."""
        return unpack(self.y[: self.columns.layout.size], self.columns.layout)[2]

    def angle(self, time: float, state: State | None) -> float:
        """Return the angle by which a teacher turns until it is the other one; infinity without this."""
        angle = stored_angle(self.spec, state)
        if angle is None:
            angle = angle_of_rotation(self.spec, self._T_now(), self.columns, time)
        self.angle_of_run = angle
        return angle

    def _T_now(self) -> np.ndarray:
        """Return the overlaps (n, n) of all columns."""
        return overlaps_of_columns(self.columns, self.y, self.column_T)

    def _anchor_norms(self) -> np.ndarray:
        """Return the squared lengths (K,) of the anchors, divided by N."""
        return np.diag(self._T_now())[self.columns.first_anchor :]

    def switch(self, earlier: int, switch: int) -> None:
        """Update importances, penalties and anchors at a switch.

        Parameters
        ----------
        earlier : int
            The main task before the switch.
        switch : int
            Number of the switch, counted from 0.
        """
        spec, columns, shares = self.spec, self.columns, np.ones(self.columns.anchors)
        if spec.training.consolidation is not None:
            self.importances.append(importances(spec, columns, self.y, self._T_now(), self.v, earlier))
        if columns.S >= 0:
            self.y[columns.S :] = 0.0
        if not columns.anchors:
            return
        if spec.training.consolidation is not None:
            self.penalties, shares = new_penalties(spec, self.penalties, self.importances[-1], switch)
        self.y, self.column_T = moved_anchors(columns, self.y, self._T_now(), shares)
        self.norms.append(self._anchor_norms())

    def constants(self, stage: Stage, phase: Phase) -> Constants | Intervened:
        """Return the constants of the equations in a stage of a phase."""
        return stage_constants(self.spec, self.vectors, stage, phase)

    def is_plain(self, stage: Stage, phase: Phase) -> bool:
        """Return whether one task is trained on its own labels, and the state is (Q, R, h).

        Parameters
        ----------
        stage : Stage
            The stage.
        phase : Phase
            Its phase.

        Returns
        -------
        bool
        """
        return is_plain(self.vectors, stage, phase)

    @property
    def vectors(self) -> Vectors:
        """The columns of R and the penalties."""
        return Vectors(self.columns, self.column_T, self.v, self.penalties)

    def integrator(self, constants: Constants | Intervened) -> Callable:
        """Return the compiled function that integrates the equations with some constants."""
        return integrate_phase if isinstance(constants, Constants) else integrate_stage

    def numbers(self, constants: Constants | Intervened) -> np.ndarray:
        """Return the numbers, apart from the teachers, that determine the equations of a stage."""
        return numbers_of(constants)

    def check_steps(self, constants: Constants | Intervened, stage: Stage, start: float, most: float) -> None:
        """Raise RunError if pulls to anchors make a stage take too many steps.

        Parameters
        ----------
        constants : Constants or Intervened
            Constants of the equations in the stage.
        stage : Stage
            The stage.
        start : float
            Its start.
        most : float
            Number of steps of the integrator that is still allowed.
        """
        if isinstance(constants, Intervened):
            check_pulls(self.spec, self.penalties, constants.model.pull, stage, start, most)

    def report_stuck(self, stage: Stage, time: float, steps: int) -> NoReturn:
        """Raise RunError for equations that are stiff, or an AdaTron too short for floating-point numbers.

        Parameters
        ----------
        stage : Stage
            The stage that is not finished.
        time : float
            Time t = steps / N that is reached.
        steps : int
            Steps of the integrator up to this time.
        """
        length = self.y[0]
        if is_scale_free(self.spec) and length < SHORTEST:
            raise RunError(
                f"engine ode: at t = {time:g} the squared length of the student is {length:.2g}, too small "
                "for the integrator; with teachers.label_flips an AdaTron becomes shorter exponentially, "
                "while its angle is constant: use a shorter duration"
            )
        super().report_stuck(stage, time, steps)

    def between_switches(self) -> dict[str, np.ndarray]:
        """Return the overlaps of all columns, and the penalties, where there are anchors."""
        if not self.columns.anchors:
            return {}
        return {"column_overlaps": self._T_now(), "penalties": self.penalties}

    def state_arrays(self, switches: int) -> dict[str, np.ndarray]:
        """Return further arrays of a state."""
        arrays = {}
        if np.isfinite(self.angle_of_run):
            angle = np.array(self.angle_of_run)
            arrays = {"rotation": rotation_numbers(self.spec), "rotation_angle": angle}
        if self.columns.anchors or self.spec.training.consolidation is not None:
            K = self.columns.layout.K
            arrays["importances"] = np.array(self.importances, dtype=float).reshape(-1, K)
        return arrays | self.between_switches()

    def errors(self, records: np.ndarray) -> dict[str, np.ndarray]:
        """Return the errors (T, P) of records by name."""
        spec, columns = self.spec, self.columns
        P, K, F = spec.teachers.count, columns.layout.K, columns.layout.F
        Q, R, h = self.overlaps(records)
        if spec.has_classes:
            return class_errors(spec, Q, R, self._T_of_teachers(records), h, self.v)
        codes = codes_of(spec)
        errors = np.empty((len(records), P))
        for part in in_pieces(len(records), P * (K + F) ** 2):
            if columns.T >= 0:
                rows = zip(Q[part], R[part], self._T_of_teachers(records[part]), h[part], strict=True)
                errors[part] = [
                    generalisation_errors(*codes, *map(np.ascontiguousarray, row), self.v) for row in rows
                ]
            else:
                records_of_part = Q[part], R[part], self.T, h[part], self.v
                errors[part] = generalisation_errors_of_records(*codes, *records_of_part)
        return {"generalisation_error": errors}

    def observables(
        self, records: np.ndarray, times: np.ndarray, switches: Sequence[float]
    ) -> dict[str, np.ndarray]:
        """Return the records that only runs with interventions have.

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
        """
        spec, columns, arrays = self.spec, self.columns, {}
        if columns.T >= 0:
            T = self._T_of_teachers(records)
            arrays["teacher_overlaps_in_time"] = np.array([stored_T(row, spec.teachers.count) for row in T])
        if columns.anchors:
            row = np.searchsorted(switches, times, side="left")  # at a switch the state is that before it
            arrays["anchor_overlaps"] = records[:, columns.index_of_R()[:, columns.first_anchor :]]
            arrays["anchor_norms"] = np.array(self.norms)[row]
        if spec.training.consolidation is not None:
            arrays["importances"] = stored_importances(self.importances, len(switches), columns.layout.K)
        return arrays

    def _T_of_teachers(self, records: np.ndarray) -> np.ndarray:
        """Return the overlaps of all teachers: (T, F, F) where they move, otherwise (F, F)."""
        F = self.columns.layout.F
        if self.columns.T < 0:
            return self.T
        return records[:, self.columns.index_of_T()[:F, :F]]
