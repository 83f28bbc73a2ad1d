"""Comparison of generalisation errors with the thresholds at which phases end."""

import numpy as np

from teacherstudent.kernels.chain.frames import overlaps
from teacherstudent.kernels.compile.flags import entry
from teacherstudent.kernels.maths.generalisation import generalisation_error


@entry
def below_threshold(shape, teachers, state, constants):
    """Compare the generalisation errors of all chains with their thresholds.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    teachers : Teachers
        All teachers.
    state : State
        The students.
    constants : ChainConstants
        Constants of the phases, with the thresholds.

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
            overlaps(shape, state.S, teachers.B, c, Q, R)
            T, h = teachers.T[c, own, own], np.ascontiguousarray(state.h[:, c])
            error = generalisation_error(shape.student, shape.teacher, Q, R[:, own], T, h, teachers.v[c, p])
            found[c] = error < constants.threshold[c]
    return found
