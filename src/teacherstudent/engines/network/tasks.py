"""The stages of a run of engine `network` in the form of the kernels."""

from typing import NamedTuple

import numpy as np

from teacherstudent.engines.network.rewards import rewards_of
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage, Task, stages
from teacherstudent.kernels.maths.losses import LOSSES
from teacherstudent.kernels.network import stages as kernel
from teacherstudent.kernels.network.classes import Classes
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.kernels.network.motion import Motion
from teacherstudent.kernels.network.pulls import Pulls
from teacherstudent.kernels.network.squared_error import SquaredError
from teacherstudent.kernels.network.tasks import Stored, Tasks
from teacherstudent.networks.activations import code_of
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at


class Job(NamedTuple):
    """A stage in the form of the kernel `stages.train`."""

    constants: StepConstants
    tasks: Tasks
    stored: Stored
    pulls: Pulls
    motion: Motion
    keys: np.ndarray

    def train(self, networks, first: int, steps: int) -> int:
        """Train networks for some steps.

        Parameters
        ----------
        networks : InMemory
            Networks that are trained, in the layout `ByUnit`.
        first, steps : int
            Number of the first step, counted from the start of the run, and number of steps.

        Returns
        -------
        int
            The number of steps done.
        """
        chosen = np.zeros(self.constants.batch, np.int64)
        return kernel.train(networks.W, networks.h, *self, networks.buffers, chosen, first, steps)


def constants_of(networks, spec: Spec, stage: Stage, task: Task) -> StepConstants:
    """Return the constants of the steps on a task, with the law of one step.

    Parameters
    ----------
    networks : InMemory
        Networks that are trained.
    spec : Spec
        Spec of the run.
    stage : Stage
        The stage.
    task : Task
        One of its tasks.

    Returns
    -------
    StepConstants
    """
    return StepConstants(
        N=spec.inputs.dimension,
        law=law_of(networks, spec, task),
        student=code_of(spec.student),
        teacher=code_of(spec.teachers),
        V=networks.V[task.labels],
        v=networks.v[task.labels],
        head=task.head,
        moving=networks.per_unit(task.moving),
        eta=task.learning_rate,
        eta_h=task.readout_rate,
        decay=stage.weight_decay,
        decay_h=stage.readout_decay,
        input_noise=task.input_noise,
        batch=spec.inputs_of_step if spec.has_rewards else stage.batch_size,
        eta_u=task.inner_rate,
        decay_u=stage.inner_decay,
    )


def law_of(networks, spec: Spec, task: Task) -> NamedTuple:
    """Return the law of the steps on a task.

    Parameters
    ----------
    networks : InMemory
        Networks that are trained.
    spec : Spec
        Spec of the run.
    task : Task
        The task.

    Returns
    -------
    NamedTuple
        Its type selects the functions of `kernels.network.law`.
    """
    if spec.has_rewards:
        return rewards_of(networks, spec)
    if not spec.has_classes:
        return SquaredError(task.output_noise)
    return Classes(task.output_noise, task.label_flip, LOSSES[spec.loss], float(spec.training.margin or 0.0))


def as_tasks(stage: Stage, constants: list[StepConstants], networks, dimension: int) -> Tasks:
    """Return the tasks of a stage.

    Parameters
    ----------
    stage : Stage
        The stage.
    constants : list of StepConstants
        The constants of each task.
    networks : InMemory
        Networks that are trained, in the layout `ByUnit`.
    dimension : int
        The number N of inputs.

    Returns
    -------
    Tasks
    """
    ends, turns = order_of_tasks(stage, dimension)
    return Tasks(
        ends=ends,
        turns=turns,
        labels=np.array([task.labels for task in stage.tasks], np.int64),
        heads=np.array([task.head for task in stage.tasks], np.int64),
        moving=np.array([task.moving for task in stage.tasks]),
        eta=np.array([task.learning_rate for task in stage.tasks]),
        eta_h=np.array([task.readout_rate for task in stage.tasks]),
        eta_u=np.array([task.inner_rate for task in stage.tasks], float),
        input_noise=np.array([task.input_noise for task in stage.tasks], float),
        fidelity=np.array([task.fidelity for task in stage.tasks], float),
        laws=np.array([[*own.law] for own in constants], float),
        V=networks.V,
        v=networks.v,
    )


def order_of_tasks(stage: Stage, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what determines the task of each step of a stage: `ends` and `turns` of `Tasks`."""
    turns = [*stage.interleave, step_at(stage.origin, dimension)] if stage.interleave else [0, 0, 0]
    return np.cumsum([task.probability for task in stage.tasks]), np.array(turns, np.int64)


def keys_of(seed: int, run: int, inputs, choice) -> np.ndarray:
    """Return the keys of the random numbers of a run.

    Parameters
    ----------
    seed, run : int
        Seed of all random numbers, and number of the run.
    inputs, choice : tuple of uint32
        Keys of fresh inputs, and of the choice of stored inputs.

    Returns
    -------
    array (4, 2) of uint32
        Rows as in `kernels.network.stages`.
    """
    tasks, drift = (counter_key(seed, run, use) for use in (Purpose.TASKS, Purpose.TEACHER_DRIFT))
    return np.array([inputs, tasks, choice, drift], np.uint32)


def phase_stages(spec: Spec, sequence: list[int], began: float, now: float, angle: float) -> list[Stage]:
    """Return the stages of the phase that ends now.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    sequence : list of int
        The teachers trained on up to now, in order.
    began, now : float
        The times t = steps / N at which the phase began and ends.
    angle : float
        As in `rates.stages`.

    Returns
    -------
    list of Stage
    """
    return stages(spec, Phase(sequence[-1], now, 0.0), sequence, began, began, angle)


def stage_before(
    spec: Spec, sequence: list[int], began: float, now: float, angle: float
) -> tuple[Stage, Task]:
    """Return the last stage before a switch and its main task.

    Parameters
    ----------
    spec, sequence, began, now, angle
        As for `phase_stages`.

    Returns
    -------
    tuple of Stage and Task
        The task with the labels of its own teacher if no step of the stage is on it.
    """
    stage = phase_stages(spec, sequence, began, now, angle)[-1]
    teacher = sequence[-1]
    found = [task for task in stage.tasks if task.teacher == teacher]
    other = stage.tasks[0]._replace(teacher=teacher, labels=teacher, head=spec.head_of(teacher))
    return stage, found[0] if found else other
