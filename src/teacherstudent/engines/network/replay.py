"""Stored inputs of earlier tasks in a run of engine `network`, for `curriculum.replay.buffer`."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.network.tasks import order_of_tasks
from teacherstudent.engines.rates import Stage, Task
from teacherstudent.engines.start import State
from teacherstudent.errors import RunError
from teacherstudent.inputs.labelled_sets import activities
from teacherstudent.kernels.maths.philox import normal
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network.classes import class_of
from teacherstudent.kernels.network.constants import INPUT, INPUT_NOISE, LABEL_NOISE, STREAMS
from teacherstudent.kernels.network.passes import passes_through
from teacherstudent.kernels.network.tasks import Stored, find_tasks
from teacherstudent.networks.activations import code_of
from teacherstudent.spec.model import Spec

STEPS = 65536  # whose tasks are found in one call


class ReplayBuffers:
    """The last inputs of each earlier task before the switch from it, with their labels.

    They are drawn again at the switch: random numbers depend only on the number of the step.

    Parameters
    ----------
    spec : Spec
        Spec of the run, with `curriculum.replay.buffer`.
    networks : InMemory
        Networks that are trained, in the layout `ByUnit`.
    state : mapping of str to ndarray
        The state from which the run resumes, empty for a new run.
    """

    def __init__(self, spec: Spec, networks, state: State):
        self.spec, self.networks = spec, networks
        self.count = spec.curriculum.replay.buffer
        P, n, N = spec.teachers.count, networks.V.shape[2], spec.inputs.dimension
        self.X = np.zeros((P, self.count, n), networks.V.dtype)
        self.labels = np.zeros((P, self.count))
        self.sizes = np.array(state.get("replay_counts", np.zeros(P, np.int64)))
        if "replay_inputs" in state:
            self.X[..., :N], self.labels[:] = state["replay_inputs"], state["replay_labels"]

    def store(self, teacher: int, stages: Sequence[Stage], steps: Sequence[int], task_key, key) -> None:
        """Store the last inputs on a task.

        Parameters
        ----------
        teacher : int
            Number of the task.
        stages : sequence of Stage
            The stages since the last switch, in order.
        steps : sequence of int
            The first step of each stage, and the present step.
        task_key, key : tuple of uint32
            Keys of the random numbers of tasks and of inputs.
        """
        spec, batch = self.spec, self.spec.training.batch_size
        found = _last_steps(teacher, stages, steps, task_key, -(-self.count // batch), spec.inputs.dimension)
        rows = [(step, b, task) for step, task in found for b in range(batch)][-self.count :]
        self.sizes[teacher] = len(rows)
        for i, (step, b, task) in enumerate(rows):
            x, stream = self.X[teacher, i], STREAMS * b
            fill_single_normals(x[: spec.inputs.dimension], *key, step, stream + INPUT)
            self.labels[teacher, i] = self._label(task, x)
            if task.output_noise > 0.0:
                self.labels[teacher, i] += task.output_noise * normal(*key, step, stream + LABEL_NOISE)
            if spec.teachers.labels is not None:
                own = self.labels[teacher, i], task.label_flip, *key, step, stream + LABEL_NOISE
                self.labels[teacher, i] = class_of(*own)
            if task.input_noise > 0.0:
                noise = np.zeros_like(x)
                fill_single_normals(noise[: spec.inputs.dimension], *key, step, stream + INPUT_NOISE)
                x += x.dtype.type(task.input_noise) * noise

    def _label(self, task: Task, x: np.ndarray) -> float:
        """Return the output of the teacher of a task."""
        V, v = self.networks.V[task.labels], self.networks.v[task.labels]
        code, N = code_of(self.spec.teachers), self.spec.inputs.dimension
        return float(np.einsum("m,m->", v, activities(code, V, x[None], N)[0]))

    def stored(self, tasks: Sequence[Task], teacher: int) -> Stored:
        """Return the stored inputs of tasks; those of the present teacher are fresh.

        Raises RunError if there are no stored inputs of another task.
        """
        P, count, n = self.X.shape
        rows = np.zeros((len(tasks), 2), np.int64)
        for row, task in zip(rows, tasks, strict=True):
            if task.teacher != teacher:
                row[:] = task.teacher * count, self.sizes[task.teacher]
                if not row[1]:
                    raise RunError(
                        f"curriculum.replay.buffer: there is no stored input of teacher {task.teacher}; "
                        "train on it for some steps, or remove buffer"
                    )
        labels = np.tile(self.labels.ravel(), (len(tasks), 1))
        return Stored(self.X.reshape(P * count, n), labels, rows, False, passes_through(0))

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays of a state."""
        N = self.spec.inputs.dimension
        arrays = {"replay_inputs": self.X[..., :N], "replay_labels": self.labels}
        return {name: array.copy() for name, array in (arrays | {"replay_counts": self.sizes}).items()}


def _last_steps(teacher, stages, steps, key, count, N) -> list[tuple[int, Task]]:
    """Return the last `count` steps on a task with the task as it was trained, in order."""
    found: list[tuple[int, Task]] = []
    for stage, begin, end in reversed(list(zip(stages, steps, steps[1:], strict=False))):
        ends, turns = order_of_tasks(stage, N)
        while end > begin and len(found) < count:
            numbers = np.zeros(min(STEPS, end - begin), np.int64)
            find_tasks(numbers, ends, turns, *key, end - len(numbers))
            own = [a for a, task in enumerate(stage.tasks) if task.teacher == teacher]
            hits = np.flatnonzero(np.isin(numbers, own))[::-1][: count - len(found)]
            found += [(int(end - len(numbers) + hit), stage.tasks[numbers[hit]]) for hit in hits]
            end -= len(numbers)
    return found[::-1]
