"""Fates of students that are trained by the reward rule: whether they learn, or end at a node.

Learning ends at rho = 1 with a growing Q. With two fixed points, a node at rho_1 and a saddle at rho_2 >
rho_1, every start outside the separatrix, the stable manifold of the saddle, ends at one or the other.
"""

import numpy as np
from scipy.interpolate import KroghInterpolator

from teacherstudent.analysis.reward_fixed_points import (
    RewardFixedPoint,
    critical_penalty,
    reward_fixed_points,
)
from teacherstudent.analysis.reward_flow import Flow, flow, integration, with_reward
from teacherstudent.errors import RunError
from teacherstudent.spec.parse import SpecLike, as_spec

MAX_STEPS = 100_000
NEAR = 0.01  # distance from the node, in units of that between node and saddle
LARGEST_RATIO = 1e5  # of penalty and reward, in a search
PRECISION = 1e-9  # relative, of the largest penalty
SMALL = 1e-5  # distance from the saddle at which the separatrix starts
LARGEST_LOG = 10.0  # changes of ln s, and the cosine, at which it ends
POINTS = 10  # of the separatrix in a step of the integrator
LARGEST_COSINE = 0.9999


def learns(spec: SpecLike, cosine: float = 0.0, squared_norm: float = 1.0) -> bool:
    """Return whether a student learns in the limit of infinitely many inputs, or ends at a node.

    The answer depends on learning_rate / sqrt(Q_0) only, not on both of them.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward without optimal schedules. Its initial networks have no effect.
    cosine : float
        Cosine rho between student and teacher at the start, in (-1, 1).
    squared_norm : float
        Q at the start, > 0.

    Returns
    -------
    bool
        Whether rho grows beyond the last saddle and on.

    Raises
    ------
    SpecError
        Where the spec has another rule or an optimal schedule.
    ValueError
        Where the start is not possible.
    RunError
        Where the fate is not decided after 100 000 steps: the start is on the separatrix.
    """
    _check_start(cosine, squared_norm)
    spec = as_spec(spec)
    points, system = reward_fixed_points(spec), flow(spec)
    if not points:
        return True
    solver = integration(system, cosine, np.sqrt(squared_norm))
    for _ in range(MAX_STEPS):
        fate = _fate(system, points, solver.y)
        if fate is not None:
            return fate
        solver.step()
    raise RunError("the fate of the student is not decided: the start is on the separatrix")


def _check_start(cosine: float, squared_norm: float) -> None:
    if not (-1.0 < cosine < 1.0 and squared_norm > 0.0):
        raise ValueError(
            f"no start with cosine {cosine:g} and squared norm {squared_norm:g}: "
            "the cosine must be between -1 and 1, the squared norm positive"
        )


def _fate(system: Flow, points: tuple[RewardFixedPoint, ...], y: np.ndarray) -> bool | None:
    """Return whether a student at y = (rho, ln s) learns, or None where this does not follow from y.

    Beyond the saddle dR/dt > 0. If rho grows there, it never stops growing: where d rho / dt = 0, ln s grows
    at the rate (dR/dt) / (rho s) > 0, which leads to the side where rho grows. In the same way a rho that
    decreases between node and saddle does so until it is at the node.
    """
    rho, growing = y[0], system.velocity(y)[0] > 0.0
    node = next(point for point in points if point.stable)
    last = 1.0 if points[-1].stable else points[-1].cosine  # a saddle too close to 1 is not found
    if rho > last and growing:
        return True
    distance = np.array([node.cosine, 0.5 * np.log(node.squared_norm)]) - y
    is_near = np.linalg.norm(distance) < NEAR * (last - node.cosine)
    return False if is_near or (node.cosine < rho < last and not growing) else None


def largest_penalty(spec: SpecLike, cosine: float = 0.0, squared_norm: float = 1.0) -> float:
    """Return the largest penalty with which a student learns, by bisection.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward with condition: all or at_least; its penalty has no effect.
    cosine : float
        Cosine rho between student and teacher at the start, in (-1, 1).
    squared_norm : float
        Q at the start, > 0.

    Returns
    -------
    float
        Penalty in units of the learning rate, as training.episode.reward.penalty, with a relative error
        below 1e-9; inf where it is more than 100 000 rewards.

    Raises
    ------
    SpecError
        Where the spec has another rule, a condition without penalty, or an optimal schedule.
    ValueError
        Where the start is not possible.
    """
    _check_start(cosine, squared_norm)
    spec = as_spec(spec)
    reward = spec.training.episode.reward.value

    def learns_at(ratio: float) -> bool:
        return learns(with_reward(spec, reward, ratio * reward), cosine, squared_norm)

    low = critical_penalty(spec).ratio  # no student ends at a node below it
    high = 2.0 * low
    while high < LARGEST_RATIO and learns_at(high):
        low, high = high, 2.0 * high
    if not high < LARGEST_RATIO:
        return np.inf
    while high - low > PRECISION * low:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if learns_at(middle) else (low, middle)
    return reward * low


def phase_map(
    spec: SpecLike, rewards: np.ndarray, penalties: np.ndarray, cosine: float = 0.0, squared_norm: float = 1.0
) -> np.ndarray:
    """Return for each penalty and reward whether a student learns.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward with condition: all or at_least; its reward and penalty have no effect.
    rewards : (n,) array
        Rewards in units of the learning rate, as training.episode.reward.value; > 0.
    penalties : (m,) array
        Penalties in the same units, as training.episode.reward.penalty; >= 0.
    cosine : float
        Cosine rho between student and teacher at the start, in (-1, 1).
    squared_norm : float
        Q at the start, > 0.

    Returns
    -------
    (m, n) array of bool
        As `learns`, one row for each penalty.

    Raises
    ------
    SpecError, ValueError, RunError
        As `learns` and `critical_penalty`.
    """
    _check_start(cosine, squared_norm)
    spec = as_spec(spec)
    critical = critical_penalty(spec).ratio
    learned = np.multiply.outer(penalties, 1.0 / np.asarray(rewards)) < critical
    for i, j in np.argwhere(~learned):
        learned[i, j] = learns(with_reward(spec, rewards[j], penalties[i]), cosine, squared_norm)
    return learned


def separatrix(spec: SpecLike) -> np.ndarray:
    """Return the boundary between the starts that learn and those that end at a node: a curve.

    It is the stable manifold of the saddle, integrated backwards in time. With a fixed ratio of penalty and
    reward, Q is proportional to the square of the learning rate.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward without optimal schedules. Its initial networks have no effect.

    Returns
    -------
    (n, 2) array
        Cosine rho and squared norm Q along the curve, through the saddle; n = 0 where there is no saddle.

    Raises
    ------
    SpecError
        Where the spec has another rule or an optimal schedule.
    """
    spec = as_spec(spec)
    saddles, system = [point for point in reward_fixed_points(spec) if not point.stable], flow(spec)
    if not saddles:
        return np.empty((0, 2))
    rho, s = saddles[-1].cosine, np.sqrt(saddles[-1].squared_norm)
    values, vectors = np.linalg.eig(system.jacobian(rho, s))
    dR, ds = vectors[:, np.argmin(values.real)].real
    direction = np.array([dR - rho * ds, ds]) / s
    direction *= SMALL / np.linalg.norm(direction)
    one, other = (_backwards(system, np.array([rho, np.log(s)]) + part) for part in (-direction, direction))
    curve = np.array([*one[::-1], *other])
    curve = curve[np.abs(curve[:, 0]) < 1.0]
    return np.stack([curve[:, 0], np.exp(2.0 * curve[:, 1])], axis=1)


def _backwards(system: Flow, start: np.ndarray) -> list[np.ndarray]:
    """Return the points (rho, ln s) from a start backwards in time, until rho or s is at an end."""
    solver, points = integration(system, start[0], np.exp(start[1]), sign=-1.0), [start]
    while abs(points[-1][0]) < LARGEST_COSINE and abs(points[-1][1] - start[1]) < LARGEST_LOG:
        if len(points) > MAX_STEPS:
            raise RunError("the separatrix needs more than 100 000 steps")
        before = solver.t
        solver.step()
        along = np.linspace(before, solver.t, POINTS + 1)[1:]
        points += list(solver.dense_output()(along).T)
    return points


def critical_reward_rate(
    spec: SpecLike, cosine: float | np.ndarray = 0.0, squared_norm: float = 1.0
) -> float | np.ndarray:
    """Return the largest factor of the learning rate with which a student learns.

    The start is on the separatrix for this factor. Reward and penalty have a fixed ratio.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward without optimal schedules. Its initial networks have no effect.
    cosine : float or (n,) array
        Cosines rho between student and teacher at the start, in (-1, 1).
    squared_norm : float
        Q at the start, > 0.

    Returns
    -------
    float or (n,) array
        Factors of training.learning_rate; inf where there is no fixed point, 0 where the student learns with
        no learning rate.

    Raises
    ------
    SpecError
        Where the spec has another rule or an optimal schedule.
    ValueError
        Where a start is not possible.
    """
    starts = np.atleast_1d(cosine)
    for start in starts:
        _check_start(start, squared_norm)
    curve = separatrix(spec)
    with np.errstate(divide="ignore"):
        factors = [np.divide(np.sqrt(squared_norm), _norm_on(curve, start)) for start in starts]
    return np.array(factors) if np.ndim(cosine) else float(factors[0])


def _norm_on(curve: np.ndarray, cosine: float) -> float:
    """Return the norm at a cosine on a separatrix; 0 where there is none, inf where it does not get there."""
    if not len(curve):
        return 0.0
    rho, log = curve[:, 0], np.log(curve[:, 1])
    (crossings,) = np.nonzero((rho[:-1] - cosine) * (rho[1:] - cosine) <= 0.0)
    if not len(crossings):
        return np.inf
    first = min(max(crossings[0] - 1, 0), len(rho) - 4)
    near = slice(first, first + 4)
    return float(np.exp(0.5 * KroghInterpolator(rho[near], log[near])(cosine)))
