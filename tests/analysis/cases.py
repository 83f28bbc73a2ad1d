"""Equations of a setting, states in the layout of the slow twins, and differences of high order."""

import numpy as np
from scipy.integrate import solve_ivp

import naive
from naive import Overlaps
from teacherstudent.analysis.equations import equations
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.parse import parse_spec

# Central differences of order eight: weights of f(y + j s) - f(y - j s).
WEIGHTS = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}


def difference(f, step):
    """The derivative of f at 0."""
    return sum(weight * (f(j * step) - f(-j * step)) for j, weight in WEIGHTS.items()) / step


def spec_of(setting, overlaps, active=0, **blocks):
    document = setting.document(len(overlaps.R), active, initial_overlaps=overlaps.document(), **blocks)
    document["student"]["heads"] = "per_task" if len(overlaps.h) == len(overlaps.R) else "shared"
    return parse_spec(document)


def system_of(setting, overlaps, active=0):
    return equations(spec_of(setting, overlaps, active), flat(overlaps), active)


def flat(overlaps):
    """The order of the kernels: teacher units of all teachers in one row."""
    Q, R, T, h, v = overlaps
    return OrderParameters(
        Q, R.swapaxes(0, 1).reshape(len(Q), -1), T.swapaxes(1, 2).reshape(v.size, v.size), h, v
    )


def stored(state):
    """The other way round."""
    Q, R, T, h, v = state
    P, M = v.shape
    return Overlaps(Q, R.reshape(-1, P, M).swapaxes(0, 1), T.reshape(P, M, P, M).swapaxes(1, 2), h, v)


def coordinates(system, Q, R, h):
    """The coordinates of Q, R and h, or of their rates, in the layout of the slow twins."""
    R = R.swapaxes(0, 1).ravel()
    return np.concatenate([Q.ravel(), R, h.ravel()])[system.entries]


def error_of(state):
    """The generalisation error of erf units against the first teacher, by the slow twin."""
    Q, R, T, h, v = stored(state)
    return naive.generalisation_error("erf", "erf", Q, R[0], T[0, 0], h[0], v[0])


def followed(system, change, times, method):
    """Changes of the coordinates at some times, from a change of the start, by SciPy."""
    y = system.vector()
    path = solve_ivp(
        lambda t, x: system.rates(y + x @ system.directions),
        (0.0, times[-1]),
        change,
        method,
        times,
        rtol=1e-11,
        atol=1e-17,
    )
    return path.y.T
