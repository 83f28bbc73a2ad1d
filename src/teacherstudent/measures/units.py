"""Measures of student units: which units a task uses, and how far they moved since a switch.

Overlaps and readouts have any leading axes, such as runs and times. The question which units a second task
uses again is that of Lee, Mannelli, Clopath, Goldt & Saxe, Maslow's Hammer for Catastrophic Forgetting: Node
Re-Use vs Node Activation, ICML 2022; the definitions are those of this package.
"""

import numpy as np

# I2(k, k) = <g(lambda_k)^2> for lambda_k ~ N(0, Q_kk), by activation.
SECOND_MOMENTS = {
    "erf": lambda q: 2.0 / np.pi * np.arcsin(q / (1.0 + q)),
    "relu": lambda q: q / 2.0,
    "linear": lambda q: q,
}


def contributions(student_overlaps, readouts, activation="erf"):
    r"""Share of each student unit in the output of a head, c_k = h_k^2 I2(k, k) / sum_l h_l^2 I2(l, l).

    I2(k, k) = <g(lambda_k)^2> is the second moment of the unit's activation: (2/pi) asin(Q_kk / (1 + Q_kk))
    for erf, Q_kk / 2 for relu, Q_kk for linear units.

    Parameters
    ----------
    student_overlaps : array_like, shape (..., K, K)
        Overlaps Q of the student units.
    readouts : array_like, shape (..., K)
        Readouts h of one head.
    activation : str
        Activation of the student: erf, relu or linear.

    Returns
    -------
    ndarray, shape (..., K)
        Between 0 and 1, with the sum 1; NaN where the output is 0.

    Raises
    ------
    ValueError
        If the activation is not one of the three.

    References
    ----------
    Saad & Solla, On-line learning in soft committee machines, Phys. Rev. E 52, 4225 (1995), for I2 of erf.

    Examples
    --------
    >>> contributions([[1.0, 0.0], [0.0, 1.0]], [3.0, 1.0]).round(2).tolist()
    [0.9, 0.1]
    """
    if activation not in SECOND_MOMENTS:
        raise ValueError(f"activation {activation!r}: must be one of {', '.join(SECOND_MOMENTS)}")
    power = np.square(readouts) * SECOND_MOMENTS[activation](_diagonal(student_overlaps))
    total = power.sum(axis=-1, keepdims=True)
    return np.divide(power, total, out=np.full(power.shape, np.nan), where=total > 0)


def reuse(first, second):
    """Re-use of units by a second task, sum_k c_k^1 c_k^2, between 0 (other units) and 1 (the same unit).

    Parameters
    ----------
    first : array_like, shape (..., K)
        Contributions of the units to the first task, usually at the switch.
    second : array_like, shape (..., K)
        Contributions to the second task, usually at the end.

    Returns
    -------
    ndarray, shape (...) or float
        At most 1, which it is if one and the same unit does both tasks; 1 / K if both use all units equally.

    Examples
    --------
    >>> float(reuse([1.0, 0.0], [1.0, 0.0])), float(reuse([1.0, 0.0], [0.0, 1.0]))
    (1.0, 0.0)
    """
    return np.sum(np.multiply(first, second), axis=-1)


def specialisation(shares):
    """Largest contribution of one unit to a task, max_k c_k.

    Parameters
    ----------
    shares : array_like, shape (..., K)
        Contributions of the units to the task.

    Returns
    -------
    ndarray, shape (...) or float
        From 1 / K (all units contribute equally) to 1 (one unit does the task).
    """
    return np.max(shares, axis=-1)


def movement(student_overlaps, anchor_overlaps, anchor_norms):
    """Squared distance of each unit from its anchor, |w_k - c_k|^2 / N = Q_kk - 2 A_kk + C_k.

    With `record.movement` the anchors are the weights at the last switch.

    Parameters
    ----------
    student_overlaps : array_like, shape (..., K, K)
        Overlaps Q of the student units.
    anchor_overlaps : array_like, shape (..., K, K)
        Overlaps A_ik = w_i.c_k / N of the student units with the anchors.
    anchor_norms : array_like, shape (..., K)
        Squared lengths C_k = c_k.c_k / N of the anchors.

    Returns
    -------
    ndarray, shape (..., K)
        At least 0; exact to the rounding of Q_kk + C_k.
    """
    distances = _diagonal(student_overlaps) - 2.0 * _diagonal(anchor_overlaps) + np.asarray(anchor_norms)
    return np.maximum(distances, 0.0)


def anchor_cosines(student_overlaps, anchor_overlaps, anchor_norms):
    """Cosine of the angle between each unit and its anchor, A_kk / sqrt(Q_kk C_k).

    Parameters
    ----------
    student_overlaps : array_like, shape (..., K, K)
        Overlaps Q of the student units.
    anchor_overlaps : array_like, shape (..., K, K)
        Overlaps A_ik = w_i.c_k / N of the student units with the anchors.
    anchor_norms : array_like, shape (..., K)
        Squared lengths C_k = c_k.c_k / N of the anchors.

    Returns
    -------
    ndarray, shape (..., K)
        From -1 to 1; NaN where the unit or its anchor is 0.
    """
    lengths = np.sqrt(_diagonal(student_overlaps) * np.asarray(anchor_norms))
    overlaps = _diagonal(anchor_overlaps)
    cosines = np.divide(overlaps, lengths, out=np.full(lengths.shape, np.nan), where=lengths > 0)
    return np.clip(cosines, -1.0, 1.0)


def _diagonal(overlaps) -> np.ndarray:
    """Return the diagonal of matrices in the last two axes."""
    return np.diagonal(np.asarray(overlaps, dtype=float), axis1=-2, axis2=-1)
