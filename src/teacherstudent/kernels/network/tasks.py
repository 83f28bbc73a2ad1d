"""The tasks of a stage of a run, one of which is trained in each step: at random, or in turn."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import entry, exact
from teacherstudent.kernels.maths.philox import LOW_BITS, UNIT_53, random_bits
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.kernels.network.law import with_parameters
from teacherstudent.kernels.network.passes import Passes

FIRST, OTHERS, ORIGIN = range(3)  # entries of `Tasks.turns`
BEGIN, COUNT = range(2)  # columns of `Stored.rows`


class Tasks(NamedTuple):
    """What differs between the A tasks of a stage, with the P teachers. Rates as in `StepConstants`."""

    ends: np.ndarray  # (A,) sums of the probabilities of the first tasks; the last one is 1
    turns: np.ndarray  # (3,) int64: steps on the first task and on the others, first step; 0, 0, 0: at random
    labels: np.ndarray  # (A,) int64, the teacher that labels the inputs
    heads: np.ndarray  # (A,) int64
    moving: np.ndarray  # (A, K)
    eta: np.ndarray  # (A,)
    eta_h: np.ndarray  # (A,)
    eta_u: np.ndarray  # (A,)
    input_noise: np.ndarray  # (A,)
    fidelity: np.ndarray  # (A,) correlation of the inputs of student and teacher
    laws: np.ndarray  # (A, parameters) parameters of the law of one step
    V: np.ndarray  # (P, M, n) first layers of the teachers, as `by_unit.padded` makes them
    v: np.ndarray  # (P, M) readouts of the teachers


class Stored(NamedTuple):
    """Stored inputs of tasks, in one array."""

    X: np.ndarray  # (samples, n) inputs as the student sees them, padded like the weights
    labels: np.ndarray  # (A, samples) labels of each task, noise included
    rows: np.ndarray  # (A, 2) int64: first row and number of rows of each task; no rows: fresh inputs
    distinct: bool  # whether the samples of a batch differ from each other
    passes: Passes  # if not empty, passes through all samples replace independent choices


@exact
def task_of(ends, turns, key0, key1, step):
    """Return the task of a step, counted from 0.

    Parameters
    ----------
    ends, turns : arrays
        As in `Tasks`.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`; stream 0 of the step is used.
    step : int
        Number of the step, counted from the start of the run.

    Returns
    -------
    int
    """
    others = len(ends) - 1
    if others == 0:
        return 0
    if turns[OTHERS] > 0:
        length = turns[FIRST] + turns[OTHERS]
        passed = step - turns[ORIGIN]
        return 0 if passed % length < turns[FIRST] else 1 + passed // length % others
    bits, _ = random_bits(0, key0, key1, step, 0)
    uniform, task = UNIT_53 * np.float64(bits >> LOW_BITS), 0
    while task < others and uniform >= ends[task]:
        task += 1
    return task


@entry
def find_tasks(found, ends, turns, key0, key1, first):
    """Find the tasks of consecutive steps.

    Parameters
    ----------
    found : array (steps,) of int64
        Receives the tasks.
    ends, turns : arrays
        As in `Tasks`.
    key0, key1 : uint32
        Key of the random numbers, as for `task_of`.
    first : int
        Number of the first step, counted from the start of the run.
    """
    for i in range(len(found)):
        found[i] = task_of(ends, turns, key0, key1, first + i)


@exact  # not an `inner` function: its result has arrays, whose references must be counted
def constants_of(p, tasks, a):
    """Return the constants of a step on a task.

    Parameters
    ----------
    p : StepConstants
        Constants of the stage, which are used where the tasks do not differ.
    tasks : Tasks
        The tasks.
    a : int
        The task.

    Returns
    -------
    StepConstants
    """
    teacher = tasks.labels[a]
    return StepConstants(
        p.N,
        with_parameters(p.law, tasks.laws[a]),
        p.student,
        p.teacher,
        tasks.V[teacher],
        tasks.v[teacher],
        tasks.heads[a],
        tasks.moving[a],
        tasks.eta[a],
        tasks.eta_h[a],
        p.decay,
        p.decay_h,
        tasks.input_noise[a],
        p.batch,
        tasks.eta_u[a],
        p.decay_u,
    )
