"""The task of a step, where chains are trained on several tasks at a time.

Each chain draws its own task in each step, or takes its tasks in turn. The constants, the teacher and the
head of the task are copied to where a step reads them.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.columns import copy
from teacherstudent.kernels.compile.flags import by_column
from teacherstudent.kernels.maths.philox import LOW_BITS, UNIT_53, random_bits

STREAM = 0  # of the random numbers


class Tasks(NamedTuple):
    """The tasks of all chains; each chain has its own ones, up to n of them."""

    constants: np.ndarray  # (V, n, C) rows of constants of each task, in the order of `now`
    labels: np.ndarray  # (n, C) int64, teacher that labels the inputs of each task
    heads: np.ndarray  # (n, C) int64, head that each task trains
    limits: np.ndarray  # (n, C) sums of the probabilities of the tasks up to each; 2 for the last one
    count: np.ndarray  # (C,) int64, number of tasks
    turns: np.ndarray  # (3, C) int64, steps on the first task and on others in turn, first step; 0: at random
    main: np.ndarray  # (C,) int64, head of the main task
    differing: np.ndarray  # (V,) int64, the rows in which tasks of a chain differ; -1 after the last one
    now: np.ndarray  # (V, C) constants of the task of the present step
    label: np.ndarray  # (C,) int64, its teacher
    head: np.ndarray  # (C,) int64, its head
    choice: np.ndarray  # (C,) int64, its number among the tasks
    uniform: np.ndarray  # (C,) random numbers between 0 and 1
    h: np.ndarray  # (H, K, C) all heads
    key0: np.ndarray  # (C,) uint64, first word of the key
    key1: np.ndarray  # (C,) uint64, second word


@by_column
def choose_tasks(tasks, in_turn, step):
    """Choose the task of a step for each chain, and copy its constants.

    Parameters
    ----------
    tasks : Tasks
        The tasks of all chains; `choice`, `now`, `label` and `head` are changed.
    in_turn : bool
        Whether a chain takes its tasks in turn.
    step : int
        Number of the step.
    """
    _draw(tasks.uniform, tasks.choice, tasks.key0, tasks.key1, step)
    for limit in tasks.limits[:-1]:
        _pass(tasks.choice, tasks.uniform, limit)
    if in_turn:
        _take_turns(tasks.choice, tasks.turns[0], tasks.turns[1], tasks.turns[2], tasks.count, step)
    for row in tasks.differing:
        if row >= 0:
            select(tasks.now[row], tasks.constants[row], tasks.choice)
    select(tasks.label, tasks.labels, tasks.choice)
    select(tasks.head, tasks.heads, tasks.choice)


@by_column
def load_teacher(tasks, B, all_B):
    """Copy the coordinates of the teacher that labels the inputs of the step.

    Parameters
    ----------
    tasks : Tasks
        The tasks, with the choice of the step.
    B : array (M, r, C)
        Receives the coordinates.
    all_B : array (P M, r, C)
        Coordinates of all teachers.
    """
    M = len(B)
    for m in range(M):
        for i in range(B.shape[1]):
            if len(all_B) == M:
                copy(B[m, i], all_B[m, i])
            else:
                _choose(B[m, i], all_B[m, i], all_B[M + m, i], tasks.label)
            for p in range(2, len(all_B) // M):
                _put(B[m, i], all_B[p * M + m, i], tasks.label, p)


@by_column
def load_head(tasks, h, head):
    """Copy one head of each chain.

    Parameters
    ----------
    tasks : Tasks
        The tasks, with all heads.
    h : array (K, C)
        Receives the heads.
    head : array (C,) of int64
        Number of the head of each chain.
    """
    for k in range(len(h)):
        if len(tasks.h) == 1:
            copy(h[k], tasks.h[0, k])
        else:
            _choose(h[k], tasks.h[0, k], tasks.h[1, k], head)
        for i in range(2, len(tasks.h)):
            _put(h[k], tasks.h[i, k], head, i)


@by_column
def store_head(tasks, h):
    """Copy h (K, C), trained in the step, to the heads of all tasks."""
    for head in range(len(tasks.h)):
        for k in range(len(h)):
            _put(tasks.h[head, k], h[k], tasks.head, head)


@by_column
def select(out, table, choice):
    """Compute out[c] = table[choice[c], c].

    Parameters
    ----------
    out : array (C,)
        Receives the values.
    table : array (n, C)
        The values to choose from.
    choice : array (C,) of int64
        Row of each column.
    """
    if len(table) == 1:
        copy(out, table[0])
    else:
        _choose(out, table[0], table[1], choice)
    for i in range(2, len(table)):
        _put(out, table[i], choice, i)


@by_column
def _choose(out, first, second, choice):
    """Set out to the first values, or to the second ones in the columns whose choice is 1."""
    for c in range(len(out)):
        out[c] = second[c] if choice[c] == 1 else first[c]


@by_column
def _put(out, values, choice, i):
    """Set out to the values in the columns whose choice is i."""
    for c in range(len(out)):
        out[c] = values[c] if choice[c] == i else out[c]


@by_column
def _draw(uniform, choice, key0, key1, step):
    """Draw uniform random numbers, and set the choice to the first task."""
    for c in range(len(uniform)):
        bits, _ = random_bits(0, key0[c], key1[c], step, STREAM)
        uniform[c] = np.float64(bits >> LOW_BITS) * UNIT_53
        choice[c] = 0


@by_column
def _pass(choice, uniform, limit):
    """Move on to the next task where the random number is not below the limit."""
    for c in range(len(choice)):
        choice[c] += 1 if uniform[c] >= limit[c] else 0


@by_column
def _take_turns(choice, new, old, origin, count, step):
    """Choose by the number of the step: blocks on the first task and on one of the others, in turn."""
    for c in range(len(choice)):
        if new[c] > 0:
            turn, index = divmod(step - origin[c], new[c] + old[c])
            choice[c] = 0 if index < new[c] else 1 + turn % (count[c] - 1)
