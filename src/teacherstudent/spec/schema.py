"""The closed schemas of documents, with their defaults."""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import one_line
from teacherstudent.files.plain_values import plain
from teacherstudent.files.yaml_documents import parse_yaml

REMEMBERED = 4096  # blocks


@cache
def package_schema(name: str) -> dict:
    """Return a schema of the package by its name, such as `spec`."""
    path = files("teacherstudent.spec").joinpath("schemas", f"{name}.yaml")
    return parse_yaml(path.read_text(encoding="utf-8"), path.name)


class Schema:
    """A schema, with the blocks that it found valid: the specs of a grid differ in few blocks.

    Parameters
    ----------
    name : str
        The name of its documents in messages about missing keys.
    content : dict
        The schema, without references.
    """

    def __init__(self, name: str, content: dict) -> None:
        self._name, self._content = name, content
        self._whole = Draft202012Validator(content)
        blocks = content.get("properties", {})
        self._around = Draft202012Validator(content | {"properties": dict.fromkeys(blocks, True)})
        self._blocks = {key: Draft202012Validator(block) for key, block in blocks.items()}
        self._is_valid_block = lru_cache(REMEMBERED)(self._validate_block)

    def complete(self, document: Any) -> dict:
        """Check a document; return it with plain values and every default.

        Numbers and arrays of numpy count by value. Raises SpecError, with one line about one error of an
        outermost key, if the document does not follow the schema.
        """
        document = plain(document)
        if not self._is_valid(document):
            raise SpecError(one_line(min(self._whole.iter_errors(document), key=_rank), self._name))
        return _filled(document, self._content)

    def _is_valid(self, document: Any) -> bool:
        """Return whether a document is valid with any content of its blocks, and each block by itself."""
        return self._around.is_valid(document) and all(
            self._is_valid_block(key, json.dumps(block)) for key, block in document.items()
        )

    def _validate_block(self, key: str, text: str) -> bool:
        return key not in self._blocks or self._blocks[key].is_valid(json.loads(text))


def complete(document: Any, name: str) -> dict:
    """Check a document against a schema of the package by its name, such as `spec` (`Schema.complete`)."""
    return _schema_named(name).complete(document)


@cache
def _schema_named(name: str) -> Schema:
    return Schema(name, package_schema(name))


def _rank(error) -> tuple[bool, int]:
    """Missing keys come last, since other errors can cause them; outer keys come before inner ones."""
    return error.validator == "required", len(error.absolute_path)


def _filled(value: Any, schema: Mapping) -> Any:
    """Fill in the defaults, and turn whole floats into integers where the schema has integers."""
    if isinstance(value, list):
        return [_filled(item, schema.get("items", {})) for item in value]
    if isinstance(value, float):
        return int(value) if "integer" in schema.get("type", "") else value
    if not isinstance(value, Mapping):
        return value
    known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
    defaults = {key: sub["default"] for key, sub in known.items() if "default" in sub}
    return {key: _filled(item, known.get(key, others)) for key, item in (defaults | dict(value)).items()}
