"""Closed forms of final errors for the figures of Goldt et al. 2019; derived for this project.

Label noise of standard deviation sigma adds eta sigma^2 / 4 times the mean squared gradient of the
student's output to the error at a solution, for small eta; an erf unit has h_k^2 (2 / pi) / sqrt(1 + 2
Q_kk).
"""

import numpy as np

from teacherstudent.analysis import linear_error

# Squared lengths of two teacher units.
LENGTHS = {"orthogonal": (1.0, 1.0), "graded": (1.0, 2.0)}
# Error of the best linear fit to two orthonormal units: 1/2 <(teacher - sum_m c x_m)^2> with c = <g'>.
FLOORS = {"erf": 1.0 / 3.0 - 1.0 / np.pi, "relu": 0.25 + 0.5 / np.pi}


def noise_error(readouts, lengths) -> float:
    """Return eps / (sigma^2 eta) = sum_k h_k^2 / sqrt(1 + 2 Q_kk) / (2 pi) of erf units, for small eta.

    `readouts` h_k and `lengths` Q_kk have the shape (K,).
    """
    return float(np.sum(np.square(readouts) / np.sqrt(1.0 + 2.0 * np.asarray(lengths))) / (2.0 * np.pi))


def clones_limit(K) -> np.ndarray:
    """Return `noise_error` of K units of length one whose outputs are divided by K, for each K."""
    return np.array([noise_error(np.full(k, 1.0 / k), np.ones(k)) for k in K])


def informed_limit(K, units: str) -> np.ndarray:
    """Return `noise_error` of the two teacher units and K - 2 units with zero weights, for each K."""
    return np.array([noise_error(np.ones(k), [*LENGTHS[units], *np.zeros(k - 2)]) for k in K])


def repeats_in_passes(M: int, eta: float, alpha: float, times) -> float:
    """Return the excess error by repeated samples in passes, relative to that with replacement.

    It is a mean over directions and times, for the first layer near M orthonormal erf units with readouts 1;
    eta times the eigenvalues of <g'(lambda_i) g'(lambda_k)> are the rates at which errors decay.

    Parameters
    ----------
    M : int
        Number of units.
    eta : float
        Learning rate.
    alpha : float
        Number of samples per input.
    times : array_like, shape (n,)
        Times of the average, in steps / N.

    Returns
    -------
    float
        Between 0 and 1.
    """
    slopes = 2.0 / np.pi * np.where(np.eye(M) > 0, 1.0 / np.sqrt(3.0), 0.5)
    rates = eta * np.linalg.eigvalsh(slopes)
    return float(np.mean([repeats_at_rate(rate, alpha, time) for rate in rates for time in times]))


def repeats_at_rate(rate: float, alpha: float, time: float) -> float:
    """Return the same for one rate: (sum_e w_e)^2 - sum_e w_e^2 with the weights w_e of passes e.

    Weights of the network are averages over past samples; a sample of age a has the weight rate exp(-rate a).
    The noise of a sample that is used twice contributes the product of both weights. With replacement any two
    samples are equal with probability 1 / (alpha N), in passes only two samples of different passes.

    Parameters
    ----------
    rate : float
        Rate of decay, positive.
    alpha : float
        Number of samples per input: the duration of a pass.
    time : float
        Time in steps / N.
    """
    starts = np.arange(0.0, time, alpha)
    ends = np.minimum(starts + alpha, time)
    weights = np.exp(-rate * (time - ends)) - np.exp(-rate * (time - starts))
    return float(np.sum(weights) ** 2 - np.sum(weights**2))


def linear_errors(K, teacher: str, eta: float, sigma: float) -> np.ndarray:
    """Return F + eta K (sigma^2 + 2 F) / (4 - 2 eta K), the final errors of linear students.

    The part of the teacher that a linear student cannot fit, with error F, acts as additional noise.

    Parameters
    ----------
    K : array_like, shape (n,)
        Numbers of student units.
    teacher : str
        Activation of the teacher, a key of FLOORS.
    eta, sigma : float
        Learning rate and standard deviation of the label noise.

    Returns
    -------
    ndarray, shape (n,)
    """
    F = FLOORS[teacher]
    return F + np.array([linear_error(int(k), eta, np.sqrt(sigma**2 + 2.0 * F)) for k in K])
