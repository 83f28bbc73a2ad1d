"""Checks of teachers, deficits and learning rates that change in a run. Each error is one line."""

import math

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.interventions import Deficit, RatePiece, Rotation
from teacherstudent.spec.model import Spec, Teachers

# What a deficit can change, by the names of its keys.
CHANGES = ("input_noise", "output_noise", "frozen_units", "teacher")


def check_changes_in_time(spec: Spec) -> None:
    """Raise SpecError where moving teachers, deficits or schedules contradict other keys."""
    _check_moving_teachers(spec)
    for i, window in enumerate(spec.training.deficits or ()):
        _check_deficit(f"training.deficits[{i}]", window, spec)
        _check_overlaps(f"training.deficits[{i}]", window, spec.training.deficits[:i])
    for key in ("learning_rate", "readout_learning_rate"):
        _check_rates(f"training.{key}", getattr(spec.training, key), spec)


def _check_moving_teachers(spec: Spec) -> None:
    teachers, rotation = spec.teachers, spec.teachers.rotation
    P, N = teachers.count, spec.inputs.dimension
    if teachers.drift is not None:
        if len(teachers.drift) != P:
            raise SpecError(
                f"teachers.drift: {len(teachers.drift)} values for {P} teachers; give one per teacher"
            )
        if max(teachers.drift) > N:
            refuse("teachers.drift", max(teachers.drift), f"it can be at most inputs.dimension, {N}")
    if spec.inputs.samples is not None and spec.has_moving_teachers:
        key = "rotation" if rotation is not None else "drift"
        raise SpecError(f"teachers.{key}: the labels of a finite training set are fixed; remove one of them")
    if rotation is not None:
        _check_rotation(rotation, teachers)
        _check_window("teachers.rotation", rotation.start, rotation.until, spec.duration)


def _check_rotation(rotation: Rotation, teachers: Teachers) -> None:
    key = "teachers.rotation"
    for name in ("teacher", "towards"):
        if getattr(rotation, name) >= teachers.count:
            refuse(
                f"{key}.{name}",
                getattr(rotation, name),
                f"teachers are counted from 0 to {teachers.count - 1}",
            )
    if rotation.teacher == rotation.towards:
        refuse(f"{key}.towards", rotation.towards, "it must be another teacher")
    for p in (rotation.teacher, rotation.towards):
        if teachers.drift is not None and teachers.drift[p] > 0.0:
            raise SpecError(
                f"teachers.drift: teacher {p} cannot drift and be part of a rotation; set its drift to 0"
            )
    if teachers.features.relation == "identical":
        raise SpecError(f"{key}: identical teachers have no plane to turn in; change features.relation")
    if teachers.features.shared:
        raise SpecError(f"{key}: shared units have no plane to turn in; set features.shared to 0")
    similarity = teachers.features.similarity
    if isinstance(similarity, tuple):
        similarity = similarity[rotation.teacher][rotation.towards]
    if similarity is not None and abs(similarity) == 1.0:
        refuse("teachers.features.similarity", similarity, "teachers in a rotation need one between -1 and 1")


def _check_window(key: str, start: float, until: float | str | None, duration: float) -> None:
    """Check that a window of time starts inside the run. Its length can be 0, and its end after the run."""
    if start >= duration:
        refuse(f"{key}.start", start, f"it must be before the end of the run at {duration}")
    if isinstance(until, float) and until < start:
        refuse(f"{key}.until", until, f"it must not be before start, {start}")


def _check_deficit(key: str, window: Deficit, spec: Spec) -> None:
    P, K = spec.teachers.count, spec.student.hidden
    given = _changes(window)
    if not given:
        raise SpecError(f"{key}: changes nothing; give one of {', '.join(CHANGES)}")
    _check_window(key, window.start, window.until, spec.duration)
    if window.teacher is not None and window.teacher >= P:
        refuse(f"{key}.teacher", window.teacher, f"teachers are counted from 0 to {P - 1}")
    for unit in window.frozen_units or ():
        if unit >= K:
            refuse(f"{key}.frozen_units", unit, f"units are counted from 0 to {K - 1}")
    if spec.inputs.samples is not None and given != ["frozen_units"]:
        name = next(name for name in given if name != "frozen_units")
        raise SpecError(f"{key}.{name}: not available with a finite training set; use fresh inputs")


def _changes(window: Deficit) -> list[str]:
    """Return the names of the keys that a deficit changes."""
    return [name for name in CHANGES if getattr(window, name) is not None]


def _check_overlaps(key: str, window: Deficit, earlier: tuple[Deficit, ...]) -> None:
    for j, other in enumerate(earlier):
        both = [name for name in _changes(window) if name in _changes(other)]
        ends = [math.inf if end is None else end for end in (window.until, other.until)]
        if both and max(window.start, other.start) < min(ends):
            raise SpecError(f"{key}.{both[0]}: overlaps with deficits[{j}]; the windows must not overlap")


def _check_rates(key: str, rates: float | tuple, spec: Spec) -> None:
    items = rates if isinstance(rates, tuple) else (rates,)
    pieces = [item for item in items if isinstance(item, RatePiece)]
    if pieces and len(pieces) < len(items):
        raise SpecError(f"{key}: numbers and pieces of a schedule cannot be mixed; use one form")
    for value in [piece.value for piece in pieces] if pieces else [rates]:
        if isinstance(value, tuple) and len(value) != spec.teachers.count:
            raise SpecError(
                f"{key}: {len(value)} values for {spec.teachers.count} teachers; give one per teacher"
            )
    if pieces:
        check_ends(key, [piece.until for piece in pieces], spec.duration)


def check_ends(key: str, ends: list[float | None], duration: float) -> None:
    """Check that pieces of time follow each other and divide the whole run.

    Parameters
    ----------
    key : str
        The key of the list of pieces, for messages.
    ends : list of float or None
        The time until which each piece lasts; None for the end of the run.
    duration : float
        The length of the run.

    Raises
    ------
    SpecError
        If a time is missing before the last piece, is not larger than the one before, or is not inside the
        run; or if the last one is given and is not the end of the run.
    """
    *inner, last = ends
    for i, end in enumerate(inner):
        if end is None:
            raise SpecError(f"{key}[{i}].until: missing; only the last piece ends with the run")
        if i > 0 and end <= inner[i - 1]:
            refuse(f"{key}[{i}].until", end, f"it must be after the end of the piece before, {inner[i - 1]}")
        if end >= duration:
            refuse(f"{key}[{i}].until", end, f"it must be before the end of the run at {duration}")
    if last is not None and last != duration:
        refuse(
            f"{key}[{len(inner)}].until", last, f"the last piece must end with the run at {duration}; omit it"
        )
