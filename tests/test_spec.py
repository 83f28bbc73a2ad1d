"""The spec: defaults, short forms, the way there and back, and every way to get it wrong."""

import json
import re
from copy import deepcopy
from importlib.resources import files

import numpy as np
import pytest
import yaml

from teacherstudent.engines.phases import phases
from teacherstudent.engines.rates import stages
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import INITIAL_KEYS, Initial, Spec
from teacherstudent.spec.parse import load_spec, parse_spec
from teacherstudent.spec.schema import complete

SCHEMA = yaml.safe_load(
    files("teacherstudent.spec").joinpath("schemas", "spec.yaml").read_text(encoding="utf-8")
)

MINIMAL = {
    "inputs": {"dimension": 100},
    "teachers": {"count": 2, "hidden": 2},
    "student": {"hidden": 3},
    "training": {"learning_rate": 0.5},
}

OVERLAPS = {
    "student": [[0.5, 0.1], [0.1, 0.6]],
    "student_teacher": [[[0.1], [0.2]], [[0.0], [-0.1]]],
    "teacher": [[[[1.0]], [[0.3]]], [[[0.3]], [[1.0]]]],
    "student_readouts": [[0.1, 0.2], [0.3, 0.4]],
    "teacher_readouts": [[1.0], [-1.0]],
}
# Complete, so that the file is not looked for.
DATASET = MINIMAL | {
    "inputs": {
        "distribution": "dataset",
        "dimension": 100,
        "samples": 10,
        "dataset": {
            "file": "none.gz",
            "test_samples": 3,
            "labels": "one_versus_rest",
            "labels_file": "none_either.gz",
            "classes": 2,
            "sha256": "0" * 64,
            "labels_sha256": "1" * 64,
        },
    }
}
GIVEN = {"inputs": {"dimension": 100}, "training": {"learning_rate": 0.5}, "initial_overlaps": OVERLAPS}


def changed(document, changes):
    """A document with the values at some dotted paths replaced."""
    result = deepcopy(document)
    for path, value in changes.items():
        *blocks, key = path.split(".")
        block = result
        for name in blocks:
            block = block.setdefault(name, {})
        block[key] = value
    return result


def without(document, key):
    return {name: block for name, block in document.items() if name != key}


# What is accepted


def test_defaults():
    spec = parse_spec(MINIMAL)
    assert spec.inputs.distribution == "gaussian"
    assert (spec.teachers.activation, spec.student.activation) == ("erf", "erf")
    assert (spec.teachers.features.relation, spec.teachers.features.norm) == ("independent", 1.0)
    assert (spec.teachers.readouts.relation, spec.teachers.readouts.norm) == ("independent", None)
    assert spec.teachers.output_noise == spec.teachers.input_noise == (0.0, 0.0)
    assert (spec.teachers.output_scale, spec.student.output_scale) == ("none", "none")
    assert (spec.student.heads, spec.student.copy_head_at_switch) == ("per_task", "never")
    assert spec.student.initial == Initial("gaussian", weights_std=0.001, readouts_std=0.001)
    assert spec.training.readout_learning_rate == 0.5
    assert spec.training.train == ("features", "readouts")
    assert spec.training.frozen_units == ((), ())
    assert (spec.training.weight_decay, spec.training.batch_size) == (0.0, 1)
    assert (spec.inputs.samples, spec.training.sampling) == (None, "with_replacement")
    assert spec.curriculum.order == (0, 1)
    assert (spec.curriculum.switch_times, spec.curriculum.period, spec.curriculum.thresholds) == (
        None,
        None,
        None,
    )
    assert (spec.duration, spec.record.spacing, spec.record.count) == (300.0, "linear", 300)
    assert (spec.numerics.relative_tolerance, spec.numerics.precision) == (1e-10, "float64")
    assert spec.initial_overlaps is None


def test_heads():
    per_task, shared = parse_spec(MINIMAL), parse_spec(changed(MINIMAL, {"student.heads": "shared"}))
    assert (per_task.heads, per_task.head_of(0), per_task.head_of(1)) == (2, 0, 1)
    assert (shared.heads, shared.head_of(0), shared.head_of(1)) == (1, 0, 0)


@pytest.mark.parametrize("older, word", [(False, "never"), (True, "first")])
def test_the_rule_of_copying_heads_may_be_true_or_false(older, word):
    """As in older specs and stored runs."""
    key = "student.copy_head_at_switch"
    spec = parse_spec(changed(MINIMAL, {key: older}))
    assert spec == parse_spec(changed(MINIMAL, {key: word}))
    assert spec.student.copy_head_at_switch == word
    stored = changed(json.loads(spec.to_json()), {key: older})
    assert parse_spec(stored) == spec
    assert complete(changed(MINIMAL, {key: older}), "spec")["student"]["copy_head_at_switch"] is older


def test_output_scales():
    changes = {"student.output_scale": "mean", "teachers.output_scale": "mean_field"}
    scaled = parse_spec(changed(MINIMAL, changes | {"training.readout_learning_rate": 0.9}))
    assert (scaled.student.scale, scaled.teachers.scale) == pytest.approx((1 / 3, 1 / np.sqrt(2)))
    task = stages(scaled, phases(scaled)[0], [0], 0.0, 0.0)[0].tasks[0]
    assert task.readout_rate == pytest.approx(0.1)
    plain = parse_spec(MINIMAL)
    task = stages(plain, phases(plain)[0], [0], 0.0, 0.0)[0].tasks[0]
    assert (plain.student.scale, plain.teachers.scale, task.readout_rate) == (1.0, 1.0, 0.5)


ROTATED = {"relation": "rotated", "similarity": [[1.0, 0.5], [0.5, 1.0]]}
SHARED_NODES = {"relation": "shared_nodes", "similarity": 0.5, "shared": 1}
WHOLE_NUMBERS = {"relation": "rotated", "similarity": 1, "norm": 2}
SYMMETRIC = {"scheme": "symmetric"}
ACCEPTED = {
    "minimal": MINIMAL,
    "given_overlaps": GIVEN,
    "shared_head": changed(MINIMAL, {"student.heads": "shared", "student.activation": "relu"}),
    "similarity_matrix": changed(MINIMAL, {"teachers.features": ROTATED, "teachers.readouts": ROTATED}),
    "whole_numbers": changed(MINIMAL, {"teachers.features": WHOLE_NUMBERS}),
    "rows_as_drawn": changed(MINIMAL, {"teachers.features.norm": None}),
    "shared_nodes": changed(MINIMAL, {"teachers.features": SHARED_NODES}),
    "noises": changed(MINIMAL, {"teachers.output_noise": [0.1, 0], "teachers.input_noise": 0.3}),
    "frozen_units": changed(MINIMAL, {"training.frozen_units": [[0, 2], []], "training.train": ["features"]}),
    "switch_times": changed(MINIMAL, {"curriculum": {"switch_times": [1, 2.5], "order": [1, 0]}}),
    "no_switch": changed(MINIMAL, {"curriculum": {"switch_times": []}}),
    "period": changed(MINIMAL, {"curriculum": {"period": 3}}),
    "thresholds": changed(MINIMAL, {"curriculum": {"thresholds": [0.1, 0.01]}}),
    "one_teacher_of_two": changed(MINIMAL, {"curriculum": {"order": [1]}}),
    "logarithmic_record": changed(MINIMAL, {"record": {"spacing": "log", "count": 10, "first": 0.01}}),
    "large_initial": changed(MINIMAL, {"student.initial": {"scheme": "large", "readouts_value": 1}}),
    "informed_initial": changed(MINIMAL, {"student.initial": {"scheme": "informed", "weights_std": 0}}),
    "denoising_initial": changed(MINIMAL, {"student.initial": {"scheme": "denoising"}}),
    "symmetric_initial": changed(MINIMAL, {"student.initial": SYMMETRIC | {"asymmetry": 0}}),
    "committee": changed(MINIMAL, {"student.initial.readouts_value": 1}),
    "orthogonal_units": changed(MINIMAL, {"teachers.features": ROTATED | {"units": "orthogonal"}}),
    "graded_units": changed(MINIMAL, {"teachers.features": SHARED_NODES | {"units": "graded"}}),
    "uniform_readouts": changed(MINIMAL, {"teachers.readouts": {"relation": "uniform", "value": 4}}),
    "output_scales": changed(
        MINIMAL, {"student.output_scale": "mean", "teachers.output_scale": "mean_field"}
    ),
    "recorded_times": changed(MINIMAL, {"record": {"times": [0, 1.5, 300]}}),
    "finite_set": changed(MINIMAL, {"inputs.samples": 10, "training.sampling": "without_replacement"}),
    "dataset": DATASET,
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_there_and_back(name):
    document = deepcopy(ACCEPTED[name])
    spec = parse_spec(document)
    assert document == ACCEPTED[name]  # not changed in passing
    assert parse_spec(spec.to_dict()) == spec
    assert parse_spec(json.loads(spec.to_json())) == spec
    assert parse_spec(yaml.safe_load(yaml.safe_dump(spec.to_dict()))) == spec
    assert hash(spec) == hash(parse_spec(document))


def test_json_is_canonical():
    backwards = {key: MINIMAL[key] for key in reversed(MINIMAL)}
    assert parse_spec(MINIMAL).to_json() == parse_spec(backwards).to_json()
    assert "NaN" not in parse_spec(MINIMAL).to_json()


def test_a_file_is_read(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(MINIMAL), encoding="utf-8")
    assert load_spec(path) == load_spec(str(path)) == parse_spec(MINIMAL)


def test_one_number_stands_for_all_teachers():
    one = changed(MINIMAL, {"teachers.output_noise": 0.2, "teachers.input_noise": 1})
    listed = changed(MINIMAL, {"teachers.output_noise": [0.2, 0.2], "teachers.input_noise": [1.0, 1.0]})
    assert parse_spec(one) == parse_spec(listed)


def test_kinds_of_numbers():
    """Whole numbers may be written with a point and real ones without; the result is the same."""
    integers = {"curriculum": {"order": [1, 0], "switch_times": [2]}, "duration": 4}
    floats = {"curriculum": {"order": [1.0, 0.0], "switch_times": [2.0]}, "duration": 4.0}
    document = changed(MINIMAL, integers | {"training.frozen_units": [[1], []]})
    pointed = changed(MINIMAL, floats | {"training.frozen_units": [[1.0], []], "inputs.dimension": 100.0})
    spec, other = parse_spec(document), parse_spec(pointed)
    assert spec == other
    assert spec.to_json() == other.to_json()
    assert {type(number) for number in (*other.curriculum.order, *other.training.frozen_units[0])} == {int}
    assert isinstance(other.inputs.dimension, int)
    assert isinstance(spec.duration, float)
    assert isinstance(spec.curriculum.switch_times[0], float)


def test_one_class_stands_for_all_teachers():
    assert parse_spec(DATASET).inputs.dataset.classes == (2, 2)
    assert parse_spec(changed(DATASET, {"inputs.dataset.classes": 2.0})) == parse_spec(DATASET)
    assert parse_spec(changed(DATASET, {"inputs.dataset.classes": [2, 2]})) == parse_spec(DATASET)


def test_sizes_come_from_given_overlaps():
    spec = parse_spec(GIVEN)
    assert (spec.teachers.count, spec.teachers.hidden, spec.student.hidden) == (2, 1, 2)
    for name, part in OVERLAPS.items():
        np.testing.assert_array_equal(getattr(spec.initial_overlaps, name), part)


# What is refused

# A path, a value that cannot stand there, and words of the message, which also has to name the path.
WRONG_VALUES = [
    # not the kind of value that it is
    ("record", None, "a block of keys"),
    ("teachers", [2, 2], "a block of keys"),
    ("inputs", 100, "a block of keys"),
    ("inputs.dimension", "1e4", "an integer"),
    ("inputs.dimension", "10000", "the text '10000' (numbers have no quotes)"),
    ("inputs.dimension", 10.5, "an integer"),
    ("training.learning_rate", "1e-3", "the text '1e-3' (numbers have no quotes)"),
    ("training.learning_rate", "fast", "a number"),
    ("training.learning_rate", [1.0], "1 values for 2 teachers; give one per teacher"),
    ("training.learning_rate", True, "a number"),
    ("teachers.count", True, "an integer"),
    ("student.hidden", None, "an integer"),
    ("student.copy_head_at_switch", "yes", "one of never, first, every, false, true"),
    ("training.train", "features", "a list"),
    ("teachers.output_noise", ["a", 1.0], "[0]: 'a' is not allowed; it must be a number"),
    ("curriculum.order", [0, 0.5], "[1]: 0.5 is not allowed; it must be an integer"),
    ("training.frozen_units", [["0"], []], "it must be an integer"),
    ("initial_overlaps", [1.0], "a block of keys"),
    # words that are not among the choices
    ("student.activation", "sine", "one of erf, relu, linear"),
    ("teachers.activation", "a\nb", "one of erf, relu, linear"),
    ("teachers.features.relation", "turned", "one of independent, identical, rotated"),
    ("teachers.readouts.relation", "interpolated", "one of independent, identical, rotated, ones, uniform"),
    ("student.output_scale", "normalised", "one of none, mean, mean_field"),
    ("teachers.output_scale", 0.5, "one of none, mean, mean_field"),
    ("student.output_scale", None, "one of none, mean, mean_field"),
    ("student.heads", "both", "one of per_task, shared"),
    ("training.train", ["bias"], "one of features, inner, readouts"),
    ("record.spacing", "even", "one of linear, log"),
    ("inputs.distribution", "cauchy", "one of gaussian"),
    # numbers out of range
    ("training.learning_rate", float("nan"), "a finite number"),
    ("duration", float("inf"), "a finite number"),
    ("record.times", [0, -float("inf")], "[1]: -inf is not allowed; it must be a finite number"),
    ("inputs.dimension", 10**400, "a finite number"),
    ("inputs.dimension", 2**63, "<= 1000000000"),
    ("student.hidden", 2**63, "<= 100000"),
    ("student.hidden", 100_000, "100004 units in total; at most 100000"),
    ("training.batch_size", 2**63, "<= 1000000000"),
    ("training.learning_rate", 1.1e50, "a finite number, 1e+50 at most"),
    ("duration", 1e50, "more than 9007199254740992 steps"),
    ("inputs.dimension", 0, ">= 1"),
    ("teachers.count", 0, ">= 1"),
    ("teachers.hidden", -1, ">= 1"),
    ("student.hidden", 0, ">= 1"),
    ("duration", 0.0, "> 0"),
    ("duration", -1, "> 0"),
    ("teachers.features.norm", 0, "a number > 0 or null"),
    ("teachers.readouts.norm", -1.0, "> 0"),
    ("training.batch_size", 0, ">= 1"),
    ("training.sampling", "shuffled", "one of with_replacement, without_replacement, epochs"),
    ("inputs.samples", 0, "an integer >= 1 and <= 1000000000 or null"),
    ("inputs.samples", "all", "an integer >= 1 and <= 1000000000 or null"),
    ("curriculum.period", 0, "> 0"),
    ("curriculum.thresholds", [0.0], "> 0"),
    ("curriculum.switch_times", [0.0], "> 0"),
    ("curriculum.order", [], "at least 1"),
    ("curriculum.order", [-1], ">= 0"),
    ("record.count", 1, ">= 2"),
    ("record.times", [1.0], "at least 2"),
    ("record.first", 0, "> 0"),
    ("training.learning_rate", -1.0, ">= 0"),
    ("training.readout_learning_rate", -1, ">= 0"),
    ("training.weight_decay", -0.1, ">= 0"),
    ("training.readout_weight_decay", -0.1, ">= 0"),
    ("teachers.output_noise", -0.1, ">= 0"),
    ("teachers.input_noise", [0, -1], "[1]: -1 is not allowed; it must be a number >= 0"),
    ("student.initial.weights_std", -1, ">= 0"),
    ("student.initial.readouts_std", -1, ">= 0"),
    (
        "student.initial.scheme",
        "tiny",
        "one of gaussian, large, small, mixed, informed, denoising, one_direction, symmetric",
    ),
    ("student.initial.readouts_value", "one", "a number"),
    ("student.initial.readouts_value", None, "a number"),
    ("student.initial", SYMMETRIC | {"asymmetry": -0.1}, ">= 0"),
    ("numerics.relative_tolerance", 1e-20, ">= 1e-13"),
    ("numerics.relative_tolerance", 1, "<= 0.01"),
    ("numerics.precision", "double", "float64, float32"),
    ("numerics.precision", 32, "float64, float32"),
    # values that do not fit to others
    ("inputs", {}, "missing key dimension"),
    ("training", {}, "missing key learning_rate"),
    ("student", {}, "missing key hidden"),
    ("teachers.features", {"relation": "rotated"}, "similarity: missing"),
    ("teachers.readouts", {"relation": "rotated"}, "similarity: missing"),
    ("teachers.features", {"relation": "rotated", "similarity": 1.1}, "similarity: 1.1 is not allowed"),
    ("teachers.features", {"relation": "rotated", "similarity": [[1.0, 0.5], [0.2, 1.0]]}, "symmetric"),
    ("teachers.features", {"relation": "rotated", "similarity": [[1.0], [0.5, 1.0]]}, "2 x 2"),
    ("teachers.features", {"relation": "rotated", "similarity": [[1.0]]}, "2 x 2"),
    ("teachers.features", {"relation": "interpolated", "similarity": [[1, 2], [2, 1]]}, "<= 1"),
    ("teachers.features", {"relation": "shared_nodes", "similarity": 0.5}, "shared: missing"),
    (
        "teachers.features",
        {"relation": "shared_nodes", "similarity": 0.5, "shared": 3},
        "it can be at most teachers.hidden, 2",
    ),
    ("teachers.features.similarity", 0.5, "not used with relation: independent"),
    ("teachers.features.shared", 1, "only for relation: shared_nodes"),
    ("teachers.features.units", "isotropic", "one of independent, orthogonal, graded"),
    (
        "teachers.features",
        {"units": "graded", "norm": None},
        "norm: null is not allowed; units: graded needs",
    ),
    (
        "teachers.features",
        {"units": "orthogonal", "relation": "interpolated", "similarity": 0.5},
        "units: orthogonal is not available with relation: interpolated",
    ),
    ("teachers.readouts", {"relation": "uniform"}, "value: missing; relation uniform needs a number"),
    (
        "teachers.readouts",
        {"relation": "uniform", "value": 1.0, "norm": 2.0},
        "not used with relation: uniform; set value",
    ),
    ("teachers.readouts", {"relation": "uniform", "value": "one"}, "a number"),
    ("teachers.readouts.value", 2.0, "only for relation: uniform"),
    ("teachers.output_noise", [0.1, 0.1, 0.1], "for 2 teachers; give one per teacher"),
    ("teachers.input_noise", [], "for 2 teachers; give one per teacher"),
    ("training.frozen_units", [[0]], "for 2 teachers; give one per teacher"),
    ("training.frozen_units", [[3], []], "units are counted from 0 to 2"),
    ("training.frozen_units", [[1, 1], []], "without repeats"),
    ("training.train", ["features", "features"], "without repeats"),
    ("training.train", [], "at least 1"),
    ("curriculum.order", [0, 2], "teachers are counted from 0 to 1"),
    (
        "curriculum",
        {"period": 1.0, "switch_times": [1.0]},
        "period: cannot be combined with switch_times",
    ),
    ("curriculum", {"period": 1.0, "thresholds": [1.0]}, "thresholds: cannot be combined with period"),
    ("curriculum", {"period": 1.0, "order": [1]}, "at least two teachers"),
    ("curriculum.period", 1e-300, "at most 1000000 switches"),
    ("curriculum.switch_times", [2.0, 1.0], "in increasing order"),
    ("curriculum.switch_times", [2.0, 2.0], "in increasing order"),
    ("curriculum.switch_times", [300.0], "before the end of the run at 300.0"),
    ("student.initial", SYMMETRIC, "asymmetry: missing; scheme symmetric needs a number >= 0"),
    (
        "student.initial.asymmetry",
        0.1,
        "scheme: gaussian (keys: weights_std, readouts_std, readouts_value",
    ),
    ("student.initial", {"scheme": "large", "weights_std": 0.1}, "scheme: large (keys: readouts_value"),
    ("student.initial", {"scheme": "small", "readouts_std": 0.1}, "scheme: small (keys: readouts_value"),
    ("student.initial", {"scheme": "mixed", "asymmetry": 0.1}, "scheme: mixed (keys: readouts_value"),
    ("student.initial", {"scheme": "informed", "asymmetry": 0.1}, "scheme: informed (keys: weights_std"),
    ("student.initial", {"scheme": "denoising", "weights_std": 1}, "denoising (keys: readouts_std"),
    ("student.initial", {"scheme": "denoising", "readouts_value": 1}, "denoising (keys: readouts_std"),
    ("student.initial", {"scheme": "one_direction", "weights_std": 1}, "direction (keys: readouts_std"),
    ("student.initial.scheme", "one_direction", "needs linear units (set student.activation: linear)"),
    ("training.sampling", "epochs", "epochs needs a finite training set (set inputs.samples)"),
    (
        "student.initial",
        {"readouts_value": 1.0, "readouts_std": 0.1},
        "cannot be combined with readouts_value",
    ),
    ("record.times", [1.0, 0.0], "in increasing order"),
    ("record.times", [1.0, 1.0], "in increasing order"),
    ("record.times", [0.0, 301.0], "after the end of the run at 300.0"),
    ("record", {"times": [0.0, 1.0], "count": 2}, "record.count: cannot be combined with record.times"),
    ("record", {"spacing": "log", "first": 400}, "first: 400.0 is not allowed; it must be before"),
]

# The path of a key that does not exist, and one that does.
UNKNOWN_KEYS = [
    ("trainings", "training"),
    ("a\nb", "inputs"),
    ("inputs.size", "dimension"),
    ("teachers.units", "hidden"),
    ("teachers.features.angle", "similarity"),
    ("teachers.readouts.angle", "similarity"),
    ("student.head", "heads"),
    ("student.initial.std", "weights_std"),
    ("training.lr", "learning_rate"),
    ("curriculum.times", "switch_times"),
    ("record.every", "count"),
    ("numerics.rtol", "relative_tolerance"),
    ("inputs.dataset.path", "file"),
    ("initial_overlaps.Q", "student_teacher"),
]

# An order parameter, a value that cannot be, and words of the message.
WRONG_OVERLAPS = [
    ("student", [[1.0, 0.0], [1.0]], "rows of different lengths"),
    ("student", [[1.0, 0.0]], "the shape must be (1, 1)"),
    ("student", [[0.5, 0.1], [0.3, 0.6]], "must be symmetric"),
    ("student", [[0.5, 0.9], [0.9, 0.6]], "smallest eigenvalue"),
    ("student", [[0.5, float("nan")], [0.1, 0.6]], "student[0][1]: nan is not allowed"),
    ("student", 1.0, "student: 1.0 is not allowed; it must be a list"),
    ("student_teacher", [[[0.9], [0.2]], [[0.0], [-0.1]]], "smallest eigenvalue"),
    ("student_teacher", [[[0.1], [0.2]]], "the shape must be (2, 2, 1)"),
    ("student_teacher", [[[0.1], [0.2]], [[0.0]]], "rows of different lengths"),
    ("teacher", [[[[1.0]], [[0.3]]], [[[0.2]], [[1.0]]]], "must be symmetric"),
    ("teacher", [[[[1.0]]]], "the shape must be (2, 2, 1, 1)"),
    ("student_readouts", [[0.1, 0.2]], "the shape must be (2, 2)"),
    ("teacher_readouts", [1.0, 1.0], "teacher_readouts[0]: 1.0 is not allowed; it must be a list"),
    ("teacher_readouts", [[1.0], ["one"]], "it must be a number"),
]


def message_of(function, argument):
    with pytest.raises(SpecError) as refusal:
        function(argument)
    message = str(refusal.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


@pytest.mark.parametrize("path, value, said", WRONG_VALUES)
def test_wrong_values(path, value, said):
    message = message_of(parse_spec, changed(MINIMAL, {path: value}))
    assert message.startswith(path)
    assert said in message


@pytest.mark.parametrize("path, allowed", UNKNOWN_KEYS)
def test_unknown_keys(path, allowed):
    *blocks, key = " ".join(path.split()).split(".")
    message = message_of(parse_spec, changed(MINIMAL, {path: 1}))
    start = ": ".join(filter(None, [".".join(blocks), f"unknown key {key}"]))
    assert re.match(rf"{re.escape(start)}( \(did you mean \w+\?\))?; allowed are .*\b{allowed}\b", message)


def test_keys_that_are_no_text():
    said = "the key 3 is not a text; write a word that starts with a letter"
    assert message_of(parse_spec, MINIMAL | {3: 4}) == f"3: {said}"
    assert message_of(parse_spec, MINIMAL | {"record": {3: 4}}) == f"record.3: {said}"


@pytest.mark.parametrize("key", MINIMAL)
def test_blocks_that_are_missing(key):
    assert message_of(parse_spec, without(MINIMAL, key)) == f"missing key {key} in the spec"


@pytest.mark.parametrize("document", [None, 3, "inputs", [MINIMAL]], ids=str)
def test_documents_that_are_no_block_of_keys(document):
    assert message_of(parse_spec, document).startswith("a spec is a block of keys, not ")


@pytest.mark.parametrize("name, value, said", WRONG_OVERLAPS)
def test_wrong_overlaps(name, value, said):
    message = message_of(parse_spec, changed(GIVEN, {f"initial_overlaps.{name}": value}))
    assert message.startswith("initial_overlaps")
    assert said in message


@pytest.mark.parametrize("name", OVERLAPS)
def test_overlaps_that_are_missing(name):
    message = message_of(parse_spec, changed(MINIMAL, {"initial_overlaps": without(OVERLAPS, name)}))
    assert message == f"initial_overlaps: missing key {name}"


def test_overlaps_against_a_given_size():
    message = message_of(parse_spec, changed(GIVEN, {"student.hidden": 5}))
    assert message == "initial_overlaps.student: shape (2, 2); the shape must be (5, 5)"


@pytest.mark.parametrize("initial", [{"scheme": "large"}, {"readouts_value": 1.0}], ids=str)
def test_overlaps_against_an_initialisation(initial):
    message = message_of(parse_spec, changed(GIVEN, {"student.initial": initial}))
    expected = f"student.initial.{list(initial)[0]}: not used with initial_overlaps; remove one of them"
    assert message == expected


@pytest.mark.parametrize("scheme", ["informed", "denoising"])
def test_too_few_units_for_a_teacher(scheme):
    changes = {"student.hidden": 1, "student.initial.scheme": scheme}
    message = message_of(parse_spec, changed(MINIMAL, changes))
    needed = (
        "needs at least as many student units as a teacher has (student.hidden is 1, teachers.hidden is 2)"
    )
    assert message == f"student.initial.scheme: {scheme} {needed}"


def test_similarities_that_cannot_be():
    changes = {"teachers.count": 3, "teachers.features": {"relation": "rotated", "similarity": -0.9}}
    message = message_of(parse_spec, changed(MINIMAL, changes))
    assert message.startswith("teachers.features.similarity: -0.9 is not allowed; no 3 teachers have these")
    changes = {"teachers.hidden": 1, "teachers.readouts": {"relation": "rotated", "similarity": -0.9}}
    message = message_of(parse_spec, changed(MINIMAL, changes))
    assert message.startswith("teachers.readouts.similarity: -0.9 needs at least 2 units")


def test_too_few_inputs_for_a_rotation():
    message = message_of(parse_spec, changed(MINIMAL, {"inputs.dimension": 3, "teachers.features": ROTATED}))
    assert message == "inputs.dimension: 3 is not allowed; exactly rotated teachers need at least 4 inputs"


def test_too_few_inputs_for_orthogonal_units():
    changes = {"inputs.dimension": 1, "teachers.features.units": "graded"}
    message = message_of(parse_spec, changed(MINIMAL, changes))
    assert message == "inputs.dimension: 1 is not allowed; units: graded needs at least 2 inputs"


@pytest.mark.parametrize("key, value", [("features.units", "orthogonal"), ("readouts.relation", "uniform")])
def test_overlaps_against_sampled_teachers(key, value):
    message = message_of(parse_spec, changed(GIVEN, {f"teachers.{key}": value}))
    assert message.startswith(f"teachers.{key}: not used with initial_overlaps, which give the ")


def test_a_switch_needs_two_teachers():
    changes = {"teachers.count": 1, "curriculum": {"switch_times": [1.0]}}
    message = message_of(parse_spec, changed(MINIMAL, changes))
    assert message.startswith("curriculum.switch_times: a switch needs at least two")


TEXT = yaml.safe_dump(MINIMAL)
REFUSED_FILES = {
    "empty": ("", "block of keys"),
    "list": ("- 1\n- 2\n", "block of keys"),
    "scalar": ("just a text", "block of keys"),
    "two_documents": (f"{TEXT}---\n{TEXT}", "not valid YAML"),
    "unfinished": ("inputs: {dimension: 3", "not valid YAML"),
    "tab": ("inputs:\n\tdimension: 3", "not valid YAML"),
    "duplicate_block": (f"{TEXT}\ninputs: {{dimension: 3}}", "inputs: given twice"),
    "duplicate_key": ("inputs: {dimension: 3, dimension: 4}", "dimension: given twice"),
    "duplicate_key_of_two_lines": ('inputs: {"a\\nb": 3, "a\\nb": 4}', "a b: given twice"),
    "tag_of_python": ("inputs: !!python/object/apply:os.getcwd []", "not valid YAML"),
    "unknown_tag": ("inputs: !law {dimension: 3}", "not valid YAML"),
    "key_is_list": ("? [inputs]\n: 3", "not valid YAML"),
    "date": (
        f"{TEXT}duration: 2020-01-01",
        "duration: '2020-01-01' is not allowed; it must be a number",
    ),
    "text_number": (f"{TEXT}duration: '1e3'", "duration: the text '1e3' (numbers have no quotes)"),
    "yaml_nan": (f"{TEXT}duration: .nan", "duration: nan is not allowed; it must be a finite number"),
    "yaml_infinity": (f"{TEXT}duration: -.inf", "duration: -inf is not allowed; it must be a finite number"),
    "without_end": ("inputs: &block {dimension: *block}", "the anchor refers to itself"),
    "very_deep": (f"inputs: {'[' * 100}{']' * 100}", "nested too deeply"),
    "control_character": (f"{TEXT}duration: '\0'", "not valid YAML"),
}


@pytest.mark.parametrize("name", REFUSED_FILES)
def test_refused_files(name, tmp_path):
    text, said = REFUSED_FILES[name]
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    assert said in message_of(load_spec, path)


def test_file_that_is_not_text(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"\xff\xfe\x00inputs")
    assert message_of(load_spec, path).startswith(f"{path}: not valid YAML")


def test_file_that_is_not_there(tmp_path):
    path = tmp_path / "spec.yaml"
    assert message_of(load_spec, path) == f"{path}: No such file or directory"
    assert message_of(load_spec, tmp_path).startswith(f"{tmp_path}: Is a directory")


# The schema


def described(schema, path="spec"):
    """Every key of a schema with what it says of it, at all levels."""
    for key, part in schema.get("properties", {}).items():
        yield f"{path}.{key}", part
        yield from described(part, f"{path}.{key}")
    if "items" in schema:
        yield from described(schema["items"], f"{path}.0")


@pytest.mark.parametrize("path, part", [pytest.param(*entry, id=entry[0]) for entry in described(SCHEMA)])
def test_every_key_has_a_description(path, part):
    assert part["description"].endswith(".")
    assert len(part["description"]) > 10


def test_every_block_of_the_schema_is_closed():
    parts = [entry for _, part in described(SCHEMA) for entry in (part, part.get("items", {}))]
    blocks = [part for part in parts if "properties" in part]
    assert {part.get("additionalProperties") for part in [SCHEMA, *blocks]} == {False}


def test_every_initialisation_says_which_keys_it_takes():
    keys = SCHEMA["properties"]["student"]["properties"]["initial"]["properties"]
    assert list(INITIAL_KEYS) == keys["scheme"]["enum"]
    assert {key for taken in INITIAL_KEYS.values() for key in taken} == keys.keys() - {"scheme"}


def test_every_default_is_filled_in():
    """In blocks that can be left out as well, once they are given."""
    interventions = {
        "teachers.rotation": {"teacher": 0, "towards": 1, "rate": 0.1},
        "training.consolidation": {"kind": "ewc", "strength": 1.0},
        "training.deficits": [{"frozen_units": [0]}],
        "curriculum": {"switch_times": [1.0], "replay": {"fraction": 0.1}},
    }
    manifold = {"distribution": "hidden_manifold", "dimension": 10, "manifold": {"latent_dimension": 3}}
    layers = {"distribution": "generator", "dimension": 10, "generator": {"layers": [3, 10]}}
    structured = [changed(MINIMAL, {"inputs": block}) for block in (manifold, layers)]
    reward = {"rule": "reward", "train": ["features"], "learning_rate": 1.0}
    reward["episode"] = {"length": 3, "reward": {"condition": "all"}, "schedule": {}}
    unit = {"hidden": 1, "activation": "linear"}
    rewarded = changed(MINIMAL, {"student": unit, "teachers.hidden": 1, "training": reward})
    deep = changed(MINIMAL, {"student.layers": 2, "student.initial": {"inner": {}}})
    documents = [DATASET, changed(MINIMAL, interventions), *structured, rewarded, deep]
    specs = [parse_spec(document).to_dict() for document in documents]
    for path, part in described(SCHEMA):
        if "default" in part:
            assert any(has_key(spec, path.split(".")[1:]) for spec in specs), path


def has_key(value, path):
    for part in path:
        if isinstance(value, list):
            value = value[int(part)]
        elif part in value:
            value = value[part]
        else:
            return False
    return True


def test_the_spec_has_the_blocks_of_the_schema():
    assert list(SCHEMA["properties"]) == list(Spec.__dataclass_fields__)


def test_one_learning_rate_per_teacher_keeps_its_fractions():
    rates = {"learning_rate": [0.5, 2], "readout_learning_rate": [0.2, 1.5]}
    blocks = {"teachers": {"count": 2, "hidden": 1}, "student": {"hidden": 2}, "training": rates}
    training = parse_spec({"inputs": {"dimension": 10}, "duration": 1.0} | blocks).training
    assert training.learning_rate == (0.5, 2.0)
    assert training.readout_learning_rate == (0.2, 1.5)
