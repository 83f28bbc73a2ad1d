"""Keys of replay, mixtures, consolidation, moving teachers, deficits and schedules: good and bad input."""

import json
from copy import deepcopy
from functools import reduce

import pytest
import yaml

from teacherstudent.errors import SpecError
from teacherstudent.spec.interventions import (
    Consolidation,
    Deficit,
    Interleave,
    MixturePiece,
    RatePiece,
    Replay,
    Rotation,
)
from teacherstudent.spec.parse import load_spec, parse_spec

BASE = {
    "inputs": {"dimension": 100},
    "teachers": {"count": 2, "hidden": 2},
    "student": {"hidden": 3},
    "training": {"learning_rate": 0.5},
    "curriculum": {"switch_times": [50.0]},
    "duration": 100.0,
}
THREE = {"teachers.count": 3, "curriculum.switch_times": [30.0, 60.0]}
NO_SWITCH = {"curriculum": {}}
EWC = {"kind": "ewc", "strength": 2.0}
TURN = {"teacher": 0, "towards": 1, "rate": 0.1}
HALF = [0.5, 0.5]
MIXED = {"curriculum": {"mixture": [{"until": 40.0, "probabilities": [1.0, 0.0]}, {"probabilities": HALF}]}}


def changed(changes, document=BASE):
    """A document with the values at some dotted paths replaced."""
    result = deepcopy(document)
    for path, value in changes.items():
        *blocks, key = path.split(".")
        block = result
        for name in blocks:
            block = block.setdefault(name, {})
        block[key] = value
    return result


def parsed(changes):
    return parse_spec(changed(changes))


# Good input

GOOD = {
    "replay": {"curriculum.replay": {"fraction": 0.1}},
    "replay_0": {"curriculum.replay": {"fraction": 0}},
    "replay_1": {"curriculum.replay": {"fraction": 1}},
    "replay_per_switch": THREE | {"curriculum.replay": {"fraction": [0.1, 0.0], "of": "all"}},
    "replay_after_thresholds": {"curriculum": {"thresholds": [0.1], "replay": {"fraction": [0.1]}}},
    "replay_with_period": {"curriculum": {"period": 3.0, "replay": {"fraction": 0.1}}},
    "replay_of_all": THREE | {"curriculum.replay": {"fraction": 0.1, "of": "all"}},
    "replay_badly": {"curriculum.replay": {"fraction": 0.1, "fidelity": 0.5}},
    "replay_stored": {"curriculum.replay": {"fraction": 0.1, "buffer": 20}},
    "replay_and_copied_heads": {
        "curriculum.replay": {"fraction": 0.1},
        "student.copy_head_at_switch": "first",
    },
    "replay_with_a_shared_head": {
        "curriculum.replay": {"fraction": 0.1},
        "student": {"hidden": 3, "heads": "shared", "copy_head_at_switch": "every"},
    },
    "interleave": {"curriculum.replay": {"interleave": {"new": 9, "old": 1}}},
    "mixture": MIXED,
    "mixture_of_one_piece": {"curriculum": {"mixture": [{"probabilities": HALF}]}},
    "mixture_to_the_end": {"curriculum": {"mixture": [{"until": 100.0, "probabilities": [0.3, 0.7]}]}},
    "consolidation": {"training.consolidation": EWC},
    "consolidation_0": {"training.consolidation": {"kind": "node", "strength": 0}},
    "consolidation_per_switch": THREE | {"training.consolidation": {"kind": "quadratic", "strength": [1, 2]}},
    "consolidation_of_a_mixture": {
        "curriculum": {"mixture": [{"until": 40, "probabilities": [1, 0]}, {"probabilities": [0.1, 0.9]}]},
        "training.consolidation": {"kind": "path_integral", "strength": [3.0], "step": "proximal"},
    },
    "consolidation_per_weight": {
        "training.consolidation": EWC | {"importances": "weights", "fisher_samples": 50, "anchors": "latest"}
    },
    "consolidation_normalised": {
        "training.consolidation": {
            "kind": "path_integral_normalised",
            "strength": 1.0,
            "importances": "weights",
            "normaliser": 0.5,
        }
    },
    "replay_and_consolidation": {
        "training.consolidation": EWC,
        "curriculum.replay": {"fraction": 0.1},
        "record.movement": True,
    },
    "l1": {"training.l1": 0.1},
    "l1_0": {"training.l1": 0},
    "drift": {"teachers.drift": 0.1},
    "drift_0": {"teachers.drift": 0},
    "drift_0_with_samples": {"teachers.drift": 0, "inputs.samples": 10},
    "drift_per_teacher": {"teachers.drift": [0.0, 100]},
    "rotation": {"teachers.rotation": TURN},
    "rotation_in_a_window": {"teachers.rotation": TURN | {"start": 10, "until": 100}},
    "rotation_of_length_0": {"teachers.rotation": TURN | {"start": 10, "until": 10}},
    "rotation_reached": {"teachers.rotation": TURN | {"until": "reached"}},
    "rotation_and_drift_of_another": THREE | {"teachers.rotation": TURN, "teachers.drift": [0, 0, 0.1]},
    "rotation_of_rotated": {
        "teachers.rotation": TURN,
        "teachers.features": {"relation": "rotated", "similarity": [[1, 0.5], [0.5, 1]]},
    },
    "deficits": {
        "training.deficits": [
            {"until": 20, "input_noise": 2, "frozen_units": [0, 2]},
            {"start": 20, "until": 40.5, "input_noise": 1.0},
            {"start": 10, "output_noise": 0.5, "teacher": 1},
            {"start": 7, "until": 7, "frozen_units": []},
            {"start": 90, "until": 101, "frozen_units": [1]},
        ]
    },
    "deficits_of_a_finite_set": {
        "training.deficits": [{"until": 20, "frozen_units": [0]}],
        "inputs.samples": 10,
    },
    "rates_per_teacher": {"training.learning_rate": [0.1, 1]},
    "rates_in_pieces": {"training.learning_rate": [{"until": 50, "value": 1}, {"value": [0.1, 0.25]}]},
    "rates_of_readouts_in_pieces": {
        "training.readout_learning_rate": [{"until": 50, "value": 1}, {"until": 100.0, "value": 0}]
    },
    "readouts": {"student.initial": {"readouts": [[0.01, 0.001, -0.001], None]}},
    "readouts_all": {"student.initial": {"readouts": [[1, 2, 3], [4, 5, 6]]}},
    "readouts_of_symmetric": {
        "student.initial": {"scheme": "symmetric", "asymmetry": 0.1, "readouts": [None, [1, 1, 1]]}
    },
    "readouts_imbalance": {"student.initial": {"readouts_imbalance": 10, "readouts_std": 0.01}},
    "movement": {"record.movement": True},
    "movement_at_given_times": {"record": {"times": [0, 100], "movement": True}},
}


@pytest.mark.parametrize("name", GOOD)
def test_the_complete_document_gives_the_same_spec(name):
    spec = parsed(GOOD[name])
    assert parse_spec(json.loads(spec.to_json())) == spec
    assert parse_spec(json.loads(spec.to_json())).to_json() == spec.to_json()


@pytest.mark.parametrize("name", GOOD)
def test_from_a_file(name, tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(changed(GOOD[name])), encoding="utf-8")
    assert load_spec(path) == parsed(GOOD[name])


def test_blocks_that_are_not_given_are_none():
    spec = parse_spec(BASE)
    curriculum, training, teachers = spec.curriculum, spec.training, spec.teachers
    assert (curriculum.replay, curriculum.mixture) == (None, None)
    assert (training.consolidation, training.l1, training.deficits) == (None, None, None)
    assert (teachers.drift, teachers.rotation, spec.record.movement) == (None, None, False)
    assert (spec.student.initial.readouts, spec.student.initial.readouts_imbalance) == (None, None)
    assert not (spec.has_anchors or spec.has_moving_teachers)
    optional = ("replay", "mixture", "consolidation", "l1", "deficits", "drift", "rotation", "imbalance")
    assert not [key for key in optional if key in spec.to_json()]


def test_values():
    """Each block becomes its dataclass, with defaults, tuples and numbers of the right type."""
    spec = parsed(GOOD["replay_per_switch"])
    assert spec.curriculum.replay == Replay(of="all", fidelity=1.0, fraction=(0.1, 0.0))
    assert parsed(GOOD["interleave"]).curriculum.replay == Replay("previous", 1.0, None, Interleave(9, 1))
    assert parsed(GOOD["replay_stored"]).curriculum.replay.buffer == 20
    assert parsed(MIXED).curriculum.mixture == (MixturePiece((1.0, 0.0), 40.0), MixturePiece((0.5, 0.5)))
    block = parsed(GOOD["consolidation_per_switch"]).training.consolidation
    expected = Consolidation("quadratic", (1.0, 2.0), "units", 10_000, 0.1, "sum", "explicit")
    assert block == expected
    assert parsed(GOOD["rotation_in_a_window"]).teachers.rotation == Rotation(0, 1, 0.1, 10.0, 100.0)
    assert parsed(GOOD["rotation_reached"]).teachers.rotation == Rotation(0, 1, 0.1, 0.0, "reached")
    windows = parsed(GOOD["deficits"]).training.deficits
    assert windows[0] == Deficit(0.0, 20.0, 2.0, None, (0, 2), None)
    assert windows[2] == Deficit(10.0, None, None, 0.5, None, 1)
    assert parsed(GOOD["readouts"]).student.initial.readouts == ((0.01, 0.001, -0.001), None)


def test_learning_rates():
    """Fractions stay fractions in all forms; readouts have those of the first layer unless given."""
    training = parsed({"training.learning_rate": [0.1, 1]}).training
    assert training.learning_rate == training.readout_learning_rate == (0.1, 1.0)
    pieces = (RatePiece(1.0, 50.0), RatePiece((0.1, 0.25)))
    assert parsed(GOOD["rates_in_pieces"]).training.readout_learning_rate == pieces
    training = parsed(GOOD["rates_of_readouts_in_pieces"]).training
    assert training.learning_rate == 0.5
    assert training.readout_learning_rate == (RatePiece(1.0, 50.0), RatePiece(0.0, 100.0))


def test_one_number_is_for_all_teachers():
    assert parsed({"teachers.drift": 1}).teachers.drift == (1.0, 1.0)
    assert parsed({"teachers.drift": 1}).has_moving_teachers
    assert not parsed({"teachers.drift": 0}).has_moving_teachers


def test_the_order_follows_from_a_mixture():
    rows = [[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2], [0.0, 1.0, 0.0]]
    pieces = [{"until": 10.0 * (i + 1), "probabilities": row} for i, row in enumerate(rows[:-1])]
    pieces.append({"probabilities": rows[-1]})
    spec = parsed({"teachers.count": 3, "curriculum": {"mixture": pieces}})
    assert spec.curriculum.order == (0, 2, 1)
    given = {"teachers.count": 3, "curriculum": {"mixture": pieces, "order": [0, 2, 1]}}
    assert parsed(given) == spec


SETTINGS = [
    ("deficits", "training.deficits.0.until", 15.0),
    ("deficits", "training.deficits.2.start", 30.0),
    ("mixture", "curriculum.mixture.0.until", 30.0),
    ("plain", "curriculum.replay.fraction", 0.3),
    ("replay_per_switch", "curriculum.replay.fraction.1", 0.5),
    ("interleave", "curriculum.replay.interleave.new", 3),
    ("consolidation", "training.consolidation.strength", 7.0),
    ("consolidation", "training.consolidation.kind", "node"),
    ("plain", "training.l1", 0.3),
    ("plain", "teachers.drift", 0.3),
    ("drift_per_teacher", "teachers.drift.0", 0.3),
    ("rotation", "teachers.rotation.rate", 0.3),
    ("rates_in_pieces", "training.learning_rate.0.value", 3.0),
    ("rates_per_teacher", "training.learning_rate.1", 3.0),
    ("readouts", "student.initial.readouts.0.1", 3.0),
    ("plain", "student.initial.readouts_imbalance", 3.0),
]


@pytest.mark.parametrize("name, key, value", SETTINGS, ids=[key for _, key, _ in SETTINGS])
def test_single_values_can_be_set(name, key, value, tmp_path):
    """As with --set, and as by the axes of a grid."""
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(changed(GOOD.get(name, {}))), encoding="utf-8")
    plain, spec = load_spec(path), load_spec(path, {key: value})
    assert spec != plain
    expected = [value, value] if key == "teachers.drift" else value
    assert (
        reduce(lambda part, word: part[int(word) if word.isdigit() else word], key.split("."), spec.to_dict())
        == expected
    )


# Bad input: values of a block, the rest of the key that the message names, and words of the message

REFUSED = {
    "curriculum.replay": [
        (0.1, "", "it must be a block of keys"),
        ({}, "", "give exactly one of them"),
        ({"fraction": 0.1, "interleave": {"new": 1, "old": 1}}, "", "exactly one"),
        ({"fraction": "0.1"}, ".fraction", "numbers have no quotes"),
        ({"fraction": 1.1}, ".fraction", "1.1 is not allowed; it must be a number"),
        ({"fraction": -0.1}, ".fraction", ">= 0"),
        ({"fraction": True}, ".fraction", "a number"),
        ({"fraction": []}, ".fraction", "at least 1"),
        ({"fraction": [2]}, ".fraction[0]", "<= 1"),
        ({"fraction": [0.1, 0.2]}, ".fraction", "2 values for 1 switches; give one"),
        ({"fraction": 0.1, "of": "first"}, ".of", "one of previous, all"),
        ({"fraction": 0.1, "fidelity": 2}, ".fidelity", "<= 1"),
        ({"fraction": 0.1, "buffer": 0}, ".buffer", ">= 1"),
        ({"fraction": 0.1, "buffer": 2.5}, ".buffer", "an integer"),
        ({"fraction": 0.1, "buffer": 9, "fidelity": 0.5}, ".fidelity", "with buffer"),
        ({"fractions": 0.1}, "", "unknown key fractions (did you mean fraction?); allowed are fraction"),
        ({"interleave": 3}, ".interleave", "a block of keys"),
        ({"interleave": {"new": 3}}, ".interleave", "missing key old"),
        ({"interleave": {"new": 0, "old": 1}}, ".interleave.new", ">= 1"),
        ({"interleave": {"new": 1, "old": 0.5}}, ".interleave.old", "an integer"),
    ],
    "curriculum": [
        ({"period": 9.0, "replay": {"fraction": [0.1]}}, ".replay.fraction", "give one number"),
        ({"replay": {"fraction": 0.1}}, ".replay", "needs a switch; give switch_times, period"),
        ({"mixture": HALF}, ".mixture[0]", "a block of keys"),
        ({"mixture": []}, ".mixture", "at least 1"),
        ({"mixture": [{"until": 3.0}]}, ".mixture[0]", "missing key probabilities"),
        ({"mixture": [{"probabilities": [1]}]}, ".mixture[0].probabilities", "1 values for 2 teachers"),
        ({"mixture": [{"probabilities": [0, 0, 1]}]}, ".mixture[0].probabilities", "3 values for 2"),
        ({"mixture": [{"probabilities": [0.5, 0.4]}]}, ".mixture[0].probabilities", "sum must be 1"),
        ({"mixture": [{"probabilities": [1.5, -0.5]}]}, ".mixture[0].probabilities[0]", "<= 1"),
        ({"mixture": [{"probabilities": HALF}, {"probabilities": HALF}]}, ".mixture[0].until", "missing"),
        ({"mixture": [{"until": 0, "probabilities": HALF}]}, ".mixture[0].until", "> 0"),
        (
            {"mixture": [{"until": 99, "probabilities": HALF}]},
            ".mixture[0].until",
            "99.0 is not allowed; the last piece must end",
        ),
        ({"mixture": [{"until": 101, "probabilities": HALF}]}, ".mixture[0].until", "at 100.0; omit it"),
        (
            {"mixture": [{"until": 100, "probabilities": HALF}, {"probabilities": HALF}]},
            ".mixture[0].until",
            "before the end of the run at 100.0",
        ),
        (
            {
                "mixture": [{"until": t, "probabilities": HALF} for t in (20.0, 20.0)]
                + [{"probabilities": HALF}]
            },
            ".mixture[1].until",
            "20.0 is not allowed; it must be after the end of the piece before, 20.0",
        ),
        ({"mixture": [{"probabilities": HALF}], "period": 3}, ".period", "cannot be combined with mixture"),
        ({"mixture": [{"probabilities": HALF}], "thresholds": [3]}, ".thresholds", "with mixture"),
        ({"mixture": [{"probabilities": HALF}], "replay": {"fraction": 0}}, ".replay", "with mixture"),
        ({"mixture": [{"probabilities": HALF}], "order": [0, 1]}, ".order", "follows from the mixture"),
    ],
    "training.consolidation": [
        (3.0, "", "a block of keys"),
        ({"kind": "ewc"}, "", "missing key strength"),
        ({"strength": 1.0}, "", "missing key kind"),
        (EWC | {"kind": "none"}, ".kind", "one of quadratic, node, ewc"),
        (EWC | {"strength": -1}, ".strength", ">= 0"),
        (EWC | {"strength": [1, 2]}, ".strength", "2 values for 1 switches"),
        (EWC | {"strength": [-1]}, ".strength[0]", ">= 0"),
        (EWC | {"importances": "layers"}, ".importances", "units, weights"),
        (
            {"kind": "node", "strength": 1, "importances": "weights"},
            ".importances",
            "weights is not allowed; kind: node has equal importances in a unit; use units",
        ),
        ({"kind": "quadratic", "strength": 1, "importances": "weights"}, ".importances", "use units"),
        ({"kind": "path_integral_normalised", "strength": 1}, ".importances", "needs importances: weights"),
        (EWC | {"fisher_samples": 0}, ".fisher_samples", ">= 1"),
        (
            {"kind": "node", "strength": 1, "fisher_samples": 9},
            ".fisher_samples",
            "only for kind: ewc; remove it or change the kind",
        ),
        (EWC | {"normaliser": 0.5}, ".normaliser", "only for kind: path_integral_n"),
        (EWC | {"normaliser": 0}, ".normaliser", "> 0"),
        (EWC | {"anchors": "first"}, ".anchors", "one of sum, latest"),
        (EWC | {"step": "implicit"}, ".step", "one of explicit, proximal"),
    ],
    "training.l1": [
        (-0.1, "", ">= 0"),
        ([0.1], "", "a number"),
    ],
    "record.movement": [
        (1, "", "true or false"),
    ],
    "record": [
        ({"movement": True, "quantities": "errors"}, ".movement", "use quantities: all or remove it"),
        ({"movement": True, "quantities": "readouts"}, ".movement", "use quantities: all or remove it"),
    ],
    "teachers.drift": [
        (-0.1, "", ">= 0"),
        (None, "", "a number"),
        ([0.1], "", "1 values for 2 teachers; give one per teacher"),
        ([0.1, -1], "[1]", ">= 0"),
        (101, "", "101.0 is not allowed; it can be at most inputs.dimension, 100"),
    ],
    "teachers.rotation": [
        (0.1, "", "a block of keys"),
        ({"teacher": 0, "rate": 1.0}, "", "missing key towards"),
        (TURN | {"rate": 0}, ".rate", "> 0"),
        (TURN | {"teacher": 2}, ".teacher", "counted from 0 to 1"),
        (TURN | {"towards": 2}, ".towards", "counted from 0 to 1"),
        (TURN | {"towards": 0.5}, ".towards", "an integer"),
        (TURN | {"towards": 0}, ".towards", "another teacher"),
        (TURN | {"until": "never"}, ".until", "'never' is not allowed"),
        (TURN | {"start": 9, "until": 8}, ".until", "not be before start, 9.0"),
        (TURN | {"start": 100}, ".start", "before the end of the run at 100.0"),
    ],
    "training.deficits": [
        ({"until": 3}, "", "a list"),
        ([], "", "at least 1"),
        ([{"until": 3.0}], "[0]", "changes nothing; give one of input_noise"),
        ([{"from": 3.0}], "[0]", "unknown key from; allowed are start, until"),
        ([{"start": -1, "teacher": 0}], "[0].start", ">= 0"),
        ([{"start": 100, "teacher": 0}], "[0].start", "before the end of the run"),
        ([{"start": 5, "until": 4, "teacher": 0}], "[0].until", "before start, 5.0"),
        ([{"input_noise": -1}], "[0].input_noise", ">= 0"),
        ([{"output_noise": [1, 1]}], "[0].output_noise", "a number"),
        ([{"frozen_units": 0}], "[0].frozen_units", "a list"),
        ([{"frozen_units": [3]}], "[0].frozen_units", "units are counted from 0 to 2"),
        ([{"frozen_units": [1, 1]}], "[0].frozen_units", "without repeats"),
        ([{"teacher": 2}], "[0].teacher", "teachers are counted from 0 to 1"),
        ([{"teacher": 0.5}], "[0].teacher", "an integer"),
        (
            [{"until": 9, "teacher": 0}, {"start": 8.9, "teacher": 1, "output_noise": 1}],
            "[1].teacher",
            "overlaps with deficits[0]",
        ),
        (
            [{"start": 9, "input_noise": 0}, {"until": 9.1, "input_noise": 1}],
            "[1].input_noise",
            "windows must not overlap",
        ),
    ],
    "training.learning_rate": [
        ([], "", "at least 1"),
        ([1.0, 1.0, 1.0], "", "3 values for 2 teachers; give one"),
        ([1.0, -1.0], "[1]", ">= 0"),
        ([[1.0], [1.0]], "[0]", "a number >= 0 or a block of keys"),
        ([1.0, {"value": 1.0}], "", "cannot be mixed; use one form"),
        ([{"until": 5.0}], "[0]", "missing key value"),
        ([{"value": 1, "end": 5}], "[0]", "unknown key end"),
        ([{"value": [1, 2, 3]}], "", "3 values for 2 teachers"),
        ([{"value": -1}], "[0].value", ">= 0"),
        ([{"value": 1}, {"value": 2}], "[0].until", "missing"),
        ([{"until": 5, "value": 1}], "[0].until", "must end with the run"),
        ([{"until": 100, "value": 1}, {"value": 2}], "[0].until", "before the end"),
        (
            [{"until": 9, "value": 1}, {"until": 8, "value": 2}, {"value": 2}],
            "[1].until",
            "8.0 is not allowed; it must be after the end of the piece before, 9.0",
        ),
    ],
    "training.readout_learning_rate": [
        ([1.0], "", "1 values for 2 teachers"),
        ([{"until": 9, "value": 1}], "[0].until", "end with"),
    ],
    "student.initial.readouts": [
        (1.0, "", "a list"),
        ([[1, 2, 3]], "", "must be 2 rows, one per head, each of 3"),
        ([[1, 2], None], "", "2 rows, one per head, each of 3 numbers"),
        ([["a"], None], "[0][0]", "a number"),
    ],
    "student.initial": [
        ({"readouts": [[1, 2, 3], None], "readouts_value": 1}, ".readouts_value", "with readouts"),
        (
            {"readouts": [[1, 2, 3], None], "readouts_imbalance": 1},
            ".readouts_imbalance",
            "cannot be combined with readouts; remove one of them",
        ),
        (
            {"readouts": [[1, 2, 3], [1, 2, 3]], "readouts_std": 1},
            ".readouts_std",
            "not used where readouts gives all rows; remove it",
        ),
        ({"scheme": "large", "readouts": [None, None]}, ".readouts", "scheme: large"),
        ({"readouts_imbalance": 2, "readouts_value": 1}, ".readouts_imbalance", "readouts_value"),
        (
            {"scheme": "symmetric", "asymmetry": 0, "readouts_imbalance": 2},
            ".readouts_imbalance",
            "not used with scheme: symmetric",
        ),
    ],
    "student.initial.readouts_imbalance": [
        (0, "", "> 0"),
    ],
}

# Changes of several blocks.
REFUSED_TOGETHER = [
    (
        {"curriculum.replay": {"fraction": 0.1, "buffer": 9}, "inputs.samples": 20},
        "curriculum.replay.buffer",
        "finite",
    ),
    (
        {"curriculum.replay": {"fraction": 0.1, "fidelity": 0}, "inputs.samples": 9},
        "curriculum.replay.fidelity",
        "finite",
    ),
    (
        {"curriculum.order": [1, 1], "curriculum.replay": {"fraction": 0.1}},
        "curriculum.replay",
        "no earlier task",
    ),
    (
        {"curriculum.replay": {"fraction": 0.1}, "student.copy_head_at_switch": "every"},
        "student.copy_head_at_switch",
        "overwrites the heads of replayed tasks; use never or first",
    ),
    (
        {"curriculum.mixture": [{"probabilities": HALF}]},
        "curriculum.switch_times",
        "cannot be combined with mixture",
    ),
    (MIXED | {"student.copy_head_at_switch": "first"}, "student.copy_head_at_switch", "use never"),
    (
        {"training.consolidation": EWC | {"strength": [1.0]}, "curriculum": {"period": 3.0}},
        "training.consolidation.strength",
        "a list is not available with curriculum.period",
    ),
    (MIXED | {"training.consolidation": EWC}, "training.consolidation", "needs a switch"),
    (NO_SWITCH | {"training.consolidation": EWC}, "training.consolidation", "needs a switch"),
    (
        {"training.consolidation": EWC, "training.train": ["readouts"]},
        "training.consolidation",
        "add features",
    ),
    ({"training.l1": 0.1, "training.train": ["readouts"]}, "training.l1", "add features to training.train"),
    (
        {"training.readout_weight_decay": 0.1, "training.train": ["features"]},
        "training.readout_weight_decay",
        "add readouts to training.train",
    ),
    (
        {"teachers.drift": 0.1, "inputs.samples": 9},
        "teachers.drift",
        "labels of a finite training set are fixed",
    ),
    (
        {"teachers.rotation": TURN, "inputs.samples": 9},
        "teachers.rotation",
        "labels of a finite training set are fixed",
    ),
    (
        {"teachers.rotation": TURN, "teachers.drift": 0.1},
        "teachers.drift",
        "teacher 0 cannot drift and be part",
    ),
    ({"teachers.rotation": TURN, "teachers.drift": [0, 1]}, "teachers.drift", "set its drift to 0"),
    ({"teachers.rotation": TURN, "teachers.features.relation": "identical"}, "teachers.rotation", "no plane"),
    (
        {"teachers.rotation": TURN, "teachers.features": {"relation": "rotated", "similarity": 1}},
        "teachers.features.similarity",
        "1.0 is not allowed; teachers in a rotation need one between -1 and 1",
    ),
    (
        {
            "teachers.rotation": TURN,
            "teachers.features": {"relation": "rotated", "similarity": [[1, -1], [-1, 1]]},
        },
        "teachers.features.similarity",
        "-1.0 is not allowed",
    ),
    (
        {
            "teachers.rotation": TURN,
            "teachers.features": {"relation": "shared_nodes", "similarity": 0.1, "shared": 1},
        },
        "teachers.rotation",
        "shared units have no plane",
    ),
    (
        {"training.deficits": [{"frozen_units": [0], "output_noise": 1}], "inputs.samples": 9},
        "training.deficits[0].output_noise",
        "not available with a finite training set",
    ),
]


def check_refusal(changes, key, said):
    with pytest.raises(SpecError) as refusal:
        parsed(changes)
    message = str(refusal.value)
    assert message.startswith(f"{key}: ")
    assert said in message
    assert "\n" not in message
    assert len(message) < 250


@pytest.mark.parametrize("path, index", [(path, i) for path in REFUSED for i in range(len(REFUSED[path]))])
def test_bad_input_is_refused_in_one_line(path, index):
    value, key, said = REFUSED[path][index]
    check_refusal({path: value}, path + key, said)


@pytest.mark.parametrize("index", range(len(REFUSED_TOGETHER)))
def test_contradictions_of_blocks_are_refused_in_one_line(index):
    check_refusal(*REFUSED_TOGETHER[index])


def test_readouts_and_given_overlaps():
    overlaps = {
        "student": [[0.1]],
        "student_teacher": [[[0.0]]],
        "teacher": [[[[1.0]]]],
        "student_readouts": [[0.1]],
        "teacher_readouts": [[1.0]],
    }
    document = {"inputs": {"dimension": 9}, "training": {"learning_rate": 1.0}, "initial_overlaps": overlaps}
    for initial in ({"readouts": [[1.0]]}, {"readouts_imbalance": 2.0}):
        with pytest.raises(SpecError, match="not used with initial_overlaps; remove one of them"):
            parse_spec(document | {"student": {"initial": initial}})
