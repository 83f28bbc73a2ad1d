"""Critical and optimal learning rates of erf committees without noise, first layer trained, T = 1, v = h = 1.

Above the critical rate the state that equals the teacher, `committees.informed_state`, is unstable; at the
optimal rate the error of small deviations from it decays fastest. M teacher units, K student units. Saad &
Solla, Phys. Rev. E 52 (1995) 4225.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from teacherstudent.analysis.committees import check_sizes, committee, informed_state
from teacherstudent.analysis.equations import Equations, equations, jacobians
from teacherstudent.analysis.fixed_points import modes
from teacherstudent.networks.linear_algebra import one_thread

PRECISION = 1e-10  # of learning rates, in units of the critical one
FIRST_ORDER = 1e-8  # smallest component of the normalised gradient of the error that counts as non-zero


def critical_learning_rate_formula(hidden: int) -> float:
    """Return eta_c = sqrt 3 pi / (K - 1 + 3 / sqrt 5) for K = M.

    Saad & Solla 1995 (from memory). Exact for K = 1; for more units up to 0.8 % above
    `critical_learning_rate`.

    Parameters
    ----------
    hidden : int
        Number of hidden units K = M >= 1.

    Returns
    -------
    float
        eta_c.

    Raises
    ------
    ValueError
        Where K is not positive.
    """
    check_sizes(hidden, hidden)
    return math.sqrt(3.0) * math.pi / (hidden - 1.0 + 3.0 / math.sqrt(5.0))


def optimal_learning_rate_formula(hidden: int) -> float:
    """Return eta_opt = 2/3 eta_c for K = M.

    Saad & Solla 1995, as in the program of Goldt et al. 2019. Exact for K = 1; for more units the optimal
    rate is larger, see `optimal_learning_rate`.

    Parameters
    ----------
    hidden : int
        Number of hidden units K = M >= 1.

    Returns
    -------
    float
        eta_opt.

    Raises
    ------
    ValueError
        Where K is not positive.
    """
    return 2.0 / 3.0 * critical_learning_rate_formula(hidden)


@one_thread()
def critical_learning_rate(teacher_hidden: int, student_hidden: int) -> float:
    """Return the rate above which the Jacobian at the teacher's solution has a positive eigenvalue.

    With noise the asymptotic error diverges there.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, K >= M >= 1.

    Returns
    -------
    float
        eta_c, with a relative error below 1e-10.

    Raises
    ------
    ValueError
        Where K < M.

    Examples
    --------
    >>> round(critical_learning_rate(teacher_hidden=2, student_hidden=2), 4)  # the formula gives 2.3238
    2.3068
    """
    system = _solution(teacher_hidden, student_hidden)

    def growth(rate: float) -> float:
        return modes(_at_rate(system, rate).jacobian(system.vector()))[0][0].real

    low = high = critical_learning_rate_formula(student_hidden)
    while growth(low) >= 0.0:
        low /= 2.0
    while growth(high) <= 0.0:
        high *= 2.0
    return brentq(growth, low, high, rtol=PRECISION)


@one_thread()
def optimal_learning_rate(teacher_hidden: int, student_hidden: int) -> float:
    """Return the learning rate at which the error decays fastest at long times, see `error_decay_rate`.

    For K = M it is 2/3 of the critical rate for one unit, and 0.82, 0.79 and 0.78 of it for 2, 3 and 4 units.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, K >= M >= 1.

    Returns
    -------
    float
        eta_opt, below the critical rate.

    Raises
    ------
    ValueError
        Where K < M.
    """
    critical = critical_learning_rate(teacher_hidden, student_hidden)
    system = _solution(teacher_hidden, student_hidden)

    def growth(rate: float) -> float:
        return -decay_rates([_at_rate(system, rate)])[0]

    options = {"xatol": PRECISION * critical}
    return minimize_scalar(growth, bounds=(0.0, critical), method="bounded", options=options).x


def error_decay_rate(teacher_hidden: int, student_hidden: int, learning_rate):
    """Return r in eps ~ exp(-r t) at long times, when the student approaches the teacher.

    A mode with eigenvalue lambda contributes exp(lambda t), or exp(2 lambda t) if the error does not change
    along it in first order. r is negative where the state that equals the teacher is unstable.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, K >= M >= 1.
    learning_rate : float or array
        eta > 0. The Jacobians at several rates are computed side by side.

    Returns
    -------
    float or array
        Rate per unit of t = steps / N, at each learning rate.

    Raises
    ------
    ValueError
        Where K < M.
    """
    eta, system = np.asarray(learning_rate, dtype=float), _solution(teacher_hidden, student_hidden)
    found = decay_rates([_at_rate(system, rate) for rate in eta.ravel().tolist()])
    return np.reshape(found, eta.shape) if eta.ndim else found[0]


@one_thread()
def decay_rates(systems: Sequence[Equations]) -> list[float]:
    """Return the rates of decay of the error for equations of equal sizes that start at fixed points."""
    if not systems:
        return []
    at = jacobians(systems, np.stack([system.vector() for system in systems]))
    return [_decay_rate(system, jacobian) for system, jacobian in zip(systems, at, strict=True)]


def _decay_rate(system: Equations, jacobian: np.ndarray) -> float:
    gradient = system.error_gradient(system.vector())
    values, vectors = modes(jacobian)
    first_order = np.abs(gradient @ vectors) > FIRST_ORDER * np.linalg.norm(gradient)
    return -float(np.max(np.where(first_order, values.real, 2.0 * values.real)))


def _solution(M: int, K: int) -> Equations:
    """Return the equations at the state that equals the teacher, a fixed point at any learning rate."""
    start = informed_state(M, K)
    return equations(committee(start, learning_rate=1.0), start)


def _at_rate(system: Equations, rate: float) -> Equations:
    """Return the same equations at another learning rate of the first layer."""
    rates = system.constants.rates._replace(eta=rate)
    return system._replace(constants=system.constants._replace(rates=rates))
