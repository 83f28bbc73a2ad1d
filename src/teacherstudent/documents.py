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

# Blocks and lists in each other; order parameters take six. YAML can say more, even without end.
MAX_DEPTH = 20
MAX_LOADED_DEPTH = 200
# Numbers beyond have squares and products that are not finite.
LARGEST = 1e50
# Values that anchors may add to those that are written: a few anchors in each other say billions.
MAX_REPEATED = 1_000_000


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML that refuses a key given twice, and what cannot be read in bounded time and memory."""

    depth = 0

    def descend_resolver(self, node, index):
        """Count the blocks around a node while it is composed, which overflows the stack at some depth."""
        self.depth += 1
        if self.depth > MAX_LOADED_DEPTH:
            raise SpecError(f"nested too deeply; allowed are {MAX_DEPTH} blocks and lists in each other")
        super().descend_resolver(node, index)

    def ascend_resolver(self):
        """Leave a node."""
        self.depth -= 1
        super().ascend_resolver()

    def get_single_node(self):
        """Compose the document, and count its values before anything walks through them."""
        node, written = super().get_single_node(), {}
        if node is not None and _count(node, written) - len(written) > MAX_REPEATED:
            raise SpecError(f"its anchors stand for more than {MAX_REPEATED} values")
        return node

    def construct_mapping(self, node, deep=False):
        """Build one mapping; YAML itself would silently keep the last of equal keys."""
        keys = [
            self.construct_object(key, deep=True)
            for key, _ in node.value
            if key.tag != "tag:yaml.org,2002:merge"
        ]
        for key in keys:
            if keys.count(key) > 1:
                raise SpecError(f"{_on_one_line(key)}: given twice; a key may stand only once in its block")
        return super().construct_mapping(node, deep)


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values of a node with all anchors written out; `known` gets the counts of its parts."""
    if id(node) not in known:
        known[id(node)] = 1  # in case that it is a part of itself
        parts = [] if isinstance(node, yaml.ScalarNode) else node.value
        pairs = isinstance(node, yaml.MappingNode)
        parts = [part for pair in parts for part in pair] if pairs else parts
        known[id(node)] += sum(_count(part, known) for part in parts)
    return known[id(node)]


def read_yaml(path: str | Path) -> Any:
    """Read one YAML document; SpecError names the file where it cannot be read."""
    try:
        return parse_yaml(Path(path).read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not valid YAML: {_on_one_line(error)}") from error


def parse_yaml(text: str, place: str) -> Any:
    """Parse one YAML document; SpecError names the place that it comes from where it is not valid."""
    try:
        return yaml.load(text, _StrictLoader)
    except SpecError as error:
        raise SpecError(f"{place}: {error}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise SpecError(f"{place}: not valid YAML: {_on_one_line(error)}") from error


@cache
def package_schema(name: str) -> dict:
    """Return a schema of the package by its name, such as `spec`."""
    path = files("teacherstudent").joinpath("schemas", f"{name}.yaml")
    return yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(package_schema(name))


def complete(document: Any, schema: str) -> dict:
    """Check a document against a schema of the package and return it with every default filled in."""
    check_document(document, _validator(schema), schema)
    return _with_defaults(document, package_schema(schema))


def check_document(document: Any, validator: Draft202012Validator, name: str) -> None:
    """Raise SpecError with one line where a document, called by a name, does not follow a schema."""
    _refuse_odd_values(document, "", MAX_DEPTH)
    errors = sorted(validator.iter_errors(document), key=_rank)
    if errors:
        raise SpecError(_one_line(errors[0], name))


def _rank(error) -> tuple[bool, int]:
    """What is wrong comes before what is missing, which may follow from it; outer keys before inner ones."""
    return error.validator == "required", len(error.absolute_path)


def _refuse_odd_values(value: Any, path: str, depth: int) -> None:
    if depth == 0:
        raise SpecError(f"{path}: nested too deeply; allowed are {MAX_DEPTH} blocks and lists in each other")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_odd_values(item, f"{path}.{_on_one_line(key)}".lstrip("."), depth - 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_odd_values(item, f"{path}[{index}]", depth - 1)
    elif isinstance(value, (int, float)) and not abs(value) <= LARGEST:
        shown = _shown(value)
        raise SpecError(f"{path}: {shown} is not allowed; it must be a finite number, {LARGEST:g} at most")


def _with_defaults(value: Any, schema: Mapping) -> Any:
    if not isinstance(value, Mapping):
        return value
    known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
    defaults = {key: sub["default"] for key, sub in known.items() if "default" in sub}
    return {
        key: _with_defaults(item, known.get(key, others)) for key, item in (defaults | dict(value)).items()
    }


def _one_line(error, document_name: str) -> str:
    path = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    ).lstrip(".")
    prefix = f"{path}: " if path else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = ", ".join(_on_one_line(key) for key in error.instance if key not in known)
        return f"{prefix}unknown key {unknown}; allowed are {', '.join(known)}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{prefix}missing key {', '.join(missing)} in the {path or document_name}"
    return f"{prefix}{_shown(error.instance)} is not allowed; it must be {allowed(error.schema)}"


def _on_one_line(text: Any) -> str:
    return " ".join(str(text).split())


def _shown(value: Any) -> str:
    text = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    try:
        looks_numeric = isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        looks_numeric = False
    return f"the text {text} (YAML reads numbers like 0.001, 1.0e-3 or 1.0e+3)" if looks_numeric else text


_BOUNDS = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}"}
_TYPES = {"array": "a list", "object": "a block of keys", "integer": "an integer", "number": "a number",
          "boolean": "true or false", "null": "null", "string": "a text"}  # fmt: skip


def allowed(schema: Mapping) -> str:
    """Say in words what a schema fragment allows."""
    if "enum" in schema:
        choices = [str(choice) for choice in schema["enum"]]
        return "one of " + ", ".join(choices).replace("False", "false").replace("True", "true")
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    bounds = [text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema]
    words = " or ".join(_TYPES[name] for name in types) + (" " + " and ".join(bounds) if bounds else "")
    if schema.get("minItems"):
        words += f" of at least {schema['minItems']}"
    return words + (" without repeats" if schema.get("uniqueItems") else "")
