"""The columns of R in a run: teachers, companions of a teacher that turns, and anchors."""

import math

import numpy as np

from teacherstudent.engines.rates import Stage
from teacherstudent.errors import RunError
from teacherstudent.kernels.ode.columns import Columns, columns_of, combined
from teacherstudent.kernels.ode.state import pack, unpack
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec

# Relative precision with which directions and angles of units must agree.
PRECISION = 1e-6


def columns_for(spec: Spec) -> Columns:
    """Return the layout of the state of runs of a spec."""
    teachers, block, K = spec.teachers, spec.training.consolidation, spec.student.hidden
    return columns_of(
        K,
        teachers.count * teachers.hidden,
        spec.heads,
        companions=0 if teachers.rotation is None else teachers.hidden,
        anchors=K * spec.has_anchors,
        moving=spec.has_moving_teachers,
        paths=block is not None and block.kind == "path_integral",
    )


def turns_of(spec: Spec, stage: Stage) -> list[tuple[int, int, float]]:
    """Return pairs of columns (b, c) in a stage, and the rate at which b gains c."""
    M, turns = spec.teachers.hidden, []
    for teacher, delta in enumerate(stage.drift):
        turns += [(b, b, -delta) for b in _units(spec, teacher) if delta != 0.0]
    if stage.rotation != 0.0:
        first = spec.teachers.count * M
        for m, b in enumerate(_units(spec, spec.teachers.rotation.teacher)):
            turns += [(b, first + m, stage.rotation), (first + m, b, -stage.rotation)]
    return turns


def start_of_columns(spec: Spec, columns: Columns, start: OrderParameters) -> tuple[np.ndarray, np.ndarray]:
    """Return the state and the overlaps of all columns at the start of a run.

    Companions lie in the plane of a unit that turns and the one it turns to, at a right angle to the former
    and with its length. Anchors are the student units.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    columns : Columns
        Layout of the state.
    start : OrderParameters
        Order parameters at the start.

    Returns
    -------
    y : (size,) array
        State.
    T : (n, n) array
        Overlaps of all columns.

    Raises
    ------
    RunError
        If a unit that turns and the one it turns to are parallel.
    """
    F, K = columns.layout.F, columns.layout.K
    if columns.size == columns.layout.size:
        return pack(start.Q, start.R, start.h), start.T
    weights = np.zeros((columns.count, F + K))
    weights[:F, :F] = np.eye(F)
    if columns.companions:
        weights[F : columns.first_anchor, :F] = _companions(spec, start.T)
    if columns.anchors:
        weights[columns.first_anchor :, F:] = np.eye(K)
    R, T = combined(weights, start.Q, start.R, start.T)
    y = np.zeros(columns.size)
    y[: columns.layout.size] = pack(start.Q, start.R, start.h)
    _write(y, columns, R, T, F)
    return y, T


def moved_anchors(
    columns: Columns, y: np.ndarray, T: np.ndarray, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Move the anchors towards the student units, at a switch.

    Parameters
    ----------
    columns : Columns
        Layout of the state.
    y : (size,) array
        State.
    T : (n, n) array
        Overlaps of all columns.
    shares : (K,) array
        Share of the student unit in each new anchor, from 0 to 1; the rest is that of the old one.

    Returns
    -------
    y : (size,) array
        New state.
    T : (n, n) array
        Overlaps of all columns.
    """
    n, first = columns.count, columns.first_anchor
    weights = np.eye(n, n + columns.layout.K)
    anchors = np.arange(columns.anchors)
    weights[first + anchors, first + anchors] = 1.0 - shares
    weights[first + anchors, n + anchors] = shares
    Q, _, _ = unpack(y[: columns.layout.size], columns.layout)
    new = y.copy()
    R, T = combined(weights, Q, y[columns.index_of_R()], T)
    _write(new, columns, R, T, first)
    return new, T


def overlaps_of_columns(columns: Columns, y: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the overlaps of all columns at a time.

    Parameters
    ----------
    columns : Columns
        Layout of the state.
    y : (size,) array
        State, which has the overlaps of the columns where teachers move.
    T : (n, n) array
        Overlaps of all columns, where they are constant.

    Returns
    -------
    (n, n) array
    """
    return y[columns.index_of_T()] if columns.T >= 0 else T


def angle_of_rotation(spec: Spec, T: np.ndarray, columns: Columns, time: float) -> float:
    """Return the angle by which a teacher turns in a rotation that ends at the other teacher.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    T : (n, n) array
        Overlaps of all columns at a time.
    columns : Columns
        Layout of the state.
    time : float
        This time t = steps / N.

    Returns
    -------
    float
        In radians; infinity where no rotation ends at the other teacher.

    Raises
    ------
    RunError
        If the angles differ between units.
    """
    rotation = spec.teachers.rotation
    if rotation is None or rotation.until != "reached":
        return math.inf
    b, t = (np.array(_units(spec, teacher)) for teacher in (rotation.teacher, rotation.towards))
    c = columns.layout.F + np.arange(columns.companions)
    angles = np.arctan2(T[t, c], T[t, b])
    if np.ptp(angles) > PRECISION:
        raise RunError(
            f"teachers.rotation.until: reached needs one angle, units have {angles.min():.6g} to "
            f"{angles.max():.6g} radians; give a time"
        )
    return float(angles[0]) + rotation.rate * max(0.0, time - rotation.start)


def fits(spec: Spec, T: np.ndarray, columns: Columns) -> bool:
    """Return whether columns are those of a spec: their number, and companions in the plane of a rotation.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    T : array
        Overlaps of columns.
    columns : Columns
        Layout of the state of runs of the spec.

    Returns
    -------
    bool
    """
    if T.shape != (columns.count, columns.count):
        return False
    if not columns.companions:
        return True
    rotation = spec.teachers.rotation
    b, t = (np.array(_units(spec, teacher)) for teacher in (rotation.teacher, rotation.towards))
    c = columns.layout.F + np.arange(columns.companions)
    missing = T[t, t] - T[t, b] ** 2 / T[b, b] - T[t, c] ** 2 / T[c, c]
    return bool((np.abs(missing) < PRECISION * T[t, t]).all())


def _units(spec: Spec, teacher: int) -> range:
    """Return the columns of the units of a teacher."""
    return range(teacher * spec.teachers.hidden, (teacher + 1) * spec.teachers.hidden)


def _companions(spec: Spec, T: np.ndarray) -> np.ndarray:
    """Return the coefficients (M, F) of the companions."""
    rotation = spec.teachers.rotation
    weights = np.zeros((spec.teachers.hidden, len(T)))
    pairs = zip(_units(spec, rotation.teacher), _units(spec, rotation.towards), strict=True)
    for row, (b, t) in zip(weights, pairs, strict=True):
        along = T[t, b] / T[b, b] if T[b, b] > 0.0 else 0.0
        square = T[t, t] - along * T[t, b] if T[b, b] > 0.0 else 0.0
        if not square > PRECISION**2 * T[t, t]:
            raise RunError(
                f"teachers.rotation: units {b} and {t} of the teachers are parallel and have no plane; "
                "use teachers with a similarity below 1"
            )
        row[t] = math.sqrt(T[b, b] / square)
        row[b] = -along * row[t]
    return weights


def _write(y: np.ndarray, columns: Columns, R: np.ndarray, T: np.ndarray, first: int) -> None:
    """Write the overlaps of the columns from `first` on, and of all columns where they are in the state."""
    y[columns.index_of_R()[:, first:]] = R[:, first:]
    if columns.T >= 0:
        y[columns.index_of_T()] = T
