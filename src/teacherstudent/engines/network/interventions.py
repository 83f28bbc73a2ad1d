"""What a run of engine `network` needs beyond gradient descent on one task, where its spec asks for it."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.network.anchors import Anchors
from teacherstudent.engines.network.checks import needs_stages
from teacherstudent.engines.network.motion import MovingTeachers
from teacherstudent.engines.network.replay import ReplayBuffers
from teacherstudent.engines.network.tasks import Job, as_tasks, constants_of, keys_of
from teacherstudent.engines.rates import Stage, Task
from teacherstudent.engines.start import State
from teacherstudent.engines.trajectory import stored_T
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.inputs.source import Source
from teacherstudent.kernels.network import by_unit
from teacherstudent.kernels.network.importances import add_fisher
from teacherstudent.kernels.network.passes import passes_through
from teacherstudent.kernels.network.tasks import Stored
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.spec.model import Spec

# Number of multiply-adds that take as long as to draw one normal number.
WORK_PER_NORMAL = 8


class Interventions:
    """Anchors, moving teachers and stored inputs of a run; attributes without use are None.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : InMemory
        Networks that are trained.
    source : Source
        Source of their inputs.
    seed, run : int
        Seed of all random numbers, and number of the run.
    state : mapping of str to ndarray
        The state from which the run resumes, empty for a new run.
    switches : int
        The number of switches up to the start.
    step : int
        The number of the step at which the run starts.
    """

    def __init__(
        self,
        spec: Spec,
        networks,
        source: Source,
        seed: int,
        run: int,
        state: State,
        switches: int,
        step: int,
    ):
        self.spec, self.networks, self.source, self.names = spec, networks, source, (seed, run)
        self.has_stages, replay = needs_stages(spec), spec.curriculum.replay
        self.anchors = self.teachers = self.buffers = None
        if spec.has_anchors or self.has_stages:
            self.anchors = Anchors(spec, networks, state, switches)
        if self.has_stages:
            self.keys = keys_of(seed, run, source.key, source.choice_key or self._key(Purpose.REPLAY))
            self.teachers = MovingTeachers(spec, networks.teachers, state, step)
        if replay is not None and replay.buffer is not None:
            self.buffers = ReplayBuffers(spec, networks, state)

    def _key(self, purpose: Purpose):
        """Return the key of a purpose."""
        return counter_key(*self.names, purpose)

    @property
    def angle(self) -> float:
        """Angle at which a teacher that turns stops."""
        return np.inf if self.spec.teachers.rotation is None else self.teachers.angle_from_start

    def job(self, stage: Stage, teacher: int) -> Job | None:
        """Return a stage in the form of the kernel, None where gradient descent on one task is enough.

        Parameters
        ----------
        stage : Stage
            The stage.
        teacher : int
            The main task of its phase.
        """
        if not self.has_stages or not self._changes(stage, teacher):
            return None
        rates = np.array([task.learning_rate * task.moving for task in stage.tasks])
        self.anchors.check_rate(rates)
        constants = [constants_of(self.networks, self.spec, stage, task) for task in stage.tasks]
        return Job(
            constants=constants[0],
            tasks=as_tasks(stage, constants, self.networks, self.spec.inputs.dimension),
            stored=self._stored(stage.tasks, teacher),
            pulls=self.anchors.pulls(self.networks.W),
            motion=self.teachers.in_stage(self.networks, stage.drift, stage.rotation),
            keys=self.keys,
        )

    def _changes(self, stage: Stage, teacher: int) -> bool:
        """Return whether a stage has more than gradient descent on one task."""
        task, *others = stage.tasks
        of_tasks = others or task.fidelity < 1.0 or (self.buffers is not None and task.teacher != teacher)
        of_weights = self.anchors.integrates or self.anchors.penalties.any() or self.spec.training.l1
        return bool(of_tasks or of_weights or stage.drift.any() or stage.rotation)

    def _stored(self, tasks: Sequence[Task], teacher: int) -> Stored:
        """Return the stored inputs of tasks."""
        if self.buffers is not None:
            return self.buffers.stored(tasks, teacher)
        found = self.source.stored([task.labels for task in tasks])
        return no_samples(len(tasks), self.networks.W) if found is None else found

    def train(self, job: Job, first: int, steps: int) -> int:
        """Train in a stage.

        Parameters
        ----------
        job : Job
            The stage in the form of the kernel.
        first, steps : int
            Number of the first step, counted from the start of the run, and number of steps.

        Returns
        -------
        int
            The number of steps done; it is smaller than `steps` if an error was not finite.
        """
        if self.spec.inputs.is_structured:
            return self.source.train_tasks(self.networks, job.constants, job.tasks, first, steps)
        done = job.train(self.networks, first, steps)
        if job.motion.turning >= 0 or job.motion.drift.any():
            self.networks.read_teachers()
        return done

    def fisher(self, stage: Stage, task: Task, switch: int) -> np.ndarray:
        """Return the Fisher information of a task times N.

        It is a mean over fresh inputs without noise, or over the samples of a finite training set.

        Parameters
        ----------
        stage : Stage
            Last stage before the switch.
        task : Task
            The task.
        switch : int
            Number of the switch, counted from 0.

        Returns
        -------
        array (K, 1) or (K, N)
            For each unit or weight; nan where an error is not finite.
        """
        spec, networks, block = self.spec, self.networks, self.spec.training.consolidation
        task = task._replace(output_noise=0.0, input_noise=0.0, moving=np.ones_like(task.moving))
        task = task._replace(learning_rate=1.0, readout_rate=0.0, label_flip=0.0)
        stage = stage._replace(batch_size=1, weight_decay=0.0, readout_decay=0.0)
        constants = constants_of(networks, spec, stage, task)
        W, h = networks.W, networks.h[task.head].copy()
        stored = self.source.stored([task.labels]) or no_samples(1, W)
        count = len(stored.X) or block.fisher_samples
        sums = np.zeros(W.shape if block.importances == "weights" else (len(W), 1))
        buffers = by_unit.new_buffers(len(W), networks.V.shape[1], 1, W)
        own = h, constants, stored.X, stored.labels[0], buffers, np.zeros(1, np.int64)
        for part in in_pieces(count, W.size + WORK_PER_NORMAL * W.shape[1]):
            numbers = *self._key(Purpose.FISHER), switch, part.start, part.stop - part.start
            if not add_fisher(sums, W, *own, *numbers):
                return np.full((len(W), 1), np.nan)
        return sums[:, : spec.inputs.dimension] / count

    def observe(self, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return the quantities to record at the present step, by name."""
        found = {"teacher_overlaps_in_time": stored_T(now.T, self.spec.teachers.count)}
        return found | (self.anchors.observe(self.networks.student()) if self.spec.has_anchors else {})

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays of a state."""
        arrays = self.anchors.state() if self.anchors is not None else {}
        arrays |= self.teachers.state() if self.spec.has_moving_teachers else {}
        return arrays | (self.buffers.state() if self.buffers is not None else {})


def no_samples(tasks: int, W: np.ndarray) -> Stored:
    """Return stored inputs of no task.

    Parameters
    ----------
    tasks : int
        Number of tasks.
    W : array (K, n)
        Padded weights, which determine the length and the precision of inputs.
    """
    nothing = np.zeros((tasks, 0)), np.zeros((tasks, 2), np.int64)
    return Stored(np.zeros((0, W.shape[1]), W.dtype), *nothing, False, passes_through(0))
