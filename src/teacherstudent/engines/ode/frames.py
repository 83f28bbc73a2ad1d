"""The formulation of tasks whose covariances of the inputs do not commute.

While one task is trained the state is that of `kernels.ode.frames`, in the modes of this task; while tasks
are mixed, that of `kernels.ode.moments`.
"""

from typing import NamedTuple, Self

import numpy as np

from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.positions import (
    Position,
    position_of_modes,
    position_of_moments,
    rotated,
    state_of_modes,
    state_of_moments,
    without_loadings,
)
from teacherstudent.engines.ode.task_inputs import TaskInputs
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.engines.start import State
from teacherstudent.inputs.structured.setting import Setting, setting_of
from teacherstudent.kernels.ode.frames import Frames, Laws, Past, frame_layout, frames_of
from teacherstudent.kernels.ode.moments import JointLaws, Moments, moment_layout, moments_of
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.spec.model import Spec

# Columns are linearly dependent, and modes have no loadings, below this fraction of the largest length.
ROUNDING = 1e-10
# Value of `Joint.task` while several tasks are mixed.
MIXED = -1


class Frame(NamedTuple):
    """The joint space of the loadings of all tasks, and the modes of each task in it."""

    laws: JointLaws
    bases: tuple[np.ndarray, ...]  # (D', D') for each task: columns are its modes, first those with loadings
    omega: tuple[np.ndarray, ...]  # (G + 1,) for each task: eigenvalues of these, and that of the rest


class Joint(TaskInputs):
    """State of the modes of the active task, or of all second moments while tasks are mixed.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    frame : Frame
        The joint space and the modes of each task.
    v : (P, M) array
        Readouts of the teachers.
    position : Position
        Moments of the weights when the task became active, in its modes.
    task : int
        The active task, or MIXED.
    y : (n,) array
        State.
    """

    def __init__(self, spec: Spec, frame: Frame, v: np.ndarray, position: Position, task: int, y: np.ndarray):
        super().__init__(spec, y, frame.laws.T, v)
        self.frame, self.position, self.task = frame, position, task
        self._arrange()

    @classmethod
    def at_start(cls, origin: Origin, switches: int) -> Self:
        """Return the formulation with the initial networks of a run."""
        setting = setting_of(*origin)
        laws, position = start_in_frame(setting)
        return cls.of_weights(origin.spec, laws, position, setting.networks.h, setting.networks.v)

    @classmethod
    def of_weights(
        cls, spec: Spec, laws: JointLaws, position: Position, h: np.ndarray, v: np.ndarray
    ) -> Self:
        """Return the formulation with given networks.

        Parameters
        ----------
        spec : Spec
            Spec of the run.
        laws : JointLaws
            Laws of the inputs of all tasks.
        position : Position
            First layer of the student, in the joint space.
        h : (H, K) array
            Readouts of the student.
        v : (P, M) array
            Readouts of the teachers.

        Returns
        -------
        Joint
        """
        frame, task = frame_of(laws), spec.curriculum.order[0]
        position = rotated(position, frame.bases[task])
        form = cls(spec, frame, v, position, task, np.zeros(0))
        form.y = state_of_modes(form.layout, position, h)
        return form

    @classmethod
    def from_state(cls, origin: Origin, state: State) -> Self:
        """Return the formulation at the end of a stored run."""
        names = *LAWS, "teacher_overlaps", "teacher_readouts"
        *laws, T, v = (np.array(state[name]) for name in names)
        frame = frame_of(JointLaws(*laws, T, origin.spec.inputs.dimension))
        K = origin.spec.student.hidden
        return cls(origin.spec, frame, v, *_stored(state, K, "", "order_parameters"))

    def at_restart(self, state: State) -> Self:
        """Return the formulation at the restart point of the state that this one is from."""
        stored = _stored(state, self.spec.student.hidden, "integrator_", "integrator_y")
        return type(self)(self.spec, self.frame, self.v, *stored)

    @staticmethod
    def fits(spec: Spec, state: State) -> bool:
        """Return whether a state is one of this formulation with the sizes of a spec."""
        if any(name not in state for name in ("order_parameters", *STORED, *LAWS)):
            return False
        K, F, N = spec.student.hidden, spec.teachers.count * spec.teachers.hidden, spec.inputs.dimension
        n = min(N, spec.teachers.count * spec.inputs.latents)
        sizes = len(state["joint_outside"]), len(state["teacher_overlaps"])
        return sizes == (K * K, F) and len(state["joint_means"]) <= K * n

    def _arrange(self) -> None:
        """Set the layout of the state, and the laws in the modes of the active task."""
        K, H, n = self.spec.student.hidden, self.spec.heads, self.position.mu.shape[1]
        if self.task == MIXED:
            self.layout = moment_layout(K, n, H)
            return
        basis, omega = self.frame.bases[self.task], self.frame.omega[self.task]
        M = self.v.shape[1]
        own = slice(self.task * M, (self.task + 1) * M)
        self.layout = frame_layout(K, len(omega) - 1, H, self.position.S.shape[1] > 0)
        self.past = Past(*self.position, without_loadings(self.position, len(omega) - 1, self.frame.laws.N))
        with one_thread():
            covariance = np.stack([basis.T @ matrix @ basis for matrix in self.frame.laws.covariance])
            g = np.ascontiguousarray(self.frame.laws.g @ basis)
        T, outside = np.ascontiguousarray(self.T[own, own]), self.frame.laws.outside
        self.laws = Laws(covariance, outside, g, T, omega, self.frame.laws.N)

    def constants(self, stage: Stage, phase: Phase):
        """Return the constants of the equations in a stage; the state changes with the tasks.

        Parameters
        ----------
        stage : Stage
            The tasks with their rates and noises.
        phase : Phase
            The main task, and the threshold that ends the phase.

        Returns
        -------
        Constants or Several
        """
        one = self.is_of_one_task(stage, phase)
        self._change_to(stage.tasks[0].teacher if one else MIXED)
        return super().constants(stage, phase)

    def model(self, task: int, noise: float) -> Frames | Moments:
        """Return the covariance model in steps on a task, which is the active one unless tasks are mixed.

        Parameters
        ----------
        task : int
            Number of the task, counted from 0.
        noise : float
            Variance of the noise on the student's inputs.

        Returns
        -------
        Frames or Moments
        """
        own = self.v[task], task, self.spec.head_of(task), noise
        if self.task == MIXED:
            return moments_of(self.layout, self.frame.laws, *own)
        return frames_of(self.layout, self.past, self.laws, *own)

    def largest_eigenvalue(self) -> float:
        """Return the largest eigenvalue of the covariances of the inputs of all tasks."""
        return float(max(omega.max() for omega in self.frame.omega))

    def _change_to(self, task: int) -> None:
        """Change the state to that of another active task, or of all moments."""
        if task == self.task:
            return
        position, h = self._now(), self.readouts.copy()
        self.task = task
        if task == MIXED:
            self.position = position._replace(S=np.zeros((len(position.S), 0, 0)))
            self._arrange()
            self.y = state_of_moments(self.layout, position, h)
        else:
            self.position = rotated(position, self.frame.bases[task])
            self._arrange()
            self.y = state_of_modes(self.layout, self.position, h)

    def _now(self) -> Position:
        """Return the moments of the weights at present, in the joint space."""
        if self.task == MIXED:
            return position_of_moments(self.layout, self.y)
        position = position_of_modes(self.layout, self.past, self.frame.laws.N, self.y)
        return rotated(position, self.frame.bases[self.task].T)

    def between_switches(self) -> dict[str, np.ndarray]:
        """Return the active task, and the moments when it became active."""
        arrays = np.array(float(self.task)), *map(np.ravel, self.position)
        return dict(zip(STORED, arrays, strict=True))

    def state_arrays(self, switches: int) -> dict[str, np.ndarray]:
        """Return further arrays of a state."""
        return self.between_switches() | dict(zip(LAWS, self.frame.laws[:3], strict=True))


# Arrays of a state: the first ones of `JointLaws`; then what is constant between switches, the task and those
# of `Position`, each in one row, since runs in different phases have different moments.
LAWS = ("joint_covariances", "joint_variances", "joint_fields")
STORED = ("joint_task", "joint_means", "joint_moments", "joint_outside")


def _stored(state: State, K: int, prefix: str, y: str) -> tuple[Position, int, np.ndarray]:
    """Return position, task and state of the equations from a stored state."""
    task, mu, S, outside = (np.array(state[prefix + name]) for name in STORED)
    mu, pairs = mu.reshape(K, -1), K * (K + 1) // 2
    side = mu.shape[1] if S.size else 0
    position = Position(mu, S.reshape(pairs, side, side), outside.reshape(K, K))
    return position, int(task), np.array(state[y])


@one_thread()
def start_in_frame(setting: Setting) -> tuple[JointLaws, Position]:
    """Return the joint space of a setting, and the moments of its initial weights.

    Parameters
    ----------
    setting : Setting
        Networks and laws of a run; the rest of each covariance is a multiple of 1.

    Returns
    -------
    laws : JointLaws
    position : Position
        In the joint space.
    """
    from scipy.linalg import qr  # slow to import

    W, N = setting.networks.W, setting.networks.W.shape[1]
    # 1. An orthonormal basis of all loadings.
    columns, upper, _ = qr(np.hstack([law.loadings for law in setting.laws]), mode="economic", pivoting=True)
    lengths = np.abs(np.diag(upper))
    E = np.ascontiguousarray(columns[:, lengths > ROUNDING * lengths[0]])
    # 2. The laws in it.
    inside = [E.T @ law.loadings for law in setting.laws]
    outside = np.array([law.rest[0] for law in setting.laws])
    unit = np.eye(E.shape[1])
    covariance = np.stack([L @ L.T + rest * unit for L, rest in zip(inside, outside, strict=True)])
    g = np.concatenate([law.fields @ E for law in setting.laws])
    # 3. The weights.
    mu, pairs = W @ E, W.shape[0] * (W.shape[0] + 1) // 2
    rest = (W @ W.T - mu @ mu.T) / N
    position = Position(mu, np.zeros((pairs, 0, 0)), 0.5 * (rest + rest.T))
    return JointLaws(covariance, outside, g, setting.T, N), position


@one_thread()
def frame_of(laws: JointLaws) -> Frame:
    """Return the modes of each task in the joint space: eigenvectors, the largest eigenvalues first."""
    bases, omega = [], []
    for covariance, rest in zip(laws.covariance, laws.outside, strict=True):
        values, vectors = np.linalg.eigh(covariance - rest * np.eye(len(covariance)))
        values = values[::-1][values[::-1] > ROUNDING * values[-1]]
        bases.append(np.ascontiguousarray(vectors[:, ::-1]))
        omega.append(np.append(values + rest, rest))
    return Frame(laws, tuple(bases), tuple(omega))
