"""Fixed points of the reward rule: nodes, saddles, and the penalty above which they exist.

Patel et al., The RL perceptron: generalisation dynamics of policy learning in high dimensions, Phys. Rev. X
15, 021051 (2025).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from teacherstudent.analysis.reward_flow import Flow, flow, with_reward
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import SpecLike, as_spec

# Cosines between which roots are searched; at large penalties the saddle is close to 1.
GRID = np.concatenate([np.linspace(-1.0, 1.0, 2001)[1:-1], 1.0 - np.geomspace(5e-4, 1e-14, 33)])
PRECISION = 1e-14


@dataclass(frozen=True)
class RewardFixedPoint:
    """A fixed point of the reward rule and its stability, with time t = episodes / N.

    Parameters
    ----------
    cosine : float
        Cosine rho between student and teacher, in (-1, 1).
    squared_norm : float
        Q > 0, the squared norm of the student divided by N.
    eigenvalues : (2,) complex array
        Eigenvalues of the Jacobian, in units of 1 / t; the one with the largest real part first.
    """

    cosine: float
    squared_norm: float
    eigenvalues: np.ndarray

    @property
    def stable(self) -> bool:
        """Whether it is a node (both eigenvalues have negative real parts), not a saddle."""
        return bool(self.eigenvalues[0].real < 0.0)


class CriticalPenalty(NamedTuple):
    """The penalty at which the first fixed points appear, as a saddle and a node.

    Attributes
    ----------
    ratio : float
        Penalty divided by reward.
    cosine : float
        Cosine between student and teacher at the fixed point.
    """

    ratio: float
    cosine: float


def reward_fixed_points(spec: SpecLike) -> tuple[RewardFixedPoint, ...]:
    """Find all fixed points of the reward rule.

    With dR/dt = f(rho) and dQ/dt = sqrt(Q) g(rho) + h(rho), they have f = 0 and sqrt(Q) = -h / g > 0; a
    fixed point is a node where f decreases with rho, a saddle where it increases.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward without optimal schedules. Initial networks have no effect.

    Returns
    -------
    tuple of RewardFixedPoint
        In the order of their cosines; empty without penalty and below the critical penalty.

    Raises
    ------
    SpecError
        Where the spec has another rule or an optimal schedule.
    """
    system = flow(as_spec(spec))
    found = []
    for rho in _roots(system):
        at = system.parts(rho)
        if at.g < 0.0 < at.h:
            s = -at.h / at.g
            values = np.linalg.eigvals(system.jacobian(rho, s)).astype(complex)
            found.append(RewardFixedPoint(rho, s * s, values[np.argsort(-values.real)]))
    return tuple(found)


def _roots(system: Flow) -> list[float]:
    """Return the cosines, in increasing order, at which dR/dt = 0.

    Pairs of roots between two neighbours of the grid are found from the minimum of |f| there.
    """

    def f(rho: float) -> float:
        return system.rates(rho, 1.0)[0]

    points, values = GRID, np.array([f(rho) for rho in GRID])
    for i in _turning_points(values):
        sign = np.sign(values[i])
        rho, least = _minimum(partial(_times, f, sign), (GRID[i - 1], GRID[i + 1]))
        if least < 0.0:
            points, values = np.append(points, rho), np.append(values, sign * least)
    order = np.argsort(points)
    points, values = points[order], values[order]
    (before,) = np.nonzero(values[:-1] * values[1:] < 0.0)
    return [brentq(f, points[i], points[i + 1], xtol=PRECISION, rtol=PRECISION) for i in before]


def _turning_points(values: np.ndarray) -> np.ndarray:
    """Return the indices of minima of |values| next to which the sign does not change."""
    size, same = np.abs(values), np.sign(values[:-1]) == np.sign(values[1:])
    is_least = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:])
    return np.flatnonzero(is_least & same[:-1] & same[1:]) + 1


def _times(f: Callable[[float], float], factor: float, rho: float) -> float:
    return factor * f(rho)


def _minimum(f: Callable[[float], float], ends: tuple[float, float]) -> tuple[float, float]:
    """Return the position and the value of the minimum of a function between two ends."""
    found = minimize_scalar(f, bounds=ends, method="bounded", options={"xatol": 1e-12})
    return float(found.x), float(found.fun)


def critical_penalty(spec: SpecLike) -> CriticalPenalty:
    """Return the smallest ratio of penalty and reward at which the reward rule has fixed points.

    dR/dt = eta_1 A(rho) - eta_2 B(rho), so that fixed points with eta_2 / eta_1 = A / B exist from the
    minimum of A / B over the cosines rho with B > 0: a saddle and a node appear there. With a fixed ratio
    their cosines do not depend on the learning rate.

    Parameters
    ----------
    spec : Spec or mapping or path
        Training by rule: reward with condition: all or at_least; its reward and penalty have no effect.

    Returns
    -------
    CriticalPenalty
        eta_2 / eta_1 and the cosine of the fixed point; inf and nan where there is none for any penalty, as
        for episodes of one decision.

    Raises
    ------
    SpecError
        Where the spec has another rule, a condition without penalty, or an optimal schedule.
    """
    reward, cost = _reward_and_cost(as_spec(spec))

    def share(rho: float) -> float:  # eta_2 / (eta_1 + eta_2)
        return reward(rho) / (reward(rho) + cost(rho))

    grid = GRID[GRID > 0.0]
    values = [share(rho) for rho in grid]
    i = int(np.argmin(values))
    rho, least = _minimum(share, (grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]))
    if least >= 1.0 or i == len(grid) - 1:
        return CriticalPenalty(np.inf, np.nan)
    return CriticalPenalty(least / (1.0 - least), rho)


def _reward_and_cost(spec: Spec) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """Return the functions A and B of rho with dR/dt = eta_1 A - eta_2 B."""
    flow(spec)
    if spec.training.episode.reward.condition not in ("all", "at_least"):
        raise SpecError("training.episode.reward.condition: only all and at_least have a penalty")
    only_reward, only_penalty = (flow(with_reward(spec, *pair)) for pair in ((1.0, 0.0), (0.0, 1.0)))
    return lambda rho: only_reward.rates(rho, 1.0)[0], lambda rho: -only_penalty.rates(rho, 1.0)[0]
