"""Configurations and specs that are odd YAML: read as meant, or refused in one line; no code is run."""

import time

import pytest
import yaml

from checkouts import make_checkout
from depth import thorough_from
from faults.counts import COUNTS
from teacherstudent.command.main import main
from teacherstudent.errors import SpecError
from teacherstudent.files.yaml_documents import parse_yaml

pytestmark = pytest.mark.faults


def chained(block, link, depth=30, width=9):
    """Anchors in each other: `width` times as many values with every line."""
    lines = [f"a0: &a0 {block}"]
    for level in range(1, depth):
        lines.append(f"a{level}: &a{level} {link(f'*a{level - 1}', width)}")
    return "\n".join(lines)


def a_list(alias, width):
    return f"[{', '.join([alias] * width)}]"


def a_block(alias, width):
    return f"{{{', '.join(f'k{number}: {alias}' for number in range(width))}}}"


def merged(alias, width):
    return f"{{<<: {a_list(alias, width)}}}"


NO_TAG = "could not determine a constructor"
TAG = "!!python/object/apply:os.system ['touch executed']"
ODD = {
    "a tag that runs a command": (f"duration: {TAG}", NO_TAG),
    "a tag that makes an object": (
        "duration: !!python/object/new:os.times []",
        "could not determine a constructor",
    ),
    "a tag that names a function": ("duration: !!python/name:os.system", NO_TAG),
    "a tag that imports": ("duration: !!python/module:os", NO_TAG),
    "a key given twice": ("duration: 1.0\nrecord: {}\nduration: 2.0", "duration: given twice"),
    "lists in each other by anchors": (chained("[1]", a_list), "its anchors stand for more than"),
    "blocks in each other by anchors": (chained("{x: 1}", a_block), "its anchors stand for more than"),
    "blocks merged by anchors": (chained("{x: 1}", merged), "its anchors stand for more than"),
    "a block in itself": ("inputs: &a {dimension: *a}", "the anchor refers to itself"),
    "a list in itself": ("inputs: &a [*a]", "the anchor refers to itself"),
    "100 000 lists in each other": ("inputs: " + "[" * 100_000, "nested too deeply"),
    "100 000 blocks in each other": ("inputs: " + "{a: " * 100_000, "nested too deeply"),
    "two documents": ("duration: 1.0\n---\nduration: 2.0", "not valid YAML"),
    "an anchor that is nowhere": ("duration: *a", "not valid YAML"),
    "a key that is a list": ("[1, 2]: 3", "not valid YAML"),
    "characters that YAML has not": ("duration: \x00", "not valid YAML"),
    "a date": ("duration: 2001-01-01", "is not allowed"),
    "an octal number": (
        "inputs: {dimension: 0100}",
        "0100 is not a number that all programs read alike",
    ),
    "a number in base 60": ("inputs: {}\nduration: 1:30", "line 2: 1:30 is not a number"),
    "a hexadecimal number": ("duration: 0x1F", "0x1F is not a number"),
    "a number with underscores": ("duration: 1_000", "1_000 is not a number"),
    "a number tagged as whole": ("duration: !!int 0o17", "0o17 is not a number"),
    "a key that is a number": ("record: {2021: 1}", "record.2021: the key 2021 is not a text"),
    "a number of 5000 digits": (f"duration: {'1' * 5000}", "not valid YAML"),
}


def test_as_many_are_tried_as_the_page_says():
    assert len(ODD) == COUNTS.odd_documents


@pytest.mark.parametrize("name", ODD)
def test_odd_specs_are_refused_in_one_line(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text, expected = ODD[name]
    (tmp_path / "spec.yaml").write_text(text, encoding="utf-8")
    start = time.process_time()
    assert main(["validate", "spec.yaml"]) == 2
    assert time.process_time() - start < COUNTS.yaml_seconds
    (line,) = capsys.readouterr().err.splitlines()
    assert expected in line
    assert len(line) < 1000
    assert not (tmp_path / "executed").exists()


def test_anchors_that_mean_no_harm_are_read():
    text = "base: &base {a: 1, b: [1, 2]}\none: *base\ntwo: {<<: *base, a: 2}"
    base = {"a": 1, "b": [1, 2]}
    assert parse_yaml(text, "here") == {"base": base, "one": base, "two": base | {"a": 2}}


def test_what_a_setting_says_is_as_safe():
    with pytest.raises(SpecError, match=NO_TAG):
        parse_yaml(TAG, "--set duration")


# The configuration, read by Snakemake too


@pytest.fixture
def checkout(tmp_path):
    return make_checkout(tmp_path / "checkout")


TEMPLATE = "__use_yte__: true\n__definitions__:\n  - open('executed', 'w')\npapers: [example]\n"


# Files of the configuration and what is said of them; the first two would run code.
REFUSED = {
    "tag": (ODD["a tag that runs a command"][0], NO_TAG),
    "template": (TEMPLATE, "remove __use_yte__: templates run code and are not supported"),
    "key given twice": ("papers: [example]\npapers: [other]", "papers: given twice"),
    "number": ("experiments: {a: {spec: {duration: 1:30}}}", ": 1:30 is not a number"),
    "key that is a number": ("experiments: {2021: {}}", "experiments.2021: the key 2021 is not a text"),
    "key inside": (
        "experiments: {a: {spec: {record: {true: 1}}}}",
        "experiments.a.spec.record.true: the key true",
    ),
    "anchors": (chained("{x: 1}", a_block), "its anchors stand for more than"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", thorough_from(2, REFUSED))
def test_files_of_the_configuration_are_refused_in_one_line(checkout, name):
    text, expected = REFUSED[name]
    (checkout.root / "config" / "experiments" / "odd.yaml").write_text(text, encoding="utf-8")
    told = checkout.snakemake("--dry-run", "--cores", "1", status=1)
    (line,) = [line for line in told.splitlines() if "error in the configuration" in line]
    assert "config/experiments/odd.yaml: " in line and expected in line
    assert "Traceback" not in told
    assert not (checkout.root / "executed").exists()


@pytest.mark.slow
def test_a_tag_in_an_overlay_is_not_executed(checkout):
    (checkout.root / "odd.yaml").write_text(f"papers: {TAG}", encoding="utf-8")
    told = checkout.snakemake("--configfile", "odd.yaml", "--dry-run", "--cores", "1", status=1)
    assert "not valid JSON or YAML" in told and "Traceback" not in told
    assert not (checkout.root / "executed").exists()


@pytest.mark.slow
def test_anchors_in_the_configuration_are_read(checkout):
    path = checkout.root / "config" / "experiments" / "example.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    shared = document["experiments"]["example_errors"]["spec"]
    document["experiments"]["again"] = {"spec": shared, "engines": {"ode": {}}}
    text = yaml.safe_dump(document)
    assert "&id001" in text and "*id001" in text
    path.write_text(text, encoding="utf-8")
    counts, _ = checkout.planned("results/curves/again.h5")
    assert counts == {"simulate": 1, "collect": 1}
