"""Errors of students with several hidden layers, from order parameters: a measurement, not dynamics.

Linear students have the error of two layers whose readouts are the product of all layers after the first.
Otherwise errors are means over the fields of student and teacher: sums over nodes where there are few fields
with smooth activations, and sampled fields elsewhere.
"""

from functools import lru_cache

import numpy as np

from teacherstudent.engines.deep_estimates import MOST_FIELDS, samples
from teacherstudent.engines.labels import losses
from teacherstudent.kernels.maths.generalisation import generalisation_errors
from teacherstudent.kernels.maths.layer_nodes import frame
from teacherstudent.kernels.maths.layers import outputs
from teacherstudent.kernels.maths.nodes import ball, number_of_nodes
from teacherstudent.networks.activations import codes_of
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec

# Tolerances of means by sums over nodes, of which the first one with few enough nodes is used.
TOLERANCES, MOST_NODES = (1e-7, 1e-5), 50_000
SMOOTH, ODD = {"erf", "linear", "sigmoid"}, {"erf", "linear"}


def deep_errors(
    spec: Spec,
    Q: np.ndarray,
    R: np.ndarray,
    T: np.ndarray,
    h: np.ndarray,
    U: np.ndarray,
    v: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the errors of a student with inner layers on all tasks, at every record.

    Parameters
    ----------
    spec : Spec
        Spec of the run: activations, labels and loss.
    Q : (records, K, K) array
        Overlaps of the units of the first layer of the student.
    R : (records, K, P M) array
        Overlaps of these units with the units of all teachers.
    T : (P M, P M) or (records, P M, P M) array
        Overlaps of the units of all teachers.
    h : (records, H, K) array
        Readouts of the student, one row per head.
    U : (records, L - 1, K, K) array
        Inner weights of the student.
    v : (P, M) array
        Readouts of the teachers.

    Returns
    -------
    dict of str to (records, P) array
        `generalisation_error`, and `classification_error` for labels that are signs.
    """
    T = np.broadcast_to(T, (len(Q), *T.shape[-2:]))
    found = np.full((2, len(Q), len(v)), np.nan)
    for record in range(len(Q)):
        parts = [np.ascontiguousarray(part[record]) for part in (Q, R, T, h, U)]
        if all(np.isfinite(part).all() for part in parts):
            found[:, record] = _errors(spec, *parts, v)
    names = ["generalisation_error", "classification_error"] if spec.has_classes else ["generalisation_error"]
    return dict(zip(names, found, strict=False))


def _errors(spec: Spec, Q, R, T, h, U, v) -> np.ndarray:
    """Return mean losses and classification errors of one record, (2, P)."""
    codes = codes_of(spec)
    if spec.student.activation == "linear" and not spec.has_classes:
        return np.stack([generalisation_errors(*codes, Q, R, T, through_layers(h, U), v), np.zeros(len(v))])
    found, M = np.empty((2, len(v))), v.shape[1]
    for p in range(len(v)):
        own = slice(p * M, (p + 1) * M)
        C = np.block([[T[own, own], R[:, own].T], [R[:, own], Q]])
        L, Z, w = _fields(spec, C, U)
        phi, y = np.empty((2, len(w)))
        outputs(*codes, L, Z, U, h[spec.head_of(p)], v[p], phi, y)
        if spec.has_classes:
            y = np.where(y > 0.0, 1.0, -1.0)
        loss = losses(spec.loss, spec.training.margin, phi, y)
        found[:, p] = (w * loss).sum(), (w * ((phi > 0.0) != (y > 0.0))).sum()
    return found


def through_layers(h: np.ndarray, U: np.ndarray) -> np.ndarray:
    """Return the readouts (H, K) of the first layer of a linear student, h U_L ... U_2."""
    for matrix in U[::-1]:
        h = np.einsum("hk,kj->hj", h, matrix)
    return h


def _fields(spec: Spec, C: np.ndarray, U: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the factor of the covariance C of the fields, and nodes (d, n) with weights (n,)."""
    activations = {spec.student.activation, spec.teachers.activation}
    is_odd, are_smooth = activations <= ODD, activations <= SMOOTH and not spec.has_classes
    for tolerance in TOLERANCES:
        L, spacings = frame(C, len(C) - len(U[0]), U, tolerance)
        if not are_smooth or len(C) > MOST_FIELDS:
            break
        if number_of_nodes(spacings, tolerance) <= MOST_NODES:
            return L, *ball(spacings, tolerance, is_odd)
    count = samples(spec)
    return L, _draws(len(C), count), np.full(count, 1.0 / count)


@lru_cache(maxsize=4)
def _draws(fields: int, samples: int) -> np.ndarray:
    """Return independent standard normal numbers, the same ones for all records and runs."""
    return normals(0, 0, Purpose.ERROR_FIELDS, (fields, samples))
