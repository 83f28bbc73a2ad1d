"""Parts of specs, and what follows from them, are computed once; with the same results as each time."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from samples import document
from teacherstudent.errors import SpecError
from teacherstudent.networks.frames import order_parameters_in_frame
from teacherstudent.networks.sampling import initial_order_parameters
from teacherstudent.spec.memo import LARGEST_KEY, MOST_BLOCKS, Blocks, once_per_spec
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.schema import complete, complete_blocks, package_schema


def test_blocks_of_a_spec_are_independent_in_the_schema():
    """Only then a block can be checked without the others."""
    schema = package_schema("spec")
    assert set(schema) == {
        "$schema",
        "title",
        "description",
        "type",
        "additionalProperties",
        "required",
        "properties",
    }
    assert schema["additionalProperties"] is False
    assert "$ref" not in repr(schema["properties"])


DOCUMENTS = [
    document(),
    document(duration=7, record={"spacing": "log", "count": 3}),
    document(student={"hidden": 3.0, "initial": {"weights_std": 1}}),
    document(teachers={"count": 2, "hidden": 2, "features": {"relation": "rotated", "similarity": 1}}),
]
WRONG = [
    document(training={"learning_rate": -1.0}),
    document(training={}),
    document(lerning={}),
    {key: value for key, value in document().items() if key != "inputs"},
    document(student={"hidden": True}),
    document(duration="long", record={"count": 1}),
]


@pytest.mark.parametrize("given", DOCUMENTS)
def test_a_document_is_completed_as_a_whole(given):
    expected = complete(given, "spec")
    for _ in range(2):
        found = complete_blocks(deepcopy(given), "spec")
        assert repr(found) == repr(expected)  # also the order of keys, and the types of numbers
        found["student"]["initial"]["scheme"] = "changed"
        found["inputs"].clear()


@pytest.mark.parametrize("given", WRONG)
def test_errors_are_those_of_the_whole_document(given):
    messages = []
    for function in (complete, complete_blocks, complete_blocks):
        with pytest.raises(SpecError) as caught:
            function(given, "spec")
        messages.append(str(caught.value))
    assert messages[0] == messages[1] == messages[2]


def test_numbers_of_different_types_are_different_blocks():
    blocks = Blocks()
    found = [blocks.of("a", value, lambda value=value: [value]) for value in (1, 1.0, True, "1", 1)]
    assert [type(value) for (value,) in found] == [int, float, bool, str, int]
    assert found[0] is found[4]
    assert blocks.of("b", 1, lambda: None) is None


def test_neither_large_nor_too_many_blocks_are_saved():
    blocks = Blocks()
    large = [0.5] * LARGEST_KEY
    assert blocks.of("a", large, list) is not blocks.of("a", large, list)
    for value in range(MOST_BLOCKS + 10):
        blocks.of("a", value, list)
    assert len(blocks.found) <= MOST_BLOCKS


def test_specs_share_equal_blocks():
    one, other = parse_spec(document()), parse_spec(document(training={"learning_rate": 0.1}))
    assert one.student is other.student
    assert one.training.learning_rate == 1.0
    assert other.training.learning_rate == 0.1


def test_a_result_is_of_its_spec_only():
    spec, calls = parse_spec(document()), []

    @once_per_spec
    def duration(spec):
        calls.append(spec)
        return spec.duration

    longer = replace(spec, duration=9.0)
    assert [duration(spec), duration(longer), duration(spec), duration(longer)] == [5.0, 9.0, 5.0, 9.0]
    assert calls == [spec, longer]
    assert spec == parse_spec(document())
    assert spec.to_dict() == parse_spec(document()).to_dict()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"training": {"learning_rate": 0.1, "train": ["features"]}},
        {"curriculum": {"switch_times": [2.0], "order": [1, 0]}, "student": {"hidden": 4}},
        {"inputs": {"dimension": 21}},
        {"student": {"hidden": 4, "initial": {"scheme": "informed"}}, "duration": 9.0},
        {"student": {"hidden": 4, "initial": {"scheme": "denoising"}}},
    ],
)
def test_saved_order_parameters_are_those_of_the_sampled_networks(changes):
    spec = parse_spec(document(student={"hidden": 4}) | changes)
    for seed, run in ((0, 0), (0, 1), (5, 0), (0, 0)):
        expected = initial_order_parameters(spec, seed, run)
        found = order_parameters_in_frame(spec, seed, run)
        for part, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(part, other, rtol=0, atol=1e-13)
            part[...] = 0.0  # a caller may change its arrays
