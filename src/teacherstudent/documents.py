"""Documents from the outside: safe YAML, closed schemas with defaults, and errors of one line."""

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from teacherstudent.errors import SpecError


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML that refuses a key given twice."""

    def construct_mapping(self, node, deep=False):
        """Build one mapping; YAML itself would silently keep the last of equal keys."""
        keys = [
            self.construct_object(key, deep=True)
            for key, _ in node.value
            if key.tag != "tag:yaml.org,2002:merge"
        ]
        for key in keys:
            if keys.count(key) > 1:
                raise SpecError(f"{key}: given twice; a key may stand only once in its block")
        return super().construct_mapping(node, deep)


def read_yaml(path: str | Path) -> Any:
    """Read one YAML document; SpecError names the file where it cannot be read."""
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), _StrictLoader)
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError) as error:
        if isinstance(error, SpecError):
            raise SpecError(f"{path}: {error}") from error
        raise SpecError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = yaml.safe_load(
        files("teacherstudent").joinpath("schemas", f"{name}.yaml").read_text(encoding="utf-8")
    )
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def complete(document: Any, schema: str) -> dict:
    """Check a document against a named schema and return it with every default filled in."""
    _refuse_non_finite(document, "")
    errors = sorted(_validator(schema).iter_errors(document), key=lambda error: len(error.absolute_path))
    if errors:
        raise SpecError(_one_line(errors[0], schema))
    return _with_defaults(document, _validator(schema).schema)


def _refuse_non_finite(value: Any, path: str) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_non_finite(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_non_finite(item, f"{path}[{index}]")
    elif isinstance(value, (int, float)) and not math.isfinite(value):
        raise SpecError(f"{path}: {value} is not a finite number")


def _with_defaults(value: Any, schema: Mapping) -> Any:
    if not isinstance(value, Mapping):
        return value
    known = schema["properties"]
    given = {key: item for key, item in value.items()}
    for key, sub in known.items():
        if key not in given and "default" in sub:
            given[key] = sub["default"]
    return {key: _with_defaults(item, known[key]) for key, item in given.items()}


def _one_line(error, document_name: str) -> str:
    path = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    ).lstrip(".")
    prefix = f"{path}: " if path else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = ", ".join(str(key) for key in error.instance if key not in known)
        return f"{prefix}unknown key {unknown}; allowed are {', '.join(known)}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{prefix}missing key {', '.join(missing)} in the {path or document_name}"
    return f"{prefix}{_shown(error.instance)} is not allowed; it must be {allowed(error.schema)}"


def _shown(value: Any) -> str:
    text = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    try:
        looks_numeric = isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        looks_numeric = False
    return f"the text {text} (YAML reads numbers like 0.001 or 1.0e-3)" if looks_numeric else text


_BOUNDS = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}"}
_TYPES = {"array": "a list", "object": "a block of keys", "integer": "an integer", "number": "a number",
          "boolean": "true or false", "null": "null", "string": "a text"}  # fmt: skip


def allowed(schema: Mapping) -> str:
    """Say in words what a schema fragment allows."""
    if "enum" in schema:
        return "one of " + ", ".join(str(choice) for choice in schema["enum"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    bounds = [text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema]
    words = " or ".join(_TYPES[name] for name in types) + (" " + " and ".join(bounds) if bounds else "")
    if schema.get("minItems"):
        words += f" of at least {schema['minItems']}"
    return words + (" without repeats" if schema.get("uniqueItems") else "")
