"""Groups of inputs with equal variances, and the order parameters of chains with such inputs."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.maths.special import fma


class Groups(NamedTuple):
    """G groups of inputs, the same for all chains; the first six arrays are of int64."""

    n: np.ndarray  # (G,) number of directions
    p: np.ndarray  # (G,) axes of G: K, or 0 where the frame of the group has all its axes
    r: np.ndarray  # (G,) axes of A
    first: np.ndarray  # (G,) first axis of G
    own: np.ndarray  # (G,) first axis of A, counted from the first axis of all
    last: (
        np.ndarray
    )  # (G,) number of the group among those with further axes, counted from the last: 1, 2, ...
    seen: np.ndarray  # (G, C) factor of the coordinates that teachers see, in the inputs of the student
    rest: np.ndarray  # (G,) variance of what teachers do not see
    noise: np.ndarray  # (G, C) sqrt(rest + input_noise^2)
    length: np.ndarray  # (G, C) sqrt(seen^2 + rest + input_noise^2)
    variance: np.ndarray  # (p + r,) variance of the inputs along each axis of G and A
    fields: np.ndarray  # (r,) covariance of the inputs and of what teachers see, along each axis of A


@entry
def measure(shape, groups, B, S, Q, R, W, first, last):
    """Compute covariances of fields and overlaps of weights of some columns.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all columns.
    groups : Groups
        The groups of inputs.
    B : array (P M, r, C)
        Coordinates of what the teachers see.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N.
    Q, R : arrays (C, K, K), (C, K, P M)
        Receive the covariances of student fields, and of student and teacher fields.
    W : array (C, K, K)
        Receives the overlaps w_i w_k / N of the weights of student units.
    first, last : int
        The columns first, ..., last - 1 of this piece.
    """
    for c in range(first, last):
        overlaps(shape, groups, S, B, c, Q[c], R[c])
        for i in range(len(S)):
            for k in range(len(S)):
                W[c, i, k] = 0.0
                for a in range(len(groups.variance)):
                    W[c, i, k] = fma(S[i, a, c], S[k, a, c], W[c, i, k])


@by_column
def overlaps(shape, groups, S, B, c, Q, R):
    """Compute the covariances of student fields, and of student and teacher fields, of one column.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all columns.
    groups : Groups
        The groups of inputs.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N; the first p + r axes are used.
    B : array (P M, r, C)
        Coordinates of what the teachers see.
    c : int
        The column.
    Q : array (K, K)
        Receives the covariances of student fields.
    R : array (K, P M)
        Receives the covariances of student fields with the fields of all teachers.
    """
    for i in range(len(S)):
        for k in range(i + 1):
            total = 0.0
            for a in range(len(groups.variance)):
                total = fma(groups.variance[a] * S[i, a, c], S[k, a, c], total)
            Q[i, k] = total
            Q[k, i] = total
        for m in range(len(B)):
            total = 0.0
            for a in range(len(groups.fields)):
                total = fma(groups.fields[a] * B[m, a, c], S[i, shape.p + a, c], total)
            R[i, m] = total


@entry
def below_threshold(shape, groups, teachers, state, constants):
    """Compare the generalisation errors of all chains with their thresholds.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    groups : Groups
        The groups of inputs.
    teachers : Teachers
        All teachers.
    state : State
        The students.
    constants : ChainConstants
        Constants of the task, with the thresholds.

    Returns
    -------
    array (C,) of bool
        True where the error against the active teacher is below the threshold; False for chains without a
        threshold and for chains that have stopped.
    """
    K, PM, M = len(state.h), len(teachers.B), len(constants.v)
    Q, R, found = np.empty((K, K)), np.empty((K, PM)), np.zeros(len(state.finite), np.bool_)
    for c in range(len(found)):
        if constants.threshold[c] > 0.0 and state.finite[c]:
            p = constants.active[c]
            own = slice(p * M, (p + 1) * M)
            overlaps(shape, groups, state.S, teachers.B, c, Q, R)
            T, h = teachers.T[c, own, own], np.ascontiguousarray(state.h[:, c])
            error = generalisation_error(shape.student, shape.teacher, Q, R[:, own], T, h, teachers.v[c, p])
            found[c] = error < constants.threshold[c]
    return found
