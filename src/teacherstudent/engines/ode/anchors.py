"""Importances of the student units, and penalties and anchors, at a switch."""

import numpy as np

from teacherstudent.engines.ode.laws import law_of
from teacherstudent.engines.rates import Stage, at_switch
from teacherstudent.errors import RunError
from teacherstudent.errors.messages import penalty_too_strong
from teacherstudent.kernels.ode.columns import Columns
from teacherstudent.kernels.ode.equations import constants_of, rate_of_change
from teacherstudent.kernels.ode.isotropic import isotropic
from teacherstudent.kernels.ode.models import Rates
from teacherstudent.kernels.ode.state import unpack
from teacherstudent.spec.model import Spec


def importances(
    spec: Spec, columns: Columns, y: np.ndarray, T: np.ndarray, v: np.ndarray, teacher: int
) -> np.ndarray:
    """Return the importances of the student units for a task: its old head, and its teacher as it is now.

    1 (quadratic), h_i^2 (node), h_i^2 <d^2 g'(x_i)^2> on clean inputs and labels (ewc), or the integral of
    eta h_i^2 <d^2 g'(x_i)^2> since the last switch (path_integral).

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    columns : Columns
        Layout of the state.
    y : (size,) array
        State.
    T : (n, n) array
        Overlaps of all columns.
    v : (P, M) array
        Readouts of the teachers.
    teacher : int
        The main task before the switch.

    Returns
    -------
    (K,) array
    """
    _, _, h = unpack(y[: columns.layout.size], columns.layout)
    head, K, F = spec.head_of(teacher), columns.layout.K, columns.layout.F
    kind = spec.training.consolidation.kind
    if kind == "quadratic":
        return np.ones(K)
    if kind == "node":
        return h[head] ** 2
    if kind == "path_integral":
        return y[columns.S : columns.S + K].copy()
    # The right-hand side has <d^2 g'^2> among its means.
    rates = Rates(np.ones(K), eta=1.0, eta_h=1.0, decay=0.0, decay_h=0.0, batch=1, head=head)
    model = isotropic(K, spec.heads, T[:F, :F], v[teacher], teacher * spec.teachers.hidden, head, 1.0)
    constants = constants_of(law_of(spec), 0.0, 0.0, 0.0, rates, model)
    rate_of_change(constants, np.ascontiguousarray(y[: columns.layout.size]))
    return h[head] ** 2 * np.diag(constants.means.power)


def new_penalties(
    spec: Spec, penalties: np.ndarray, values: np.ndarray, switch: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the penalties after a switch, and the share of the present weights in the new anchors.

    A sum of quadratic penalties is one quadratic penalty around the weighted mean of its anchors.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    penalties : (K,) array
        Penalties before the switch: sums of strength times importance.
    values : (K,) array
        Importances at the switch.
    switch : int
        Number of the switch, counted from 0.

    Returns
    -------
    penalties, shares : (K,) arrays
    """
    block = spec.training.consolidation
    added = at_switch(block.strength, switch) * values
    if block.anchors == "latest":
        return added, np.ones(len(added))
    total = penalties + added
    return total, np.where(total > 0.0, added / np.where(total > 0.0, total, 1.0), 1.0)


def has_penalties(spec: Spec) -> bool:
    """Return whether a penalty of a spec is not zero."""
    block = spec.training.consolidation
    return block is not None and block.has_penalties


def check_pulls(
    spec: Spec, penalties: np.ndarray, pull: np.ndarray, stage: Stage, start: float, most: float
) -> None:
    """Raise RunError about pulls to anchors that make the equations too stiff.

    A pull at a rate alpha is a decay of Q at a rate of 2 alpha, at which steps of the integrator are unstable
    above 6.4 / (2 alpha): a stage takes alpha / 3.2 steps per unit of time.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    penalties : (K,) array
        Sums of strength times importance.
    pull : (K,) or (0,) array
        Rates alpha of the pulls in the stage, (0,) where there are none; time is t = steps / N.
    stage : Stage
        The tasks with their rates, and the end.
    start : float
        Start of the stage.
    most : float
        Number of steps that is still allowed.

    Raises
    ------
    RunError
        If the stage takes more steps.
    """
    steps = pull.max(initial=0.0) * (stage.end - start) / 3.2
    if steps > most:
        strength = spec.training.consolidation.strength
        rate = max(task.learning_rate for task in stage.tasks)
        reached = f"{steps:.2g} steps are necessary until t = {stage.end:g}"
        raise RunError(penalty_too_strong(strength, rate, penalties.max(), reached=reached))
