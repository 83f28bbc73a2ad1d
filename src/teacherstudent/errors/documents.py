"""Texts of errors about documents in YAML or JSON: wrong values, unknown and repeated keys, broken files.

As for `messages`, digests of code exclude this module.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from teacherstudent.errors.messages import on_one_line, shown

_BOUNDS = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}"}
_TYPES = {"array": "a list", "object": "a block of keys", "integer": "an integer", "number": "a number",
          "boolean": "true or false", "null": "null", "string": "a text"}  # fmt: skip
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list"}
_WORDS = {None: "null", True: "true", False: "false"}
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
SIMILAR = 0.75  # of difflib, from 0 to 1: "trainings" is similar to "training", "units" not to "count"
FORMS = ("linspace", "concatenate")  # the short forms of lists of values


def one_line(error, document_name: str) -> str:
    """Return the message of one line for an error of jsonschema."""
    path = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    ).lstrip(".")
    prefix = f"{path}: " if path else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        return prefix + unknown_keys([key for key in error.instance if key not in known], known)
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{prefix}missing key {', '.join(missing)}" + ("" if path else f" in the {document_name}")
    return f"{prefix}{_described(error.instance, error.schema)}; it must be {allowed(error.schema)}"


def unknown_keys(unknown: Iterable[str], known: Iterable[str]) -> str:
    """Return the message about keys that are not among the known ones, each with a similar one of these."""
    known = list(known)
    keys = ", ".join(on_one_line(key) + did_you_mean(key, known) for key in unknown)
    return f"unknown key {keys}; allowed are {', '.join(known)}"


def did_you_mean(word: str, choices: Iterable[Any]) -> str:
    """Return the question whether a similar word was meant, in brackets; empty if none is similar."""
    from difflib import get_close_matches  # only for an error

    words = [choice for choice in choices if isinstance(choice, str)]
    similar = get_close_matches(word.lower(), words, n=1, cutoff=SIMILAR)
    return f" (did you mean {similar[0]}?)" if similar else ""


def written(value: Any) -> str:
    """Return a value as it is written in YAML, texts in quotes; one line, at most 60 characters of it."""
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if not isinstance(value, dict | list):
        return shown(value)
    text = on_one_line(_nested(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _nested(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_nested(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else written(value)


def key_text(key: Any) -> str:
    """Return a key of a document as it is written in a dotted path."""
    return on_one_line(key) if isinstance(key, str) else written(key)


def kind_of(value: Any) -> str:
    """Return the kind of a value of a document in words; of other values the name of their type."""
    return "null" if value is None else _KINDS.get(type(value), type(value).__name__)


def _described(value: Any, schema: Mapping) -> str:
    """Return that a value is not allowed, with what it may be mistaken for."""
    types = schema.get("type", ())
    if isinstance(value, str) and _COMMA.fullmatch(value) and ("number" in types or "integer" in types):
        number = value.replace(",", "." if "number" in types else "")
        return f"{written(value)} is not allowed, write {number}"
    try:
        looks_numeric = isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        looks_numeric = False
    if looks_numeric:
        return f"the text {written(value)} (numbers have no quotes) is not allowed"
    similar = did_you_mean(value, schema.get("enum", ())) if isinstance(value, str) else ""
    return f"{written(value)} is not allowed{similar}"


def allowed(schema: Mapping) -> str:
    """Return the values that a schema fragment allows, in words."""
    if "enum" in schema:
        choices = [_WORDS[choice] if isinstance(choice, bool) else str(choice) for choice in schema["enum"]]
        return "one of " + ", ".join(choices)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    bounds = [text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema]
    words = " or ".join(_of_type(name, schema, " and ".join(bounds)) for name in types)
    return words + (" without repeats" if schema.get("uniqueItems") else "")


def _of_type(name: str, schema: Mapping, bounds: str) -> str:
    """Return the values of one type that a schema fragment allows, in words."""
    if name in ("integer", "number") and bounds:
        return f"{_TYPES[name]} {bounds}"
    if name == "array" and schema.get("minItems"):
        return f"{_TYPES[name]} of {_length(schema)}"
    if name == "object" and schema.get("minProperties"):
        return f"{_TYPES[name]} with {_at_least(schema['minProperties'], 'key', 'keys')}"
    if name == "string" and "pattern" in schema:
        return schema["pattern"].strip("^$")
    return _TYPES[name]


def _length(schema: Mapping) -> str:
    """Return how many entries a list may have, in words."""
    least, most = schema["minItems"], schema.get("maxItems")
    return f"{least} entries" if least == most else _at_least(least, "entry", "entries")


def _at_least(count: int, one: str, several: str) -> str:
    return f"at least {count} {one if count == 1 else several}"


def wrong_values(place: str, given: Any) -> str:
    """Return the message about values of an axis or times that are neither a list nor a short form."""
    key, numbers = next(iter(given.items())) if isinstance(given, dict) and len(given) == 1 else (None, None)
    if isinstance(key, str) and key not in FORMS:
        return f"{place}: {unknown_keys([key], FORMS)}"
    if key == "linspace" and isinstance(numbers, list) and len(numbers) == 3:
        form = "[first, last, count] with a count of at least 1"
        return f"{place}: linspace: {written(numbers)} is not allowed; it must be {form}"
    forms = "a list, {linspace: [first, last, count]} or {concatenate: [...]}"
    return f"{place}: {written(given)} is not allowed; it must be {forms}"


def given_twice(key: Any, lines: tuple[int, int] | None = None) -> str:
    """Return the message about a key that is given twice in a block, with both lines of a file."""
    name, rule = on_one_line(key), "a key may be given only once in a block"
    if lines is None or lines[0] == lines[1] == 1:
        return f"{name}: given twice; {rule}"
    return f"line {lines[1]}: {name}: given twice (first in line {lines[0]}); {rule}"


def contains_itself(line: int) -> str:
    """Return the message about an anchor whose content refers to it."""
    return f"line {line}: the anchor refers to itself, which is without end; write the values out"


def invalid_yaml(error: Exception) -> str:
    """Return the message about a text that is not YAML: the problem and its position in the text."""
    if isinstance(error, UnicodeEncodeError):
        return "not valid YAML: a character is not text in UTF-8 (if it is, set LC_ALL=C.UTF-8)"
    problem = getattr(error, "problem", None)
    if problem is None:
        text = on_one_line(error).replace(' in "<unicode string>",', ",").replace(' in "<byte string>",', ",")
        return f"not valid YAML: {text}"
    context = getattr(error, "context", None)
    around = f", {context}{_at(error.context_mark)}" if context else ""
    return on_one_line(f"not valid YAML: {problem}{_at(error.problem_mark)}{around}")


def _at(mark) -> str:
    return "" if mark is None else f" in line {mark.line + 1}, column {mark.column + 1}"


def without_line(message: str, document: str) -> str:
    """Return a message about a document, without the line number if the document has one line."""
    return message if "\n" in document.strip() else message.removeprefix("line 1: ")
