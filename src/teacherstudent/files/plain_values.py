"""Conversion of documents from Python to plain numbers, texts, lists and blocks, without types of numpy."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from teacherstudent.errors import SpecError
from teacherstudent.errors.documents import key_text, written
from teacherstudent.errors.messages import nested_too_deeply

# Nested blocks and lists; order parameters need six. YAML allows more, even infinite nesting.
MAX_DEPTH = 20
# Numbers beyond have squares and products that are not finite.
LARGEST = 1e50
LISTS = list, tuple, range  # types that become lists


def plain(value: Any, path: str = "", depth: int = MAX_DEPTH) -> Any:
    """Return a document as JSON has it: dict, list, str, int, float, bool and None, nothing else.

    Tuples, ranges and numpy arrays become lists, numpy numbers and arrays without axes the numbers that they
    are, a float32 the double of equal value, and paths texts.

    Parameters
    ----------
    value
        The document; it is not changed.
    path
        The dotted key of the value in a larger document, for messages.
    depth
        Maximum number of nested blocks and lists.

    Returns
    -------
    dict, list, str, int, float, bool or None
        The document with plain values.

    Raises
    ------
    SpecError
        For a value of another kind, a number that is not finite or larger than LARGEST, a key that is not a
        text, and blocks that are nested too deeply. The message names the key.
    """
    if depth == 0:
        raise SpecError(f"{path}: {nested_too_deeply(MAX_DEPTH)}")
    if _is_of_numpy(value):
        value = _listed(value)
    if type(value) is dict or isinstance(value, Mapping):
        return {
            _text(key, path): item if _is_simple(item) else plain(item, _inside(path, key), depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, LISTS):
        if all(type(item) is float and abs(item) <= LARGEST for item in value):
            return list(value)
        return [plain(item, f"{path}[{index}]", depth - 1) for index, item in enumerate(value)]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return _finite(value, path)
    if isinstance(value, os.PathLike) and isinstance(os.fspath(value), str):
        return os.fspath(value)
    kinds = "numbers, texts, true and false, null, lists and blocks of keys"
    raise SpecError(
        f"{path}: {written(value)} ({type(value).__name__}) is not allowed; it must be made of {kinds}"
    )


def _is_simple(value: Any) -> bool:
    """Return whether a value is plain and has no parts; most values are, and are found so quickly."""
    kind = type(value)
    return kind is str or kind is bool or ((kind is float or kind is int) and abs(value) <= LARGEST)


def _is_of_numpy(value: Any) -> bool:
    """Return whether a value is an array or a number of numpy, which is not imported for this question."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic))


def _listed(value: Any) -> Any:
    """Turn arrays and numbers of numpy, if real or texts, into lists and numbers of Python."""
    if value.dtype.kind == "f":
        numpy = sys.modules["numpy"]
        with numpy.errstate(over="ignore"):  # too large numbers become infinite, which is an error
            return value.astype(numpy.float64).tolist()
    return value.tolist() if value.dtype.kind in "biuUO" else value


def _text(key: Any, path: str) -> str:
    if type(key) is str:
        return key
    if not isinstance(key, str):
        where = _inside(path, key)
        raise SpecError(
            f"{where}: the key {written(key)} is not a text; write a word that starts with a letter"
        )
    return str(key)


def _inside(path: str, key: Any) -> str:
    name = key if type(key) is str and key.isidentifier() else key_text(key)
    return f"{path}.{name}".lstrip(".")


def _finite(value: int | float, path: str) -> int | float:
    if not abs(value) <= LARGEST:
        raise SpecError(
            f"{path}: {written(value)} is not allowed; it must be a finite number, {LARGEST:g} at most"
        )
    return value


def texts(value: Any) -> Iterator[str]:
    """Yield all texts in a plain document, without its keys."""
    if type(value) is str:
        yield value
    elif type(value) in (dict, list):
        for item in value.values() if type(value) is dict else value:
            yield from texts(item)
