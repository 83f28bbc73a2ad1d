"""The symmetric plateau of erf committees with the first layer trained: height, stability and length.

Saad & Solla, Phys. Rev. E 52 (1995) 4225.
"""

import math
from collections.abc import Sequence

import numpy as np

from teacherstudent.analysis.committees import committee, plateau_correlation, symmetric_state
from teacherstudent.analysis.fixed_points import FixedPoint, fixed_points
from teacherstudent.measures import log10_error


def plateau_error(teacher_hidden: int, student_hidden: int) -> float:
    """Return the generalisation error on the plateau in the limit of small learning rates.

    eps = (1/pi) [K^2 asin s + M pi / 6 - 2 K M asin sqrt(s / (2 M))] with s as in
    `committees.symmetric_state`. For K = M this is (K/pi) [pi/6 - K asin(1 / (2 K))] (Saad & Solla 1995, from
    memory; other sizes derived here).

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, at least 1.

    Returns
    -------
    float
        Generalisation error.

    Raises
    ------
    ValueError
        Where a number of units is not positive.

    Examples
    --------
    >>> round(plateau_error(teacher_hidden=3, student_hidden=3), 6)
    0.020297
    """
    M, K = teacher_hidden, student_hidden
    s = plateau_correlation(M, K)
    student, teacher = K**2 * math.asin(s), M * math.pi / 6.0
    return (student + teacher - 2.0 * K * M * math.asin(math.sqrt(s / (2.0 * M)))) / math.pi


def plateau(
    teacher_hidden: int, student_hidden: int, learning_rate: float, output_noise: float = 0.0
) -> FixedPoint:
    """Find the plateau at a finite learning rate: the fixed point next to that in the limit of small rates.

    At large rates it may not exist, see `FixedPoint.converged` and `FixedPoint.realisable`. Its `growth_rate`
    is that of the differences between the student units.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, at least 1.
    learning_rate : float
        eta > 0.
    output_noise : float
        Standard deviation sigma >= 0 of the noise on the labels.

    Returns
    -------
    FixedPoint
        Its `generalisation_error` is the height of the plateau.

    Raises
    ------
    ValueError
        Where a number of units is not positive.
    SpecError
        Where the learning rate or the noise is negative.
    """
    (found,) = plateaus(teacher_hidden, student_hidden, [learning_rate], output_noise)
    return found


def plateaus(
    teacher_hidden: int, student_hidden: int, learning_rates: Sequence[float], output_noise: float = 0.0
) -> list[FixedPoint]:
    """Find the plateaus at several learning rates side by side, each as `plateau` does, bit for bit.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, at least 1.
    learning_rates : sequence of float
        eta > 0.
    output_noise : float
        Standard deviation sigma >= 0 of the noise on the labels.

    Returns
    -------
    list of FixedPoint
        One for each rate.

    Raises
    ------
    ValueError
        Where a number of units is not positive.
    SpecError
        Where a learning rate or the noise is negative.
    """
    start = symmetric_state(teacher_hidden, student_hidden)
    specs = [committee(start, float(rate), output_noise) for rate in learning_rates]
    return fixed_points(specs, [start] * len(specs))


def plateau_length(time, errors, height, tolerance: float = 0.1):
    """Return the time that errors remain on a plateau.

    The plateau starts when the error first falls to (1 + tolerance) height, and ends when it falls to
    (1 - tolerance) height; log10 eps is interpolated linearly between the recorded times.

    Parameters
    ----------
    time : (T,) array
        Recorded times.
    errors : (..., T) array
        Generalisation errors.
    height : float or (...) array
        Error on the plateau, from `plateau` or `plateau_error`.
    tolerance : float
        Relative distance from the height, in (0, 1).

    Returns
    -------
    (...) array
        Lengths in units of `time`; NaN where the plateau does not end.
    """
    height = np.asarray(height, dtype=float)
    entered, left = (time_below(time, errors, height * (1.0 + part)) for part in (tolerance, -tolerance))
    return left - entered


def time_below(time, errors, level):
    """Return the first time at which errors are at most equal to a level.

    Parameters
    ----------
    time : (T,) array
        Recorded times.
    errors : (..., T) array
        Generalisation errors; their logarithm is interpolated linearly in time.
    level : float or (...) array
        Level of the error.

    Returns
    -------
    (...) array
        Times in units of `time`; NaN where the error is always above the level.
    """
    time, logs, level = np.asarray(time), log10_error(errors), np.log10(level)
    lead = np.broadcast_shapes(logs.shape[:-1], level.shape)
    logs, level = np.broadcast_to(logs, (*lead, len(time))), np.broadcast_to(level, lead)
    below = logs <= level[..., None]
    hit = below.argmax(axis=-1)
    before = np.maximum(hit - 1, 0)
    high, low = (np.take_along_axis(logs, at[..., None], axis=-1)[..., 0] for at in (before, hit))
    x = np.divide(high - level, high - low, out=np.zeros(lead), where=hit > 0)
    when = time[before] + x * (time[hit] - time[before])
    return np.where(below.any(axis=-1), when, np.nan)[()]


def escape_time(growth_rate: float, asymmetry: float) -> float:
    """Return ln(1 / asymmetry) / growth_rate, the time in which a small asymmetry grows to 1.

    With the unstable eigenvalue of a plateau and the differences between the overlaps R at the start this is
    the length of the plateau, up to a constant. Saad & Solla 1995 (from memory).

    Parameters
    ----------
    growth_rate : float
        Unstable eigenvalue, > 0, per unit of t = steps / N.
    asymmetry : float
        Small difference between overlaps at the start, > 0.

    Returns
    -------
    float
        Time in units of t = steps / N.

    Raises
    ------
    ValueError
        Where one of the arguments is not positive.
    """
    if not (growth_rate > 0.0 and asymmetry > 0.0):
        raise ValueError(f"growth rate {growth_rate} and asymmetry {asymmetry} must be positive")
    return -math.log(asymmetry) / growth_rate
