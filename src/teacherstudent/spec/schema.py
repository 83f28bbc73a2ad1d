"""The closed schemas of documents, with their defaults."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from teacherstudent.errors import SpecError
from teacherstudent.errors.documents import one_line
from teacherstudent.files.plain_values import plain
from teacherstudent.files.yaml_documents import parse_yaml
from teacherstudent.spec.conformity import conforms
from teacherstudent.spec.memo import Blocks


@cache
def package_schema(name: str) -> dict:
    """Return a schema of the package by its name, such as `spec`."""
    path = files("teacherstudent.spec").joinpath("schemas", f"{name}.yaml")
    return parse_yaml(path.read_text(encoding="utf-8"), path.name)


def complete(document: Any, name: str, schema: dict | None = None) -> dict:
    """Check a document against a schema; return it with plain values and every default.

    Parameters
    ----------
    document
        The document; numbers and arrays of numpy count by value.
    name : str
        The name of a schema of the package, such as `spec`, which messages use.
    schema : dict, optional
        The schema, if it is not the one of the package as it is stored.

    Returns
    -------
    dict
        A copy with plain values.

    Raises
    ------
    SpecError
        If the document does not follow the schema; one line.
    """
    document, schema = plain(document), package_schema(name) if schema is None else schema
    check_document(document, schema, name)
    return _filled(document, schema)


def complete_blocks(document: dict, name: str) -> dict:
    """Check a plain document of independent blocks, each of them once; see `complete`.

    Parameters
    ----------
    document : dict
        Plain values (`plain`).
    name : str
        The name of a schema of the package with only `properties`, `required` and no other keys.

    Returns
    -------
    dict
        A copy with every default.

    Raises
    ------
    SpecError
        If the document does not follow the schema; one line.
    """
    schema = package_schema(name)
    known = schema["properties"]
    if not (known.keys() >= document.keys() >= set(schema["required"])):
        check_document(document, schema, name)
    defaults = {key: sub["default"] for key, sub in known.items() if "default" in sub}
    filled = {}
    for key, block in (defaults | document).items():
        found = _blocks.of(f"{name} {key}", block, lambda key=key, block=block: _block(known[key], block))
        if found is INVALID:
            check_document(document, schema, name)
        filled[key] = _copied(found)
    return filled


PARTS = (dict, list)  # types of plain values with parts
INVALID = object()  # in place of a block that does not follow its schema
_blocks = Blocks()


def _block(schema: Mapping, block: Any) -> Any:
    """Return a block with every default, or INVALID."""
    return _filled(block, schema) if not _errors(block, schema) else INVALID


def _copied(value: Any) -> Any:
    """Return a copy of plain values."""
    if type(value) is dict:
        return {key: _copied(item) if type(item) in PARTS else item for key, item in value.items()}
    return [_copied(item) for item in value] if type(value) is list else value


def check_document(document: Any, schema: Mapping, name: str) -> None:
    """Check a plain document against a schema.

    Parameters
    ----------
    document : object
        Values as in JSON.
    schema : mapping
        The schema.
    name : str
        Name of the document for messages about missing keys.

    Raises
    ------
    SpecError
        If the document does not conform; the message is about one error, of the outermost key.
    """
    errors = sorted(_errors(document, schema), key=_rank)
    if errors:
        raise SpecError(one_line(errors[0], name))


def _errors(document: Any, schema: Mapping) -> list:
    """Return the errors of jsonschema, which is slow to import: only where there may be errors."""
    if conforms(document, schema):
        return []
    from jsonschema import Draft202012Validator

    return list(Draft202012Validator(schema).iter_errors(document))


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
