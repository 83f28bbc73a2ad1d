"""Checks that involve several keys of a spec. Each error is one line."""

import numpy as np

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import check_inputs
from teacherstudent.spec.rules_interventions import check_interventions
from teacherstudent.spec.rules_laws import check_laws
from teacherstudent.spec.rules_networks import check_networks
from teacherstudent.spec.rules_structured import check_structure

# Symmetry and positivity of given overlaps are checked to this precision, relative to their largest entry.
OVERLAP_PRECISION = 1e-6
# More switches than this are assumed to be a mistake.
MAX_SWITCHES = 1_000_000
# Limits of what can be counted and stored.
MAX_UNITS = 100_000
MAX_STEPS = 2**53


def check_spec(spec: Spec) -> None:
    """Raise SpecError where the keys of a spec contradict each other."""
    _check_sizes(spec)
    check_structure(spec)  # before the networks: it determines the number of inputs of the teachers
    check_networks(spec)
    check_inputs(spec)
    check_laws(spec)
    _check_lists_per_teacher(spec)
    check_interventions(spec)  # before the curriculum: the order follows from a mixture
    _check_curriculum(spec)
    _check_record(spec)
    if spec.initial_overlaps is not None:
        _check_overlaps(spec)


def _check_sizes(spec: Spec) -> None:
    units = spec.student.hidden + spec.teachers.count * spec.teachers.hidden
    if units > MAX_UNITS:
        raise SpecError(
            f"student.hidden, teachers.hidden: {units} units in total; at most {MAX_UNITS} are possible"
        )
    if spec.duration * spec.inputs.dimension > MAX_STEPS:
        raise SpecError(
            f"duration: {spec.duration} times inputs.dimension is more than {MAX_STEPS} steps; reduce one"
        )


def _check_lists_per_teacher(spec: Spec) -> None:
    lists = {
        "teachers.output_noise": spec.teachers.output_noise,
        "teachers.input_noise": spec.teachers.input_noise,
        "training.frozen_units": spec.training.frozen_units,
    }
    if spec.teachers.label_flips is not None:
        lists["teachers.label_flips"] = spec.teachers.label_flips
    for key, values in lists.items():
        if len(values) != spec.teachers.count:
            raise SpecError(
                f"{key}: {len(values)} values for {spec.teachers.count} teachers; give one per teacher"
            )
    for unit in (unit for units in spec.training.frozen_units for unit in units):
        if unit >= spec.student.hidden:
            refuse("training.frozen_units", unit, f"units are counted from 0 to {spec.student.hidden - 1}")


def _check_curriculum(spec: Spec) -> None:
    curriculum = spec.curriculum
    for teacher in curriculum.order:
        if teacher >= spec.teachers.count:
            refuse("curriculum.order", teacher, f"teachers are counted from 0 to {spec.teachers.count - 1}")
    rules = {key: getattr(curriculum, key) for key in ("switch_times", "period", "thresholds")}
    given = [key for key, value in rules.items() if value]
    if len(given) > 1:
        raise SpecError(f"curriculum.{given[1]}: cannot be combined with {given[0]}; remove one of them")
    if given and len(curriculum.order) < 2:
        raise SpecError(f"curriculum.{given[0]}: a switch needs at least two teachers in curriculum.order")
    if spec.duration > MAX_SWITCHES * (curriculum.period or spec.duration):
        refuse("curriculum.period", curriculum.period, f"a run can have at most {MAX_SWITCHES} switches")
    _check_switch_times(curriculum.switch_times or (), spec.duration)


def _check_switch_times(times: tuple, duration: float) -> None:
    if list(times) != sorted(set(times)):
        raise SpecError("curriculum.switch_times: must be in increasing order without repeats")
    if times and times[-1] >= duration:
        refuse(
            "curriculum.switch_times", times[-1], f"switches must be before the end of the run at {duration}"
        )


def _check_record(spec: Spec) -> None:
    record, duration = spec.record, spec.duration
    if record.times is None:
        if record.spacing == "log" and record.first >= duration:
            refuse("record.first", record.first, f"it must be before the end of the run at {duration}")
        return
    if list(record.times) != sorted(set(record.times)):
        raise SpecError("record.times: must be in increasing order without repeats")
    if record.times[-1] > duration:
        refuse("record.times", record.times[-1], f"times must not be after the end of the run at {duration}")


def _check_overlaps(spec: Spec) -> None:
    P, M, K, H = spec.teachers.count, spec.teachers.hidden, spec.student.hidden, spec.heads
    shapes = {
        "student": (K, K),
        "student_teacher": (P, K, M),
        "teacher": (P, P, M, M),
        "student_readouts": (H, K),
        "teacher_readouts": (P, M),
    }
    if spec.is_deep:
        shapes["student_inner"] = (spec.student.depth - 1, K, K)
    for key, shape in shapes.items():
        try:
            found = np.shape(getattr(spec.initial_overlaps, key))
        except ValueError:
            found = None
        if found != shape:
            wrong = "rows of different lengths" if found is None else f"shape {found}"
            raise SpecError(f"initial_overlaps.{key}: {wrong}; the shape must be {shape}")
    _check_covariance(spec)


def _check_covariance(spec: Spec) -> None:
    C = full_overlaps(spec.initial_overlaps)
    scale = OVERLAP_PRECISION * max(1.0, float(np.abs(C).max()))
    if np.abs(C - C.T).max() > scale:
        raise SpecError("initial_overlaps: student and teacher overlaps must be symmetric")
    smallest = float(np.linalg.eigvalsh(C / 2 + C.T / 2).min())
    if smallest < -scale:
        raise SpecError(
            f"initial_overlaps: no weights have these overlaps (smallest eigenvalue {smallest:.3g} < 0)"
        )


def full_overlaps(overlaps) -> np.ndarray:
    """Return the covariance (K + P M, K + P M) of all local fields.

    It consists of the given Q (K, K), R (P, K, M) and T (P, P, M, M).
    """
    Q, R, T = (np.asarray(part) for part in (overlaps.student, overlaps.student_teacher, overlaps.teacher))
    P, K, M = R.shape
    R = R.transpose(1, 0, 2).reshape(K, P * M)
    return np.block([[Q, R], [R.T, T.transpose(0, 2, 1, 3).reshape(P * M, P * M)]])
