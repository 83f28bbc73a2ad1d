"""The CSV of a figure, read back from the artists that the functions of `_plots` marked as data."""

import csv
from collections.abc import Iterator
from string import ascii_lowercase

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.figure import Figure

from teacherstudent.files.writing import whole_text

# Columns of the CSV: `error` is a standard error, `low` and `high` bound a band, `value` is that of a cell.
CSV_COLUMNS = ("panel", "x_label", "y_label", "series", "kind", "x", "y", "error", "low", "high", "value")


def write_numbers(path, fig: Figure) -> None:
    """Write the plotted data of a figure as CSV."""
    with whole_text(path) as file:
        writer = csv.DictWriter(file, CSV_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(numbers(fig))


def numbers(fig: Figure) -> list[dict]:
    """Return the plotted data of a figure, one row per point or cell, read back from its artists."""
    rows, names = [], iter(ascii_lowercase)
    for ax in fig.axes:
        artists = [artist for artist in ax.get_children() if hasattr(artist, "numbers")]
        if artists:
            panel = {"panel": next(names), "x_label": ax.get_xlabel(), "y_label": ax.get_ylabel()}
            rows += [panel | row for artist in artists for row in _rows(artist)]
    return rows


def _rows(artist: Artist) -> Iterator[dict]:
    named = {key: artist.numbers[key] for key in ("series", "kind")}
    data = _arrays(artist)
    columns = [np.ma.filled(np.ma.asarray(array, dtype=float), np.nan).ravel() for array in data.values()]
    for row in zip(*(column.tolist() for column in columns), strict=True):
        yield named | {name: repr(number) for name, number in zip(data, row, strict=True)}


def _arrays(artist: Artist) -> dict:
    """Return the columns of the CSV that an artist shows."""
    given = artist.numbers
    if isinstance(artist, QuadMesh):
        x, y = np.meshgrid(given["x"], given["y"])
        return {"x": x, "y": y, "value": artist.get_array()}
    if isinstance(artist, PolyCollection):  # an outline: along the lower edge and back along the upper one
        corners = artist.get_paths()[0].vertices
        size = (len(corners) - 3) // 2
        low, high = corners[1 : size + 1], corners[size + 2 : 2 * size + 2][::-1]
        return {"x": low[:, 0], "low": low[:, 1], "high": high[:, 1]}
    x, y = artist.get_data()
    if given.get("bars") is not None:
        ends = np.array([path.vertices[:, 1] for path in given["bars"].get_paths()])
        return {"x": x, "y": y, "error": (ends[:, 1] - ends[:, 0]) / 2.0}
    if given.get("error") is not None:
        return {"x": x, "y": y, "error": np.broadcast_to(given["error"], np.shape(y))}
    return {"x": x, "y": y}
