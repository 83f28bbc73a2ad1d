"""Checks of replay, consolidation, moving teachers, deficits and schedules. Each error is one line."""

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.interventions import RatePiece
from teacherstudent.spec.model import Spec

# Precision of the sum of probabilities.
ROUNDING = 1e-9
# What a deficit can change, by the names of its keys.
CHANGES = ("input_noise", "output_noise", "frozen_units", "teacher")


def check_interventions(spec: Spec) -> None:
    """Raise SpecError where keys of interventions contradict each other or other blocks."""
    _check_replay(spec)
    _check_mixture(spec)
    _check_consolidation(spec)
    _check_moving_teachers(spec)
    _check_deficits(spec)
    for key in ("learning_rate", "readout_learning_rate"):
        _check_rates(f"training.{key}", getattr(spec.training, key), spec)
    if spec.training.l1 is not None and "features" not in spec.training.train:
        raise SpecError(
            "training.l1: needs a trained first layer; add features to training.train or remove it"
        )


def _check_replay(spec: Spec) -> None:
    replay, curriculum = spec.curriculum.replay, spec.curriculum
    if replay is None:
        return
    if (replay.fraction is None) == (replay.interleave is None):
        raise SpecError("curriculum.replay: needs one of fraction and interleave; give exactly one of them")
    if not has_switches(spec):
        raise SpecError("curriculum.replay: needs a switch; give switch_times, period or thresholds")
    if spec.student.copy_head_at_switch == "every" and spec.heads > 1:
        raise SpecError(
            "student.copy_head_at_switch: every overwrites the heads of replayed tasks; use never or first"
        )
    if isinstance(replay.fraction, tuple):
        _check_one_per_switch("curriculum.replay.fraction", replay.fraction, curriculum)
    if replay.buffer is not None and replay.fidelity != 1.0:
        raise SpecError("curriculum.replay.fidelity: cannot be combined with buffer; remove one of them")


def _check_mixture(spec: Spec) -> None:
    pieces, curriculum, P = spec.curriculum.mixture, spec.curriculum, spec.teachers.count
    if pieces is None:
        return
    for key in ("switch_times", "period", "thresholds", "replay"):
        if getattr(curriculum, key):
            raise SpecError(f"curriculum.{key}: cannot be combined with mixture; remove one of them")
    if spec.student.copy_head_at_switch != "never":
        raise SpecError("student.copy_head_at_switch: not used with curriculum.mixture; use never")
    for i, piece in enumerate(pieces):
        key = f"curriculum.mixture[{i}].probabilities"
        if len(piece.probabilities) != P:
            raise SpecError(
                f"{key}: {len(piece.probabilities)} values for {P} teachers; give one per teacher"
            )
        if abs(sum(piece.probabilities) - 1.0) > ROUNDING:
            refuse(key, list(piece.probabilities), "the sum must be 1")
    _check_ends("curriculum.mixture", [piece.until for piece in pieces], spec.duration, cover=True)


def _check_consolidation(spec: Spec) -> None:
    block, key = spec.training.consolidation, "training.consolidation"
    if block is None:
        return
    if not has_switches(spec):
        raise SpecError(f"{key}: needs a switch; give switch_times, period, thresholds or a mixture")
    if "features" not in spec.training.train:
        raise SpecError(f"{key}: needs a trained first layer; add features to training.train or remove it")
    if isinstance(block.strength, tuple):
        _check_one_per_switch(f"{key}.strength", block.strength, spec.curriculum)
    if block.kind == "path_integral_normalised" and block.importances == "units":
        refuse(f"{key}.importances", block.importances, f"kind: {block.kind} needs importances: weights")
    if block.kind in ("quadratic", "node") and block.importances == "weights":
        refuse(
            f"{key}.importances",
            block.importances,
            f"kind: {block.kind} has equal importances in a unit; use units",
        )


def _check_moving_teachers(spec: Spec) -> None:
    teachers, rotation, P = spec.teachers, spec.teachers.rotation, spec.teachers.count
    if teachers.drift is not None and len(teachers.drift) != P:
        raise SpecError(
            f"teachers.drift: {len(teachers.drift)} values for {P} teachers; give one per teacher"
        )
    if spec.inputs.samples is not None and spec.has_moving_teachers:
        key = "rotation" if rotation is not None else "drift"
        raise SpecError(f"teachers.{key}: the labels of a finite training set are fixed; remove one of them")
    if rotation is None:
        return
    for name in ("teacher", "towards"):
        if getattr(rotation, name) >= P:
            refuse(
                f"teachers.rotation.{name}",
                getattr(rotation, name),
                f"teachers are counted from 0 to {P - 1}",
            )
    if rotation.teacher == rotation.towards:
        refuse("teachers.rotation.towards", rotation.towards, "it must be another teacher")
    for p in (rotation.teacher, rotation.towards):
        if teachers.drift is not None and teachers.drift[p] > 0.0:
            raise SpecError(
                f"teachers.drift: teacher {p} cannot drift and be part of a rotation; set its drift to 0"
            )
    if isinstance(rotation.until, float) and rotation.until < rotation.start:
        refuse("teachers.rotation.until", rotation.until, f"it must not be before start, {rotation.start}")


def _check_deficits(spec: Spec) -> None:
    P, K = spec.teachers.count, spec.student.hidden
    for i, window in enumerate(spec.training.deficits or ()):
        key = f"training.deficits[{i}]"
        given = [name for name in CHANGES if getattr(window, name) is not None]
        if not given:
            raise SpecError(f"{key}: changes nothing; give one of {', '.join(CHANGES)}")
        if window.until is not None and window.until < window.start:
            refuse(f"{key}.until", window.until, f"it must not be before start, {window.start}")
        if window.teacher is not None and window.teacher >= P:
            refuse(f"{key}.teacher", window.teacher, f"teachers are counted from 0 to {P - 1}")
        for unit in window.frozen_units or ():
            if unit >= K:
                refuse(f"{key}.frozen_units", unit, f"units are counted from 0 to {K - 1}")
        for j, other in enumerate(spec.training.deficits[:i]):
            both = [name for name in given if getattr(other, name) is not None]
            if both and _overlap(window, other):
                raise SpecError(f"{key}.{both[0]}: overlaps with deficits[{j}]; the windows must not overlap")
        if spec.inputs.samples is not None and set(given) != {"frozen_units"}:
            name = next(name for name in given if name != "frozen_units")
            raise SpecError(f"{key}.{name}: not available with a finite training set; use fresh inputs")


def _overlap(first, second) -> bool:
    ends = [float("inf") if window.until is None else window.until for window in (first, second)]
    return max(first.start, second.start) < min(ends)


def _check_rates(key: str, rates, spec: Spec) -> None:
    pieces = rates if isinstance(rates, tuple) and isinstance(rates[0], RatePiece) else None
    if isinstance(rates, tuple) and len({isinstance(item, RatePiece) for item in rates}) > 1:
        raise SpecError(f"{key}: numbers and pieces of a schedule cannot be mixed; use one form")
    for value in [piece.value for piece in pieces] if pieces else [rates]:
        if isinstance(value, tuple) and len(value) != spec.teachers.count:
            raise SpecError(
                f"{key}: {len(value)} values for {spec.teachers.count} teachers; give one per teacher"
            )
    if pieces:
        _check_ends(key, [piece.until for piece in pieces], spec.duration, cover=False)


def _check_ends(key: str, ends: list, duration: float, cover: bool) -> None:
    """Check that pieces of time follow each other; with `cover` that they reach the end of the run."""
    if None in ends[:-1]:
        raise SpecError(f"{key}: until is missing in a piece that is not the last one")
    given = [end for end in ends if end is not None]
    if given != sorted(set(given)):
        raise SpecError(f"{key}: the times until must increase")
    if cover and ends[-1] is not None and ends[-1] < duration:
        refuse(f"{key}.until", ends[-1], f"the last piece must reach the end of the run at {duration}")


def has_switches(spec: Spec) -> bool:
    """Return whether the curriculum of a spec has switches."""
    curriculum = spec.curriculum
    if curriculum.mixture is not None:
        return len(curriculum.order) > 1
    return bool(curriculum.switch_times or curriculum.period or curriculum.thresholds)


def _check_one_per_switch(key: str, values: tuple, curriculum) -> None:
    if curriculum.period is not None:
        raise SpecError(f"{key}: a list is not available with curriculum.period; give one number")
    switches = curriculum.switch_times or curriculum.thresholds or curriculum.order[1:]
    if len(values) != len(switches):
        raise SpecError(f"{key}: {len(values)} values for {len(switches)} switches; give one per switch")
