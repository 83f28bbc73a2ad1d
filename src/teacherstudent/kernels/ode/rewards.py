"""The N -> infinity limit of the reward rule: ordinary differential equations of the overlaps.

A linear student makes the decisions a_t = sign(lambda_t) in an episode of T inputs; one is right where it is
the sign of the output of the teacher. The student moves by eta / (T sqrt N) sum_t G_t a_t x_t, and time is
episodes / N. For any vector with the field z, u = lambda / sqrt Q, s the field of the active teacher divided
by its length, rho = <u s> and p = 1 - arccos(rho) / pi the probability of a right decision,

    < a z; right > = (<u z> + <s z>) / sqrt(2 pi),   < a z; wrong > = (<u z> - <s z>) / sqrt(2 pi),

so that with A and B, the means of G_t given a right and a wrong decision, averaged over t,

    dR_q = eta / sqrt(2 pi) [A (<u z_q> + <s z_q>) + B (<u z_q> - <s z_q>)],
    dQ = 2 eta sqrt(Q / (2 pi)) [A (1 + rho) + B (1 - rho)] + eta^2 / T^2 sum_t <G_t^2>.

Model: Patel, Lee, Sarao Mannelli, Goldt & Saxe, The RL perceptron.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.ode.episodes import Episodes, means_of_rewards, scheduled
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.pauses import CALL, LEFT, NO_PAUSE, UNITS_PER_NUMBER
from teacherstudent.kernels.ode.state import Layout, at_h, at_Q, at_R


class RewardConstants(NamedTuple):
    """What is constant while one teacher is active."""

    episodes: Episodes
    eta: float  # learning rate; with an optimal one 1 where the weights are trained and 0 where they are not
    layout: Layout
    active: int  # column in R of the active teacher
    teacher: np.ndarray  # (F,) overlaps of its unit vector with all teachers, with the sign of its readout
    length: float  # its length, sqrt(T_pp)
    threshold: float  # the integration ends when the probability of a wrong decision falls below; 0 for never
    progress: np.ndarray  # (2,) int64 as in `equations.Constants`


def reward_constants(
    episodes: Episodes, eta: float, layout: Layout, T: np.ndarray, active: int, sign: float, threshold: float
) -> RewardConstants:
    """Return the constants of the equations while one teacher is active.

    Parameters
    ----------
    episodes : Episodes
        Episodes and rewards.
    eta : float
        Learning rate, >= 0.
    layout : Layout
        Layout of the state (Q, R, h).
    T : (F, F) array
        Overlaps of the teachers.
    active : int
        Number of the active teacher.
    sign : float
        Sign of its readout, +1 or -1.
    threshold : float
        Probability of a wrong decision at which the integration ends; 0 for never.

    Returns
    -------
    RewardConstants
    """
    length = math.sqrt(T[active, active])
    progress = np.array([0, NO_PAUSE])
    return RewardConstants(
        episodes, eta, layout, active, sign / length * T[active], length, threshold, progress
    )


@inner
def overlap(y, p):
    """Return the cosine rho of the angle between the student and the active teacher; 0 without a student.

    Parameters
    ----------
    y : (n,) array
        State (Q, R, h).
    p : RewardConstants
        Everything else.

    Returns
    -------
    float
        From -1 to 1.
    """
    Q, R = y[at_Q(p.layout, 0, 0)], y[at_R(p.layout, 0, p.active)]
    sign = 1.0 if p.teacher[p.active] > 0.0 else -1.0
    return min(1.0, max(-1.0, sign * R / (math.sqrt(Q) * p.length))) if Q > 0.0 else 0.0


@inner
def derivative(y, p, dy):
    """Write the time derivative of a state.

    Parameters
    ----------
    y : (n,) array
        State (Q, R, h).
    p : RewardConstants
        Everything else that the equations depend on.
    dy : (n,) array
        Written: dy/dt, t = episodes / N.

    Returns
    -------
    bool
        False where no work is left before a pause; the next call resumes.
    """
    if p.progress[LEFT] < 0:
        return False
    p.progress[LEFT] -= CALL + UNITS_PER_NUMBER * len(y)
    episodes, Q, rho = p.episodes, y[at_Q(p.layout, 0, 0)], overlap(y, p)
    root, right_one = math.sqrt(Q), 1.0 - math.acos(rho) / math.pi
    # 1. Length and rate of the episode.
    T, eta = scheduled(episodes, p.eta, rho, right_one, Q)
    # 2. Means, and motion along all teachers and along the student.
    right, wrong, square = means_of_rewards(episodes, T, right_one)
    factor = eta / math.sqrt(2.0 * math.pi)
    for q in range(len(p.teacher)):
        along = y[at_R(p.layout, 0, q)] / root if Q > 0.0 else 0.0
        dy[at_R(p.layout, 0, q)] = factor * (right * (along + p.teacher[q]) + wrong * (along - p.teacher[q]))
    gain = 2.0 * root * factor * (right * (1.0 + rho) + wrong * (1.0 - rho))
    dy[at_Q(p.layout, 0, 0)] = gain + eta * eta * square / T
    for head in range(p.layout.H):
        dy[at_h(p.layout, head, 0)] = 0.0
    return True


@inner
def above_threshold(y, p):
    """Event function: probability of a wrong decision minus the threshold; 1 where there is none.

    Parameters
    ----------
    y : (n,) array
        State (Q, R, h).
    p : RewardConstants
        Everything else.

    Returns
    -------
    float
    """
    return math.acos(overlap(y, p)) / math.pi - p.threshold if p.threshold > 0.0 else 1.0


@inner
def record_of(y, p, row):
    """Record the state as it is.

    Parameters
    ----------
    y : (n,) array
        State.
    p : RewardConstants
        Not used.
    row : (n,) array
        Written.
    """
    for i in range(len(row)):
        row[i] = y[i]


@entry
def integrate_rewards(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations while one teacher is active.

    Parameters
    ----------
    p : RewardConstants
        Everything that the right-hand side takes as given.
    y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work
        As in `integrator.integrate`.

    Returns
    -------
    tuple
        Status, time and number of rows written, as `integrator.integrate` returns them.
    """
    return integrate(
        derivative,
        above_threshold,
        record_of,
        p,
        y,
        start,
        end,
        times,
        rows,
        tableau,
        rtol,
        atol,
        restart,
        max_tries,
        work,
    )


@entry
def rate_of_rewards(p, y):
    """Return the time derivative of a state as a new array.

    Parameters
    ----------
    p : RewardConstants
        Everything that the right-hand side takes as given.
    y : (n,) array
        State (Q, R, h).

    Returns
    -------
    (n,) array
        dy/dt, t = episodes / N.
    """
    dy = np.empty_like(y)
    p.progress[LEFT] = NO_PAUSE
    derivative(y, p, dy)
    return dy


@entry
def episode_at(episodes, eta, rho, Q):
    """Return the length of an episode and the learning rate, at a state, as `scheduled` does.

    Parameters
    ----------
    episodes, eta, rho, Q
        As for `scheduled`.

    Returns
    -------
    length : int
    rate : float
    """
    return scheduled(episodes, eta, rho, 1.0 - math.acos(rho) / math.pi, Q)
