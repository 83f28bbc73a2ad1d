"""A quick check of documents against schemas, without the import of jsonschema."""

import re
from collections.abc import Callable, Mapping
from typing import Any

# Keywords that say nothing about which documents are valid.
WORDS = {"$schema", "title", "description", "default"}
TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str,
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
    "number": lambda value: type(value) in NUMBERS,
    "integer": lambda value: type(value) is int or (type(value) is float and value.is_integer()),
}
NUMBERS = (int, float)


def conforms(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a document certainly follows a schema.

    Parameters
    ----------
    value : object
        A document of plain values (`files.plain_values.plain`).
    schema : mapping
        A JSON schema (draft 2020-12).

    Returns
    -------
    bool
        True only for documents that are valid for jsonschema too. False for all others, and for valid ones
        that this check does not understand: a keyword that it does not have, numbers of another type in an
        enumeration, lists of lists without equal elements.
    """
    return all(
        keyword in WORDS or (keyword in CHECKS and CHECKS[keyword](value, wanted, schema))
        for keyword, wanted in schema.items()
    )


def _type(value: Any, wanted: str | list[str], schema: Mapping) -> bool:
    return any(TYPES[name](value) for name in ([wanted] if isinstance(wanted, str) else wanted))


def _enum(value: Any, wanted: list, schema: Mapping) -> bool:
    return any(type(choice) is type(value) and choice == value for choice in wanted)


def _properties(value: Any, wanted: Mapping, schema: Mapping) -> bool:
    if type(value) is not dict:
        return True
    return all(conforms(value[key], inner) for key, inner in wanted.items() if key in value)


def _others(value: Any, wanted: Mapping | bool, schema: Mapping) -> bool:
    """Check the keys of a block that `properties` does not describe."""
    if type(value) is not dict or wanted is True:
        return True
    others = [item for key, item in value.items() if key not in schema.get("properties", ())]
    return all(conforms(item, wanted) for item in others) if isinstance(wanted, Mapping) else not others


def _unique(value: Any, wanted: bool, schema: Mapping) -> bool:
    if type(value) is not list or not wanted:
        return True
    return all(type(item) in (*NUMBERS, str) for item in value) and len(set(value)) == len(value)


def _of(kinds: tuple[type, ...], holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Mapping], bool]:
    """Return the check of a keyword that concerns values of some types only."""
    return lambda value, wanted, schema: type(value) not in kinds or holds(value, wanted)


CHECKS: dict[str, Callable[[Any, Any, Mapping], bool]] = {
    "type": _type,
    "enum": _enum,
    "minimum": _of(NUMBERS, lambda value, bound: value >= bound),
    "maximum": _of(NUMBERS, lambda value, bound: value <= bound),
    "exclusiveMinimum": _of(NUMBERS, lambda value, bound: value > bound),
    "minLength": _of((str,), lambda value, length: len(value) >= length),
    "pattern": _of((str,), lambda value, pattern: re.search(pattern, value) is not None),
    "minItems": _of((list,), lambda value, count: len(value) >= count),
    "maxItems": _of((list,), lambda value, count: len(value) <= count),
    "uniqueItems": _unique,
    "items": _of((list,), lambda value, inner: all(conforms(item, inner) for item in value)),
    "minProperties": _of((dict,), lambda value, count: len(value) >= count),
    "required": _of((dict,), lambda value, keys: all(key in value for key in keys)),
    "properties": _properties,
    "additionalProperties": _others,
}
