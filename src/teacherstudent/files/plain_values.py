"""Documents from Python by value: plain numbers, texts, lists and blocks in place of numpy's and others."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import nested_too_deeply, on_one_line, shown

# Blocks and lists in each other; order parameters take six. YAML can say more, even without end.
MAX_DEPTH = 20
# Numbers beyond have squares and products that are not finite.
LARGEST = 1e50


def plain(value: Any, path: str = "", depth: int = MAX_DEPTH) -> Any:
    """Return a document as JSON has it: dict, list, str, int, float, bool and None, nothing else.

    Tuples, ranges and numpy arrays become lists, numpy numbers and arrays without axes the numbers that they
    are, a float32 the double of equal value, and paths texts.

    Parameters
    ----------
    value
        The document, which stays as it is.
    path
        The dotted key of the value in a larger document, for messages.
    depth
        How many blocks and lists may be in each other.

    Raises
    ------
    SpecError
        With the key: for a value of another kind, a number that is not finite or larger than LARGEST, a key
        that is not a text, and blocks nested too deeply.
    """
    if depth == 0:
        raise SpecError(f"{path}: {nested_too_deeply(MAX_DEPTH)}")
    if isinstance(value, np.ndarray | np.generic):
        value = _listed(value)
    if isinstance(value, Mapping):
        return {_text(key, path): plain(item, _inside(path, key), depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
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
        f"{path}: {shown(value)} ({type(value).__name__}) is not allowed; it must be made of {kinds}"
    )


def _listed(value: Any) -> Any:
    """Turn an array or a number of numpy, if real numbers or texts, into lists and numbers of Python."""
    if value.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what is too large is refused as infinite
            return value.astype(np.float64).tolist()
    return value.tolist() if value.dtype.kind in "biuUO" else value


def _text(key: Any, path: str) -> str:
    if not isinstance(key, str):
        where = _inside(path, key)
        raise SpecError(
            f"{where}: the key {shown(key)} is not a text; write a word that starts with a letter"
        )
    return str(key)


def _inside(path: str, key: Any) -> str:
    return f"{path}.{on_one_line(key)}".lstrip(".")


def _finite(value: int | float, path: str) -> int | float:
    if not abs(value) <= LARGEST:
        raise SpecError(
            f"{path}: {shown(value)} is not allowed; it must be a finite number, {LARGEST:g} at most"
        )
    return value
