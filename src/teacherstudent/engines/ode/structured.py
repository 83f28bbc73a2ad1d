"""The formulation of structured inputs whose covariances commute: groups of modes."""

from collections.abc import Callable, Sequence
from typing import NoReturn, Self

import numpy as np

from teacherstudent.engines.ode.formulation import Formulation, Origin
from teacherstudent.engines.ode.limit import start_in_limit
from teacherstudent.engines.ode.modes import start_in_groups
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage, Task
from teacherstudent.engines.start import State
from teacherstudent.errors import RunError
from teacherstudent.errors.messages import stiff_inputs
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_errors_of_records
from teacherstudent.kernels.maths.integrals import J2
from teacherstudent.kernels.ode.equations import Constants, constants_of, integrate_phase
from teacherstudent.kernels.ode.group_tasks import GroupTasks, group_tasks, integrate_tasks
from teacherstudent.kernels.ode.groups import (
    GroupedTask,
    ModeGroups,
    groups,
    pack_groups,
    unpack_groups,
    width_of_records,
)
from teacherstudent.kernels.ode.models import Rates
from teacherstudent.kernels.ode.state import Layout, layout_of
from teacherstudent.spec.model import Spec

# The number of steps from the readouts and weights at the start of a stage can be too large by this factor.
UNCERTAIN = 10.0


class Structured(Formulation):
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
    def record_layout(self) -> Layout:
        """Layout of (Q, R, h) at the start of each record."""
        return layout_of(self.spec.student.hidden, len(self.T), self.spec.heads)

    @property
    def width(self) -> int:
        """Length of a record."""
        return width_of_records(self.spec.student.hidden, len(self.T), self.spec.heads, len(self.modes.omega))

    @property
    def tolerances(self) -> tuple[float, float]:
        """Relative and absolute tolerance of a step: the absolute one is that of the sum over all groups."""
        relative, absolute = super().tolerances
        return relative, absolute / len(self.modes.nu)

    @property
    def readouts(self) -> np.ndarray:
        """View of the readouts (H, K) in the state."""
        return unpack_groups(self.y, self.spec.student.hidden, len(self.T), len(self.modes.nu))[2]

    def constants(self, stage: Stage, phase: Phase) -> Constants | GroupTasks:
        """Return the constants of the equations in a stage of a phase."""
        spec, (task, *others) = self.spec, stage.tasks
        codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
        K, own = spec.student.hidden, task.teacher == phase.teacher or phase.threshold <= 0.0
        listed = [self._grouped(each) for each in stage.tasks]
        if own and not others and task.probability == 1.0:
            model, rates = groups(self.modes, K, listed), _rates(stage, task)
            return constants_of(*codes, task.output_noise**2, phase.threshold, rates, model)
        main = task._replace(teacher=phase.teacher, head=spec.head_of(phase.teacher))
        return group_tasks(
            *codes,
            phase.threshold,
            groups(self.modes, K, [*listed, self._grouped(main)]),
            [_rates(stage, each) for each in stage.tasks],
            [each.probability for each in stage.tasks],
            [each.output_noise**2 for each in stage.tasks],
        )

    def _grouped(self, task: Task) -> GroupedTask:
        """Return a task of a stage in the form of the kernels."""
        p, M = task.teacher, self.spec.teachers.hidden
        law = p if len(self.modes.omega) > 1 else 0
        return GroupedTask(law, p * M, task.head, self.v[p], task.input_noise**2)

    def integrator(self, constants: Constants | GroupTasks) -> Callable:
        """Return the compiled function that integrates the equations with some constants."""
        return integrate_phase if isinstance(constants, Constants) else integrate_tasks

    def numbers(self, constants: Constants | GroupTasks) -> np.ndarray:
        """Return the numbers, apart from the groups, that determine the equations of a stage."""
        p, model = constants, constants.model
        if isinstance(p, Constants):
            r = p.rates
            own = [*r.moving, r.eta, r.eta_h, r.decay, r.decay_h, r.batch, p.output_variance]
        else:
            own = [*p.numbers.ravel(), *p.moving.ravel(), p.decay, p.decay_h, p.batch]
        noise = model.power[:, 0] - model.clean[:, 0]
        parts = model.first, model.head, noise, own
        return np.concatenate([[p.student, p.teacher, p.threshold, *model.c.shape], *parts]).astype(float)

    def check_steps(self, constants: Constants | GroupTasks, stage: Stage, start: float, most: float) -> None:
        """Raise RunError if the largest eigenvalue makes a stage take far too many steps.

        q of a mode of eigenvalue omega decays at a rate 2 eta omega h^2 <g'^2>, at which steps of the
        integrator are unstable above 6.4 / rate. Readouts and <g'^2> are those at the start; they change, so
        that only a number of steps that is far too large is refused.

        Parameters
        ----------
        constants : Constants or GroupTasks
            Constants of the equations in the stage.
        stage : Stage
            The stage.
        start : float
            Its start.
        most : float
            Number of steps of the integrator that is still allowed.
        """
        steps = self._rate(constants, stage) * (stage.end - start) / 6.4
        if steps > UNCERTAIN * most:
            reached = f"{steps:.2g} steps are necessary until t = {stage.end:g}"
            raise RunError(stiff_inputs(self.modes.omega.max(), reached=reached))

    def _rate(self, constants: Constants | GroupTasks, stage: Stage) -> float:
        """Return the largest rate at which a mode decays, with the readouts and weights as they are."""
        K, code, model = self.spec.student.hidden, constants.student, constants.model
        q, _, h = unpack_groups(self.y, K, len(self.T), len(self.modes.nu))
        rate = 0.0
        for task, power in zip(stage.tasks, model.power, strict=False):
            for unit, variance in enumerate(np.diagonal(q @ power)):
                slope = task.moving[unit] * h[task.head, unit] ** 2 * J2(code, code, *[variance] * 3)
                rate = max(rate, 2.0 * task.probability * task.learning_rate * power.max() * slope)
        return rate

    def report_stuck(self, stage: Stage, time: float, steps: int) -> NoReturn:
        """Raise RunError for equations that are stiff, with the largest eigenvalue.

        Parameters
        ----------
        stage : Stage
            The stage that is not finished.
        time : float
            Time t = steps / N that is reached.
        steps : int
            Steps of the integrator up to this time.
        """
        reached = f"t = {time:g} is reached after {steps} steps, the stage ends at {stage.end:g}"
        raise RunError(stiff_inputs(self.modes.omega.max(), reached=reached))

    def state_arrays(self, switches: int) -> dict[str, np.ndarray]:
        """Return the groups of modes."""
        return dict(zip(MODES, self.modes[:3], strict=True))

    def errors(self, records: np.ndarray) -> np.ndarray:
        """Return the generalisation errors (T, P) of records, task by task with the inputs of this task."""
        spec, (_, R, h) = self.spec, self.overlaps(records)
        codes = CODES[spec.student.activation], CODES[spec.teachers.activation]
        Q, M, errors = self._Q_of_tasks(records), spec.teachers.hidden, np.empty((len(records), len(self.v)))
        for p, row in enumerate(errors.T):
            own, head = slice(p * M, (p + 1) * M), spec.head_of(p)
            parts = Q[p if len(Q) > 1 else 0], R[:, :, own], self.T[own, own], h[:, head : head + 1]
            each = map(np.ascontiguousarray, parts)
            row[:] = generalisation_errors_of_records(*codes, *each, self.v[p : p + 1])[:, 0]
        return errors

    def _Q_of_tasks(self, records: np.ndarray) -> np.ndarray:
        """Return Q (L, T, K, K) with the inputs of all tasks, or of each."""
        K, (L, _), first = self.spec.student.hidden, self.modes.omega.shape, self.record_layout.size
        Q = np.concatenate([records[:, : K * K], records[:, first : first + (L - 1) * K * K]], axis=1)
        return Q.reshape(-1, L, K, K).swapaxes(0, 1)

    def observables(
        self, records: np.ndarray, times: np.ndarray, switches: Sequence[float]
    ) -> dict[str, np.ndarray]:
        """Return the overlaps of weights, and those of student fields with the inputs of each task.

        Parameters
        ----------
        records : (T, width) array
            Records.
        times : (T,) array
            Their times t = steps / N.
        switches : sequence of float
            Times of the switches of the run.

        Returns
        -------
        dict of str to array
        """
        K = self.spec.student.hidden
        arrays = {"student_weight_overlaps": records[:, -K * K :].reshape(-1, K, K)}
        if self.spec.has_task_inputs:
            arrays["task_student_overlaps"] = self._Q_of_tasks(records).swapaxes(0, 1)
        return arrays


# Arrays of a state with the groups of modes, as in `ModeGroups`.
MODES = ("mode_eigenvalues", "mode_shares", "mode_overlaps")


def _rates(stage: Stage, task: Task) -> Rates:
    """Return how the student learns in steps on a task."""
    return Rates(
        moving=task.moving,
        eta=task.learning_rate,
        eta_h=task.readout_rate,
        decay=stage.weight_decay,
        decay_h=stage.readout_decay,
        batch=stage.batch_size,
        head=task.head,
    )
