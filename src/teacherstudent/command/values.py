"""Recorded quantities at one time as rows of a table, of one run or as mean and spread over runs."""

import numpy as np

from teacherstudent.engines.observables import OBSERVABLES, Observable


def shown(arrays: dict[str, np.ndarray]) -> list[Observable]:
    """Return the quantities in a table: those with numbers for each teacher first, then matrices."""
    own = [entry for name, entry in OBSERVABLES.items() if name in arrays and _is_shown(entry)]
    return sorted(own, key=lambda entry: len(entry.dimensions) > 2)


def _is_shown(entry: Observable) -> bool:
    """Return whether a quantity is in the table: real numbers over time, without an axis of inputs."""
    if entry.dimensions[0] != "time" or entry.name == "time" or "input" in entry.dimensions:
        return False
    return entry.dtype != "int64"


def at_switches(arrays: dict[str, np.ndarray]) -> list[Observable]:
    """Return the quantities that are recorded at switches, but for their times."""
    entries = [entry for name, entry in OBSERVABLES.items() if name in arrays]
    return [entry for entry in entries if entry.dimensions[0] == "switch" and len(entry.dimensions) > 1]


def rows_of(
    label: str, dimensions: tuple[str, ...], values: np.ndarray, spread: np.ndarray | None = None
) -> dict[str, str]:
    """Return rows for an array at one time: one row for each teacher, with other dimensions as a matrix.

    Parameters
    ----------
    label : str
        The name of the quantity.
    dimensions : tuple of str
        The dimensions of the array.
    values : ndarray
        The array.
    spread : ndarray, optional
        The standard deviation of each number, which is printed after it in brackets.

    Returns
    -------
    dict of str to str
        Text by label.
    """
    if dimensions[:1] == ("teacher",):
        rows: dict[str, str] = {}
        for p, value in enumerate(values):
            own = None if spread is None else spread[p]
            rows |= rows_of(f"{label}, teacher {p}", dimensions[1:], value, own)
        return rows
    if values.ndim == 0:
        return {label: f"{values:.4e}" + ("" if spread is None else f" ({spread:.1e})")}
    return {label: matrix(values, spread)}


def matrix(values: np.ndarray, spread: np.ndarray | None = None) -> str:
    """Return a matrix as lines of text; leading dimensions are joined with the rows."""
    values = np.atleast_2d(values)
    texts = [f"{value:10.4g}" for value in values.ravel()]
    if spread is not None:
        texts = [f"{text} {f'({own:.2g})':10}" for text, own in zip(texts, spread.ravel(), strict=True)]
    width = values.shape[-1]
    return "\n".join(" ".join(texts[first : first + width]) for first in range(0, len(texts), width))
