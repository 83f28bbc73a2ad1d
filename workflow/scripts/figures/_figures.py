"""What all figure scripts share: how to draw theory and simulation, and how a figure is made from curves.

A figure script has

- a docstring: which published figure it is believed to be, and what the reader should see;
- `CAPTION`: the text under the figure, which says what is drawn and which part of it is theory;
- `figure(curves)`: draws and returns a matplotlib Figure; no file, no config;
- `claims(curves)`: returns the list of `teacherstudent.experiments.claims.Claim` of this figure;
- the tail

      if __name__ == "__main__":
          _figures.make(snakemake, figure, claims, CAPTION)

Both functions get `curves[experiment][engine]`, a `store.curves.Curves`. What shows data is drawn by
`plot_theory`, `plot_simulation`, `plot_band` and `plot_heatmap`: the CSV is read back from what these drew,
and is exactly what is plotted. Lines that guide the eye (`mark_switch`, `axhline`) are no data and not in
it.
"""

import csv
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from string import ascii_lowercase

# isort: split
from teacherstudent.plotting.settings import as_bytes, drawing  # imports matplotlib safely

# isort: split
import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.figure import Figure

from _logs import logged
from teacherstudent.experiments.claims import Claim, write_claims
from teacherstudent.files.writing import whole_text, write_whole
from teacherstudent.store.curves import Curves, read_curves

# Widths in inches: one column and the full page of a two-column paper.
COLUMN = 3.25
PAGE = 6.75

# One colour per task, teal and amber for the first two: safe for colour-blind readers, used for nothing else.
TASK_COLORS = ("#1B9E8A", "#E6A117", "#7B5EA7", "#C8553D", "#4C78A8")

# Columns of the CSV; `error` is a standard error, `low` and `high` bound a band, `value` is that of a cell.
CSV_COLUMNS = ("panel", "x_label", "y_label", "series", "kind", "x", "y", "error", "low", "high", "value")

Experiments = Mapping[str, Mapping[str, Curves]]


def task_color(teacher: int) -> str:
    """Return the colour of a task, counted from 0."""
    return TASK_COLORS[teacher % len(TASK_COLORS)]


def colors_along(values: Iterable[float], cmap: str = "viridis") -> list:
    """Return one colour per value, from dark for the smallest to light for the largest."""
    values = np.asarray(list(values), dtype=float)
    span = np.ptp(values) or 1.0
    return list(matplotlib.colormaps[cmap]((values - values.min()) / span * 0.92))


def panels(
    rows: int = 1, columns: int = 1, width: float = COLUMN, ratio: float = 0.75
) -> tuple[Figure, np.ndarray]:
    """Return a figure and its axes, (rows, columns); panels are `ratio` times as high as wide."""
    fig = Figure(figsize=(width, width / columns * ratio * rows))
    return fig, fig.subplots(rows, columns, squeeze=False)


def plot_theory(ax: Axes, x, y, series: str, **style):
    """Draw theory: a line. `series` names it in the CSV (and in the legend, if `label` is not given)."""
    return _plot(ax, x, y, None, series, "theory", {"linestyle": "-", **style})


def plot_simulation(ax: Axes, x, y, series: str, error=None, **style):
    """Draw simulations: open points, with standard errors where given. `series` as in `plot_theory`."""
    marks = {
        "linestyle": "none",
        "marker": "o",
        "markerfacecolor": "none",
        "markeredgewidth": 0.8,
        "zorder": 3,
    }
    return _plot(ax, x, y, error, series, "simulation", {**marks, **style})


def _plot(ax, x, y, error, series, kind, style):
    style = {"label": series, **style}
    if error is None:
        (line,) = ax.plot(x, y, **style)
    else:
        line = ax.errorbar(x, y, yerr=error, elinewidth=0.7, capsize=0, **style)[0]
    line.numbers = {"series": series, "kind": kind, "error": error}
    return line


def plot_band(ax: Axes, x, low, high, series: str, kind: str, **style):
    """Draw the spread of runs between two curves, of a kind: theory or simulation. `series` as elsewhere."""
    band = ax.fill_between(x, low, high, **{"alpha": 0.25, "linewidth": 0.0, **style})
    arrays = {name: np.asarray(values) for name, values in (("x", x), ("low", low), ("high", high))}
    band.numbers = {"series": series, "kind": kind, **arrays}
    return band


def plot_heatmap(ax: Axes, x, y, values, label: str, kind: str, cmap: str = "viridis", **style):
    """Draw `values` (len(y), len(x)) as cells centred on their coordinates, with a colour bar named `label`.

    `kind` is theory or simulation.
    """
    mesh = ax.pcolormesh(x, y, values, cmap=cmap, shading="nearest", rasterized=True, **style)
    mesh.numbers = {"series": label, "kind": kind, "x": np.asarray(x), "y": np.asarray(y)}
    ax.figure.colorbar(mesh, ax=ax, label=label)
    return mesh


def mark_switch(ax: Axes, *times: float) -> None:
    """Mark switches between tasks by thin dashed lines."""
    for time in times:
        ax.axvline(time, color="0.6", linewidth=0.8, linestyle="--", zorder=0)


def letter(axes: Iterable[Axes]) -> None:
    """Write (a), (b), ... at the upper left of panels."""
    for ax, name in zip(np.ravel(axes), ascii_lowercase, strict=False):
        ax.set_title(f"({name})", loc="left", fontweight="bold")


def log_axes(ax: Axes, which: str = "y") -> None:
    """Make axes logarithmic: `x`, `y` or `xy`."""
    ax.set(**{f"{name}scale": "log" for name in which})


def numbers(fig: Figure) -> list[dict]:
    """Return what a figure shows, one row per point or cell, read back from its artists."""
    rows = []
    for ax, name in zip(_with_data(fig), ascii_lowercase, strict=False):
        panel = {"panel": name, "x_label": ax.get_xlabel(), "y_label": ax.get_ylabel()}
        for artist in filter(_is_data, ax.get_children()):
            rows += [panel | row for row in _rows(artist)]
    return rows


def _with_data(fig: Figure) -> list[Axes]:
    return [ax for ax in fig.axes if any(map(_is_data, ax.get_children()))]


def _is_data(artist: Artist) -> bool:
    return hasattr(artist, "numbers")


def _rows(artist: Artist) -> Iterator[dict]:
    named, data = _names_and_arrays(artist)
    columns = [np.ma.filled(np.ma.asarray(array, dtype=float), np.nan).ravel() for array in data.values()]
    for row in zip(*(column.tolist() for column in columns), strict=True):
        yield named | {name: repr(number) for name, number in zip(data, row, strict=True)}


def _names_and_arrays(artist: Artist) -> tuple[dict, dict]:
    """Split what an artist shows into names and arrays."""
    given = dict(artist.numbers)
    named = {key: given.pop(key) for key in ("series", "kind")}
    if isinstance(artist, QuadMesh):
        x, y = np.meshgrid(given["x"], given["y"])
        return named, {"x": x, "y": y, "value": artist.get_array()}
    if isinstance(artist, PolyCollection):
        return named, given
    x, y = artist.get_data()
    if given["error"] is None:
        return named, {"x": x, "y": y}
    return named, {"x": x, "y": y, "error": np.broadcast_to(given["error"], np.shape(y))}


def excluded_note(curves: Experiments) -> str:
    """Say how many runs diverged and are left out; empty if none."""
    entries = [entry for engines in curves.values() for entry in engines.values()]
    excluded, total = sum(entry.excluded for entry in entries), sum(entry.diverged.size for entry in entries)
    return f"{excluded} of {total} runs diverged and are left out." if excluded else ""


def make(
    snakemake,
    figure: Callable[[Experiments], Figure],
    claims: Callable[[Experiments], list[Claim]],
    caption: str,
) -> None:
    """Read the curves that a rule asks for, and write its figure, numbers, caption and claims."""
    with logged(snakemake.log[0]):
        curves = {Path(path).stem: read_curves(path) for path in snakemake.input.curves}
        with drawing(snakemake.input.style):
            save(figure(curves), snakemake.output)
        text = " ".join(filter(None, [" ".join(caption.split()), excluded_note(curves)]))
        with whole_text(snakemake.output.caption) as file:
            file.write(textwrap.fill(text, 100) + "\n")
        write_claims(snakemake.output.claims, claims(curves))


def save(fig: Figure, output) -> None:
    """Save a figure as PDF and PNG, and its numbers as CSV: same data, same bytes."""
    for kind, path in (("pdf", output.pdf), ("png", output.png)):
        write_whole(path, as_bytes(fig, kind))
    with whole_text(output.csv) as file:
        writer = csv.DictWriter(file, CSV_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(numbers(fig))
