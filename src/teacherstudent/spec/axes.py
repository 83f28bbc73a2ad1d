"""Axes of a grid: their values, the names of the points, and the documents of the points.

An axis is named by a dotted key: `teachers.features.similarity`; `curriculum.switch_times.0` is an element of
a list. Its values are a list, `{linspace: [first, last, count]}`, or `{concatenate: [...]}` of such.
"""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from typing import Any

from teacherstudent.errors import SpecError
from teacherstudent.errors.documents import written, wrong_values

# Values are rounded to this many digits, so that 3 * 0.1 is 0.3.
DIGITS = 12
FILE_SAFE = re.compile(r"[A-Za-z0-9._+-]+")
# The name of the one point of a grid without axes.
WHOLE = "all"


def points(axes: Mapping[str, list]) -> Iterator[tuple[str, dict]]:
    """Yield the name and the values by key of every point of some axes, the last axis fastest.

    >>> [name for name, values in points({"training.learning_rate": [0.1, 0.2], "student.hidden": [2]})]
    ['learning_rate~0.1__hidden~2', 'learning_rate~0.2__hidden~2']
    """
    names = short_names(axes)
    for values in itertools.product(*axes.values()):
        parts = [f"{name}~{_text(value)}" for name, value in zip(names.values(), values, strict=True)]
        yield "__".join(parts) or WHOLE, dict(zip(axes, values, strict=True))


def short_names(keys: Mapping[str, Any]) -> dict[str, str]:
    """Return for each dotted key its shortest unique end that starts with a word."""
    return {key: next((end for end in _ends(key) if _names_one(end, keys)), key) for key in keys}


def names_of_axes(keys: Iterable[str], reserved: Iterable[str]) -> dict[str, str]:
    """Return for each dotted key a name for a dimension of arrays: its shortest end that is unique.

    Dots become underscores, so that the names can be attributes and keywords in Python. Names that are
    reserved for other dimensions and variables are not used.

    >>> names_of_axes(["student.hidden", "teachers.hidden", "duration"], reserved=["time"])
    {'student.hidden': 'student_hidden', 'teachers.hidden': 'teachers_hidden', 'duration': 'duration'}
    """
    taken, names = set(reserved), {}
    for key, short in short_names(dict.fromkeys(keys)).items():
        ends = [end.replace(".", "_") for end in _ends(key) if len(end) >= len(short)]
        names[key] = next((end for end in ends if end not in taken), key)
        taken.add(names[key])
    return names


def _ends(key: str) -> Iterator[str]:
    parts = key.split(".")
    yield from (
        ".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1) if not parts[start].isdigit()
    )


def _names_one(end: str, keys: Mapping[str, Any]) -> bool:
    return sum(f".{key}".endswith(f".{end}") for key in keys) == 1


def with_values(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict:
    """Return a document with the values at dotted keys replaced; missing blocks are made.

    The document is not changed. Blocks without such a key are the same objects in both.
    """
    changed = dict(document)
    for key, value in values.items():
        *blocks, last = key.split(".")
        place: Any = changed
        for block in blocks:
            at = block if isinstance(place, dict) else _position(place, block, key)
            inner = place.get(at, {}) if isinstance(place, dict) else place[at]
            place[at] = copy(inner)
            place = place[at]
        place[last if isinstance(place, dict) else _position(place, last, key)] = value
    return changed


def _position(place: Any, part: str, key: str) -> int:
    if not isinstance(place, list) or not part.isdigit() or int(part) >= len(place):
        raise SpecError(f"{key}: {written(place)} has no element {part}")
    return int(part)


def read_axes(place: str, given: Mapping[str, Any]) -> dict[str, list]:
    """Write out the values of axes as given; SpecError names the place and the key."""
    for key in given:
        if not isinstance(key, str) or not key.split(".")[0].isidentifier():
            raise SpecError(f"{place}.{key}: an axis is named by a dotted key of the spec")
    return {key: read_values(f"{place}.{key}", values) for key, values in given.items()}


def read_values(place: str, given: Any) -> list:
    """Write out the values of one axis; SpecError names the place."""
    return _cleaned(place, _listed(place, given))


def _listed(place: str, given: Any) -> list:
    match given:
        case list():
            return given
        case {"linspace": [int() | float() as first, int() | float() as last, int() | float() as count]} if (
            len(given) == 1 <= count and count % 1 == 0 and bool not in map(type, given["linspace"])
        ):
            return _evenly_spaced(first, last, int(count))
        case {"concatenate": list(parts)} if len(given) == 1:
            return [value for part in parts for value in _listed(place, part)]
    raise SpecError(wrong_values(place, given))


def _evenly_spaced(first: float, last: float, count: int) -> list[float]:
    """Return numbers at equal distances, with the bits of numpy.linspace, which is slow to import."""
    values, step = [float(last)] * count, (last - first) / max(count - 1, 1)
    for index in range(count - 1):
        values[index] = index * step + first
    return values if count > 1 else [float(first)]


def _cleaned(place: str, values: list) -> list:
    """Return each value once: numbers of one type, ascending, with 12 digits; other values as given."""
    if not values:
        raise SpecError(f"{place}: an axis needs at least one value")
    numeric = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
    if all(numeric):
        whole = all(isinstance(value, int) for value in values)
        return sorted({value if whole else _rounded(place, value) for value in values})
    for value in values:
        if any(numeric) or not isinstance(value, str | bool) or not FILE_SAFE.fullmatch(_text(value)):
            raise SpecError(f"{place}: {written(value)} is not allowed; values are all numbers, or all words")
    return list(dict.fromkeys(values))


def _rounded(place: str, value: float) -> float:
    if not math.isfinite(value):
        raise SpecError(f"{place}: {value} is not a finite number")
    return float(f"{value:.{DIGITS}g}") + 0.0  # no -0.0


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
