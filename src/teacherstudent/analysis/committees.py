"""Soft committees with one teacher of M orthonormal units, T = 1 and v = 1: states near their fixed points.

The student has K units. Saad & Solla, Phys. Rev. E 52 (1995) 4225; Goldt et al., NeurIPS 2019.
"""

import math
from collections.abc import Sequence
from numbers import Integral

import numpy as np

from teacherstudent.engines.trajectory import stored_R, stored_T
from teacherstudent.errors import SpecError
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import parse_spec

DIMENSION = 10_000  # required in a spec; the equations do not depend on it


def committee(
    start: OrderParameters,
    learning_rate: float,
    output_noise: float = 0.0,
    train: Sequence[str] = ("features",),
    activation: str = "erf",
) -> Spec:
    """Return the spec of a student that starts with given order parameters.

    Parameters
    ----------
    start : OrderParameters
        Q (K, K), R (K, P M), T (P M, P M), h (H, K) and v (P, M).
    learning_rate : float
        eta >= 0 of the trained layers.
    output_noise : float
        Standard deviation sigma >= 0 of the noise on the labels.
    train : sequence of str
        Trained layers: "features", "readouts" or both.
    activation : str
        Activation of student and teachers: "erf" or "linear".

    Returns
    -------
    Spec
        Its dimension is arbitrary: the equations do not depend on it.

    Raises
    ------
    SpecError
        Where a value is not allowed.
    """
    P = len(start.v)
    return parse_spec(
        {
            "inputs": {"dimension": DIMENSION},
            "teachers": {"activation": activation, "output_noise": output_noise},
            "student": {"activation": activation},
            "training": {"learning_rate": learning_rate, "train": list(train)},
            "initial_overlaps": {
                "student": start.Q.tolist(),
                "student_teacher": stored_R(start.R, P).tolist(),
                "teacher": stored_T(start.T, P).tolist(),
                "student_readouts": start.h.tolist(),
                "teacher_readouts": start.v.tolist(),
            },
        }
    )


def informed_state(teacher_hidden: int, student_hidden: int) -> OrderParameters:
    """Return the state in which M student units equal the teacher's and the other weights are 0; h = 1.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, K >= M >= 1.

    Returns
    -------
    OrderParameters

    Raises
    ------
    ValueError
        Where K < M.
    """
    M, K = teacher_hidden, student_hidden
    check_sizes(M, K)
    if K < M:
        raise ValueError(f"{K} student units cannot represent {M} teacher units: at least {M} are needed")
    R = np.eye(K, M)
    return OrderParameters(R @ R.T, R, np.eye(M), np.ones((1, K)), np.ones((1, M)))


def denoiser_state(teacher_hidden: int, student_hidden: int) -> OrderParameters:
    """Return the state in which K / M student units equal each teacher unit; h = M / K.

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, K a multiple of M.

    Returns
    -------
    OrderParameters

    Raises
    ------
    ValueError
        Where K is not a multiple of M.
    """
    M, K = teacher_hidden, student_hidden
    check_copies(M, K)
    R = np.tile(np.eye(M), (K // M, 1))
    return OrderParameters(R @ R.T, R, np.eye(M), np.full((1, K), M / K), np.ones((1, M)))


def symmetric_state(teacher_hidden: int, student_hidden: int) -> OrderParameters:
    """Return the symmetric plateau of erf units with h = 1 in the limit of small learning rates.

    It is the state of least error among those in which all student units are equal and have equal overlaps
    with all teacher units: Q_ik = s / (1 - s), R_im = sqrt(Q / M), s = M / (K^2 + sqrt(K^4 + M^2 - K^2)). For
    K = M Q = 1 / (2 K - 1) and R = 1 / sqrt(K (2 K - 1)) (Saad & Solla 1995, from memory; other sizes derived
    here).

    Parameters
    ----------
    teacher_hidden, student_hidden : int
        Numbers of hidden units M and K, at least 1.

    Returns
    -------
    OrderParameters

    Raises
    ------
    ValueError
        Where a size is not positive.
    """
    M, K = teacher_hidden, student_hidden
    s = plateau_correlation(M, K)
    Q = s / (1.0 - s)
    R = np.full((K, M), math.sqrt(Q / M))
    return OrderParameters(np.full((K, K), Q), R, np.eye(M), np.ones((1, K)), np.ones((1, M)))


def plateau_correlation(M: int, K: int) -> float:
    """Return s = Q / (1 + Q) on the symmetric plateau; see `symmetric_state`."""
    check_sizes(M, K)
    return M / (K**2 + math.sqrt(K**4 + M**2 - K**2))


def check_sizes(M: int, K: int) -> None:
    """Raise SpecError if a number of units is not a whole number of at least 1."""
    if not all(isinstance(units, Integral) and units >= 1 for units in (M, K)):
        raise SpecError(f"numbers of hidden units must be whole numbers of at least 1, not {M!r} and {K!r}")


def check_copies(M: int, K: int) -> None:
    """Raise ValueError if K is not a multiple of M."""
    check_sizes(M, K)
    if K % M:
        raise ValueError(
            f"the number of student units, {K}, must be a multiple of the number of teacher units, {M}"
        )
