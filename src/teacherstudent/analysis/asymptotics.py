"""Closed forms of the asymptotic generalisation error with label noise, for committees with T = 1 and v = 1.

M teacher units, K student units, learning rate eta, standard deviation sigma of the noise on the labels. For
erf units `fixed_points.fixed_point` computes the exact values, with the states of `committees` as start.
"""

import math

from teacherstudent.analysis.committees import check_copies, check_sizes


def first_layer_error(
    teacher_hidden: int, student_hidden: int, learning_rate: float, output_noise: float
) -> float:
    """Return sigma^2 eta (K - M + M / sqrt 3) / (2 pi): erf units, first layer trained, h = 1.

    Leading order in eta and sigma^2, at the fixed point next to `committees.informed_state`: Goldt et al.,
    NeurIPS 2019 (the expansion of the result of their notebook for any eta). For K - M >= 2 that fixed point
    is a saddle with an unstable eigenvalue of order eta^2 sigma^2, since two surplus units of opposite
    weights do not change the error.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, K >= M >= 1.
    learning_rate : float
        eta > 0.
    output_noise : float
        Standard deviation sigma of the noise on the labels.

    Returns
    -------
    float
        Asymptotic generalisation error.

    Raises
    ------
    ValueError
        Where K < M.
    """
    M, K = teacher_hidden, student_hidden
    check_sizes(M, K)
    if K < M:
        raise ValueError(f"{K} student units cannot represent {M} teacher units: at least {M} are needed")
    return output_noise**2 * learning_rate * (K - M + M / math.sqrt(3.0)) / (2.0 * math.pi)


def linear_error(
    student_hidden: int, learning_rate: float, output_noise: float, floor: float = 0.0, power: float = 1.0
) -> float:
    """Return (floor + eta K c sigma^2 / 4) / (1 - eta K c / 2): linear units, first layer trained, h = 1.

    Exact for any teacher and any inputs. With inputs of covariance 1, which determine the labels, e = 2 eps
    satisfies de/dt = -2 eta K e + eta^2 K^2 (e + sigma^2): Goldt et al., NeurIPS 2019 (from memory; derived
    independently).

    Parameters
    ----------
    student_hidden : int
        Number of hidden units K >= 1.
    learning_rate : float
        0 < eta < 2 / (K c).
    output_noise : float
        Standard deviation sigma of the noise on the labels.
    floor : float, optional
        Error of the best linear student, >= 0: `linear_floor` of structured inputs.
    power : float, optional
        Mean variance c of the inputs, tr Omega / N > 0.

    Returns
    -------
    float
        Asymptotic generalisation error.

    Raises
    ------
    ValueError
        Where the error diverges, eta >= 2 / (K c).
    """
    K = student_hidden
    check_sizes(1, K)
    if learning_rate * K * power >= 2.0:
        limit = f"2 / (K c) = {2.0 / (K * power):g}"
        raise ValueError(f"learning rate {learning_rate}: the error diverges at rates of at least {limit}")
    rate = learning_rate * K * power
    return (floor + rate * output_noise**2 / 4.0) / (1.0 - rate / 2.0)


def denoiser_error(
    teacher_hidden: int, student_hidden: int, learning_rate: float, output_noise: float
) -> float:
    """Return sqrt 3 M^2 sigma^2 eta / (6 pi K): erf units, both layers trained at the same rate.

    Leading order in eta and sigma^2, at the fixed point next to `committees.denoiser_state`; found
    numerically for M = 1, 2, 3. For K > M that fixed point is a saddle with an unstable eigenvalue of order
    eta^2 sigma^2. Goldt et al., NeurIPS 2019, find numerically that the error decreases with K.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, K a multiple of M.
    learning_rate : float
        eta > 0.
    output_noise : float
        Standard deviation sigma of the noise on the labels.

    Returns
    -------
    float
        Asymptotic generalisation error.

    Raises
    ------
    ValueError
        Where K is not a multiple of M.
    """
    M, K = teacher_hidden, student_hidden
    check_copies(M, K)
    return math.sqrt(3.0) * M**2 * output_noise**2 * learning_rate / (6.0 * math.pi * K)
