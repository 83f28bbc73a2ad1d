"""Errors of students whose labels are signs, from order parameters: a measurement, not dynamics."""

import numpy as np

from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.kernels.maths.classification import classification_error, mean_loss
from teacherstudent.kernels.maths.nodes import TOLERANCE
from teacherstudent.kernels.maths.sums import activities
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes, teacher_axes
from teacherstudent.networks.activations import code_of
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec

SAMPLES = 20_000  # of the fields, where sums would have too many dimensions
MOST_FIELDS = 4  # of student and teacher together, of sums over both


def label_errors(
    spec: Spec, Q: np.ndarray, R: np.ndarray, T: np.ndarray, h: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean losses and classification errors on labels without flips, at every record.

    For students and teachers with erf or linear units they are sums over at most four fields, or closed
    forms; for relu students closed forms, with at most two units, and a squared loss. All others are means
    over the
    same sampled fields at every record.

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
        Means of the loss, and probabilities that student and label differ in sign.
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
        found = errors_of_task(spec, Q, R[:, :, own], np.ascontiguousarray(T[own, own]), h[:, head], v[p])
        losses[:, p], errors[:, p] = found
    return losses, errors


def errors_of_task(
    spec: Spec, Q: np.ndarray, R: np.ndarray, T: np.ndarray, h: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean losses and classification errors on the labels of one teacher, as `label_errors`.

    Parameters
    ----------
    spec : Spec
        Spec of the run: activations and loss.
    Q : (records, K, K) array
        Covariances of the student fields.
    R : (records, K, M) array
        Covariances of student fields with the fields of the teacher.
    T : (M, M) array
        Covariances of the fields of the teacher, the same at all records.
    h : (records, K) array
        Head of the task.
    v : (M,) array
        Readouts of the teacher.

    Returns
    -------
    losses, errors : (records,) arrays
    """
    student, teacher = code_of(spec.student), _axes_or_none(spec, T, v)
    loss, margin = spec.loss, spec.training.margin or 0.0
    tolerance = spec.numerics.cubature_tolerance or TOLERANCE
    exact_loss, exact_error = _has_sums(spec, teacher)
    losses, errors = np.empty((2, len(Q)))
    for record, state in enumerate(zip(Q, R, h, strict=True)):
        if exact_loss:
            losses[record] = mean_loss(loss, margin, student, teacher, *state, tolerance)
        if exact_error:
            errors[record] = classification_error(student, teacher, *state, tolerance)
    if not (exact_loss and exact_error):
        draws = normals(0, 0, Purpose.LABEL_FIELDS, (SAMPLES, Q.shape[1] + len(v)))
        for record, state in enumerate(zip(Q, R, h, strict=True)):
            sampled = _sampled(spec, *state, T, v, draws)
            losses[record] = losses[record] if exact_loss else sampled[0]
            errors[record] = errors[record] if exact_error else sampled[1]
    return losses, errors


def _axes_or_none(spec: Spec, T: np.ndarray, v: np.ndarray) -> TeacherAxes | None:
    """Return the coordinates of a teacher's fields; None if they do not exist."""
    code = code_of(spec.teachers)
    usual = code in (ERF, LINEAR) or (code == RELU and len(v) == 1 and v[0] > 0.0)
    if not usual or not np.any(v):
        return None
    try:
        return teacher_axes(code, T, v)
    except np.linalg.LinAlgError:
        return None


def _has_sums(spec: Spec, teacher: TeacherAxes | None) -> tuple[bool, bool]:
    """Return whether the mean loss and the classification error have sums or closed forms."""
    if teacher is None or spec.is_deep or spec.inputs.clusters is not None:
        return False, False
    student, K, unit = spec.student.activation, spec.student.hidden, len(teacher.inverse)
    by_unit = spec.loss in ("squared", "hebbian")
    if student == "relu":
        return by_unit and unit <= MOST_FIELDS - 1, K <= 2 and unit == 1
    if student not in ("erf", "linear"):
        return False, False
    few = (1 if student == "linear" else K) + unit <= MOST_FIELDS
    return few or (by_unit and unit <= MOST_FIELDS - 1), few


def _sampled(spec, Q, R, h, T, v, draws):
    """Return loss and classification error of one task from sampled fields."""
    K = len(Q)
    C = np.block([[Q, R], [R.T, T]])
    values, vectors = np.linalg.eigh(C)
    fields = draws @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    phi = _values(code_of(spec.student), fields[:, :K]) @ h
    y = np.where(_values(code_of(spec.teachers), fields[:, K:]) @ v > 0.0, 1.0, -1.0)
    return losses(spec.loss, spec.training.margin, phi, y).mean(), np.mean(np.where(phi > 0, 1.0, -1.0) != y)


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
