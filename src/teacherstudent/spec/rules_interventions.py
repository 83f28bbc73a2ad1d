"""Checks of replay, mixtures, consolidation and L1 regularisation. Each error is one line."""

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.interventions import Consolidation
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_time import check_changes_in_time, check_ends
from teacherstudent.spec.schema import package_schema

# Precision of the sum of probabilities.
ROUNDING = 1e-9
# The kind of consolidation that uses a key, for keys that only one kind uses.
USED_BY = {"fisher_samples": "ewc", "normaliser": "path_integral_normalised"}


def check_interventions(spec: Spec) -> None:
    """Raise SpecError where keys of interventions contradict each other or other blocks."""
    _check_replay(spec)
    _check_mixture(spec)
    _check_consolidation(spec)
    check_changes_in_time(spec)
    if spec.training.l1 is not None and "features" not in spec.training.train:
        raise SpecError(
            "training.l1: needs a trained first layer; add features to training.train or remove it"
        )
    training = spec.training
    if training.readout_weight_decay != training.weight_decay and "readouts" not in training.train:
        raise SpecError(
            "training.readout_weight_decay: needs trained readouts; "
            "add readouts to training.train or remove it"
        )
    if spec.student.biases:
        _refuse_biases(spec)
    if spec.record.movement and spec.record.quantities != "all":
        raise SpecError(
            f"record.movement: overlaps are not recorded with quantities: {spec.record.quantities};"
            " use quantities: all or remove it"
        )


def _refuse_biases(spec: Spec) -> None:
    """Raise SpecError for what is not defined for biases."""
    for key, given in (
        ("curriculum.replay", spec.curriculum.replay is not None),
        ("curriculum.mixture", spec.curriculum.mixture is not None),
        ("training.consolidation", spec.training.consolidation is not None),
        ("training.l1", spec.training.l1 is not None),
        ("record.movement", spec.record.movement),
    ):
        if given:
            raise SpecError(f"{key}: cannot be combined with student.biases; remove one of them")


def _check_replay(spec: Spec) -> None:
    replay, curriculum = spec.curriculum.replay, spec.curriculum
    if replay is None:
        return
    if (replay.fraction is None) == (replay.interleave is None):
        raise SpecError("curriculum.replay: needs one of fraction and interleave; give exactly one of them")
    if curriculum.mixture is not None:
        raise SpecError("curriculum.replay: cannot be combined with mixture; remove one of them")
    if not has_switches(spec):
        raise SpecError("curriculum.replay: needs a switch; give switch_times, period or thresholds")
    if len(set(curriculum.order)) < 2:
        raise SpecError(
            "curriculum.replay: there is no earlier task; curriculum.order needs two different teachers"
        )
    if spec.student.copy_head_at_switch == "every" and spec.heads > 1:
        raise SpecError(
            "student.copy_head_at_switch: every overwrites the heads of replayed tasks; use never or first"
        )
    if isinstance(replay.fraction, tuple):
        _check_one_per_switch("curriculum.replay.fraction", replay.fraction, curriculum)
    if replay.buffer is not None and replay.fidelity != 1.0:
        raise SpecError("curriculum.replay.fidelity: cannot be combined with buffer; remove one of them")
    if spec.inputs.samples is not None:
        for key, given in (("buffer", replay.buffer is not None), ("fidelity", replay.fidelity != 1.0)):
            if given:
                raise SpecError(
                    f"curriculum.replay.{key}: not available with a finite training set; use fresh inputs"
                )


def _check_mixture(spec: Spec) -> None:
    pieces, curriculum, P = spec.curriculum.mixture, spec.curriculum, spec.teachers.count
    if pieces is None:
        return
    for key in ("switch_times", "period", "thresholds"):
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
    check_ends("curriculum.mixture", [piece.until for piece in pieces], spec.duration)


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
    _check_importances(key, block)


def _check_importances(key: str, block: Consolidation) -> None:
    """Check the importances, and that no key is given that their kind does not use."""
    if block.kind == "path_integral_normalised" and block.importances == "units":
        refuse(f"{key}.importances", block.importances, f"kind: {block.kind} needs importances: weights")
    if block.kind in ("quadratic", "node") and block.importances == "weights":
        refuse(
            f"{key}.importances",
            block.importances,
            f"kind: {block.kind} has equal importances in a unit; use units",
        )
    keys = package_schema("spec")["properties"]["training"]["properties"]["consolidation"]["properties"]
    for name, kind in USED_BY.items():
        if block.kind != kind and getattr(block, name) != keys[name]["default"]:
            raise SpecError(f"{key}.{name}: only for kind: {kind}; remove it or change the kind")


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
