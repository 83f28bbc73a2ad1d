"""Documents from the outside: safe YAML, closed schemas with defaults, and errors of one line."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from teacherstudent.errors import SpecError
from teacherstudent.messages import given_twice, nested_too_deeply, on_one_line, one_line, without_line
from teacherstudent.number_forms import with_number_forms
from teacherstudent.plain_values import MAX_DEPTH, plain

MAX_LOADED_DEPTH = 200
# Values that anchors may add to those that are written: a few anchors in each other say billions.
MAX_REPEATED = 1_000_000


@with_number_forms
class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML that refuses a key given twice, and what cannot be read in bounded time and memory."""

    depth = 0

    def descend_resolver(self, node, index):
        """Count the blocks around a node while it is composed, which overflows the stack at some depth."""
        self.depth += 1
        if self.depth > MAX_LOADED_DEPTH:
            raise SpecError(nested_too_deeply(MAX_DEPTH))
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
                raise SpecError(given_twice(key))
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
        raise SpecError(f"{path}: not valid YAML: {on_one_line(error)}") from error


def parse_yaml(text: str, place: str) -> Any:
    """Parse one document in YAML or JSON; SpecError names the place that it comes from where it is not valid.

    Numbers are decimal (1e-3 is one), as in YAML 1.2 and JSON (`number_forms`).
    """
    try:
        return _parse_json(text) if text.lstrip().startswith("{") else yaml.load(text, _StrictLoader)
    except SpecError as error:
        raise SpecError(f"{place}: {without_line(str(error), text)}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise SpecError(f"{place}: not valid YAML: {on_one_line(error)}") from error


def _parse_json(text: str) -> Any:
    """Parse JSON, or YAML that begins like JSON; readers of YAML do not know all escapes of JSON."""
    try:
        return json.loads(text, object_pairs_hook=_block)
    except (json.JSONDecodeError, RecursionError):
        return yaml.load(text, _StrictLoader)


def _block(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for key, value in pairs:
        if key in block:
            raise SpecError(given_twice(key))
        block[key] = value
    return block


@cache
def package_schema(name: str) -> dict:
    """Return a schema of the package by its name, such as `spec`."""
    path = files("teacherstudent").joinpath("schemas", f"{name}.yaml")
    return yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(package_schema(name))


def complete(document: Any, schema: str) -> dict:
    """Check a document against a schema of the package; return it with plain values and every default."""
    document = plain(document)
    check_document(document, _validator(schema), schema)
    return _filled(document, package_schema(schema))


def check_document(document: Any, validator: Draft202012Validator, name: str) -> None:
    """Raise SpecError with one line where a plain document, called by a name, does not follow a schema."""
    errors = sorted(validator.iter_errors(document), key=_rank)
    if errors:
        raise SpecError(one_line(errors[0], name))


def _rank(error) -> tuple[bool, int]:
    """What is wrong comes before what is missing, which may follow from it; outer keys before inner ones."""
    return error.validator == "required", len(error.absolute_path)


def _filled(value: Any, schema: Mapping) -> Any:
    """Fill in the defaults, and make whole numbers integers where integers are due."""
    if isinstance(value, list):
        return [_filled(item, schema.get("items", {})) for item in value]
    if isinstance(value, float):
        return int(value) if "integer" in schema.get("type", "") else value
    if not isinstance(value, Mapping):
        return value
    known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
    defaults = {key: sub["default"] for key, sub in known.items() if "default" in sub}
    return {key: _filled(item, known.get(key, others)) for key, item in (defaults | dict(value)).items()}
