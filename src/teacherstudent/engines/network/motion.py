"""Teachers that move in a run of engine `network`."""

import math

import numpy as np

from teacherstudent.engines.start import State
from teacherstudent.errors import RunError
from teacherstudent.kernels.network.motion import Motion
from teacherstudent.networks.sampling import overlap
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

# Sine of an angle below which two units have no plane, and largest difference between angles of units.
PARALLEL, EQUAL = 1e-9, 1e-6


class MovingTeachers:
    """What determines the motion of the teachers of a run.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    teachers : array (P, M, N)
        First layers of the teachers at the start.
    state : mapping of str to ndarray
        The state from which the run resumes, empty for a new run.
    step : int
        Number of the step at which the run starts.

    Attributes
    ----------
    angle : float
        Angle between the teacher that turns and the other one; infinite where none turns.
    first : int
        Step at which a teacher starts to turn: a rotation that the state does not have starts now at the
        earliest.
    overlaps : array (P M, P M)
        Overlaps of the units of all teachers at time 0.

    Raises
    ------
    RunError
        If a teacher turns and has no plane in which it can turn, or no common angle to the other one.
    """

    def __init__(self, spec: Spec, teachers: np.ndarray, state: State, step: int = 0):
        self.spec, self.angle, PM = spec, math.inf, teachers.shape[0] * teachers.shape[1]
        self.lengths = np.sqrt(np.einsum("pmn,pmn->pm", teachers, teachers))
        self.lengths = np.array(state.get("teacher_lengths", self.lengths))
        flat = teachers.reshape(PM, -1)
        self.overlaps = np.array(state.get("teacher_overlaps", overlap(flat, flat))).reshape(PM, PM)
        self.plane, self.first = np.zeros((2, 0, teachers.shape[2])), 0
        if spec.teachers.rotation is not None:
            stored = self._stored_first(state, step)
            self.first = max(step, self._start) if stored is None else stored
            self.plane, self.angle = self._plane(teachers, {} if stored is None else state)

    @property
    def _start(self) -> int:
        """Step at which a rotation starts according to the spec."""
        return step_at(self.spec.teachers.rotation.start, self.spec.inputs.dimension)

    @property
    def _rotation(self) -> list[float]:
        """First units of the teacher that turns and of the other one, and the angle of a step."""
        rotation, M = self.spec.teachers.rotation, self.spec.teachers.hidden
        return [rotation.teacher * M, rotation.towards * M, rotation.rate / self.spec.inputs.dimension]

    def _stored_first(self, state: State, step: int) -> int | None:
        """Return the first step of the rotation of a state; None where it is not the one of the spec."""
        if "rotation" not in state or state["rotation"][:3].tolist() != self._rotation:
            return None
        first = int(state["rotation"][3])
        return first if first < step or first == self._start else None

    @property
    def angle_from_start(self) -> float:
        """Angle at which a teacher stops that has turned since the start of the rotation in the spec."""
        if self.first <= self._start:
            return self.angle
        rotation, N = self.spec.teachers.rotation, self.spec.inputs.dimension
        return self.angle + rotation.rate * (self.first / N - rotation.start)

    def _plane(self, teachers: np.ndarray, state: State) -> tuple[np.ndarray, float]:
        """Return the units at angle 0 and at a right angle, (2, M, N), and the angle at which they stop."""
        rotation = self.spec.teachers.rotation
        plane = np.array(state.get("teacher_plane", teachers[[rotation.teacher, rotation.towards]]))
        one, other = plane
        if "teacher_plane" not in state:
            other = teachers[rotation.towards]
            lengths = np.sqrt(np.einsum("mn,mn->m", one, one))[:, None]
            with np.errstate(invalid="ignore"):  # a unit without length has no plane either
                along = np.einsum("mn,mn->m", one, other)[:, None] / lengths**2
            rest = other - along * one
            size = np.sqrt(np.einsum("mn,mn->m", rest, rest))[:, None]
            angles = np.arctan2(size, along * lengths).ravel()
            if not (np.sin(angles) >= PARALLEL).all():
                raise RunError(
                    f"teachers.rotation: a unit of teacher {rotation.teacher} is parallel to that of teacher "
                    f"{rotation.towards}; use teachers that differ"
                )
            plane = np.stack([one, rest * (lengths / size)])
        else:
            angles = np.asarray(state["teacher_angles"])
        self.angles = angles
        if rotation.until != "reached":
            return plane, math.inf
        if np.ptp(angles) > EQUAL:
            raise RunError(
                "teachers.rotation.until: reached needs one angle between all units, which are "
                f"{', '.join(f'{angle:.6g}' for angle in angles)}; give a time"
            )
        return plane, float(angles.mean())

    def in_stage(self, networks, drift: np.ndarray, rate: float) -> Motion:
        """Return the motion in a stage.

        Parameters
        ----------
        networks : InMemory
            Networks that are trained, in the layout `ByUnit`.
        drift : array (P,)
            Rates of drift.
        rate : float
            Angle per unit of time of the teacher that turns; 0 where none turns.

        Returns
        -------
        Motion
        """
        rotation, (*shape, columns) = self.spec.teachers.rotation, self.plane.shape
        plane = np.zeros((*shape, networks.V.shape[2]))
        plane[..., :columns] = self.plane
        return Motion(
            drift=drift,
            lengths=self.lengths,
            turning=rotation.teacher if rate > 0.0 else -1,
            plane=plane,
            rate=rate,
            first=self.first,
            largest=self.angle,
        )

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays of a state."""
        arrays = {"teacher_lengths": self.lengths.copy(), "teacher_overlaps": self.overlaps.ravel().copy()}
        if self.spec.teachers.rotation is not None:
            arrays["rotation"] = np.array([*self._rotation, self.first])
            arrays |= {"teacher_plane": self.plane.copy(), "teacher_angles": self.angles.copy()}
        return arrays
