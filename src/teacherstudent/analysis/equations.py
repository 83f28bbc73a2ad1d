"""The equations of motion while one teacher is active, in the coordinates that are trained."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from teacherstudent.analysis.jacobian import changes_of_error, changes_of_rates
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.ode.sums_checks import has_sums
from teacherstudent.engines.ode.support import check
from teacherstudent.engines.phases import Phase
from teacherstudent.errors import SpecError, refuse
from teacherstudent.kernels.ode.equations import Constants, rate_of_change
from teacherstudent.kernels.ode.state import pack, unpack
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.interventions import RatePiece
from teacherstudent.spec.model import Spec


class Equations(NamedTuple):
    """The equations dy/dt = f(y) for the state y of the kernels (`kernels.ode.state`), in n coordinates.

    The coordinates are the trained entries of y, with Q_ik = Q_ki as one coordinate.
    """

    constants: Constants  # of the right-hand side
    start: OrderParameters  # state at the start; its T and v are constant
    teacher: int  # index of the active teacher
    directions: np.ndarray  # (n, size) change of y along each coordinate, of zeros and ones
    entries: np.ndarray  # (n,) index in y of each coordinate

    def vector(self) -> np.ndarray:
        """Return the state y at the start."""
        return pack(self.start.Q, self.start.R, self.start.h)

    def order_parameters(self, y: np.ndarray) -> OrderParameters:
        """Return the order parameters of a state y."""
        Q, R, h = unpack(y, self.constants.model.layout)
        return self.start._replace(Q=Q, R=R, h=h)

    def rates(self, y: np.ndarray) -> np.ndarray:
        """Return the rates (n,) of the coordinates, per unit of t = steps / N."""
        return rate_of_change(self.constants, y)[self.entries]

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """Return the derivatives (n, n) of the rates (rows) along the coordinates, exact up to rounding."""
        return jacobians([self], y[None])[0]

    def error_gradient(self, y: np.ndarray) -> np.ndarray:
        """Return the derivatives (n,) of the active teacher's generalisation error along the coordinates."""
        return changes_of_error([self.constants], y[None], self.directions)[0]


def jacobians(systems: Sequence[Equations], y: np.ndarray) -> np.ndarray:
    """Return the Jacobians of equations with equal coordinates, computed side by side.

    Parameters
    ----------
    systems : sequence of Equations
        V equations of equal sizes, with the same trained coordinates and head.
    y : (V, size) array
        A state for each of them.

    Returns
    -------
    (V, n, n) array
        Derivatives of the rates (rows) along the coordinates, each with the bits that it has alone.
    """
    first = systems[0]
    changes = changes_of_rates([system.constants for system in systems], y, first.directions)
    return changes[..., first.entries].swapaxes(-1, -2)


def equations(spec: Spec, start: OrderParameters, teacher: int = 0) -> Equations:
    """Return the equations of motion while one teacher is active: Saad & Solla 1995; Goldt et al. 2019.

    Parameters
    ----------
    spec : Spec
        Sizes, activations, learning rates, decay and noises.
    start : OrderParameters
        State at the start; its T and v are constant.
    teacher : int
        The active teacher, from 0 to P - 1.

    Returns
    -------
    Equations

    Raises
    ------
    SpecError
        Where engine `ode` has no equations for the spec, or they change in the course of a run, or where an
        argument has another type.
    ValueError
        Where there is no such teacher, where the shapes of `start` are not those of the spec, or where all
        rates of change are zero for any state.
    """
    _check_kind(start)
    check(spec)
    _check_constant(spec)
    _check_start(spec, start, teacher)
    constants = ode.phase_constants(spec, start, Phase(teacher, end=np.inf, threshold=0.0))
    directions = _directions(constants)
    if not len(directions):
        raise ValueError(
            "the state is constant: all learning rates and decays are zero, or all units are frozen"
        )
    return Equations(constants, start, teacher, directions, directions.argmax(axis=1))


def _check_constant(spec: Spec) -> None:
    """Raise SpecError if the equations of a task change in the course of a run, or have another state."""
    training, curriculum = spec.training, spec.curriculum
    if spec.student.activation == "relu" or spec.teachers.labels is not None:
        key = "student.activation: relu" if spec.student.activation == "relu" else "teachers.labels: sign"
        raise SpecError(f"{key}: the analysis has derivatives of erf and linear students on outputs only")
    if has_sums(spec):
        raise SpecError(
            "student.activation, teachers.activation: the analysis has derivatives of means in closed form; "
            "use erf or linear"
        )
    if spec.inputs.is_structured:
        refuse(
            "inputs.distribution",
            spec.inputs.distribution,
            "the analysis is of equations for independent inputs; use inputs.distribution: gaussian",
        )
    if spec.is_deep:
        raise SpecError("student.layers: the analysis is of students with one hidden layer; remove it")
    changing = {
        "curriculum.replay": curriculum.replay is not None,
        "curriculum.mixture": curriculum.mixture is not None,
        "training.consolidation": training.consolidation is not None,
        "training.deficits": training.deficits is not None,
        "training.learning_rate": _is_schedule(training.learning_rate),
        "training.readout_learning_rate": _is_schedule(training.readout_learning_rate),
        "teachers.drift": any(spec.teachers.drift or ()),
        "teachers.rotation": spec.teachers.rotation is not None,
    }
    for key, changes in changing.items():
        if changes:
            raise SpecError(f"{key}: the analysis is of one task with constant rates; remove it")


def _is_schedule(rate) -> bool:
    return isinstance(rate, tuple) and isinstance(rate[0], RatePiece)


def _check_kind(start: Any) -> None:
    """Raise SpecError for a start of another type."""
    if not isinstance(start, OrderParameters):
        refuse("start", type(start).__name__, "it must be OrderParameters, such as long_time_state(spec)")


def _check_start(spec: Spec, start: OrderParameters, teacher: int) -> None:
    """Raise ValueError if the teacher or the shapes of the start are not those of a spec."""
    K, P, M, H = spec.student.hidden, spec.teachers.count, spec.teachers.hidden, spec.heads
    if not 0 <= teacher < P:
        raise ValueError(f"teacher {teacher} is not one of 0 to {P - 1}")
    expected = OrderParameters((K, K), (K, P * M), (P * M, P * M), (H, K), (P, M))
    for name, part, shape in zip(OrderParameters._fields, start, expected, strict=True):
        if part.shape != shape:
            raise ValueError(f"{name} has shape {part.shape} at the start; by the spec it must be {shape}")


def _directions(p: Constants) -> np.ndarray:
    """Return a row for each trained entry of the state, with ones at its indices."""
    rates, layout = p.rates, p.model.layout
    moving = (rates.moving > 0) & (rates.eta > 0 or rates.decay > 0)
    mask, unit = np.zeros(layout.size, bool), np.eye(layout.size)
    Q, R, h = unpack(mask, layout)
    Q[...], R[...] = np.triu(moving[:, None] | moving), moving[:, None]
    h[rates.head] = rates.eta_h > 0 or rates.decay_h > 0
    Q, _, _ = unpack(unit, layout)
    Q[...] = np.maximum(Q, Q.swapaxes(1, 2))
    return unit[mask]
