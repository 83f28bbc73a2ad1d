"""The equations of motion while one teacher is active, as functions of the numbers that move."""

from typing import NamedTuple

import numpy as np

from teacherstudent.analysis.jacobian import State, changes_of_error, changes_of_rates
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.phases import Phase
from teacherstudent.kernels.ode import equations as kernel
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec


class Equations(NamedTuple):
    """dy/dt = f(y) for y = (Q, R, h), flat, in n coordinates: Q_ik = Q_ki once, and what rests left out."""

    phase: kernel.Phase
    start: OrderParameters
    teacher: int
    directions: np.ndarray  # (n, len(y)) change of y along each coordinate, of zeros and ones
    entries: np.ndarray  # (n,) where in y to read each coordinate

    def vector(self) -> np.ndarray:
        """Return the state y at the start."""
        return np.concatenate([part.ravel() for part in (self.start.Q, self.start.R, self.start.h)])

    def order_parameters(self, y: np.ndarray) -> OrderParameters:
        """Return the order parameters of a state y."""
        Q, R, h = self.split(y)
        return self.start._replace(Q=Q, R=R, h=h)

    def split(self, y: np.ndarray) -> list[np.ndarray]:
        """Split states or directions (..., len(y)) into Q, R and h."""
        parts = self.start.Q, self.start.R, self.start.h
        flat = np.split(y, np.cumsum([part.size for part in parts])[:-1], axis=-1)
        return [values.reshape(*y.shape[:-1], *part.shape) for values, part in zip(flat, parts, strict=True)]

    def active(self, y: np.ndarray) -> State:
        """Return what the rates depend on: of the readouts only the head that is trained."""
        Q, R, h = self.split(y)
        return State(Q, R, h[..., self.phase.head, :])

    def rates(self, y: np.ndarray) -> np.ndarray:
        """Return the rates (n,) of the coordinates, per unit of t = steps / N."""
        return kernel.rate_of_change(self.phase, y)[self.entries]

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """Return the derivatives (n, n) of the rates (rows) along the coordinates, exact up to rounding."""
        changes = changes_of_rates(*self._teacher(), self.active(y), self.active(self.directions))
        h = np.zeros_like(self.split(self.directions)[2])
        h[:, self.phase.head] = changes.h
        flat = [part.reshape(len(h), -1) for part in (changes.Q, changes.R, h)]
        return np.concatenate(flat, axis=1)[:, self.entries].T

    def error_gradient(self, y: np.ndarray) -> np.ndarray:
        """Return the derivatives (n,) of the active teacher's generalisation error along the coordinates."""
        return changes_of_error(*self._teacher(), self.active(y), self.active(self.directions))

    def _teacher(self) -> tuple[kernel.Phase, np.ndarray, np.ndarray]:
        return self.phase, self.start.T, self.start.v[self.teacher]


def equations(spec: Spec, start: OrderParameters, teacher: int = 0) -> Equations:
    """Return the equations of a spec while one teacher is active; `start` also fixes T and v.

    Raises SpecError where engine `ode` has no equations, ValueError where there is no such teacher, where
    the shapes of `start` are not those of the spec, or where nothing moves.
    """
    ode.check(spec)
    _check_start(spec, start, teacher)
    phase = ode.phase_constants(spec, start, Phase(teacher, end=np.inf, threshold=0.0))
    directions = _directions(phase, start)
    if not len(directions):
        raise ValueError("nothing moves: all learning rates and decays are zero, or all units are frozen")
    return Equations(phase, start, teacher, directions, directions.argmax(axis=1))


def _check_start(spec: Spec, start: OrderParameters, teacher: int) -> None:
    K, P, M, H = spec.student.hidden, spec.teachers.count, spec.teachers.hidden, spec.heads
    if not 0 <= teacher < P:
        raise ValueError(f"teacher {teacher} is not one of 0 to {P - 1}")
    expected = OrderParameters((K, K), (K, P * M), (P * M, P * M), (H, K), (P, M))
    for name, part, shape in zip(OrderParameters._fields, start, expected, strict=True):
        if part.shape != shape:
            raise ValueError(f"{name} has shape {part.shape} at the start; by the spec it must be {shape}")


def _directions(p: kernel.Phase, start: OrderParameters) -> np.ndarray:
    """Return one row for each number that moves, with ones at its places in y."""
    moving = (p.moving > 0) & (p.eta > 0 or p.decay > 0)
    h = np.zeros(start.h.shape, bool)
    h[p.head] = p.eta_h > 0 or p.decay_h > 0
    parts = np.triu(moving[:, None] | moving), np.broadcast_to(moving[:, None], start.R.shape), h
    unit = np.eye(sum(part.size for part in parts))
    Q = unit[: start.Q.size].reshape(*start.Q.shape, -1)
    unit[: start.Q.size] = np.maximum(Q, Q.swapaxes(0, 1)).reshape(start.Q.size, -1)
    return unit[np.concatenate([part.ravel() for part in parts])]
