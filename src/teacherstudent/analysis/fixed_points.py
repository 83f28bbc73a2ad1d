"""Fixed points of the equations of motion and their stability."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from teacherstudent.analysis.equations import Equations, equations, jacobians
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_errors
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.simulation.runs import simulate, simulate_points
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import SpecLike, as_spec
from teacherstudent.spec.rules import OVERLAP_PRECISION

MAX_STEPS = 200
SMALLEST_FRACTION = 2.0**-20  # of a Newton step
DESCENT = 1e-4  # smallest accepted fraction of the predicted decrease (Armijo condition)
PRECISION = 1e-12  # rates below this fraction of the largest entry of the Jacobian count as zero
ROUNDING = np.finfo(float).eps  # the search ends at rates below this fraction
FLAT = 1e-12  # singular values and eigenvalues below this fraction of the largest one count as zero


@dataclass(frozen=True)
class FixedPoint:
    """A fixed point of the equations of motion and its stability, with time t = steps / N.

    Parameters
    ----------
    state : OrderParameters
        Q (K, K), R (K, P M), T (P M, P M), h (H, K) and v (P, M) at the end of the search.
    generalisation_error : (P,) array
        Errors against all teachers.
    converged : bool
        Whether the residual is small enough for a fixed point.
    realisable : bool
        Whether weights with these overlaps exist.
    residual : float
        The largest rate of change, in units of the largest entry of the Jacobian.
    steps : int
        Number of Newton steps.
    eigenvalues : (r,) complex array
        Non-zero eigenvalues of the Jacobian, in units of 1 / t; the one with the largest real part first.
    flat_directions : int
        Number of directions without a change of the rates in first order, such as those along a continuous
        manifold of fixed points. They have no eigenvalue in `eigenvalues`.
    """

    state: OrderParameters
    generalisation_error: np.ndarray
    converged: bool
    realisable: bool
    residual: float
    steps: int
    eigenvalues: np.ndarray
    flat_directions: int

    @property
    def growth_rate(self) -> float:
        """Largest real part of the eigenvalues; -inf where all directions are flat."""
        return float(self.eigenvalues[0].real) if len(self.eigenvalues) else -np.inf

    @property
    def stable(self) -> bool:
        """Whether small changes in all directions that are not flat decay, up to rounding."""
        return bool(self.growth_rate < -FLAT * np.abs(self.eigenvalues).max(initial=0.0))


def fixed_point(spec: SpecLike, start: OrderParameters, teacher: int = 0) -> FixedPoint:
    """Find a fixed point of engine `ode` by damped Newton steps, while one teacher is active.

    The search finds stable and unstable fixed points; the result depends on the start, for example the
    long-time state of a run. Check `converged` and `realisable`: with a start far from any fixed point the
    search may not converge, or may end at overlaps that no weights have.

    Parameters
    ----------
    spec : Spec or mapping or path
        Sizes, activations, learning rates, decay and noises.
    start : OrderParameters
        First state of the search; its T and v are those of the teachers.
    teacher : int
        The active teacher, from 0 to P - 1.

    Returns
    -------
    FixedPoint
        State, errors, eigenvalues, and whether the search has converged.

    Raises
    ------
    SpecError
        Where engine `ode` has no equations for the spec, or where an argument has another type.
    ValueError
        Where the start or the teacher does not agree with the spec, where all rates of change are zero for
        any state, or where the rates at the start are not finite.
    """
    return fixed_points([spec], [start], teacher)[0]


@one_thread()
def fixed_points(
    specs: Sequence[SpecLike], starts: Sequence[OrderParameters], teacher: int = 0
) -> list[FixedPoint]:
    """Find a fixed point for each of several specs, such as a sweep of the learning rate, side by side.

    The result for each spec has the same bits as that of `fixed_point`. Specs with equal sizes and trained
    layers take a third of the time that they take one after the other.

    Parameters
    ----------
    specs : sequence of Spec, mapping or path
        As for `fixed_point`.
    starts : sequence of OrderParameters
        The first state of each search, for example from `long_time_states`.
    teacher : int
        The active teacher, from 0 to P - 1.

    Returns
    -------
    list of FixedPoint
        One for each spec.

    Raises
    ------
    SpecError
        As in `fixed_point`.
    ValueError
        As in `fixed_point`, and where the numbers of specs and starts differ.
    """
    if len(specs) != len(starts):
        raise ValueError(f"{len(specs)} specs need a start each, not {len(starts)}")
    specs = [as_spec(spec) for spec in specs]
    systems = [equations(spec, start, teacher) for spec, start in zip(specs, starts, strict=True)]
    groups: dict[tuple, list[int]] = {}
    for index, system in enumerate(systems):
        model, head = system.constants.model, system.constants.rates.head
        groups.setdefault((model.layout, len(model.c), head, system.directions.tobytes()), []).append(index)
    found: dict[int, FixedPoint] = {}
    for group in groups.values():
        ends = newton([systems[index] for index in group])
        for index, (end, steps) in zip(group, ends, strict=True):
            found[index] = _described(specs[index], systems[index], end, steps)
    return [found[index] for index in range(len(specs))]


def _described(spec: Spec, system: Equations, end: "Point", steps: int) -> FixedPoint:
    """Return the end of a search as a fixed point with its stability."""
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
    """An iterate of Newton's method."""

    y: np.ndarray  # (size,) state of the kernels
    rates: np.ndarray  # (n,) rates of change of the coordinates
    jacobian: np.ndarray  # (n, n) their derivatives

    @property
    def residual(self) -> float:
        """Largest rate in units of the largest entry of the Jacobian."""
        return float(np.abs(self.rates).max() / max(np.abs(self.jacobian).max(), np.finfo(float).tiny))


def newton(systems: Sequence[Equations]) -> list[tuple[Point, int]]:
    """Return the points at which damped Newton steps end for equations of equal sizes, and their numbers.

    A step is the least-squares solution of least norm of the linearised equations, which are singular on a
    manifold of fixed points. A search ends where the rates are rounding errors, or where no fraction of a
    step reduces their norm: at a minimum that is not a fixed point.
    """
    y = np.stack([system.vector() for system in systems])
    points = [
        Point(state, system.rates(state), jacobian)
        for system, state, jacobian in zip(systems, y, jacobians(systems, y), strict=True)
    ]
    for point in points:
        if not (np.isfinite(point.rates).all() and np.isfinite(point.jacobian).all()):
            raise ValueError("the rates are not finite at the start: no weights have these overlaps")
    steps, searched = [0] * len(systems), list(range(len(systems)))
    while searched := [i for i in searched if steps[i] < MAX_STEPS and points[i].residual > ROUNDING]:
        following = descend([systems[i] for i in searched], [points[i] for i in searched])
        for i, point in zip(searched, following, strict=True):
            if point is not None:
                points[i], steps[i] = point, steps[i] + 1
        searched = [i for i, point in zip(searched, following, strict=True) if point is not None]
    return list(zip(points, steps, strict=True))


def descend(systems: Sequence[Equations], points: Sequence[Point]) -> list[Point | None]:
    """Apply the largest of 1, 1/2, 1/4, ... of a Newton step that reduces the norm of the rates, to each.

    The result is None where there is none. At the new state the rates and the Jacobian must be finite.
    """
    trials = [_trials(system, point) for system, point in zip(systems, points, strict=True)]
    found: list[Point | None] = [None] * len(systems)
    searched = range(len(systems))
    while following := {i: trial for i in searched if (trial := next(trials[i], None)) is not None}:
        states = np.stack([y for y, _ in following.values()])
        at = jacobians([systems[i] for i in following], states)
        for (i, (y, rates)), jacobian in zip(following.items(), at, strict=True):
            if np.isfinite(jacobian).all():
                found[i] = Point(y, rates, jacobian)
        searched = [i for i in following if found[i] is None]
    return found


def _trials(system: Equations, point: Point) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the states after fractions of a Newton step with smaller rates, and these rates."""
    step = np.linalg.lstsq(point.jacobian, -point.rates, rcond=FLAT)[0] @ system.directions
    norm, fraction = np.linalg.norm(point.rates), 1.0
    while fraction >= SMALLEST_FRACTION:
        y = point.y + fraction * step
        rates = system.rates(y)
        if np.linalg.norm(rates) < (1.0 - DESCENT * fraction) * norm:
            yield y, rates
        fraction /= 2.0


def modes(jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues (r,) and eigenvectors (n, r) of a Jacobian J of rank r; largest real part first.

    The columns of Z span the null space, those of W its orthogonal complement. The eigenvalues are those of
    W'JW, which excludes the zero ones that rounding would make non-zero; an eigenvector u of W'JW gives the
    eigenvector W u + Z Z'J W u / lambda of J.
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
    """Return whether weights with these overlaps exist: their covariance has no negative eigenvalue."""
    C = np.block([[state.Q, state.R], [state.R.T, state.T]])
    return bool(np.linalg.eigvalsh(C).min() >= -OVERLAP_PRECISION * max(1.0, np.abs(C).max()))


def long_time_state(spec: SpecLike, seed: int = 0, run: int = 0) -> OrderParameters:
    """Return the order parameters at the end of a run of engine `ode`, as start of `fixed_point`.

    Parameters
    ----------
    spec : Spec or mapping or path
        The run.
    seed, run : int
        Seed and number of the run, which determine its initial networks; >= 0.

    Returns
    -------
    OrderParameters
        Q (K, K), R (K, P M), T (P M, P M), h (H, K) and v (P, M).

    Raises
    ------
    RunError
        Where the run diverges.
    """
    return _end(simulate(as_spec(spec), "ode", seed, run))


def long_time_states(specs: Sequence[SpecLike], seed: int = 0) -> list[OrderParameters]:
    """Return the order parameters at the ends of runs of engine `ode`, which are integrated side by side.

    Parameters
    ----------
    specs : sequence of Spec, mapping or path
        The runs, each with the number 0.
    seed : int
        Seed of all runs, >= 0.

    Returns
    -------
    list of OrderParameters
        As `long_time_state` for each spec, bit for bit.

    Raises
    ------
    RunError
        Where a run diverges.
    """
    if not len(specs):
        return []
    parsed = [as_spec(spec) for spec in specs]
    return [_end(trajectory) for trajectory in simulate_points(parsed, "ode", seed)]


def _end(run: Trajectory) -> OrderParameters:
    """Return the order parameters at the end of a run."""
    if run.diverged_at is not None:
        raise RunError(f"the run diverges at time {run.diverged_at:g}: it has no long-time state")
    Q, R, T = run.student_overlaps[-1], run.student_teacher_overlaps[-1], run.teacher_overlaps
    K, PM = len(Q), run.teacher_readouts.size
    R, T = R.swapaxes(0, 1).reshape(K, PM), T.swapaxes(1, 2).reshape(PM, PM)
    return OrderParameters(Q, R, T, run.student_readouts[-1], run.teacher_readouts)
