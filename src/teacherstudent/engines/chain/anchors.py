"""Anchors of chains: importances and penalties at a switch, and the frame with the new anchors."""

import numpy as np

from teacherstudent.engines.chain.networks import triangular
from teacherstudent.engines.rates import Task
from teacherstudent.errors import RunError
from teacherstudent.errors.messages import penalty_too_strong
from teacherstudent.kernels.chain import anchors, frames
from teacherstudent.kernels.chain.importances import mean_square_pulls
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.spec.model import Spec


def new_anchors(c: np.ndarray, pull: np.ndarray, path_rate: np.ndarray) -> anchors.Anchors:
    """Return the anchors of all chains.

    Parameters
    ----------
    c : array (K, r, C)
        Coordinates of the anchors, / sqrt N; K = 0 without anchors.
    pull, path_rate : array (K, C)
        Constants of a step.

    Returns
    -------
    Anchors
        With path integrals of 0.
    """
    path, h = (aligned_zeros(pull.shape) for _ in range(2))
    return anchors.Anchors(c, pull, path, path_rate, h, aligned_zeros(pull.shape[1:]))


def measured(shape: frames.Shape, S: np.ndarray, c: np.ndarray) -> dict[str, np.ndarray]:
    """Return the overlaps of students and anchors, and the squared lengths of the anchors.

    Parameters
    ----------
    shape : Shape
        Sizes.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N.
    c : array (K, r, C)
        Coordinates of the anchors, / sqrt N.

    Returns
    -------
    dict of str to array
        `anchor_overlaps` (C, K, K) and `anchor_norms` (C, K).
    """
    A = S[:, shape.p : shape.p + shape.r]
    overlaps, norms = np.einsum("iac,kac->cik", A, c), np.einsum("kac,kac->ck", c, c)
    return {"anchor_overlaps": overlaps, "anchor_norms": norms}


def combined(
    old: np.ndarray, centres: np.ndarray, added: np.ndarray, w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of two quadratic penalties, up to a constant.

    Parameters
    ----------
    old : array (K,)
        Weights of the present penalties of the units.
    centres : array (K, n)
        Coordinates of their centres.
    added : array (K,)
        Weights of the penalties that are added.
    w : array (K, n)
        Coordinates of the centres of these.

    Returns
    -------
    weights, centres : arrays (K,), (K, n)
        p + b and (p c + b w) / (p + b); w where p + b is 0.
    """
    total = old + added
    share = np.divide(added, total, out=np.ones_like(total), where=total > 0.0)[:, None]
    return total, np.where(share == 1.0, w, centres + share * (w - centres))


def kappa(spec: Spec, weights: np.ndarray, task: Task) -> np.ndarray:
    """Return the factors by which the units approach their anchors in a step.

    Parameters
    ----------
    spec : Spec
        The spec of the run.
    weights : array (n, K)
        Weights p of the penalties of some chains.
    task : Task
        The task of the step.

    Returns
    -------
    array (n, K)
        kappa_k = eta p_k / N; 0 for frozen units.

    Raises
    ------
    RunError
        If one is 1 or more and the step is explicit.
    """
    rate, N, rule = task.learning_rate, spec.inputs.dimension, spec.training.consolidation
    with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
        found = rate * weights * task.moving / N
    if rule is not None and rule.step == "explicit" and found.max() >= 1.0:
        largest = (weights * task.moving).max()
        raise RunError(penalty_too_strong(rule.strength, rate, largest, inputs=N))
    return found


def in_new_frame(
    shape: frames.Shape, B: np.ndarray, centres: np.ndarray, S: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the coordinates of one chain in a frame with the axes of new anchors.

    Parameters
    ----------
    shape : Shape
        Sizes; with p = 0 the frame has all N axes, and does not change.
    B : array (P M, s)
        Coordinates of the teachers along the first axes of A.
    centres, S : array (K, p + r)
        Coordinates of anchors and student along the axes of G and A.

    Returns
    -------
    B, c, S : arrays (P M, s), (K, r), (K, p + r)
        The new coordinates.
    """
    p, r = shape.p, shape.r
    if p == 0:
        return B, centres, S
    teachers = np.zeros((len(B), p + r))
    teachers[:, : B.shape[1]] = B
    others = (np.roll(rows, r, axis=1) for rows in (centres, S))  # the axes of A come first
    rows = np.concatenate([teachers, *others])[:, :, None].copy()
    new_B, c, student = (part[:, :, 0] for part in triangular(rows, len(B), len(S)))
    return new_B[:, : B.shape[1]], c[:, :r], np.roll(student, p, axis=1)


def importances(
    spec: Spec,
    shape: frames.Shape,
    S: np.ndarray,
    own: np.ndarray,
    v: np.ndarray,
    h: np.ndarray,
    path: np.ndarray,
) -> np.ndarray:
    """Return the importance of each unit of one chain for a task.

    Parameters
    ----------
    spec : Spec
        The spec of the run.
    shape : Shape
        Sizes and activations.
    S : array (K, p + r)
        Coordinates of the student, / sqrt N.
    own : array (M, s)
        Coordinates of the teacher of the task.
    v : array (M,)
        Readouts of this teacher.
    h : array (K,)
        The head of the task.
    path : array (K,)
        Path integrals of the units.

    Returns
    -------
    array (K,)
    """
    kind = spec.training.consolidation.kind
    if kind == "quadratic":
        return np.ones_like(h)
    if kind == "path_integral":
        return path.copy()
    if kind == "node":
        return h**2
    A = S[:, shape.p : shape.p + own.shape[1]]
    Q, R, T = (np.einsum("ia,ka->ik", *pair) for pair in ((S, S), (A, own), (own, own)))
    return h**2 * mean_square_pulls(shape.student, shape.teacher, Q, R, T, h.copy(), v.copy())
