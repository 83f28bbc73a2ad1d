"""The equations of motion of the reward rule, in the cosine and the length of the student.

The decisions do not depend on the length of the student: with rho the cosine between student and teacher and
s = sqrt(Q), the equations of engine `ode` have the form

    dR/dt = f(rho),   dQ/dt = s g(rho) + h(rho),   time t = episodes / N,

so that, with u = 1 / s and dtau = dt / s,

    d rho / dtau = f - rho (g + h u) / 2,   d ln s / dtau = (g + h u) / 2.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.integrate import LSODA

from teacherstudent.engines.ode.rewards import episodes_of
from teacherstudent.errors import SpecError
from teacherstudent.kernels.ode.rewards import rate_of_rewards, reward_constants
from teacherstudent.kernels.ode.state import layout_of
from teacherstudent.spec.model import Spec

STEP = 1e-4  # of finite differences of fourth order in rho
TOLERANCE = 1e-11


class Parts(NamedTuple):
    """The functions f, g and h at one cosine; derivatives of them in the same form."""

    f: float
    g: float
    h: float


class Flow(NamedTuple):
    """The equations of one spec."""

    rates: Callable[[float, float], tuple[float, float]]  # (dR/dt, dQ/dt) at rho and Q

    def parts(self, rho: float) -> Parts:
        """Return f, g and h, from the rates at Q = 1 and Q = 4."""
        dR, one = self.rates(rho, 1.0)
        _, four = self.rates(rho, 4.0)
        return Parts(dR, four - one, 2.0 * one - four)

    def slopes(self, rho: float) -> Parts:
        """Return the derivatives of f, g and h with respect to rho."""
        step = min(STEP, 0.1 * (1.0 - abs(rho)))
        far, near = (
            np.subtract(self.parts(rho + size), self.parts(rho - size)) / (2.0 * size)
            for size in (2.0 * step, step)
        )
        return Parts(*((4.0 * near - far) / 3.0).tolist())

    def velocity(self, y: np.ndarray) -> np.ndarray:
        """Return (d rho, d ln s) / dtau at y = (rho, ln s)."""
        rho, s = y[0], math.exp(y[1])
        dR, dQ = self.rates(rho, s * s)
        growth = 0.5 * dQ / s
        return np.array([dR - rho * growth, growth])

    def jacobian(self, rho: float, s: float) -> np.ndarray:
        """Return the derivatives (2, 2) of (dR/dt, ds/dt) with respect to (R, s)."""
        at, slope = self.parts(rho), self.slopes(rho)
        spread = slope.g + slope.h / s
        rows = [slope.f, -rho * slope.f], [0.5 * spread, -0.5 * (rho * spread + at.h / s)]
        return np.array(rows) / s


def check_rewards(spec: Spec) -> None:
    """Raise SpecError if this is not a spec of the reward rule."""
    if not spec.has_rewards:
        raise SpecError("training.rule: this analysis is of the reward rule; set rule: reward")


def flow(spec: Spec) -> Flow:
    """Return the equations of a spec, or raise SpecError where they are not those of constant rewards."""
    check_rewards(spec)
    schedule, rate = spec.training.episode.schedule, spec.training.learning_rate
    if schedule is not None and "optimal" in (schedule.learning_rate, schedule.length):
        raise SpecError("training.episode.schedule: the analysis is of constant rates; remove it")
    if isinstance(rate, tuple) or rate <= 0.0:
        raise SpecError("training.learning_rate: the analysis is of one constant rate; set a number above 0")
    episodes = episodes_of(spec)
    if not (episodes.value or episodes.penalty or episodes.bonus):
        raise SpecError("training.episode.reward: all rewards are 0, nothing changes; set one above 0")
    layout = layout_of(1, 1, 1)
    constants = reward_constants(episodes, rate, layout, np.ones((1, 1)), 0, 1.0, 0.0)

    def rates(rho: float, Q: float) -> tuple[float, float]:
        dy = rate_of_rewards(constants, np.array([Q, rho * math.sqrt(Q), 1.0]))
        return float(dy[layout.R]), float(dy[0])

    return Flow(rates)


def with_reward(spec: Spec, value: float, penalty: float) -> Spec:
    """Return a spec with another reward and penalty.

    Parameters
    ----------
    spec : Spec
        Training by rule: reward.
    value, penalty : float
        Reward and penalty in units of the learning rate, >= 0.

    Returns
    -------
    Spec
    """
    episode = spec.training.episode
    reward = replace(episode.reward, value=value, penalty=penalty)
    return replace(spec, training=replace(spec.training, episode=replace(episode, reward=reward)))


def integration(system: Flow, rho: float, s: float, sign: float = 1.0) -> LSODA:
    """Return an integrator of (rho, ln s) in the time tau.

    Parameters
    ----------
    system : Flow
        The equations.
    rho, s : float
        The start: cosine in (-1, 1), and length > 0.
    sign : float
        1 forwards in time, -1 backwards.

    Returns
    -------
    LSODA
        Its method `step` moves it on.
    """
    start = np.array([rho, math.log(s)])
    bounded = np.array([1.0 - 1e-15, np.inf])

    def velocity(_, y):
        return sign * system.velocity(np.clip(y, -bounded, bounded))

    return LSODA(velocity, 0.0, start, np.inf, rtol=TOLERANCE, atol=TOLERANCE)
