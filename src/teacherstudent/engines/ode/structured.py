"""The formulation of structured inputs whose covariances commute: groups of modes."""

from typing import Self

import numpy as np

from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.limit import start_in_limit
from teacherstudent.engines.ode.modes import start_in_groups
from teacherstudent.engines.ode.structured_estimates import has_few_groups
from teacherstudent.engines.ode.task_inputs import TaskInputs
from teacherstudent.engines.rates import Stage
from teacherstudent.engines.start import State
from teacherstudent.errors import RunError
from teacherstudent.errors.messages import stiff_inputs
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.integrals import J2
from teacherstudent.kernels.ode.equations import Constants
from teacherstudent.kernels.ode.groups import (
    FewGroups,
    Groups,
    ModeGroups,
    groups_of,
    pack_groups,
    unpack_groups,
)
from teacherstudent.kernels.ode.tasks import Several
from teacherstudent.spec.model import Spec

# The number of steps from the readouts and weights at the start of a stage can be too large by this factor.
UNCERTAIN = 10.0


class Structured(TaskInputs):
    """State (q, r, h) in groups of modes (`kernels.ode.groups`).

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    modes : ModeGroups
        The groups of modes of the run.
    y : (n,) array
        State of the equations.
    v : (P, M) array
        Readouts of the teachers.
    """

    def __init__(self, spec: Spec, modes: ModeGroups, y: np.ndarray, v: np.ndarray):
        super().__init__(spec, y, modes.T, v)
        self.modes = modes

    @classmethod
    def at_start(cls, origin: Origin, switches: int) -> Self:
        """Return the formulation with the initial networks of a run."""
        if origin.spec.numerics.latents == "infinite":
            start, given = start_in_limit(*origin)
            h, v = given.h, given.v
        else:
            setting = setting_of(*origin)
            start, h, v = start_in_groups(setting), setting.networks.h, setting.networks.v
        return cls(origin.spec, start.modes, pack_groups(start.q, start.r, h), v)

    @classmethod
    def from_state(cls, origin: Origin, state: State) -> Self:
        """Return the formulation at the end of a stored run, with its groups of modes."""
        modes = ModeGroups(*(np.array(state[name]) for name in MODES), np.array(state["teacher_overlaps"]))
        return cls(
            origin.spec, modes, np.array(state["order_parameters"]), np.array(state["teacher_readouts"])
        )

    def at_restart(self, state: State) -> Self:
        """Return the formulation at the restart point of the state that this one is from."""
        return type(self)(self.spec, self.modes, np.array(state["integrator_y"]), self.v)

    @staticmethod
    def fits(spec: Spec, state: State) -> bool:
        """Return whether a state has groups of modes, and as many variables as runs of a spec."""
        if any(name not in state for name in (*MODES, "order_parameters")):
            return False
        (L, G), F = np.shape(state[MODES[0]]), spec.teachers.count * spec.teachers.hidden
        K, laws = spec.student.hidden, spec.teachers.count if spec.has_task_inputs else 1
        size = G * (K * (K + 1) // 2 + K * F) + spec.heads * K
        return (len(state["teacher_overlaps"]), L, len(state["order_parameters"])) == (F, laws, size)

    @property
    def law_count(self) -> int:
        """Number of laws of the inputs."""
        return len(self.modes.omega)

    @property
    def tolerances(self) -> tuple[float, float]:
        """Relative and absolute tolerance of a step: the absolute one is that of the sum over all groups."""
        relative, absolute = super().tolerances
        return relative, absolute / len(self.modes.nu)

    def model(self, task: int, noise: float) -> Groups:
        """Return the covariance model while one task is active.

        Parameters
        ----------
        task : int
            Number of the task, counted from 0.
        noise : float
            Variance of the noise on the student's inputs.

        Returns
        -------
        Groups
        """
        own = self.v[task], task, self.spec.head_of(task), noise
        kind = FewGroups if has_few_groups(self.spec) else Groups
        return groups_of(self.modes, self.spec.student.hidden, *own, kind)

    def largest_eigenvalue(self) -> float:
        """Return the largest eigenvalue of the covariances of the inputs of all tasks."""
        return float(self.modes.omega.max())

    def check_steps(self, constants: Constants | Several, stage: Stage, start: float, most: float) -> None:
        """Raise RunError if the largest eigenvalue makes a stage take far too many steps.

        q of a mode of eigenvalue omega decays at a rate 2 eta omega h^2 <g'^2>, at which steps of the
        integrator are unstable above 6.4 / rate. Readouts and <g'^2> are those at the start; they change, so
        that only a number of steps that is far too large is refused.

        Parameters
        ----------
        constants : Constants or Several
            Constants of the equations in the stage.
        stage : Stage
            The stage.
        start : float
            Its start.
        most : float
            Number of steps of the integrator that is still allowed.
        """
        steps = self._rate(stage) * (stage.end - start) / 6.4
        if steps > UNCERTAIN * most:
            reached = f"{steps:.2g} steps are necessary until t = {stage.end:g}"
            raise RunError(stiff_inputs(self.largest_eigenvalue(), reached=reached))

    def _rate(self, stage: Stage) -> float:
        """Return the largest rate at which a mode decays, with the readouts and weights as they are."""
        K, code, rate = self.spec.student.hidden, CODES[self.spec.student.activation], 0.0
        q, _, h = unpack_groups(self.y, K, len(self.T), len(self.modes.nu))
        for task in stage.tasks:
            power = self.model(task.teacher, task.input_noise**2).power
            for unit, variance in enumerate(np.diagonal(q @ power)):
                slope = task.moving[unit] * h[task.head, unit] ** 2 * J2(code, code, *[variance] * 3)
                rate = max(rate, 2.0 * task.probability * task.learning_rate * power.max() * slope)
        return rate

    def state_arrays(self, switches: int) -> dict[str, np.ndarray]:
        """Return the groups of modes."""
        return dict(zip(MODES, self.modes[:3], strict=True))


# Arrays of a state with the groups of modes, as in `ModeGroups`.
MODES = ("mode_eigenvalues", "mode_shares", "mode_overlaps")
