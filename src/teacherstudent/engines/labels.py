"""Errors of students whose labels are signs, from order parameters: a measurement, not dynamics."""

import numpy as np

from teacherstudent.kernels.maths.activations import values_of
from teacherstudent.networks.activations import code_of
from teacherstudent.spec.model import Spec

SAMPLES = 20_000  # of the fields, where there is no closed form


def label_errors(
    spec: Spec, Q: np.ndarray, R: np.ndarray, T: np.ndarray, h: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean losses and classification errors on labels without flips, at every record.

    Parameters
    ----------
    spec : Spec
        Spec of the run: activations and loss.
    Q : (records, K, K) array
        Overlaps of the student units.
    R : (records, K, P M) array
        Overlaps of student units with the units of all teachers.
    T : (P M, P M) array
        Overlaps of the units of all teachers, the same at all records.
    h : (records, H, K) array
        Readouts of the student, one row per head.
    v : (P, M) array
        Readouts of the teachers.

    Returns
    -------
    losses, errors : (records, P) arrays
        Means of the loss, and probabilities that student and label differ in sign.
    """
    draws = np.random.default_rng(0).standard_normal((SAMPLES, Q.shape[1] + v.shape[1]))
    found = np.empty((2, len(Q), len(v)))
    for record in range(len(Q)):
        for p in range(len(v)):
            found[:, record, p] = _sampled(spec, Q[record], R[record], T, h[record], v, p, draws)
    return found[0], found[1]


def _sampled(spec, Q, R, T, h, v, p, draws):
    """Return loss and classification error of one task from sampled fields."""
    K, M = len(Q), v.shape[1]
    own = slice(p * M, (p + 1) * M)
    C = np.block([[Q, R[:, own]], [R[:, own].T, T[own, own]]])
    values, vectors = np.linalg.eigh(C)
    fields = draws @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    phi = _values(code_of(spec.student), fields[:, :K]) @ h[spec.head_of(p)]
    y = np.where(_values(code_of(spec.teachers), fields[:, K:]) @ v[p] > 0.0, 1.0, -1.0)
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
    return values_of(code, np.ascontiguousarray(x).ravel()).reshape(x.shape)
