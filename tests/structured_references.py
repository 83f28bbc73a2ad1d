"""Reference trajectories of structured inputs (`tests/data/structured`), and integration of groups."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.ode.structured_estimates import width_of_records
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.ode.equations import constants_of, integrate_phase
from teacherstudent.kernels.ode.groups import (
    ModeGroups,
    groups_of,
    pack_groups,
)
from teacherstudent.kernels.ode.integrator import empty_restart_point
from teacherstudent.kernels.ode.models import Rates
from teacherstudent.kernels.ode.stages import TABLEAU, buffers_for
from teacherstudent.kernels.ode.units import units

FOLDER = Path(__file__).parent / "data" / "structured"
BOTH = {"eta": 0.2, "eta_h": 0.2}
FIRST = {"eta": 0.2, "eta_h": 0.0}
# The rates of each case; a task has the first of the noises where one is given for both.
CASES = {
    "deep_sign_L2_N600_D120": BOTH,
    "gaussian_power0.4_N800": {"eta": 0.3, "eta_h": 0.3, "label_noise": (0.1, 0.0), "switches": (40.0,)},
    "hmm_erf_N1000_D250": BOTH,
    "hmm_sign_N2000_D100": FIRST,
    "hmm_sign_inputs_N1000_D200": FIRST,
    "limit_erf_delta0.1": {
        "eta": 0.3,
        "eta_h": 0.2,
        "decay": 0.005,
        "decay_h": 0.002,
        "batch": 2,
        "label_noise": (0.2,),
        "input_noise": (0.3,),
    },
    "limit_sign_delta0.25": FIRST,
    "tasks_same_sign_N1000_D200": BOTH | {"switches": (50.0,)},
    "tasks_subspaces0.6_sign_N1000_D200": BOTH | {"switches": (50.0,)},
}


class Start(NamedTuple):
    """Groups of modes and the state in them."""

    modes: ModeGroups
    q: np.ndarray
    r: np.ndarray
    h: np.ndarray
    v: np.ndarray


class Found(NamedTuple):
    """Records: Q of each task, R of each task, W, readouts and errors."""

    Q: np.ndarray  # (n, P, K, K)
    R: np.ndarray  # (n, P, K, M)
    W: np.ndarray  # (n, K, K)
    readouts: np.ndarray  # (n, H, K)
    eps: np.ndarray  # (n, P)


def load(case):
    """Return the arrays of a case by name."""
    with np.load(FOLDER / f"{case}.npz") as data:
        return dict(data)


def start_of(data):
    """Return the start of a case, whose directions of their own are stored as vectors."""
    K, F, G = data["h"].shape[1], data["v"].size, data["nu"].size
    together = np.zeros((K + F, K + F, G))
    single = data["single"]
    together[:, :, single] = data["x"][:, None] * data["x"][None]
    together[:, :, np.setdiff1d(np.arange(G), single)] = data["others"]
    P, M = data["v"].shape
    T = np.zeros((F, F))
    for p in range(P):
        T[p * M : (p + 1) * M, p * M : (p + 1) * M] = data["T"][p]
    modes = ModeGroups(data["omega"], data["nu"], np.ascontiguousarray(together[K:, K:]), T)
    return Start(modes, together[:K, :K], together[:K, K:], data["h"], data["v"])


def constants(start, task, *, codes=("erf", "erf"), threshold=0.0, **settings):
    """Return the constants of the equations while one task is trained."""
    K, head = start.h.shape[1], task if len(start.h) > 1 else 0
    noise, label_noise = (
        settings.get(key, (0.0,))[-1 if task else 0] for key in ("input_noise", "label_noise")
    )
    model = groups_of(start.modes, K, start.v[task], task, head, noise**2)
    rates = Rates(
        moving=np.asarray(settings.get("moving", np.ones(K))),
        eta=settings["eta"],
        eta_h=settings["eta_h"],
        decay=settings.get("decay", 0.0),
        decay_h=settings.get("decay_h", 0.0),
        batch=settings.get("batch", 1),
        head=head,
    )
    law = units(*(CODES[code] for code in codes), K, len(model.c))
    return constants_of(law, label_noise**2, 0.0, threshold, rates, model)


def integrated(start, times, rtol=1e-10, switches=(), **settings):
    """Integrate the tasks one after the other, and return the records at some times."""
    y, G = pack_groups(start.q, start.r, start.h), start.modes.nu.size
    rows, done = np.empty((len(times), width(start))), 0
    ends = [0.0, *switches, times[-1]]
    for task, (begin, end) in enumerate(zip(ends, ends[1:], strict=False)):
        equations = constants(start, task, **settings)
        tolerances, restart = (rtol, 1e-3 * rtol / G), empty_restart_point(len(y))
        after = times[done:], rows[done:], TABLEAU, *tolerances, restart, 10**7, buffers_for(len(y))
        done += integrate_phase(equations, y, begin, end, *after)[2]
    assert done == len(times)
    return records(start, rows, settings.get("codes", ("erf", "erf")))


def recorded(start, y, **settings):
    """Return the record of a state."""
    row, restart = np.zeros((1, width(start))), empty_restart_point(len(y))
    after = np.zeros(1), row, TABLEAU, 1e-8, 1e-8, restart, 10, buffers_for(len(y))
    integrate_phase(constants(start, 0, **settings), y, 0.0, 0.0, *after)
    return records(start, row)


def width(start):
    """Return the length of a record."""
    return width_of_records(start.h.shape[1], start.v.size, len(start.h), len(start.modes.omega))


def records(start, rows, codes=("erf", "erf")):
    """Return the quantities of records; errors are computed one by one."""
    (P, M), (H, K), L, n = start.v.shape, start.h.shape, len(start.modes.omega), len(rows)
    ends = np.cumsum([K * K, K * P * M, H * K, L * K * K])
    first, R, h, Q, W = np.split(rows, ends, axis=1)
    Q = Q.reshape(n, L, K, K)
    np.testing.assert_array_equal(first.reshape(n, K, K), Q[:, 0])
    Q = np.repeat(Q, P, axis=1) if L < P else Q
    R = R.reshape(n, K, P, M).swapaxes(1, 2)
    h, codes = h.reshape(n, H, K), [CODES[code] for code in codes]
    eps = [
        [
            generalisation_error(
                *codes,
                *map(np.ascontiguousarray, (Q[row, p], R[row, p])),
                np.ascontiguousarray(start.modes.T[p * M : (p + 1) * M, p * M : (p + 1) * M]),
                h[row, p if H > 1 else 0],
                start.v[p],
            )
            for p in range(P)
        ]
        for row in range(n)
    ]
    return Found(Q, R, W.reshape(n, K, K), h, np.array(eps))
