"""Fixed points of the equations of motion and their stability."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from teacherstudent.analysis.equations import Equations, equations
from teacherstudent.errors import RunError
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_errors
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules import OVERLAP_PRECISION

MAX_STEPS = 200
SMALLEST_FRACTION = 2.0**-20  # of a Newton step
DESCENT = 1e-4  # the least part of what a step promises (Armijo)
PRECISION = 1e-12  # rates vanish if they are below this part of the Jacobian's largest entry
ROUNDING = np.finfo(float).eps  # and the search ends below this part
FLAT = 1e-12  # singular values and eigenvalues below this part of the largest are zero


@dataclass(frozen=True)
class FixedPoint:
    """A state whose order parameters do not move, and the growth of small changes of it; t = steps / N.

    `flat_directions` counts the directions in which nothing moves in first order, as along a continuous
    manifold of fixed points; the eigenvalues are those of the others.
    """

    state: OrderParameters
    generalisation_error: np.ndarray  # (P,)
    converged: bool  # the residual is below PRECISION
    realisable: bool  # there are weights with these overlaps
    residual: float  # the largest rate, in units of the Jacobian's largest entry
    steps: int  # of Newton's method
    eigenvalues: np.ndarray  # (r,) complex, of the Jacobian; the largest real part comes first
    flat_directions: int

    @property
    def growth_rate(self) -> float:
        """Largest real part of the eigenvalues; -inf where all directions are flat."""
        return float(self.eigenvalues[0].real) if len(self.eigenvalues) else -np.inf

    @property
    def stable(self) -> bool:
        """Whether changes in all but flat directions die out; an eigenvalue of rounding size does not."""
        return bool(self.growth_rate < -FLAT * np.abs(self.eigenvalues).max(initial=0.0))


@one_thread()
def fixed_point(spec: Spec, start: OrderParameters, teacher: int = 0) -> FixedPoint:
    """Find a fixed point of engine `ode` by damped Newton steps, while one teacher is active.

    Stable and unstable ones are found alike; which one depends on the start, such as the long-time state of
    a run. Check `converged` and `realisable`: from a start far from any fixed point the search may not
    converge, or end at overlaps that no weights have.

    Parameters
    ----------
    spec : Spec
        Sizes, activations, learning rates, decay and noises.
    start : OrderParameters
        First state of the search; its T and v are those of the teachers.
    teacher : int
        The active teacher, from 0 to P - 1.

    Returns
    -------
    FixedPoint

    Raises
    ------
    SpecError, ValueError
        As `equations`; ValueError also where the rates at the start are not finite.
    """
    system = equations(spec, start, teacher)
    end, steps = newton(system)
    eigenvalues, _ = modes(end.jacobian)
    state = system.order_parameters(end.y)
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    return FixedPoint(
        state=state,
        generalisation_error=generalisation_errors(*codes, *state),
        converged=end.residual <= PRECISION,
        realisable=is_realisable(state),
        residual=end.residual,
        steps=steps,
        eigenvalues=eigenvalues,
        flat_directions=len(end.rates) - len(eigenvalues),
    )


class Point(NamedTuple):
    """A state on the way of Newton's method."""

    y: np.ndarray
    rates: np.ndarray  # (n,)
    jacobian: np.ndarray  # (n, n)

    @property
    def residual(self) -> float:
        """Largest rate in units of the Jacobian's largest entry: of a change of the state by one."""
        return float(np.abs(self.rates).max() / max(np.abs(self.jacobian).max(), np.finfo(float).tiny))


def newton(system: Equations) -> tuple[Point, int]:
    """Return the point at which damped Newton steps end, and their number.

    A step is the shortest one that solves the linearised equations in the sense of least squares: they are
    singular on a manifold of fixed points. The search ends at rates of the size of rounding, or where no part
    of a step lowers their norm: at a minimum that is no fixed point.
    """
    y, steps = system.vector(), 0
    point = Point(y, system.rates(y), system.jacobian(y))
    if not (np.isfinite(point.rates).all() and np.isfinite(point.jacobian).all()):
        raise ValueError("the rates are not finite at the start: no weights have these overlaps")
    while steps < MAX_STEPS and point.residual > ROUNDING:
        following = descend(system, point)
        if following is None:
            break
        point, steps = following, steps + 1
    return point, steps


def descend(system: Equations, point: Point) -> Point | None:
    """Take the largest of 1, 1/2, 1/4, ... of a Newton step that lowers the norm of the rates, if any.

    The point reached must be one where the integrals exist.
    """
    step = np.linalg.lstsq(point.jacobian, -point.rates, rcond=FLAT)[0] @ system.directions
    norm, fraction = np.linalg.norm(point.rates), 1.0
    while fraction >= SMALLEST_FRACTION:
        y = point.y + fraction * step
        rates = system.rates(y)
        if np.linalg.norm(rates) < (1.0 - DESCENT * fraction) * norm:
            jacobian = system.jacobian(y)
            if np.isfinite(jacobian).all():
                return Point(y, rates, jacobian)
        fraction /= 2.0
    return None


def modes(jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues (r,) and eigenvectors (n, r) of a Jacobian J of rank r; largest real part first.

    Z spans the null space and W its complement: the eigenvalues are those of W'JW, so that rounding does not
    split the zero ones from zero, and an eigenvector u of that gives W u + Z Z'J W u / lambda.
    """
    _, scales, rows = np.linalg.svd(jacobian)
    rank = int(np.sum(scales > FLAT * scales[0]))
    W, Z = rows[:rank].T, rows[rank:].T
    values, u = np.linalg.eig(W.T @ jacobian @ W)
    order = np.argsort(-values.real)
    values, u = values[order].astype(complex), u[:, order]
    along = Z.T @ jacobian @ W @ u
    along = np.divide(along, values, out=np.zeros(along.shape, complex), where=values != 0.0)
    return values, W @ u + Z @ along


def is_realisable(state: OrderParameters) -> bool:
    """Whether there are weights with these overlaps: no eigenvalue of their covariance is negative."""
    C = np.block([[state.Q, state.R], [state.R.T, state.T]])
    return bool(np.linalg.eigvalsh(C).min() >= -OVERLAP_PRECISION * max(1.0, np.abs(C).max()))


def long_time_state(spec: Spec, seed: int = 0, run: int = 0) -> OrderParameters:
    """Return the order parameters at the end of a run of engine `ode`, to start the search from.

    Parameters
    ----------
    spec : Spec
        The run.
    seed, run : int
        Seed and number of the run, which decide its initial networks.

    Returns
    -------
    OrderParameters

    Raises
    ------
    RunError
        Where the run diverges.
    """
    end = simulate(spec, "ode", seed, run)
    if end.diverged_at is not None:
        raise RunError(f"the run diverges at time {end.diverged_at:g}: it has no long-time state")
    Q, R, T = end.student_overlaps[-1], end.student_teacher_overlaps[-1], end.teacher_overlaps
    K, PM = len(Q), end.teacher_readouts.size
    R, T = R.swapaxes(0, 1).reshape(K, PM), T.swapaxes(1, 2).reshape(PM, PM)
    return OrderParameters(Q, R, T, end.student_readouts[-1], end.teacher_readouts)
