"""Constants of the tasks of chains, as the kernels read them."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.chain.law import flip_quantile, law_of
from teacherstudent.engines.chain.networks import keys_of
from teacherstudent.engines.rates import Stage, Task
from teacherstudent.kernels.chain import arrays, interventions
from teacherstudent.kernels.chain.tasks import Tasks
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.networks.randomness import Purpose
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

# The last limit of the sum of probabilities, above all random numbers.
ABOVE_ALL = 2.0


class Constants(NamedTuple):
    """Constants of C chains; those that depend on the task are rows of `tasks.now`."""

    step: arrays.ChainConstants  # of a step
    tasks: Tasks  # of all tasks
    pull: np.ndarray  # (K, C) factor of the anchors in a step
    path_rate: np.ndarray  # (K, C) rate of path integrals in a step
    fidelity: np.ndarray  # (C,) correlation of the inputs of student and teacher in a step
    inner: np.ndarray  # (2, C) rate of inner layers in a step, and the factor of their weights


def new_constants(
    spec: Spec, axes: int, h: np.ndarray, v: np.ndarray, seed: int, runs: Sequence[int]
) -> Constants:
    """Return memory for the constants of all chains.

    Parameters
    ----------
    spec : Spec
        Spec of one of the chains.
    axes : int
        Number of axes of the teachers.
    h : array (H, K, C)
        All heads of the students, which steps on several tasks change.
    v : array (C, P, M)
        Readouts of all teachers.
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of the run of each chain.

    Returns
    -------
    Constants
        All numbers are 0, apart from the keys.
    """
    (_, K, C), (_, P, M) = h.shape, v.shape
    now = aligned_zeros((sum(_lengths(K, M)), C))
    readouts, keep, rate, *numbers, flip, pull, path_rate, inner, fidelity = _parts(now, K, M)
    integers, others = aligned_zeros((2 * P + 9, C), np.int64), aligned_zeros((P + 2, C))
    step = arrays.ChainConstants(
        integers[0], aligned_zeros((M, axes, C)), readouts, keep, rate, *(row[0] for row in numbers),
        threshold=others[P], law=law_of(spec, flip[0]),
    )  # fmt: skip
    tasks = Tasks(
        constants=aligned_zeros((len(now), P, C)), labels=integers[9 : 9 + P], heads=integers[9 + P :],
        limits=others[:P], count=integers[1], turns=integers[2:5], main=integers[5],
        differing=aligned_zeros((len(now),), np.int64), now=now,
        label=integers[6], head=integers[7], choice=integers[8], uniform=others[P + 1], h=h,
        **keys_of(seed, runs, Purpose.CHAIN_TASK)._asdict(),
    )  # fmt: skip
    return Constants(step, tasks, pull, path_rate, fidelity[0], inner)


def _lengths(K: int, M: int) -> list[int]:
    """Return the numbers of rows of each part of the constants of a task, in the order of `constants_of`."""
    return [M, K, K, 1, 1, 1, 1, 1, 1, K, K, 2, 1]


def _parts(constants: np.ndarray, K: int, M: int) -> list[np.ndarray]:
    """Return the parts of the constants of a task, (V, ...)."""
    ends = list(accumulate(_lengths(K, M), initial=0))
    return [constants[first:end] for first, end in pairwise(ends)]


def terms_of(constants: Constants, spec: Spec) -> arrays.Terms:
    """Return the terms that a task of at least one of the chains has."""
    parts = _parts(constants.tasks.constants, spec.student.hidden, spec.teachers.hidden)
    _, keep, _, keep_h, _, output_noise, input_noise, *_ = parts
    decay = np.any(keep != 1.0) or np.any(keep_h != 1.0)
    label_noise = arrays.has_label_noise(constants.step.law, output_noise)
    return arrays.Terms(bool(decay), label_noise, bool(np.any(input_noise)))


def set_stage(
    constants: Constants, chains: Sequence[int], stage: Stage, rows: Sequence[np.ndarray], dimension: int
) -> None:
    """Set the tasks of some chains for a stage, and the constants of its first task.

    Parameters
    ----------
    constants : Constants
        The constants of all chains, changed in place.
    chains : sequence of int
        Numbers of the n chains, counted from 0.
    stage : Stage
        The stage.
    rows : sequence of array (V, n)
        The constants of each task of the stage, from `constants_of`.
    dimension : int
        Number N of inputs.
    """
    tasks, listed = constants.tasks, stage.tasks
    tasks.count[chains] = len(listed)
    tasks.limits[:, chains] = ABOVE_ALL
    sums = np.cumsum([task.probability for task in listed])[:-1]
    tasks.limits[: len(sums), chains] = sums[:, None]
    tasks.turns[:, chains] = 0
    if stage.interleave is not None and len(listed) > 1:
        turns = *stage.interleave, step_at(stage.origin, dimension)
        tasks.turns[:, chains] = np.array(turns)[:, None]
    for i in range(len(tasks.labels)):
        j = i if i < len(listed) else 0  # those that are not used have possible numbers
        tasks.labels[i, chains], tasks.heads[i, chains] = listed[j].labels, listed[j].head
        tasks.constants[:, i, chains] = rows[j]
    differing = np.flatnonzero(np.any(tasks.constants != tasks.constants[:, :1], axis=(1, 2)))
    tasks.differing[:] = -1
    tasks.differing[: len(differing)] = differing
    tasks.now[:, chains], tasks.label[chains], tasks.head[chains] = rows[0], listed[0].labels, listed[0].head


def constants_of(
    task: Task, stage: Stage, v: np.ndarray, kappa: np.ndarray, proximal: bool, dimension: int
) -> np.ndarray:
    """Return the constants of a task, one of the tasks of a stage, for n chains.

    Parameters
    ----------
    task : Task
        The task.
    stage : Stage
        The stage.
    v : array (n, P, M)
        Readouts of all teachers.
    kappa : array (n, K)
        Factor by which the distance of each unit from its anchor decreases in a step.
    proximal : bool
        Whether the penalty is that of a proximal step: after the gradient, with its factor 1 / (1 + kappa).
    dimension : int
        Number N of inputs.

    Returns
    -------
    array (V, n)
        In the order of the rows of `Tasks.constants`.
    """
    N, moving, scale = dimension, task.moving, 1.0 + kappa if proximal else np.ones_like(kappa)
    keep = 1.0 - stage.weight_decay / N * moving - (0.0 if proximal else kappa)
    other = 0.0 if task.fidelity == 1.0 else 1.0 - task.fidelity**2  # variance that the teacher does not see
    numbers = [
        *(1.0 - stage.readout_decay / N, task.readout_rate / (N * stage.batch_size)),
        *(task.output_noise, np.sqrt(other + task.input_noise**2) if other else task.input_noise),
        *(np.sqrt(1.0 + task.input_noise**2), flip_quantile(task.label_flip)),
    ]
    last = [task.inner_rate / (N * stage.batch_size), 1.0 - stage.inner_decay / N, task.fidelity]
    path_rate = np.sqrt(task.learning_rate) / (N * stage.batch_size) * moving
    parts = [
        v[:, task.labels],
        keep / scale,
        task.learning_rate / (N * stage.batch_size) * moving / scale,
        np.broadcast_to(numbers, (len(v), len(numbers))),
        kappa / scale,
        np.broadcast_to(path_rate, kappa.shape),
        np.broadcast_to(last, (len(v), len(last))),
    ]
    return np.concatenate(parts, axis=1).T


def parts_of(tasks: Tasks, penalties: np.ndarray, spec: Spec) -> interventions.Parts:
    """Return the interventions of the present stages.

    Parameters
    ----------
    tasks : Tasks
        The tasks of all chains.
    penalties : array (C, K)
        The penalties of all chains.
    spec : Spec
        The spec of one of the chains.

    Returns
    -------
    Parts
    """
    rule = spec.training.consolidation
    return interventions.Parts(
        tasks=bool(np.any(tasks.count > 1)),
        in_turn=bool(np.any(tasks.turns[0])),
        fidelity=bool(np.any(tasks.constants[-1] != 1.0)),
        anchors=bool(penalties.any()),
        path=rule is not None and rule.kind == "path_integral",
        drift=any(spec.teachers.drift or ()),
        rotation=spec.teachers.rotation is not None,
    )
