"""Motion of the teachers of chains: constants of drift and rotation."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.chain.networks import gram, keys_of
from teacherstudent.engines.start import Start, State
from teacherstudent.errors import RunError
from teacherstudent.kernels.chain import frames
from teacherstudent.kernels.chain.motion import Motion, place_teachers
from teacherstudent.kernels.compile.alignment import aligned, aligned_zeros
from teacherstudent.networks.randomness import Purpose
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at

# Relative squared length of what units do not have in common below which they have no plane.
NO_PLANE = 1e-12
# Difference of angles that is rounding.
SAME_ANGLE = 1e-7
# Normals after the coordinates of the noise, and the rest of their last block.
FURTHER_NORMALS = 4


def moved(
    specs: Sequence[Spec],
    shape: frames.Shape,
    B: np.ndarray,
    seed: int,
    runs: Sequence[int],
    starts: Sequence[Start],
    step: int,
) -> Motion:
    """Return the motion of the teachers of all chains, and move these to where they are at the start.

    Parameters
    ----------
    specs : sequence of Spec
        The spec of each chain; all have the same teachers that move.
    shape : Shape
        Sizes and activations.
    B : array (P M, s, C)
        Coordinates of the teachers without the rotation, / sqrt N; changed in place.
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of the run of each chain.
    starts : sequence of Start
        The start of each chain.
    step : int
        Number of the step at which the chains start.

    Returns
    -------
    Motion
    """
    turns = specs[0].teachers.rotation is not None
    motion = new_motion(specs, shape, aligned(B) if turns else B, seed, runs)
    if turns:
        for c, (spec, start) in enumerate(zip(specs, starts, strict=True)):
            set_rotation(motion, c, spec, step, start.state)
        place_teachers(motion, B, step)
    return motion


def new_motion(
    specs: Sequence[Spec], shape: frames.Shape, base: np.ndarray, seed: int, runs: Sequence[int]
) -> Motion:
    """Return the motion of the teachers of all chains, with drift and without a rotation.

    Parameters
    ----------
    specs : sequence of Spec
        The spec of each chain; all have the same teachers that move.
    shape : Shape
        Sizes and activations.
    base : array (P M, s, C)
        Coordinates of the teachers without the rotation, / sqrt N; not copied.
    seed : int
        Seed of all random numbers.
    runs : sequence of int
        Number of the run of each chain.

    Returns
    -------
    Motion
    """
    (PM, _, C), spec, N = base.shape, specs[0], shape.N
    M, K = spec.teachers.hidden, spec.student.hidden
    if any(spec.teachers.drift or ()):
        delta = np.repeat([one.teachers.drift for one in specs], M, axis=1).T / N
    else:
        delta = np.zeros((PM, C))
    drifting = np.flatnonzero(delta.any(axis=1))
    keep = 1.0 - delta[drifting]
    axes = shape.r + (shape.p + len(drifting)) * (shape.p > 0)
    return Motion(
        base=base,
        drifting=drifting,
        keep=aligned(keep),
        spread=aligned(np.sqrt((1.0 - keep**2) / N)),
        rows=aligned_zeros((PM + K * spec.has_anchors + K, axes, C)),
        noise=aligned_zeros((axes + FURTHER_NORMALS, C)),
        length=aligned_zeros((2, C)),
        **keys_of(seed, runs, Purpose.CHAIN_DRIFT)._asdict(),
        turning=np.zeros(2, dtype=np.int64),
        plane=aligned_zeros((2, M, C)),
        turn=aligned_zeros((3, C)),
    )


def set_rotation(motion: Motion, c: int, spec: Spec, step: int, state: State | None) -> None:
    """Set the rotation of one chain from its spec, or from the state from which it resumes.

    Parameters
    ----------
    motion : Motion
        Motion of the teachers of all chains, changed in place.
    c : int
        Number of the chain, counted from 0.
    spec : Spec
        Spec of its run, with a rotation.
    step : int
        Number of the step at which the chain starts; a rotation starts at this step at the earliest.
    state : State or None
        State from which the chain resumes.

    Raises
    ------
    RunError
        If two units have no plane, or if their angles differ and the rotation ends where they coincide.
    """
    rule, M, N = spec.teachers.rotation, spec.teachers.hidden, spec.inputs.dimension
    motion.turning[:] = rule.teacher * M, rule.towards * M
    begin = max(step, step_at(rule.start, N))
    stored = begin if state is None or "rotation" not in state else int(state["rotation"][-1])
    if state is not None and "rotation" in state and (stored < step or stored == begin):
        motion.plane[:, :, c], begin = state["rotation_plane"], stored
    else:
        motion.plane[:, :, c] = _plane(gram(motion.base[:, :, c : c + 1].copy())[0], *motion.turning, M)
    overlap, stretch = motion.plane[:, :, c]
    angles = np.arctan2(1.0 / stretch, overlap)
    if rule.until == "reached" and np.ptp(angles) > SAME_ANGLE:
        raise RunError(
            "teachers.rotation.until: reached needs one angle between all units of the teachers, but they "
            f"have angles from {angles.min():.6g} to {angles.max():.6g}; give a time"
        )
    if rule.until == "reached":
        steps = angles[0] / rule.rate * N
    else:
        steps = max(0, step_at(spec.duration if rule.until is None else rule.until, N) - begin)
    motion.turn[:, c] = rule.rate / N, begin, steps


def rotation_of(motion: Motion, c: int) -> dict[str, np.ndarray]:
    """Return the part of the state of a chain that its rotation needs."""
    angle, begin, _ = motion.turn[:, c]
    return {
        "rotation": np.array([*motion.turning, angle, begin]),
        "rotation_plane": motion.plane[:, :, c].copy(),
    }


def same_rotation(spec: Spec, state: State) -> bool:
    """Return whether a rotation under way in a state, if there is one, is that of a spec."""
    rule, M, N = spec.teachers.rotation, spec.teachers.hidden, spec.inputs.dimension
    if "rotation" not in state:
        return True
    given = state["rotation"][:3].tolist()
    return rule is not None and given == [rule.teacher * M, rule.towards * M, rule.rate / N]


def _plane(T: np.ndarray, row: int, other: int, M: int) -> np.ndarray:
    """Return the coefficients of the planes, (2, M), from the overlaps of all teachers."""
    found = np.empty((2, M))
    for m in range(M):
        T11, T12, T22 = T[row + m, row + m], T[row + m, other + m], T[other + m, other + m]
        free = T22 - T12**2 / T11 if T11 > 0.0 else 0.0
        if not free > NO_PLANE * T22:
            raise RunError(
                f"teachers.rotation: unit {m} of the two teachers has one direction, which gives no plane to "
                "turn in; use teachers that are not identical"
            )
        found[:, m] = T12 / T11, np.sqrt(T11 / free)
    return found
