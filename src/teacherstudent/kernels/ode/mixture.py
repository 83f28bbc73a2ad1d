"""Covariances and motion of the order parameters with interventions, for independent Gaussian inputs.

In a step one of several tasks is trained, with its own labels, head, rates and noises; the derivative is the
sum over tasks a of the derivatives `isotropic` describes, times the probabilities p_a. To this are added
pulls to anchors, and the motion of the columns of R (`columns`):

    dR_ib -= alpha_i (R_ib - T_i*b),   dQ_ik -= alpha_i (Q_ik - R_ki*) + alpha_k (Q_ik - R_ik*),
    dR_ib += sum_c A_bc R_ic,          dT_bc += sum_d (A_bd T_dc + A_cd T_bd) for b != c,

with alpha_i the strength of the pull of unit i to its anchor i*, and A_bc the rate at which column b gains
column c: -delta for the random drift of a teacher (b = c), and the angular velocity for a rotation.

The student of a task sees g x + sqrt(1 - g^2) xi with its own noise of variance s^2 in addition, and the
label is that of x: the covariances of the fields of students, of student and teacher, and of teachers are
(1 + s^2) Q, g R and T. The change of a weight is along what the student sees, whose projection on a column b
has the covariances (1 + s^2) R_kb with fields of the student and g T_mb with fields of the teacher.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.ode.columns import Columns
from teacherstudent.kernels.ode.forms import form
from teacherstudent.kernels.ode.isotropic import fill_drift, parts, views_of_values
from teacherstudent.kernels.ode.state import unpack

# Columns of `Mixture.numbers`.
PROBABILITY, ETA, ETA_H, POWER, OUTPUT_VARIANCE, FLIP = 0, 1, 2, 3, 4, 5


class TaskOfStep(NamedTuple):
    """One of the tasks of a stage; rates are those of `models.Rates`."""

    probability: float  # of the task in a step
    first: int  # column of the first unit of the teacher that gives the labels
    v: np.ndarray  # (M,) readouts of this teacher
    head: int  # row of h that is trained
    eta: float  # learning rate of the first layer
    eta_h: float  # learning rate of the readouts
    power: float  # variance 1 + s^2 of the inputs of the student
    fidelity: float  # correlation g of the inputs of student and teacher, without the noise
    output_variance: float  # of the noise on the output of the teacher
    flip: float  # probability that a label, a sign, is turned
    moving: np.ndarray  # (K,) 1, or 0 for a frozen unit


@form(
    numbers=("factor", "fixed", "numbers", "moving", "pull", "T", "turns", "decay", "decay_h"),
    work=("drift", "values"),
    views=views_of_values,
)
class Mixture(NamedTuple):
    """The model of a stage with A tasks, with work space.

    Covariances are values = fixed + factor * y[source] as in `isotropic.Isotropic`, with one row for each
    task and one for the main task without noise.
    """

    c: np.ndarray  # (D,) signed readouts (h, -v)
    C: np.ndarray  # (D, D) covariance of the error units
    B: np.ndarray  # (D, K + n) covariance of the error units with the inputs along all weights
    drift: np.ndarray  # (K, K + n) < d g'(x_i) z > for the same projections z
    source: np.ndarray  # (A + 1, size) unsigned
    factor: np.ndarray  # (A + 1, size)
    fixed: np.ndarray  # (A + 1, size)
    values: np.ndarray  # (size,)
    numbers: np.ndarray  # (A, 6) of each task: PROBABILITY to FLIP
    moving: np.ndarray  # (A, K)
    head: np.ndarray  # (A,) unsigned: index in y of the first readout of the head
    R: np.ndarray  # (K, n) unsigned: indices in y of the overlaps with all columns
    pull: np.ndarray  # (K,) alpha; empty where nothing is pulled
    T: np.ndarray  # (n, n) overlaps of the columns, where they are constant
    turned: np.ndarray  # (m, 2) unsigned: pairs of columns (b, c) of which b gains c
    turns: np.ndarray  # (m,) rates of these pairs
    at_T: int  # indices in y as in `columns.Columns`
    at_S: int
    anchor: int  # column of the first anchor
    decay: float  # weight decay of the first layer
    decay_h: float  # weight decay of the head of the trained task
    batch: int  # samples of a step


def mixture(
    columns: Columns,
    T: np.ndarray,
    tasks: list[TaskOfStep],
    main: TaskOfStep,
    pull: np.ndarray,
    turns: list[tuple[int, int, float]],
    decay: tuple[float, float],
    batch: int,
) -> Mixture:
    """Describe a stage with interventions.

    Parameters
    ----------
    columns : Columns
        Layout of the state.
    T : (n, n) array
        Overlaps of all columns; used where they are not part of the state.
    tasks : list of TaskOfStep
        The A tasks, with the sum 1 of their probabilities.
    main : TaskOfStep
        The main task, to whose error without noise a threshold refers.
    pull : (K,) or (0,) array
        Rates alpha >= 0 at which units are pulled to their anchors; empty where nothing is pulled.
    turns : list of (int, int, float)
        Columns b and c and the rate A_bc at which b gains c, for those that are not zero.
    decay : tuple of float
        Weight decay of the first layer, and of the head of the trained task.
    batch : int
        Samples of a step, all of one task.

    Returns
    -------
    Mixture
    """
    rows = [_row(columns, T, task, task.power, task.fidelity) for task in tasks]
    rows.append(_row(columns, T, main, 1.0, 1.0))
    fixed, source, factor = (np.stack(each) for each in zip(*rows, strict=True))
    K, M, n = columns.layout.K, len(main.v), columns.count
    values = np.zeros(fixed.shape[1])
    _, _, h = unpack(np.arange(columns.layout.size), columns.layout)
    numbers = [[t.probability, t.eta, t.eta_h, t.power, t.output_variance, t.flip] for t in tasks]
    return Mixture(
        *parts(values, K, M, n),
        drift=np.zeros((K, K + n)),
        source=source.astype(np.uint64),
        factor=factor,
        fixed=fixed,
        values=values,
        numbers=np.array(numbers, dtype=float),
        moving=np.array([task.moving for task in tasks]),
        head=np.array([h[task.head, 0] for task in tasks], dtype=np.uint64),
        R=columns.index_of_R().astype(np.uint64),
        pull=pull,
        T=np.ascontiguousarray(T) if columns.T < 0 else np.zeros((0, 0)),
        turned=np.array([pair[:2] for pair in turns], dtype=np.uint64).reshape(-1, 2),
        turns=np.array([pair[2] for pair in turns], dtype=float),
        at_T=columns.T,
        at_S=columns.S,
        anchor=columns.first_anchor,
        decay=decay[0],
        decay_h=decay[1],
        batch=batch,
    )


def _row(columns: Columns, T: np.ndarray, task: TaskOfStep, power: float, fidelity: float) -> tuple:
    """Return fixed, source and factor of the covariances of one task."""
    K, M, n, own = columns.layout.K, len(task.v), columns.count, slice(task.first, task.first + len(task.v))
    Q, _, h = unpack(np.arange(columns.layout.size), columns.layout)
    R = columns.index_of_R()
    fixed, source, factor = np.zeros((3, (K + M) * (1 + K + M + K + n)))
    c, C, B = parts(source, K, M, n)
    c[:K], C[:K, :K], B[:K, :K], B[:K, K:] = h[task.head], Q, Q, R
    C[:K, K:], C[K:, :K], B[K:, :K] = R[:, own], R[:, own].T, R[:, own].T
    c, C, B = parts(factor, K, M, n)
    c[:K], C[:K, :K], B[:K] = 1.0, power, power
    C[:K, K:], C[K:, :K], B[K:, :K] = fidelity, fidelity, fidelity
    if columns.T < 0:
        c, C, B = parts(fixed, K, M, n)
        C[K:, K:], B[K:, K:] = T[own, own], fidelity * T[own]
    else:
        c, C, B = parts(source, K, M, n)
        C[K:, K:], B[K:, K:] = columns.index_of_T()[own, own], columns.index_of_T()[own]
        c, C, B = parts(factor, K, M, n)
        C[K:, K:], B[K:, K:] = 1.0, fidelity
    c, _, _ = parts(fixed, K, M, n)
    c[K:] = -task.v
    return fixed, source, factor


@inlined
def fill_covariances(model, y, row):
    """Fill c, C and B of a task from the state.

    Parameters
    ----------
    model : Mixture
        The model, changed in place.
    y : (n,) array
        State, in the layout of `columns`.
    row : int
        The task, from 0 to A - 1; A for the main task without noise.
    """
    fixed, factor, source = model.fixed[row], model.factor[row], model.source[row]
    for e in range(len(model.values)):
        model.values[e] = fma(factor[e], y[source[e]], fixed[e])


@inlined
def add_motion(model, y, means, a, dy):
    """Add the derivative of the state in steps on a task, times the probability of the task.

    Parameters
    ----------
    model : Mixture
        The model, whose c, C and B are those of the task.
    y : (n,) array
        State.
    means : Means
        Means over the fields of the task.
    a : int
        The task, from 0 to A - 1.
    dy : (n,) array
        Changed in place.
    """
    numbers, moving = model.numbers[a], model.moving[a]
    p, eta, eta_h = numbers[PROBABILITY], numbers[ETA], numbers[ETA_H]
    noise = numbers[POWER] / model.batch
    fill_drift(means.weights, model.B, model.drift)
    _add_features(y, model, means.power, moving, p, eta, noise, dy)
    if model.at_S >= 0:
        _add_paths(model.c, means.power, moving, p * noise * eta, dy, model.at_S)
    _add_readouts(y, means.output, model.head[a], p, eta_h, model.decay_h, dy)


@inlined
def _add_features(y, model, power, moving, p, eta, noise, dy):
    """Add the derivatives of Q and R in steps on a task of probability p."""
    R, h, drift, decay = model.R, model.c, model.drift, model.decay
    K, n = R.shape
    for i in range(K):
        eta_i, decay_i = eta * moving[i] * h[i], decay * moving[i]
        for b in range(n):
            ib = R[i, b]
            dy[ib] = fma(p, fma(-eta_i, drift[i, K + b], -decay_i * y[ib]), dy[ib])
        for k in range(i, K):
            eta_k, decay_k = eta * moving[k] * h[k], decay * moving[k]
            gradient = fma(eta_i, drift[i, k], eta_k * drift[k, i])
            ik, ki = K * i + k, K * k + i
            change = fma(noise * eta_i * eta_k, power[i, k], fma(-(decay_i + decay_k), y[ik], -gradient))
            dy[ik] = fma(p, change, dy[ik])
            dy[ki] = dy[ik]


@inlined
def _add_paths(h, power, moving, rate, dy, first):
    """Add the derivatives of the path integrals."""
    for i in range(len(moving)):
        dy[first + i] = fma(rate * moving[i] * h[i] * h[i], power[i, i], dy[first + i])


@inlined
def _add_readouts(y, output, first, p, eta_h, decay, dy):
    """Add the derivatives of the head of a task."""
    for i in range(len(output)):
        e = first + np.uint64(i)
        dy[e] = fma(p, fma(-eta_h, output[i], -decay * y[e]), dy[e])


@inlined
def add_pulls(model, y, dy):
    """Add the pulls of student units to their anchors.

    Parameters
    ----------
    model : Mixture
        With the rates `pull`, one for each unit or none.
    y : (n,) array
        State.
    dy : (n,) array
        Changed in place.
    """
    K, n = model.R.shape
    for i in range(len(model.pull)):
        alpha, own = model.pull[i], model.anchor + i
        for b in range(n):
            ib = model.R[i, b]
            target = y[model.at_T + n * own + b] if model.at_T >= 0 else model.T[own, b]
            dy[ib] = fma(-alpha, y[ib] - target, dy[ib])
        for k in range(K):
            change = alpha * (y[K * i + k] - y[model.R[k, own]])
            dy[K * i + k] -= change
            dy[K * k + i] -= change


@inlined
def add_turns(model, y, dy):
    """Add the motion of columns; their lengths are constant.

    Parameters
    ----------
    model : Mixture
        With the pairs of columns and their rates.
    y : (n,) array
        State; where teachers move it has the overlaps of the columns.
    dy : (n,) array
        Changed in place.
    """
    K, n = model.R.shape
    for m in range(len(model.turns)):
        b, c, rate = np.int64(model.turned[m, 0]), np.int64(model.turned[m, 1]), model.turns[m]
        for i in range(K):
            dy[model.R[i, b]] = fma(rate, y[model.R[i, c]], dy[model.R[i, b]])
        for d in range(n):
            if d != b:
                row, column = model.at_T + n * b + d, model.at_T + n * d + b
                dy[row] = fma(rate, y[model.at_T + n * c + d], dy[row])
                dy[column] = fma(rate, y[model.at_T + n * d + c], dy[column])
