"""What the formulations of structured inputs have in common.

A record has (Q, R, h) with Q of the first task, then Q with all laws of the inputs (L, K, K), one for all
tasks or one for each, and the overlaps W (K, K) of the weights.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np

from teacherstudent.engines.class_errors import class_errors
from teacherstudent.engines.ode.constants import rates_of_task
from teacherstudent.engines.ode.formulation import Formulation
from teacherstudent.engines.ode.laws import law_of, numbers_of_law
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.errors import RunError
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.errors.messages import stiff_inputs
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.generalisation import generalisation_errors_of_records
from teacherstudent.kernels.ode.equations import Constants, constants_of, integrate_phase, record_all
from teacherstudent.kernels.ode.state import Layout, layout_of
from teacherstudent.kernels.ode.tasks import Lessons, Several, integrate_tasks, several


class TaskInputs(Formulation):
    """Formulation of tasks with structured inputs; parameters as in `Formulation`."""

    @abstractmethod
    def model(self, task: int, noise: float):
        """Return the covariance model while one task is active.

        Parameters
        ----------
        task : int
            Number of the task, counted from 0.
        noise : float
            Variance of the noise on the student's inputs.

        Returns
        -------
        NamedTuple
        """

    @abstractmethod
    def largest_eigenvalue(self) -> float:
        """Return the largest eigenvalue of the covariances of the inputs of all tasks."""

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
        raise RunError(stiff_inputs(self.largest_eigenvalue(), reached=reached))

    @property
    def record_layout(self) -> Layout:
        """Layout of (Q, R, h) at the start of each record."""
        P, M = self.v.shape
        return layout_of(self.spec.student.hidden, P * M, self.spec.heads)

    @property
    def law_count(self) -> int:
        """Number L of laws of the inputs: by default one for each task."""
        return len(self.v)

    @property
    def width(self) -> int:
        """Length of a record."""
        return self.record_layout.size + (self.law_count + 1) * self.spec.student.hidden**2

    @property
    def readouts(self) -> np.ndarray:
        """View of the readouts (H, K) in the state, which are its last numbers."""
        shape = self.spec.heads, self.spec.student.hidden
        return self.y[len(self.y) - shape[0] * shape[1] :].reshape(shape)

    @staticmethod
    def is_of_one_task(stage: Stage, phase: Phase) -> bool:
        """Return whether one task is trained, and a threshold, if any, is for this task."""
        task, *others = stage.tasks
        own = task.teacher == phase.teacher or phase.threshold <= 0.0
        return own and not others and task.probability == 1.0

    def constants(self, stage: Stage, phase: Phase) -> Constants | Several:
        """Return the constants of the equations in a stage of a phase.

        Parameters
        ----------
        stage : Stage
            The tasks with their rates and noises.
        phase : Phase
            The main task, and the threshold that ends the phase.

        Returns
        -------
        Constants or Several
            Constants where one task is trained, and a threshold, if any, is for this task.
        """
        law = law_of(self.spec)
        if self.is_of_one_task(stage, phase):
            (task,) = stage.tasks
            model, rates = self.model(task.teacher, task.input_noise**2), rates_of_task(stage, task)
            return constants_of(law, task.output_noise**2, task.label_flip, phase.threshold, rates, model)
        model = self.model(phase.teacher, 0.0)
        return several(law, phase.threshold, model, self._lessons(stage), len(self.y))

    def _lessons(self, stage: Stage) -> Lessons:
        """Return the tasks of a stage in the form of the kernels."""
        tasks = stage.tasks
        return Lessons(
            probability=np.array([task.probability for task in tasks], dtype=float),
            task=np.array([task.teacher for task in tasks]),
            head=np.array([task.head for task in tasks]),
            eta=np.array([task.learning_rate for task in tasks], dtype=float),
            eta_h=np.array([task.readout_rate for task in tasks], dtype=float),
            noise=np.array([task.input_noise**2 for task in tasks], dtype=float),
            output_variance=np.array([task.output_noise**2 for task in tasks], dtype=float),
            flip=np.array([task.label_flip for task in tasks], dtype=float),
            v=np.array([self.v[task.teacher] for task in tasks]),
            moving=np.array([task.moving for task in tasks]),
            decay=stage.weight_decay,
            decay_h=stage.readout_decay,
            batch=stage.batch_size,
        )

    def recorded(self, states: np.ndarray, constants: Constants | Several) -> np.ndarray:
        """Return the records (T, width) of states (T, n) in a stage with some constants.

        Parameters
        ----------
        states : (T, n) array
            States at recorded times.
        constants : Constants or Several
            Constants of the equations.

        Returns
        -------
        (T, width) array
        """
        rows = np.empty((len(states), self.width))
        if len(rows):
            record_all(constants.model, states, rows)
        return rows

    def integrator(self, constants: Constants | Several) -> Callable:
        """Return the compiled function that integrates the equations with some constants."""
        return integrate_phase if isinstance(constants, Constants) else integrate_tasks

    def numbers(self, constants: Constants | Several) -> np.ndarray:
        """Return the numbers, apart from the laws of the tasks, that determine the equations of a stage."""
        p, model = constants, constants.model
        rates = p.rates if isinstance(p, Constants) else p.lessons
        before = *numbers_of_law(p.law), p.threshold, model.task, model.head, model.noise
        noises = [p.output_variance, p.flip] if isinstance(p, Constants) else []
        return np.concatenate([before, noises, *map(np.ravel, rates)]).astype(float)

    def errors(self, records: np.ndarray) -> dict[str, np.ndarray]:
        """Return the errors (T, P) of records by name."""
        (P, M), K, F = self.v.shape, self.spec.student.hidden, len(self.T)
        codes = CODES[self.spec.student.activation], CODES[self.spec.teachers.activation]
        _, R, h = self.overlaps(records)
        Q, errors = self._overlaps_of_laws(records), np.empty((len(records), P))
        if self.spec.has_classes:
            return class_errors(self.spec, Q[:, 0], R, self.T, h, self.v)  # tasks share their inputs
        for part in in_pieces(len(records), P * (K + F) ** 2):
            for p in range(P):
                own, head = slice(p * M, (p + 1) * M), self.spec.head_of(p)
                arrays = (
                    Q[part, p if self.law_count > 1 else 0],
                    R[part, :, own],
                    self.T[own, own],
                    h[part, head : head + 1],
                )
                arrays = map(np.ascontiguousarray, (*arrays, self.v[p : p + 1]))
                errors[part, p : p + 1] = generalisation_errors_of_records(*codes, *arrays)
        return {"generalisation_error": errors}

    def _overlaps_of_laws(self, records: np.ndarray) -> np.ndarray:
        """Return Q (T, L, K, K) with all laws of the inputs."""
        K = self.spec.student.hidden
        return records[:, self.record_layout.size : -K * K].reshape(-1, self.law_count, K, K)

    def observables(
        self, records: np.ndarray, times: np.ndarray, switches: Sequence[float]
    ) -> dict[str, np.ndarray]:
        """Return the overlaps of weights and, where laws differ, Q with the inputs of each task.

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
        if self.law_count > 1:
            arrays["task_student_overlaps"] = self._overlaps_of_laws(records)
        return arrays
