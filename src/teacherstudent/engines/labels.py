"""Errors of students whose labels are signs, from order parameters: a measurement, not dynamics."""

from functools import lru_cache

import numpy as np

from teacherstudent.engines.label_sums import has_label_sums
from teacherstudent.engines.sum_limits import tolerance_of
from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.kernels.maths.classification import classification_error, mean_loss
from teacherstudent.kernels.maths.sums import activities
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes, teacher_axes
from teacherstudent.networks.activations import code_of
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec

SAMPLES = 20_000  # of the fields, where sums would have too many dimensions


def label_errors(
    spec: Spec, Q: np.ndarray, R: np.ndarray, T: np.ndarray, h: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean losses and classification errors on labels without flips, at every record.

    For students and teachers with erf or linear units they are sums over at most four fields, or closed
    forms; for relu students closed forms, with at most two units, and a squared loss. All others, and those
    of students whose fields depend on each other so that sums do not exist, are means over the same sampled
    fields at every record.

    Parameters
    ----------
    spec : Spec
        Spec of the run: activations and loss.
    Q : (records, K, K) array
        Overlaps of the student units.
    R : (records, K, P M) array
        Overlaps of student units with the units of all teachers.
    T : (P M, P M) or (records, P M, P M) array
        Overlaps of the units of all teachers, the same at all records or those of each.
    h : (records, H, K) array
        Readouts of the student, one row per head.
    v : (P, M) array
        Readouts of the teachers.

    Returns
    -------
    losses, errors : (records, P) arrays
        Means of the loss, and probabilities that student and label differ in sign; NaN where fields or
        outputs have no finite variance.
    """
    losses, errors = np.empty((2, len(Q), len(v)))
    if T.ndim == 3:
        for row in range(len(Q)):
            one = slice(row, row + 1)
            losses[one], errors[one] = label_errors(spec, Q[one], R[one], T[row], h[one], v)
        return losses, errors
    for p in range(len(v)):
        own = slice(p * v.shape[1], (p + 1) * v.shape[1])
        head = spec.head_of(p)
        found = _errors_of_task(spec, Q, R[:, :, own], np.ascontiguousarray(T[own, own]), h[:, head], v[p])
        losses[:, p], errors[:, p] = found
    return losses, errors


def _errors_of_task(spec: Spec, Q, R, T, h, v) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean losses and classification errors (records,) on the labels of one teacher."""
    student, teacher = code_of(spec.student), _axes_or_none(spec, T, v)
    loss, margin = spec.loss, spec.training.margin or 0.0
    tolerance = tolerance_of(spec)
    exact_loss, exact_error = has_label_sums(spec, None if teacher is None else len(teacher.inverse))
    losses, errors = np.full((2, len(Q)), np.nan)
    for record, state in enumerate(zip(Q, R, h, strict=True)):
        if not has_finite_output(spec, *state):
            continue
        if exact_loss:
            losses[record] = mean_loss(loss, margin, student, teacher, *state, tolerance)
        if exact_error:
            errors[record] = classification_error(student, teacher, *state, tolerance)
        if np.isnan([losses[record], errors[record]]).any():
            sampled = _sampled(spec, *state, T, v)
            losses[record] = sampled[0] if np.isnan(losses[record]) else losses[record]
            errors[record] = sampled[1] if np.isnan(errors[record]) else errors[record]
    return losses, errors


def has_finite_output(spec: Spec, Q: np.ndarray, R: np.ndarray, h: np.ndarray) -> bool:
    """Return whether the fields of a student, and the output of a linear one, have finite variances.

    Parameters
    ----------
    spec : Spec
        Spec of the run: the activation of the student.
    Q, R, h : (K, K), (K, M) and (K,) arrays
        Order parameters.

    Returns
    -------
    bool
        False in a run that diverges: there are no errors then.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        variance = h @ Q @ h if spec.student.activation == "linear" else 0.0
    return all(np.isfinite(part).all() for part in (Q, R, h, variance))


def _axes_or_none(spec: Spec, T: np.ndarray, v: np.ndarray) -> TeacherAxes | None:
    """Return the coordinates of a teacher's fields; None if they do not exist, or if no sum needs them.

    The time of their computation grows fast with the number of units.
    """
    code, unit = code_of(spec.teachers), int(np.count_nonzero(v))
    usual = code in (ERF, LINEAR) or (code == RELU and len(v) == 1 and v[0] > 0.0)
    if not usual or not unit or not any(has_label_sums(spec, 1 if code == LINEAR else unit)):
        return None
    try:
        return teacher_axes(code, T, v)
    except np.linalg.LinAlgError:
        return None


def _sampled(spec: Spec, Q, R, h, T, v) -> tuple[float, float]:
    """Return loss and classification error of one task from sampled fields."""
    phi, value = sampled_outputs(spec, Q, R, T, h, v, SAMPLES)
    y = np.where(value > 0.0, 1.0, -1.0)
    return losses(spec.loss, spec.training.margin, phi, y).mean(), np.mean(np.where(phi > 0, 1.0, -1.0) != y)


def sampled_outputs(
    spec: Spec, Q: np.ndarray, R: np.ndarray, T: np.ndarray, h: np.ndarray, v: np.ndarray, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return outputs of student and teacher for sampled fields, always from the same numbers.

    Parameters
    ----------
    spec : Spec
        Spec of the run: activations.
    Q, R, T : (K, K), (K, M) and (M, M) arrays
        Covariances of the fields of the student and of one teacher.
    h, v : (K,) and (M,) arrays
        Readouts of both.
    samples : int
        Number of samples.

    Returns
    -------
    phi, value : (samples,) arrays
    """
    K = len(Q)
    values, vectors = np.linalg.eigh(np.block([[Q, R], [R.T, T]]))
    fields = _draws(samples, K + len(v)) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    phi = _values(code_of(spec.student), fields[:, :K]) @ h
    return phi, _values(code_of(spec.teachers), fields[:, K:]) @ v


@lru_cache(maxsize=4)
def _draws(samples: int, fields: int) -> np.ndarray:
    """Return independent standard normal numbers, the same ones for all records and runs."""
    return normals(0, 0, Purpose.LABEL_FIELDS, (samples, fields))


def losses(loss: str, margin: float | None, phi: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the losses of outputs phi for labels y, both (samples,).

    Parameters
    ----------
    loss : str
        `training.loss` of a spec.
    margin : float or None
        Its margin.
    phi, y : (samples,) arrays
        Outputs of the student, and labels +1 or -1.

    Returns
    -------
    (samples,) array
    """
    short = np.maximum(0.0, (margin or 0.0) - y * phi)
    return {
        "squared": 0.5 * (phi - y) ** 2,
        "logistic": np.logaddexp(0.0, -y * phi),
        "hinge": short,
        "squared_hinge": 0.5 * short**2,
        "hebbian": -y * phi,
    }[loss]


def _values(code: int, x: np.ndarray) -> np.ndarray:
    return activities(code, np.ascontiguousarray(x).ravel()).reshape(x.shape)
