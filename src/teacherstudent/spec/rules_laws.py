"""Labels, losses, rules and deeper students in a spec: completion, and checks. Each error is one line."""

from collections.abc import Mapping

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_clusters import check_clusters

ALL_LAYERS = ["features", "inner", "readouts"]
# The losses with a margin.
MARGIN_LOSSES = ("hinge", "squared_hinge")
# Activations of teachers whose outputs have the sign of their fields times readouts.
ODD_ACTIVATIONS = ("linear", "erf")
# The keys of a reward that each condition uses, beside `value`.
REWARD_KEYS = {"all": ("penalty",), "at_least": ("count", "penalty"), "first": ("count", "bonus"),
               "per_step": ("bonus",)}  # fmt: skip


def fill_in_layers(document: dict) -> None:
    """Replace a list of the widths of hidden layers by width and number, and train all layers by default.

    Raises SpecError for layers of different widths.
    """
    student, training = document.get("student"), document.get("training")
    if not isinstance(student, Mapping):
        return
    widths = student.get("hidden")
    if isinstance(widths, list):
        if not widths or any(width != widths[0] for width in widths):
            refuse("student.hidden", widths, "all hidden layers have the same number of units, as [2, 2]")
        if student.get("layers", len(widths)) != len(widths):
            refuse("student.layers", student["layers"], f"student.hidden lists {len(widths)}; remove one")
        document["student"] = student = {**student, "hidden": widths[0], "layers": len(widths)}
    if student.get("layers", 1) == 1:
        document["student"] = {key: value for key, value in student.items() if key != "layers"}
    elif isinstance(training, Mapping):
        document["training"] = {"train": ALL_LAYERS} | dict(training)


def completed_laws(filled: dict) -> None:
    """Write out the defaults of labels, losses and inner layers in a complete document, in place."""
    teachers, training, student = filled["teachers"], filled["training"], filled["student"]
    if training.get("rule") == "gradient":
        del training["rule"]
    if training.get("rule") == "reward":
        teachers.setdefault("labels", "sign")
    if teachers.get("labels") == "output":
        del teachers["labels"]
    if "labels" in teachers and "rule" not in training:
        training.setdefault("loss", "squared")
    if "labels" in teachers and "label_flips" not in teachers and "rule" not in training:
        teachers["label_flips"] = 0.0
    flips = teachers.get("label_flips")
    if flips is not None and not isinstance(flips, list):
        teachers["label_flips"] = [flips] * teachers["count"]
    if "layers" in student:
        training.setdefault("inner_learning_rate", training["learning_rate"])
        inner = {"scheme": "gaussian"} | student["initial"].get("inner", {})
        usual = {"gaussian": ("std", student["hidden"] ** -0.5), "identity": ("gain", 1.0)}
        key, value = usual[inner["scheme"]]
        student["initial"]["inner"] = {key: value} | inner


def check_laws(spec: Spec) -> None:
    """Raise SpecError where labels, loss, rule and layers contradict each other or other blocks."""
    _check_labels(spec)
    _check_loss(spec)
    _check_rule(spec)
    _check_layers(spec)
    check_clusters(spec)


def _check_labels(spec: Spec) -> None:
    teachers = spec.teachers
    if teachers.label_flips is not None and (teachers.labels is None or spec.has_rewards):
        raise SpecError("teachers.label_flips: only for labels: sign and rule: gradient; remove it")
    if teachers.labels is not None and spec.inputs.distribution not in ("gaussian", "correlated"):
        refuse("teachers.labels", teachers.labels, "it needs inputs.distribution: gaussian or correlated")
    if teachers.labels is not None and spec.inputs.samples is not None:
        refuse("teachers.labels", teachers.labels, "it needs fresh inputs; set inputs.samples to null")


def _check_loss(spec: Spec) -> None:
    training = spec.training
    if training.loss not in (None, "squared") and not spec.has_classes:
        refuse("training.loss", training.loss, "it needs labels that are signs; set teachers.labels: sign")
    if training.loss is not None and spec.has_rewards:
        raise SpecError("training.loss: not used with rule: reward; remove it")
    if training.loss in MARGIN_LOSSES:
        if training.margin is None:
            raise SpecError(f"training.margin: missing; loss: {training.loss} needs a number >= 0")
    elif training.margin is not None:
        raise SpecError("training.margin: only for loss: hinge and squared_hinge; remove it")


def _check_rule(spec: Spec) -> None:
    if not spec.has_rewards:
        if spec.training.episode is not None:
            raise SpecError("training.episode: only for rule: reward; set it or remove the block")
        return
    if spec.training.episode is None:
        raise SpecError("training.episode: missing; rule: reward needs it")
    _check_reward_units(spec)
    _check_reward(spec)
    _check_with_reward(spec)


def _check_reward_units(spec: Spec) -> None:
    """Raise SpecError unless one linear unit learns from teachers with one unit and an output."""
    student = spec.student
    sizes = student.hidden, spec.teachers.hidden, student.depth
    if sizes != (1, 1, 1) or student.activation != "linear":
        raise SpecError(
            "training.rule: reward needs one linear unit (student.hidden: 1, activation: linear) and "
            "teachers with one unit (teachers.hidden: 1)"
        )
    if spec.teachers.activation not in ODD_ACTIVATIONS:
        names = " or ".join(ODD_ACTIVATIONS)
        refuse(
            "teachers.activation", spec.teachers.activation, f"rule: reward needs {names}; set one of them"
        )
    given = spec.initial_overlaps
    if given is not None and 0.0 in [row[0] for row in given.teacher_readouts]:
        refuse(
            "initial_overlaps.teacher_readouts", 0.0, "teachers of rule: reward need outputs that are not 0"
        )
    if spec.teachers.readouts is not None and spec.teachers.readouts.value == 0.0:
        refuse("teachers.readouts.value", 0.0, "teachers of rule: reward need outputs that are not 0")


def _check_with_reward(spec: Spec) -> None:
    """Raise SpecError for what the rule does not have beside it."""
    training = spec.training
    for key, is_wrong in (
        ("training.train", training.train != ("features",)),
        ("training.batch_size", training.batch_size != 1),
        ("teachers.labels", spec.teachers.labels != "sign"),
        ("inputs.distribution", spec.inputs.distribution != "gaussian"),
    ):
        if is_wrong:
            raise SpecError(
                f"{key}: rule: reward needs gaussian inputs, labels: sign, train: [features] and "
                "batch_size: 1"
            )
    for key, is_given in (
        ("training.weight_decay", training.weight_decay != 0.0),
        ("training.readout_weight_decay", training.readout_weight_decay != 0.0),
        ("teachers.output_noise", any(spec.teachers.output_noise)),
        ("teachers.input_noise", any(spec.teachers.input_noise)),
        ("training.consolidation", training.consolidation is not None),
        ("training.l1", training.l1 is not None),
        ("training.deficits", training.deficits is not None),
        ("inputs.samples", spec.inputs.samples is not None),
        ("curriculum.replay", spec.curriculum.replay is not None),
        ("curriculum.mixture", spec.curriculum.mixture is not None),
        ("teachers.drift", spec.has_moving_teachers),
        ("record.movement", spec.record.movement),
        ("student.biases", bool(spec.student.biases)),
    ):
        if is_given:
            raise SpecError(f"{key}: not available with rule: reward; remove it")


def _check_reward(spec: Spec) -> None:
    episode, block = spec.training.episode, "training.episode"
    reward, schedule = episode.reward, episode.schedule
    keys = REWARD_KEYS[reward.condition]
    for key in ("count", "bonus"):
        if (getattr(reward, key) is None) == (key in keys):
            raise SpecError(
                f"{block}.reward.{key}: condition: {reward.condition} "
                f"{'needs it' if key in keys else 'does not use it; remove it'}"
            )
    if reward.penalty and "penalty" not in keys:
        raise SpecError(f"{block}.reward.penalty: not used with condition: {reward.condition}; remove it")
    if reward.count is not None and reward.count > episode.length:
        refuse(f"{block}.reward.count", reward.count, f"an episode has {episode.length} decisions")
    if schedule is None:
        return
    for key, conditions in (("learning_rate", ("all", "at_least")), ("length", ("all",))):
        if getattr(schedule, key) == "optimal" and (reward.condition not in conditions or reward.penalty):
            words = " or ".join(conditions)
            raise SpecError(f"{block}.schedule.{key}: optimal needs condition: {words} and penalty: 0")
    if "optimal" in (schedule.learning_rate, schedule.length) and not reward.value:
        refuse(f"{block}.reward.value", reward.value, "optimal schedules need a reward above 0")
    if schedule.length == "optimal" and schedule.learning_rate == "constant":
        _check_rate(spec)


def _check_rate(spec: Spec) -> None:
    """Raise SpecError unless there is one learning rate above 0, which the optimal length depends on."""
    rate = spec.training.learning_rate
    if isinstance(rate, tuple) or not rate:
        raise SpecError(
            "training.learning_rate: schedule.length: optimal needs one number above 0, or "
            "schedule.learning_rate: optimal"
        )


def _check_layers(spec: Spec) -> None:
    student, training = spec.student, spec.training
    if not spec.is_deep:
        for key, value in (
            ("training.train", "inner" if "inner" in training.train else None),
            ("training.inner_learning_rate", training.inner_learning_rate),
            ("student.initial.inner", student.initial.inner),
            ("initial_overlaps.student_inner", spec.initial_overlaps and spec.initial_overlaps.student_inner),
        ):
            if value is not None:
                raise SpecError(f"{key}: needs more than one hidden layer (student.layers); remove it")
        return
    if spec.inputs.distribution != "gaussian" or spec.inputs.samples is not None:
        raise SpecError(
            "student.layers: more than one hidden layer needs fresh inputs of inputs.distribution: gaussian"
        )
    if student.initial.inner.scheme == "gaussian" and student.initial.inner.gain is not None:
        raise SpecError("student.initial.inner.gain: only for scheme: identity; remove it")
    if spec.initial_overlaps is not None and spec.initial_overlaps.student_inner is None:
        raise SpecError("initial_overlaps.student_inner: missing; student.layers needs it")
    for key, block in (
        ("training.consolidation", training.consolidation),
        ("training.l1", training.l1),
        ("student.biases", student.biases or None),
    ):
        if block is not None:
            raise SpecError(f"{key}: not available with more than one hidden layer; remove it")
