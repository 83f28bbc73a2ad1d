"""Networks of chains as columns: initial or resumed ones, and measurements."""

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.chain.axes import axes, teacher_axes
from teacherstudent.engines.start import State
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.chain import arrays, frames
from teacherstudent.kernels.compile.alignment import aligned, aligned_zeros
from teacherstudent.networks.activations import codes_of
from teacherstudent.networks.coordinates import coordinates_of_runs
from teacherstudent.networks.randomness import Purpose, counter_keys
from teacherstudent.networks.sampling import Networks
from teacherstudent.spec.model import Spec


class Columns(NamedTuple):
    """The networks of C chains."""

    shape: frames.Shape  # sizes and activations, the same for all columns
    teachers: frames.Teachers  # coordinates, overlaps and readouts of all teachers
    state: arrays.State  # coordinates and trained heads of the students
    h: np.ndarray  # (H, K, C) all heads of the students
    c: np.ndarray  # (K, r, C) coordinates of the anchors, / sqrt N; K = 0 without anchors


def keys_of(seed: int, runs: Sequence[int], purpose: Purpose) -> arrays.Keys:
    """Return the keys of the random numbers of chains for a purpose.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of the run of each chain.
    purpose : Purpose
        Purpose of the random numbers.

    Returns
    -------
    Keys
    """
    return arrays.Keys(*map(aligned, counter_keys(seed, runs, purpose).T))


def resumed(spec: Spec, states: Sequence[State]) -> Columns:
    """Return the networks of chains that resume from their states."""

    def columns(name: str) -> np.ndarray:
        return np.stack([state[name] for state in states], axis=-1)

    p, r, q = axes(spec)
    student, B = columns("student_coordinates"), aligned(columns("teacher_coordinates"))
    S = aligned_zeros((len(student), p + r + q, len(states)))
    S[:, : p + r] = student
    v = np.stack([state["teacher_readouts"] for state in states])
    c = columns("anchor_coordinates") if spec.has_anchors else S[:0, :r]
    return columns_of(spec, S, frames.Teachers(B, gram(B), v), columns("student_readouts"), c)


def columns_of(spec: Spec, S: np.ndarray, teachers: frames.Teachers, h: np.ndarray, c: np.ndarray) -> Columns:
    """Return networks as columns.

    Parameters
    ----------
    spec : Spec
        Spec of one of the chains.
    S : array (K, p + r + q, C)
        Coordinates of the students, / sqrt N.
    teachers : Teachers
        All teachers.
    h : array (H, K, C)
        All heads of the students.
    c : array (K, r, C)
        Coordinates of the anchors, / sqrt N; K = 0 without anchors.

    Returns
    -------
    Columns
    """
    C, (p, r, q) = S.shape[-1], axes(spec)
    state = arrays.State(S, aligned(h[0]), np.ones(C, dtype=np.int64), np.zeros(C, dtype=np.int64))
    batch = spec.training.batch_size
    shape = frames.Shape(spec.inputs.dimension, p, r, batch, *codes_of(spec), further=q // batch)
    return Columns(shape, teachers, state, h, aligned(c))


def drawn(specs: Sequence[Spec], seed: int, runs: Sequence[int]) -> Networks:
    """Draw the coordinates of the initial networks of all chains.

    Parameters
    ----------
    specs : sequence of Spec
        The spec of each chain.
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of the run of each chain.

    Returns
    -------
    Networks
        Each array has a leading axis of chains.
    """
    groups = list(same_items(map(id, specs)))
    found = [coordinates_of_runs(specs[own[0]], seed, [runs[c] for c in own]) for own in groups]
    if len(found) == 1:
        return found[0]
    order = np.argsort(np.concatenate(groups))
    return Networks(*(np.concatenate(parts)[order] for parts in zip(*found, strict=True)))


def same_items(items: Iterable[Hashable]) -> Iterable[list[int]]:
    """Return the indices of equal items, as one list for each different item."""
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(item, []).append(index)
    return groups.values()


def initial(spec: Spec, nets: Networks) -> Columns:
    """Return initial networks in the frames of student and teachers, from coordinates in any frames.

    The anchors, if there are any, are the initial weights. Each array of `nets` has a leading axis of chains.
    """
    (C, P, M, _), K, (p, r, q) = nets.V.shape, nets.W.shape[1], axes(spec)
    fixed = [nets.V.reshape(C, P * M, -1), *[nets.W] * spec.has_anchors]
    given = np.concatenate([*fixed, nets.W], axis=1) / np.sqrt(spec.inputs.dimension)
    rows = aligned_zeros((given.shape[1], p + r, C))
    rows[:, : given.shape[2]] = given.transpose(1, 2, 0)
    B, c, student = triangular(rows, P * M, K)
    S = aligned_zeros((K, p + r + q, C))
    S[:, :p], S[:, p : p + r] = student[:, r:], student[:, :r]
    B = aligned(B[:, : teacher_axes(spec)])
    teachers = frames.Teachers(B, gram(B), nets.v)
    return columns_of(spec, S, teachers, np.moveaxis(nets.h, 0, -1).copy(), c[:, :r])


def triangular(rows: np.ndarray, PM: int, K: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotate the axes of rows (F, n, C) until these are triangular; return teachers, anchors and students.

    Parameters
    ----------
    rows : array (F, n, C)
        Coordinates of P M teachers, of K anchors or none, and of K students; changed in place.
    PM, K : int
        Numbers of units of all teachers and of the student.

    Returns
    -------
    B, c, S : arrays (P M, n, C), (K or 0, n, C), (K, n, C)
        Parts of `rows`.
    """
    for part in in_pieces(min(rows.shape[:2]), rows.size):
        frames.triangularise(rows, part.start, part.stop)
    return rows[:PM], rows[PM:-K], rows[-K:]


def gram(B: np.ndarray) -> np.ndarray:
    """Return the overlaps of all teachers in each column, (C, P M, P M)."""
    T = np.empty((B.shape[-1], len(B), len(B)))
    for part in in_pieces(len(B), B.size):
        frames.fill_gram(T, B, part.start, part.stop)
    return T
