"""Mistakes in documents get one line in the words of YAML that says what to write instead."""

import os
import subprocess
import sys

import pytest
import yaml

from samples import document
from teacherstudent.command.main import main
from teacherstudent.errors import SpecError
from teacherstudent.errors.documents import written
from teacherstudent.files.yaml_documents import parse_yaml
from teacherstudent.spec.axes import with_values
from teacherstudent.spec.parse import load_spec, parse_spec

FORMS = "a list, {linspace: [first, last, count]} or {concatenate: [...]}"
# A key, its value, and the whole message or its beginning.
VALUES = [
    ("duration", "0,5", "duration: '0,5' is not allowed, write 0.5; it must be a number > 0"),
    (
        "training.weight_decay",
        "-1,25",
        "training.weight_decay: '-1,25' is not allowed, write -1.25; it must be",
    ),
    (
        "inputs.dimension",
        "1,000",
        "inputs.dimension: '1,000' is not allowed, write 1000; it must be an integer",
    ),
    ("record.times", [0, "0,5"], "record.times[1]: '0,5' is not allowed, write 0.5; it must be a number"),
    ("student.heads", "0,5", "student.heads: '0,5' is not allowed; it must be one of per_task, shared"),
    (
        "student.heads",
        "Share",
        "student.heads: 'Share' is not allowed (did you mean shared?); it must be one of",
    ),
    (
        "student.activation",
        "RELU",
        "student.activation: 'RELU' is not allowed (did you mean relu?); it must be",
    ),
    (
        "training.train",
        ["readout"],
        "training.train[0]: 'readout' is not allowed (did you mean readouts?); it",
    ),
    ("record.spacing", "even", "record.spacing: 'even' is not allowed; it must be one of linear, log"),
    (
        "training.lerning_rate",
        1.0,
        "training: unknown key lerning_rate (did you mean learning_rate?); allowed",
    ),
    ("teachers.units", 1.0, "teachers: unknown key units; allowed are count, hidden,"),
    ("record", None, "record: null is not allowed; it must be a block of keys"),
    ("duration", True, "duration: true is not allowed; it must be a number > 0"),
    (
        "duration",
        [None, {"a": False}],
        "duration: [null, {a: false}] is not allowed; it must be a number > 0",
    ),
    ("curriculum.order", [], "curriculum.order: [] is not allowed; it must be a list of at least 1 entry"),
    ("record.times", [0.0], "record.times: [0.0] is not allowed; it must be a list of at least 2 entries"),
    ("student", {}, "student: missing key hidden"),
    (
        "record.times",
        {"linspace": [0, 1, 0]},
        "record.times: linspace: [0, 1, 0] is not allowed; it must be [fir",
    ),
    (
        "record.times",
        {"linspace": [0, 1, 2.5]},
        "record.times: linspace: [0, 1, 2.5] is not allowed; it must be",
    ),
    (
        "record.times",
        {"linspace": [0, 1]},
        f"record.times: {{linspace: [0, 1]}} is not allowed; it must be {FORMS}",
    ),
    (
        "record.times",
        {"linspce": [0, 1, 3]},
        "record.times: unknown key linspce (did you mean linspace?); allowed",
    ),
    (
        "record.times",
        {"concatenate": [{"linsp": []}]},
        "record.times: unknown key linsp (did you mean linspace?)",
    ),
    ("record.times", {"geom": 3}, "record.times: unknown key geom; allowed are linspace, concatenate"),
]


@pytest.mark.parametrize(("key", "value", "message"), VALUES)
def test_wrong_values_say_what_to_write(key, value, message):
    with pytest.raises(SpecError) as error:
        parse_spec(with_values(document(record={}), {key: value}))
    assert str(error.value).startswith(message)
    if message.endswith(("hidden", "entry", "entries", "keys", "> 0")):
        assert str(error.value) == message


TEXTS = {
    "a key": (
        "a: 1\nb: 2\n\na: 3\n",
        "line 4: a: given twice (first in line 1); a key may be given only once in",
    ),
    "a key inside": ("a:\n  b: 1\n  b: 1\n", "line 3: b: given twice (first in line 2); a key may be"),
    "three times": ("a: 1\na: 2\na: 3\n", "line 2: a: given twice (first in line 1)"),
    "after a merge": (
        "x: &x {a: 1}\ny:\n  <<: *x\n  b: 1\n  b: 2\n",
        "line 5: b: given twice (first in line 4)",
    ),
    "in JSON": ('{"a": {"b": 1,\n  "b": 2}}', "line 2: b: given twice (first in line 1)"),
    "in JSON with tabs": ('{"a": {"b": 1,\n\t"b": 2}}', "line 2: b: given twice"),
    "in one line": ("{a: 1, a: 2}", "a: given twice; a key may be given only once in a block"),
    "brackets": (
        "a: [1\nb: 2",
        "not valid YAML: did not find expected ',' or ']' in line 2, column 2, while parsing a flow s",
    ),
    "a character": (
        "a: 1\nb: @x",
        "not valid YAML: found character that cannot start any token in line 2, column 4",
    ),
    "control characters": ("a: \x00", "not valid YAML: "),
    "a missing anchor": ("a: *b", "not valid YAML: found undefined alias"),
    "a surrogate": ("a: \udcff", "not valid YAML: a character is not text in UTF-8"),
    "a block in itself": (
        "a: 1\nb: &b\n  c: {d: *b}",
        "line 2: the anchor refers to itself, which is without end",
    ),
    "a list in itself": ("a: 1\nb: &b [*b]", "line 2: the anchor refers to itself"),
    "a block merged with itself": ("a: 1\nb: &b {<<: *b, c: 1}", "line 2: the anchor refers to itself"),
    "two in each other": ("a: &a\n  b: &b {c: *a, d: *b}", "line "),
}


@pytest.mark.parametrize("name", TEXTS)
def test_broken_texts_have_the_position_of_the_problem(name):
    text, message = TEXTS[name]
    with pytest.raises(SpecError) as error:
        parse_yaml(text, "here")
    said = str(error.value)
    assert said.startswith(f"here: {message}")
    assert "<" not in said and "\n" not in said


def test_anchors_that_are_used_twice_are_read():
    assert parse_yaml("a: &a [1]\nb: {c: *a, d: [*a, *a]}", "here")["b"] == {"c": [1], "d": [[1], [1]]}


@pytest.mark.parametrize("text", ["text", "- 1", "1", "true", ""])
def test_documents_of_other_kinds_are_named_in_words(text, tmp_path):
    (tmp_path / "spec.yaml").write_text(text)
    kinds = {"text": "a text", "- 1": "a list", "1": "a number", "true": "true or false", "": "an empty file"}
    with pytest.raises(SpecError, match=f"a spec is a block of keys, not {kinds[text]}$"):
        load_spec(tmp_path / "spec.yaml")


def test_long_values_are_shortened():
    assert written(list(range(1000))) == str(list(range(1000)))[:57] + "..."
    assert written({"a": ["x", None]}) == "{a: ['x', null]}"


# Names of files that are not UTF-8


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_names_of_files_that_are_not_utf8_are_readable(tmp_path, locale):
    name = os.fsdecode(b"s\xff.yaml")
    (tmp_path / name).write_text(yaml.safe_dump(document()))
    command = [sys.executable, "-m", "teacherstudent", "validate"]
    variables = os.environ | {"LC_ALL": locale}
    for path, status, said in (
        (name, 0, b"s\\xff.yaml: valid\n"),
        (f"no{name}", 2, b"error: nos\\xff.yaml: No su"),
    ):
        done = subprocess.run([*command, path], cwd=tmp_path, env=variables, capture_output=True)
        assert done.returncode == status, done.stderr
        assert (done.stdout or done.stderr).startswith(said)


def test_names_are_readable_in_a_terminal_without_utf8(tmp_path):
    (tmp_path / "é.yaml").write_text(yaml.safe_dump(document()))
    ascii_only = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "teacherstudent", "validate", "é.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | ascii_only, capture_output=True, check=True)
    assert done.stdout == b"\\xe9.yaml: valid\n"


def test_arguments_that_are_not_utf8_are_readable(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document()))
    with pytest.raises(SystemExit):
        main(["run", "spec.yaml", "--engine", "ode", "--output", "x\udcff"])
    assert "--output: x\\xff is not allowed" in capsys.readouterr().err
    assert main(["validate", "spec.yaml", "--set", "duration=\udcff"]) == 2
    line = "error: --set duration=\\xff: not valid YAML: a character is not text in UTF-8 (if it is, set LC_"
    assert capsys.readouterr().err.startswith(line)


def test_suggestions_are_imported_for_errors_only(tmp_path):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document()))
    code = (
        "import sys\nfrom teacherstudent.command.main import main\n"
        "assert main(['validate', 'spec.yaml']) == 0\nprint('difflib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"
