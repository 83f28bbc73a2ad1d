"""Documents from Python: numpy's numbers, arrays, tuples and ranges count by value."""

import decimal
import json
from collections import namedtuple
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from teacherstudent.errors import SpecError
from teacherstudent.experiments.jobs import expand
from teacherstudent.files.plain_values import MAX_DEPTH, plain
from teacherstudent.spec.parse import parse_spec

Pair = namedtuple("Pair", "first last")
SAME = {
    "float32": (np.float32(0.1), 0.10000000149011612),
    "float16": (np.float16(0.1), 0.0999755859375),
    "float64": (np.float64(0.1), 0.1),
    "longdouble": (np.longdouble("0.5"), 0.5),
    "int64": (np.int64(-3), -3),
    "uint8": (np.uint8(255), 255),
    "bool": (np.bool_(True), True),
    "text": (np.str_("erf"), "erf"),
    "array without axes": (np.array(2.5), 2.5),
    "whole array without axes": (np.array(2), 2),
    "array": (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    "array of float32": (np.array([0.1], dtype=np.float32), [0.10000000149011612]),
    "array of texts": (np.array(["features"]), ["features"]),
    "array of objects": (np.array([np.int8(1), "a", None], dtype=object), [1, "a", None]),
    "empty array": (np.array([]), []),
    "tuple": ((1.0, np.float32(0.5), (2,)), [1.0, 0.5, [2]]),
    "named tuple": (Pair(1, 2.0), [1, 2.0]),
    "range": (range(1, 7, 2), [1, 3, 5]),
    "list of numbers": ([1.0, np.float64(2.0)], [1.0, 2.0]),
    "path": (Path("a/b.npz"), "a/b.npz"),
    "mapping": (MappingProxyType({np.str_("a"): {"b": (np.int8(1),)}}), {"a": {"b": [1]}}),
    "None": (None, None),
}


def only_plain(value):
    """Whether a document has nothing but the types of JSON, exactly these."""
    if type(value) is dict:
        return all(type(key) is str and only_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(only_plain, value))
    return type(value) in (str, int, float, bool, type(None))


@pytest.mark.parametrize("name", SAME)
def test_values_are_taken_by_value(name):
    given, expected = SAME[name]
    found = plain({"key": [given]})
    assert repr(found) == repr({"key": [expected]})
    assert only_plain(found)


REFUSED = {
    "decimal": (
        decimal.Decimal("0.1"),
        "key[0]: Decimal('0.1') (Decimal) is not allowed; it must be made of",
    ),
    "fraction": (Fraction(1, 3), "key[0]: Fraction(1, 3) (Fraction) is not allowed"),
    "complex": (1j, "key[0]: 1j (complex) is not allowed"),
    "numpy complex": (np.complex64(1j), "(complex64) is not allowed"),
    "date": (np.datetime64("2020-01-01"), "(datetime64) is not allowed"),
    "bytes": (b"a", "key[0]: b'a' (bytes) is not allowed"),
    "set": ({1}, "key[0]: {1} (set) is not allowed"),
    "generator": ((i for i in ()), "(generator) is not allowed"),
    "object": (object(), "(object) is not allowed"),
    "array of complex numbers": (np.array([1j] * 99), "(ndarray) is not allowed"),
    "object inside an array": (np.array([object()]), "key[0][0]: <object"),
    "nan": (np.float32("nan"), "key[0]: nan is not allowed; it must be a finite number, 1e+50 at most"),
    "nan in an array": (np.array([0.0, np.nan]), "key[0][1]: nan is not allowed; it must be a finite number"),
    "infinity": (-np.inf, "key[0]: -inf is not allowed; it must be a finite number"),
    "too large": (np.longdouble("1e4000"), "key[0]: inf is not allowed"),
    "large": (10**60, "key[0]: 1000"),
    "thousands of digits": (10**5000, "key[0]: a number of thousands of digits is not allowed"),
    "a key that is a number": ({2021: 1}, "key[0].2021: the key 2021 is not a text; write a word"),
    "a key that is false": ({False: 1}, "key[0].false: the key false is not a text"),
    "a key of numpy": ({np.int64(1): 1}, "is not a text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_all_else_is_refused_by_its_key_in_one_line(name):
    given, expected = REFUSED[name]
    with pytest.raises(SpecError) as error:
        plain({"key": [given]})
    message = str(error.value)
    assert message.startswith("key[0]") and expected in message
    assert "\n" not in message and len(message) < 250


def test_depth_has_a_bound():
    deep = ()
    for _ in range(MAX_DEPTH - 2):
        deep = (deep,)
    assert plain({"a": deep})
    with pytest.raises(SpecError, match="nested too deeply"):
        plain({"a": (deep,)})


BASE = {
    "inputs": {"dimension": 100},
    "teachers": {"count": 2, "hidden": 2},
    "student": {"hidden": 2},
    "training": {"learning_rate": 0.5},
    "curriculum": {"switch_times": [1.0]},
    "duration": 2.0,
    "record": {"times": [0.0, 0.5, 1.0, 2.0]},
}


def test_a_spec_of_numpy_is_the_plain_spec():
    numpy = {
        "inputs": {"dimension": np.float64(100.0)},
        "teachers": {"count": np.int8(2), "hidden": 2.0, "output_noise": np.zeros(2)},
        "student": {"hidden": np.array(2), "copy_head_at_switch": np.bool_(False)},
        "training": {
            "learning_rate": np.float16(0.5),
            "frozen_units": ((), ()),
            "train": ("features", "readouts"),
        },
        "curriculum": {"switch_times": (np.float32(1),), "order": range(2)},
        "duration": np.int64(2),
        "record": MappingProxyType({"times": np.array([0.0, 0.5, 1.0, 2.0])}),
    }
    spec = parse_spec(numpy)
    assert spec == parse_spec(BASE)
    assert only_plain(spec.to_dict())
    assert json.loads(spec.to_json()) == spec.to_dict()


@pytest.mark.parametrize(
    "key",
    ["inputs.dimension", "teachers.count", "teachers.hidden", "student.hidden", "training.batch_size"]
    + ["inputs.samples"],
)
def test_whole_floats_are_integers_where_integers_are_due(key):
    block, name = key.split(".")
    value = getattr(getattr(parse_spec(BASE), block), name) or 7
    forms = float(value), np.float32(value), np.int16(value), np.array(value), np.array(float(value))
    expected = parse_spec(BASE | {block: BASE[block] | {name: value}})
    for form in forms:
        spec = parse_spec(BASE | {block: BASE[block] | {name: form}})
        assert spec == expected and spec.to_json() == expected.to_json()
    with pytest.raises(SpecError, match=rf"^{key}: {value}\.5 is not allowed; it must be an integer"):
        parse_spec(BASE | {block: BASE[block] | {name: value + 0.5}})


def test_short_forms_take_numpy_too():
    times = {"linspace": (np.float32(0), np.int64(2), np.float64(5))}
    assert parse_spec(BASE | {"record": {"times": times}}).record.times == (0.0, 0.5, 1.0, 1.5, 2.0)


def test_grids_take_numpy_too():
    axes = {"training.learning_rate": np.array([0.5, 1.0]), "student.hidden": range(2, 4)}
    plain_axes = {"training.learning_rate": [0.5, 1.0], "student.hidden": [2, 3]}
    one, other = (
        expand("sample", {"spec": BASE, "engines": {"ode": {"inner": inner, "runs": runs}}}, 1.0)
        for inner, runs in ((axes, np.float64(2)), (plain_axes, 2))
    )
    assert [job.work for job in one] == [job.work for job in other]
    assert only_plain(one[0].work)
