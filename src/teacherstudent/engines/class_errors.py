"""Errors that engines record, and compare with thresholds, where labels are the signs of teacher outputs."""

import math

import numpy as np

from teacherstudent.engines.labels import has_finite_output, label_errors, sampled_outputs
from teacherstudent.spec.model import Spec

SAMPLES = 4096  # of the fields for a first estimate
DEVIATIONS = 5.0  # standard deviations of this estimate within which the error itself is computed


def has_class_errors(spec: Spec) -> bool:
    """Return whether errors are those of labels that are signs; `deep_errors` has those of inner layers."""
    return spec.teachers.labels is not None and not spec.has_rewards and not spec.is_deep


def class_errors(
    spec: Spec, Q: np.ndarray, R: np.ndarray, T: np.ndarray, h: np.ndarray, v: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the mean losses and the classification errors on labels without noise and flips.

    Parameters
    ----------
    spec : Spec
        Spec of the run: activations and loss.
    Q : (records, K, K) array
        Covariances of the student fields.
    R : (records, K, P M) array
        Covariances of student fields with the fields of all teachers.
    T : (P M, P M) or (records, P M, P M) array
        Covariances of the fields of all teachers; one for each record if teachers move.
    h : (records, H, K) array
        Readouts of the student, one row per head.
    v : (P, M) array
        Readouts of the teachers.

    Returns
    -------
    dict of str to array (records, P)
        `generalisation_error` and `classification_error`.
    """
    names = "generalisation_error", "classification_error"
    with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
        return dict(zip(names, label_errors(spec, Q, R, T, h, v), strict=True))


def finite_rows(errors: np.ndarray) -> int:
    """Return the number of records (records, P) before the first one with an error that is not finite."""
    finite = np.isfinite(errors).all(axis=1)
    return len(errors) if finite.all() else int(np.argmin(finite))


def is_below(
    spec: Spec,
    threshold: float,
    Q: np.ndarray,
    R: np.ndarray,
    T: np.ndarray,
    h: np.ndarray,
    v: np.ndarray,
) -> bool:
    """Return whether the classification error on one task is below a threshold.

    The error itself is computed only if an estimate from samples does not exclude it.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    threshold : float
        The threshold.
    Q : (K, K) array
        Covariances of the student fields.
    R : (K, M) array
        Their covariances with the fields of the teacher of the task.
    T : (M, M) array
        Covariances of the fields of this teacher.
    h : (K,) array
        Head of the task.
    v : (M,) array
        Readouts of this teacher.

    Returns
    -------
    bool
        False in a run that diverges.
    """
    if not has_finite_output(spec, Q, R, h):
        return False
    estimate = _estimate(spec, Q, R, T, h, v)
    if estimate - DEVIATIONS * math.sqrt(estimate * (1.0 - estimate) / SAMPLES) >= threshold:
        return False
    heads = np.repeat(h[None], spec.heads, axis=0)
    _, errors = label_errors(spec, Q[None], R[None], T, heads[None], v[None])
    return bool(errors[0, 0] < threshold)


def _estimate(spec: Spec, Q, R, T, h, v) -> float:
    """Return the classification error on samples."""
    phi, value = sampled_outputs(spec, Q, R, T, h, v, SAMPLES)
    return float(np.mean((phi > 0.0) != (value > 0.0)))
