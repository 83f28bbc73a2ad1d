"""What differs between runs side by side in a NamedTuple of the equations, and what is work space.

Everything else, all integers and arrays of integers, is equal in runs side by side (`form_of`).
"""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.vectors import WIDTH


class Form(NamedTuple):
    """The fields of a class."""

    numbers: tuple[str, ...]  # numbers and arrays of numbers that can differ between runs
    work: tuple[str, ...]  # arrays of numbers that are work space
    zeros: tuple[str, ...]  # those of the numbers for which compiled code tests whether they are 0
    views: Callable[[Any], dict[str, np.ndarray]] | None  # fields that are views of work space


FORMS: dict[type, Form] = {}


def form(
    numbers: tuple[str, ...] = (),
    work: tuple[str, ...] = (),
    zeros: tuple[str, ...] = (),
    views: Callable[[Any], dict] | None = None,
) -> Callable:
    """Return a decorator that declares the fields of a NamedTuple class.

    Parameters
    ----------
    numbers : tuple of str
        Names of the fields that can differ between runs.
    work : tuple of str
        Names of the fields that are work space.
    zeros : tuple of str
        Names of those numbers that are 0 in all runs side by side or in none.
    views : callable, optional
        Returns the fields of the NamedTuple for eight runs that are views of its work space.

    Returns
    -------
    callable
    """

    def declare(kind: type) -> type:
        FORMS[kind] = Form(numbers, work, zeros, views)
        return kind

    return declare


def form_of(p) -> Hashable:
    """Return all integers and sizes of a NamedTuple, which are equal in runs side by side."""
    own = FORMS.get(type(p))
    found: list[Hashable] = [type(p)]
    for name, part in zip(p._fields, p, strict=True):
        if isinstance(part, tuple):
            found.append(form_of(part))
        elif isinstance(part, np.ndarray) and part.dtype != np.float64:
            found += [part.shape, part.tobytes()]
        elif isinstance(part, np.ndarray):
            found.append(part.shape)
        elif own is None or name not in own.numbers:
            found.append(part)
        elif name in own.zeros:
            found.append(part == 0.0)
    return tuple(found)


def mapped(p, take: Callable):
    """Return a NamedTuple with take(x) in place of every number or array x that can differ between runs.

    Parameters
    ----------
    p : NamedTuple
        Constants of the equations.
    take : callable
        Called with numbers and arrays, always in the same order.

    Returns
    -------
    NamedTuple
        All integers, which are equal for runs side by side, and the work space are those of p.
    """
    if type(p) not in FORMS:
        return p
    numbers, changed = FORMS[type(p)].numbers, {}
    for name, part in zip(p._fields, p, strict=True):
        if name in numbers:
            changed[name] = take(part)
        elif isinstance(part, tuple):
            changed[name] = mapped(part, take)
    return p._replace(**changed)


def numbers_of_runs(p, runs: tuple[int, ...] = ()) -> np.ndarray:
    """Return all numbers that can differ between runs as one array.

    Parameters
    ----------
    p : NamedTuple
        Constants of the equations.
    runs : tuple of int
        Leading axes of these numbers.

    Returns
    -------
    (*runs, C) array
    """
    found = []
    mapped(p, lambda x: found.append(np.asarray(x, dtype=float).reshape(*runs, -1)))
    return np.concatenate(found, axis=-1)


def with_wide_work(p):
    """Return a NamedTuple with new work space for eight runs."""
    if type(p) not in FORMS:
        return p
    own, changed = FORMS[type(p)], {}
    for name, part in zip(p._fields, p, strict=True):
        if name in own.work:
            changed[name] = wide_zeros(part)
        elif isinstance(part, tuple):
            changed[name] = with_wide_work(part)
    wide = p._replace(**changed)
    return wide if own.views is None else wide._replace(**own.views(wide))


def wide_law(law):
    """Return a law of units and labels, whose arrays of numbers are work space, for eight runs."""
    parts = []
    for part in law:
        if isinstance(part, tuple):
            parts.append(wide_law(part))
        else:
            is_work = isinstance(part, np.ndarray) and part.dtype == np.float64
            parts.append(wide_zeros(part) if is_work else part)
    return type(law)(*parts)


def wide_zeros(x: np.ndarray) -> np.ndarray:
    """Return zeros for eight runs in the shape of an array of one run."""
    return aligned_zeros((*x.shape, WIDTH))
