"""Numbers in documents: YAML, JSON and `--set` have one rule, that of YAML 1.2 and JSON."""

import json
import math
import random

import pytest

from teacherstudent.errors import SpecError
from teacherstudent.files.yaml_documents import parse_yaml

NUMBERS = {
    "0": 0,
    "-0": 0,
    "+12": 12,
    "1e-3": 0.001,
    "1E5": 1e5,
    "1e+5": 1e5,
    "-2e3": -2000.0,
    ".5e1": 5.0,
    ".5": 0.5,
    "5.": 5.0,
    "1e-10": 1e-10,
    "-0.0": -0.0,
    "0e0": 0.0,
    "1.5E-3": 0.0015,
    "5e-324": 5e-324,
    "1e400": math.inf,
}
OTHERS = {
    "true": True,
    "FALSE": False,
    "null": None,
    "~": None,
    "yes": "yes",
    "no": "no",
    "on": "on",
    "off": "off",
    "2020-01-01": "2020-01-01",
    "1e": "1e",
    "e5": "e5",
    "1.0e": "1.0e",
    "0.1.2": "0.1.2",
    "_1": "_1",
    "run_2021": "run_2021",
    "a:1": "a:1",
    ".": ".",
    '"0100"': "0100",
    "'1:30'": "1:30",
    "!!str 1_000": "1_000",
    "!!float 1": 1.0,
}
AMBIGUOUS = (
    ["0100", "-0100", "0o17", "0O17", "0x1F", "0b11", "08", "007", "00", "00.5", "01e3"]
    + ["1:30", "-1:30", "1:30:15", "1:30.5", "0:30", "12:5"]
    + ["1_000", "1_000.5", "1_0e3", "1e1_0", "1_", "2021_01", "0_1", "0x_1"]
    + ["!!int 0100", "!!int 0x1F", "!!float 1:30", "!!int '1_000'", "!!int ten"]
)


@pytest.mark.parametrize("text", NUMBERS)
def test_decimal_forms_are_numbers(text):
    found = parse_yaml(text, "here")
    assert (type(found), repr(found)) == (type(NUMBERS[text]), repr(NUMBERS[text]))
    assert parse_yaml(f"a: [{text}]\n{text}: b", "here") == {"a": [found], found: "b"}


@pytest.mark.parametrize("text", OTHERS)
def test_other_words_are_what_yaml_1_2_says(text):
    found = parse_yaml(f"a: {text}", "here")["a"]
    assert (type(found), found) == (type(OTHERS[text]), OTHERS[text])


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_other_forms_of_numbers_are_refused_by_line(text):
    shown = text.split()[-1].strip("'")
    remedy = "write numbers in decimal digits such as 100, 0.5 or 1e-3, and texts in quotes"
    wrong = f"{shown} is not a number that all programs read alike; {remedy}"
    for document in (f"a: 1\nb: {text}", f"a: 1\nb: {{c: {text}}}", f"a: 1\n{text}: b"):
        with pytest.raises(SpecError) as error:
            parse_yaml(document, "spec.yaml")
        assert str(error.value) == f"spec.yaml: line 2: {wrong}"
    with pytest.raises(SpecError) as error:
        parse_yaml(text, "--set a")
    assert str(error.value) == f"--set a: {wrong}"


def test_not_a_finite_number_is_read_and_left_to_those_who_check():
    for text in (".inf", "-.INF", "+.inf"):
        assert math.isinf(parse_yaml(text, "here"))
    assert math.isnan(parse_yaml(".nan", "here")) and parse_yaml("nan", "here") == "nan"


def written(rng, depth=0):
    """Draw something that JSON can say."""
    kind = rng.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [written(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {rng.choice(TEXTS) + str(i): written(rng, depth + 1) for i in range(rng.randrange(4))}
    number = rng.choice((-1, 1)) * rng.random() * 10.0 ** rng.randint(-300, 49)
    choices = [number, rng.randint(-(2**63), 2**64), rng.choice(TEXTS), rng.random() < 0.5, None, -0.0]
    return choices[kind]


TEXTS = ["", "no", "1e5", "0100", "1:30", "null", "{", "é", "\U0001f600"]
TEXTS += ['a"b\\c/d', "two\nlines", "tab\t", "\x7f"]


@pytest.mark.parametrize("options", [{}, {"indent": 1}, {"ensure_ascii": False}], ids=str)
def test_what_json_says_is_read_as_json_reads_it(options):
    rng = random.Random(1)
    for _ in range(300):
        document = {"a": written(rng), "b": written(rng)}
        assert repr(parse_yaml(json.dumps(document, **options), "here")) == repr(document)


def test_blocks_in_braces_that_are_not_json_are_yaml():
    assert parse_yaml("{a: 1e-3, b: yes}", "here") == {"a": 0.001, "b": "yes"}
    with pytest.raises(SpecError, match="^here: 0100 is not a number"):
        parse_yaml('{"a": 0100}', "here")


def test_a_key_given_twice_in_json_is_refused():
    with pytest.raises(SpecError, match="^here: a: given twice; a key may be given only once in a block$"):
        parse_yaml('{"b": {"a": 1, "a": 2}}', "here")
