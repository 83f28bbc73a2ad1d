"""The interventions of a spec in words, for tables."""

from teacherstudent.spec.interventions import (
    Consolidation,
    Deficit,
    MixturePiece,
    RatePiece,
    Replay,
    Rotation,
)
from teacherstudent.spec.model import Spec


def interventions(spec: Spec) -> dict[str, str]:
    """Return what a spec changes in the course of its runs: a description by the name of the intervention."""
    curriculum, training, teachers = spec.curriculum, spec.training, spec.teachers
    given = {
        "replay": curriculum.replay and _replay(curriculum.replay),
        "mixture": curriculum.mixture and ", ".join(map(_piece, curriculum.mixture)),
        "consolidation": training.consolidation and _consolidation(training.consolidation),
        "L1 regularisation": None if training.l1 is None else f"{training.l1:g}",
        "deficits": training.deficits and "; ".join(map(_deficit, training.deficits)),
        "drift": teachers.drift and f"rate {_numbers(teachers.drift)}",
        "rotation": teachers.rotation and _rotation(teachers.rotation),
    }
    return {name: text for name, text in given.items() if text}


def rates(spec: Spec) -> str:
    """Return the learning rate of the first layer: of each teacher, and of each piece of time."""
    pieces = spec.training.learning_rate
    if not isinstance(pieces, tuple) or not isinstance(pieces[0], RatePiece):
        return _per_teacher(pieces)
    return ", ".join(f"{_per_teacher(piece.value)}{_until(piece.until)}" for piece in pieces)


def _per_teacher(rate: float | tuple[float, ...]) -> str:
    if isinstance(rate, tuple):
        return " and ".join(f"{value:g} (teacher {p})" for p, value in enumerate(rate))
    return f"{rate:g}"


def _numbers(values: float | tuple[float, ...]) -> str:
    """Return one number, or several separated by blanks."""
    return " ".join(f"{value:g}" for value in (values if isinstance(values, tuple) else (values,)))


def _until(time: float | str | None) -> str:
    if time is None:
        return ""
    return f" until {time}" if isinstance(time, str) else f" until t = {time:g}"


def _replay(replay: Replay) -> str:
    tasks = "the previous task" if replay.of == "previous" else "all earlier tasks"
    if replay.interleave is None:
        text = f"fraction {_numbers(replay.fraction)} of {tasks}"
    else:
        text = f"{replay.interleave.old} steps of {tasks} after each {replay.interleave.new}"
    if replay.buffer is not None:
        text += f", {replay.buffer} stored samples of each"
    return text if replay.fidelity == 1.0 else f"{text}, fidelity {replay.fidelity:g}"


def _piece(piece: MixturePiece) -> str:
    return f"probabilities {_numbers(piece.probabilities)}{_until(piece.until)}"


def _consolidation(block: Consolidation) -> str:
    importances = "per unit" if block.importances == "units" else "per weight"
    strength = f"strength {_numbers(block.strength)}"
    return f"{block.kind} {importances}, {strength}, anchors {block.anchors}, step {block.step}"


def _deficit(window: Deficit) -> str:
    numbers = {
        "input noise": window.input_noise,
        "output noise": window.output_noise,
        "teacher": window.teacher,
    }
    changes = [f"{name} {value:g}" for name, value in numbers.items() if value is not None]
    if window.frozen_units is not None:
        changes.append(f"frozen units {_numbers(window.frozen_units) or 'none'}")
    return f"{', '.join(changes)} from t = {window.start:g}{_until(window.until)}"


def _rotation(rotation: Rotation) -> str:
    turn = f"teacher {rotation.teacher} towards teacher {rotation.towards}, rate {rotation.rate:g}"
    return f"{turn}, from t = {rotation.start:g}{_until(rotation.until)}"
