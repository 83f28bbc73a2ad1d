"""Which specs engine `ode` supports; no compiled code."""

from teacherstudent.engines.ode.joint_estimates import check_moments
from teacherstudent.engines.ode.sums_checks import CLOSED, check_sums, has_sums, is_single
from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import refuse_finite_sets


def check(spec: Spec) -> None:
    """Raise SpecError if there are no equations in closed form."""
    if spec.inputs.clusters is not None:
        raise SpecError(
            "inputs.distribution: engine ode does not support mixture: networks of erf units are odd "
            "functions, which cannot learn clusters such as xor; use engine chain"
        )
    refuse_finite_sets(spec, "ode")
    if spec.is_deep:
        _check_layers(spec)
    elif has_sums(spec):
        check_sums(spec)
    elif not is_single(spec):
        _check_signs(spec)
    check_moments(spec)
    replay, block = spec.curriculum.replay, spec.training.consolidation
    for name, layer in (("student", spec.student), ("teachers", spec.teachers)):
        if layer.activation not in CLOSED and not has_sums(spec):
            raise SpecError(
                f"{name}.activation: engine ode does not support {layer.activation} here; use erf, linear, "
                "relu or engine chain"
            )
    if spec.training.l1 is not None:
        raise SpecError("training.l1: engine ode does not support it; use engine network")
    if replay is not None and replay.buffer is not None:
        raise SpecError("curriculum.replay.buffer: engine ode has no stored samples; use engine network")
    if block is not None and block.importances == "weights":
        refuse(
            "training.consolidation.importances",
            block.importances,
            "engine ode has one importance per unit; use units or engine network",
        )


def _check_layers(spec: Spec) -> None:
    """Raise SpecError for students with several hidden layers whose equations are not available."""
    if not spec.is_deep:
        return
    student, teacher = spec.student.activation, spec.teachers.activation
    if student not in ("linear", "erf"):
        refuse(
            "student.activation",
            student,
            "engine ode has means over several layers of erf and linear units only; use engine chain",
        )
    if student == "erf" and teacher not in ("linear", "erf"):
        refuse(
            "teachers.activation",
            teacher,
            "engine ode has smooth teachers (erf, linear) of erf students with several hidden layers; use "
            "engine chain",
        )
    for key, is_given in (
        ("teachers.labels", spec.has_classes),
        ("curriculum.replay", spec.curriculum.replay is not None),
        ("curriculum.mixture", spec.curriculum.mixture is not None),
        ("teachers.drift", any(spec.teachers.drift or ())),
        ("teachers.rotation", spec.teachers.rotation is not None),
        ("record.movement", spec.has_anchors),
    ):
        if is_given:
            raise SpecError(
                f"{key}: engine ode does not support it with several hidden layers; use engine chain"
            )
    others = any(window.teacher is not None for window in spec.training.deficits or ())
    if others and spec.curriculum.thresholds:
        raise SpecError(
            "curriculum.thresholds: engine ode does not support deficits with another teacher and several "
            "hidden layers here; use engine chain or switch_times"
        )


def _check_signs(spec: Spec) -> None:
    """Raise SpecError where the squared loss on labels that are signs has no means in closed form."""
    if spec.teachers.labels != "sign" or spec.has_rewards:
        return
    one_field = spec.student.activation == "linear" or spec.student.hidden == 1
    if spec.curriculum.thresholds and not one_field:
        raise SpecError(
            "curriculum.thresholds: engine ode compares the classification error of erf or linear units, or "
            "of one unit; use curriculum.switch_times or engine chain"
        )
    if any(spec.teachers.output_noise) and spec.teachers.activation != "linear":
        raise SpecError(
            "teachers.output_noise: with labels: sign engine ode supports it for linear teachers; use "
            "teachers.label_flips or engine chain"
        )
