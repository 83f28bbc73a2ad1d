"""Right-hand sides of `ode` with sums over nodes: labels that are signs, and units without closed forms."""

from collections.abc import Callable, Iterator

import numpy as np
from equations import derivatives
from scipy.special import erf, expit, ndtr
from timing import Line, faster, seconds, within

from teacherstudent import parse_spec
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.phases import phases
from teacherstudent.engines.start import BEGINNING
from teacherstudent.kernels.ode.equations import Constants
from teacherstudent.kernels.ode.field_sums import FieldSums

# Squared lengths of students, and their cosines with a teacher, from the start of a run to a long time.
STATES = ((0.1, 0.3), (1.0, 0.6), (4.0, 0.8), (9.0, 0.95))
# Loss and sizes; the longest times of the states for which there is a demand, in microseconds.
SIGNS = {
    ("logistic", 1, 1): (4.0, 2.0),
    ("logistic", 2, 1): (14.0, 7.0),
    ("logistic", 2, 2): (250.0, 126.0),
    ("hinge", 1, 1): (16.0, 8.0),
    ("hinge", 2, 2): (2000.0, 1200.0),
}
UNITS = (("tanh", 1, 1), ("tanh", 2, 1), ("tanh", 2, 2), ("sigmoid", 2, 2), ("quadratic", 2, 2))


def overlaps(K: int, M: int, length: float, cosine: float) -> dict[str, list]:
    """Students of a squared length along teachers of length 1, with independent rests."""
    R = np.zeros((K, M))
    for k in range(K):
        R[k, k % M] = cosine * np.sqrt(length)
    Q = R @ R.T + (1.0 - cosine**2) * length * np.eye(K)
    return {
        "student": Q.tolist(),
        "student_teacher": [R.tolist()],
        "teacher": [[np.eye(M).tolist()]],
        "student_readouts": [[0.6, -0.5][:K]],
        "teacher_readouts": [[1.0, 0.7][:M]],
    }


def state(kind: str, K: int, M: int, at: int) -> tuple[Constants, np.ndarray]:
    """Constants and state y of the equations for a loss on signs, or for units of an activation."""
    signs = kind in ("logistic", "hinge")
    activation = "erf" if signs else kind
    training = {"loss": kind} | ({"margin": 0.5} if kind == "hinge" else {}) if signs else {}
    of = parse_spec(
        {
            "inputs": {"dimension": 10**6},
            "teachers": {"count": 1, "hidden": M, "activation": activation}
            | ({"labels": "sign", "label_flips": 0.1} if signs else {}),
            "student": {"hidden": K, "activation": activation},
            "training": {"learning_rate": 0.5} | training,
            "duration": 1.0,
            "initial_overlaps": overlaps(K, M, *STATES[at]),
        }
    )
    run = ode.Integration(of, 0, 0, lambda fraction: None, BEGINNING)
    run.begin(phases(of)[0])
    return run.constants(phases(of)[0], run.stages(phases(of)[0])[0]), run.y


def nodes_of(constants: Constants) -> int:
    """Return the number of nodes, with those that fill the last block."""
    law = constants.law
    return law.w.size if isinstance(law, FieldSums) else law.count


def right_hand_side(kind: str, K: int, M: int, at: int) -> tuple[Callable[[int], object], int]:
    """Evaluations of the right-hand side in a state, and the number of nodes."""
    constants, y = state(kind, K, M, at)
    return lambda n: derivatives(constants, y, np.empty_like(y), n), nodes_of(constants)


def sums_in_numpy(constants: Constants) -> tuple[np.ndarray, ...]:
    """Return the sums of the logistic loss over the same nodes, at the fields of the last right-hand side."""
    grid, space, flip = constants.law.nodes, constants.law.space, constants.flip
    x = grid.points.swapaxes(0, 1).reshape(grid.points.shape[1], -1)
    w, b = grid.weights.ravel(), grid.b.ravel()
    fields = space.W @ x
    g, slope = erf(fields / np.sqrt(2.0)), np.sqrt(2.0 / np.pi) * np.exp(-0.5 * fields**2)
    t = space.rate @ x - b / space.rest[0]
    phi, positive = space.h @ g, flip + (1.0 - 2.0 * flip) * ndtr(t)
    below, above = -expit(-phi), expit(phi)
    first = w * (positive * below + (1.0 - positive) * above)
    second = w * (positive * below**2 + (1.0 - positive) * above**2)
    third = w * (1.0 - 2.0 * flip) * np.exp(-0.5 * t * t) / np.sqrt(2.0 * np.pi)
    return g @ first, (slope * first) @ x.T, slope @ third, (slope * second) @ slope.T


def logistic_sums(K: int, M: int, at: int) -> Callable[[int], object]:
    """The same work in numpy."""
    constants, y = state("logistic", K, M, at)
    derivatives(constants, y, np.empty_like(y), 1)
    return lambda n: [sums_in_numpy(constants) for _ in range(n)]


def lines() -> Iterator[Line]:
    """Measure all of it: each line is the longest time of the states."""
    for (loss, K, M), (must, aim) in SIGNS.items():
        times = [_time(loss, K, M, at) for at in range(len(STATES))]
        what = f"ode, right-hand side, {loss} loss on signs, K = {K}, M = {M}, states {_list(times)}"
        yield within(what, times[-1], "us", must, aim)
    for activation, K, M in UNITS:
        times = [_time(activation, K, M, at) for at in range(len(STATES) - (K + M > 3))]
        what = f"ode, right-hand side, {activation} units, K = {K}, M = {M}, states {_list(times)}"
        yield within(what, times[-1], "us", None, None)
    call, _ = right_hand_side("logistic", 2, 2, 1)
    ours, plain = seconds((call, 500), (logistic_sums(2, 2, 1), 20))
    yield faster("ode, sums of the logistic loss, K = M = 2, against numpy", ours, plain, 5.0, 10.0)


def _time(kind: str, K: int, M: int, at: int) -> float:
    """Return the seconds of a right-hand side."""
    call, nodes = right_hand_side(kind, K, M, at)
    return seconds((call, max(3, 1_000_000 // nodes)))[0]


def _list(times: list[float]) -> str:
    """Return times in microseconds as a text."""
    return ", ".join(f"{1e6 * time:.3g}" for time in times)
