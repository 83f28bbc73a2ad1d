"""For which specs the means over the fields are sums over nodes, and what these do not support."""

from collections.abc import Iterator

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import Spec, Student, Teachers

# Most fields of a sum: those of the student, and those of the teacher without the one that decides the label.
MOST_FIELDS = 4
# Activations whose means have closed forms with the squared loss.
CLOSED = ("erf", "linear", "relu")
# Losses of one linear unit that have closed forms without a margin.
SINGLE_LOSSES = ("hebbian", "hinge", "squared_hinge")


def is_single(spec: Spec) -> bool:
    """Return whether one linear unit learns the signs of one unit by a loss without a margin."""
    sizes = spec.student.hidden, spec.teachers.hidden, spec.student.depth, spec.student.activation
    return (
        sizes == (1, 1, 1, "linear")
        and spec.teachers.labels == "sign"
        and spec.teachers.activation in ("erf", "linear")
        and spec.loss in SINGLE_LOSSES
        and not spec.training.margin
    )


def is_scale_free(spec: Spec) -> bool:
    """Return whether the length of the student changes by factors only, as with the AdaTron."""
    return is_single(spec) and spec.loss == "squared_hinge" and "readouts" not in spec.training.train


def has_sums(spec: Spec) -> bool:
    """Return whether the means over the fields of a spec are sums over nodes."""
    if spec.has_rewards or spec.inputs.clusters is not None:
        return False
    if spec.teachers.labels != "sign":
        return any(layer.activation not in CLOSED for _, layer in _layers(spec)) and not spec.is_deep
    closed = spec.loss == "squared" and (spec.teachers.hidden == 1 or spec.teachers.activation == "linear")
    return not (closed and _has_closed_error(spec)) and not is_single(spec)


def _has_closed_error(spec: Spec) -> bool:
    """Return whether thresholds, if any, are for classification errors in closed form."""
    student = spec.student
    several = student.activation == "erf" and student.hidden > 1
    return not (spec.curriculum.thresholds and several)


def number_of_fields(spec: Spec) -> int:
    """Return the number of fields of a sum; units of linear networks count as one where labels are signs."""
    student, teachers, signs = spec.student, spec.teachers, spec.teachers.labels == "sign"
    units = 1 if signs and student.activation == "linear" else student.hidden
    return units + (1 if signs and teachers.activation == "linear" else teachers.hidden)


def check_sums(spec: Spec) -> None:
    """Raise SpecError for a spec whose means would be sums that are not possible."""
    if spec.teachers.labels == "sign":
        _check_signs(spec)
    else:
        _check_units(spec)
    windows = spec.training.deficits or ()
    if spec.curriculum.thresholds and any(window.teacher is not None for window in windows):
        raise SpecError(
            "curriculum.thresholds: engine ode does not support them together with training.deficits.teacher "
            "where means are sums over nodes; use engine chain or curriculum.switch_times"
        )


def _check_signs(spec: Spec) -> None:
    """Raise SpecError where labels are signs."""
    reason = f"labels: sign and loss: {spec.loss}"
    for name, layer in _layers(spec):
        if layer.activation not in ("erf", "linear"):
            refuse(
                f"{name}.activation",
                layer.activation,
                f"engine ode supports erf and linear with {reason}; use engine chain",
            )
    if number_of_fields(spec) > MOST_FIELDS:
        raise SpecError(
            f"student.hidden: {number_of_fields(spec)} units of student and teacher together; with {reason} "
            f"engine ode supports {MOST_FIELDS}; use engine chain"
        )
    others = list(_others(spec))
    if any(spec.teachers.output_noise) and spec.teachers.activation != "linear":
        others.append("teachers.output_noise")
    for key in others:
        raise SpecError(f"{key}: engine ode does not support it with {reason}; use engine network or chain")


def _check_units(spec: Spec) -> None:
    """Raise SpecError where units have no closed forms."""
    key, unit = next(
        (f"{name}.activation", layer.activation)
        for name, layer in _layers(spec)
        if layer.activation not in CLOSED
    )
    if number_of_fields(spec) > MOST_FIELDS:
        refuse(
            key,
            unit,
            f"engine ode supports it for {MOST_FIELDS} units of student and teacher together, not "
            f"{number_of_fields(spec)}; use engine chain",
        )
    for name, layer in _layers(spec):
        if layer.activation == "relu":
            refuse(
                key, unit, f"engine ode does not support it with {name}.activation: relu; use engine chain"
            )
    for other in _others(spec):
        refuse(key, unit, f"engine ode does not support it with {other}; use engine network or chain")


def _layers(spec: Spec) -> tuple[tuple[str, Student | Teachers], ...]:
    """Return student and teachers with the names of their blocks."""
    return ("student", spec.student), ("teachers", spec.teachers)


def _others(spec: Spec) -> Iterator[str]:
    """Return the keys of a spec for which there are no sums at all."""
    curriculum = spec.curriculum
    for key, is_given in (
        ("inputs.distribution", spec.inputs.distribution != "gaussian"),
        ("training.consolidation", spec.training.consolidation is not None),
        ("curriculum.replay", curriculum.replay is not None),
        ("curriculum.mixture", curriculum.mixture is not None),
        ("teachers.drift", spec.has_moving_teachers),
        ("record.movement", spec.record.movement),
    ):
        if is_given:
            yield key
