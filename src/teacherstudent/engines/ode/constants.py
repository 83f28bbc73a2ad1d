"""The constants of the equations in a stage of a run."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.ode.columns import turns_of
from teacherstudent.engines.ode.laws import law_of, numbers_of_law
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage, Task, stages
from teacherstudent.kernels.ode.columns import Columns
from teacherstudent.kernels.ode.equations import Constants, constants_of
from teacherstudent.kernels.ode.interventions import Intervened, intervened
from teacherstudent.kernels.ode.isotropic import isotropic
from teacherstudent.kernels.ode.mixture import TaskOfStep, mixture
from teacherstudent.kernels.ode.models import Rates, means_for
from teacherstudent.kernels.ode.pauses import NO_PAUSE
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec


class Vectors(NamedTuple):
    """The columns of R and the penalties: what is constant between two switches."""

    columns: Columns
    T: np.ndarray  # (n, n) overlaps of all columns, where they are constant
    v: np.ndarray  # (P, M) readouts of the teachers
    penalties: np.ndarray  # (K,) strength times importance


def stage_constants(spec: Spec, vectors: Vectors, stage: Stage, phase: Phase) -> Constants | Intervened:
    """Return the constants of the equations during a stage.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    vectors : Vectors
        Columns of R, and penalties.
    stage : Stage
        The tasks with their rates and noises.
    phase : Phase
        The main task, and the threshold that ends the phase.

    Returns
    -------
    Constants or Intervened
        Constants where one task is trained on its own labels, and the state is (Q, R, h).
    """
    if is_plain(vectors, stage, phase):
        return _of_one_task(spec, vectors, stage, phase.threshold)
    return _of_tasks(spec, vectors, stage, phase)


def is_plain(vectors: Vectors, stage: Stage, phase: Phase) -> bool:
    """Return whether one task is trained on its own labels, and the state is (Q, R, h).

    Parameters
    ----------
    vectors : Vectors
        Columns of R.
    stage : Stage
        The stage.
    phase : Phase
        Its phase.

    Returns
    -------
    bool
        True where `Constants` describe the stage, False where `Intervened` are needed.
    """
    task, *others = stage.tasks
    plain = vectors.columns.size == vectors.columns.layout.size and not others
    own = task.labels == phase.teacher or phase.threshold <= 0.0
    return plain and own and task.probability == 1.0 and task.fidelity == 1.0


def rates_of_task(stage: Stage, task: Task) -> Rates:
    """Return how the student learns in steps on a task, in the form of the kernels."""
    return Rates(
        moving=task.moving,
        eta=task.learning_rate,
        eta_h=task.readout_rate,
        decay=stage.weight_decay,
        decay_h=stage.readout_decay,
        batch=stage.batch_size,
        head=task.head,
    )


def _of_one_task(spec: Spec, vectors: Vectors, stage: Stage, threshold: float) -> Constants:
    """Return the constants where the state is (Q, R, h), and one task is trained on exact inputs."""
    (task,), M = stage.tasks, spec.teachers.hidden
    rates = rates_of_task(stage, task)
    power = 1.0 + task.input_noise**2
    inputs = spec.student.hidden, spec.heads, vectors.T, vectors.v[task.labels], task.labels * M, task.head
    noises = task.output_noise**2, task.label_flip
    return constants_of(law_of(spec), *noises, threshold, rates, isotropic(*inputs, power))


def constants_of_runs(parts: Sequence[tuple[Vectors, Stage, Phase]], H: int) -> Constants:
    """Return the constants of several runs in stages that train the same task, with the runs as leading axis.

    Parameters
    ----------
    parts : sequence of tuple
        Columns, stage and phase of each run, for which `is_plain` is true.
    H : int
        Number of heads.

    Returns
    -------
    Constants
        Numbers that can differ between runs have a leading axis; work space is that of one run.
    """
    tasks = [stage.tasks[0] for _, stage, _ in parts]
    task, stage, K = tasks[0], parts[0][1], len(tasks[0].moving)
    T = np.array([vectors.T for vectors, _, _ in parts])
    v = np.array([vectors.v[task.labels] for vectors, _, _ in parts])
    decays = np.array([(stage.weight_decay, stage.readout_decay) for _, stage, _ in parts]).T
    moving = np.array([task.moving for task in tasks])
    eta, eta_h = np.array([(task.learning_rate, task.readout_rate) for task in tasks]).T
    noises = np.array([(task.input_noise**2, task.output_noise**2, task.label_flip) for task in tasks]).T
    model = isotropic(K, H, T, v, task.labels * v.shape[1], task.head, 1.0 + noises[0])
    threshold = np.array([phase.threshold for _, _, phase in parts])
    rates = Rates(moving, eta, eta_h, *decays, stage.batch_size, task.head)
    means, progress = means_for(K, K + v.shape[1]), np.array([0, NO_PAUSE])
    return Constants(None, noises[1], noises[2], threshold, rates, model, means, progress)


def _of_tasks(spec: Spec, vectors: Vectors, stage: Stage, phase: Phase) -> Intervened:
    """Return the constants of any stage."""
    M, main = spec.teachers.hidden, phase.teacher
    own = stage.tasks[0]._replace(labels=main, head=spec.head_of(main))
    listed = mixture(
        vectors.columns,
        vectors.T,
        [_task_of_step(task, vectors.v, M) for task in stage.tasks],
        _task_of_step(own, vectors.v, M),
        _pull(stage, vectors.penalties),
        turns_of(spec, stage),
        (stage.weight_decay, stage.readout_decay),
        stage.batch_size,
    )
    return intervened(law_of(spec), phase.threshold, listed)


def _task_of_step(task: Task, v: np.ndarray, M: int) -> TaskOfStep:
    """Return a task of a stage in the form of the kernels."""
    return TaskOfStep(
        probability=task.probability,
        first=task.labels * M,
        v=v[task.labels],
        head=task.head,
        eta=task.learning_rate,
        eta_h=task.readout_rate,
        power=1.0 + task.input_noise**2,
        fidelity=task.fidelity,
        output_variance=task.output_noise**2,
        flip=task.label_flip,
        moving=task.moving,
    )


def _pull(stage: Stage, penalties: np.ndarray) -> np.ndarray:
    """Return the rates (K,) at which units are pulled to their anchors; (0,) where all are zero."""
    rates = sum(task.probability * task.learning_rate * task.moving for task in stage.tasks)
    pull = rates * penalties
    return pull if pull.any() else np.zeros(0)


def phase_constants(spec: Spec, start: OrderParameters, phase: Phase) -> Constants:
    """Return the constants of the equations during a phase of a run without interventions.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    start : OrderParameters
        T and v of the teachers are used, the other parts are not.
    phase : Phase
        The active teacher, and the threshold that ends the phase.

    Returns
    -------
    Constants
    """
    stage = stages(spec, phase, [phase.teacher], 0.0, 0.0)[0]
    return _of_one_task(spec, Vectors(None, start.T, start.v, None), stage, phase.threshold)


def numbers_of(p: Constants | Intervened) -> np.ndarray:
    """Return the numbers, apart from the teachers of `Constants`, that determine the equations of a stage."""
    law = numbers_of_law(p.law)
    if isinstance(p, Constants):
        r = p.rates
        before = *law, p.model.first, r.head, *r.moving, r.eta, r.eta_h, r.decay, r.decay_h
        noises = p.output_variance, p.flip, p.model.power
        return np.array([*before, *noises, r.batch, p.threshold], dtype=float)
    work = "c", "C", "B", "drift", "values"
    parts = [np.ravel(part) for name, part in p.model._asdict().items() if name not in work]
    return np.concatenate([law, [p.threshold], *parts]).astype(float)
