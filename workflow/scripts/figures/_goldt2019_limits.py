"""Closed forms of final errors for the variations of Goldt et al. 2019; derived for this project.

Label noise of standard deviation sigma adds eta sigma^2 / 4 times the mean squared gradient of the student's
output to the error at a solution, for small eta; an erf unit has h_k^2 (2 / pi) / sqrt(1 + 2 Q_kk).
"""

import numpy as np

from teacherstudent.analysis import linear_error

# Squared lengths of two teacher units.
LENGTHS = {"orthogonal": (1.0, 1.0), "graded": (1.0, 2.0)}
# What the best linear fit to two orthonormal units leaves: 1/2 <(teacher - sum_m c x_m)^2> with c = <g'>.
FLOORS = {"erf": 1.0 / 3.0 - 1.0 / np.pi, "relu": 0.25 + 0.5 / np.pi}


def noise_error(readouts, lengths) -> float:
    """Return eps / (sigma^2 eta) = sum_k h_k^2 / sqrt(1 + 2 Q_kk) / (2 pi) of erf units, for small eta."""
    return float(np.sum(np.square(readouts) / np.sqrt(1.0 + 2.0 * np.asarray(lengths))) / (2.0 * np.pi))


def clones_limit(K) -> np.ndarray:
    """Return `noise_error` of K units of length one whose outputs are divided by K."""
    return np.array([noise_error(np.full(k, 1.0 / k), np.ones(k)) for k in K])


def informed_limit(K, units: str) -> np.ndarray:
    """Return `noise_error` of the two teacher units beside K - 2 without weights, readouts one."""
    return np.array([noise_error(np.ones(k), [*LENGTHS[units], *np.zeros(k - 2)]) for k in K])


def linear_errors(K, teacher: str, eta: float, sigma: float) -> np.ndarray:
    """Return F + eta K (sigma^2 + 2 F) / (4 - 2 eta K): what a linear student cannot fit is noise to it."""
    F = FLOORS[teacher]
    return F + np.array([linear_error(int(k), eta, np.sqrt(sigma**2 + 2.0 * F)) for k in K])
