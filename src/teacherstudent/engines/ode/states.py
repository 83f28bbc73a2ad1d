"""States of engine `ode`: what a run needs to resume to the same bits, as arrays by name."""

from typing import NamedTuple

import numpy as np

from teacherstudent.engines.ode.columns import fits, overlaps_of_columns
from teacherstudent.engines.start import State, history
from teacherstudent.kernels.ode.columns import Columns
from teacherstudent.kernels.ode.state import unpack
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

# The arrays of all states, which `engines.state_variables` describes. Those of runs with
# anchors have in addition `column_overlaps`, `penalties` and `importances`, and the first two of these at the
# restart point; those of runs with penalties of strength 0 have `importances`; those with a rotation that
# ends at the other teacher have `rotation` and `rotation_angle`; those of structured inputs have the groups
# of modes, `mode_eigenvalues`, `mode_shares` and `mode_overlaps`, or the arrays `joint_...` of tasks whose
# covariances do not commute.
STATE_NAMES = (
    "time",
    "switch_times",
    "teachers",
    "teacher_overlaps",
    "teacher_readouts",
    "order_parameters",
    "integrator_numbers",
    "integrator_y",
    "integrator_k",
    "integrator_switches",
    "integrator_constants",
)


class Position(NamedTuple):
    """The vectors of a run at a time."""

    y: np.ndarray  # (size,) state of the equations
    T: np.ndarray  # (n, n) overlaps of all columns, where they are constant
    penalties: np.ndarray  # (K,)
    importances: list[np.ndarray]  # (K,) for each switch


def state_of(run) -> State:
    """Return the state from which an `Integration` can resume: its end, and the restart point before it."""
    form = run.form
    end = {
        "order_parameters": form.y.copy(),
        "teacher_overlaps": form.T,
        "teacher_readouts": form.v,
    }
    restart = {f"integrator_{name}": getattr(run.restart, name).copy() for name in ("numbers", "y", "k")}
    before = {
        "integrator_switches": np.array(run.restarts.switches),
        "integrator_constants": run.restarts.constants,
    }
    state = history(run.t, run.switches, run.sequence) | end | restart | before
    state |= form.state_arrays(len(run.switches))
    return state | {f"integrator_{name}": array for name, array in run.restarts.arrays.items()}


def rotation_numbers(spec: Spec) -> np.ndarray:
    """Return the first units of the teacher that turns and of the other one, angle of a step, first step."""
    rotation, M, N = spec.teachers.rotation, spec.teachers.hidden, spec.inputs.dimension
    units = rotation.teacher * M, rotation.towards * M
    return np.array([*units, rotation.rate / N, step_at(rotation.start, N)])


def stored_angle(spec: Spec, state: State | None) -> float | None:
    """Return the angle by which a teacher turns, from a state with the rotation of a spec.

    Once the teacher has reached the other one, the overlaps do not determine this angle any more.

    Parameters
    ----------
    spec : Spec
        Spec of a run.
    state : State or None
        The state from which it resumes, if any.

    Returns
    -------
    float or None
        In radians; None where the rotation does not end at the other teacher, or is not that of the state.
    """
    rotation = spec.teachers.rotation
    if state is None or "rotation_angle" not in state or rotation is None or rotation.until != "reached":
        return None
    same = np.array_equal(state["rotation"], rotation_numbers(spec))
    return float(state["rotation_angle"]) if same else None


def initial_in(state: State, columns: Columns) -> OrderParameters:
    """Return the order parameters of a state, with T at the start of the stored run."""
    y, T, v = (np.array(state[name]) for name in ("order_parameters", "teacher_overlaps", "teacher_readouts"))
    Q, R, h = unpack(y[: columns.layout.size], columns.layout)
    return OrderParameters(Q, R, T, h, v)


def position_in(spec: Spec, columns: Columns, state: State, at_restart: bool = False) -> Position | None:
    """Return the vectors of a state.

    Parameters
    ----------
    spec : Spec
        Spec of a run that is to resume from the state.
    columns : Columns
        Layout of the state of its equations.
    state : State
        The arrays by name.
    at_restart : bool
        Whether to return the vectors at the restart point in place of those at the end.

    Returns
    -------
    Position or None
        None if the state has other anchors or moving teachers than the spec.
    """
    prefix, name = ("integrator_", "integrator_y") if at_restart else ("", "order_parameters")
    y, has_anchors = np.array(state[name]), "penalties" in state
    if len(y) != columns.size or has_anchors != bool(columns.anchors):
        return None
    T, penalties = np.array(state["teacher_overlaps"]), np.zeros(columns.layout.K)
    values = list(np.array(state.get("importances", [])))
    if has_anchors:
        T, penalties = (np.array(state[prefix + part]) for part in ("column_overlaps", "penalties"))
    T = overlaps_of_columns(columns, y, T)
    return Position(y, T, penalties, values) if fits(spec, T, columns) else None
