"""Networks of chains as columns: initial or resumed ones, measurements, and the constants of phases."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import rates_of
from teacherstudent.engines.start import State
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.chain import arrays, frames
from teacherstudent.kernels.compile.alignment import aligned, aligned_zeros
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.networks.sampling import Networks
from teacherstudent.spec.model import Spec


class Columns(NamedTuple):
    """The networks of C chains."""

    shape: frames.Shape  # sizes and activations, the same for all columns
    teachers: frames.Teachers  # coordinates, overlaps and readouts of all teachers
    state: arrays.State  # coordinates and trained heads of the students
    h: np.ndarray  # (H, K, C) all heads of the students


def axes(spec: Spec) -> tuple[int, int, int]:
    """Return the numbers of axes p, r and q of the frame (`frames.axes`)."""
    teachers, K = spec.teachers, spec.student.hidden
    return frames.axes(spec.inputs.dimension, K, teachers.count * teachers.hidden, spec.training.batch_size)


def resumed(spec: Spec, states: Sequence[State]) -> Columns:
    """Return the networks of chains that resume from their states."""

    def columns(name: str) -> np.ndarray:
        return np.stack([state[name] for state in states], axis=-1)

    p, r, q = axes(spec)
    student, B = columns("student_coordinates"), aligned(columns("teacher_coordinates"))
    S = aligned_zeros((len(student), p + r + q, len(states)))
    S[:, : p + r] = student
    v = np.stack([state["teacher_readouts"] for state in states])
    teachers = frames.Teachers(B, _gram(B), v)
    return _columns_of(spec, S, teachers, columns("student_readouts"))


def _columns_of(spec: Spec, S: np.ndarray, teachers: frames.Teachers, h: np.ndarray) -> Columns:
    """Return networks with the coordinates S (K, p + r + q, C) and heads h (H, K, C) of the students."""
    C, (p, r, _) = S.shape[-1], axes(spec)
    state = arrays.State(S, aligned(h[0]), np.ones(C, dtype=np.int64), np.zeros(C, dtype=np.int64))
    codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
    shape = frames.Shape(spec.inputs.dimension, p, r, spec.training.batch_size, *codes)
    return Columns(shape, teachers, state, h)


def initial(spec: Spec, drawn: list[Networks]) -> Columns:
    """Return initial networks in the frames of student and teachers, from coordinates in any frames."""
    nets = Networks(*(np.stack(part) for part in zip(*drawn, strict=True)))
    (C, P, M, _), K, (p, r, q) = nets.V.shape, nets.W.shape[1], axes(spec)
    PM = P * M
    rows = np.concatenate([nets.V.reshape(C, PM, -1), nets.W], axis=1) / np.sqrt(spec.inputs.dimension)
    rows = np.pad(rows, [(0, 0), (0, 0), (0, p + r - rows.shape[2])])
    rows = aligned(np.moveaxis(rows, 0, -1))
    for part in in_pieces(min(rows.shape[:2]), rows.size):
        frames.triangularise(rows, part.start, part.stop)
    S = aligned_zeros((K, p + r + q, C))
    S[:, :p], S[:, p : p + r] = rows[PM:, r:], rows[PM:, :r]
    teachers = frames.Teachers(aligned(rows[:PM, :r]), _gram(rows[:PM, :r].copy()), nets.v)
    return _columns_of(spec, S, teachers, np.moveaxis(nets.h, 0, -1).copy())


def _gram(B: np.ndarray) -> np.ndarray:
    """Return the overlaps of all teachers in each column, (C, P M, P M)."""
    T = np.empty((B.shape[-1], len(B), len(B)))
    for part in in_pieces(len(B), B.size):
        frames.fill_gram(T, B, part.start, part.stop)
    return T


def measured(
    shape: frames.Shape, teachers: frames.Teachers, S: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure order parameters and errors of all columns.

    Parameters
    ----------
    shape : Shape
        Sizes and activations.
    teachers : Teachers
        All teachers.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N.
    h : array (H, K, C)
        All heads of the students.

    Returns
    -------
    Q, R, errors : arrays (C, K, K), (C, K, P M), (C, P)
    """
    (K, n, C), PM = S.shape, len(teachers.B)
    found = np.empty((C, K, K)), np.empty((C, K, PM)), np.empty(teachers.v.shape[:2])
    for part in in_pieces(C, K * (K + PM) * n):
        frames.measure(shape, teachers, S, h, *found, part.start, part.stop)
    return found


def new_constants(shape: frames.Shape, K: int, M: int, C: int) -> arrays.ChainConstants:
    """Return memory for the constants of the phases of all chains.

    Parameters
    ----------
    shape : Shape
        Sizes and activations.
    K, M : int
        Numbers of units of the student and of a teacher.
    C : int
        Number of chains.

    Returns
    -------
    ChainConstants
        All numbers are 0.
    """
    shapes = {"B": (M, shape.r, C), "v": (M, C), "keep": (K, C), "rate": (K, C)}
    names = [name for name in arrays.ChainConstants._fields if name != "active"]
    constants = {name: aligned_zeros(shapes.get(name, (C,))) for name in names}
    return arrays.ChainConstants(active=np.zeros(C, dtype=np.int64), **constants)


def set_constants(
    constants: arrays.ChainConstants, c: int, spec: Spec, phase: Phase, teachers: frames.Teachers
) -> None:
    """Set the constants of one chain for a phase.

    Parameters
    ----------
    constants : ChainConstants
        The constants of all chains, changed in place.
    c : int
        Number of the chain, counted from 0.
    spec : Spec
        Spec of its run.
    phase : Phase
        The phase that it starts or resumes.
    teachers : Teachers
        All teachers.
    """
    rates, p, M, N = rates_of(spec, phase), phase.teacher, spec.teachers.hidden, spec.inputs.dimension
    constants.active[c] = p
    constants.B[:, :, c] = teachers.B[p * M : (p + 1) * M, :, c]
    constants.v[:, c] = teachers.v[c, p]
    constants.keep[:, c] = 1.0 - rates.weight_decay / N * rates.moving
    constants.rate[:, c] = rates.learning_rate / (N * rates.batch_size) * rates.moving
    constants.keep_h[c] = 1.0 - rates.readout_decay / N
    constants.rate_h[c] = rates.readout_rate / (N * rates.batch_size)
    constants.output_noise[c] = rates.output_noise
    constants.input_noise[c] = rates.input_noise
    constants.input_length[c] = np.sqrt(1.0 + rates.input_noise**2)
    constants.threshold[c] = phase.threshold
