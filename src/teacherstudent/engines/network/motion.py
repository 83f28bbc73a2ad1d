"""Teachers that move in a run of engine `network`."""

import math

import numpy as np

from teacherstudent.engines.start import State
from teacherstudent.errors import RunError
from teacherstudent.kernels.network.motion import Motion
from teacherstudent.networks.sampling import overlap
from teacherstudent.spec.model import Spec

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

    Attributes
    ----------
    angle : float
        Angle between the teacher that turns and the other one; infinite where none turns.
    overlaps : array (P M, P M)
        Overlaps of the units of all teachers at time 0.

    Raises
    ------
    RunError
        If a teacher turns and has no plane in which it can turn, or no common angle to the other one.
    """

    def __init__(self, spec: Spec, teachers: np.ndarray, state: State):
        self.spec, self.angle, PM = spec, math.inf, teachers.shape[0] * teachers.shape[1]
        self.lengths = np.sqrt(np.einsum("pmn,pmn->pm", teachers, teachers))
        self.lengths = np.array(state.get("teacher_lengths", self.lengths))
        flat = teachers.reshape(PM, -1)
        self.overlaps = np.array(state.get("teacher_overlaps", overlap(flat, flat))).reshape(PM, PM)
        self.plane = np.zeros((2, 0, teachers.shape[2]))
        if spec.teachers.rotation is not None:
            self.plane, self.angle = self._plane(teachers, state)

    def _plane(self, teachers: np.ndarray, state: State) -> tuple[np.ndarray, float]:
        """Return the units at angle 0 and at a right angle, (2, M, N), and the angle at which they stop."""
        rotation = self.spec.teachers.rotation
        plane = np.array(state.get("teacher_plane", teachers[[rotation.teacher, rotation.towards]]))
        one, other = plane
        if "teacher_plane" not in state:
            other = teachers[rotation.towards]
            lengths = np.sqrt(np.einsum("mn,mn->m", one, one))[:, None]
            along = np.einsum("mn,mn->m", one, other)[:, None] / lengths**2
            rest = other - along * one
            size = np.sqrt(np.einsum("mn,mn->m", rest, rest))[:, None]
            angles = np.arctan2(size, along * lengths).ravel()
            if (np.sin(angles) < PARALLEL).any():
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
        rotation, N = self.spec.teachers.rotation, self.spec.inputs.dimension
        plane = np.zeros((*self.plane.shape[:2], networks.V.shape[2]))
        plane[..., :N] = self.plane
        return Motion(
            drift=drift,
            lengths=self.lengths,
            turning=rotation.teacher if rate > 0.0 else -1,
            plane=plane,
            rate=rate,
            first=0 if rotation is None else round(rotation.start * N),
            largest=self.angle,
        )

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays of a state."""
        arrays = {"teacher_lengths": self.lengths.copy(), "teacher_overlaps": self.overlaps.ravel().copy()}
        if self.spec.teachers.rotation is not None:
            arrays |= {"teacher_plane": self.plane.copy(), "teacher_angles": self.angles.copy()}
        return arrays
